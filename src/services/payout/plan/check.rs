//! The plan by which the ledger is checked.

use std::collections::HashMap;

use super::rates::{Older, by_period, rates};
use super::{Plan, Previous, ProgramPlan, own_month};
use crate::error::AppResult;
use crate::services::policy::pinned;
use crate::store::run::RunRow;
use crate::store::{Db, program_start};

/// A plan that looks at everything that a posted run left behind, for the check
/// of the ledger: its own month and all before it, as known at its cut-off.
/// `None` for an opening run.
///
/// # Errors
/// The pinned policy is missing.
pub(in crate::services::payout) fn for_check(
    conn: &mut Db,
    run: &RunRow,
    runs: &[RunRow],
) -> AppResult<Option<Plan>> {
    let Some(policy) = run.policy_id.map(|id| pinned(conn, id)).transpose()? else {
        return Ok(None);
    };
    let found = policy.policy.program_index(&run.program);
    let Some((index, program)) = found.and_then(|i| Some((i, policy.policy.program(i)?))) else {
        return Ok(None);
    };
    let Some(own) = own_month(program.period, run.month) else { return Ok(None) };
    let starts = program_start::list_program_starts(conn, &run.street_code)?;
    let start = starts.iter().find(|(code, _)| *code == run.program).map(|(_, first)| *first);
    // Months that another version of the policy computed are its own affair.
    let mut first = own;
    for earlier in runs.iter().rev().filter(|r| r.program == run.program && r.month < run.month) {
        match own_month(program.period, earlier.month) {
            Some(month) if earlier.policy_id == run.policy_id => first = month,
            _ => break,
        }
    }
    let mut plan = ProgramPlan {
        index,
        code: run.program.clone(),
        period: program.period,
        own,
        known: run.cut_off,
        first: start.unwrap_or(first).max(first),
        goes_live: false,
        previous: Some(Previous {
            cut_off: run.cut_off,
            marks_through: i64::MAX,
            policy: run.policy_id,
        }),
        changed: Vec::new(),
        existing: Some(run.clone()),
    };
    // The run's own month has its postings too.
    plan.changed = by_period(&plan, plan.first.to(own.prev()));
    plan.changed.push(own);
    let programs = vec![plan];
    Ok(Some(Plan {
        street: run.street_code.clone(),
        month: run.month,
        today: run.cut_off,
        marks: Vec::new(),
        marks_through: run.marks_through,
        posted_runs: runs.iter().filter(|r| r.state.is_posted()).map(|r| r.id.0).collect(),
        claims: HashMap::new(),
        late: HashMap::new(),
        rates: rates(&policy.policy, &Older::new(), &programs),
        policy,
        programs,
    }))
}
