//! The account's own settings: password, preferences.

use super::policy::AccessPolicy;
use super::session::{self, Level, Preferences, Session};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::user;
use crate::store::{REGISTRY_CHAIN, Store, access};

/// Asks to enter password or code again.
#[must_use]
pub fn step_up_required() -> AppError {
    AppError::coded(
        ErrorCode::StepUpRequired,
        "此操作需要再次验证身份。",
        "Confirm who you are before doing this.",
    )
}

/// Sets the first password of an account that came in with a one-time code;
/// returns the session's new token and what comes next.
///
/// # Errors
/// The password is refused; `Forbidden` in any other session.
pub fn set_first_password(
    store: &Store,
    policy: &AccessPolicy,
    session: &Session,
    new: &str,
) -> AppResult<(String, Level)> {
    if session.level != Level::First {
        return Err(AppError::coded(
            ErrorCode::Forbidden,
            "请使用“修改密码”。",
            "Use \"Change password\".",
        ));
    }
    replace(store, policy, session, new, true)
}

/// Changes the password; ends the account's other sessions if asked to (all of
/// them end anyway, because the stamp changes; this one goes on).
///
/// # Errors
/// The current password is wrong (counts to the lock); the new one is refused.
pub fn change_password(
    store: &Store,
    policy: &AccessPolicy,
    session: &Session,
    current: &str,
    new: &str,
) -> AppResult<String> {
    super::sign_in::check_password(store, policy, session, current).map_err(|error| match error
        .code()
    {
        ErrorCode::SignInFailed => AppError::refuse(Refusal::field(
            "current",
            "当前密码不正确。",
            "The current password is not correct.",
        )),
        _ => error,
    })?;
    replace(store, policy, session, new, false).map(|(token, _)| token)
}

fn replace(
    store: &Store,
    policy: &AccessPolicy,
    session: &Session,
    new: &str,
    first: bool,
) -> AppResult<(String, Level)> {
    let hash = user::hash_own_password(store, session.user_id, new, policy.cost)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        let old = access::find_user(tx.conn, session.user_id)?
            .ok_or_else(|| AppError::not_found("账户", "account"))?;
        crate::store::user::mark_password(tx.conn, old.id, &old.password_hash, &hash, now)?;
        let mut row = access::load(tx.conn, session.user_id)?;
        row.must_change = false;
        row.code_expires_at = None;
        row.password_changed_at = Some(now);
        row.auth_epoch += 1;
        access::save(tx.conn, &row)?;
        let level = if first {
            super::sign_in::next_level(policy, session.actor.role(), &row, now)
        } else {
            session.level
        };
        let token = session::renew(tx, session, level, true)?;
        tx.audit(&session::entry(session, "user.own_password"))?;
        Ok((token, level))
    })
}

/// Stores the preferences.
///
/// # Errors
/// An unknown language or page size.
pub fn save_preferences(store: &Store, session: &Session, new: &Preferences) -> AppResult<()> {
    let mut refusals = Vec::new();
    if !matches!(new.lang.as_deref(), None | Some("zh-CN" | "en")) {
        refusals.push(Refusal::field("lang", "请选择语言。", "Choose a language."));
    }
    if ![20, 50, 100].contains(&new.page_size) {
        refusals.push(Refusal::field(
            "page_size",
            "每页条数应为 20、50 或 100。",
            "Rows per page must be 20, 50 or 100.",
        ));
    }
    AppError::refused_unless_empty(refusals)?;
    store.maintain(|conn| {
        let mut row = access::load(conn, session.user_id)?;
        row.lang = new.lang.clone();
        row.page_size = new.page_size;
        row.density = if new.compact { "compact" } else { "normal" }.to_owned();
        row.large_text = new.large_text;
        row.shortcuts = new.shortcuts;
        access::save(conn, &row)?;
        Ok(())
    })
}

/// What the account's owner is told after signing in (SEC-020).
#[derive(Debug, Clone)]
pub struct Security {
    /// Days since the password was set, if known.
    pub password_days: Option<i64>,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
}

/// The state of the account's own protection.
///
/// # Errors
/// The database failed.
pub fn security(store: &Store, session: &Session) -> AppResult<Security> {
    let now = store.clock().now();
    store.read(|conn| {
        let row = access::load(conn, session.user_id)?;
        Ok(Security {
            password_days: row.password_changed_at.map(|at| (now - at).num_days()),
            recovery_codes: access::count_recovery_codes(conn, session.user_id)?,
        })
    })
}
