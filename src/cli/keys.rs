//! `mingce keys`: which keys the registry needs, and changing them.

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::error::AppResult;
use crate::services::index_keys::rotate_index as rotate_index_key;
use crate::services::{access, keys as service};
use crate::store::keys;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Fingerprint of the key file, and the data keys it wraps 查看密钥
    #[command(alias = "status")]
    Show,
    /// A new data key; every changeable value is sealed anew while others work 轮换密钥
    Rotate(RotateArgs),
}

/// `mingce keys rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// A new key file instead; the old one is kept for the backups that need it 更换密钥文件
    #[arg(long, conflicts_with = "tokens")]
    kek: bool,
    /// A new signing key of access tokens instead 更换令牌签名密钥
    #[arg(long)]
    tokens: bool,
    /// A new key of the search indexes instead: nobody can write meanwhile 更换盲索引密钥
    #[arg(long, conflicts_with_all = ["kek", "tokens"])]
    index: bool,
}

/// What the loss of the key file means (`rulings.md` P1).
const LOSS_ZH: &str =
    "丢失这个文件,身份证号、电话、账号等加密内容将永远无法读取;它不在任何备份里,请另处保存。";
const LOSS_EN: &str = "If this file is lost, ID numbers, phones and accounts can never be read again. No backup holds it: keep a copy elsewhere.";

/// Runs `mingce keys …`.
///
/// # Errors
/// The key file is missing or does not fit; what the service refuses.
pub fn run(context: &Context, command: &KeysCommand) -> AppResult<()> {
    match command {
        KeysCommand::Show => show(context),
        KeysCommand::Rotate(args) if args.kek => rotate_kek(context),
        KeysCommand::Rotate(args) if args.tokens => rotate_tokens(context),
        KeysCommand::Rotate(args) if args.index => rotate_index(context),
        KeysCommand::Rotate(_) => rotate(context),
    }
}

/// Says, where a key file has just been made, what it is (on standard error:
/// a program that reads the output is not disturbed).
///
/// # Errors
/// The key file cannot be read.
pub(super) fn introduce(key_file: &std::path::Path) -> AppResult<()> {
    let fingerprint = keys::fingerprint(key_file)?;
    let file = key_file.display();
    eprintln!("新密钥文件 {file}(指纹 {fingerprint})。{LOSS_ZH}");
    eprintln!("New key file {file} (fingerprint {fingerprint}). {LOSS_EN}");
    Ok(())
}

fn show(context: &Context) -> AppResult<()> {
    // Opening proves that the key fits.
    let store = context.open()?;
    let actor = context.operator("");
    let all = service::list(&store, &actor.authorize()?)?;
    let fingerprint = keys::fingerprint(&context.config.key_file)?;
    let file = context.config.key_file.display();
    if context.args.json {
        let shown = json!({ "file": file.to_string(), "fingerprint": fingerprint, "keys": all });
        println!("{shown}");
        return Ok(());
    }
    println!("{file}  {fingerprint}");
    for key in all {
        let made = key.created_at.format("%Y-%m-%d %H:%M");
        let retired = key
            .retired_at
            .map(|at| format!("  已停用 / retired {}", at.format("%Y-%m-%d %H:%M")))
            .unwrap_or_default();
        println!("{:>5}  {:<6}  {made} UTC{retired}", key.id, key.purpose);
    }
    println!("{LOSS_ZH}");
    println!("{LOSS_EN}");
    Ok(())
}

fn rotate(context: &Context) -> AppResult<()> {
    let store = context.open()?;
    let actor = context.operator("");
    let bar = if context.args.json {
        indicatif::ProgressBar::hidden()
    } else {
        indicatif::ProgressBar::new_spinner()
    };
    let key_file = &context.config.key_file;
    let done =
        service::rotate(&store, &actor.authorize()?, key_file, &mut |n| bar.set_position(n))?;
    bar.finish_and_clear();
    if context.args.json {
        println!("{}", json!(done));
        return Ok(());
    }
    println!(
        "新密钥 {}:已重新加密 {} 项,销毁无用旧密钥 {} 个 / key {}: {} value(s) sealed anew, {} unused old key(s) destroyed",
        done.key, done.resealed, done.destroyed, done.key, done.resealed, done.destroyed
    );
    Ok(())
}

fn rotate_index(context: &Context) -> AppResult<()> {
    let store = context.open_existing()?;
    let actor = context.operator("");
    let bar = if context.args.json {
        indicatif::ProgressBar::hidden()
    } else {
        eprintln!("更换期间所有登记和修改都要等待;打开着的表单之后须刷新。");
        eprintln!("Meanwhile every change waits; forms that are open have to be reloaded.");
        indicatif::ProgressBar::new_spinner()
    };
    let key_file = &context.config.key_file;
    let by = actor.authorize()?;
    let done = rotate_index_key(&store, &by, key_file, &mut |n| bar.set_position(n))?;
    bar.finish_and_clear();
    if context.args.json {
        println!("{}", json!(done));
    } else {
        println!(
            "新盲索引密钥 {}:重新计算 {} 项,其中证件号 {} 个 / index key {}: {} index(es) computed anew, {} number(s) of documents",
            done.key, done.indexes, done.claims, done.key, done.indexes, done.claims
        );
    }
    Ok(())
}

fn rotate_kek(context: &Context) -> AppResult<()> {
    let store = context.open()?;
    let actor = context.operator("");
    let (change, kept) =
        service::rotate_kek(&store, &actor.authorize()?, &context.config.key_file)?;
    let (file, kept) = (context.config.key_file.display(), kept.display());
    if context.args.json {
        println!("{}", json!({ "old": change.old, "new": change.new, "kept": kept.to_string() }));
        return Ok(());
    }
    println!(
        "新密钥文件 {file}(指纹 {})。旧文件保存为 {kept}(指纹 {}):此前的备份仍需要它。",
        change.new, change.old
    );
    println!(
        "New key file {file} (fingerprint {}). The old one is kept as {kept} (fingerprint {}): backups made before still need it.",
        change.new, change.old
    );
    println!("{LOSS_ZH}");
    println!("{LOSS_EN}");
    Ok(())
}

fn rotate_tokens(context: &Context) -> AppResult<()> {
    let store = context.open()?;
    let by = context.operator("");
    access::token::rotate_key(&store, &by.authorize()?)?;
    if context.args.json {
        println!("{}", json!({ "rotated": "tokens" }));
    } else {
        println!("已更换令牌签名密钥 / a new key signs access tokens");
    }
    Ok(())
}
