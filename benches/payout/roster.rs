//! A program's roster as a workbook, against the same cells written bare.

use std::fs::File;
use std::io;
use std::path::Path;

use rust_xlsxwriter::Workbook;

use mingce::error::{AppError, AppResult, ErrorCode};
use mingce::services::Actor;
use mingce::services::report::document::{Cell, Head, Section, TableRow};
use mingce::services::report::render::{Format, Render, renderer};
use mingce::services::report::{RosterQuery, RosterRight, write_roster};
use mingce::store::Store;

/// Keeps the rows, so that writing them can be timed alone.
#[derive(Default)]
pub struct Rows(Vec<TableRow>);

impl Render for Rows {
    fn begin(&mut self, _: &Head) -> io::Result<()> {
        Ok(())
    }
    fn section(&mut self, _: &Section) -> io::Result<()> {
        Ok(())
    }
    fn row(&mut self, row: TableRow) -> io::Result<()> {
        self.0.push(row);
        Ok(())
    }
    fn end_section(&mut self, _: &[String]) -> io::Result<()> {
        Ok(())
    }
    fn finish(&mut self, _: &Head) -> io::Result<()> {
        Ok(())
    }
}

/// The roster's rows, in memory.
pub fn collect(store: &Store, actor: &Actor, query: &RosterQuery) -> AppResult<Rows> {
    let mut rows = Rows::default();
    write_roster(store, &RosterRight::Masked(&actor.authorize()?), query, &mut rows)?;
    Ok(rows)
}

/// The roster from the registry to the file.
pub fn export(store: &Store, actor: &Actor, query: &RosterQuery, path: &Path) -> AppResult<()> {
    let mut file = File::create(path).map_err(AppError::io(path))?;
    let mut table = renderer(Format::Xlsx, &mut file);
    write_roster(store, &RosterRight::Masked(&actor.authorize()?), query, table.as_mut())
}

/// The same cells by the library's constant-memory mode, and nothing else.
pub fn bare(rows: &Rows, path: &Path) -> AppResult<()> {
    let odd = |e: rust_xlsxwriter::XlsxError| {
        AppError::coded(ErrorCode::System, e.to_string(), e.to_string())
    };
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory().map_err(odd)?;
    for (at, row) in (0..).zip(&rows.0) {
        for (column, cell) in (0..).zip(&row.cells) {
            match cell {
                Cell::Count(n) => sheet.write_number(at, column, *n as f64),
                Cell::Money(fen) => sheet.write_number(at, column, fen.0 as f64 / 100.0),
                Cell::Empty => continue,
                text => sheet.write_string(at, column, text.show()),
            }
            .map_err(odd)?;
        }
    }
    book.save(path).map_err(odd)
}
