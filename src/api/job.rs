//! Long work: the caller's jobs and how far they are.

use actix_web::web::Data;

use super::operation::Api;
use super::reply::{Done, Read, Reply};
use super::shape::{Id, Instant, shapes};
use crate::http::{Access, AppState, Path, SignedIn};
use crate::services::job;
use crate::store::job::JobRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    api.get("/api/v1/jobs", Access::SignedIn, list, "The caller's last jobs");
    api.get("/api/v1/jobs/{id}", Access::SignedIn, show, "A job and how far it is");
    api.post("/api/v1/jobs/{id}/cancel", Access::SignedIn, cancel, "Stop a job");
}

shapes! {
    /// Jobs.
    answer JobList {
        /// The latest first.
        items: Vec<JobItem>,
    }

    /// A job.
    answer JobItem {
        /// Id.
        id: Id,
        /// What it does.
        kind: String,
        /// `queued`, `running`, `done`, `failed` or `cancelled`.
        state: String,
        /// What it is doing.
        phase: String,
        /// Steps that are done.
        done: i64,
        /// Steps in all, where known.
        total: Option<i64>,
        /// Who asked for it.
        owner: String,
        /// Code of the error it ended with.
        error_code: Option<String>,
        /// When it was asked for.
        created_at: Instant,
        /// When it ended.
        finished_at: Option<Instant>,
    }
}

impl From<JobRow> for JobItem {
    fn from(row: JobRow) -> JobItem {
        JobItem {
            id: Id(row.id),
            kind: row.kind,
            state: row.state,
            phase: row.phase,
            done: row.done,
            total: row.total,
            owner: row.owner,
            error_code: row.error_code,
            created_at: Instant(row.created_at),
            finished_at: row.finished_at.map(Instant),
        }
    }
}

async fn list(user: SignedIn, state: Data<AppState>) -> Reply<Read<JobList>> {
    let rows = state.run(move |store| job::list(store, &user)).await?;
    Ok(Read(JobList { items: rows.into_iter().map(JobItem::from).collect() }))
}

async fn show(user: SignedIn, state: Data<AppState>, path: Path<Id>) -> Reply<Read<JobItem>> {
    let id = path.0.0;
    let row = state.run(move |store| job::load(store, &user, id)).await?;
    Ok(Read(row.into()))
}

async fn cancel(user: SignedIn, state: Data<AppState>, path: Path<Id>) -> Reply<Done> {
    let id = path.0.0;
    state.run(move |store| job::cancel(store, &user, id)).await?;
    Ok(Done)
}
