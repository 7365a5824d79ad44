//! `mingce invite`: an account that its owner opens with a one-time code. The
//! first administrator comes in this way; there is no default account.

use clap::Args;

use super::Context;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::access::invite::{self, Invitation};
use crate::services::user::PasswordCost;

/// Who is invited.
#[derive(Debug, Args)]
pub struct InviteArgs {
    /// User name 用户名
    username: String,
    /// Name of the person 姓名
    #[arg(long, required_unless_present = "reset")]
    name: Option<String>,
    /// grid, supervisor, clerk, approver, auditor or admin 角色
    #[arg(long, default_value = "admin")]
    role: String,
    /// Area code; default: the street 范围代码
    #[arg(long)]
    scope: Option<String>,
    /// A new code for an account that exists; its password ends 重置
    #[arg(long)]
    reset: bool,
}

/// Prints a one-time code, good for 24 hours and one sign-in.
///
/// # Errors
/// What the service refuses.
pub fn run(context: &Context, args: &InviteArgs) -> AppResult<()> {
    let store = context.open()?;
    let actor = context.operator("");
    let by = actor.authorize()?;
    let code = if args.reset {
        invite::reset(&store, &by, &args.username, PasswordCost::STANDARD)?
    } else {
        let role: Role = args.role.parse().map_err(|()| {
            AppError::refuse(Refusal::field(
                "role",
                "角色应为 grid、supervisor、clerk、approver、auditor 或 admin。",
                "The role is one of grid, supervisor, clerk, approver, auditor, admin.",
            ))
        })?;
        let scope = match &args.scope {
            Some(code) => code.clone(),
            None => context.street(&store)?,
        };
        let new = Invitation {
            username: &args.username,
            display_name: args.name.as_deref().unwrap_or_default(),
            role,
            scope_code: &scope,
        };
        invite::invite(&store, &by, &new, PasswordCost::STANDARD)?
    };
    if context.args.json {
        println!("{}", serde_json::json!({ "username": args.username, "code": code }));
    } else {
        println!("{code}");
        eprintln!(
            "一次性登录码,24 小时内有效,只能用一次;登录后须设置自己的密码。\n\
             A one-time code: good for 24 hours and one sign-in, after which a password must be set."
        );
    }
    Ok(())
}
