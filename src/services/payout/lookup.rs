//! Looking at runs, lines and claims.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::domain::ids::{ClaimId, LineId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout_hash::hash_text;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, MakeRun, ReadReport};
use crate::services::policy::in_force;
use crate::store::claim::{self, ClaimEntryRow, ClaimRow};
use crate::store::line::{self, LineRow};
use crate::store::run::{self, RunRow};
use crate::store::{Db, Store};

use super::plan;
use super::steps::load;

/// The runs of a month that readers may see.
///
/// # Errors
/// The database failed.
pub fn list_month(conn: &mut Db, street: &str, month: Month) -> AppResult<Vec<RunRow>> {
    let runs = run::list_runs_of_month(conn, street, month)?;
    Ok(runs.into_iter().filter(|r| r.state.is_visible()).collect())
}

/// The last day of knowledge of a program's run, for those who enter facts.
///
/// # Errors
/// No policy in force.
pub fn cut_off_of(conn: &mut Db, program: &str, month: Month) -> AppResult<NaiveDate> {
    let policy = in_force(conn)?.policy;
    let period = policy
        .program_index(program)
        .and_then(|index| policy.program(index))
        .map(|p| p.period)
        .ok_or_else(|| AppError::not_found("项目", "program"))?;
    let own = plan::own_month(period, month).ok_or_else(|| AppError::not_found("批次", "run"))?;
    Ok(plan::cut_off(&policy, period, own))
}

/// The runs of a month for somebody who may read reports.
///
/// # Errors
/// The database failed.
pub fn month_runs(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    month: Month,
) -> AppResult<Vec<RunRow>> {
    store.read(|conn| list_month(conn, by.street(), month))
}

/// The lines of a run that readers may see, `limit` at a time.
///
/// # Errors
/// No such run.
pub fn list_run_lines(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: RunId,
    after: Option<&LineRow>,
    limit: i64,
) -> AppResult<Vec<LineRow>> {
    store.read(|conn| {
        let run = load(conn, by.street(), id)?;
        if !run.state.is_visible() {
            return Err(AppError::not_found("批次", "run"));
        }
        let after = after.map(|l| (l.beneficiary_id, l.month, l.kind));
        Ok(line::list_lines_of_run(conn, by.street(), id, after, limit)?)
    })
}

/// One line of the caller's street.
///
/// # Errors
/// No such line, or it is still being generated.
pub fn find_run_line(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    id: LineId,
) -> AppResult<LineRow> {
    store.read(|conn| {
        let not_found = || AppError::not_found("明细", "line");
        let row = line::find_line(conn, by.street(), id)?.ok_or_else(not_found)?;
        let run = load(conn, by.street(), row.run_id)?;
        if run.state.is_visible() { Ok(row) } else { Err(not_found()) }
    })
}

/// One hash for several runs, in the order of their programs: what an approver
/// of a whole month looks at.
#[must_use]
pub fn month_hash(runs: &[RunRow]) -> String {
    let mut in_order: Vec<&RunRow> = runs.iter().collect();
    in_order.sort_by(|a, b| a.program.cmp(&b.program));
    let mut hash = Sha256::new();
    for run in in_order {
        hash.update(run.content_hash.as_deref().unwrap_or_default());
    }
    hash_text(&hash.finalize())
}

/// Claims of the caller's street with what is still owed, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_claims(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    only_open: bool,
) -> AppResult<Vec<(ClaimRow, Fen)>> {
    store.read(|conn| {
        let mut found = Vec::new();
        for row in claim::list_claims(conn, by.street(), only_open)? {
            let balance = claim::balance(conn, by.street(), row.id)?;
            found.push((row, balance));
        }
        Ok(found)
    })
}

/// A page of them after `after`, and whether there are more.
///
/// # Errors
/// The database failed.
pub fn page_claims(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    only_open: bool,
    (after, limit): (Option<ClaimId>, i64),
) -> AppResult<(Vec<(ClaimRow, Fen)>, bool)> {
    store.read(|conn| {
        let place = (after.unwrap_or(ClaimId(0)), limit.saturating_add(1));
        let mut rows = claim::list_claims_after(conn, by.street(), only_open, place)?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > wanted;
        rows.truncate(wanted);
        let mut found = Vec::new();
        for row in rows {
            let balance = claim::balance(conn, by.street(), row.id)?;
            found.push((row, balance));
        }
        Ok((found, more))
    })
}

/// A claim with its account: the entries, oldest first.
///
/// # Errors
/// Not found.
pub fn load_claim(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: ClaimId,
) -> AppResult<(ClaimRow, Vec<ClaimEntryRow>)> {
    store.read(|conn| {
        let row = claim::find_claim(conn, by.street(), id)?;
        let row = row.ok_or_else(|| AppError::not_found("追回", "claim"))?;
        Ok((row, claim::list_entries(conn, by.street(), id)?))
    })
}
