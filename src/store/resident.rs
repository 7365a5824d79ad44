//! Residents, and the claim that keeps a person once in the whole registry.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::coded::insert_batches;
use super::schema::{identity_claim, resident};
use super::search_name::{self, Name};
use super::{Db, per_backend};
use crate::domain::code_table::{Education, Marital, ResidenceStatus};
use crate::domain::document::DocKind;
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;

/// Binds the sealed document number to its field.
pub const DOC_NO: &str = "resident.doc_no";
/// Binds the sealed telephone number to its field.
pub const PHONE: &str = "resident.phone";
/// Kind of the blind index over document numbers.
pub const DOC_INDEX: &str = "doc_no";
/// Kind of the blind index over telephone numbers.
pub const PHONE_INDEX: &str = "phone";

/// One person as one street knows them.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = resident, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct ResidentRow {
    /// Its id.
    pub id: ResidentId,
    /// Never changes in a row.
    pub street_code: String,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// Community or grid.
    pub area_code: String,
    /// In one form (`domain::normalise::name`).
    pub name: String,
    /// `zhangsan`.
    pub name_pinyin: String,
    /// `zs`.
    pub name_initials: String,
    /// GB/T 2261.1.
    pub sex: i32,
    /// Date of birth.
    pub birth_on: NaiveDate,
    /// Kind of document.
    pub doc_kind: DocKind,
    /// Sealed with [`DOC_NO`].
    pub doc_no_enc: Option<Vec<u8>>,
    /// Blind index.
    pub doc_no_index: Option<Vec<u8>>,
    /// Of a person without a document.
    pub temp_no: Option<String>,
    /// Sealed with [`PHONE`].
    pub phone_enc: Option<Vec<u8>>,
    /// Blind index.
    pub phone_index: Option<Vec<u8>>,
    /// GB/T 3304.
    pub ethnicity: Option<String>,
    /// GB/T 2261.2.
    pub marital: Option<Marital>,
    /// GB/T 4658.
    pub education: Option<Education>,
    /// R1–R7.
    pub residence_status: ResidenceStatus,
    /// State of the record.
    pub status: ResidentStatus,
    /// The record that replaces this one.
    pub merged_into: Option<i64>,
    /// The book that brought it.
    pub import_id: Option<i64>,
    /// Counts changes, from 1.
    pub version: i32,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// UTC.
    pub updated_at: NaiveDateTime,
}

/// Who holds a document number in the whole registry.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = identity_claim, treat_none_as_default_value = false)]
pub struct IdentityClaim {
    /// Blind index of the number.
    pub blind_index: Vec<u8>,
    /// The street that knows the person.
    pub street_code: String,
    /// The record there.
    pub resident_id: ResidentId,
}

/// Inserts residents in batches.
///
/// # Errors
/// The database failed, or a document number exists in the street.
pub fn insert_residents(conn: &mut Db, rows: &[ResidentRow]) -> QueryResult<usize> {
    for same in rows.chunk_by(|a, b| a.street_code == b.street_code) {
        let street = same.first().map_or("", |row| &row.street_code);
        search_name::insert_names(conn, street, same.iter().map(Name::of))?;
    }
    insert_batches!(conn, resident::table, rows)
}

/// One resident in the caller's scope.
///
/// # Errors
/// The database failed.
pub fn find_resident(
    conn: &mut Db,
    scope: &Scope,
    id: ResidentId,
) -> QueryResult<Option<ResidentRow>> {
    let found = resident::table
        .find((id, scope.street_code()))
        .select(ResidentRow::as_select())
        .first(conn)
        .optional()?;
    Ok(found.filter(|row: &ResidentRow| {
        scope.area_codes().is_none_or(|areas| areas.contains(&row.area_code))
    }))
}

/// Residents by id; missing ones are simply not in the list.
///
/// # Errors
/// The database failed.
pub fn list_residents_by_id(
    conn: &mut Db,
    street: &str,
    ids: &[ResidentId],
) -> QueryResult<Vec<ResidentRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        rows.extend(
            resident::table
                .filter(resident::street_code.eq(street).and(resident::id.eq_any(some)))
                .order(resident::id)
                .select(ResidentRow::as_select())
                .load::<ResidentRow>(conn)?,
        );
    }
    Ok(rows)
}

/// A page of residents after `after` in id order, within the scope.
///
/// # Errors
/// The database failed.
pub fn list_residents(
    conn: &mut Db,
    scope: &Scope,
    after: ResidentId,
    limit: i64,
) -> QueryResult<Vec<ResidentRow>> {
    let mut query = resident::table
        .filter(resident::street_code.eq(scope.street_code()).and(resident::id.gt(after)))
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(resident::area_code.eq_any(areas));
    }
    query.order(resident::id).limit(limit).select(ResidentRow::as_select()).load(conn)
}

/// The resident of a street with this document number.
///
/// # Errors
/// The database failed.
pub fn find_resident_by_document(
    conn: &mut Db,
    street: &str,
    blind_index: &[u8],
) -> QueryResult<Option<ResidentRow>> {
    resident::table
        .filter(resident::street_code.eq(street).and(resident::doc_no_index.eq(blind_index)))
        .select(ResidentRow::as_select())
        .first(conn)
        .optional()
}

/// Residents in scope whose number stands on a document that may carry any
/// number.
///
/// # Errors
/// The database failed.
pub fn list_with_other_documents(
    conn: &mut Db,
    scope: &Scope,
    limit: i64,
) -> QueryResult<Vec<ResidentRow>> {
    let mut query = resident::table
        .filter(resident::street_code.eq(scope.street_code().to_owned()))
        .filter(resident::doc_kind.eq_any([DocKind::Officer, DocKind::Police, DocKind::Other]))
        .filter(resident::status.ne(ResidentStatus::Merged))
        .order(resident::id)
        .limit(limit)
        .select(ResidentRow::as_select())
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(resident::area_code.eq_any(areas.to_vec()));
    }
    query.load(conn)
}

/// The resident of a street with this temporary number.
///
/// # Errors
/// The database failed.
pub fn find_resident_by_temp_no(
    conn: &mut Db,
    street: &str,
    temp_no: &str,
) -> QueryResult<Option<ResidentRow>> {
    resident::table
        .filter(resident::street_code.eq(street).and(resident::temp_no.eq(temp_no)))
        .select(ResidentRow::as_select())
        .first(conn)
        .optional()
}

/// The last temporary number that begins with `prefix`.
///
/// # Errors
/// The database failed.
pub fn find_last_temp_no(conn: &mut Db, street: &str, prefix: &str) -> QueryResult<Option<String>> {
    let last: Option<Option<String>> = resident::table
        .filter(resident::street_code.eq(street))
        // Four digits follow; a range is found by the index of either backend.
        .filter(resident::temp_no.between(format!("{prefix}0000"), format!("{prefix}9999")))
        .order(resident::temp_no.desc())
        .select(resident::temp_no)
        .first(conn)
        .optional()?;
    Ok(last.flatten())
}

/// Replaces a resident's fields if the version is still `expected` (the row
/// carries the new one). Returns the row count: 0 means somebody was faster.
///
/// # Errors
/// The database failed, or the document number exists in the street.
pub fn mark_resident(conn: &mut Db, row: &ResidentRow, expected: i32) -> QueryResult<usize> {
    let (name, pinyin, initials): (String, String, String) = resident::table
        .find((row.id, &row.street_code))
        .select((resident::name, resident::name_pinyin, resident::name_initials))
        .first(conn)?;
    if name != row.name {
        let known = Name { id: row.id, name: &name, pinyin: &pinyin, initials: &initials };
        search_name::delete_name(conn, &row.street_code, &known)?;
        search_name::insert_names(conn, &row.street_code, std::iter::once(Name::of(row)))?;
    }
    diesel::update(
        resident::table.find((row.id, &row.street_code)).filter(resident::version.eq(expected)),
    )
    .set(row)
    .execute(conn)
}

/// Claims document numbers for the whole registry. Returns how many were
/// free: fewer than given means that one is registered already.
///
/// # Errors
/// The database failed.
pub fn insert_claims(conn: &mut Db, rows: &[IdentityClaim]) -> QueryResult<usize> {
    let mut inserted = 0;
    for batch in rows.chunks(super::coded::BATCH_ROWS) {
        inserted += per_backend!(&mut *conn, |c| diesel::insert_into(identity_claim::table)
            .values(batch)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(inserted)
}

/// Who holds this number.
///
/// # Errors
/// The database failed.
pub fn find_claim(conn: &mut Db, blind_index: &[u8]) -> QueryResult<Option<IdentityClaim>> {
    identity_claim::table
        .find(blind_index)
        .select(IdentityClaim::as_select())
        .first(conn)
        .optional()
}

/// Those of the numbers that somebody holds.
///
/// # Errors
/// The database failed.
pub fn list_claims(conn: &mut Db, indexes: &[Vec<u8>]) -> QueryResult<Vec<IdentityClaim>> {
    let mut found = Vec::new();
    for some in indexes.chunks(500) {
        found.extend(
            identity_claim::table
                .filter(identity_claim::blind_index.eq_any(some))
                .select(IdentityClaim::as_select())
                .load::<IdentityClaim>(conn)?,
        );
    }
    Ok(found)
}

/// Moves a claim to another record (move to another street). Returns the row
/// count.
///
/// # Errors
/// The database failed.
pub fn mark_claim_moved(
    conn: &mut Db,
    from: ResidentId,
    claim: &IdentityClaim,
) -> QueryResult<usize> {
    diesel::update(
        identity_claim::table.find(&claim.blind_index).filter(identity_claim::resident_id.eq(from)),
    )
    .set((
        identity_claim::street_code.eq(&claim.street_code),
        identity_claim::resident_id.eq(claim.resident_id),
    ))
    .execute(conn)
}

/// Puts a claim under another index. Returns the row count.
///
/// # Errors
/// The database failed; the index is claimed already.
pub fn mark_claim_index(conn: &mut Db, old: &[u8], new: &[u8]) -> QueryResult<usize> {
    diesel::update(identity_claim::table.find(old))
        .set(identity_claim::blind_index.eq(new))
        .execute(conn)
}

/// How many numbers are claimed.
///
/// # Errors
/// The database failed.
pub fn count_claims(conn: &mut Db) -> QueryResult<i64> {
    identity_claim::table.count().get_result(conn)
}

/// Gives up a number that a correction replaced. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn delete_claim(conn: &mut Db, blind_index: &[u8], of: ResidentId) -> QueryResult<usize> {
    diesel::delete(
        identity_claim::table.find(blind_index).filter(identity_claim::resident_id.eq(of)),
    )
    .execute(conn)
}
