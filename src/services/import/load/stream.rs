//! Rows in batches from a second thread: it reads the file and prepares, while
//! the first one checks and writes.

use std::sync::mpsc::{SyncSender, sync_channel};

use chrono::NaiveDate;

use super::Load;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::import::book::Sheet;
use crate::services::import::rows::{Layout, Row};
use crate::services::import::source::BookSource;

/// Rows that go through together.
const BATCH: usize = 500;

impl Load<'_, '_> {
    /// Streams the rows of a sheet in batches: a second thread reads the file
    /// and prepares the rows while this one checks and writes.
    pub(super) fn stream<P: Send>(
        &mut self,
        source: &mut dyn BookSource,
        (sheet, places): (&'static Sheet, &[usize]),
        prepare: impl Fn(Row) -> P + Send + Sync,
        mut consume: impl FnMut(&mut Self, Vec<P>) -> AppResult<()>,
    ) -> AppResult<()> {
        if places.is_empty() {
            return Ok(());
        }
        self.report.open(sheet);
        let today = self.today;
        let (sender, receiver) = sync_channel::<Vec<P>>(4);
        let mut layout_refusals = Vec::new();
        let result = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut refusals = Vec::new();
                for at in places {
                    read_sheet(source, sheet, *at, today, &prepare, &sender, &mut refusals)?;
                }
                Ok::<_, AppError>(refusals)
            });
            let mut outcome = Ok(());
            for batch in &receiver {
                (self.progress)(sheet.zh, batch.len() as u64);
                outcome = consume(self, batch);
                if outcome.is_err() {
                    break;
                }
            }
            drop(receiver);
            let read = reader.join().unwrap_or_else(|_| Err(reader_died()));
            outcome?;
            layout_refusals = read?;
            Ok(())
        });
        if !layout_refusals.is_empty() {
            return Err(AppError::Refused(layout_refusals));
        }
        result
    }
}

/// Reads one sheet and sends its rows on in batches.
fn read_sheet<P: Send>(
    source: &mut dyn BookSource,
    sheet: &'static Sheet,
    at: usize,
    today: NaiveDate,
    prepare: &(impl Fn(Row) -> P + Send + Sync),
    sender: &SyncSender<Vec<P>>,
    refusals: &mut Vec<Refusal>,
) -> AppResult<()> {
    let mut layout: Option<Layout> = None;
    let mut batch = Vec::with_capacity(BATCH);
    let mut broken = false;
    source.read(at, &mut |line, cells| {
        let Some(layout) = &layout else {
            if !broken {
                match Layout::read(sheet, line, &cells) {
                    Ok(read) => layout = Some(read),
                    Err(found) => {
                        refusals.extend(found);
                        broken = true;
                    }
                }
            }
            return Ok(());
        };
        if let Some(row) = layout.row(line, &cells, today) {
            batch.push(prepare(row));
        }
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            // The receiver goes away only when the import has failed.
            sender.send(full).map_err(|_| reader_died())?;
        }
        Ok(())
    })?;
    if !batch.is_empty() {
        sender.send(batch).map_err(|_| reader_died())?;
    }
    Ok(())
}

fn reader_died() -> AppError {
    AppError::coded(
        ErrorCode::System,
        "读取工作簿时程序出错,未保存任何内容。",
        "Reading the book failed inside the program; nothing was saved.",
    )
}
