//! What reports read: lines of two months, why somebody left, what was paid.
//!
//! No query here scans residents, and none reads more than the lines of the
//! runs it is asked for.

mod figures;
mod movers;
mod population;

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::Db;
use super::schema::{attempt, line, policy, run, summary};
use crate::domain::ids::AwardId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{AttemptState, LineKind, RunOrigin, RunState};

pub use figures::*;
pub use movers::*;
pub use population::*;

/// Values per `IN (…)`.
const BATCH: usize = 500;

/// A run as reports need it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = run)]
pub struct RunHead {
    /// Its id.
    pub id: i64,
    /// Program code.
    pub program: String,
    /// Month of the run.
    pub month: Month,
    /// Where it stands.
    pub state: RunState,
    /// Computed, or imported as opening.
    pub origin: RunOrigin,
    /// The policy version it was computed with.
    pub policy_id: Option<i64>,
    /// What it knows.
    pub cut_off: NaiveDate,
    /// Σ regular.
    pub regular_fen: Fen,
    /// Σ arrears.
    pub arrears_fen: Fen,
    /// Σ claims.
    pub claim_fen: Fen,
    /// Σ deductions.
    pub deduction_fen: Fen,
    /// Counts its changes.
    pub version: i32,
}

/// Runs of some months that a reader may see: not void, not still generating.
///
/// # Errors
/// The database failed.
pub fn list_runs(conn: &mut Db, street: &str, months: &[Month]) -> QueryResult<Vec<RunHead>> {
    run::table
        .filter(run::street_code.eq(street).and(run::month.eq_any(months)))
        .filter(run::state.ne_all([RunState::Void, RunState::Generating]))
        .order((run::month, run::program))
        .select(RunHead::as_select())
        .load(conn)
}

/// Whether a run is still as it was read.
///
/// # Errors
/// The database failed.
pub fn is_unchanged(conn: &mut Db, street: &str, head: &RunHead) -> QueryResult<bool> {
    let same = run::table.find((head.id, street)).filter(run::version.eq(head.version));
    diesel::select(diesel::dsl::exists(same)).get_result(conn)
}

/// Whether the program had a run before `month`.
///
/// # Errors
/// The database failed.
pub fn has_run_before(
    conn: &mut Db,
    street: &str,
    program: &str,
    month: Month,
) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        run::table
            .filter(run::street_code.eq(street).and(run::program.eq(program)))
            .filter(run::month.lt(month).and(run::state.ne(RunState::Void))),
    ))
    .get_result(conn)
}

/// Bodies of policies and whether they are illustrative.
///
/// # Errors
/// The database failed.
pub fn list_policies(conn: &mut Db, ids: &[i64]) -> QueryResult<Vec<(i64, String, bool)>> {
    policy::table
        .filter(policy::id.eq_any(ids))
        .order(policy::id)
        .select((policy::id, policy::body, policy::illustrative))
        .load(conn)
}

/// Bodies of the policies in force and whether they are illustrative.
///
/// # Errors
/// The database failed.
pub fn list_active_policies(conn: &mut Db) -> QueryResult<Vec<(i64, String, bool)>> {
    policy::table
        .filter(policy::status.eq("active"))
        .order(policy::id)
        .select((policy::id, policy::body, policy::illustrative))
        .load(conn)
}

/// A line as reports need it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = line)]
pub struct ReportLine {
    /// Its id.
    pub id: i64,
    /// Who is paid.
    pub beneficiary_id: i64,
    /// The award.
    pub award_id: AwardId,
    /// The month it is for.
    pub month: Month,
    /// What it is.
    pub kind: LineKind,
    /// Signed.
    pub amount_fen: Fen,
    /// Without top-ups.
    pub base_fen: Fen,
    /// 分类施保.
    pub supplement_fen: Fen,
    /// People behind it.
    pub persons: i32,
    /// Where the beneficiary was when the run was made.
    pub area_code: String,
    /// Tier.
    pub tier: Option<String>,
    /// Reason.
    pub reason: Option<String>,
}

/// Lines of a run in order of beneficiary, those after one beneficiary.
///
/// # Errors
/// The database failed.
pub fn list_lines_after(
    conn: &mut Db,
    street: &str,
    run_id: i64,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<ReportLine>> {
    line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run_id)))
        .filter(line::beneficiary_id.gt(after).and(line::void.eq(false)))
        .order((line::beneficiary_id, line::month, line::kind))
        .limit(limit)
        .select(ReportLine::as_select())
        .load(conn)
}

/// A payment attempt with its line.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AttemptLine {
    /// Program of the line.
    pub program: String,
    /// Place of the line.
    pub area_code: String,
    /// What was sent: the amount of the line, less what was deducted from it.
    pub amount_fen: Fen,
    /// Kind of the line, the run it stands in, and whose it is.
    pub owner: (LineKind, i64, i64),
    /// 1, or more for a re-issue.
    pub attempt_no: i32,
    /// How it ended.
    pub state: AttemptState,
}

/// Attempts in the files of some runs, with the net amounts that were sent.
///
/// # Errors
/// The database failed.
pub fn list_attempts(
    conn: &mut Db,
    street: &str,
    run_ids: &[i64],
) -> QueryResult<Vec<AttemptLine>> {
    let mut found: Vec<AttemptLine> = attempt::table
        .inner_join(
            line::table
                .on(line::street_code.eq(attempt::street_code).and(line::id.eq(attempt::line_id))),
        )
        .filter(attempt::street_code.eq(street).and(attempt::run_id.eq_any(run_ids)))
        .order((attempt::line_id, attempt::attempt_no))
        .select((
            line::program,
            line::area_code,
            line::amount_fen,
            (line::kind, line::run_id, line::beneficiary_id),
            attempt::attempt_no,
            attempt::state,
        ))
        .load(conn)?;
    let mut runs: Vec<i64> = found.iter().map(|item| item.owner.1).collect();
    runs.sort_unstable();
    runs.dedup();
    let deducted: Vec<(i64, i64, Fen)> = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq_any(&runs)))
        .filter(line::kind.eq(LineKind::Deduction).and(line::void.eq(false)))
        .select((line::run_id, line::beneficiary_id, line::amount_fen))
        .load(conn)?;
    // A deduction is taken from the month's regular payment: that is what the
    // bank was told to pay, and what came back.
    for item in found.iter_mut().filter(|item| item.owner.0 == LineKind::Regular) {
        let (_, run, beneficiary) = item.owner;
        let less = deducted.iter().filter(|d| (d.0, d.1) == (run, beneficiary));
        item.amount_fen = item.amount_fen + less.map(|d| d.2).sum();
    }
    Ok(found)
}

/// The stored table of a closed month: body, digest.
///
/// # Errors
/// The database failed.
pub fn find_summary(
    conn: &mut Db,
    street: &str,
    month: Month,
) -> QueryResult<Option<(String, Vec<u8>)>> {
    summary::table
        .find((street, month))
        .select((summary::body, summary::digest))
        .first(conn)
        .optional()
}

/// Months up to `through` whose table is stored, the last one.
///
/// # Errors
/// The database failed.
pub fn find_last_closed(conn: &mut Db, street: &str, through: Month) -> QueryResult<Option<Month>> {
    summary::table
        .filter(summary::street_code.eq(street).and(summary::month.le(through)))
        .order(summary::month.desc())
        .select(summary::month)
        .first(conn)
        .optional()
}

/// Stores a closed month's table, once.
///
/// # Errors
/// The database failed, or the month has one.
pub fn insert_summary(
    conn: &mut Db,
    street: &str,
    month: Month,
    body: &str,
    digest: &[u8],
    closed_at: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::insert_into(summary::table)
        .values((
            summary::street_code.eq(street),
            summary::month.eq(month),
            summary::body.eq(body),
            summary::digest.eq(digest),
            summary::closed_at.eq(closed_at),
        ))
        .execute(conn)
}
