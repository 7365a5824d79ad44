//! The command line: one file per command; each parses, calls a service and
//! renders. No rule of the trade is decided here.

// First: its macros hold for every module after it.
#[macro_use]
mod out;

mod backup;
mod certificate;
mod claim;
pub mod context;
mod demo;
mod explain;
mod export;
mod import;
mod invite;
mod keys;
mod payout;
mod payout_show;
mod policy;
pub mod report;
mod serve;
mod user;
mod verify;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{AppError, AppResult};

pub use context::{Context, GlobalArgs};

/// 人口与救助台账 · population and welfare registry.
#[derive(Debug, Parser)]
#[command(name = "mingce", version, after_help = EXIT_STATUS_HELP)]
struct Arguments {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS_HELP: &str = "Exit status: 0 done · 1 input refused · 2 wrong usage · 3 not found · \
4 conflict or closed month · 5 not allowed · 6 integrity check failed · 7 settings · 8 database or disk";

#[derive(Debug, Subcommand)]
enum Command {
    /// Build an invented sub-district, play its year 2023 and show what comes out 演示
    Demo(demo::DemoArgs),
    /// Apply pending schema migrations (back up first) 升级数据库结构
    Migrate,
    /// The month: draft, check, approve, pay, close 按月发放
    #[command(subcommand)]
    Payout(payout::PayoutCommand),
    /// Money that is owed back 追回
    #[command(subcommand)]
    Claim(claim::ClaimCommand),
    /// How the amount of a line came about 计算依据
    Explain(explain::ExplainArgs),
    /// Rates and rules: check, propose, put in force 政策
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Keys: show, rotate 密钥
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The month's table, rosters, annual figures 报表
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Write the registers as a book that imports back (plain personal data) 导出
    Export(export::ExportArgs),
    /// Read a book (xlsx or CSV) into the registry 导入
    Import(import::ImportArgs),
    /// Accounts of the people who may act 账户
    #[command(subcommand)]
    User(user::UserCommand),
    /// Write an encrypted backup while others go on working 备份
    Backup(backup::BackupArgs),
    /// Restore a backup into an empty folder or database 恢复
    Restore(backup::RestoreArgs),
    /// Restore a backup aside, check it, throw it away, note it 恢复演练
    Drill(backup::DrillArgs),
    /// Check the registry against itself; name what is wrong 校验
    Verify(verify::VerifyArgs),
    /// Open an account with a one-time code 一次性登录码
    Invite(invite::InviteArgs),
    /// Serve pages and API 启动服务
    Serve(serve::ServeArgs),
    /// Make a self-signed certificate for an office network 自签证书
    Certificate(certificate::CertificateArgs),
}

/// Parses the arguments, runs the command, turns an error into one message
/// on standard error and an exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are not errors; clap knows the difference.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let json = arguments.global.json;
    match dispatch(arguments).or_else(unless_pipe_closed).and_then(|()| out::finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error, json);
            ExitCode::from(error.code().exit_status())
        }
    }
}

fn dispatch(arguments: Arguments) -> AppResult<()> {
    let context = Context::new(arguments.global)?;
    match arguments.command {
        Command::Demo(args) => demo::run(&context, &args),
        Command::Migrate => context::migrate(&context),
        Command::Payout(command) => payout::run(&context, &command),
        Command::Claim(command) => claim::run(&context, &command),
        Command::Explain(args) => explain::run(&context, &args),
        Command::Policy(command) => policy::run(&context, &command),
        Command::Keys(command) => keys::run(&context, &command),
        Command::Report(command) => report::run(&context, &command),
        Command::Export(args) => export::run(&context, &args),
        Command::Import(args) => import::run(&context, &args),
        Command::User(command) => user::run(&context, &command),
        Command::Backup(args) => backup::create(&context, &args),
        Command::Restore(args) => backup::restore(&context, &args),
        Command::Drill(args) => backup::drill(&context, &args),
        Command::Verify(args) => verify::run(&context, &args),
        Command::Invite(args) => invite::run(&context, &args),
        Command::Serve(args) => serve::run(&context, &args),
        Command::Certificate(args) => certificate::run(&context, &args),
    }
}

/// `| head` is no failure, whichever way a command writes.
fn unless_pipe_closed(error: AppError) -> AppResult<()> {
    match error {
        AppError::Io { source, .. } if source.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Err(other),
    }
}

/// One line per refusal, or one JSON object where a program reads.
fn complain(error: &AppError, json: bool) {
    if json {
        let refusals = match error {
            AppError::Refused(refusals) => serde_json::json!(refusals),
            other => serde_json::json!([{ "code": other.code(), "en": other.to_string() }]),
        };
        eprintln!("{}", serde_json::json!({ "errors": refusals }));
    } else {
        eprintln!("{error}");
    }
}
