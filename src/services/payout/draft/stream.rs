//! All units of a street, read and computed by other threads, a chunk at a time.
//!
//! Readers take the next chunk from one shared place. Each has a snapshot of its
//! own, which is safe: dues of a unit depend on nothing outside it, a unit is
//! read by one reader, and a fact written meanwhile left a mark that the plan
//! had not seen, so the next run looks at it again.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::overtaken;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::payout::compute::{DraftLine, Worker};
use crate::services::payout::inputs;
use crate::services::payout::plan::Plan;
use crate::services::record;
use crate::store::{Db, Store, unit_load};

/// Units per chunk: what one transaction writes takes some 50 ms, and a small
/// run, too, is written while the rest of it is computed.
const UNITS: i64 = 500;
/// More readers than this would wait for the one that takes their lines.
const MOST_READERS: usize = 4;

/// What the lines are computed for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pass {
    /// To be compared: any order, without inputs.
    Comparing,
    /// To be written, in the order of the units, with inputs. Writing takes
    /// longer than reading, so one reader keeps up.
    Writing {
        /// For tests: stop after so many chunks, as a killed process would.
        stop_after: Option<usize>,
    },
}

impl Pass {
    fn readers(self) -> usize {
        match self {
            Pass::Writing { .. } => 1,
            Pass::Comparing => {
                thread::available_parallelism().map_or(1, usize::from).min(MOST_READERS)
            }
        }
    }
}

/// The lines of a chunk.
#[derive(Debug)]
pub(super) struct Computed {
    pub lines: Vec<DraftLine>,
    /// If they are to be written: the id of each and its inputs, sealed.
    pub sealed: Vec<(i64, Vec<u8>)>,
}

/// Computes every unit; `take` gets a chunk.
///
/// # Errors
/// The database failed, or what `take` returns.
pub(super) fn compute(
    store: &Store,
    plan: &Plan,
    pass: Pass,
    mut take: impl FnMut(Computed) -> AppResult<()>,
) -> AppResult<()> {
    let (send, receive) = sync_channel::<Computed>(2);
    let units = Units { plan, place: Mutex::new(Place { after: i64::MIN, chunks: 0 }) };
    thread::scope(|scope| {
        let readers: Vec<_> = (0..pass.readers())
            .map(|_| {
                let (units, send) = (&units, send.clone());
                scope.spawn(move || read(store, units, pass, &send))
            })
            .collect();
        drop(send);
        let taken = drain(receive, &mut take);
        let read = readers.into_iter().map(|reader| reader.join().unwrap_or_else(|_| stopped()));
        taken.and(read.collect())
    })
}

fn stopped() -> AppResult<()> {
    Err(AppError::coded(
        ErrorCode::System,
        "计算线程意外中止。",
        "The computing thread stopped unexpectedly.",
    ))
}

fn drain(
    receive: Receiver<Computed>,
    take: &mut impl FnMut(Computed) -> AppResult<()>,
) -> AppResult<()> {
    // Dropping the receiver on an error stops the readers at their next chunk.
    receive.into_iter().try_for_each(take)
}

/// The units that no reader has taken yet.
struct Units<'a> {
    plan: &'a Plan,
    place: Mutex<Place>,
}

struct Place {
    after: i64,
    chunks: usize,
}

impl Units<'_> {
    /// The next chunk; empty at the end.
    fn take(&self, conn: &mut Db, pass: Pass) -> AppResult<Vec<i64>> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Pass::Writing { stop_after: Some(limit) } = pass
            && place.chunks >= limit
        {
            return Err(overtaken());
        }
        let units = unit_load::list_units(conn, &self.plan.street, place.after, UNITS)?;
        place.after = units.last().copied().unwrap_or(place.after);
        place.chunks += 1;
        Ok(units)
    }
}

fn read(
    store: &Store,
    units: &Units<'_>,
    pass: Pass,
    send: &SyncSender<Computed>,
) -> AppResult<()> {
    let plan = units.plan;
    store.read(|conn| {
        let with_inputs = matches!(pass, Pass::Writing { .. });
        let mut worker = Worker::new(plan, store.cipher(), with_inputs);
        loop {
            let units = units.take(conn, pass)?;
            if units.is_empty() {
                return Ok(());
            }
            let chunk = unit_load::load(conn, &plan.street, units)?;
            let mut lines = Vec::with_capacity(chunk.awards.len());
            worker.chunk(conn, &chunk, &mut lines)?;
            let sealed = if with_inputs { seal(store, &lines)? } else { Vec::new() };
            if send.send(Computed { lines, sealed }).is_err() {
                return Ok(());
            }
        }
    })
}

/// Gives each line an id, which its inputs are bound to.
fn seal(store: &Store, lines: &[DraftLine]) -> AppResult<Vec<(i64, Vec<u8>)>> {
    let seal = |line: &DraftLine| {
        let id = store.next_id();
        let sealed = store.cipher().seal(inputs::FIELD, id, &line.inputs);
        Ok((id, sealed.map_err(record::sealed)?))
    };
    lines.iter().map(seal).collect()
}
