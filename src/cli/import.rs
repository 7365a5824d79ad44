//! `mingce import`: a book into the registry, or the empty template.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::import::{
    ImportOptions, ImportReport, import_book_with, open_book, write_errors, write_template,
};
use crate::store::book::list_streets;

/// Options of `mingce import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// BOOK.xlsx, a folder of CSV files, or one CSV file 工作簿
    #[arg(required_unless_present = "template")]
    pub book: Option<PathBuf>,
    /// Check everything, write nothing 只检查,不保存
    #[arg(long)]
    pub dry_run: bool,
    /// Import the good rows although others are refused 跳过有错的行
    #[arg(long)]
    pub skip_rejected: bool,
    /// Write the book with an error column to this file 错误清单
    #[arg(long, value_name = "OUT.xlsx")]
    pub errors: Option<PathBuf>,
    /// Write the empty template to this file and stop 空白模板
    #[arg(long, value_name = "OUT.xlsx", conflicts_with_all = ["book", "dry_run", "errors"])]
    pub template: Option<PathBuf>,
}

/// How many refusals are printed; all are in the errors file.
const SHOWN: usize = 50;

/// Runs the command.
///
/// # Errors
/// The book cannot be read, or rows were refused.
pub fn run(context: &Context, args: &ImportArgs) -> AppResult<()> {
    if let Some(path) = &args.template {
        write_template(path)?;
        println!("已写模板 / template written: {}", path.display());
        return Ok(());
    }
    let Some(path) = &args.book else { return Ok(()) };
    let mut source = open_book(path)?;
    let store = context.open()?;
    let street = match &context.args.street {
        Some(street) => street.clone(),
        None => only_street(&store, source.as_mut())?,
    };
    let actor = context.operator(&street);
    let by = actor.authorize()?;
    let options = ImportOptions { dry_run: args.dry_run, skip_rejected: args.skip_rejected };
    let bar = progress_bar();
    let report = import_book_with(&store, &by, source.as_mut(), &options, &mut |sheet, rows| {
        bar.set_message(sheet.to_owned());
        bar.inc(rows);
    })?;
    bar.finish_and_clear();
    print(&report, context.args.json);
    if let Some(path) = &args.errors {
        write_errors(source.as_mut(), &report, path)?;
    }
    finish(&report)
}

/// Refused rows make a failing exit status.
fn finish(report: &ImportReport) -> AppResult<()> {
    if report.rejected() == 0 {
        return Ok(());
    }
    let (rejected, saved) = (report.rejected(), report.saved && !report.dry_run);
    let (zh, en) = if saved {
        ("其余已保存", "the others were saved")
    } else {
        ("未保存任何内容", "nothing was saved")
    };
    Err(AppError::refuse(Refusal::field(
        &report.book,
        format!("有 {rejected} 行未通过,{zh}。"),
        format!("{rejected} row(s) were refused; {en}."),
    )))
}

/// Drawn on a terminal only.
fn progress_bar() -> indicatif::ProgressBar {
    if !std::io::stderr().is_terminal() {
        return indicatif::ProgressBar::hidden();
    }
    let bar = indicatif::ProgressBar::new_spinner();
    let style = indicatif::ProgressStyle::with_template(
        "{spinner} {msg} {human_pos} 行 {per_sec} {elapsed}",
    );
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

/// The only street of the registry, or of the book's own sheet of areas.
fn only_street(
    store: &crate::store::Store,
    source: &mut dyn crate::services::import::BookSource,
) -> AppResult<String> {
    let mut streets = store.read(|conn| Ok(list_streets(conn)?))?;
    if streets.is_empty() {
        streets = crate::services::import::streets_of(source)?;
    }
    match streets.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(AppError::coded(
            ErrorCode::InvalidInput,
            "请用 --street 写明 9 位街道代码(登记簿或工作簿里没有,或有多个街道)。",
            "Give the 9-digit code of the street with --street: there is none, or more than one.",
        )),
    }
}

fn print(report: &ImportReport, json: bool) {
    if json {
        println!("{}", serde_json::json!(report));
        return;
    }
    println!("表 sheet\t行 rows\t新增 inserted\t更新 updated\t不变 unchanged\t未通过 rejected");
    for s in &report.sheets {
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            s.sheet, s.rows, s.inserted, s.updated, s.unchanged, s.rejected
        );
    }
    for refusal in report.refusals.iter().take(SHOWN) {
        eprintln!("{refusal}");
    }
    let more = report.refusal_count.saturating_sub(SHOWN as u64);
    if more > 0 {
        eprintln!(
            "…… 另有 {more} 处,用 --errors OUT.xlsx 查看 / {more} more, see --errors OUT.xlsx"
        );
    }
    for remark in report.remarks.iter().take(SHOWN) {
        eprintln!("提示 note: {remark}");
    }
    let state = match (report.dry_run, report.saved) {
        (true, _) => "只检查,未保存 / checked only, nothing saved",
        (false, true) => "已保存 / saved",
        (false, false) => "未保存 / not saved",
    };
    println!("{state} · SHA-256 {}", report.digest);
}
