//! Books between their upload and their loading.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::import_upload;

/// Binds the sealed book.
pub const BODY: &str = "import_upload.body";
/// Binds the sealed headers and samples.
pub const PREVIEW: &str = "import_upload.preview";
/// Binds the sealed report.
pub const REPORT: &str = "import_upload.report";

/// An uploaded book without its content.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = import_upload)]
pub struct UploadRow {
    /// Its id.
    pub id: i64,
    /// The street.
    pub street_code: String,
    /// Whose it is.
    pub owner: String,
    /// Name of the file, without folders.
    pub file_name: String,
    /// Rows below the headers.
    pub row_count: i64,
    /// Headers and samples, sealed with [`PREVIEW`].
    pub preview_enc: Vec<u8>,
    /// The last check or loading, sealed with [`REPORT`].
    pub report_enc: Option<Vec<u8>>,
    /// Which column is which field, as JSON.
    pub mapping: String,
    /// The book that came of it.
    pub import_id: Option<i64>,
    /// UTC.
    pub created_at: NaiveDateTime,
}

/// A book that has just arrived.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = import_upload, treat_none_as_default_value = false)]
pub struct NewUpload {
    /// Its id.
    pub id: i64,
    /// The street.
    pub street_code: String,
    /// Whose it is.
    pub owner: String,
    /// Name of the file, without folders.
    pub file_name: String,
    /// Rows below the headers.
    pub row_count: i64,
    /// The file, sealed with [`BODY`].
    pub body_enc: Option<Vec<u8>>,
    /// Headers and samples, sealed with [`PREVIEW`].
    pub preview_enc: Vec<u8>,
    /// None yet.
    pub report_enc: Option<Vec<u8>>,
    /// As JSON.
    pub mapping: String,
    /// None yet.
    pub import_id: Option<i64>,
    /// UTC.
    pub created_at: NaiveDateTime,
}

/// Stores a book.
///
/// # Errors
/// The database failed.
pub fn insert_upload(conn: &mut Db, row: &NewUpload) -> QueryResult<usize> {
    diesel::insert_into(import_upload::table).values(row).execute(conn)
}

/// An account's own book.
///
/// # Errors
/// The database failed.
pub fn find_upload(
    conn: &mut Db,
    (street, owner): (&str, &str),
    id: i64,
) -> QueryResult<Option<UploadRow>> {
    import_upload::table
        .find((id, street))
        .filter(import_upload::owner.eq(owner))
        .select(UploadRow::as_select())
        .first(conn)
        .optional()
}

/// An account's last books, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_uploads(
    conn: &mut Db,
    (street, owner): (&str, &str),
    limit: i64,
) -> QueryResult<Vec<UploadRow>> {
    import_upload::table
        .filter(import_upload::street_code.eq(street).and(import_upload::owner.eq(owner)))
        .order(import_upload::id.desc())
        .limit(limit)
        .select(UploadRow::as_select())
        .load(conn)
}

/// The sealed file; none once it was loaded.
///
/// # Errors
/// The database failed.
pub fn find_body(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<Vec<u8>>> {
    let found: Option<Option<Vec<u8>>> = import_upload::table
        .find((id, street))
        .select(import_upload::body_enc)
        .first(conn)
        .optional()?;
    Ok(found.flatten())
}

/// Another mapping; the report of the old one goes. Returns the row count: 0
/// means that the book is loaded.
///
/// # Errors
/// The database failed.
pub fn mark_mapping(conn: &mut Db, street: &str, id: i64, mapping: &str) -> QueryResult<usize> {
    diesel::update(
        import_upload::table.find((id, street)).filter(import_upload::import_id.is_null()),
    )
    .set((import_upload::mapping.eq(mapping), import_upload::report_enc.eq(None::<Vec<u8>>)))
    .execute(conn)
}

/// What a check or a loading said.
///
/// # Errors
/// The database failed.
pub fn mark_report(conn: &mut Db, street: &str, id: i64, report: &[u8]) -> QueryResult<usize> {
    diesel::update(import_upload::table.find((id, street)))
        .set(import_upload::report_enc.eq(report))
        .execute(conn)
}

/// The book is in the registers: its file goes.
///
/// # Errors
/// The database failed.
pub fn mark_loaded(
    conn: &mut Db,
    street: &str,
    id: i64,
    import_id: Option<i64>,
) -> QueryResult<usize> {
    diesel::update(import_upload::table.find((id, street)))
        .set((import_upload::body_enc.eq(None::<Vec<u8>>), import_upload::import_id.eq(import_id)))
        .execute(conn)
}

/// Removes an account's own book that is not wanted.
///
/// # Errors
/// The database failed.
pub fn delete_upload(conn: &mut Db, (street, owner): (&str, &str), id: i64) -> QueryResult<usize> {
    diesel::delete(import_upload::table.find((id, street)).filter(import_upload::owner.eq(owner)))
        .execute(conn)
}

/// Removes books that arrived before an instant.
///
/// # Errors
/// The database failed.
pub fn delete_old_uploads(
    conn: &mut Db,
    street: &str,
    before: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::delete(
        import_upload::table
            .filter(import_upload::street_code.eq(street))
            .filter(import_upload::created_at.lt(before)),
    )
    .execute(conn)
}
