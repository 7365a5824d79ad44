//! Where a book comes from: a workbook, a folder of CSV files, or a program.
//! A source hands over one row at a time and can be read more than once.

pub(crate) mod csv;
mod guard;
mod mapped;
mod memory;
mod xlsx;

use std::path::Path;

use super::cell::Cell;
use crate::error::{AppError, AppResult, Refusal};

pub use csv::CsvBook;
pub use mapped::{MappedBook, SheetMapping, SheetPreview, mapping_faults, preview};
pub use memory::MemoryBook;
pub use xlsx::XlsxBook;

/// Takes one row: its number as the spreadsheet shows it (from 1), its cells.
pub type EachRow<'a> = &'a mut dyn FnMut(u32, Vec<Cell>) -> AppResult<()>;

/// A book that can be read sheet by sheet, row by row.
pub trait BookSource: Send {
    /// Name for the record of the import; no folder.
    fn name(&self) -> String;

    /// SHA-256 over the whole book.
    fn digest(&self) -> [u8; 32];

    /// Names of its sheets. Two may hold the same register.
    fn sheets(&self) -> Vec<String>;

    /// Hands over the rows of the sheet at this place of the list, in order,
    /// blank ones left out.
    ///
    /// # Errors
    /// The file cannot be read, breaks a limit, or `each` says stop.
    fn read(&mut self, sheet: usize, each: EachRow<'_>) -> AppResult<()>;
}

/// Opens `path`: a folder of CSV files, one CSV file, or a workbook.
///
/// # Errors
/// No such file, not a book, or a limit is broken; the text says what to do.
pub fn open_book(path: &Path) -> AppResult<Box<dyn BookSource>> {
    let meta = std::fs::metadata(path).map_err(AppError::io(path))?;
    if meta.is_dir() {
        return Ok(Box::new(CsvBook::open_dir(path)?));
    }
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    match extension.as_deref() {
        Some("csv" | "txt") => Ok(Box::new(CsvBook::open_file(path)?)),
        Some("xlsx") => Ok(Box::new(XlsxBook::open(path)?)),
        _ => Err(not_a_book(&file_name(path))),
    }
}

/// Opens a book that came by another way than the disk: a workbook or one CSV
/// file, by the ending of its name.
///
/// # Errors
/// As [`open_book`].
pub fn open_bytes(name: &str, bytes: Vec<u8>) -> AppResult<Box<dyn BookSource>> {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("csv" | "txt") => Ok(Box::new(CsvBook::from_bytes(name.to_owned(), bytes)?)),
        Some("xlsx") => Ok(Box::new(XlsxBook::from_bytes(name.to_owned(), bytes)?)),
        _ => Err(not_a_book(name)),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// `ux.md` M-17.
fn not_a_book(name: &str) -> AppError {
    refuse_file(
        name,
        "只接受 .xlsx 工作簿或 CSV。旧版 .xls、带宏或加密的文件请先在表格软件中另存为普通 .xlsx。",
        "Only .xlsx workbooks or CSV are accepted. Save an old .xls, a file with macros or an \
         encrypted file as plain .xlsx first.",
    )
}

fn refuse_file(name: &str, zh: &str, en: &str) -> AppError {
    AppError::refuse(Refusal::field(name, zh, en))
}
