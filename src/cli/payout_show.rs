//! What `mingce payout show` prints.

use clap::Args;
use serde_json::json;

use super::Context;
use crate::domain::month::Month;
use crate::domain::payout_hash::hash_text;
use crate::error::{AppError, AppResult};
use crate::services::auth::ReadReport;
use crate::services::{Authorized, payout};
use crate::store::Store;
use crate::store::line::LineRow;
use crate::store::run::RunRow;

/// `mingce payout show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Month, YYYY-MM 月份
    month: Month,
    /// Only this program (repeatable) 项目
    #[arg(long = "program")]
    programs: Vec<String>,
    /// Print the lines too 显示明细
    #[arg(long)]
    lines: bool,
}

/// Lines read at once.
const PIECE: i64 = 2_000;

/// Prints the runs of a month.
///
/// # Errors
/// No run in that month.
pub fn show(context: &Context, store: &Store, args: &ShowArgs) -> AppResult<()> {
    let actor = context.operator(&context.street(store)?);
    let by: Authorized<'_, ReadReport> = actor.authorize()?;
    let mut runs = payout::month_runs(store, &by, args.month)?;
    runs.retain(|r| args.programs.is_empty() || args.programs.contains(&r.program));
    if runs.is_empty() {
        return Err(AppError::not_found("批次", "run"));
    }
    print_runs(context, &runs);
    if args.lines {
        for run in &runs {
            print_lines(context, store, &by, run)?;
        }
    }
    Ok(())
}

/// The hash that an approver names: one run's own, or that of all together.
pub(super) fn hash_of(runs: &[RunRow]) -> String {
    match runs {
        [one] => one.content_hash.as_deref().map(hash_text).unwrap_or_default(),
        several => payout::month_hash(several),
    }
}

fn run_json(run: &RunRow) -> serde_json::Value {
    json!({
        "run": run.id,
        "program": run.program,
        "month": run.month,
        "state": run.state,
        "cut_off": run.cut_off,
        "lines": run.line_count,
        "regular_fen": run.regular_fen,
        "arrears_fen": run.arrears_fen,
        "claim_fen": run.claim_fen,
        "deduction_fen": run.deduction_fen,
        "hash": run.content_hash.as_deref().map(hash_text),
        "drafted_by": run.drafted_by,
        "submitted_by": run.submitted_by,
        "approved_by": run.approved_by,
        "payment_on": run.payment_on,
        "note": run.note,
    })
}

/// Prints runs and the hash to approve them by.
pub(super) fn print_runs(context: &Context, runs: &[RunRow]) {
    if context.args.json {
        let all: Vec<_> = runs.iter().map(run_json).collect();
        println!("{}", json!({ "runs": all, "hash": hash_of(runs) }));
        return;
    }
    for run in runs {
        let hash = run.content_hash.as_deref().map(hash_text).unwrap_or_default();
        println!(
            "{}  {}  {}  {} 笔  应发 {}  补发 {}  追回 {}  扣发 {}  {}",
            run.month,
            run.program,
            run.state.zh(),
            run.line_count,
            run.regular_fen,
            run.arrears_fen,
            run.claim_fen,
            run.deduction_fen,
            hash.get(..12).unwrap_or(&hash)
        );
    }
    println!("校验码 / hash: {}", hash_of(runs));
}

fn print_lines(
    context: &Context,
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    run: &RunRow,
) -> AppResult<()> {
    let mut last: Option<LineRow> = None;
    loop {
        let lines = payout::list_run_lines(store, by, run.id, last.as_ref(), PIECE)?;
        for line in &lines {
            if context.args.json {
                println!(
                    "{}",
                    json!({
                        "line": line.id, "run": line.run_id, "program": line.program,
                        "award": line.award_id, "beneficiary": line.beneficiary_id,
                        "month": line.month, "kind": line.kind, "amount_fen": line.amount_fen,
                        "persons": line.persons, "area": line.area_code, "tier": line.tier,
                        "reason": line.reason,
                    })
                );
            } else {
                let reason = line.reason.as_deref().unwrap_or("");
                println!(
                    "  {}  {}  {}  {}  {:>14}  {}  {reason}",
                    line.id,
                    line.program,
                    line.month,
                    line.kind.zh(),
                    line.amount_fen.to_string(),
                    line.area_code
                );
            }
        }
        match lines.into_iter().next_back() {
            Some(line) => last = Some(line),
            None => return Ok(()),
        }
    }
}
