//! A workbook without formulas, macros or links: every text is a string cell
//! in text format (18-digit numbers stay what they are), `security.md` SEC-086.

use std::io::{self, Write};

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook as Book, Worksheet, XlsxError};

use super::super::document::{Cell, Head, Section, TableRow};
use super::Render;

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
}

struct Formats {
    title: Format,
    line: Format,
    header: Format,
    body: Cells,
    total: Cells,
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
        sheet.set_footer("第&P页 共&N页");
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

    fn cells(&mut self, row: &TableRow) -> Result<(), XlsxError> {
        let number = self.next_row;
        self.next_row += 1;
        let first = row.cells.first().map(Cell::show);
        let repeated = self.section.merge_first && first == self.above;
        self.above = first;
        let formats = if row.total { &self.formats.total } else { &self.formats.body };
        let sheet = self.book.worksheet_from_index(0)?;
        for (at, cell) in row.cells.iter().enumerate() {
            let column = column_number(at);
            match cell {
                _ if at == 0 && repeated => sheet.write_blank(number, column, &formats.text)?,
                Cell::Empty => sheet.write_blank(number, column, &formats.text)?,
                Cell::Text(text) => {
                    sheet.write_string_with_format(number, column, text, &formats.text)?
                }
                Cell::Count(count) => {
                    let value = nearest(&count.to_string());
                    sheet.write_number_with_format(number, column, value, &formats.count)?
                }
                Cell::Money(amount) => {
                    let value = nearest(&amount.to_plain());
                    sheet.write_number_with_format(number, column, value, &formats.money)?
                }
                Cell::Percent(_) => {
                    sheet.write_string_with_format(number, column, cell.show(), &formats.percent)?
                }
            };
        }
        Ok(())
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
        let bytes = self.book.save_to_buffer().map_err(io::Error::other)?;
        self.out.write_all(&bytes)?;
        self.out.flush()
    }
}

/// A spreadsheet's number is a double: the nearest one to the decimal text.
/// No arithmetic is done on it.
fn nearest(decimal: &str) -> f64 {
    decimal.parse().unwrap_or_default()
}

fn column_number(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

fn last_column(section: &Section) -> u16 {
    column_number(section.columns().count().saturating_sub(1))
}
