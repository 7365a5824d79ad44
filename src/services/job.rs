//! Long work: asked for by somebody, done by whoever holds its lease, visible
//! to its owner. A job that is found running without a lease is done again,
//! so every job is idempotent.

use std::str::FromStr;

use chrono::Duration;
use diesel::result::{DatabaseErrorKind, Error as DbError};

use super::access::Session;
use super::auth::{Actor, Scope};
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::audit::Entry;
use crate::store::job::{self as rows, EndSet, JobRow, ProgressSet};
use crate::store::{REGISTRY_CHAIN, Store};

/// How long a worker may be silent.
pub const LEASE: Duration = Duration::seconds(30);
/// Starts after which a job is given up: it kills its worker.
const MAX_ATTEMPTS: i64 = 5;
/// Jobs of one account that are queued or running (SEC-169).
const MAX_OPEN: usize = 5;

/// A job that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Which program; see [`crate::jobs`].
    pub kind: &'static str,
    /// Its input, without personal values.
    pub payload: serde_json::Value,
    /// No second one with this key while it is under way.
    pub dedupe_key: Option<String>,
}

/// Queues a job; if the same one is under way already, that one.
///
/// # Errors
/// `Conflict` if the account has too many open jobs.
pub fn enqueue(store: &Store, session: &Session, new: &NewJob) -> AppResult<i64> {
    if let Some(key) = &new.dedupe_key
        && let Some(same) = store.read(|conn| Ok(rows::find_by_key(conn, key)?))?
    {
        return Ok(same.id);
    }
    let outcome = store.write(REGISTRY_CHAIN, |tx| {
        let open = rows::list_of_owner(tx.conn, session.user_id, 50)?;
        let open = open.iter().filter(|job| is_open(&job.state)).count();
        if open >= MAX_OPEN {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "您还有任务没有完成,请等它们完成后再试。",
                "You have unfinished jobs. Wait for them to end.",
            ));
        }
        let row = fresh(tx.next_id(), session, new, tx.clock().now());
        rows::insert(tx.conn, &row)?;
        tx.audit(&Entry {
            actor: &row.owner,
            action: "job.queue",
            object_kind: "job",
            object_id: Some(row.id),
            reason: None,
            detail: Some(new.kind),
        })?;
        Ok(row.id)
    });
    match outcome {
        Err(AppError::Database(DbError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))) => {
            let key = new.dedupe_key.as_deref().unwrap_or_default();
            let same = store.read(|conn| Ok(rows::find_by_key(conn, key)?))?;
            same.map(|job| job.id).ok_or_else(|| AppError::not_found("任务", "job"))
        }
        other => other,
    }
}

fn fresh(id: i64, session: &Session, new: &NewJob, now: chrono::NaiveDateTime) -> JobRow {
    let scope = session.actor.scope();
    JobRow {
        id,
        street_code: scope.street_code().to_owned(),
        kind: new.kind.to_owned(),
        payload: new.payload.to_string(),
        dedupe_key: new.dedupe_key.clone(),
        state: "queued".to_owned(),
        phase: "queued".to_owned(),
        total: None,
        done: 0,
        succeeded: 0,
        warned: 0,
        failed: 0,
        error_code: None,
        error_text: None,
        result_url: None,
        owner_id: session.user_id,
        owner: session.actor.username().to_owned(),
        role: session.actor.role().as_str().to_owned(),
        area_codes: scope.area_codes().map(|codes| codes.join(",")),
        attempts: 0,
        cancel_asked: false,
        worker: None,
        lease_until: None,
        heartbeat_at: None,
        created_at: now,
        started_at: None,
        finished_at: None,
    }
}

fn is_open(state: &str) -> bool {
    matches!(state, "queued" | "running")
}

/// One of the account's own jobs; administrators see everybody's.
///
/// # Errors
/// `NotFound`.
pub fn load(store: &Store, session: &Session, id: i64) -> AppResult<JobRow> {
    let found = store.read(|conn| Ok(rows::find(conn, id)?))?;
    let is_admin = session.actor.role() == Role::Admin;
    found
        .filter(|job| job.owner_id == session.user_id || is_admin)
        .ok_or_else(|| AppError::not_found("任务", "job"))
}

/// The account's last jobs.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, session: &Session) -> AppResult<Vec<JobRow>> {
    store.read(|conn| Ok(rows::list_of_owner(conn, session.user_id, 20)?))
}

/// Stops a job before it commits anything.
///
/// # Errors
/// `NotFound`; `Conflict` if it has ended.
pub fn cancel(store: &Store, session: &Session, id: i64) -> AppResult<()> {
    let job = load(store, session, id)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        let changed = rows::mark_cancelled_queued(tx.conn, job.id, now)?
            + rows::mark_cancel_asked(tx.conn, job.id)?;
        if changed == 0 {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "任务已经结束。",
                "The job has ended already.",
            ));
        }
        tx.audit(&Entry {
            actor: session.actor.username(),
            action: "job.cancel",
            object_kind: "job",
            object_id: Some(job.id),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })
}

/// Takes the oldest free job for a worker.
///
/// # Errors
/// The database failed.
pub fn take(store: &Store, worker: &str) -> AppResult<Option<JobRow>> {
    let now = store.clock().now();
    // Asked often and mostly in vain: reading does not disturb writers.
    if store.read(|conn| Ok(rows::find_free(conn, now)?))?.is_none() {
        return Ok(None);
    }
    store.maintain(|conn| {
        let Some(found) = rows::find_free(conn, now)? else { return Ok(None) };
        let taken = rows::mark_leased(conn, &found, worker, now, now + LEASE)?;
        Ok((taken == 1).then_some(JobRow { attempts: found.attempts + 1, ..found }))
    })
}

/// Renews the lease; whether the job is still this worker's and wanted.
///
/// # Errors
/// The database failed.
pub fn beat(
    store: &Store,
    id: i64,
    worker: &str,
    progress: Option<&ProgressSet>,
) -> AppResult<bool> {
    let now = store.clock().now();
    store.maintain(|conn| {
        let mine = rows::mark_alive(conn, id, worker, now, now + LEASE, progress)? == 1;
        let wanted = rows::find(conn, id)?.is_some_and(|job| !job.cancel_asked);
        Ok(mine && wanted)
    })
}

/// How a job ended.
#[derive(Debug)]
pub enum End {
    /// Done; where its result is.
    Done(Option<String>),
    /// Stopped on request; nothing was kept.
    Cancelled,
    /// Refused or broken; nothing was kept.
    Failed(AppError),
}

/// Writes down how a job ended.
///
/// # Errors
/// The database failed.
pub fn finish(store: &Store, id: i64, worker: &str, end: &End) -> AppResult<()> {
    let (state, code, text, url) = match end {
        End::Done(url) => ("done", None, None, url.clone()),
        End::Cancelled => ("cancelled", None, None, None),
        End::Failed(error) => {
            ("failed", Some(error.code().as_str().to_owned()), Some(told(error)), None)
        }
    };
    let set = EndSet {
        state: state.to_owned(),
        dedupe_key: None,
        error_code: code,
        error_text: text,
        result_url: url,
        worker: None,
        lease_until: None,
        finished_at: Some(store.clock().now()),
    };
    store.maintain(|conn| {
        rows::mark_ended(conn, id, worker, &set)?;
        Ok(())
    })
}

/// What the owner may read: refusals, never the text of a system error.
fn told(error: &AppError) -> String {
    match error {
        AppError::Refused(_) => error.to_string(),
        _ => "系统出错,没有保存任何内容。可以重新运行。 / A system error; nothing was kept. Run it again."
            .to_owned(),
    }
}

/// Whether a job was started so often that it is given up.
#[must_use]
pub fn is_hopeless(job: &JobRow) -> bool {
    job.attempts > MAX_ATTEMPTS
}

/// In whose name a job works: its owner's, as long as the account is still
/// what it was when the job was asked for.
///
/// # Errors
/// `Forbidden` if the account was disabled or has another role now.
pub fn actor_of(store: &Store, job: &JobRow) -> AppResult<Actor> {
    let owner = store.read(|conn| Ok(crate::store::access::find_user(conn, job.owner_id)?))?;
    let same = owner.is_some_and(|user| user.status == "active" && user.role == job.role);
    let role = Role::from_str(&job.role).ok().filter(|_| same).ok_or_else(|| {
        AppError::coded(
            ErrorCode::Forbidden,
            "提交任务的账户已停用或角色已变更。",
            "The account that asked for this job was disabled or has another role now.",
        )
    })?;
    let scope = match &job.area_codes {
        None => Scope::street(&job.street_code),
        Some(codes) => {
            Scope::areas(&job.street_code, codes.split(',').map(str::to_owned).collect())
        }
    };
    Ok(Actor::new(job.owner.clone(), role, scope))
}
