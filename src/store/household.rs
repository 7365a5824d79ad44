//! Households of the three kinds.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::coded::insert_batches;
use super::schema::household;
use super::{Db, search};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::scope::Scope;

/// One household.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = household, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct HouseholdRow {
    /// Its id.
    pub id: HouseholdId,
    /// Never changes in a row.
    pub street_code: String,
    /// Which grouping.
    pub kind: HouseholdKind,
    /// 户号, unique per street and kind.
    pub household_no: String,
    /// Community or grid.
    pub area_code: String,
    /// Rendered address.
    pub address: String,
    /// 户主; `None` only when closed.
    pub head_id: Option<ResidentId>,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// First day.
    pub opened_on: NaiveDate,
    /// Last day.
    pub closed_on: Option<NaiveDate>,
    /// Why it was closed.
    pub close_reason: Option<String>,
    /// The book that brought it.
    pub import_id: Option<i64>,
    /// Counts changes, from 1.
    pub version: i32,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// UTC.
    pub updated_at: NaiveDateTime,
}

/// Inserts households in batches.
///
/// # Errors
/// The database failed.
pub fn insert_households(conn: &mut Db, rows: &[HouseholdRow]) -> QueryResult<usize> {
    for same in rows.chunk_by(|a, b| a.street_code == b.street_code) {
        let street = same.first().map_or("", |row| &row.street_code);
        let addresses = same.iter().map(|row| (row.id, row.address.as_str()));
        search::insert_addresses(conn, street, addresses)?;
    }
    insert_batches!(conn, household::table, rows)
}

/// One household in the caller's scope.
///
/// # Errors
/// The database failed.
pub fn find_household(
    conn: &mut Db,
    scope: &Scope,
    id: HouseholdId,
) -> QueryResult<Option<HouseholdRow>> {
    let found = household::table
        .find((id, scope.street_code()))
        .select(HouseholdRow::as_select())
        .first(conn)
        .optional()?;
    Ok(found.filter(|row: &HouseholdRow| {
        scope.area_codes().is_none_or(|areas| areas.contains(&row.area_code))
    }))
}

/// The household of a street with this number.
///
/// # Errors
/// The database failed.
pub fn find_household_by_no(
    conn: &mut Db,
    street: &str,
    kind: HouseholdKind,
    household_no: &str,
) -> QueryResult<Option<HouseholdRow>> {
    household::table
        .filter(household::street_code.eq(street))
        .filter(household::kind.eq(kind).and(household::household_no.eq(household_no)))
        .select(HouseholdRow::as_select())
        .first(conn)
        .optional()
}

/// Households by id; missing ones are simply not in the list.
///
/// # Errors
/// The database failed.
pub fn list_households_by_id(
    conn: &mut Db,
    street: &str,
    ids: &[HouseholdId],
) -> QueryResult<Vec<HouseholdRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        rows.extend(
            household::table
                .filter(household::street_code.eq(street).and(household::id.eq_any(some)))
                .order(household::id)
                .select(HouseholdRow::as_select())
                .load::<HouseholdRow>(conn)?,
        );
    }
    Ok(rows)
}

/// Open households of a kind at exactly this address, within the scope.
///
/// # Errors
/// The database failed.
pub fn list_households_at(
    conn: &mut Db,
    scope: &Scope,
    kind: HouseholdKind,
    address: &str,
) -> QueryResult<Vec<HouseholdRow>> {
    let ids = search::list_ending_like(conn, scope.street_code(), address)?;
    let mut rows = list_households_by_id(conn, scope.street_code(), &ids)?;
    rows.retain(|row| {
        row.address == address
            && row.kind == kind
            && row.closed_on.is_none()
            && scope.contains(&row.area_code)
    });
    Ok(rows)
}

/// A page of households after `after` in id order, within the scope.
///
/// # Errors
/// The database failed.
pub fn list_households(
    conn: &mut Db,
    scope: &Scope,
    after: HouseholdId,
    limit: i64,
) -> QueryResult<Vec<HouseholdRow>> {
    let mut query = household::table
        .filter(household::street_code.eq(scope.street_code()).and(household::id.gt(after)))
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(household::area_code.eq_any(areas));
    }
    query.order(household::id).limit(limit).select(HouseholdRow::as_select()).load(conn)
}

/// Replaces a household's fields if the version is still `expected`. Returns
/// the row count: 0 means somebody was faster.
///
/// # Errors
/// The database failed.
pub fn mark_household(conn: &mut Db, row: &HouseholdRow, expected: i32) -> QueryResult<usize> {
    let street = &row.street_code;
    let known: String =
        household::table.find((row.id, street)).select(household::address).first(conn)?;
    if known != row.address {
        search::delete_address(conn, street, row.id, &known)?;
        let address = std::iter::once((row.id, row.address.as_str()));
        search::insert_addresses(conn, street, address)?;
    }
    diesel::update(
        household::table.find((row.id, &row.street_code)).filter(household::version.eq(expected)),
    )
    .set(row)
    .execute(conn)
}
