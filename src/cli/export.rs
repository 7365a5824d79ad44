//! `mingce export`: a street's registers as a book that imports back.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::export::export_book;
use crate::store::book::list_streets;

/// Options of `mingce export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// OUT.xlsx, or a folder for CSV files; must not exist 输出
    pub target: PathBuf,
    /// What the data is for; kept in the log 用途
    #[arg(long)]
    pub purpose: String,
}

/// Runs the command.
///
/// # Errors
/// As [`export_book`].
pub fn run(context: &Context, args: &ExportArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let street = match &context.args.street {
        Some(street) => street.clone(),
        None => match store.read(|conn| Ok(list_streets(conn)?))?.as_slice() {
            [only] => only.clone(),
            _ => {
                return Err(AppError::coded(
                    ErrorCode::InvalidInput,
                    "登记簿里没有街道或有多个街道,请用 --street 写明 9 位街道代码。",
                    "There is no street, or more than one: give its 9-digit code with --street.",
                ));
            }
        },
    };
    let actor = context.operator(&street);
    let by = actor.authorize()?;
    let report = export_book(&store, &by, &args.target, &args.purpose)?;
    if context.args.json {
        println!("{}", serde_json::json!(report));
        return Ok(());
    }
    for (sheet, rows) in &report.sheets {
        println!("{sheet}\t{rows}");
    }
    println!("{} · SHA-256 {}", args.target.display(), report.digest);
    Ok(())
}
