//! Payout runs. Every change of state is guarded by the state it starts from.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::schema::{line, run, run_contributor};
use super::{Db, per_backend};
use crate::domain::ids::RunId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{RunOrigin, RunState};

/// One street × program × month.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = run, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// Never changes in a row.
    pub street_code: String,
    /// Code of the program.
    pub program: String,
    /// The month in which it pays (a quarter: the month after it).
    pub month: Month,
    /// Where it stands.
    pub state: RunState,
    /// Computed, or imported as opening.
    pub origin: RunOrigin,
    /// The policy that computed it.
    pub policy_id: Option<i64>,
    /// Last day of knowledge.
    pub cut_off: NaiveDate,
    /// Marks up to this id were considered.
    pub marks_through: i64,
    /// Lines of all kinds.
    pub line_count: i32,
    /// Σ regular.
    pub regular_fen: Fen,
    /// Σ arrears.
    pub arrears_fen: Fen,
    /// Σ claims opened (negative).
    pub claim_fen: Fen,
    /// Σ deductions (negative).
    pub deduction_fen: Fen,
    /// SHA-256 over the lines.
    pub content_hash: Option<Vec<u8>>,
    /// Who drafted it.
    pub drafted_by: String,
    /// When.
    pub drafted_at: NaiveDateTime,
    /// Who submitted it.
    pub submitted_by: Option<String>,
    /// When.
    pub submitted_at: Option<NaiveDateTime>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<NaiveDateTime>,
    /// The day the money was paid.
    pub payment_on: Option<NaiveDate>,
    /// Who closed it.
    pub closed_by: Option<String>,
    /// When.
    pub closed_at: Option<NaiveDateTime>,
    /// Reason of the last return or voiding.
    pub note: Option<String>,
    /// Counts changes, from 1. While a run is generated it tells one drafting
    /// from the next: who finds another number was overtaken.
    pub version: i32,
}

/// What a finished draft is.
#[derive(Debug, Clone, PartialEq, Eq, AsChangeset)]
#[diesel(table_name = run)]
pub struct DraftedRun {
    /// The policy that computed it.
    pub policy_id: Option<i64>,
    /// Last day of knowledge.
    pub cut_off: NaiveDate,
    /// Marks up to this id were considered.
    pub marks_through: i64,
    /// Lines of all kinds.
    pub line_count: i32,
    /// Σ regular.
    pub regular_fen: Fen,
    /// Σ arrears.
    pub arrears_fen: Fen,
    /// Σ claims opened (negative).
    pub claim_fen: Fen,
    /// Σ deductions (negative).
    pub deduction_fen: Fen,
    /// SHA-256 over the lines.
    pub content_hash: Option<Vec<u8>>,
    /// Who.
    pub drafted_by: String,
    /// When.
    pub drafted_at: NaiveDateTime,
}

/// Inserts a run.
///
/// # Errors
/// The database failed; a unique violation if the month has one already.
pub fn insert_run(conn: &mut Db, row: &RunRow) -> QueryResult<usize> {
    diesel::insert_into(run::table).values(row).execute(conn)
}

/// A run by id.
///
/// # Errors
/// The database failed.
pub fn find_run(conn: &mut Db, street: &str, id: RunId) -> QueryResult<Option<RunRow>> {
    run::table.find((id, street)).select(RunRow::as_select()).first(conn).optional()
}

/// The run of a program and month that is not void.
///
/// # Errors
/// The database failed.
pub fn find_run_of(
    conn: &mut Db,
    street: &str,
    program: &str,
    month: Month,
) -> QueryResult<Option<RunRow>> {
    run::table
        .filter(run::street_code.eq(street).and(run::program.eq(program)))
        .filter(run::month.eq(month).and(run::state.ne(RunState::Void)))
        .select(RunRow::as_select())
        .first(conn)
        .optional()
}

/// All runs of a street that are not void, by month, then program.
///
/// # Errors
/// The database failed.
pub fn list_runs(conn: &mut Db, street: &str) -> QueryResult<Vec<RunRow>> {
    run::table
        .filter(run::street_code.eq(street).and(run::state.ne(RunState::Void)))
        .order((run::month, run::program))
        .select(RunRow::as_select())
        .load(conn)
}

/// The runs of a month that are not void, by program.
///
/// # Errors
/// The database failed.
pub fn list_runs_of_month(conn: &mut Db, street: &str, month: Month) -> QueryResult<Vec<RunRow>> {
    run::table
        .filter(run::street_code.eq(street).and(run::month.eq(month)))
        .filter(run::state.ne(RunState::Void))
        .order(run::program)
        .select(RunRow::as_select())
        .load(conn)
}

/// Takes a run (back) into generation. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_generating(
    conn: &mut Db,
    street: &str,
    id: RunId,
    from: RunState,
    version: i32,
) -> QueryResult<usize> {
    diesel::update(run::table.find((id, street)))
        .filter(run::state.eq(from).and(run::version.eq(version)))
        .set((run::state.eq(RunState::Generating), run::version.eq(version + 1)))
        .execute(conn)
}

/// Shows a generated run. Returns the row count: 0 means that another drafting
/// took over.
///
/// # Errors
/// The database failed.
pub fn mark_run_shown(
    conn: &mut Db,
    street: &str,
    id: RunId,
    version: i32,
    to: RunState,
    drafted: &DraftedRun,
) -> QueryResult<usize> {
    diesel::update(run::table.find((id, street)))
        .filter(run::state.eq(RunState::Generating).and(run::version.eq(version)))
        .set((drafted, run::state.eq(to), run::version.eq(version + 1)))
        .execute(conn)
}

/// Whether the run is still being generated by this drafting.
///
/// # Errors
/// The database failed.
pub fn is_generating(conn: &mut Db, street: &str, id: RunId, version: i32) -> QueryResult<bool> {
    let run = run::table
        .find((id, street))
        .filter(run::state.eq(RunState::Generating).and(run::version.eq(version)));
    diesel::select(diesel::dsl::exists(run)).get_result(conn)
}

/// draft → submitted. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_submitted(
    conn: &mut Db,
    row: &RunRow,
    by: &str,
    at: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(run::table.find((row.id, &row.street_code)))
        .filter(run::state.eq(RunState::Draft).and(run::version.eq(row.version)))
        .set((
            run::state.eq(RunState::Submitted),
            run::submitted_by.eq(by),
            run::submitted_at.eq(at),
            run::version.eq(row.version + 1),
        ))
        .execute(conn)
}

/// submitted → draft, by withdrawal or return. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_back_to_draft(
    conn: &mut Db,
    row: &RunRow,
    note: Option<&str>,
) -> QueryResult<usize> {
    diesel::update(run::table.find((row.id, &row.street_code)))
        .filter(run::state.eq(RunState::Submitted).and(run::version.eq(row.version)))
        .set((
            run::state.eq(RunState::Draft),
            run::submitted_by.eq(None::<String>),
            run::submitted_at.eq(None::<NaiveDateTime>),
            run::note.eq(note),
            run::version.eq(row.version + 1),
        ))
        .execute(conn)
}

/// submitted → approved. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_approved(
    conn: &mut Db,
    row: &RunRow,
    by: &str,
    at: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(run::table.find((row.id, &row.street_code)))
        .filter(run::state.eq(RunState::Submitted).and(run::version.eq(row.version)))
        .set((
            run::state.eq(RunState::Approved),
            run::approved_by.eq(by),
            run::approved_at.eq(at),
            run::version.eq(row.version + 1),
        ))
        .execute(conn)
}

/// draft, submitted or approved → void. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_void(conn: &mut Db, row: &RunRow, note: &str) -> QueryResult<usize> {
    diesel::update(run::table.find((row.id, &row.street_code)))
        .filter(run::state.eq(row.state).and(run::version.eq(row.version)))
        .set((run::state.eq(RunState::Void), run::note.eq(note), run::version.eq(row.version + 1)))
        .execute(conn)
}

/// approved → paid. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_paid(conn: &mut Db, row: &RunRow, payment_on: NaiveDate) -> QueryResult<usize> {
    diesel::update(run::table.find((row.id, &row.street_code)))
        .filter(run::state.eq(RunState::Approved).and(run::version.eq(row.version)))
        .set((
            run::state.eq(RunState::Paid),
            run::payment_on.eq(payment_on),
            run::version.eq(row.version + 1),
        ))
        .execute(conn)
}

/// paid → closed. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_run_closed(
    conn: &mut Db,
    row: &RunRow,
    by: &str,
    at: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(run::table.find((row.id, &row.street_code)))
        .filter(run::state.eq(RunState::Paid).and(run::version.eq(row.version)))
        .set((
            run::state.eq(RunState::Closed),
            run::closed_by.eq(by),
            run::closed_at.eq(at),
            run::version.eq(row.version + 1),
        ))
        .execute(conn)
}

/// Deletes up to `limit` lines of a run that is generated anew. Returns how
/// many went.
///
/// # Errors
/// The database failed; the database itself refuses lines that are approved.
pub fn delete_run_lines(conn: &mut Db, street: &str, id: RunId, limit: i64) -> QueryResult<usize> {
    // By id, so that both backends can bound the transaction.
    let ids: Vec<i64> = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(id.0)))
        .select(line::id)
        .limit(limit)
        .load(conn)?;
    let mut gone = 0;
    for some in ids.chunks(5_000) {
        gone += per_backend!(&mut *conn, |c| diesel::delete(
            line::table.filter(line::street_code.eq(street).and(line::id.eq_any(some)))
        )
        .execute(c))?;
    }
    Ok(gone)
}

/// Notes that somebody worked on a run; twice is once.
///
/// # Errors
/// The database failed.
pub fn insert_contributor(
    conn: &mut Db,
    street: &str,
    id: RunId,
    username: &str,
) -> QueryResult<()> {
    let values = (
        run_contributor::street_code.eq(street),
        run_contributor::run_id.eq(id.0),
        run_contributor::username.eq(username),
    );
    per_backend!(conn, |c| diesel::insert_into(run_contributor::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(())
}

/// Everybody who worked on a run.
///
/// # Errors
/// The database failed.
pub fn list_contributors(conn: &mut Db, street: &str, id: RunId) -> QueryResult<Vec<String>> {
    run_contributor::table
        .filter(run_contributor::street_code.eq(street).and(run_contributor::run_id.eq(id.0)))
        .order(run_contributor::username)
        .select(run_contributor::username)
        .load(conn)
}
