//! `mingce backup` and `mingce restore`.

use std::path::PathBuf;

use clap::Args;

use super::{Context, verify};
use crate::config::{Config, Database};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::backup;

/// `mingce backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// File to write, for example /media/usb/2023-11-30.mcb 备份文件
    out: PathBuf,
}

/// Writes a backup.
///
/// # Errors
/// What the service refuses.
pub fn create(context: &Context, args: &BackupArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator("");
    let made = backup::create(&store, &actor.authorize()?, &context.config, &args.out)?;
    if context.args.json {
        println!("{}", serde_json::json!(made));
        return Ok(());
    }
    println!(
        "已备份 {} 行到 {}({} 字节)/ {} rows written to {} ({} bytes)",
        made.rows,
        made.file.display(),
        made.bytes,
        made.rows,
        made.file.display(),
        made.bytes
    );
    println!("SHA-256 {}", made.sha256);
    println!(
        "恢复时需要密钥文件(指纹 {});它不在备份中,请另处保存。/ Restoring needs the key file (fingerprint {}); it is not in the backup: keep it elsewhere.",
        made.kek, made.kek
    );
    Ok(())
}

/// `mingce drill`.
#[derive(Debug, Args)]
pub struct DrillArgs {
    /// File written by `mingce backup` 备份文件
    input: PathBuf,
}

/// Restores a backup aside, checks it and throws it away.
///
/// # Errors
/// What the service refuses; the restored registry is not what was backed up.
pub fn drill(context: &Context, args: &DrillArgs) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator("");
    let by = actor.authorize()?;
    let done = backup::drill(&store, &actor, &by, &context.config, &args.input)?;
    if context.args.json {
        println!("{}", serde_json::json!(done));
    } else {
        println!(
            "演练恢复 {} 行(备份时间 {} UTC)/ {} rows restored for the drill",
            done.rows, done.made_at, done.rows
        );
    }
    if done.failed.is_empty() {
        return Ok(());
    }
    let failed = done.failed.join(", ");
    Err(AppError::coded(
        ErrorCode::Integrity,
        format!("演练未通过:{failed}。请立即重新备份并再次演练。"),
        format!("The drill failed: {failed}. Make another backup now and drill it."),
    ))
}

/// `mingce restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// File written by `mingce backup` 备份文件
    input: PathBuf,
    /// Empty folder that becomes the data folder; it may hold keys/kek 目标文件夹
    #[arg(long)]
    into: PathBuf,
    /// Compare every table with the backup and run all checks afterwards 恢复后校验
    #[arg(long)]
    verify: bool,
}

/// Restores a backup into an empty folder, or into the empty PostgreSQL
/// database that `--database-url` names.
///
/// # Errors
/// What the service refuses; a check failed.
pub fn restore(context: &Context, args: &RestoreArgs) -> AppResult<()> {
    let database_url = match &context.config.database {
        Database::Postgres(url) => Some(url.as_str()),
        Database::Sqlite(_) => None,
    };
    let key_file = context.args.key_file.clone();
    let config = Config::new(args.into.clone(), database_url, key_file)?;
    let actor = context.operator("");
    let clock = context.clock.clone();
    let (store, manifest) = backup::restore(&config, clock, &actor.authorize()?, &args.input)?;
    let rows: u64 = manifest.tables.values().map(|table| table.rows).sum();
    if context.args.json {
        println!("{}", serde_json::json!({ "rows": rows, "manifest": manifest }));
    } else {
        println!(
            "已恢复 {rows} 行(备份时间 {} UTC)到 {} / {rows} rows restored into {}",
            manifest.made_at,
            args.into.display(),
            args.into.display()
        );
    }
    if !args.verify {
        return Ok(());
    }
    let differing = backup::compare(&store, &manifest)?;
    if !differing.is_empty() {
        let tables = differing.join(", ");
        return Err(AppError::coded(
            ErrorCode::Integrity,
            format!("恢复后的表与备份不一致:{tables}"),
            format!("Restored tables differ from the backup: {tables}"),
        ));
    }
    verify::check(&store, &actor, true, context.args.json)
}
