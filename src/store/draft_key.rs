//! Key pairs of the drafts on people's devices.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::draft_key;

/// Binds the sealed private key to its field.
pub const PRIVATE: &str = "draft_key.private_key";

/// One pair.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = draft_key, treat_none_as_default_value = false)]
pub struct DraftKeyRow {
    /// Its id, which every draft names.
    pub id: i64,
    /// Whose.
    pub user_id: i64,
    /// P-256 point, base64url.
    pub public_key: String,
    /// PKCS #8, sealed with [`PRIVATE`].
    pub private_key: Vec<u8>,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// UTC; from then on it is handed to nobody.
    pub withheld_at: Option<NaiveDateTime>,
}

/// Inserts a pair.
///
/// # Errors
/// The database failed.
pub fn insert(conn: &mut Db, row: &DraftKeyRow) -> QueryResult<usize> {
    diesel::insert_into(draft_key::table).values(row).execute(conn)
}

/// The pairs of an account that may be handed out, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_live(conn: &mut Db, user_id: i64) -> QueryResult<Vec<DraftKeyRow>> {
    draft_key::table
        .filter(draft_key::user_id.eq(user_id).and(draft_key::withheld_at.is_null()))
        .order(draft_key::id.desc())
        .select(DraftKeyRow::as_select())
        .load(conn)
}

/// Withholds the pairs of an account that are handed out. Returns how many.
///
/// # Errors
/// The database failed.
pub fn mark_withheld(conn: &mut Db, user_id: i64, at: NaiveDateTime) -> QueryResult<usize> {
    diesel::update(draft_key::table)
        .filter(draft_key::user_id.eq(user_id).and(draft_key::withheld_at.is_null()))
        .set(draft_key::withheld_at.eq(at))
        .execute(conn)
}

/// Hands the withheld pairs of an account out again. Returns how many.
///
/// # Errors
/// The database failed.
pub fn mark_released(conn: &mut Db, user_id: i64) -> QueryResult<usize> {
    diesel::update(draft_key::table)
        .filter(draft_key::user_id.eq(user_id).and(draft_key::withheld_at.is_not_null()))
        .set(draft_key::withheld_at.eq(None::<NaiveDateTime>))
        .execute(conn)
}
