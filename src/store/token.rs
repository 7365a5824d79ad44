//! Refresh tokens of programs, and the keys that sign their access tokens.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::{refresh_token, token_key};

/// What the seed of a signing key is bound to.
pub const SEALED_SEED: &str = "token_key.sealed";

/// A refresh token as stored: its hash only.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_token, treat_none_as_default_value = false)]
pub struct RefreshRow {
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// Its family.
    pub session_id: i64,
    /// UTC.
    pub issued_at: NaiveDateTime,
    /// When it was exchanged.
    pub used_at: Option<NaiveDateTime>,
    /// The sealed successor.
    pub successor: Option<Vec<u8>>,
}

/// A signing key as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = token_key, treat_none_as_default_value = false)]
pub struct TokenKeyRow {
    /// Named in the header of a token.
    pub kid: String,
    /// Owner id in the seal.
    pub id: i64,
    /// The sealed Ed25519 seed.
    pub sealed: Vec<u8>,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// Signs nothing from then on.
    pub retired_at: Option<NaiveDateTime>,
}

/// Stores a refresh token.
///
/// # Errors
/// The database failed.
pub fn insert_refresh(conn: &mut Db, row: &RefreshRow) -> QueryResult<()> {
    diesel::insert_into(refresh_token::table).values(row).execute(conn)?;
    Ok(())
}

/// A refresh token by its hash.
///
/// # Errors
/// The database failed.
pub fn find_refresh(conn: &mut Db, hash: &[u8]) -> QueryResult<Option<RefreshRow>> {
    refresh_token::table.find(hash).select(RefreshRow::as_select()).first(conn).optional()
}

/// Uses up a refresh token. Returns the row count: 0 if somebody was faster.
///
/// # Errors
/// The database failed.
pub fn mark_refresh_used(
    conn: &mut Db,
    hash: &[u8],
    now: NaiveDateTime,
    successor: &[u8],
) -> QueryResult<usize> {
    diesel::update(
        refresh_token::table
            .filter(refresh_token::token_hash.eq(hash).and(refresh_token::used_at.is_null())),
    )
    .set((refresh_token::used_at.eq(now), refresh_token::successor.eq(successor)))
    .execute(conn)
}

/// Signing keys, newest first.
///
/// # Errors
/// The database failed.
pub fn list_keys(conn: &mut Db) -> QueryResult<Vec<TokenKeyRow>> {
    token_key::table
        .order((token_key::created_at.desc(), token_key::kid))
        .select(TokenKeyRow::as_select())
        .load(conn)
}

/// Stores a signing key.
///
/// # Errors
/// The database failed.
pub fn insert_key(conn: &mut Db, row: &TokenKeyRow) -> QueryResult<()> {
    diesel::insert_into(token_key::table).values(row).execute(conn)?;
    Ok(())
}

/// Retires every key but one. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_keys_retired(conn: &mut Db, but: &str, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::update(
        token_key::table.filter(token_key::kid.ne(but).and(token_key::retired_at.is_null())),
    )
    .set(token_key::retired_at.eq(now))
    .execute(conn)
}

/// Erases keys retired before an instant. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_retired_keys(conn: &mut Db, before: NaiveDateTime) -> QueryResult<usize> {
    diesel::delete(token_key::table.filter(token_key::retired_at.lt(before))).execute(conn)
}
