//! People who may act.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::connection::Db;
use super::schema::user_account;

/// An account as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = user_account)]
pub struct UserRow {
    /// Own id.
    pub id: i64,
    /// As the audit log names the person.
    pub username: String,
    /// NFKC and lower case; unique.
    pub username_key: String,
    /// Name on screens and print-outs.
    pub display_name: String,
    /// Code of the role; one per account.
    pub role: String,
    /// Area whose data the account may see.
    pub scope_code: String,
    /// Extra rights (`child`, `mental`), separated by commas.
    pub rights: String,
    /// PHC string with its own parameters and salt.
    pub password_hash: String,
    /// `active` or `disabled`.
    pub status: String,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// UTC.
    pub updated_at: NaiveDateTime,
}

/// The account of a normalised user name.
///
/// # Errors
/// The database failed.
pub fn find(conn: &mut Db, username_key: &str) -> QueryResult<Option<UserRow>> {
    user_account::table
        .filter(user_account::username_key.eq(username_key))
        .select(UserRow::as_select())
        .first(conn)
        .optional()
}

/// All accounts, by user name.
///
/// # Errors
/// The database failed.
pub fn list(conn: &mut Db) -> QueryResult<Vec<UserRow>> {
    user_account::table.order(user_account::username_key).select(UserRow::as_select()).load(conn)
}

/// Stores a new account.
///
/// # Errors
/// `UniqueViolation` if the name is taken.
pub fn insert(conn: &mut Db, row: &UserRow) -> QueryResult<()> {
    diesel::insert_into(user_account::table).values(row).execute(conn)?;
    Ok(())
}

/// Disables an active account; returns how many rows changed.
///
/// # Errors
/// The database failed.
pub fn mark_disabled(conn: &mut Db, id: i64, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::update(user_account::table)
        .filter(user_account::id.eq(id).and(user_account::status.eq("active")))
        .set((user_account::status.eq("disabled"), user_account::updated_at.eq(now)))
        .execute(conn)
}

/// Replaces the extra rights if they are still `old`; returns how many rows
/// changed.
///
/// # Errors
/// The database failed.
pub fn mark_rights(
    conn: &mut Db,
    id: i64,
    old: &str,
    new: &str,
    now: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(user_account::table)
        .filter(user_account::id.eq(id).and(user_account::rights.eq(old)))
        .set((user_account::rights.eq(new), user_account::updated_at.eq(now)))
        .execute(conn)
}

/// Replaces a password hash if it is still `old`; returns how many rows changed.
///
/// # Errors
/// The database failed.
pub fn mark_password(
    conn: &mut Db,
    id: i64,
    old: &str,
    new: &str,
    now: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(user_account::table)
        .filter(user_account::id.eq(id).and(user_account::password_hash.eq(old)))
        .set((user_account::password_hash.eq(new), user_account::updated_at.eq(now)))
        .execute(conn)
}

/// Gives an account another area; returns how many rows changed.
///
/// # Errors
/// The database failed.
pub fn mark_scope(
    conn: &mut Db,
    id: i64,
    scope_code: &str,
    now: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(user_account::table.find(id))
        .set((user_account::scope_code.eq(scope_code), user_account::updated_at.eq(now)))
        .execute(conn)
}
