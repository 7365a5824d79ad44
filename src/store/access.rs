//! How a user signs in beyond the password: forced change, TOTP, recovery
//! codes, counters of failures, preferences.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::Db;
use super::db::per_backend;
use super::schema::{recovery_code, sign_in_counter, user_access, user_account};
use super::user::UserRow;

/// What the seed of the second factor is bound to.
pub const TOTP_SECRET: &str = "user_access.totp_secret";

/// The access row of an account.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = user_access, treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct AccessRow {
    /// Whose.
    pub user_id: i64,
    /// Raised to end every session of the account.
    pub auth_epoch: i64,
    /// The password is a one-time code and must be replaced.
    pub must_change: bool,
    /// Until when the one-time code is good.
    pub code_expires_at: Option<NaiveDateTime>,
    /// Last day of the account.
    pub expires_on: Option<NaiveDate>,
    /// Sealed TOTP seed in use.
    pub totp_secret: Option<Vec<u8>>,
    /// Last time step that was accepted; none is accepted twice.
    pub totp_last_step: i64,
    /// UTC.
    pub password_changed_at: Option<NaiveDateTime>,
    /// UTC.
    pub last_login_at: Option<NaiveDateTime>,
    /// Network address.
    pub last_login_from: Option<String>,
    /// Failed sign-ins since the last successful one.
    pub failures_since: i64,
    /// Chosen language.
    pub lang: Option<String>,
    /// Rows per page.
    pub page_size: i64,
    /// `normal` or `compact`.
    pub density: String,
    /// Larger letters.
    pub large_text: bool,
    /// Single-key shortcuts.
    pub shortcuts: bool,
}

impl AccessRow {
    /// What an account has before anybody chose anything.
    #[must_use]
    pub fn fresh(user_id: i64) -> AccessRow {
        AccessRow {
            user_id,
            auth_epoch: 0,
            must_change: false,
            code_expires_at: None,
            expires_on: None,
            totp_secret: None,
            totp_last_step: 0,
            password_changed_at: None,
            last_login_at: None,
            last_login_from: None,
            failures_since: 0,
            lang: None,
            page_size: 50,
            density: "normal".to_owned(),
            large_text: false,
            shortcuts: true,
        }
    }
}

/// Failures counted under one keyed hash.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_in_counter, treat_none_as_default_value = false)]
pub struct CounterRow {
    /// Keyed hash of the name (and of the device).
    pub key_hash: Vec<u8>,
    /// In a row.
    pub failures: i64,
    /// Nothing is accepted before.
    pub locked_until: Option<NaiveDateTime>,
    /// Since `day_started`.
    pub day_failures: i64,
    /// Start of the 24 hours.
    pub day_started: NaiveDateTime,
    /// Last failure.
    pub last_at: NaiveDateTime,
}

/// The access row of an account; a fresh one if it never signed in.
///
/// # Errors
/// The database failed.
pub fn load(conn: &mut Db, user_id: i64) -> QueryResult<AccessRow> {
    let found =
        user_access::table.find(user_id).select(AccessRow::as_select()).first(conn).optional()?;
    Ok(found.unwrap_or_else(|| AccessRow::fresh(user_id)))
}

/// Stores the access row, new or not.
///
/// # Errors
/// The database failed.
pub fn save(conn: &mut Db, row: &AccessRow) -> QueryResult<()> {
    per_backend!(conn, |c| diesel::insert_into(user_access::table)
        .values(row)
        .on_conflict(user_access::user_id)
        .do_update()
        .set(row)
        .execute(c))?;
    Ok(())
}

/// An account by its id.
///
/// # Errors
/// The database failed.
pub fn find_user(conn: &mut Db, id: i64) -> QueryResult<Option<UserRow>> {
    user_account::table.find(id).select(UserRow::as_select()).first(conn).optional()
}

/// How many accounts there are by status.
///
/// # Errors
/// The database failed.
pub fn count_users(conn: &mut Db) -> QueryResult<Vec<(String, i64)>> {
    user_account::table
        .group_by(user_account::status)
        .select((user_account::status, diesel::dsl::count_star()))
        .order(user_account::status)
        .load(conn)
}

/// Accepts a TOTP step that is later than every one accepted before. Returns
/// the row count: 0 is a replay.
///
/// # Errors
/// The database failed.
pub fn mark_totp_step(conn: &mut Db, user_id: i64, step: i64) -> QueryResult<usize> {
    diesel::update(
        user_access::table
            .filter(user_access::user_id.eq(user_id).and(user_access::totp_last_step.lt(step))),
    )
    .set(user_access::totp_last_step.eq(step))
    .execute(conn)
}

/// Replaces the recovery codes of an account.
///
/// # Errors
/// The database failed.
pub fn replace_recovery_codes(conn: &mut Db, user_id: i64, hashes: &[Vec<u8>]) -> QueryResult<()> {
    diesel::delete(recovery_code::table.filter(recovery_code::user_id.eq(user_id)))
        .execute(conn)?;
    for hash in hashes {
        diesel::insert_into(recovery_code::table)
            .values((recovery_code::user_id.eq(user_id), recovery_code::code_hash.eq(hash)))
            .execute(conn)?;
    }
    Ok(())
}

/// Uses up a recovery code. Returns the row count: 0 is unknown or used.
///
/// # Errors
/// The database failed.
pub fn mark_recovery_used(
    conn: &mut Db,
    user_id: i64,
    hash: &[u8],
    now: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(
        recovery_code::table.filter(
            recovery_code::user_id
                .eq(user_id)
                .and(recovery_code::code_hash.eq(hash))
                .and(recovery_code::used_at.is_null()),
        ),
    )
    .set(recovery_code::used_at.eq(now))
    .execute(conn)
}

/// Recovery codes that are left.
///
/// # Errors
/// The database failed.
pub fn count_recovery_codes(conn: &mut Db, user_id: i64) -> QueryResult<i64> {
    recovery_code::table
        .filter(recovery_code::user_id.eq(user_id).and(recovery_code::used_at.is_null()))
        .count()
        .get_result(conn)
}

/// The counter under a key.
///
/// # Errors
/// The database failed.
pub fn find_counter(conn: &mut Db, key_hash: &[u8]) -> QueryResult<Option<CounterRow>> {
    sign_in_counter::table.find(key_hash).select(CounterRow::as_select()).first(conn).optional()
}

/// Stores a counter.
///
/// # Errors
/// The database failed.
pub fn save_counter(conn: &mut Db, row: &CounterRow) -> QueryResult<()> {
    delete_counter(conn, &row.key_hash)?;
    diesel::insert_into(sign_in_counter::table).values(row).execute(conn)?;
    Ok(())
}

/// Forgets a counter. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_counter(conn: &mut Db, key_hash: &[u8]) -> QueryResult<usize> {
    diesel::delete(sign_in_counter::table.find(key_hash)).execute(conn)
}

/// Forgets counters without a failure since `before`. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_old_counters(conn: &mut Db, before: NaiveDateTime) -> QueryResult<usize> {
    diesel::delete(sign_in_counter::table.filter(sign_in_counter::last_at.lt(before))).execute(conn)
}
