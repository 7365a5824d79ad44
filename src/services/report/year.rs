//! The figures of the annual report, counted.

use chrono::NaiveDate;

use super::month::{summarize, whole_street};
use crate::domain::annual::{Annual, Counted, Frame, program, report};
use crate::domain::month::Month;
use crate::domain::payout::AttemptState;
use crate::domain::summary::{Items, Summary, Tally};
use crate::domain::temp_case::CaseLevel;
use crate::error::AppResult;
use crate::services::Authorized;
use crate::services::auth::ReadReport;
use crate::store::report::{
    PaidCase, count_units, count_verified, find_last_closed, list_attempts_of,
    list_first_certificates, list_paid_cases, list_runs,
};
use crate::store::{Db, Store};

/// Which annual report is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnnualQuery {
    /// Last month of the period, which begins in January of its year.
    pub through: Month,
    /// Month of the rosters; if not given, the last closed month of the period.
    pub roster: Option<Month>,
    /// Whether the report leaves the office: then small cells are suppressed.
    pub public: bool,
}

impl AnnualQuery {
    /// First and last day of the period.
    #[must_use]
    pub fn days(&self) -> (NaiveDate, NaiveDate) {
        let months = i32::try_from(self.through.number()).unwrap_or(1);
        (self.through.plus(1 - months).first_day(), self.through.last_day())
    }
}

/// The annual report's figures for the caller's street.
///
/// # Errors
/// There is no roster in the period, or its table does not balance; the
/// database failed.
pub fn annual(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    query: AnnualQuery,
) -> AppResult<Annual> {
    whole_street(by)?;
    store.read(|conn| {
        let month = roster_month(conn, by.street(), query)?;
        let roster = summarize(conn, by.street(), month)?;
        let counted = count(conn, by.street(), query, &roster)?;
        let frame = Frame {
            street: roster.street_name.clone(),
            through: query.through,
            roster_month: month,
            roster_closed: roster.closed,
            illustrative: roster.illustrative,
            public: query.public,
        };
        Ok(report(frame, &counted))
    })
}

/// The roster month: what was asked for, the last closed month of the period,
/// or (nothing is closed yet) its last month.
pub(super) fn roster_month(conn: &mut Db, street: &str, query: AnnualQuery) -> AppResult<Month> {
    if let Some(month) = query.roster {
        return Ok(month);
    }
    let first = Month::of(query.days().0);
    let closed = find_last_closed(conn, street, query.through)?;
    Ok(closed.filter(|month| *month >= first).unwrap_or(query.through))
}

fn count(conn: &mut Db, street: &str, query: AnnualQuery, roster: &Summary) -> AppResult<Counted> {
    let (from, to) = query.days();
    let due = |code: &str| roster.block(code).map(|block| block.total.due).unwrap_or_default();
    let children_run = list_runs(conn, street, &[roster.month])?
        .into_iter()
        .find(|run| run.program == program::CHILDREN);
    let families = match children_run {
        Some(run) => count_units(conn, street, run.id)?,
        None => 0,
    };
    let mut by_street = Items::default();
    let mut by_district = Items::default();
    for case in paid_cases(conn, street, from, to)? {
        match case.level {
            CaseLevel::Street => by_street.add(case.approved_fen),
            CaseLevel::District => by_district.add(case.approved_fen),
        }
    }
    let mut certified: Vec<i64> =
        list_first_certificates(conn, street, from, to)?.iter().map(|(who, _)| who.0).collect();
    certified.dedup();
    Ok(Counted {
        verified: count_verified(conn, street, from, to)?,
        dibao: due(program::DIBAO),
        children: Tally { households: families, ..due(program::CHILDREN) },
        by_street,
        by_district,
        first_certificates: i64::try_from(certified.len()).unwrap_or(i64::MAX),
        care: due(program::CARE),
        living: due(program::LIVING),
        living_l5: due(program::LIVING_L5),
    })
}

/// Cases whose payment arrived: the run was paid in the period, and the last
/// attempt of the line, where there are any, succeeded.
pub(super) fn paid_cases(
    conn: &mut Db,
    street: &str,
    from: NaiveDate,
    to: NaiveDate,
) -> AppResult<Vec<PaidCase>> {
    let mut cases = list_paid_cases(conn, street, program::TEMPORARY, from, to)?;
    let lines: Vec<i64> = cases.iter().map(|case| case.line_id).collect();
    let attempts = list_attempts_of(conn, street, &lines)?;
    cases.retain(|case| {
        let last = attempts.iter().rfind(|(line, _, _)| *line == case.line_id);
        last.is_none_or(|(_, _, state)| *state == AttemptState::Paid)
    });
    Ok(cases)
}
