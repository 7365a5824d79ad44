//! Sessions: opaque, revocable, checked at every request (SEC-026 … SEC-031).

use chrono::{Duration, NaiveDateTime};
use sha2::{Digest, Sha256};
use std::str::FromStr;

use super::policy::AccessPolicy;
use super::{new_token, token_hash};
use crate::clock::start_of;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Actor, Scope};
use crate::services::visit::hand_over;
use crate::store::access::AccessRow;
use crate::store::audit::Entry;
use crate::store::session::{self as rows, AccountPart, SessionRow, SessionWithAccount};
use crate::store::user::UserRow;
use crate::store::{REGISTRY_CHAIN, Store, Tx};

/// Who holds the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A browser, by its cookie.
    Browser,
    /// A program, by its access token.
    Program,
}

/// How far the sign-in went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Signed in with a one-time code: nothing but choosing a password.
    First,
    /// The password was right: nothing but entering the second factor.
    Totp,
    /// The role needs a second factor and has none: nothing but enrolling.
    Enrol,
    /// Signed in.
    Full,
}

impl Level {
    const ALL: [Level; 4] = [Level::First, Level::Totp, Level::Enrol, Level::Full];

    /// The code as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::First => "first",
            Level::Totp => "totp",
            Level::Enrol => "enrol",
            Level::Full => "full",
        }
    }
}

/// What the account's owner prefers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    /// `zh-CN` or `en`; none follows the browser.
    pub lang: Option<String>,
    /// Rows per page.
    pub page_size: i64,
    /// Narrow table rows.
    pub compact: bool,
    /// Larger letters.
    pub large_text: bool,
    /// Single-key shortcuts.
    pub shortcuts: bool,
}

/// A live session and whose it is.
#[derive(Debug, Clone)]
pub struct Session {
    /// Own id.
    pub id: i64,
    /// Browser or program.
    pub kind: Kind,
    /// Whose account.
    pub user_id: i64,
    /// Name on screens.
    pub display_name: String,
    /// Role and scope.
    pub actor: Actor,
    /// How far the sign-in went.
    pub level: Level,
    /// Extra rights (`child`, `mental`).
    pub rights: Vec<String>,
    /// Password or code last entered.
    pub stepped_up_at: Option<NaiveDateTime>,
    /// Ends then in any case.
    pub expires_at: NaiveDateTime,
    /// Ends then without another request.
    pub idle_at: NaiveDateTime,
    /// Whether the account has a second factor.
    pub has_totp: bool,
    /// Preferences of the account.
    pub preferences: Preferences,
    token_hash: Vec<u8>,
    seen_at: NaiveDateTime,
}

impl Session {
    /// Whether a password or code was entered a moment ago (SEC-017).
    #[must_use]
    pub fn is_stepped_up(&self, now: NaiveDateTime) -> bool {
        self.stepped_up_at.is_some_and(|at| now - at <= AccessPolicy::STEP_UP)
    }

    /// Whether the account has an extra right (`child`, `mental`).
    #[must_use]
    pub fn has_right(&self, right: &str) -> bool {
        self.rights.iter().any(|have| have == right)
    }

    /// What form tokens of this session are bound to.
    #[must_use]
    pub fn binding(&self) -> String {
        super::base64_url(&self.token_hash)
    }
}

/// Where somebody signs in from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Network address.
    pub address: String,
    /// What the browser calls itself.
    pub device: String,
}

/// Digest of everything whose change must end the account's sessions: role,
/// scope, rights, status, password, epoch. Whoever changes it, by whatever
/// command, ends them (SEC-030).
pub(super) fn stamp(parts: [&str; 5], epoch: i64) -> Vec<u8> {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.update(epoch.to_be_bytes());
    hasher.finalize().to_vec()
}

fn stamp_of_part(account: &AccountPart, epoch: i64) -> Vec<u8> {
    let AccountPart { role, scope_code, rights, status, password_hash, .. } = account;
    stamp([role, scope_code, rights, status, password_hash], epoch)
}

/// The stamp of an account as it is now.
pub(super) fn stamp_of(user: &UserRow, access: &AccessRow) -> Vec<u8> {
    let UserRow { role, scope_code, rights, status, password_hash, .. } = user;
    stamp([role, scope_code, rights, status, password_hash], access.auth_epoch)
}

/// Opens a session inside the transaction of a sign-in; returns its token.
pub(super) fn open(
    tx: &mut Tx<'_>,
    user: &UserRow,
    access: &AccessRow,
    opening: &Opening<'_>,
) -> AppResult<(String, i64)> {
    let now = tx.clock().now();
    let token = new_token()?;
    let mut expires_at = now + AccessPolicy::ABSOLUTE;
    let street = opening.scope.street_code();
    // What is seen changes on that day: then one signs in again.
    if let Some(day) = hand_over::next_change(tx, street, user)? {
        expires_at = expires_at.min(start_of(day));
    }
    let row = SessionRow {
        id: tx.next_id(),
        token_hash: token_hash(&token),
        kind: match opening.kind {
            Kind::Browser => "browser",
            Kind::Program => "program",
        }
        .to_owned(),
        user_id: user.id,
        level: opening.level.as_str().to_owned(),
        stamp: stamp_of(user, access),
        street_code: street.to_owned(),
        area_codes: opening.scope.area_codes().map(|codes| codes.join(",")),
        created_at: now,
        seen_at: now,
        idle_seconds: opening.idle.num_seconds(),
        expires_at,
        stepped_up_at: None,
        device: opening.origin.device.chars().take(120).collect(),
        address: opening.origin.address.chars().take(60).collect(),
    };
    // The oldest make room (SEC-031).
    let live = rows::list_of_user(tx.conn, user.id)?;
    for old in live.iter().skip(AccessPolicy::SESSIONS - 1) {
        rows::delete_one(tx.conn, user.id, old.id)?;
    }
    rows::insert(tx.conn, &row)?;
    Ok((token, row.id))
}

/// What a new session is like.
pub(super) struct Opening<'a> {
    pub kind: Kind,
    pub level: Level,
    pub scope: &'a Scope,
    pub idle: Duration,
    pub origin: &'a Origin,
}

/// The live session of a browser's token.
///
/// # Errors
/// The database failed.
pub fn find(store: &Store, token: &str) -> AppResult<Option<Session>> {
    if token.len() != 43 {
        return Ok(None);
    }
    let hash = token_hash(token);
    let found = store.read(|conn| Ok(rows::find_by_token(conn, &hash)?))?;
    Ok(found.and_then(|found| live(store, found)).filter(|s| s.kind == Kind::Browser))
}

/// Whose session a token was, also after it ended.
///
/// # Errors
/// The database failed.
pub fn owner_of(store: &Store, token: &str) -> AppResult<Option<i64>> {
    let hash = token_hash(token);
    let found = store.read(|conn| Ok(rows::find_by_token(conn, &hash)?))?;
    Ok(found.map(|(row, _, _)| row.user_id))
}

/// The live session with an id, as an access token names it.
///
/// # Errors
/// The database failed.
pub fn find_by_id(store: &Store, id: i64) -> AppResult<Option<Session>> {
    let found = store.read(|conn| Ok(rows::find_by_id(conn, id)?))?;
    Ok(found.and_then(|found| live(store, found)))
}

/// The session, unless it has ended or its account changed.
fn live(store: &Store, (row, account, access): SessionWithAccount) -> Option<Session> {
    let now = store.clock().now();
    let idle_at = row.seen_at + Duration::seconds(row.idle_seconds);
    let expired = access.expires_on.is_some_and(|day| store.clock().today() > day);
    if now >= row.expires_at
        || now >= idle_at
        || expired
        || account.status != "active"
        || row.stamp != stamp_of_part(&account, access.auth_epoch)
    {
        return None;
    }
    let role = Role::from_str(&account.role).ok()?;
    let scope = match &row.area_codes {
        None => Scope::street(&row.street_code),
        Some(codes) => {
            Scope::areas(&row.street_code, codes.split(',').map(str::to_owned).collect())
        }
    };
    Some(Session {
        id: row.id,
        kind: if row.kind == "browser" { Kind::Browser } else { Kind::Program },
        user_id: account.id,
        display_name: account.display_name,
        actor: Actor::new(account.username, role, scope),
        level: Level::ALL.into_iter().find(|level| level.as_str() == row.level)?,
        rights: account.rights.split(',').filter(|r| !r.is_empty()).map(str::to_owned).collect(),
        stepped_up_at: row.stepped_up_at,
        expires_at: row.expires_at,
        idle_at,
        has_totp: access.totp_secret.is_some(),
        preferences: Preferences {
            lang: access.lang,
            page_size: access.page_size,
            compact: access.density == "compact",
            large_text: access.large_text,
            shortcuts: access.shortcuts,
        },
        token_hash: row.token_hash,
        seen_at: row.seen_at,
    })
}

/// Notes a request, at most once a minute per session.
///
/// # Errors
/// The database failed.
pub fn touch(store: &Store, session: &Session) -> AppResult<()> {
    let now = store.clock().now();
    if now - session.seen_at < Duration::seconds(60) {
        return Ok(());
    }
    store.maintain(|conn| {
        rows::mark_seen(conn, session.id, now)?;
        Ok(())
    })
}

/// Gives a session a new token, because its level rose or its owner proved
/// again who they are (SEC-027).
pub(super) fn renew(
    tx: &mut Tx<'_>,
    session: &Session,
    level: Level,
    stepped_up: bool,
) -> AppResult<String> {
    let token = new_token()?;
    let user = crate::store::access::find_user(tx.conn, session.user_id)?
        .ok_or_else(|| AppError::not_found("账户", "account"))?;
    let access = crate::store::access::load(tx.conn, session.user_id)?;
    let at = if stepped_up { Some(tx.clock().now()) } else { session.stepped_up_at };
    let stamp = stamp_of(&user, &access);
    rows::mark_renewed(tx.conn, session.id, &token_hash(&token), level.as_str(), &stamp, at)?;
    Ok(token)
}

/// Ends the session (sign-out).
///
/// # Errors
/// The database failed.
pub fn end(store: &Store, session: &Session) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        rows::delete_one(tx.conn, session.user_id, session.id)?;
        tx.audit(&entry(session, "user.sign_out"))?;
        Ok(())
    })
}

/// Removes what has ended, and failures older than two days.
///
/// # Errors
/// The database failed.
pub fn sweep(store: &Store) -> AppResult<()> {
    let now = store.clock().now();
    store.maintain(|conn| {
        rows::delete_expired(conn, now)?;
        crate::store::access::delete_old_counters(conn, now - Duration::days(2))?;
        crate::store::token::delete_retired_keys(conn, now - Duration::minutes(11))?;
        Ok(())
    })?;
    crate::services::once::sweep(store)
}

pub(super) fn entry<'a>(session: &'a Session, action: &'a str) -> Entry<'a> {
    Entry {
        actor: session.actor.username(),
        action,
        object_kind: "user",
        object_id: Some(session.user_id),
        reason: None,
        detail: None,
    }
}
