//! A book made by a program.

use sha2::{Digest, Sha256};

use super::{BookSource, EachRow};
use crate::error::AppResult;
use crate::services::import::cell::Cell;

/// Rows per sheet. Headers are the English keys of the description.
#[derive(Debug, Clone, Default)]
pub struct MemoryBook {
    name: String,
    sheets: Vec<MemorySheet>,
}

#[derive(Debug, Clone)]
struct MemorySheet {
    name: String,
    header: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
}

impl MemoryBook {
    /// An empty book.
    #[must_use]
    pub fn new(name: &str) -> MemoryBook {
        MemoryBook { name: name.to_owned(), sheets: Vec::new() }
    }

    /// Begins a sheet; the rows that follow belong to it.
    pub fn sheet(&mut self, name: &str, header: &[&str]) -> &mut MemoryBook {
        self.sheets.push(MemorySheet {
            name: name.to_owned(),
            header: header.iter().map(|h| Cell::text(*h)).collect(),
            rows: Vec::new(),
        });
        self
    }

    /// Adds a row of texts to the last sheet.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) -> &mut MemoryBook {
        self.cells(cells.into_iter().map(|text| Cell::text(text.as_ref())).collect())
    }

    /// Adds a row of cells to the last sheet.
    pub fn cells(&mut self, cells: Vec<Cell>) -> &mut MemoryBook {
        if let Some(sheet) = self.sheets.last_mut() {
            sheet.rows.push(cells);
        }
        self
    }
}

impl BookSource for MemoryBook {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        for sheet in &self.sheets {
            add(&sheet.name);
            for row in std::iter::once(&sheet.header).chain(&sheet.rows) {
                add(&row.len().to_string());
                for cell in row {
                    add(&cell.shown());
                }
            }
        }
        hash.finalize().into()
    }

    fn sheets(&self) -> Vec<String> {
        self.sheets.iter().map(|sheet| sheet.name.clone()).collect()
    }

    fn read(&mut self, sheet: usize, each: EachRow<'_>) -> AppResult<()> {
        if let Some(sheet) = self.sheets.get(sheet) {
            for (at, row) in std::iter::once(&sheet.header).chain(&sheet.rows).enumerate() {
                each(u32::try_from(at + 1).unwrap_or(u32::MAX), row.clone())?;
            }
        }
        Ok(())
    }
}
