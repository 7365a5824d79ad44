//! One-time codes: how the first administrator and everybody after them gets
//! in. Nobody ever sets a password for somebody else (SEC-007, SEC-018).

use super::policy::AccessPolicy;
use super::totp::base32;
use crate::clock::random_bytes;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ManageUsers};
use crate::services::user::{self, NewUser, PasswordCost};
use crate::store::audit::Entry;
use crate::store::{REGISTRY_CHAIN, Store, access};

/// A new account that is opened with a one-time code.
#[derive(Debug, Clone, Copy)]
pub struct Invitation<'a> {
    /// User name.
    pub username: &'a str,
    /// Name on screens.
    pub display_name: &'a str,
    /// One role.
    pub role: Role,
    /// Area.
    pub scope_code: &'a str,
}

/// Makes an account and its one-time code, which is shown once.
///
/// # Errors
/// As [`user::add`]; an administrator alone and a role that needs a second one
/// ([`super::grant`]).
pub fn invite(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    new: &Invitation<'_>,
    cost: PasswordCost,
) -> AppResult<String> {
    if by.role() == Role::Admin && super::grant::needs_second(new.role) {
        return Err(AppError::coded(
            ErrorCode::SeparationOfDuties,
            "审批人和审计账号须由另一名管理员确认,请提交申请。",
            "An account that approves or audits needs a second administrator: ask for it.",
        ));
    }
    open(store, by, new, cost)
}

/// Makes the account.
pub(super) fn open(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    new: &Invitation<'_>,
    cost: PasswordCost,
) -> AppResult<String> {
    let code = new_code()?;
    let account = NewUser {
        username: new.username,
        display_name: new.display_name,
        role: new.role,
        scope_code: new.scope_code,
        password: &code,
    };
    let added = user::add(store, by, &account, cost)?;
    force_change(store, by, &added.username, "user.invite")?;
    Ok(code)
}

/// Replaces a forgotten password by a one-time code; the second factor stays.
///
/// # Errors
/// As [`user::set_password`].
pub fn reset(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    username: &str,
    cost: PasswordCost,
) -> AppResult<String> {
    let code = new_code()?;
    user::set_password(store, by, username, &code, cost)?;
    force_change(store, by, username, "user.reset")?;
    Ok(code)
}

fn force_change(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    username: &str,
    action: &str,
) -> AppResult<()> {
    let name = crate::domain::password::username_key(username.trim());
    store.write(REGISTRY_CHAIN, |tx| {
        let user = crate::store::user::find(tx.conn, &name)?
            .ok_or_else(|| AppError::not_found("账户", "account"))?;
        let mut row = access::load(tx.conn, user.id)?;
        row.must_change = true;
        row.code_expires_at = Some(tx.clock().now() + AccessPolicy::INVITATION);
        row.auth_epoch += 1;
        access::save(tx.conn, &row)?;
        tx.audit(&Entry {
            actor: by.username(),
            action,
            object_kind: "user",
            object_id: Some(user.id),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })
}

/// 100 bits in groups of five, for reading out and typing in.
fn new_code() -> AppResult<String> {
    let mut bytes = [0; 15];
    random_bytes(&mut bytes).map_err(AppError::io(std::path::Path::new("random")))?;
    let text = base32(&bytes).to_lowercase();
    let groups: Vec<String> = text
        .as_bytes()
        .chunks(5)
        .take(4)
        .map(|group| String::from_utf8_lossy(group).into_owned())
        .collect();
    Ok(groups.join("-"))
}
