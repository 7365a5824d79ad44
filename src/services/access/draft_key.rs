//! Keys of the drafts on a device (`rulings.md` P9, SEC-111 … SEC-113). The
//! device keeps the public key, so that writing works at any time; the private
//! key is sealed here and handed to the page of a live session, in memory only.
//! Withheld, what lies on a lost phone stays unreadable.

use std::ops::RangeInclusive;

use super::{Session, manage};
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, ManageUsers};
use crate::services::record;
use crate::store::audit::Entry;
use crate::store::draft_key::{self as rows, DraftKeyRow, PRIVATE};
use crate::store::{REGISTRY_CHAIN, Store};

/// Letters of an uncompressed P-256 point in base64url.
const POINT: RangeInclusive<usize> = 87..=87;
/// Letters of its private key.
const PKCS8: RangeInclusive<usize> = 88..=400;

/// A pair as its owner's page gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftKey {
    /// Its id, which every draft names.
    pub id: i64,
    /// P-256 point, base64url.
    pub public: String,
    /// PKCS #8, base64url.
    pub private: String,
}

/// The pairs of the session's owner, the latest first: new drafts use that.
///
/// # Errors
/// The database failed; a sealed key does not open.
pub fn list(store: &Store, session: &Session) -> AppResult<Vec<DraftKey>> {
    let found = store.read(|conn| Ok(rows::list_live(conn, session.user_id)?))?;
    found.into_iter().map(|row| opened(store, row)).collect()
}

fn opened(store: &Store, row: DraftKeyRow) -> AppResult<DraftKey> {
    let private = record::open_opt(store.cipher(), PRIVATE, row.id, Some(&row.private_key))?;
    Ok(DraftKey { id: row.id, public: row.public_key, private: private.unwrap_or_default() })
}

/// Keeps the pair that a browser made, unless the account has one already:
/// two devices that sign in for the first time end up with the same.
///
/// # Errors
/// What is no P-256 pair.
pub fn keep(store: &Store, session: &Session, public: &str, private: &str) -> AppResult<()> {
    let mut refusals = Vec::new();
    for (name, text, length) in [("public", public, POINT), ("private", private, PKCS8)] {
        let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !length.contains(&text.len()) || !text.chars().all(is_base64) {
            refusals.push(Refusal::field(name, "密钥格式不正确。", "This is no key."));
        }
    }
    AppError::refused_unless_empty(refusals)?;
    store.write(REGISTRY_CHAIN, |tx| {
        if !rows::list_live(tx.conn, session.user_id)?.is_empty() {
            return Ok(());
        }
        let id = tx.next_id();
        let sealed = record::seal(tx.cipher(), PRIVATE, id, private)?;
        let row = DraftKeyRow {
            id,
            user_id: session.user_id,
            public_key: public.to_owned(),
            private_key: sealed,
            created_at: tx.clock().now(),
            withheld_at: None,
        };
        rows::insert(tx.conn, &row)?;
        tx.audit(&Entry {
            actor: session.actor.username(),
            action: "draft_key.keep",
            object_kind: "user",
            object_id: Some(session.user_id),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })
}

/// A phone was lost: its owner's drafts can be read nowhere from now on, and
/// every session of the account ends. Returns how many keys were withheld.
///
/// # Errors
/// One's own account.
pub fn withhold(store: &Store, by: &Authorized<'_, ManageUsers>, user_id: i64) -> AppResult<usize> {
    manage::change(store, by, user_id, "draft_key.withhold", |tx, _| {
        let now = tx.clock().now();
        let keys = rows::mark_withheld(tx.conn, user_id, now)?;
        crate::store::session::delete_others(tx.conn, user_id, 0)?;
        Ok((keys, format!("keys={keys}")))
    })
}

/// The phone was found: what lies on it can be read again.
///
/// # Errors
/// One's own account.
pub fn release(store: &Store, by: &Authorized<'_, ManageUsers>, user_id: i64) -> AppResult<usize> {
    manage::change(store, by, user_id, "draft_key.release", |tx, _| {
        let keys = rows::mark_released(tx.conn, user_id)?;
        Ok((keys, format!("keys={keys}")))
    })
}
