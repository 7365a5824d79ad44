//! `mingce policy`: check, see what it would cost, propose, put in force. Who
//! proposes and who decides sign in with their own names (`rulings.md` P8).

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Context;
use super::context::SignInArgs;
use crate::domain::month::Month;
use crate::domain::policy::Policy;
use crate::error::{AppError, AppResult};
use crate::services::{payout, policy};
use crate::store::Store;

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Read the files together and run every worked case 检查政策文件和案例
    Check {
        /// One file, or several that belong together 文件
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// What the files would cost, by community, before anything is proposed 政策测算
    Preview {
        /// One file, or several that belong together 文件
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Month to compute, YYYY-MM; default: this month 测算月份
        #[arg(long)]
        month: Option<Month>,
    },
    /// Store the files as a proposal, if every case comes out 提交政策
    Propose {
        /// One file, or several that belong together 文件
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        who: SignInArgs,
    },
    /// Put another's proposal in force; runs that were made keep theirs 启用政策
    Activate {
        /// Id that `policy list` shows 编号
        id: i64,
        #[command(flatten)]
        who: SignInArgs,
    },
    /// Take one's own proposal back 撤回政策
    Withdraw(EndArgs),
    /// Reject another's proposal 退回政策
    Reject(EndArgs),
    /// All proposals, and which one is in force 列出政策
    List,
}

/// The end of a proposal.
#[derive(Debug, Args)]
pub struct EndArgs {
    /// Id that `policy list` shows 编号
    id: i64,
    /// Why 原因
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    who: SignInArgs,
}

/// Runs `mingce policy …`.
///
/// # Errors
/// Each fault of a file by its place, each case that does not come out.
pub fn run(context: &Context, command: &PolicyCommand) -> AppResult<()> {
    match command {
        PolicyCommand::Check { files } => check(context, files),
        PolicyCommand::Preview { files, month } => preview(context, files, *month),
        PolicyCommand::Propose { files, who } => {
            propose(context, &context.open_existing()?, files, who)
        }
        PolicyCommand::Activate { id, who } => {
            activate(context, &context.open_existing()?, *id, who)
        }
        PolicyCommand::Withdraw(args) => {
            let store = context.open_existing()?;
            let actor = args.who.sign_in(&store)?;
            policy::withdraw(&store, &actor.authorize()?, args.id, &args.reason)?;
            say_ended(context, args.id, "withdrawn", "已撤回");
            Ok(())
        }
        PolicyCommand::Reject(args) => {
            let store = context.open_existing()?;
            let actor = args.who.sign_in(&store)?;
            policy::reject(&store, &actor.authorize()?, args.id, &args.reason)?;
            say_ended(context, args.id, "rejected", "已退回");
            Ok(())
        }
        PolicyCommand::List => list(context, &context.open()?),
    }
}

fn joined(files: &[PathBuf]) -> AppResult<String> {
    let texts = files
        .iter()
        .map(|file| std::fs::read_to_string(file).map_err(AppError::io(file)))
        .collect::<AppResult<Vec<_>>>()?;
    Ok(Policy::join(&texts.iter().map(String::as_str).collect::<Vec<_>>()))
}

fn check(context: &Context, files: &[PathBuf]) -> AppResult<()> {
    let policy = policy::check(&joined(files)?)?;
    let cases = crate::domain::policy::run_cases(&policy);
    if context.args.json {
        let ids: Vec<_> = cases.iter().map(|case| &case.id).collect();
        println!("{}", serde_json::json!({ "policy": policy.label(), "cases": ids }));
        return Ok(());
    }
    for case in &cases {
        println!("✓ {} {}", case.id, case.zh);
    }
    println!(
        "{}:{} 个案例全部通过 / all {} cases come out",
        policy.label(),
        cases.len(),
        cases.len()
    );
    Ok(())
}

fn preview(context: &Context, files: &[PathBuf], month: Option<Month>) -> AppResult<()> {
    let store = context.open_existing()?;
    let proposed = policy::check(&joined(files)?)?;
    let month = month.unwrap_or_else(|| Month::of(context.clock.today()));
    let actor = context.operator(&context.street(&store)?);
    let preview =
        payout::preview(&store, &actor.authorize()?, &proposed, month, &mut |_, _| Ok(()))?;
    if context.args.json {
        let rows: Vec<_> = preview
            .rows
            .iter()
            .map(|((program, area), row)| {
                serde_json::json!({ "program": program, "area": area, "cost": row, "difference_fen": row.difference() })
            })
            .collect();
        println!("{}", serde_json::json!({ "month": month, "rows": rows }));
        return Ok(());
    }
    println!("{} 测算 / preview of {}", month.zh(), proposed.label());
    for ((program, area), row) in &preview.rows {
        println!(
            "{program}  {area}  现 {} / {}  拟 {} / {}  差 {}",
            row.count_now,
            row.amount_now,
            row.count_then,
            row.amount_then,
            row.difference()
        );
    }
    Ok(())
}

fn say_ended(context: &Context, id: i64, state: &str, zh: &str) {
    if context.args.json {
        println!("{}", serde_json::json!({ (state): id }));
    } else {
        println!("{zh} {id} / {id} is {state}");
    }
}

fn propose(context: &Context, store: &Store, files: &[PathBuf], who: &SignInArgs) -> AppResult<()> {
    let text = joined(files)?;
    policy::check(&text)?;
    let actor = who.sign_in(store)?;
    let id = policy::propose(store, &actor.authorize()?, &text)?;
    if context.args.json {
        println!("{}", serde_json::json!({ "id": id }));
    } else {
        println!("已提交 {id},尚未启用 / proposed as {id}, not in force yet");
        println!("mingce policy activate {id} --user …");
    }
    Ok(())
}

fn activate(context: &Context, store: &Store, id: i64, who: &SignInArgs) -> AppResult<()> {
    let actor = who.sign_in(store)?;
    policy::activate(store, &actor.authorize()?, id)?;
    if context.args.json {
        println!("{}", serde_json::json!({ "active": id }));
    } else {
        println!("已启用 {id} / {id} is in force");
    }
    Ok(())
}

fn list(context: &Context, store: &Store) -> AppResult<()> {
    let actor = context.operator("");
    let rows = policy::list(store, &actor.authorize()?)?;
    if context.args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                serde_json::json!({
                    "id": row.id, "code": row.code, "version": row.version, "title": row.title,
                    "illustrative": row.illustrative, "status": row.status,
                })
            })
            .collect();
        println!("{}", serde_json::json!(rows));
        return Ok(());
    }
    if rows.is_empty() {
        println!("还没有政策 / no policy yet: mingce policy propose FILE --user …");
    }
    for row in rows {
        let example = if row.illustrative { "  示例 / example" } else { "" };
        println!(
            "{}  {} v{}  {}  {}{example}",
            row.id, row.code, row.version, row.status, row.title
        );
    }
    Ok(())
}
