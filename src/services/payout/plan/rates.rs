//! Standards as they are known now and as the previous run knew them.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{Previous, ProgramPlan};
use crate::domain::month::Month;
use crate::domain::policy::{Period, Policy, Rates};
use crate::error::AppResult;
use crate::services::policy::{InForce, pinned};
use crate::store::Db;

/// Standards for a range of months as known at one day.
#[derive(Debug)]
pub(super) struct RatesKnown {
    /// The day.
    pub known: NaiveDate,
    /// As the previous run knew them, by its own policy.
    pub then: bool,
    /// First month.
    pub first: Month,
    /// Month by month.
    pub rates: Vec<Rates>,
}

/// Older policy versions that previous runs pinned, by id.
pub(super) type Older = HashMap<i64, Policy>;

pub(super) fn older_policies(
    conn: &mut Db,
    policy: &InForce,
    programs: &[ProgramPlan],
) -> AppResult<Older> {
    let mut older = Older::new();
    for id in programs.iter().filter_map(|p| p.previous?.policy).filter(|id| *id != policy.row.id) {
        if !older.contains_key(&id) {
            older.insert(id, pinned(conn, id)?.policy);
        }
    }
    Ok(older)
}

/// The policy that the previous run pinned; the present one if it is the same
/// or was not computed.
fn policy_then<'p>(policy: &'p Policy, older: &'p Older, previous: Previous) -> &'p Policy {
    previous.policy.and_then(|id| older.get(&id)).unwrap_or(policy)
}

/// Earlier months for which a standard of the program differs from what the
/// previous run knew, by its own policy.
pub(super) fn changed_months(
    policy: &Policy,
    older: &Older,
    program: &ProgramPlan,
    full: bool,
) -> Vec<Month> {
    let Some(previous) = program.previous else { return Vec::new() };
    let last = program.own.prev();
    if full {
        return by_period(program, program.first.to(last));
    }
    let days = (previous.cut_off, program.known);
    let then = policy_then(policy, older, previous);
    let index = Some(program.index);
    by_period(program, policy.changed_months_since(then, index, days, program.first, last))
}

/// The periods that months lie in, before the run's own, each by its month.
pub(super) fn by_period(
    program: &ProgramPlan,
    months: impl IntoIterator<Item = Month>,
) -> Vec<Month> {
    let period = |month: Month| match program.period {
        Period::Month | Period::Once => month,
        Period::Quarter => month.quarter_end(),
    };
    let mut periods: Vec<Month> =
        months.into_iter().map(period).filter(|month| *month < program.own).collect();
    periods.sort_unstable();
    periods.dedup();
    periods
}

/// The standards that the run's evaluations need.
pub(super) fn rates(policy: &Policy, older: &Older, programs: &[ProgramPlan]) -> Vec<RatesKnown> {
    let mut all: Vec<RatesKnown> = Vec::new();
    let Some(first) = programs.iter().map(|p| p.first.min(p.own).plus(-2)).min() else {
        return all;
    };
    let Some(last) = programs.iter().map(|p| p.own).max() else { return all };
    for program in programs {
        let then = program.previous.map(|p| (p.cut_off, true, policy_then(policy, older, p)));
        for (known, then, by) in [Some((program.known, false, policy)), then].into_iter().flatten()
        {
            if all.iter().all(|r| r.known != known || r.then != then) {
                let rates = first.to(last).map(|month| policy.rates_by(by, month, known)).collect();
                all.push(RatesKnown { known, then, first, rates });
            }
        }
    }
    all
}
