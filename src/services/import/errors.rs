//! The book as it came, with a column that says what is wrong and the cells in
//! question coloured.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use rust_xlsxwriter::{Color, Format, Workbook, Worksheet, XlsxError};

use super::book::{ERRORS_EN, ERRORS_ZH, IGNORED_SHEETS, Sheet};
use super::cell::Cell;
use super::report::ImportReport;
use super::source::BookSource;
use super::template::{header_format, unwritable};
use crate::error::{AppError, AppResult, Place, Refusal};

/// Books with more rows come back with their refused rows only.
const WHOLE_UP_TO: u64 = 200_000;

/// What is wrong with one row: column and text.
type Faults<'a> = HashMap<(&'a str, u32), Vec<(&'a str, String)>>;

/// Writes the book with the column 错误/Errors.
///
/// # Errors
/// The book cannot be read again, the file cannot be written.
pub fn write_errors(
    source: &mut dyn BookSource,
    report: &ImportReport,
    path: &Path,
) -> AppResult<()> {
    let mut workbook = marked(source, report, path)?;
    workbook.save(path).map_err(|error| unwritable(path, &error))?;
    restrict(path)
}

/// As [`write_errors`], in memory: nothing of a browser's upload is left on
/// the disk.
///
/// # Errors
/// The book cannot be read again.
pub fn errors_bytes(source: &mut dyn BookSource, report: &ImportReport) -> AppResult<Vec<u8>> {
    let path = Path::new("errors.xlsx");
    let mut workbook = marked(source, report, path)?;
    workbook.save_to_buffer().map_err(|error| unwritable(path, &error))
}

fn marked(source: &mut dyn BookSource, report: &ImportReport, path: &Path) -> AppResult<Workbook> {
    let mut faults: Faults<'_> = HashMap::new();
    note(&mut faults, &report.refusals, "");
    note(&mut faults, &report.remarks, "提示 note: ");
    let whole = report.sheets.iter().map(|s| s.rows).sum::<u64>() <= WHOLE_UP_TO;
    let mut workbook = Workbook::new();
    let mut used = HashSet::new();
    for (at, name) in source.sheets().into_iter().enumerate() {
        let Some(sheet) = Sheet::find(&name) else { continue };
        if IGNORED_SHEETS.contains(&name.as_str()) {
            continue;
        }
        let mut title = sheet.zh.to_owned();
        while !used.insert(title.clone()) {
            title.push('2');
        }
        let page = workbook.add_worksheet_with_constant_memory();
        let mut copy = Copy { sheet, faults: &faults, whole, header: None, next: 1 };
        let written = page.map_err(|e| unwritable(path, &e)).and_then(|page| {
            page.set_name(&title).map_err(|e| unwritable(path, &e))?;
            source.read(at, &mut |line, cells| {
                copy.row(page, line, &cells).map_err(|e| unwritable(path, &e))
            })
        });
        written?;
    }
    Ok(workbook)
}

/// A copy of personal data is for its owner only.
pub(crate) fn restrict(path: &Path) -> AppResult<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, owner).map_err(AppError::io(path))?;
    }
    Ok(())
}

fn note<'a>(faults: &mut Faults<'a>, refusals: &'a [Refusal], prefix: &str) {
    for refusal in refusals {
        if let Some(Place::Cell { sheet, row, column }) = &refusal.place {
            let text = format!("{prefix}{column}:{} / {}", refusal.zh, refusal.en);
            faults.entry((sheet, *row)).or_default().push((column, text));
        }
    }
}

/// A sheet while it is copied.
struct Copy<'a> {
    sheet: &'static Sheet,
    faults: &'a Faults<'a>,
    whole: bool,
    /// Chinese header per column of the file, and its width without an old
    /// error column.
    header: Option<Vec<&'static str>>,
    next: u32,
}

impl Copy<'_> {
    fn row(&mut self, page: &mut Worksheet, line: u32, cells: &[Cell]) -> Result<(), XlsxError> {
        let Some(header) = &self.header else { return self.header(page, cells) };
        let faults = self.faults.get(&(self.sheet.zh, line));
        if faults.is_none() && !self.whole {
            return Ok(());
        }
        let plain = Format::new().set_num_format("@");
        let wrong = Format::new().set_num_format("@").set_background_color(Color::RGB(0x00FF_C7CE));
        for (at, column) in header.iter().enumerate() {
            let text = cells.get(at).map(Cell::shown).unwrap_or_default();
            let bad = faults.is_some_and(|f| f.iter().any(|(name, _)| name == column));
            if text.is_empty() && !bad {
                continue;
            }
            let format = if bad { &wrong } else { &plain };
            let short: String = text.chars().take(32_000).collect();
            page.write_string_with_format(self.next, col(at), short, format)?;
        }
        if let Some(faults) = faults {
            let text = faults.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
            let text: String = text.chars().take(32_000).collect();
            page.write_string(self.next, col(header.len()), text)?;
        }
        self.next += 1;
        Ok(())
    }

    fn header(&mut self, page: &mut Worksheet, cells: &[Cell]) -> Result<(), XlsxError> {
        let mut header = Vec::new();
        for cell in cells {
            let text = cell.shown();
            let Some(column) =
                self.sheet.column_at(&text).and_then(|at| self.sheet.columns.get(at))
            else {
                // The error column of an earlier copy is not carried along;
                // it stands last.
                break;
            };
            let at = col(header.len());
            page.set_column_width(at, if column.kind.is_digits() { 22 } else { 14 })?;
            page.write_string_with_format(0, at, column.zh, &header_format(column.required))?;
            header.push(column.zh);
        }
        let at = col(header.len());
        page.set_column_width(at, 80)?;
        let title = format!("{ERRORS_ZH}/{ERRORS_EN}");
        page.write_string_with_format(0, at, title, &header_format(true))?;
        self.header = Some(header);
        Ok(())
    }
}

fn col(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
