//! Signing in with name and password, and what comes after it.

use super::counter;
use super::policy::{AccessPolicy, Profile};
use super::session::{self, Kind, Level, Opening, Origin, Session};
use super::sign_in_failed;
use crate::domain::password;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult};
use crate::services::auth::Actor;
use crate::services::user;
use crate::store::access::{self, AccessRow};
use crate::store::user::UserRow;
use crate::store::{REGISTRY_CHAIN, Store};

/// One attempt to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// As typed.
    pub username: &'a str,
    /// As typed.
    pub password: &'a str,
    /// Secret of a device that this name signed in from before.
    pub known_device: Option<&'a str>,
    /// Where from.
    pub origin: &'a Origin,
    /// Browser or program.
    pub kind: Kind,
    /// Second factor, if it came along (programs).
    pub code: Option<&'a str>,
}

/// A new session.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The token to give to the browser; stored nowhere.
    pub token: String,
    /// Session id.
    pub session_id: i64,
    /// What is still to be done.
    pub level: Level,
    /// Failures since the last sign-in.
    pub failures_since: i64,
}

/// Signs in. Unknown name, wrong password, locked, disabled, expired: one
/// answer, after one hash (SEC-008).
///
/// # Errors
/// `SignInFailed`.
pub fn sign_in(store: &Store, policy: &AccessPolicy, attempt: &Attempt<'_>) -> AppResult<SignedIn> {
    let name = password::username_key(attempt.username.trim());
    let counter_key = counter::key(store, &name, attempt.known_device);
    let open = counter::open(store, &counter_key)?;
    // The hash is computed even when the answer is known.
    let outcome = user::sign_in_at(store, attempt.username, attempt.password, policy.cost);
    let actor = match outcome {
        Ok(actor) if open => actor,
        Ok(_) => return Err(refused(store, &name)),
        Err(error) if error.code() == crate::error::ErrorCode::SignInFailed => {
            return Err(refused(store, &name));
        }
        Err(error) => return Err(error),
    };
    let signed_in = enter(store, policy, attempt, &name, &actor)?;
    counter::reset(store, &counter_key)?;
    Ok(signed_in)
}

/// Signs in for one command on the machine itself: no session, but the same
/// lock counts (SEC-009), and an account that has still to set its password or
/// has expired gets nowhere.
///
/// # Errors
/// `SignInFailed`.
pub fn sign_in_once(
    store: &Store,
    username: &str,
    plain: &str,
    cost: user::PasswordCost,
) -> AppResult<Actor> {
    let name = password::username_key(username.trim());
    let counter_key = counter::key(store, &name, None);
    let open = counter::open(store, &counter_key)?;
    let outcome = user::sign_in_at(store, username, plain, cost);
    let actor = match outcome {
        Ok(actor) if open && is_usable(store, &name)? => actor,
        Ok(_) => return Err(refused(store, &name)),
        Err(error) if error.code() == crate::error::ErrorCode::SignInFailed => {
            return Err(refused(store, &name));
        }
        Err(error) => return Err(error),
    };
    counter::reset(store, &counter_key)?;
    Ok(actor)
}

fn is_usable(store: &Store, name: &str) -> AppResult<bool> {
    let today = store.clock().today();
    store.read(|conn| {
        let user = crate::store::user::find(conn, name)?.ok_or_else(sign_in_failed)?;
        let row = access::load(conn, user.id)?;
        Ok(!row.must_change && row.expires_on.is_none_or(|day| today <= day))
    })
}

fn refused(store: &Store, name: &str) -> AppError {
    let noted = store.write(REGISTRY_CHAIN, |tx| {
        if let Some(user) = crate::store::user::find(tx.conn, name)? {
            let mut row = access::load(tx.conn, user.id)?;
            row.failures_since += 1;
            access::save(tx.conn, &row)?;
        }
        Ok(())
    });
    noted.err().unwrap_or_else(sign_in_failed)
}

/// Opens the session of an account whose password was right.
fn enter(
    store: &Store,
    policy: &AccessPolicy,
    attempt: &Attempt<'_>,
    name: &str,
    actor: &Actor,
) -> AppResult<SignedIn> {
    let today = store.clock().today();
    let (level, row) = store.read(|conn| {
        let user = crate::store::user::find(conn, name)?.ok_or_else(sign_in_failed)?;
        let row = access::load(conn, user.id)?;
        Ok((next_level(policy, actor.role(), &row, store.clock().now()), row))
    })?;
    let late = row.must_change && row.code_expires_at.is_some_and(|at| store.clock().now() > at);
    if late || row.expires_on.is_some_and(|day| today > day) {
        return Err(refused(store, name));
    }
    let level = match (attempt.kind, level, attempt.code) {
        (Kind::Program, Level::Totp, Some(code)) => {
            super::totp::check(store, row.user_id, code)?;
            Level::Full
        }
        (_, level, _) => level,
    };
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        let mut user = crate::store::user::find(tx.conn, name)?.ok_or_else(sign_in_failed)?;
        let mut row = access::load(tx.conn, user.id)?;
        let failures_since = std::mem::take(&mut row.failures_since);
        row.last_login_at = Some(now);
        row.last_login_from = Some(attempt.origin.address.clone());
        if row.must_change {
            use_up_code(tx.conn, &mut user, now)?;
        }
        access::save(tx.conn, &row)?;
        let opening = Opening {
            kind: attempt.kind,
            level,
            scope: actor.scope(),
            idle: match attempt.kind {
                Kind::Browser => policy.idle(actor.role()),
                Kind::Program => AccessPolicy::ABSOLUTE,
            },
            origin: attempt.origin,
        };
        let (token, session_id) = session::open(tx, &user, &row, &opening)?;
        Ok(SignedIn { token, session_id, level, failures_since })
    })
}

/// A one-time code is good once: what replaces it fits no password.
fn use_up_code(
    conn: &mut crate::store::Db,
    user: &mut UserRow,
    now: chrono::NaiveDateTime,
) -> AppResult<()> {
    let none = "!".to_owned();
    if crate::store::user::mark_password(conn, user.id, &user.password_hash, &none, now)? != 1 {
        return Err(sign_in_failed());
    }
    user.password_hash = none;
    Ok(())
}

/// What is still to be done after the password.
pub(super) fn next_level(
    policy: &AccessPolicy,
    role: Role,
    row: &AccessRow,
    now: chrono::NaiveDateTime,
) -> Level {
    let old = policy.profile == Profile::Djbh3
        && row
            .password_changed_at
            .is_some_and(|at| now - at > chrono::Duration::days(AccessPolicy::PASSWORD_DAYS));
    if row.must_change || old {
        Level::First
    } else if row.totp_secret.is_some() {
        Level::Totp
    } else if policy.needs_second_factor(role) {
        Level::Enrol
    } else {
        Level::Full
    }
}

/// Proves again who is there, with password or second factor (SEC-017);
/// returns the session's new token.
///
/// # Errors
/// `SignInFailed`; wrong answers count to the lock.
pub fn step_up(
    store: &Store,
    policy: &AccessPolicy,
    session: &Session,
    plain: Option<&str>,
    code: Option<&str>,
) -> AppResult<String> {
    match (plain, code) {
        (_, Some(code)) if session.has_totp => super::totp::check(store, session.user_id, code)?,
        (Some(plain), _) => check_password(store, policy, session, plain)?,
        _ => return Err(sign_in_failed()),
    }
    store.write(REGISTRY_CHAIN, |tx| {
        let token = session::renew(tx, session, session.level, true)?;
        tx.audit(&session::entry(session, "user.step_up"))?;
        Ok(token)
    })
}

/// The account's own password, counted to the lock (SEC-019).
pub(super) fn check_password(
    store: &Store,
    policy: &AccessPolicy,
    session: &Session,
    plain: &str,
) -> AppResult<()> {
    let name = password::username_key(session.actor.username());
    let counter_key = counter::key(store, &name, None);
    let open = counter::open(store, &counter_key)?;
    let outcome = user::sign_in_at(store, session.actor.username(), plain, policy.cost);
    match outcome {
        Ok(_) if open => counter::reset(store, &counter_key),
        Ok(_) => Err(sign_in_failed()),
        Err(error) => Err(error),
    }
}
