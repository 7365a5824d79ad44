//! CSV: UTF-8 with BOM (so that a spreadsheet reads Chinese), CRLF, quoting of
//! RFC 4180, text that cannot become a formula (`security.md` SEC-085).

use std::io::{self, Write};

use super::super::document::{Cell, Head, Section, TableRow};
use super::Render;

/// Text with a leading `'` if a spreadsheet would read it as a formula.
#[must_use]
pub fn formula_safe(text: &str) -> std::borrow::Cow<'_, str> {
    const STARTS: [char; 12] = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];
    if text.starts_with(STARTS) { format!("'{text}").into() } else { text.into() }
}

/// Writes a document as CSV: one header row, then rows; a further table of the
/// same document follows after an empty line.
pub struct CsvTable<'a> {
    out: csv::Writer<&'a mut dyn Write>,
    mark: String,
    first: bool,
}

impl<'a> CsvTable<'a> {
    /// CSV to `out`.
    pub fn new(out: &'a mut dyn Write) -> CsvTable<'a> {
        let out = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .flexible(true)
            .from_writer(out);
        CsvTable { out, mark: String::new(), first: true }
    }

    fn record<T: AsRef<[u8]>>(&mut self, fields: impl IntoIterator<Item = T>) -> io::Result<()> {
        self.out.write_record(fields).map_err(io::Error::other)
    }
}

impl Render for CsvTable<'_> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        self.mark = head.marks.join(";");
        self.out.flush()?;
        // The BOM goes past the writer: it is no field.
        let title = format!("\u{feff}{}", head.title);
        if head.export.is_empty() {
            return self.record([title]);
        }
        self.record([title.as_str(), &formula_safe(&head.export)])
    }

    fn section(&mut self, section: &Section) -> io::Result<()> {
        if !self.first {
            self.record([""])?;
        }
        self.first = false;
        let mut titles: Vec<String> = section
            .columns()
            .map(|(group, column)| format!("{}{}", group.title, column.title))
            .collect();
        titles.push("说明".to_owned());
        self.record(titles)
    }

    fn row(&mut self, row: TableRow) -> io::Result<()> {
        let mut fields: Vec<String> = row.cells.iter().map(field).collect();
        fields.push(self.mark.clone());
        self.record(fields)
    }

    fn end_section(&mut self, _notes: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _head: &Head) -> io::Result<()> {
        self.out.flush()
    }
}

fn field(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => formula_safe(text).into_owned(),
        Cell::Count(count) => count.to_string(),
        Cell::Money(amount) => amount.to_plain(),
        Cell::Percent(_) => cell.show(),
        Cell::Empty => String::new(),
    }
}
