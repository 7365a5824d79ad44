//! The rights `child` and `mental` of an account (SEC-199).

use super::{entry, load};
use crate::domain::role::{Rights, Role};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, ManageUsers};
use crate::services::record::one_row;
use crate::store::{REGISTRY_CHAIN, Store, user};

/// Gives an account exactly these rights beyond its role. Its sessions end.
///
/// # Errors
/// `NotFound`; the rights are those it has; a role that sees no residents.
pub fn set_rights(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    username: &str,
    rights: Rights,
) -> AppResult<()> {
    if by.role() == Role::Admin && rights != Rights::default() {
        return Err(AppError::coded(
            ErrorCode::SeparationOfDuties,
            "附加权限须由另一名管理员确认,请提交申请。",
            "Extra rights need a second administrator: ask for them.",
        ));
    }
    put_rights(store, by, username, rights)
}

/// Sets the rights that a second administrator granted.
pub(crate) fn put_rights(
    store: &Store,
    by: &Authorized<'_, ManageUsers>,
    username: &str,
    rights: Rights,
) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        let row = load(tx.conn, username)?;
        let list = rights.list();
        if row.role == Role::Admin.as_str() && !list.is_empty() {
            return Err(AppError::refuse(Refusal::field(
                "rights",
                "系统管理员不看居民资料,不能授予此项权限。",
                "An administrator sees no residents and gets no such right.",
            )));
        }
        if row.rights == list {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                format!("账户“{}”的附加权限没有变化。", row.username),
                format!("The account \"{}\" has these rights already.", row.username),
            ));
        }
        let now = tx.clock().now();
        one_row(user::mark_rights(tx.conn, row.id, &row.rights, &list, now)?)?;
        let detail = format!("username={} rights={list} before={}", row.username, row.rights);
        tx.audit(&entry(by.username(), "user.rights", Some(row.id), Some(&detail)))?;
        Ok(())
    })
}
