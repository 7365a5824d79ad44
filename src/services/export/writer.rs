//! Writes the book row by row, as a workbook in constant memory or as CSV.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook};

use crate::error::{AppError, AppResult};
use crate::services::import::book::{Kind, SHEETS, Sheet};
use crate::services::import::source::csv::guard;
use crate::services::import::template::{cell_format, header_format, unwritable};

/// One row: a text per column of the description, `None` for an empty cell.
pub(super) type Cells = Vec<Option<String>>;

/// The open book.
pub(super) struct Writer {
    path: PathBuf,
    form: Form,
    counts: Vec<(&'static str, u64)>,
}

enum Form {
    Xlsx(Box<Workbook>),
    Csv,
}

impl Writer {
    pub(super) fn create(path: &Path, xlsx: bool) -> AppResult<Writer> {
        let form = if xlsx {
            let mut workbook = Box::new(Workbook::new());
            // The same registry gives the same file: no time of writing in it.
            let fixed = rust_xlsxwriter::ExcelDateTime::from_ymd(2020, 1, 1)
                .map_err(|e| unwritable(path, &e))?;
            let properties = rust_xlsxwriter::DocProperties::new().set_creation_datetime(&fixed);
            workbook.set_properties(&properties);
            Form::Xlsx(workbook)
        } else {
            std::fs::create_dir(path).map_err(AppError::io(path))?;
            Form::Csv
        };
        Ok(Writer { path: path.to_path_buf(), form, counts: Vec::new() })
    }

    /// Writes one sheet; `rows` is called with a function that takes each row.
    pub(super) fn sheet(
        &mut self,
        sheet: &'static Sheet,
        rows: impl FnOnce(&mut dyn FnMut(Cells) -> AppResult<()>) -> AppResult<()>,
    ) -> AppResult<()> {
        let mut count = 0_u64;
        match &mut self.form {
            Form::Csv => {
                let file = self.path.join(format!("{}.csv", sheet.zh));
                let mut csv = CsvSheet::create(&file, sheet)?;
                rows(&mut |cells| {
                    count += 1;
                    csv.row(&cells)
                })?;
                csv.finish()?;
            }
            Form::Xlsx(workbook) => {
                let path = self.path.clone();
                let wrap = |e| unwritable(&path, &e);
                let page = workbook.add_worksheet_with_constant_memory().map_err(wrap)?;
                page.set_name(sheet.zh).map_err(wrap)?;
                page.set_freeze_panes(1, 0).map_err(wrap)?;
                let formats: Vec<Format> = sheet
                    .columns
                    .iter()
                    .map(|column| cell_format(column).set_quote_prefix())
                    .collect();
                for (at, column) in (0_u16..).zip(sheet.columns) {
                    let width = if column.kind.is_digits() { 22 } else { 14 };
                    page.set_column_width(at, width).map_err(wrap)?;
                    let format = header_format(column.required);
                    page.write_string_with_format(0, at, column.zh, &format).map_err(wrap)?;
                }
                rows(&mut |cells| {
                    count += 1;
                    let line = u32::try_from(count).unwrap_or(u32::MAX);
                    let columns = sheet.columns.iter().zip(&formats);
                    for (at, (cell, (column, format))) in (0_u16..).zip(cells.iter().zip(columns)) {
                        let Some(text) = cell else { continue };
                        let number = match column.kind {
                            Kind::Money | Kind::Count(_) => text.parse::<f64>().ok(),
                            _ => None,
                        };
                        match number {
                            Some(number) => page.write_number_with_format(
                                line,
                                at,
                                number,
                                &cell_format(column),
                            ),
                            None => page.write_string_with_format(line, at, text, format),
                        }
                        .map_err(wrap)?;
                    }
                    Ok(())
                })?;
            }
        }
        self.counts.push((sheet.key, count));
        Ok(())
    }

    /// Closes the book; gives the rows per sheet.
    pub(super) fn finish(self) -> AppResult<Vec<(&'static str, u64)>> {
        debug_assert_eq!(self.counts.len(), SHEETS.len());
        if let Form::Xlsx(mut workbook) = self.form {
            workbook.save(&self.path).map_err(|e| unwritable(&self.path, &e))?;
        }
        Ok(self.counts)
    }
}

/// RFC 4180 with BOM and CRLF (SEC-085).
struct CsvSheet {
    path: PathBuf,
    sheet: &'static Sheet,
    csv: ::csv::Writer<BufWriter<File>>,
}

impl CsvSheet {
    fn create(path: &Path, sheet: &'static Sheet) -> AppResult<CsvSheet> {
        let mut file = BufWriter::new(File::create(path).map_err(AppError::io(path))?);
        file.write_all("\u{feff}".as_bytes()).map_err(AppError::io(path))?;
        let csv = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(file);
        let mut made = CsvSheet { path: path.to_path_buf(), sheet, csv };
        let header: Vec<&str> = sheet.columns.iter().map(|column| column.zh).collect();
        made.write(&header)?;
        Ok(made)
    }

    fn write<T: AsRef<[u8]>>(&mut self, record: &[T]) -> AppResult<()> {
        let path = &self.path;
        self.csv
            .write_record(record)
            .map_err(|error| AppError::io(path)(std::io::Error::other(error.to_string())))
    }

    fn row(&mut self, cells: &Cells) -> AppResult<()> {
        let record: Vec<String> = cells
            .iter()
            .zip(self.sheet.columns)
            .map(|(cell, column)| {
                let text = cell.as_deref().unwrap_or_default();
                match column.kind {
                    // A typed number is no text that a spreadsheet could run.
                    Kind::Money | Kind::Count(_) => text.to_owned(),
                    _ => guard(text).into_owned(),
                }
            })
            .collect();
        self.write(&record)
    }

    fn finish(mut self) -> AppResult<()> {
        self.csv.flush().map_err(AppError::io(&self.path))
    }
}
