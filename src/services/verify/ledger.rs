//! The payout's books: every run still says what was approved, every line
//! comes out again, and what is due is what is posted, held or waived
//! (`rulings.md` M5).

use super::{Check, Fault, NAMED};
use crate::domain::payout::{RunOrigin, RunState};
use crate::error::{AppError, AppResult, Refusal};
use crate::services::payout;
use crate::store::run::{RunRow, list_runs};
use crate::store::{Cipher, Db, REGISTRY_CHAIN, audit};

/// The three checks over all streets. Not `full`: of the runs only those that
/// are not closed and the latest closed month.
pub(super) fn check(conn: &mut Db, cipher: &Cipher, full: bool) -> AppResult<Vec<Check>> {
    let mut hashes = Vec::new();
    let mut lines = Vec::new();
    let mut ledger = Vec::new();
    let mut examined = 0;
    for head in audit::list_heads(conn)? {
        if head.street_code == REGISTRY_CHAIN {
            continue;
        }
        for run in runs_to_check(conn, &head.street_code, full)? {
            examined += u64::try_from(run.line_count).unwrap_or(0);
            hashes.extend(findings(payout::check_hash(conn, &run).map(|()| Vec::new()))?);
            lines.extend(findings(payout::check_lines(conn, cipher, &run))?);
        }
        ledger.extend(findings(payout::check_ledger(conn, cipher, &head.street_code))?);
    }
    Ok(vec![
        finding(
            "run_content",
            "批次内容与其校验码相符",
            "every run's lines match its hash",
            Some(examined),
            hashes,
        ),
        finding(
            "line_amounts",
            "每笔金额按封存的依据重算相符",
            "every line's amount comes out again from its sealed inputs",
            Some(examined),
            lines,
        ),
        finding(
            "ledger",
            "每人每月:应发 = 已入账 + 暂缓 + 豁免",
            "for everybody and every month: due = posted + held + waived",
            None,
            ledger,
        ),
    ])
}

fn runs_to_check(conn: &mut Db, street: &str, full: bool) -> AppResult<Vec<RunRow>> {
    let mut runs = list_runs(conn, street)?;
    // Opening runs were not computed: nothing in them can come out again.
    runs.retain(|run| run.state.is_visible() && run.origin == RunOrigin::Engine);
    let closed = runs.iter().filter(|run| run.state == RunState::Closed);
    let latest = closed.map(|run| run.month).max();
    runs.retain(|run| full || run.state != RunState::Closed || Some(run.month) == latest);
    Ok(runs)
}

/// A refusal is a finding here, anything else an error.
fn findings(outcome: AppResult<Vec<Refusal>>) -> AppResult<Vec<Refusal>> {
    match outcome {
        Err(AppError::Refused(refusals)) => Ok(refusals),
        other => other,
    }
}

fn finding(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    examined: Option<u64>,
    found: Vec<Refusal>,
) -> Check {
    let faults = found
        .into_iter()
        .take(NAMED)
        .map(|refusal| {
            let record = refusal.place.map(|place| place.to_string()).unwrap_or_default();
            Fault::new(record, refusal.zh, refusal.en)
        })
        .collect();
    Check { name, zh, en, examined, faults }
}
