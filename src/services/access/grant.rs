//! The second administrator (SEC-060): an account that approves or audits, and
//! the rights `child` and `mental`, are asked for by one and granted by
//! another. With one administrator the operator at the machine does it
//! (`mingce user`, `mingce invite`), which is in the log as well.

use std::str::FromStr;

use diesel::result::{DatabaseErrorKind, Error as DbError};

use super::invite::{self, Invitation};
use super::manage::check_other;
use crate::domain::role::{Rights, Role};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, ManageUsers};
use crate::services::record::one_row;
use crate::services::user::{self, PasswordCost};
use crate::store::audit::Entry;
use crate::store::grant::{self as rows, GrantRow};
use crate::store::{REGISTRY_CHAIN, Store, Tx, access};

/// What a grant leaves in the second administrator's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// User name of the account.
    pub username: String,
    /// One-time code of a new account, shown once.
    pub code: Option<String>,
}

/// Whether an account of this role needs a second administrator.
#[must_use]
pub const fn needs_second(role: Role) -> bool {
    matches!(role, Role::Approver | Role::Auditor)
}

/// Asks for a new account. Returns the request's id.
///
/// # Errors
/// Wrong fields, all at once; the same waits already.
pub fn ask_account(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    new: &Invitation<'_>,
) -> AppResult<i64> {
    let username =
        user::check_new(store, new.username, new.display_name, new.role, new.scope_code)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let row = GrantRow {
            display_name: new.display_name.trim().to_owned(),
            role: new.role.as_str().to_owned(),
            scope_code: new.scope_code.to_owned(),
            ..blank(tx, by, "account", &username)
        };
        ask(tx, by, &row)
    })
}

/// Asks that an account has these rights. Returns the request's id.
///
/// # Errors
/// One's own account; no right; the same waits already.
pub fn ask_rights(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    id: i64,
    rights: Rights,
) -> AppResult<i64> {
    if rights == Rights::default() {
        return Err(AppError::refuse(Refusal::field(
            "rights",
            "请选择要授予的权限。",
            "Choose the rights to grant.",
        )));
    }
    store.write(REGISTRY_CHAIN, |tx| {
        let found = access::find_user(tx.conn, id)?;
        let account = found.ok_or_else(|| AppError::not_found("账户", "account"))?;
        check_other(by.username(), &account.username)?;
        if Role::from_str(&account.role) == Ok(Role::Admin) {
            return Err(AppError::coded(
                ErrorCode::Forbidden,
                "管理员不看居民资料,不能授予此项权限。",
                "An administrator sees no resident and cannot have this right.",
            ));
        }
        let row = GrantRow {
            display_name: account.display_name,
            role: account.role,
            scope_code: account.scope_code,
            rights: rights.list(),
            ..blank(tx, by, "rights", &account.username)
        };
        ask(tx, by, &row)
    })
}

fn blank(tx: &Tx<'_>, by: &Authorized<'_, ManageUsers>, kind: &str, username: &str) -> GrantRow {
    GrantRow {
        id: tx.next_id(),
        kind: kind.to_owned(),
        username: username.to_owned(),
        display_name: String::new(),
        role: String::new(),
        scope_code: String::new(),
        rights: String::new(),
        asked_by: by.username().to_owned(),
        asked_at: tx.clock().now(),
        state: "waiting".to_owned(),
        decided_by: None,
        decided_at: None,
    }
}

fn ask(tx: &mut Tx<'_>, by: &Authorized<'_, ManageUsers>, row: &GrantRow) -> AppResult<i64> {
    match rows::insert_grant(tx.conn, row) {
        Ok(_) => {}
        Err(DbError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            return Err(AppError::coded(
                ErrorCode::Duplicate,
                "同样的申请正在等待另一名管理员确认。",
                "The same request waits for another administrator already.",
            ));
        }
        Err(other) => return Err(other.into()),
    }
    audit(tx, by, "grant.ask", row)?;
    Ok(row.id)
}

fn audit(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, ManageUsers>,
    action: &str,
    row: &GrantRow,
) -> AppResult<()> {
    let detail =
        format!("{} username={} role={} rights={}", row.kind, row.username, row.role, row.rights);
    tx.audit(&Entry {
        actor: by.username(),
        action,
        object_kind: "grant",
        object_id: Some(row.id),
        reason: None,
        detail: Some(&detail),
    })?;
    Ok(())
}

/// The requests that wait, oldest first.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, _by: &Authorized<'_, ManageUsers>) -> AppResult<Vec<GrantRow>> {
    store.read(|conn| Ok(rows::list_waiting(conn)?))
}

fn load(tx: &mut Tx<'_>, id: i64) -> AppResult<GrantRow> {
    rows::find_grant(tx.conn, id)?
        .filter(|row| row.state == "waiting")
        .ok_or_else(|| AppError::not_found("待确认的授权", "waiting grant"))
}

/// A second administrator grants a request.
///
/// # Errors
/// The caller asked for it; decided already; the account cannot be made.
pub fn grant(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    id: i64,
    cost: PasswordCost,
) -> AppResult<Granted> {
    let row = store.write(REGISTRY_CHAIN, |tx| {
        let row = load(tx, id)?;
        if row.asked_by == by.username() {
            return Err(AppError::coded(
                ErrorCode::SeparationOfDuties,
                "申请人不能自己确认,请由另一名管理员确认。",
                "Whoever asked may not grant it; another administrator does.",
            ));
        }
        check_other(by.username(), &row.username)?;
        let now = tx.clock().now();
        one_row(rows::mark_decided(tx.conn, id, "granted", by.username(), now)?)?;
        audit(tx, by, "grant.grant", &row)?;
        Ok(row)
    })?;
    if row.kind == "rights" {
        let rights = Rights::parse(&row.rights).unwrap_or_default();
        user::put_rights(store, by, &row.username, rights)?;
    }
    let code = match (row.kind.as_str(), Role::from_str(&row.role)) {
        ("account", Ok(role)) => {
            let new = Invitation {
                username: &row.username,
                display_name: &row.display_name,
                role,
                scope_code: &row.scope_code,
            };
            Some(invite::open(store, by, &new, cost)?)
        }
        _ => None,
    };
    Ok(Granted { username: row.username, code })
}

/// A request is refused, or taken back by whoever asked.
///
/// # Errors
/// Decided already.
pub fn refuse(store: &Store, by: &Authorized<'_, ManageUsers>, id: i64) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = load(tx, id)?;
        let now = tx.clock().now();
        one_row(rows::mark_decided(tx.conn, id, "refused", by.username(), now)?)?;
        audit(tx, by, "grant.refuse", &row)
    })
}
