//! The sessions of an account as a list: the owner's own, and what an
//! administrator sees and ends of another's (SEC-029).

use chrono::{Duration, NaiveDateTime};

use super::session::{Session, entry};
use crate::error::{AppError, AppResult};
use crate::store::session::{self as rows, SessionRow};
use crate::store::{Db, REGISTRY_CHAIN, Store};

/// One row of "my sessions".
#[derive(Debug, Clone)]
pub struct Listed {
    /// Session id.
    pub id: i64,
    /// What the browser calls itself.
    pub device: String,
    /// Network address.
    pub address: String,
    /// Signed in, UTC.
    pub created_at: NaiveDateTime,
    /// Last request, UTC.
    pub seen_at: NaiveDateTime,
    /// The one that asks.
    pub is_this: bool,
    /// A program's.
    pub is_program: bool,
}

/// The account's live sessions, the latest first.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, session: &Session) -> AppResult<Vec<Listed>> {
    let now = store.clock().now();
    store.read(|conn| list_of(conn, session.user_id, Some(session.id), now))
}

/// Live sessions of an account; `this` is the one that asks.
pub(super) fn list_of(
    conn: &mut Db,
    user_id: i64,
    this: Option<i64>,
    now: NaiveDateTime,
) -> AppResult<Vec<Listed>> {
    let live = |row: &SessionRow| {
        now < row.expires_at && now < row.seen_at + Duration::seconds(row.idle_seconds)
    };
    let rows = rows::list_of_user(conn, user_id)?.into_iter().filter(live);
    let listed = rows.map(|row| Listed {
        id: row.id,
        is_this: this == Some(row.id),
        is_program: row.kind == "program",
        device: row.device,
        address: row.address,
        created_at: row.created_at,
        seen_at: row.seen_at,
    });
    Ok(listed.collect())
}

/// Ends one of the account's own sessions.
///
/// # Errors
/// `NotFound` if the account has no such session.
pub fn end_one(store: &Store, session: &Session, id: i64) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        if rows::delete_one(tx.conn, session.user_id, id)? != 1 {
            return Err(AppError::not_found("会话", "session"));
        }
        tx.audit(&entry(session, "session.end"))?;
        Ok(())
    })
}

/// Ends all the account's other sessions; returns how many.
///
/// # Errors
/// The database failed.
pub fn end_others(store: &Store, session: &Session) -> AppResult<usize> {
    store.write(REGISTRY_CHAIN, |tx| {
        let ended = rows::delete_others(tx.conn, session.user_id, session.id)?;
        tx.audit(&entry(session, "session.end_others"))?;
        Ok(ended)
    })
}
