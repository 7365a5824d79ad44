//! A roster between the thread that reads it and the one that writes it.

use std::sync::mpsc::Receiver;

use super::layout::columns;
use super::written;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::report::document::{Head, Section, TableRow};
use crate::services::report::render::Render;

/// A roster on its way from the reading thread to the writing one.
pub(super) enum Piece {
    /// What stands above, once, at first.
    Head(Head),
    /// A page of rows.
    Rows(Vec<TableRow>),
    /// The note below, once, at last.
    Note(String),
}

/// Writes what arrives until the sender is done.
pub(super) fn write_pieces(pieces: &Receiver<Piece>, out: &mut dyn Render) -> AppResult<()> {
    let mut head = Head::default();
    for piece in pieces {
        match piece {
            Piece::Head(above) => {
                written(out.begin(&above))?;
                written(out.section(&Section { groups: columns(), ..Section::default() }))?;
                head = above;
            }
            Piece::Rows(rows) => {
                for row in rows {
                    written(out.row(row))?;
                }
            }
            Piece::Note(note) => {
                written(out.end_section(&[note]))?;
                written(out.finish(&head))?;
            }
        }
    }
    Ok(())
}

pub(super) fn reader_died() -> AppError {
    AppError::coded(
        ErrorCode::System,
        "读取花名册的线程意外中止。",
        "The thread that reads the roster stopped unexpectedly.",
    )
}
