//! What an administrator does with another's account: scope, unlock, sessions,
//! rights. Nobody changes their own account here (SEC-060).

use std::str::FromStr;

use chrono::NaiveDateTime;

use super::counter;
use super::listed::{Listed, list_of};
use crate::domain::password;
use crate::domain::role::{Rights, Role};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ManageUsers};
use crate::services::user;
use crate::store::audit::Entry;
use crate::store::user::{self as rows, UserRow};
use crate::store::{REGISTRY_CHAIN, Store, Tx, access, area, session};

/// An account with everything an administrator sees of it.
#[derive(Debug, Clone)]
pub struct Account {
    /// Id.
    pub id: i64,
    /// Name in the audit log.
    pub username: String,
    /// Name on screens.
    pub display_name: String,
    /// Its role.
    pub role: Role,
    /// Area.
    pub scope_code: String,
    /// Rights beyond the role.
    pub rights: Rights,
    /// `active` or `disabled`.
    pub status: String,
    /// Until when it is locked after failed sign-ins.
    pub locked_until: Option<NaiveDateTime>,
    /// Came in with a one-time code and has not chosen a password.
    pub must_change: bool,
    /// Whether it has a second factor.
    pub has_totp: bool,
    /// Last sign-in, UTC.
    pub last_login_at: Option<NaiveDateTime>,
    /// Live sessions.
    pub sessions: Vec<Listed>,
}

fn not_found() -> AppError {
    AppError::not_found("账户", "account")
}

/// One account.
///
/// # Errors
/// `NotFound`.
pub fn load(store: &Store, _by: &Authorized<'_, ManageUsers>, id: i64) -> AppResult<Account> {
    let now = store.clock().now();
    store.read(|conn| {
        let row = access::find_user(conn, id)?.ok_or_else(not_found)?;
        let own = access::load(conn, id)?;
        let counter = access::find_counter(conn, &counter_key(store, &row))?;
        let locked = counter.and_then(|row| row.locked_until).filter(|until| now < *until);
        Ok(Account {
            id,
            role: Role::from_str(&row.role).map_err(|()| not_found())?,
            username: row.username,
            display_name: row.display_name,
            scope_code: row.scope_code,
            rights: Rights::parse(&row.rights).unwrap_or_default(),
            status: row.status,
            locked_until: locked,
            must_change: own.must_change,
            has_totp: own.totp_secret.is_some(),
            last_login_at: own.last_login_at,
            sessions: list_of(conn, id, None, now)?,
        })
    })
}

/// One account that is not the caller's own.
///
/// # Errors
/// `NotFound`; one's own account.
pub fn load_other(store: &Store, by: &Authorized<'_, ManageUsers>, id: i64) -> AppResult<Account> {
    let account = load(store, by, id)?;
    check_other(by.username(), &account.username)?;
    Ok(account)
}

/// Disables an account; it can do nothing from now on.
///
/// # Errors
/// One's own account; disabled already.
pub fn disable(store: &Store, by: &Authorized<'_, ManageUsers>, id: i64) -> AppResult<()> {
    let account = load_other(store, by, id)?;
    user::disable(store, by, &account.username)
}

fn counter_key(store: &Store, row: &UserRow) -> Vec<u8> {
    counter::key(store, &password::username_key(&row.username), None)
}

/// Changes another's account in one transaction with its audit entry.
pub(super) fn change<T>(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    id: i64,
    action: &str,
    f: impl FnOnce(&mut Tx<'_>, &UserRow) -> AppResult<(T, String)>,
) -> AppResult<T> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = access::find_user(tx.conn, id)?.ok_or_else(not_found)?;
        check_other(by.username(), &row.username)?;
        let (value, detail) = f(tx, &row)?;
        tx.audit(&Entry {
            actor: by.username(),
            action,
            object_kind: "user",
            object_id: Some(id),
            reason: None,
            detail: Some(format!("username={} {detail}", row.username).trim()),
        })?;
        Ok(value)
    })
}

/// Nobody changes their own account (SEC-060).
pub(super) fn check_other(by: &str, username: &str) -> AppResult<()> {
    if by != username {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::Forbidden,
        "不能在这里更改自己的账号,请由另一名管理员办理。",
        "You cannot change your own account here; another administrator does it.",
    ))
}

/// Gives an account another area; its sessions end.
///
/// # Errors
/// One's own account; an area that does not suit the role.
pub fn set_scope(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    id: i64,
    scope_code: &str,
) -> AppResult<()> {
    let today = store.clock().today();
    change(store, by, id, "user.scope", |tx, row| {
        let role = Role::from_str(&row.role).map_err(|()| not_found())?;
        let tree = area::load_tree(tx.conn, today)?;
        let wrong = user::check_scope(&tree, role, scope_code);
        AppError::refused_unless_empty(wrong.into_iter().collect())?;
        let now = tx.clock().now();
        rows::mark_scope(tx.conn, id, scope_code, now)?;
        session::delete_others(tx.conn, id, 0)?;
        Ok(((), format!("scope={scope_code} before={}", row.scope_code)))
    })
}

/// Takes rights away at once; giving them needs a second administrator
/// ([`super::grant`]). The account's sessions end.
///
/// # Errors
/// One's own account.
pub fn drop_rights(store: &Store, by: &Authorized<'_, ManageUsers>, id: i64) -> AppResult<()> {
    let account = load_other(store, by, id)?;
    user::put_rights(store, by, &account.username, Rights::default())
}

/// Forgets failed sign-ins, so that the owner can try again.
///
/// # Errors
/// One's own account.
pub fn unlock(store: &Store, by: &Authorized<'_, ManageUsers>, id: i64) -> AppResult<()> {
    change(store, by, id, "user.unlock", |tx, row| {
        let key = counter_key(store, row);
        access::delete_counter(tx.conn, &key)?;
        Ok(((), String::new()))
    })
}

/// Ends one of the account's sessions, or all.
///
/// # Errors
/// One's own account; no such session.
pub fn end_sessions(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    id: i64,
    only: Option<i64>,
) -> AppResult<usize> {
    change(store, by, id, "session.end_other", |tx, _| {
        let ended = match only {
            Some(one) => session::delete_one(tx.conn, id, one)?,
            None => session::delete_others(tx.conn, id, 0)?,
        };
        if ended == 0 && only.is_some() {
            return Err(AppError::not_found("会话", "session"));
        }
        Ok((ended, format!("ended={ended}")))
    })
}
