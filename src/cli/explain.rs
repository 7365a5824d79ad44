//! `mingce explain LINE`: how an amount came about, to the fen.

use clap::Args;
use serde_json::json;

use super::Context;
use crate::domain::ids::LineId;
use crate::error::AppResult;
use crate::services::payout::{self, LineExplanation};

/// `mingce explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Id of a line, as `payout show --lines` prints it 明细编号
    line: i64,
}

/// Runs `mingce explain`.
///
/// # Errors
/// No such line; the recomputed amount differs.
pub fn run(context: &Context, args: &ExplainArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator(&context.street(&store)?);
    let explanation = payout::explain_line(&store, &actor.authorize()?, LineId(args.line))?;
    if context.args.json {
        println!("{}", as_json(&explanation));
    } else {
        print(&explanation);
    }
    Ok(())
}

fn as_json(explanation: &LineExplanation) -> serde_json::Value {
    let line = &explanation.line;
    let steps: Vec<_> = explanation
        .steps
        .iter()
        .map(|s| json!({ "clause": s.clause, "zh": s.zh, "en": s.en, "amount_fen": s.amount }))
        .collect();
    let recovery: Vec<_> = explanation
        .recovery
        .iter()
        .map(|p| {
            json!({ "claim": p.claim, "cap_percent": p.cap_percent,
                    "balance_fen": p.balance, "part_fen": p.part })
        })
        .collect();
    json!({
        "line": line.id, "program": line.program, "month": line.month, "kind": line.kind,
        "amount_fen": line.amount_fen, "policy": explanation.policy,
        "known_on": explanation.known_on, "due_fen": explanation.due,
        "settled_fen": explanation.settled, "steps": steps, "recovery": recovery,
    })
}

fn print(explanation: &LineExplanation) {
    let line = &explanation.line;
    println!("{} {} {} {}", line.program, line.month.zh(), line.kind.zh(), line.amount_fen);
    if let (Some(policy), Some(known)) = (&explanation.policy, explanation.known_on) {
        println!("政策 / policy {policy},截止 / known by {known}");
    }
    for step in &explanation.steps {
        let amount = step.amount.map(|a| format!(" = {a}")).unwrap_or_default();
        println!("  {}{amount}\n  {}", step.zh, step.en);
    }
    for part in &explanation.recovery {
        println!(
            "  追回 {} 尚欠 {},上限 {}%,扣 {} / claim, owed, cap, taken",
            part.claim, part.balance, part.cap_percent, part.part
        );
    }
    match explanation.due {
        Some(due) => println!(
            "应发 {due} − 已入账 {} = {} / due − posted",
            explanation.settled, line.amount_fen
        ),
        None if explanation.recovery.is_empty() => {
            println!("期初导入,未经系统计算 / imported as opening, not computed");
        }
        None => println!("合计 / total {}", line.amount_fen),
    }
}
