//! `mingce payout`: the month, step by step. Whoever makes a run and whoever
//! approves it sign in with their own names (`rulings.md` P8).

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use serde_json::json;

use super::context::SignInArgs;
use super::{Context, payout_show as show};
use crate::domain::ids::LineId;
use crate::domain::month::Month;
use crate::domain::payout::{ReturnReason, RunState};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::payout::{self, DraftOptions, ReturnedLine};
use crate::services::{Actor, award};
use crate::store::Store;
use crate::store::run::RunRow;

/// The steps of a month.
#[derive(Debug, Subcommand)]
pub enum PayoutCommand {
    /// Compute the month's runs; a draft is replaced 编制
    Draft(DraftArgs),
    /// The runs of a month, and their lines 查看
    Show(show::ShowArgs),
    /// Hold the award of a line from its month on 暂缓
    Hold(HoldArgs),
    /// Release a hold; the next draft pays what was held 解除暂缓
    Release(ReleaseArgs),
    /// Submit drafts for approval 提交
    Submit(SubmitArgs),
    /// Take submitted runs back 撤回
    Withdraw(ReasonArgs),
    /// Return submitted runs to their makers 退回
    Return(ReasonArgs),
    /// Approve submitted runs that were looked at 审批
    Approve(ApproveArgs),
    /// Void runs that are not paid 作废
    Void(ReasonArgs),
    /// Record the day on which the bank paid 登记发放
    RecordPayment(PaymentArgs),
    /// Record payments that came back 登记退票
    RecordReturns(ReturnsArgs),
    /// Close the month and store its table 归档
    Close(CloseArgs),
}

/// Which runs.
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// Month, YYYY-MM 月份
    month: Month,
    /// Only this program (repeatable) 项目
    #[arg(long = "program")]
    programs: Vec<String>,
}

impl RunsArgs {
    /// The month's visible runs that are asked for and stand in `states`.
    fn select(&self, store: &Store, actor: &Actor, states: &[RunState]) -> AppResult<Vec<RunRow>> {
        let street = actor.scope().street_code();
        let runs = store.read(|conn| payout::list_month(conn, street, self.month))?;
        let named: Vec<RunRow> = runs
            .into_iter()
            .filter(|r| self.programs.is_empty() || self.programs.contains(&r.program))
            .collect();
        if let Some(missing) = self.programs.iter().find(|p| named.iter().all(|r| r.program != **p))
        {
            return Err(AppError::refuse(Refusal::field(
                "program",
                format!("{}没有“{missing}”的批次。", self.month.zh()),
                format!("{} has no run of \"{missing}\".", self.month),
            )));
        }
        let wanted: Vec<RunRow> =
            named.iter().filter(|r| states.contains(&r.state)).cloned().collect();
        if wanted.is_empty() {
            let needed: Vec<&str> = states.iter().map(|s| s.zh()).collect();
            let needed_en: Vec<&str> = states.iter().map(|s| s.en()).collect();
            return Err(AppError::coded(
                ErrorCode::Conflict,
                format!("{}没有状态为“{}”的批次。", self.month.zh(), needed.join("、")),
                format!("{} has no run that is {}.", self.month, needed_en.join(" or ")),
            ));
        }
        Ok(wanted)
    }
}

/// `mingce payout draft`.
#[derive(Debug, Args)]
pub struct DraftArgs {
    #[command(flatten)]
    runs: RunsArgs,
    /// Look at every month of the ledger, not only at the changed ones 全量核算
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout submit`.
#[derive(Debug, Args)]
pub struct SubmitArgs {
    #[command(flatten)]
    runs: RunsArgs,
    /// Accept lines without an open account, for this reason 无账户原因
    #[arg(long)]
    without_accounts: Option<String>,
    #[command(flatten)]
    who: SignInArgs,
}

/// A step that needs a reason.
#[derive(Debug, Args)]
pub struct ReasonArgs {
    #[command(flatten)]
    runs: RunsArgs,
    /// Why 原因
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    runs: RunsArgs,
    /// Hash (at least its first 12 digits) of what was looked at, as `show` prints it for these runs 校验码
    #[arg(long)]
    hash: String,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout hold`.
#[derive(Debug, Args)]
pub struct HoldArgs {
    /// Id of a line 明细编号
    line: i64,
    /// Why 原因
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// Id of the hold 暂缓编号
    hold: i64,
    /// Why 原因
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout record-payment`.
#[derive(Debug, Args)]
pub struct PaymentArgs {
    #[command(flatten)]
    runs: RunsArgs,
    /// The day of payment; default: today 发放日期
    #[arg(long)]
    on: Option<NaiveDate>,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout record-returns`.
#[derive(Debug, Args)]
pub struct ReturnsArgs {
    #[command(flatten)]
    runs: RunsArgs,
    /// LINE:CODE, for example 123:F03 (repeatable) 明细编号:退票代码
    #[arg(long = "line", required = true)]
    lines: Vec<String>,
    /// The day on which they came back; default: today 退票日期
    #[arg(long)]
    on: Option<NaiveDate>,
    #[command(flatten)]
    who: SignInArgs,
}

/// `mingce payout close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// Month, YYYY-MM 月份
    month: Month,
    #[command(flatten)]
    who: SignInArgs,
}

/// Runs `mingce payout …`.
///
/// # Errors
/// What the services refuse.
pub fn run(context: &Context, command: &PayoutCommand) -> AppResult<()> {
    let store = context.open_existing()?;
    match command {
        PayoutCommand::Show(args) => return show::show(context, &store, args),
        PayoutCommand::Hold(args) => return hold(context, &store, args),
        PayoutCommand::Release(args) => return release(context, &store, args),
        PayoutCommand::RecordReturns(args) => return returns(context, &store, args),
        _ => {}
    }
    let runs = match command {
        PayoutCommand::Draft(args) => draft(&store, args)?,
        PayoutCommand::Submit(args) => {
            let actor = args.who.sign_in(&store)?;
            let reason = args.without_accounts.as_deref();
            each(&store, &args.runs, &actor, &[RunState::Draft], |row| {
                payout::submit(&store, &actor.authorize()?, row.id, reason)
            })?
        }
        PayoutCommand::Withdraw(args) => {
            let actor = args.who.sign_in(&store)?;
            each(&store, &args.runs, &actor, &[RunState::Submitted], |row| {
                payout::withdraw(&store, &actor.authorize()?, row.id, &args.reason)
            })?
        }
        PayoutCommand::Return(args) => {
            let actor = args.who.sign_in(&store)?;
            each(&store, &args.runs, &actor, &[RunState::Submitted], |row| {
                payout::return_run(&store, &actor.authorize()?, row.id, &args.reason)
            })?
        }
        PayoutCommand::Approve(args) => approve(&store, args)?,
        PayoutCommand::Void(args) => void(&store, args)?,
        PayoutCommand::RecordPayment(args) => {
            let actor = args.who.sign_in(&store)?;
            let on = args.on.unwrap_or_else(|| context.clock.today());
            each(&store, &args.runs, &actor, &[RunState::Approved], |row| {
                payout::record_payment(&store, &actor.authorize()?, row.id, on)
            })?
        }
        PayoutCommand::Close(args) => {
            let actor = args.who.sign_in(&store)?;
            payout::close_month(&store, &actor.authorize()?, args.month)?
        }
        _ => Vec::new(),
    };
    show::print_runs(context, &runs);
    Ok(())
}

fn each(
    store: &Store,
    runs: &RunsArgs,
    actor: &Actor,
    states: &[RunState],
    step: impl Fn(&RunRow) -> AppResult<RunRow>,
) -> AppResult<Vec<RunRow>> {
    runs.select(store, actor, states)?.iter().map(step).collect()
}

fn draft(store: &Store, args: &DraftArgs) -> AppResult<Vec<RunRow>> {
    let actor = args.who.sign_in(store)?;
    let programs: Vec<&str> = args.runs.programs.iter().map(String::as_str).collect();
    let options = DraftOptions {
        programs: (!programs.is_empty()).then_some(programs.as_slice()),
        full: args.full,
        ..DraftOptions::default()
    };
    let drafted = payout::draft(store, &actor.authorize()?, args.runs.month, options)?;
    Ok(drafted.into_iter().map(|d| d.run).collect())
}

/// The hash given must be that of exactly these runs: one run's own, or that of
/// all of them together.
fn approve(store: &Store, args: &ApproveArgs) -> AppResult<Vec<RunRow>> {
    let actor = args.who.sign_in(store)?;
    let by = actor.authorize()?;
    let runs = args.runs.select(store, &actor, &[RunState::Submitted])?;
    let seen = show::hash_of(&runs);
    let given = args.hash.trim().to_ascii_lowercase();
    if given.len() < 12 || !seen.starts_with(&given) {
        return Err(AppError::refuse(Refusal::field(
            "hash",
            "校验码与现在的批次不符,请先用 payout show 核对。",
            "The hash is not that of these runs now; look at them with payout show first.",
        )));
    }
    runs.iter()
        .map(|row| {
            let hash = row.content_hash.as_deref().unwrap_or_default();
            payout::approve(store, &by, row.id, hash)
        })
        .collect()
}

fn void(store: &Store, args: &ReasonArgs) -> AppResult<Vec<RunRow>> {
    let actor = args.who.sign_in(store)?;
    let states = [RunState::Draft, RunState::Submitted, RunState::Approved];
    each(store, &args.runs, &actor, &states, |row| match row.state {
        RunState::Approved => {
            payout::void_approved(store, &actor.authorize()?, row.id, &args.reason)
        }
        _ => payout::void(store, &actor.authorize()?, row.id, &args.reason),
    })
}

fn hold(context: &Context, store: &Store, args: &HoldArgs) -> AppResult<()> {
    let actor = args.who.sign_in(store)?;
    let line = payout::find_run_line(store, &actor.authorize()?, LineId(args.line))?;
    let today = context.clock.today();
    let by = actor.authorize()?;
    let hold = award::place_hold(store, &by, line.award_id, line.month, today, &args.reason)?;
    if context.args.json {
        println!("{}", json!({ "hold": hold, "award": line.award_id, "from": line.month }));
    } else {
        println!("已暂缓,编号 {hold};请重新编制草稿 / held as {hold}; draft again");
    }
    Ok(())
}

fn release(context: &Context, store: &Store, args: &ReleaseArgs) -> AppResult<()> {
    let actor = args.who.sign_in(store)?;
    let today = context.clock.today();
    award::release_hold(store, &actor.authorize()?, args.hold, today, &args.reason)?;
    if context.args.json {
        println!("{}", json!({ "released": args.hold }));
    } else {
        println!("已解除,下次编制补发 / released; the next draft pays it");
    }
    Ok(())
}

fn returns(context: &Context, store: &Store, args: &ReturnsArgs) -> AppResult<()> {
    let actor = args.who.sign_in(store)?;
    let returned_on = args.on.unwrap_or_else(|| context.clock.today());
    let items: Vec<ReturnedLine> =
        args.lines.iter().map(|text| returned(text, returned_on)).collect::<AppResult<_>>()?;
    let runs = args.runs.select(store, &actor, &[RunState::Paid, RunState::Closed])?;
    let [run] = runs.as_slice() else {
        return Err(AppError::refuse(Refusal::field(
            "program",
            "请用 --program 指定一个项目。",
            "Choose one program with --program.",
        )));
    };
    let count = payout::record_returns(store, &actor.authorize()?, run.id, &items)?;
    if context.args.json {
        println!("{}", json!({ "run": run.id, "returned": count }));
    } else {
        println!("已登记退票 {count} 笔 / {count} returned payment(s) recorded");
    }
    Ok(())
}

fn returned(text: &str, returned_on: NaiveDate) -> AppResult<ReturnedLine> {
    let parsed = text
        .split_once(':')
        .and_then(|(line, code)| Some((line.trim().parse().ok()?, ReturnReason::parse(code)?)));
    let codes = ReturnReason::ALL.iter().map(|r| format!("{} {}", r.code(), r.zh()));
    let codes = codes.collect::<Vec<_>>().join("、");
    let (line, reason) = parsed.ok_or_else(|| {
        AppError::refuse(Refusal::field(
            "line",
            format!("“{text}”应写作 明细编号:退票代码,代码:{codes}。"),
            format!("\"{text}\" should be LINE:CODE with a code of F01–F07 or F09."),
        ))
    })?;
    Ok(ReturnedLine { line: LineId(line), reason, returned_on })
}
