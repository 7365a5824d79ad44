//! `mingce user`: accounts of the people who may act.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Context;
use super::context::read_new_password;
use crate::domain::role::{Rights, Role};
use crate::error::{AppError, AppResult, Refusal};
use crate::services::user::{self, NewUser, PasswordCost};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make an account 新增账户
    Add(AddArgs),
    /// Rights beyond the role: children's and mental-health files 附加权限
    Rights {
        /// User name 用户名
        username: String,
        /// child, mental, both with a comma, or none 权限
        rights: String,
    },
    /// List all accounts 列出账户
    List,
    /// Disable an account; its name stays in the log 停用账户
    Disable {
        /// User name 用户名
        username: String,
    },
    /// Set a new password 重设密码
    Password {
        /// User name 用户名
        username: String,
        /// Read the password from the first line of this file 密码文件
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
}

/// `mingce user add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// User name: 2 to 32 letters, digits, `.`, `_` or `-` 用户名
    username: String,
    /// grid, supervisor, clerk, approver, auditor or admin 角色
    #[arg(long)]
    role: String,
    /// Name of the person 姓名
    #[arg(long)]
    name: String,
    /// Area code; default: the street 范围代码
    #[arg(long)]
    scope: Option<String>,
    /// Rights beyond the role: child, mental, or both with a comma 附加权限
    #[arg(long)]
    rights: Option<String>,
    /// Read the password from the first line of this file; otherwise it is asked for twice 密码文件
    #[arg(long)]
    password_file: Option<PathBuf>,
}

/// Runs `mingce user …`.
///
/// # Errors
/// What the service refuses.
pub fn run(context: &Context, command: &UserCommand) -> AppResult<()> {
    let store = context.open()?;
    let actor = context.operator("");
    let by = actor.authorize()?;
    match command {
        UserCommand::Add(args) => {
            let role: Role = args.role.parse().map_err(|()| unknown_role(&args.role))?;
            let scope = match &args.scope {
                Some(code) => code.clone(),
                None => context.street(&store)?,
            };
            let rights = args.rights.as_deref().map(rights).transpose()?;
            let password = read_new_password(args.password_file.as_deref())?;
            let new = NewUser {
                username: &args.username,
                display_name: &args.name,
                role,
                scope_code: &scope,
                password: &password,
            };
            let mut added = user::add(&store, &by, &new, PasswordCost::STANDARD)?;
            if let Some(rights) = rights.filter(|rights| *rights != Rights::default()) {
                user::set_rights(&store, &by, &added.username, rights)?;
                added.rights = rights.list();
            }
            if context.args.json {
                println!("{}", serde_json::json!(added));
            } else {
                println!(
                    "已新增账户 {} ({}) / account {} ({}) added",
                    added.username,
                    role.zh(),
                    added.username,
                    added.role
                );
            }
            Ok(())
        }
        UserCommand::Rights { username, rights: list } => {
            let rights = rights(list)?;
            user::set_rights(&store, &by, username, rights)?;
            let list = rights.list();
            let list = if list.is_empty() { "none" } else { &list };
            println!("{username} 的附加权限:{list} / rights of {username}: {list}");
            Ok(())
        }
        UserCommand::List => {
            let users = user::list(&store, &by)?;
            print_list(&users, context.args.json);
            Ok(())
        }
        UserCommand::Disable { username } => {
            user::disable(&store, &by, username)?;
            println!("已停用 {username} / {username} disabled");
            Ok(())
        }
        UserCommand::Password { username, password_file } => {
            let password = read_new_password(password_file.as_deref())?;
            user::set_password(&store, &by, username, &password, PasswordCost::STANDARD)?;
            println!("已重设 {username} 的密码 / password of {username} set");
            Ok(())
        }
    }
}

fn print_list(users: &[user::User], json: bool) {
    if json {
        println!("{}", serde_json::json!(users));
        return;
    }
    println!("用户名 username\t姓名 name\t角色 role\t范围 scope\t状态 status\t附加权限 rights");
    for user in users {
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            user.username, user.display_name, user.role, user.scope_code, user.status, user.rights
        );
    }
}

fn rights(list: &str) -> AppResult<Rights> {
    let list = if list.trim() == "none" { "" } else { list };
    Rights::parse(list).ok_or_else(|| {
        AppError::refuse(Refusal::field(
            "rights",
            format!("没有权限“{list}”;可用:child(儿童)、mental(精神障碍)、none。"),
            format!("There is no right \"{list}\"; choose child, mental or none."),
        ))
    })
}

fn unknown_role(role: &str) -> AppError {
    let known: Vec<_> = Role::ACCOUNT_ROLES.iter().map(|role| role.as_str()).collect();
    let known = known.join(", ");
    AppError::refuse(Refusal::field(
        "role",
        format!("角色“{role}”不认识;可用:{known}。"),
        format!("Unknown role \"{role}\"; one of: {known}."),
    ))
}
