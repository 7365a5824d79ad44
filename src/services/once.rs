//! Requests that carry a key are carried out once (SEC-148): what they made is
//! noted in the transaction that makes it, and told again for 30 days.

use chrono::Duration;

use super::access::Session;
use crate::error::{AppResult, ErrorCode, Refusal};
use crate::store::Store;
use crate::store::once::{self as rows, Note, OnceRow};

/// How long a key is kept: a field device may be offline for weeks.
const KEPT: Duration = Duration::days(30);

/// A request as it is told from others.
#[derive(Debug, Clone)]
pub struct Request {
    /// The caller's key.
    pub key: String,
    /// SHA-256 of address and body.
    pub digest: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Nothing.
    Not,
    /// The same request made this.
    Made {
        /// The record, or the change.
        id: i64,
        /// It is a change that waits for a second person.
        waits: bool,
    },
    /// Another request has it; it made this.
    Other(i64),
}

/// Whether a request was carried out already. Keys of other accounts do not
/// matter.
///
/// # Errors
/// The database failed.
pub fn find(store: &Store, session: &Session, request: &Request) -> AppResult<Replay> {
    let (street, user) = (session.actor.scope().street_code(), session.user_id);
    let found = store.read(|conn| Ok(rows::find(conn, street, user, &request.key)?))?;
    let kept = |row: &OnceRow| store.clock().now() - row.created_at < KEPT;
    Ok(match found.filter(kept) {
        None => Replay::Not,
        Some(row) if row.request_hash == request.digest => {
            Replay::Made { id: row.object_id, waits: row.version == 0 }
        }
        Some(row) => Replay::Other(row.object_id),
    })
}

/// The store whose next transaction also notes the request.
#[must_use]
pub fn noting(store: &Store, session: &Session, request: Request, status: i32) -> Store {
    store.noting(Note {
        street_code: session.actor.scope().street_code().to_owned(),
        user_id: session.user_id,
        key: request.key,
        request_hash: request.digest,
        status,
    })
}

/// Forgets keys that are too old.
///
/// # Errors
/// The database failed.
pub fn sweep(store: &Store) -> AppResult<()> {
    let before = store.clock().now() - KEPT;
    store.maintain(|conn| {
        rows::delete_older(conn, before)?;
        Ok(())
    })
}

/// A key that was used for another request.
#[must_use]
pub fn reused() -> Refusal {
    Refusal::new(
        ErrorCode::InvalidInput,
        "该 Idempotency-Key 已用于另一请求。请为新请求换一个。",
        "This Idempotency-Key was used for another request. Take a new one for a new request.",
    )
}
