//! Files that left the office.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::export_log;

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = export_log, treat_none_as_default_value = false)]
pub struct ExportRow {
    /// Its id.
    pub id: i64,
    /// The street.
    pub street_code: String,
    /// Who took it.
    pub username: String,
    /// UTC.
    pub at: NaiveDateTime,
    /// Name of the file.
    pub file_name: String,
    /// What it was narrowed to, without personal values.
    pub filter: String,
    /// Rows without totals.
    pub row_count: i64,
    /// SHA-256, hexadecimal.
    pub digest: String,
    /// Why.
    pub purpose: String,
    /// Whether it holds personal values in full.
    pub plain: bool,
}

/// Notes a file.
///
/// # Errors
/// The database failed.
pub fn insert_export(conn: &mut Db, row: &ExportRow) -> QueryResult<usize> {
    diesel::insert_into(export_log::table).values(row).execute(conn)
}

/// Files of a street, of one account or of all, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_exports(
    conn: &mut Db,
    street: &str,
    username: Option<&str>,
    limit: i64,
) -> QueryResult<Vec<ExportRow>> {
    let mut query = export_log::table.filter(export_log::street_code.eq(street)).into_boxed();
    if let Some(username) = username {
        query = query.filter(export_log::username.eq(username));
    }
    query.order(export_log::id.desc()).limit(limit).select(ExportRow::as_select()).load(conn)
}
