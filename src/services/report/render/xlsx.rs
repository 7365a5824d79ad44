//! A workbook without formulas, macros or links: every text is a string cell
//! in text format (18-digit numbers stay what they are), `security.md` SEC-086.

use std::io::{self, Write};

use rust_xlsxwriter::{
    DocProperties, Format, FormatAlign, FormatBorder, Workbook as Book, Worksheet, XlsxError,
};

use super::super::document::{Cell, Head, Section, TableRow};
use super::Render;
use crate::domain::money::Fen;

const A4: u8 = 9;

/// Writes a document as a workbook of one sheet. Rows of a table with a simple
/// header go to disk at once; only the two-row header of the official table
/// needs the sheet in memory.
pub struct Workbook<'a> {
    out: &'a mut dyn Write,
    book: Book,
    formats: Formats,
    head: Head,
    section: Section,
    next_row: u32,
    started: bool,
    above: Option<String>,
    /// What the columns of a long table hold: their format is the column's,
    /// which spares looking one up for each cell.
    columns: Vec<Kind>,
}

/// What a cell is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Count,
    Money,
    Percent,
}

impl Kind {
    /// Of a cell; an empty one fits every column.
    fn of(cell: &Cell) -> Option<Kind> {
        match cell {
            Cell::Empty => None,
            Cell::Text(_) => Some(Kind::Text),
            Cell::Count(_) => Some(Kind::Count),
            Cell::Money(_) => Some(Kind::Money),
            Cell::Percent(_) => Some(Kind::Percent),
        }
    }
}

struct Formats {
    title: Format,
    line: Format,
    header: Format,
    body: Cells,
    total: Cells,
    column: Cells,
}

struct Cells {
    text: Format,
    count: Format,
    money: Format,
    percent: Format,
}

impl Formats {
    fn new() -> Formats {
        let line = Format::new().set_num_format("@").set_quote_prefix();
        let boxed = Format::new().set_border(FormatBorder::Thin);
        let header = boxed
            .clone()
            .set_num_format("@")
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter);
        Formats {
            title: line.clone().set_bold().set_font_size(16.0).set_align(FormatAlign::Center),
            line,
            header,
            body: Cells::new(&boxed),
            total: Cells::new(&boxed.set_bold()),
            column: Cells::new(&Format::new()),
        }
    }
}

impl Cells {
    fn new(base: &Format) -> Cells {
        Cells {
            text: base.clone().set_num_format("@").set_quote_prefix(),
            count: base.clone().set_num_format("#,##0"),
            money: base.clone().set_num_format("#,##0.00"),
            percent: base.clone().set_num_format("@").set_align(FormatAlign::Right),
        }
    }

    fn of(&self, kind: Kind) -> &Format {
        match kind {
            Kind::Text => &self.text,
            Kind::Count => &self.count,
            Kind::Money => &self.money,
            Kind::Percent => &self.percent,
        }
    }
}

impl<'a> Workbook<'a> {
    /// A workbook to `out`.
    pub fn new(out: &'a mut dyn Write) -> Workbook<'a> {
        Workbook {
            out,
            book: Book::new(),
            formats: Formats::new(),
            head: Head::default(),
            section: Section::default(),
            next_row: 0,
            started: false,
            above: None,
            columns: Vec::new(),
        }
    }

    /// The sheet with title and page set-up, as wide as the first table.
    fn start(&mut self) -> Result<(), XlsxError> {
        let last_column = last_column(&self.section);
        let sheet = if self.section.two_rows() {
            self.book.add_worksheet()
        } else {
            self.book.add_worksheet_with_constant_memory()?
        };
        sheet.set_name("表")?;
        sheet.set_landscape().set_paper_size(A4).set_print_fit_to_pages(1, 0);
        // In a footer `&` begins a code.
        let export = self.head.export.replace('&', "&&");
        sheet.set_footer(format!("&L{export}&C第&P页 共&N页"));
        // The cells of a long table have no border of their own.
        sheet.set_print_gridlines(!self.section.two_rows());
        for (at, (_, column)) in self.section.columns().enumerate() {
            let wide = column.brief && !column.title.is_empty();
            sheet.set_column_width(column_number(at), if wide { 12 } else { 16 })?;
        }
        let line = |sheet: &mut Worksheet, row: u32, text: &str, format: &Format| {
            if last_column == 0 {
                sheet.write_string_with_format(row, 0, text, format).map(|_| ())
            } else {
                sheet.merge_range(row, 0, row, last_column, text, format).map(|_| ())
            }
        };
        line(sheet, 0, &self.head.title, &self.formats.title)?;
        let above = [self.head.left.as_str(), &self.head.middle, &self.head.right].join("    ");
        line(sheet, 1, &above, &self.formats.line)?;
        self.next_row = 2;
        for mark in &self.head.marks {
            line(sheet, self.next_row, &format!("【{mark}】"), &self.formats.line)?;
            self.next_row += 1;
        }
        self.started = true;
        Ok(())
    }

    fn sheet(&mut self) -> Result<&mut Worksheet, XlsxError> {
        self.book.worksheet_from_index(0)
    }

    fn text_line(&mut self, text: &str) -> Result<(), XlsxError> {
        let (row, format) = (self.next_row, self.formats.line.clone());
        self.sheet()?.write_string_with_format(row, 0, text, &format)?;
        self.next_row += 1;
        Ok(())
    }

    fn header(&mut self) -> Result<(), XlsxError> {
        let (row, format) = (self.next_row, self.formats.header.clone());
        let two_rows = self.section.two_rows();
        let section = self.section.clone();
        let sheet = self.sheet()?;
        let mut first = 0_u16;
        for group in &section.groups {
            let count = column_number(group.columns.len());
            let last = first + count.saturating_sub(1);
            let plain = group.columns.iter().all(|column| column.title.is_empty());
            if two_rows && plain {
                sheet.merge_range(row, first, row + 1, last, group.title, &format)?;
            } else if count > 1 {
                sheet.merge_range(row, first, row, last, group.title, &format)?;
            } else {
                sheet.write_string_with_format(row, first, group.title, &format)?;
            }
            if two_rows && !plain {
                for (at, column) in group.columns.iter().enumerate() {
                    let column_at = first + column_number(at);
                    sheet.write_string_with_format(row + 1, column_at, column.title, &format)?;
                }
            }
            first = last + 1;
        }
        self.next_row += if two_rows { 2 } else { 1 };
        Ok(())
    }

    /// Gives the columns of a long table the formats of its first row.
    fn format_columns(&mut self, row: &TableRow) -> Result<(), XlsxError> {
        self.columns = row.cells.iter().map(|cell| Kind::of(cell).unwrap_or(Kind::Text)).collect();
        let sheet = self.book.worksheet_from_index(0)?;
        for (at, kind) in self.columns.iter().enumerate() {
            sheet.set_column_format(column_number(at), self.formats.column.of(*kind))?;
        }
        Ok(())
    }

    fn cells(&mut self, row: &TableRow) -> Result<(), XlsxError> {
        if self.columns.is_empty() && !self.section.two_rows() && !row.total {
            self.format_columns(row)?;
        }
        let number = self.next_row;
        self.next_row += 1;
        let mut repeated = false;
        if self.section.merge_first {
            let first = row.cells.first().map(Cell::show);
            repeated = first == self.above;
            self.above = first;
        }
        let formats = if row.total { &self.formats.total } else { &self.formats.body };
        let sheet = self.book.worksheet_from_index(0)?;
        for (at, cell) in row.cells.iter().enumerate() {
            let column = column_number(at);
            let kind = Kind::of(cell).filter(|_| at > 0 || !repeated);
            let by_column = !row.total
                && self
                    .columns
                    .get(at)
                    .is_some_and(|column| kind.is_none_or(|kind| kind == *column));
            match (kind, by_column) {
                (None, true) => {}
                (None, false) => {
                    sheet.write_blank(number, column, &formats.text)?;
                }
                (Some(_), true) => {
                    match value(cell) {
                        Value::Text(text) => sheet.write_string(number, column, text)?,
                        Value::Number(value) => sheet.write_number(number, column, value)?,
                    };
                }
                (Some(kind), false) => {
                    let format = formats.of(kind);
                    match value(cell) {
                        Value::Text(text) => {
                            sheet.write_string_with_format(number, column, text, format)?
                        }
                        Value::Number(value) => {
                            sheet.write_number_with_format(number, column, value, format)?
                        }
                    };
                }
            }
        }
        Ok(())
    }
}

/// A cell as a spreadsheet holds it.
enum Value<'a> {
    Text(std::borrow::Cow<'a, str>),
    Number(f64),
}

fn value(cell: &Cell) -> Value<'_> {
    match cell {
        Cell::Text(text) => Value::Text(text.as_str().into()),
        Cell::Count(count) => Value::Number(*count as f64),
        Cell::Money(amount) => Value::Number(yuan(*amount)),
        Cell::Empty | Cell::Percent(_) => Value::Text(cell.show().into()),
    }
}

impl Render for Workbook<'_> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        self.head = head.clone();
        Ok(())
    }

    fn section(&mut self, section: &Section) -> io::Result<()> {
        self.section = section.clone();
        self.above = None;
        if !self.started {
            self.start().map_err(io::Error::other)?;
        }
        if !section.heading.is_empty() {
            self.text_line(&section.heading).map_err(io::Error::other)?;
        }
        self.header().map_err(io::Error::other)
    }

    fn row(&mut self, row: TableRow) -> io::Result<()> {
        self.cells(&row).map_err(io::Error::other)
    }

    fn end_section(&mut self, notes: &[String]) -> io::Result<()> {
        for note in notes {
            self.text_line(note).map_err(io::Error::other)?;
        }
        Ok(())
    }

    fn finish(&mut self, head: &Head) -> io::Result<()> {
        self.text_line(&head.footer.join("        ")).map_err(io::Error::other)?;
        if !head.export.is_empty() {
            self.text_line(&head.export).map_err(io::Error::other)?;
            let properties = DocProperties::new().set_comment(&head.export);
            self.book.set_properties(&properties);
        }
        let bytes = self.book.save_to_buffer().map_err(io::Error::other)?;
        self.out.write_all(&bytes)?;
        self.out.flush()
    }
}

/// A spreadsheet's number is a double. Up to 2⁵³ fen (90 trillion yuan) the fen
/// are exact in one, and a single division gives the double nearest to the yuan.
#[expect(clippy::float_arithmetic, reason = "leaves the registry; nothing is computed from it")]
fn yuan(amount: Fen) -> f64 {
    amount.0 as f64 / 100.0
}

fn column_number(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

fn last_column(section: &Section) -> u16 {
    column_number(section.columns().count().saturating_sub(1))
}
