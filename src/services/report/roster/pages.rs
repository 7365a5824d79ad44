//! A roster between the threads that read it and the one that writes it.
//!
//! To read who is behind a row (some look-ups, and seals to open) costs as much
//! as to write it, so two threads read, page by page in turn.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::layout::Sums;
use super::{Roster, written};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::report::document::{Cell, TableRow};
use crate::services::report::render::Render;
use crate::store::Store;
use crate::store::report::{ReportLine, is_unchanged};

/// Lines per page; a beneficiary's lines are never cut.
const PAGE: usize = 2_000;
const READERS: usize = 2;

/// One beneficiary's row without its number, and the money in it.
pub(super) struct Row {
    pub cells: Vec<Cell>,
    pub sums: Sums,
}

/// Writes all rows in the order of `lines`; returns how many, and their sums.
///
/// # Errors
/// A page cannot be read or written; the run was drafted anew meanwhile.
pub(super) fn write_pages(
    store: &Store,
    roster: &Roster<'_>,
    lines: &[ReportLine],
    out: &mut dyn Render,
) -> AppResult<(i64, Sums)> {
    let pages: Vec<&[ReportLine]> = pages(lines).collect();
    thread::scope(|scope| {
        let pages = &pages;
        let (readers, rows): (Vec<_>, Vec<_>) = (0..READERS)
            .map(|first| {
                let (send, rows) = sync_channel(1);
                let own = pages.iter().copied().skip(first).step_by(READERS);
                (scope.spawn(move || read(store, roster, own, &send)), rows)
            })
            .unzip();
        let outcome = write(rows, pages.len(), out);
        // A reader's own error says more than that its rows did not come.
        for reader in readers {
            reader.join().unwrap_or_else(|_| Err(stopped()))?;
        }
        outcome
    })
}

/// Sends some pages. A receiver that is gone ends it: its error says why.
fn read<'k>(
    store: &Store,
    roster: &Roster<'_>,
    pages: impl Iterator<Item = &'k [ReportLine]>,
    send: &SyncSender<Vec<Row>>,
) -> AppResult<()> {
    store.read(|conn| {
        // Each reader has a snapshot of its own: all must see the same draft.
        if !is_unchanged(conn, roster.street, &roster.run)? {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "花名册生成期间,该批次被重新编制。请重新导出。",
                "The run was drafted anew while the roster was being made. Export it again.",
            ));
        }
        for lines in pages {
            if send.send(roster.page(conn, store.cipher(), lines)?).is_err() {
                break;
            }
        }
        Ok(())
    })
}

fn write(
    rows: Vec<Receiver<Vec<Row>>>,
    pages: usize,
    out: &mut dyn Render,
) -> AppResult<(i64, Sums)> {
    let (mut count, mut totals) = (0, Sums::default());
    for reader in rows.iter().cycle().take(pages) {
        for Row { mut cells, sums } in reader.recv().map_err(|_| stopped())? {
            count += 1;
            totals.add(sums);
            if let Some(number) = cells.first_mut() {
                *number = Cell::Count(count);
            }
            written(out.row(TableRow { total: false, cells }))?;
        }
    }
    Ok((count, totals))
}

fn stopped() -> AppError {
    AppError::coded(
        ErrorCode::System,
        "读取花名册的线程意外中止。",
        "A thread that reads the roster stopped unexpectedly.",
    )
}

/// Pages of about [`PAGE`] lines that end where a beneficiary ends.
pub(in crate::services::report) fn pages(
    lines: &[ReportLine],
) -> impl Iterator<Item = &[ReportLine]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let last = rest.get(PAGE.min(rest.len()).checked_sub(1)?)?.beneficiary_id;
        let more = rest.iter().skip(PAGE).take_while(|line| line.beneficiary_id == last).count();
        let (page, after) = rest.split_at(PAGE.min(rest.len()) + more);
        rest = after;
        Some(page)
    })
}
