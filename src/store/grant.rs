//! What one administrator asks for and a second one grants.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::grant_request;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = grant_request, treat_none_as_default_value = false)]
pub struct GrantRow {
    /// Its id.
    pub id: i64,
    /// `account` or `rights`.
    pub kind: String,
    /// User name of the account, existing or not.
    pub username: String,
    /// Name on screens.
    pub display_name: String,
    /// Code of the role.
    pub role: String,
    /// Area.
    pub scope_code: String,
    /// The rights that the account is to have, separated by commas.
    pub rights: String,
    /// Who asked.
    pub asked_by: String,
    /// UTC.
    pub asked_at: NaiveDateTime,
    /// `waiting`, `granted` or `refused`.
    pub state: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// UTC.
    pub decided_at: Option<NaiveDateTime>,
}

/// Inserts a request.
///
/// # Errors
/// `UniqueViolation` if the same waits already.
pub fn insert_grant(conn: &mut Db, row: &GrantRow) -> QueryResult<usize> {
    diesel::insert_into(grant_request::table).values(row).execute(conn)
}

/// A request.
///
/// # Errors
/// The database failed.
pub fn find_grant(conn: &mut Db, id: i64) -> QueryResult<Option<GrantRow>> {
    grant_request::table.find(id).select(GrantRow::as_select()).first(conn).optional()
}

/// The requests that wait, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_waiting(conn: &mut Db) -> QueryResult<Vec<GrantRow>> {
    grant_request::table
        .filter(grant_request::state.eq("waiting"))
        .order(grant_request::id)
        .select(GrantRow::as_select())
        .load(conn)
}

/// Decides a waiting request. Returns the row count.
///
/// # Errors
/// The database failed; the database itself refuses that the asker grants.
pub fn mark_decided(
    conn: &mut Db,
    id: i64,
    state: &str,
    by: &str,
    at: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(grant_request::table.find(id))
        .filter(grant_request::state.eq("waiting"))
        .set((
            grant_request::state.eq(state),
            grant_request::decided_by.eq(by),
            grant_request::decided_at.eq(at),
        ))
        .execute(conn)
}
