//! Keys of requests that were carried out. Written in the transaction of the
//! effect, by [`super::Store::write_streets`] itself.

use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DbError};

use super::Db;
use super::schema::idempotency_key;
use crate::error::{AppError, AppResult, ErrorCode};

/// One key as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = idempotency_key, treat_none_as_default_value = false)]
pub struct OnceRow {
    /// The street that the request wrote to.
    pub street_code: String,
    /// Whose key.
    pub user_id: i64,
    /// The key.
    pub key: String,
    /// SHA-256 of the request.
    pub request_hash: Vec<u8>,
    /// Status of the answer.
    pub status: i32,
    /// What was made.
    pub object_id: i64,
    /// Its version then; 0 for a change that waits for a second person.
    pub version: i32,
    /// UTC.
    pub created_at: NaiveDateTime,
}

/// A request that is to be noted with its effect.
#[derive(Debug, Clone)]
pub struct Note {
    /// The street of the account.
    pub street_code: String,
    /// Whose key.
    pub user_id: i64,
    /// The key.
    pub key: String,
    /// SHA-256 of the request.
    pub request_hash: Vec<u8>,
    /// Status of the answer.
    pub status: i32,
}

/// What a transaction made, as a repeated request is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Made {
    pub(super) id: i64,
    /// A change that waits for a second person.
    pub(super) waits: bool,
}

/// A note and whether a transaction took it along.
#[derive(Debug)]
pub(super) struct Pending {
    note: Note,
    taken: AtomicBool,
}

impl Pending {
    pub(super) fn new(note: Note) -> Pending {
        Pending { note, taken: AtomicBool::new(false) }
    }

    /// Inserts the note, unless an earlier transaction of the request did. A
    /// unique violation means that the same request is under way elsewhere.
    pub(super) fn insert(
        &self,
        conn: &mut Db,
        made: Option<Made>,
        now: NaiveDateTime,
    ) -> AppResult<()> {
        let (Some(made), false) = (made, self.taken.load(Ordering::Relaxed)) else {
            return Ok(());
        };
        let Note { street_code, user_id, key, request_hash, status } = self.note.clone();
        let row = OnceRow {
            street_code,
            user_id,
            key,
            request_hash,
            status,
            object_id: made.id,
            version: i32::from(!made.waits),
            created_at: now,
        };
        match diesel::insert_into(idempotency_key::table).values(&row).execute(conn) {
            Ok(_) => Ok(()),
            Err(DbError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                Err(AppError::coded(
                    ErrorCode::Conflict,
                    "同一请求正在处理或刚刚处理完。请稍后原样再发一次。",
                    "The same request is being carried out. Send it again in a moment.",
                ))
            }
            Err(other) => Err(other.into()),
        }
    }

    pub(super) fn done(&self) {
        self.taken.store(true, Ordering::Relaxed);
    }
}

/// A key of an account.
///
/// # Errors
/// The database failed.
pub fn find(conn: &mut Db, street: &str, user_id: i64, key: &str) -> QueryResult<Option<OnceRow>> {
    idempotency_key::table
        .find((street, user_id, key))
        .select(OnceRow::as_select())
        .first(conn)
        .optional()
}

/// Deletes what is older. Returns how many.
///
/// # Errors
/// The database failed.
pub fn delete_older(conn: &mut Db, before: NaiveDateTime) -> QueryResult<usize> {
    diesel::delete(idempotency_key::table.filter(idempotency_key::created_at.lt(before)))
        .execute(conn)
}
