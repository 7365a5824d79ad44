//! A workbook, read cell by cell: no dense range is ever built, so a cell in
//! the far corner costs nothing but its refusal (SEC-096).

use std::io::Cursor;
use std::path::Path;

use calamine::{DataRef, DataType, Reader, Xlsx};
use sha2::{Digest, Sha256};

use super::{BookSource, EachRow, file_name, guard, refuse_file};
use crate::error::{AppError, AppResult, Place, Refusal};
use crate::services::import::cell::Cell;

/// Rows of the whole book, the headers included.
const MAX_ROWS: u32 = 200_050;
const MAX_COLUMNS: u32 = 100;
const MAX_CELLS: u64 = 4_000_000;
const MAX_CHARS: usize = 4_096;

/// A workbook in memory (20 MiB at most), unpacked while it is read.
pub struct XlsxBook {
    name: String,
    digest: [u8; 32],
    workbook: Xlsx<Cursor<Vec<u8>>>,
}

impl std::fmt::Debug for XlsxBook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XlsxBook").field("name", &self.name).finish_non_exhaustive()
    }
}

impl XlsxBook {
    /// Opens a file.
    ///
    /// # Errors
    /// Not a plain workbook, or a limit is broken.
    pub fn open(path: &Path) -> AppResult<XlsxBook> {
        let name = file_name(path);
        let size = std::fs::metadata(path).map_err(AppError::io(path))?.len();
        if size > guard::MAX_FILE {
            return Err(refuse_file(
                &name,
                "文件超过 20 MB。请拆分成几本,或改用 CSV。",
                "The file is larger than 20 MB. Split it, or use CSV.",
            ));
        }
        let bytes = std::fs::read(path).map_err(AppError::io(path))?;
        XlsxBook::from_bytes(name, bytes)
    }

    /// A workbook that came by another way.
    ///
    /// # Errors
    /// As [`XlsxBook::open`].
    pub fn from_bytes(name: String, bytes: Vec<u8>) -> AppResult<XlsxBook> {
        guard::check(&name, &bytes)?;
        let digest = Sha256::digest(&bytes).into();
        let workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&name, &error))?;
        Ok(XlsxBook { name, digest, workbook })
    }
}

fn unreadable(name: &str, error: &calamine::XlsxError) -> AppError {
    // The library's text may quote the file; only its kind goes on.
    tracing::debug!(%error, "workbook");
    refuse_file(
        name,
        "工作簿的内部结构有误,打不开。请在表格软件中重新另存为 .xlsx。",
        "The workbook is malformed. Save it again as .xlsx.",
    )
}

fn too_far(sheet: &str, row: u32, column: u32) -> AppError {
    let place =
        Place::Cell { sheet: sheet.to_owned(), row: row + 1, column: (column + 1).to_string() };
    AppError::refuse(
        Refusal::new(
            crate::error::ErrorCode::InvalidInput,
            "超出了一本工作簿的上限(200,000 行、100 列、400 万个单元格)。请删去远处的多余内容、拆分,或改用 CSV。",
            "Beyond the limits of a workbook (200,000 rows, 100 columns, 4 million cells). Delete \
             what stands far out, split the book, or use CSV.",
        )
        .at(place),
    )
}

impl BookSource for XlsxBook {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn digest(&self) -> [u8; 32] {
        self.digest
    }

    fn sheets(&self) -> Vec<String> {
        self.workbook.sheet_names()
    }

    fn read(&mut self, sheet: usize, each: EachRow<'_>) -> AppResult<()> {
        let name = self.name.clone();
        let Some(sheet) = self.workbook.sheet_names().get(sheet).cloned() else { return Ok(()) };
        let sheet = sheet.as_str();
        let mut cells = self
            .workbook
            .worksheet_cells_reader(sheet)
            .map_err(|error| unreadable(&name, &error))?;
        let mut row: Vec<Cell> = Vec::new();
        let (mut at, mut count) = (0_u32, 0_u64);
        loop {
            let next = cells.next_cell().map_err(|error| unreadable(&name, &error))?;
            let Some(next) = next else { break };
            let (line, column) = next.get_position();
            let value = convert(next.get_value());
            if value == Cell::Empty {
                continue;
            }
            count += 1;
            if line >= MAX_ROWS || column >= MAX_COLUMNS || count > MAX_CELLS {
                return Err(too_far(sheet, line, column));
            }
            if matches!(&value, Cell::Text(text) if text.len() > MAX_CHARS) {
                return Err(too_long(sheet, line, column));
            }
            if line != at {
                hand_over(at, &mut row, each)?;
                at = line;
            }
            let column = column as usize;
            if row.len() <= column {
                row.resize(column + 1, Cell::Empty);
            }
            if let Some(slot) = row.get_mut(column) {
                *slot = value;
            }
        }
        hand_over(at, &mut row, each)
    }
}

fn too_long(sheet: &str, row: u32, column: u32) -> AppError {
    let place =
        Place::Cell { sheet: sheet.to_owned(), row: row + 1, column: (column + 1).to_string() };
    AppError::refuse(
        Refusal::new(
            crate::error::ErrorCode::InvalidInput,
            "单元格内容过长(最多约 4,000 字符)。",
            "The cell holds too much text (about 4,000 characters at most).",
        )
        .at(place),
    )
}

fn hand_over(line: u32, row: &mut Vec<Cell>, each: EachRow<'_>) -> AppResult<()> {
    let width = row.len();
    let full = std::mem::replace(row, Vec::with_capacity(width));
    if full.iter().all(Cell::is_blank) {
        return Ok(());
    }
    each(line + 1, full)
}

fn convert(value: &DataRef<'_>) -> Cell {
    match value {
        DataRef::Empty => Cell::Empty,
        DataRef::Int(number) => Cell::text(number.to_string()),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::String(text) => Cell::text(text.as_str()),
        DataRef::SharedString(text) => Cell::text(*text),
        DataRef::Bool(flag) => Cell::Flag(*flag),
        DataRef::DateTime(at) => match value.as_datetime() {
            Some(day) => Cell::Date(day),
            None => Cell::Number(at.as_f64()),
        },
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Cell::text(text.as_str()),
        DataRef::Error(error) => Cell::Broken(format!("{error}")),
    }
}
