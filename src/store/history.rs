//! The history of every field: one entry per record on creation, one per
//! changed field afterwards (`rulings.md` S7). Values are sealed.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::history;

/// Binds the sealed old value to its field.
pub const OLD: &str = "history.old";
/// Binds the sealed new value to its field.
pub const NEW: &str = "history.new";

/// One entry; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = history, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct HistoryRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Table of the record.
    pub object_kind: String,
    /// Id of the record.
    pub object_id: i64,
    /// Which field; `None` for the creation.
    pub field: Option<String>,
    /// Old value, sealed with [`OLD`].
    pub old_enc: Option<Vec<u8>>,
    /// New value, sealed with [`NEW`].
    pub new_enc: Option<Vec<u8>>,
    /// UTC.
    pub at: NaiveDateTime,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// The audit entry of the change.
    pub audit_seq: i64,
}

/// Inserts entries in batches.
///
/// # Errors
/// The database failed.
pub fn insert_history(conn: &mut Db, rows: &[HistoryRow]) -> QueryResult<usize> {
    insert_batches!(conn, history::table, rows)
}

/// All entries of a record, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_history(
    conn: &mut Db,
    street: &str,
    object_kind: &str,
    object_id: i64,
) -> QueryResult<Vec<HistoryRow>> {
    history::table
        .filter(history::street_code.eq(street))
        .filter(history::object_kind.eq(object_kind).and(history::object_id.eq(object_id)))
        .order(history::id)
        .select(HistoryRow::as_select())
        .load(conn)
}
