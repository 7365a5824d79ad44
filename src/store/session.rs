//! Sessions of browsers and programs. A token itself is never stored, only
//! its SHA-256 (SEC-026, SEC-039).

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::{user_access, user_account, web_session};

/// One session as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = web_session, treat_none_as_default_value = false)]
pub struct SessionRow {
    /// Own id.
    pub id: i64,
    /// SHA-256 of the cookie; for programs of a value that nobody has.
    pub token_hash: Vec<u8>,
    /// `browser` or `program`.
    pub kind: String,
    /// Whose.
    pub user_id: i64,
    /// `first`, `totp`, `enrol` or `full`.
    pub level: String,
    /// Digest of the account at sign-in; another one now ends the session.
    pub stamp: Vec<u8>,
    /// Street of the scope.
    pub street_code: String,
    /// Areas of the scope, separated by commas; none is the whole street.
    pub area_codes: Option<String>,
    /// Signed in.
    pub created_at: NaiveDateTime,
    /// Last request, within a minute.
    pub seen_at: NaiveDateTime,
    /// Seconds without a request after which it ends.
    pub idle_seconds: i64,
    /// Ends then in any case.
    pub expires_at: NaiveDateTime,
    /// Last time the password or a code was entered.
    pub stepped_up_at: Option<NaiveDateTime>,
    /// What the browser calls itself, shortened.
    pub device: String,
    /// Network address.
    pub address: String,
}

/// What is read of the account at every request.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_account)]
pub struct AccountPart {
    /// Id.
    pub id: i64,
    /// Name in the audit log.
    pub username: String,
    /// Name on screens.
    pub display_name: String,
    /// Code of the role.
    pub role: String,
    /// Area.
    pub scope_code: String,
    /// Extra rights.
    pub rights: String,
    /// Part of the stamp.
    pub password_hash: String,
    /// `active` or `disabled`.
    pub status: String,
}

/// What is read of the access row at every request.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_access)]
pub struct AccessPart {
    /// Counts what ends every session.
    pub auth_epoch: i64,
    /// Last day of the account.
    pub expires_on: Option<chrono::NaiveDate>,
    /// Sealed TOTP seed.
    pub totp_secret: Option<Vec<u8>>,
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

/// A session with what its account is now.
pub type SessionWithAccount = (SessionRow, AccountPart, AccessPart);

/// Stores a session.
///
/// # Errors
/// The database failed.
pub fn insert(conn: &mut Db, row: &SessionRow) -> QueryResult<()> {
    diesel::insert_into(web_session::table).values(row).execute(conn)?;
    Ok(())
}

/// The session of a token's hash.
///
/// # Errors
/// The database failed.
pub fn find_by_token(conn: &mut Db, hash: &[u8]) -> QueryResult<Option<SessionWithAccount>> {
    web_session::table
        .inner_join(user_account::table.on(user_account::id.eq(web_session::user_id)))
        .inner_join(user_access::table.on(user_access::user_id.eq(web_session::user_id)))
        .filter(web_session::token_hash.eq(hash))
        .select((SessionRow::as_select(), AccountPart::as_select(), AccessPart::as_select()))
        .first(conn)
        .optional()
}

/// A session by its id.
///
/// # Errors
/// The database failed.
pub fn find_by_id(conn: &mut Db, id: i64) -> QueryResult<Option<SessionWithAccount>> {
    web_session::table
        .inner_join(user_account::table.on(user_account::id.eq(web_session::user_id)))
        .inner_join(user_access::table.on(user_access::user_id.eq(web_session::user_id)))
        .filter(web_session::id.eq(id))
        .select((SessionRow::as_select(), AccountPart::as_select(), AccessPart::as_select()))
        .first(conn)
        .optional()
}

/// Sessions of one account, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_of_user(conn: &mut Db, user_id: i64) -> QueryResult<Vec<SessionRow>> {
    web_session::table
        .filter(web_session::user_id.eq(user_id))
        .order((web_session::created_at.desc(), web_session::id.desc()))
        .select(SessionRow::as_select())
        .load(conn)
}

/// Notes a request. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_seen(conn: &mut Db, id: i64, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::update(web_session::table.find(id)).set(web_session::seen_at.eq(now)).execute(conn)
}

/// Gives a session a new token, level and stamp. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_renewed(
    conn: &mut Db,
    id: i64,
    token_hash: &[u8],
    level: &str,
    stamp: &[u8],
    stepped_up_at: Option<NaiveDateTime>,
) -> QueryResult<usize> {
    diesel::update(web_session::table.find(id))
        .set((
            web_session::token_hash.eq(token_hash),
            web_session::level.eq(level),
            web_session::stamp.eq(stamp),
            web_session::stepped_up_at.eq(stepped_up_at),
        ))
        .execute(conn)
}

/// Ends the sessions of an account at an instant at the latest. Returns the row
/// count.
///
/// # Errors
/// The database failed.
pub fn mark_expiry(conn: &mut Db, user_id: i64, at: NaiveDateTime) -> QueryResult<usize> {
    diesel::update(
        web_session::table
            .filter(web_session::user_id.eq(user_id).and(web_session::expires_at.gt(at))),
    )
    .set(web_session::expires_at.eq(at))
    .execute(conn)
}

/// Ends one session of an account. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_one(conn: &mut Db, user_id: i64, id: i64) -> QueryResult<usize> {
    diesel::delete(
        web_session::table.filter(web_session::id.eq(id).and(web_session::user_id.eq(user_id))),
    )
    .execute(conn)
}

/// Ends all sessions of an account but one. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_others(conn: &mut Db, user_id: i64, keep: i64) -> QueryResult<usize> {
    diesel::delete(
        web_session::table.filter(web_session::user_id.eq(user_id).and(web_session::id.ne(keep))),
    )
    .execute(conn)
}

/// Removes what has ended. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_expired(conn: &mut Db, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::delete(web_session::table.filter(web_session::expires_at.lt(now))).execute(conn)
}
