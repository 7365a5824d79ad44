//! What the figures of the annual report count (`domain.md` §8).

use chrono::NaiveDate;
use diesel::dsl::count;
use diesel::prelude::*;

use super::BATCH;
use crate::domain::ids::ResidentId;
use crate::domain::money::Fen;
use crate::domain::payout::{AttemptState, LineKind, RunState};
use crate::domain::temp_case::CaseLevel;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::store::Db;
use crate::store::schema::{
    attempt, award, certificate, line, run, temp_case, visit, visit_person,
};

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
        .filter(line::kind.eq(LineKind::Regular).and(line::void.eq(false)))
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
        .filter(
            run::state
                .eq_any([RunState::Paid, RunState::Closed])
                .and(run::payment_on.between(from, to)),
        )
        .filter(line::kind.eq(LineKind::Regular).and(line::void.eq(false)))
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
) -> QueryResult<Vec<(i64, i32, AttemptState)>> {
    let mut found = Vec::new();
    for some in lines.chunks(BATCH) {
        found.extend(
            attempt::table
                .filter(attempt::street_code.eq(street).and(attempt::line_id.eq_any(some)))
                .order((attempt::line_id, attempt::attempt_no))
                .select((attempt::line_id, attempt::attempt_no, attempt::state))
                .load::<(i64, i32, AttemptState)>(conn)?,
        );
    }
    Ok(found)
}
