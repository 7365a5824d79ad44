//! Pictures of visits, sealed.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::visit_photo;

/// Binds a sealed picture.
pub const PHOTO: &str = "visit_photo.photo";

/// A picture as it is stored.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = visit_photo, treat_none_as_default_value = false)]
pub struct NewPhoto {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Of which visit.
    pub visit_id: i64,
    /// JPEG, sealed with [`PHOTO`].
    pub photo_enc: Vec<u8>,
    /// SHA-256 of the JPEG.
    pub digest: Vec<u8>,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// Username.
    pub added_by: String,
    /// UTC.
    pub added_at: NaiveDateTime,
}

/// A picture without its content.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = visit_photo)]
pub struct PhotoLine {
    /// Its id.
    pub id: i64,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
    /// Username.
    pub added_by: String,
    /// UTC.
    pub added_at: NaiveDateTime,
    /// SHA-256 of the JPEG.
    pub digest: Vec<u8>,
}

/// Stores a picture.
///
/// # Errors
/// The database failed.
pub fn insert_photo(conn: &mut Db, row: &NewPhoto) -> QueryResult<usize> {
    diesel::insert_into(visit_photo::table).values(row).execute(conn)
}

/// The pictures of a visit, the first one first.
///
/// # Errors
/// The database failed.
pub fn list_photos(conn: &mut Db, street: &str, visit: i64) -> QueryResult<Vec<PhotoLine>> {
    visit_photo::table
        .filter(visit_photo::street_code.eq(street).and(visit_photo::visit_id.eq(visit)))
        .order(visit_photo::id)
        .select(PhotoLine::as_select())
        .load(conn)
}

/// A sealed picture of a visit.
///
/// # Errors
/// The database failed.
pub fn find_photo(
    conn: &mut Db,
    street: &str,
    visit: i64,
    photo: i64,
) -> QueryResult<Option<Vec<u8>>> {
    visit_photo::table
        .find((photo, street))
        .filter(visit_photo::visit_id.eq(visit))
        .select(visit_photo::photo_enc)
        .first(conn)
        .optional()
}

/// Takes a picture out. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_photo(conn: &mut Db, street: &str, visit: i64, photo: i64) -> QueryResult<usize> {
    diesel::delete(visit_photo::table.find((photo, street)).filter(visit_photo::visit_id.eq(visit)))
        .execute(conn)
}
