//! What reports read: lines of two months, why somebody left, what was paid.
//!
//! No query here scans residents, and none reads more than the lines of the
//! runs it is asked for.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::dsl::count;
use diesel::prelude::*;

use super::Db;
use super::schema::{
    attempt, award, certificate, decision, life_event, line, policy, run, summary, temp_case,
    visit, visit_person,
};
use crate::domain::award::DecisionKind;
use crate::domain::ids::{AwardId, ResidentId};
use crate::domain::life_event::EventKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::summary::EntryKind;
use crate::domain::temp_case::CaseLevel;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};

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
    /// State word.
    pub state: String,
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
}

/// Runs of some months that a reader may see: not void, not still generating.
///
/// # Errors
/// The database failed.
pub fn list_runs(conn: &mut Db, street: &str, months: &[Month]) -> QueryResult<Vec<RunHead>> {
    run::table
        .filter(run::street_code.eq(street).and(run::month.eq_any(months)))
        .filter(run::state.ne_all(["void", "generating"]))
        .order((run::month, run::program))
        .select(RunHead::as_select())
        .load(conn)
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
            .filter(run::month.lt(month).and(run::state.ne("void"))),
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
    pub kind: EntryKind,
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

/// Which of these beneficiaries had a regular line above zero before `month`.
///
/// # Errors
/// The database failed.
pub fn list_paid_before(
    conn: &mut Db,
    street: &str,
    program: &str,
    beneficiaries: &[i64],
    month: Month,
) -> QueryResult<Vec<i64>> {
    let mut found = Vec::new();
    for some in beneficiaries.chunks(BATCH) {
        found.extend(
            line::table
                .filter(line::street_code.eq(street).and(line::program.eq(program)))
                .filter(line::beneficiary_id.eq_any(some).and(line::month.lt(month)))
                .filter(line::kind.eq(EntryKind::Regular).and(line::void.eq(false)))
                .filter(line::amount_fen.gt(Fen::ZERO))
                .select(line::beneficiary_id)
                .distinct()
                .load::<i64>(conn)?,
        );
    }
    Ok(found)
}

/// A stop or the annulment of one.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = decision)]
pub struct StopRow {
    /// Its id.
    pub id: i64,
    /// On which award.
    pub award_id: AwardId,
    /// Stop or annulment.
    pub kind: DecisionKind,
    /// First month.
    pub from_month: Month,
    /// Code or text of the reason.
    pub reason: Option<String>,
    /// The stop that is annulled.
    pub annuls: Option<i64>,
}

/// Stops (and annulments) of some awards that were known on `known`.
///
/// # Errors
/// The database failed.
pub fn list_stops(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
    known: NaiveDate,
) -> QueryResult<Vec<StopRow>> {
    let mut found = Vec::new();
    for some in awards.chunks(BATCH) {
        found.extend(
            decision::table
                .filter(decision::street_code.eq(street).and(decision::award_id.eq_any(some)))
                .filter(decision::known_on.le(known))
                .filter(decision::kind.eq_any([DecisionKind::Stop, DecisionKind::AnnulStop]))
                .order(decision::id)
                .select(StopRow::as_select())
                .load::<StopRow>(conn)?,
        );
    }
    Ok(found)
}

/// Deaths and departures of the people behind some awards, reported by `known`.
///
/// # Errors
/// The database failed.
pub fn list_departures(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
    known: NaiveDate,
) -> QueryResult<Vec<(AwardId, EventKind, NaiveDate)>> {
    let mut found = Vec::new();
    for some in awards.chunks(BATCH) {
        found.extend(
            award::table
                .inner_join(
                    life_event::table.on(life_event::street_code
                        .eq(award::street_code)
                        .and(life_event::resident_id.eq(award::resident_id.nullable()))),
                )
                .filter(award::street_code.eq(street).and(award::id.eq_any(some)))
                .filter(life_event::kind.eq_any([EventKind::Death, EventKind::MoveOut]))
                .filter(life_event::annulled_on.is_null())
                .filter(life_event::reported_on.le(known))
                .order(life_event::event_on)
                .select((award::id, life_event::kind, life_event::event_on))
                .load::<(AwardId, EventKind, NaiveDate)>(conn)?,
        );
    }
    Ok(found)
}

/// A payment attempt with its line.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AttemptLine {
    /// Program of the line.
    pub program: String,
    /// Place of the line.
    pub area_code: String,
    /// Amount of the line.
    pub amount_fen: Fen,
    /// 1, or more for a re-issue.
    pub attempt_no: i32,
    /// State word.
    pub state: String,
}

/// Attempts in the files of some runs.
///
/// # Errors
/// The database failed.
pub fn list_attempts(
    conn: &mut Db,
    street: &str,
    run_ids: &[i64],
) -> QueryResult<Vec<AttemptLine>> {
    attempt::table
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
            attempt::attempt_no,
            attempt::state,
        ))
        .load(conn)
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

/// R01: distinct persons that a reviewed population check verified.
///
/// # Errors
/// The database failed.
pub fn count_verified(
    conn: &mut Db,
    street: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<i64> {
    visit::table
        .inner_join(
            visit_person::table.on(visit_person::street_code
                .eq(visit::street_code)
                .and(visit_person::visit_id.eq(visit::id))),
        )
        .filter(visit::street_code.eq(street).and(visit::purpose.eq(Purpose::Population)))
        .filter(visit::done_on.between(from, to))
        .filter(visit::status.eq(VisitStatus::Reviewed))
        .filter(visit::result.eq_any(verifying()))
        .select(count(visit_person::resident_id).aggregate_distinct())
        .get_result(conn)
}

fn verifying() -> Vec<VisitResult> {
    VisitResult::ALL.iter().copied().filter(|result| result.verifies()).collect()
}

/// R01 as rows: person, and the first visit that verified them.
///
/// # Errors
/// The database failed.
pub fn list_verified(
    conn: &mut Db,
    street: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<(ResidentId, String, Option<NaiveDate>)>> {
    visit::table
        .inner_join(
            visit_person::table.on(visit_person::street_code
                .eq(visit::street_code)
                .and(visit_person::visit_id.eq(visit::id))),
        )
        .filter(visit::street_code.eq(street).and(visit::purpose.eq(Purpose::Population)))
        .filter(visit::done_on.between(from, to))
        .filter(visit::status.eq(VisitStatus::Reviewed))
        .filter(visit::result.eq_any(verifying()))
        .order((visit_person::resident_id, visit::done_on, visit::id))
        .select((visit_person::resident_id, visit::visit_no, visit::done_on))
        .load(conn)
}

/// R11 as rows: person and day of the first certificate in the period.
///
/// # Errors
/// The database failed.
pub fn list_first_certificates(
    conn: &mut Db,
    street: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<(ResidentId, NaiveDate)>> {
    certificate::table
        .filter(certificate::street_code.eq(street).and(certificate::first_issue.eq(true)))
        .filter(certificate::issued_on.between(from, to))
        .order((certificate::resident_id, certificate::issued_on))
        .select((certificate::resident_id, certificate::issued_on))
        .load(conn)
}

/// Distinct assistance units behind the regular lines above zero of a run.
///
/// # Errors
/// The database failed.
pub fn count_units(conn: &mut Db, street: &str, run_id: i64) -> QueryResult<i64> {
    line::table
        .inner_join(
            award::table
                .on(award::street_code.eq(line::street_code).and(award::id.eq(line::award_id))),
        )
        .filter(line::street_code.eq(street).and(line::run_id.eq(run_id)))
        .filter(line::kind.eq(EntryKind::Regular).and(line::void.eq(false)))
        .filter(line::amount_fen.gt(Fen::ZERO))
        .select(count(award::unit_id).aggregate_distinct())
        .get_result(conn)
}

/// A temporary case with the line that paid it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct PaidCase {
    /// The line.
    pub line_id: i64,
    /// Number of the case.
    pub case_no: String,
    /// Who.
    pub resident_id: ResidentId,
    /// Where.
    pub area_code: String,
    /// Who decided.
    pub level: CaseLevel,
    /// What was granted.
    pub approved_fen: Fen,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// The day of payment of its run.
    pub payment_on: Option<NaiveDate>,
}

/// Cases whose run was paid in the period, whatever the bank said later.
///
/// # Errors
/// The database failed.
pub fn list_paid_cases(
    conn: &mut Db,
    street: &str,
    program: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<PaidCase>> {
    run::table
        .inner_join(
            line::table.on(line::street_code.eq(run::street_code).and(line::run_id.eq(run::id))),
        )
        .inner_join(
            temp_case::table.on(temp_case::street_code
                .eq(line::street_code)
                .and(temp_case::id.eq(line::beneficiary_id))),
        )
        .filter(run::street_code.eq(street).and(run::program.eq(program)))
        .filter(run::state.eq_any(["paid", "closed"]).and(run::payment_on.between(from, to)))
        .filter(line::kind.eq(EntryKind::Regular).and(line::void.eq(false)))
        .filter(line::amount_fen.gt(Fen::ZERO))
        .order((run::payment_on, temp_case::case_no))
        .select((
            line::id,
            temp_case::case_no,
            temp_case::resident_id,
            temp_case::area_code,
            temp_case::level,
            temp_case::approved_fen,
            temp_case::decided_on,
            run::payment_on,
        ))
        .load(conn)
}

/// Attempts of some lines as (line, number, state), in order of number.
///
/// # Errors
/// The database failed.
pub fn list_attempts_of(
    conn: &mut Db,
    street: &str,
    lines: &[i64],
) -> QueryResult<Vec<(i64, i32, String)>> {
    let mut found = Vec::new();
    for some in lines.chunks(BATCH) {
        found.extend(
            attempt::table
                .filter(attempt::street_code.eq(street).and(attempt::line_id.eq_any(some)))
                .order((attempt::line_id, attempt::attempt_no))
                .select((attempt::line_id, attempt::attempt_no, attempt::state))
                .load::<(i64, i32, String)>(conn)?,
        );
    }
    Ok(found)
}
