//! Long work as rows: who asked for it, how far it is, who holds its lease.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::job;

/// One job.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = job, treat_none_as_default_value = false)]
pub struct JobRow {
    /// Own id.
    pub id: i64,
    /// Whose data.
    pub street_code: String,
    /// Which program runs.
    pub kind: String,
    /// Its input as JSON, without personal values.
    pub payload: String,
    /// While it is set, no second job with the same key can exist.
    pub dedupe_key: Option<String>,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Key of the phase's name.
    pub phase: String,
    /// Steps in all, if known.
    pub total: Option<i64>,
    /// Steps done.
    pub done: i64,
    /// Of them in order.
    pub succeeded: i64,
    /// With a warning.
    pub warned: i64,
    /// Refused.
    pub failed: i64,
    /// Stable code of the failure.
    pub error_code: Option<String>,
    /// What failed and what to do.
    pub error_text: Option<String>,
    /// Where the result is.
    pub result_url: Option<String>,
    /// Account of who asked for it.
    pub owner_id: i64,
    /// User name of who asked for it.
    pub owner: String,
    /// Role at that time.
    pub role: String,
    /// Areas of the scope at that time; none is the whole street.
    pub area_codes: Option<String>,
    /// How often it was started.
    pub attempts: i64,
    /// Somebody asked to stop it.
    pub cancel_asked: bool,
    /// Who holds the lease.
    pub worker: Option<String>,
    /// Until when.
    pub lease_until: Option<NaiveDateTime>,
    /// Last sign of life.
    pub heartbeat_at: Option<NaiveDateTime>,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// UTC.
    pub started_at: Option<NaiveDateTime>,
    /// UTC.
    pub finished_at: Option<NaiveDateTime>,
}

/// How far a job is.
#[derive(Debug, Clone, Default, AsChangeset)]
#[diesel(table_name = job)]
pub struct ProgressSet {
    /// Key of the phase's name.
    pub phase: String,
    /// Steps in all.
    pub total: Option<i64>,
    /// Steps done.
    pub done: i64,
    /// In order.
    pub succeeded: i64,
    /// With a warning.
    pub warned: i64,
    /// Refused.
    pub failed: i64,
}

/// How a job ended.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = job, treat_none_as_null = true)]
pub struct EndSet {
    /// `done`, `failed` or `cancelled`.
    pub state: String,
    /// Frees the key for the next job.
    pub dedupe_key: Option<String>,
    /// Stable code of the failure.
    pub error_code: Option<String>,
    /// What failed and what to do.
    pub error_text: Option<String>,
    /// Where the result is.
    pub result_url: Option<String>,
    /// Nobody from now on.
    pub worker: Option<String>,
    /// None from now on.
    pub lease_until: Option<NaiveDateTime>,
    /// UTC.
    pub finished_at: Option<NaiveDateTime>,
}

/// Stores a job.
///
/// # Errors
/// `UniqueViolation` if one with the same key is under way.
pub fn insert(conn: &mut Db, row: &JobRow) -> QueryResult<()> {
    diesel::insert_into(job::table).values(row).execute(conn)?;
    Ok(())
}

/// A job by its id.
///
/// # Errors
/// The database failed.
pub fn find(conn: &mut Db, id: i64) -> QueryResult<Option<JobRow>> {
    job::table.find(id).select(JobRow::as_select()).first(conn).optional()
}

/// The job under way with a key.
///
/// # Errors
/// The database failed.
pub fn find_by_key(conn: &mut Db, key: &str) -> QueryResult<Option<JobRow>> {
    job::table.filter(job::dedupe_key.eq(key)).select(JobRow::as_select()).first(conn).optional()
}

/// Jobs of one account, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_of_owner(conn: &mut Db, owner_id: i64, limit: i64) -> QueryResult<Vec<JobRow>> {
    job::table
        .filter(job::owner_id.eq(owner_id))
        .order(job::id.desc())
        .limit(limit)
        .select(JobRow::as_select())
        .load(conn)
}

/// The oldest job that nobody works on.
///
/// # Errors
/// The database failed.
pub fn find_free(conn: &mut Db, now: NaiveDateTime) -> QueryResult<Option<JobRow>> {
    job::table
        .filter(job::state.eq("queued").or(job::state.eq("running").and(job::lease_until.lt(now))))
        .order(job::id)
        .select(JobRow::as_select())
        .first(conn)
        .optional()
}

/// Takes the lease of a job that is still as it was found. Returns the row
/// count: 0 if another worker was faster.
///
/// # Errors
/// The database failed.
pub fn mark_leased(
    conn: &mut Db,
    found: &JobRow,
    worker: &str,
    now: NaiveDateTime,
    until: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(job::table.filter(
        job::id.eq(found.id).and(job::state.eq(&found.state)).and(job::attempts.eq(found.attempts)),
    ))
    .set((
        job::state.eq("running"),
        job::worker.eq(worker),
        job::attempts.eq(found.attempts + 1),
        job::lease_until.eq(until),
        job::heartbeat_at.eq(now),
        job::started_at.eq(found.started_at.unwrap_or(now)),
    ))
    .execute(conn)
}

/// Renews the lease and notes progress. Returns the row count: 0 if the lease
/// was lost.
///
/// # Errors
/// The database failed.
pub fn mark_alive(
    conn: &mut Db,
    id: i64,
    worker: &str,
    now: NaiveDateTime,
    until: NaiveDateTime,
    progress: Option<&ProgressSet>,
) -> QueryResult<usize> {
    let mine = || job::id.eq(id).and(job::worker.eq(worker)).and(job::state.eq("running"));
    let alive = (job::heartbeat_at.eq(now), job::lease_until.eq(until));
    match progress {
        Some(set) => diesel::update(job::table.filter(mine())).set((set, alive)).execute(conn),
        None => diesel::update(job::table.filter(mine())).set(alive).execute(conn),
    }
}

/// Ends a job that the worker still holds. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_ended(conn: &mut Db, id: i64, worker: &str, end: &EndSet) -> QueryResult<usize> {
    diesel::update(
        job::table.filter(job::id.eq(id).and(job::worker.eq(worker)).and(job::state.eq("running"))),
    )
    .set(end)
    .execute(conn)
}

/// Ends a job that has not started. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_cancelled_queued(conn: &mut Db, id: i64, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::update(job::table.filter(job::id.eq(id).and(job::state.eq("queued"))))
        .set((
            job::state.eq("cancelled"),
            job::dedupe_key.eq(None::<String>),
            job::finished_at.eq(now),
        ))
        .execute(conn)
}

/// Asks a running job to stop. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_cancel_asked(conn: &mut Db, id: i64) -> QueryResult<usize> {
    diesel::update(job::table.filter(job::id.eq(id).and(job::state.eq("running"))))
        .set(job::cancel_asked.eq(true))
        .execute(conn)
}

/// How many jobs there are by state.
///
/// # Errors
/// The database failed.
pub fn count_by_state(conn: &mut Db) -> QueryResult<Vec<(String, i64)>> {
    job::table
        .group_by(job::state)
        .select((job::state, diesel::dsl::count_star()))
        .order(job::state)
        .load(conn)
}
