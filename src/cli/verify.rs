//! `mingce verify`.

use clap::Args;

use super::Context;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::Actor;
use crate::services::verify::{self, Report};
use crate::store::Store;

/// `mingce verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Open every encrypted value and evaluate every month anew 全面校验
    #[arg(long)]
    full: bool,
}

/// Runs all checks.
///
/// # Errors
/// `Integrity` if any of them failed; all are printed first.
pub fn run(context: &Context, args: &VerifyArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    check(&store, &context.operator(""), args.full, context.args.json)
}

/// Verifies an open registry and prints the report.
pub(super) fn check(store: &Store, actor: &Actor, full: bool, json: bool) -> AppResult<()> {
    let report = verify::run(store, &actor.authorize()?, full)?;
    if json {
        println!("{}", serde_json::json!(report));
    } else {
        print(&report);
    }
    if report.is_clean() {
        return Ok(());
    }
    let failed = report.failed().join(", ");
    Err(AppError::coded(
        ErrorCode::Integrity,
        format!("校验未通过:{failed}。请勿继续发放,并保留现场。"),
        format!("Verification failed: {failed}. Pay nothing further and keep everything as it is."),
    ))
}

fn print(report: &Report) {
    for check in &report.checks {
        let mark = if check.faults.is_empty() { "✓" } else { "✗" };
        let examined = check.examined.map(|n| format!(" [{n}]")).unwrap_or_default();
        println!("{mark} {} / {}{examined}", check.zh, check.en);
        for fault in &check.faults {
            println!("    {}: {} / {}", fault.record, fault.zh, fault.en);
        }
    }
}
