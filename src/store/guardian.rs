//! Guardians.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::guardian;
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::ids::ResidentId;

/// Binds the sealed name to its field.
pub const NAME: &str = "guardian.name";
/// Binds the sealed telephone number to its field.
pub const PHONE: &str = "guardian.phone";

/// One guardianship.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = guardian, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct GuardianRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// The child or patient.
    pub ward_id: ResidentId,
    /// The guardian, if a resident of the street.
    pub guardian_id: Option<ResidentId>,
    /// Sealed with [`NAME`].
    pub name_enc: Vec<u8>,
    /// Sealed with [`PHONE`].
    pub phone_enc: Option<Vec<u8>>,
    /// Who.
    pub kind: GuardianKind,
    /// On what ground.
    pub basis: GuardianBasis,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: Option<NaiveDate>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

/// Inserts guardians in batches.
///
/// # Errors
/// The database failed.
pub fn insert_guardians(conn: &mut Db, rows: &[GuardianRow]) -> QueryResult<usize> {
    insert_batches!(conn, guardian::table, rows)
}

/// A guardianship by id.
///
/// # Errors
/// The database failed.
pub fn find_guardian(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<GuardianRow>> {
    guardian::table.find((id, street)).select(GuardianRow::as_select()).first(conn).optional()
}

/// All guardianships of a ward, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_guardians_of(
    conn: &mut Db,
    street: &str,
    ward_id: ResidentId,
) -> QueryResult<Vec<GuardianRow>> {
    guardian::table
        .filter(guardian::street_code.eq(street).and(guardian::ward_id.eq(ward_id)))
        .order(guardian::from_on)
        .select(GuardianRow::as_select())
        .load(conn)
}

/// Ends an open guardianship. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_guardian_ended(
    conn: &mut Db,
    street: &str,
    id: i64,
    to_on: NaiveDate,
) -> QueryResult<usize> {
    diesel::update(guardian::table.find((id, street)).filter(guardian::to_on.is_null()))
        .set(guardian::to_on.eq(to_on))
        .execute(conn)
}
