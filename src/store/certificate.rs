//! Disability certificates: the number and all of the health detail sealed.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::certificate;
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::month::Month;

/// Binds the sealed number to its field.
pub const CERT_NO: &str = "certificate.cert_no";
/// Binds the sealed detail (`domain::certificate::CertificateDetail` as JSON).
pub const DETAIL: &str = "certificate.detail";
/// Kind of the blind index over certificate numbers.
pub const CERT_INDEX: &str = "cert_no";

/// One certificate, or one renewal of it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = certificate, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct CertificateRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Whose.
    pub resident_id: ResidentId,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// Sealed with [`CERT_NO`].
    pub cert_no_enc: Vec<u8>,
    /// Blind index.
    pub cert_no_index: Vec<u8>,
    /// Sealed with [`DETAIL`].
    pub detail_enc: Vec<u8>,
    /// The person's first certificate (R11).
    pub first_issue: bool,
    /// Date of issue.
    pub issued_on: NaiveDate,
    /// Last valid day.
    pub valid_to: Option<NaiveDate>,
    /// First month that the payout may count it.
    pub from_month: Month,
    /// Since when the office knows.
    pub known_on: NaiveDate,
    /// The day it was cancelled.
    pub cancelled_on: Option<NaiveDate>,
    /// Since when the office knows of that.
    pub cancel_known_on: Option<NaiveDate>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

/// Inserts certificates in batches.
///
/// # Errors
/// The database failed.
pub fn insert_certificates(conn: &mut Db, rows: &[CertificateRow]) -> QueryResult<usize> {
    insert_batches!(conn, certificate::table, rows)
}

/// A certificate by id.
///
/// # Errors
/// The database failed.
pub fn find_certificate(
    conn: &mut Db,
    street: &str,
    id: i64,
) -> QueryResult<Option<CertificateRow>> {
    certificate::table.find((id, street)).select(CertificateRow::as_select()).first(conn).optional()
}

/// All certificates of a person, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_certificates_of(
    conn: &mut Db,
    street: &str,
    resident_id: ResidentId,
) -> QueryResult<Vec<CertificateRow>> {
    certificate::table
        .filter(certificate::street_code.eq(street).and(certificate::resident_id.eq(resident_id)))
        .order(certificate::from_month)
        .select(CertificateRow::as_select())
        .load(conn)
}

/// The certificates of a street with this number.
///
/// # Errors
/// The database failed.
pub fn list_certificates_by_no(
    conn: &mut Db,
    street: &str,
    blind_index: &[u8],
) -> QueryResult<Vec<CertificateRow>> {
    certificate::table
        .filter(certificate::street_code.eq(street))
        .filter(certificate::cert_no_index.eq(blind_index))
        .order(certificate::from_month)
        .select(CertificateRow::as_select())
        .load(conn)
}

/// Cancels a certificate that is not cancelled. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_certificate_cancelled(
    conn: &mut Db,
    street: &str,
    id: i64,
    cancelled_on: NaiveDate,
    known_on: NaiveDate,
) -> QueryResult<usize> {
    diesel::update(
        certificate::table.find((id, street)).filter(certificate::cancelled_on.is_null()),
    )
    .set((certificate::cancelled_on.eq(cancelled_on), certificate::cancel_known_on.eq(known_on)))
    .execute(conn)
}
