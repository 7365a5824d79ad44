//! `mingce keys`: which key-encryption key the registry needs.

use clap::Subcommand;

use super::Context;
use crate::error::AppResult;
use crate::store::keys;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Fingerprint of the key file, and whether it fits 查看密钥指纹
    Status,
}

/// Runs `mingce keys …`.
///
/// # Errors
/// The key file is missing or does not fit.
pub fn run(context: &Context, command: &KeysCommand) -> AppResult<()> {
    let KeysCommand::Status = command;
    // Opening proves that the key fits.
    context.open()?;
    let fingerprint = keys::fingerprint(&context.config.key_file)?;
    let file = context.config.key_file.display();
    if context.args.json {
        println!("{}", serde_json::json!({ "file": file.to_string(), "fingerprint": fingerprint }));
        return Ok(());
    }
    println!("{file}  {fingerprint}");
    println!(
        "丢失这个文件,身份证号、电话、账号等加密内容将永远无法读取;它不在任何备份里,请另处保存。"
    );
    println!(
        "If this file is lost, ID numbers, phones and accounts can never be read again. No backup holds it: keep a copy elsewhere."
    );
    Ok(())
}
