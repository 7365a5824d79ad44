//! One table, five forms. Rows are passed one at a time, so that a roster of
//! a hundred thousand lines needs no more memory than one of ten.

mod csv;
mod html;
mod json;
#[cfg(test)]
mod tests;
mod text;
mod xlsx;

use std::io;

use super::document::{Head, Section, TableRow};

pub use csv::{CsvTable, formula_safe};
pub use html::HtmlPage;
pub use json::JsonRows;
pub use text::{TextTable, display_width};
pub use xlsx::Workbook;

/// The forms that a report can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned text for a terminal.
    Text,
    /// For programs; amounts are in fen.
    Json,
    /// UTF-8 with BOM, CRLF, safe to open in a spreadsheet.
    Csv,
    /// A workbook without formulas.
    Xlsx,
    /// One self-contained page for A4 landscape.
    Html,
}

impl Format {
    /// Every format with its name on the command line.
    pub const ALL: [(&'static str, Format); 5] = [
        ("text", Format::Text),
        ("json", Format::Json),
        ("csv", Format::Csv),
        ("xlsx", Format::Xlsx),
        ("html", Format::Html),
    ];
}

/// What each form does with a document, in this order: `begin`, then per table
/// `section`, `row`…, `end_section`, at last `finish`.
pub trait Render {
    /// Title and what stands above the tables.
    ///
    /// # Errors
    /// The output cannot be written; likewise for every other step.
    fn begin(&mut self, head: &Head) -> io::Result<()>;
    /// Header of a table.
    fn section(&mut self, section: &Section) -> io::Result<()>;
    /// One row.
    fn row(&mut self, row: TableRow) -> io::Result<()>;
    /// End of a table, with notes below it.
    fn end_section(&mut self, notes: &[String]) -> io::Result<()>;
    /// End of the document: signature line.
    fn finish(&mut self, head: &Head) -> io::Result<()>;
}

/// The renderer of a format.
#[must_use]
pub fn renderer<'a>(format: Format, out: &'a mut dyn io::Write) -> Box<dyn Render + 'a> {
    match format {
        Format::Text => Box::new(TextTable::new(out)),
        Format::Json => Box::new(JsonRows::new(out)),
        Format::Csv => Box::new(CsvTable::new(out)),
        Format::Xlsx => Box::new(Workbook::new(out)),
        Format::Html => Box::new(HtmlPage::new(out)),
    }
}
