//! `mingce claim`: money that is owed back.

use clap::Subcommand;
use serde_json::json;

use super::Context;
use super::context::SignInArgs;
use crate::domain::ids::{AwardId, ClaimId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::payout::{self, NewClaim};

/// What to do with claims.
#[derive(Debug, Subcommand)]
pub enum ClaimCommand {
    /// Open a claim by decision (money outside the ledger) 立案追回
    Open {
        /// Award 待遇编号
        #[arg(long)]
        award: i64,
        /// Amount in yuan 金额(元)
        #[arg(long)]
        amount: String,
        /// Why 原因
        #[arg(long)]
        reason: String,
        /// Number of the decision 文号
        #[arg(long)]
        doc: String,
        #[command(flatten)]
        who: SignInArgs,
    },
    /// Recover by deductions from a month on 制定分期扣发计划
    Plan {
        /// Claim 追回编号
        claim: i64,
        /// Most of a month's payment, percent; rounded down to whole yuan 每月上限(%)
        #[arg(long, default_value_t = 30)]
        cap: u32,
        /// First month, YYYY-MM 起始月
        #[arg(long)]
        from: Month,
        /// Number of the decision 文号
        #[arg(long)]
        doc: String,
        #[command(flatten)]
        who: SignInArgs,
    },
    /// Record money paid back 登记退回
    Repay {
        /// Claim 追回编号
        claim: i64,
        /// Amount in yuan 金额(元)
        #[arg(long)]
        amount: String,
        /// Receipt 收据
        #[arg(long)]
        receipt: String,
        #[command(flatten)]
        who: SignInArgs,
    },
    /// Write off what is still owed (an approver) 核销
    WriteOff {
        /// Claim 追回编号
        claim: i64,
        /// Why 原因
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        who: SignInArgs,
    },
    /// List claims 列出追回
    List {
        /// Also settled and written-off ones 包括已结清
        #[arg(long)]
        all: bool,
    },
}

fn yuan(text: &str) -> AppResult<Fen> {
    Fen::parse_yuan(text).map_err(|error| {
        AppError::refuse(Refusal::field(
            "amount",
            format!("“{text}”不是有效金额(元,最多两位小数)。"),
            format!("\"{text}\" is no amount in yuan: {error}."),
        ))
    })
}

/// Runs `mingce claim …`.
///
/// # Errors
/// What the services refuse.
pub fn run(context: &Context, command: &ClaimCommand) -> AppResult<()> {
    let store = context.open_existing()?;
    let said = match command {
        ClaimCommand::Open { award, amount, reason, doc, who } => {
            let actor = who.sign_in(&store)?;
            let new =
                NewClaim { award: AwardId(*award), amount: yuan(amount)?, reason, doc_no: doc };
            let id = payout::open_claim(&store, &actor.authorize()?, &new)?;
            json!({ "claim": id })
        }
        ClaimCommand::Plan { claim, cap, from, doc, who } => {
            let actor = who.sign_in(&store)?;
            payout::plan_claim(&store, &actor.authorize()?, ClaimId(*claim), *cap, *from, doc)?;
            json!({ "claim": claim, "cap_percent": cap, "from": from })
        }
        ClaimCommand::Repay { claim, amount, receipt, who } => {
            let actor = who.sign_in(&store)?;
            let (id, amount) = (ClaimId(*claim), yuan(amount)?);
            let left = payout::repay_claim(&store, &actor.authorize()?, id, amount, receipt)?;
            json!({ "claim": claim, "left_fen": left })
        }
        ClaimCommand::WriteOff { claim, reason, who } => {
            let actor = who.sign_in(&store)?;
            let id = ClaimId(*claim);
            let gone = payout::write_off_claim(&store, &actor.authorize()?, id, reason)?;
            json!({ "claim": claim, "written_off_fen": gone })
        }
        ClaimCommand::List { all } => {
            let actor = context.operator(&context.street(&store)?);
            let rows = payout::list_claims(&store, &actor.authorize()?, !all)?;
            if !context.args.json {
                for (row, balance) in &rows {
                    println!(
                        "{}  {}  {}  {}  尚欠 {}  {}",
                        row.id,
                        row.program,
                        row.opened_on,
                        row.amount_fen,
                        balance,
                        row.status.zh()
                    );
                }
                return Ok(());
            }
            let rows: Vec<_> = rows
                .iter()
                .map(|(row, balance)| {
                    json!({
                        "claim": row.id, "award": row.award_id, "program": row.program,
                        "amount_fen": row.amount_fen, "left_fen": balance, "status": row.status,
                        "opened_on": row.opened_on, "cap_percent": row.cap_percent,
                        "plan_from": row.plan_from, "reason": row.reason,
                    })
                })
                .collect();
            json!({ "claims": rows })
        }
    };
    println!("{said}");
    Ok(())
}
