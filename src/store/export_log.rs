//! Files that left the office.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::{export_file, export_log};

/// Binds the sealed file.
pub const BODY: &str = "export_file.body";

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

/// A file as it waits for its owner.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = export_file)]
pub struct ExportFileRow {
    /// Id of its entry in the log.
    pub id: i64,
    /// The street.
    pub street_code: String,
    /// Sealed with [`BODY`].
    pub body_enc: Vec<u8>,
    /// UTC; from then on it is gone.
    pub expires_at: NaiveDateTime,
}

/// Keeps a file for its owner.
///
/// # Errors
/// The database failed.
pub fn insert_export_file(conn: &mut Db, row: &ExportFileRow) -> QueryResult<usize> {
    diesel::insert_into(export_file::table).values(row).execute(conn)
}

/// The sealed file, until it expires.
///
/// # Errors
/// The database failed.
pub fn find_export_file(
    conn: &mut Db,
    street: &str,
    id: i64,
    now: NaiveDateTime,
) -> QueryResult<Option<Vec<u8>>> {
    export_file::table
        .find((id, street))
        .filter(export_file::expires_at.gt(now))
        .select(export_file::body_enc)
        .first(conn)
        .optional()
}

/// Removes the files of a street that have expired.
///
/// # Errors
/// The database failed.
pub fn delete_expired_files(conn: &mut Db, street: &str, now: NaiveDateTime) -> QueryResult<usize> {
    diesel::delete(
        export_file::table
            .filter(export_file::street_code.eq(street).and(export_file::expires_at.le(now))),
    )
    .execute(conn)
}

/// One entry.
///
/// # Errors
/// The database failed.
pub fn find_export(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<ExportRow>> {
    export_log::table.find((id, street)).select(ExportRow::as_select()).first(conn).optional()
}

/// Files of a street, of one account or of all, the latest first; only those
/// before the id `before`, if one is given.
///
/// # Errors
/// The database failed.
pub fn list_exports(
    conn: &mut Db,
    street: &str,
    username: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<ExportRow>> {
    let mut query = export_log::table.filter(export_log::street_code.eq(street)).into_boxed();
    if let Some(username) = username {
        query = query.filter(export_log::username.eq(username));
    }
    if let Some(before) = before {
        query = query.filter(export_log::id.lt(before));
    }
    query.order(export_log::id.desc()).limit(limit).select(ExportRow::as_select()).load(conn)
}
