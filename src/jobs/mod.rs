//! Long work that runs beside the pages. One file per job; a job is a small
//! struct with its input, idempotent by rule, because it is run again after a
//! crash.
//!
//! To add one: a file with a type that implements [`Job`], and its line in
//! [`run_kind`].

pub mod cost;
pub mod draft;
pub mod import;
mod live;
mod runner;
pub mod statistics;
pub mod verify;

use std::cell::Cell;

use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::Actor;
use crate::services::job::{self, End};
use crate::store::Store;
use crate::store::job::{JobRow, ProgressSet};

pub use live::Live;
pub use runner::Runner;

/// A kind of long work.
pub trait Job: serde::Serialize + serde::de::DeserializeOwned {
    /// Its name in the table.
    const KIND: &'static str;

    /// Does the work, telling how far it is; returns where the result is.
    ///
    /// # Errors
    /// What the use case refuses; nothing is kept then.
    fn run(&self, context: &JobContext<'_>) -> AppResult<Option<String>>;
}

/// What a job works with.
pub struct JobContext<'a> {
    /// The registry.
    pub store: &'a Store,
    /// In whose name.
    pub actor: &'a Actor,
    id: i64,
    worker: &'a str,
    live: &'a Live,
    last_beat: Cell<Option<std::time::Instant>>,
    lost: Cell<bool>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress<'a> {
    /// Key of the phase's name in the catalogue: `job.phase.…`.
    pub phase: &'a str,
    /// Steps in all.
    pub total: Option<i64>,
    /// Steps done.
    pub done: i64,
    /// Of them in order.
    pub succeeded: i64,
    /// With a warning.
    pub warned: i64,
    /// Refused.
    pub failed: i64,
}

impl Progress<'_> {
    fn set(&self) -> ProgressSet {
        ProgressSet {
            phase: self.phase.to_owned(),
            total: self.total,
            done: self.done,
            succeeded: self.succeeded,
            warned: self.warned,
            failed: self.failed,
        }
    }
}

/// Renewed at most this often: each renewal is a write.
const BEAT: std::time::Duration = std::time::Duration::from_secs(2);

impl JobContext<'_> {
    /// Tells how far the job is and renews its lease. Call it in every loop;
    /// it writes at most every two seconds.
    ///
    /// # Errors
    /// `Conflict` if the job was cancelled or its lease was lost: stop, keep
    /// nothing.
    pub fn progress(&self, progress: Progress<'_>) -> AppResult<()> {
        let due = self.last_beat.get().is_none_or(|at| at.elapsed() >= BEAT);
        if !due && !self.lost.get() {
            return Ok(());
        }
        let set = progress.set();
        self.last_beat.set(Some(std::time::Instant::now()));
        if job::beat(self.store, self.id, self.worker, Some(&set))? {
            return Ok(());
        }
        self.lost.set(true);
        Err(AppError::coded(ErrorCode::Conflict, "任务已取消。", "The job was cancelled."))
    }

    /// Tells how far the job is without writing it down: inside a transaction,
    /// which holds the writer. The pages of this process see it.
    pub fn tell(&self, progress: Progress<'_>) {
        self.live.set(self.id, progress.set());
    }
}

/// Runs a job that was taken, and writes down how it ended.
///
/// # Errors
/// The end could not be written; another worker takes the job over later.
pub fn run_taken(store: &Store, taken: &JobRow, worker: &str) -> AppResult<()> {
    run_taken_live(store, taken, worker, &Live::default())
}

/// As [`run_taken`], with a place for what a job tells while it cannot write.
fn run_taken_live(store: &Store, taken: &JobRow, worker: &str, live: &Live) -> AppResult<()> {
    let actor = match job::actor_of(store, taken) {
        Ok(actor) => actor,
        Err(error) => return job::finish(store, taken.id, worker, &End::Failed(error)),
    };
    if job::is_hopeless(taken) {
        let error = AppError::coded(
            ErrorCode::System,
            "任务多次中断,已放弃。没有保存任何内容。",
            "The job was interrupted again and again and is given up. Nothing was kept.",
        );
        return job::finish(store, taken.id, worker, &End::Failed(error));
    }
    let context = JobContext {
        store,
        actor: &actor,
        id: taken.id,
        worker,
        live,
        last_beat: Cell::new(None),
        lost: Cell::new(false),
    };
    let end = match run_kind(taken, &context) {
        Ok(url) => End::Done(url),
        Err(_) if context.lost.get() => End::Cancelled,
        Err(error) => End::Failed(error),
    };
    if let End::Failed(error) = &end {
        tracing::warn!(
            job = taken.id,
            kind = taken.kind,
            code = error.code().as_str(),
            "job failed"
        );
    }
    job::finish(store, taken.id, worker, &end)
}

/// Every kind of job stands here once.
fn run_kind(taken: &JobRow, context: &JobContext<'_>) -> AppResult<Option<String>> {
    match taken.kind.as_str() {
        statistics::RefreshStatistics::KIND => {
            run_as::<statistics::RefreshStatistics>(taken, context)
        }
        import::ImportBook::KIND => run_as::<import::ImportBook>(taken, context),
        verify::VerifyRegistry::KIND => run_as::<verify::VerifyRegistry>(taken, context),
        cost::PolicyCost::KIND => run_as::<cost::PolicyCost>(taken, context),
        draft::DraftRuns::KIND => run_as::<draft::DraftRuns>(taken, context),
        _ => Err(AppError::coded(
            ErrorCode::NewerDatabase,
            "本程序不认识这种任务。",
            "This program does not know this kind of job.",
        )),
    }
}

fn run_as<J: Job>(taken: &JobRow, context: &JobContext<'_>) -> AppResult<Option<String>> {
    let job: J = serde_json::from_str(&taken.payload).map_err(|error| {
        AppError::coded(
            ErrorCode::Integrity,
            "任务的输入无法读取。",
            format!("The input of the job cannot be read: {error}."),
        )
    })?;
    job.run(context)
}

/// A job as it is asked for.
#[must_use]
pub fn new_job<J: Job>(job: &J, dedupe_key: Option<String>) -> job::NewJob {
    job::NewJob {
        kind: J::KIND,
        payload: serde_json::to_value(job).unwrap_or_default(),
        dedupe_key,
    }
}
