//! 暂缓: due is unchanged, nothing is posted until a person releases it.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::hold;
use crate::domain::ids::{AwardId, UnitId};
use crate::domain::month::Month;

/// One hold.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = hold, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct HoldRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// On which award.
    pub award_id: AwardId,
    /// 核算单元.
    pub unit_id: UnitId,
    /// First month that is not posted.
    pub from_month: Month,
    /// Business date.
    pub placed_on: NaiveDate,
    /// `person`, or `event:` and the id of an unconfirmed report.
    pub source: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub placed_by: String,
    /// Business date of the release.
    pub released_on: Option<NaiveDate>,
    /// Who.
    pub released_by: Option<String>,
    /// Why.
    pub release_reason: Option<String>,
}

/// Inserts holds in batches.
///
/// # Errors
/// The database failed.
pub fn insert_holds(conn: &mut Db, rows: &[HoldRow]) -> QueryResult<usize> {
    insert_batches!(conn, hold::table, rows)
}

/// A hold by id.
///
/// # Errors
/// The database failed.
pub fn find_hold(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<HoldRow>> {
    hold::table.find((id, street)).select(HoldRow::as_select()).first(conn).optional()
}

/// All holds on an award, in id order.
///
/// # Errors
/// The database failed.
pub fn list_holds_of(conn: &mut Db, street: &str, award_id: AwardId) -> QueryResult<Vec<HoldRow>> {
    hold::table
        .filter(hold::street_code.eq(street).and(hold::award_id.eq(award_id)))
        .order(hold::id)
        .select(HoldRow::as_select())
        .load(conn)
}

/// The open holds of a unit that an event placed.
///
/// # Errors
/// The database failed.
pub fn list_open_holds_from(
    conn: &mut Db,
    street: &str,
    unit: UnitId,
    source: &str,
) -> QueryResult<Vec<HoldRow>> {
    hold::table
        .filter(hold::street_code.eq(street).and(hold::unit_id.eq(unit)))
        .filter(hold::source.eq(source).and(hold::released_on.is_null()))
        .order(hold::id)
        .select(HoldRow::as_select())
        .load(conn)
}

/// Releases a hold that is not released. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_hold_released(
    conn: &mut Db,
    street: &str,
    id: i64,
    released_on: NaiveDate,
    released_by: &str,
    reason: &str,
) -> QueryResult<usize> {
    diesel::update(hold::table.find((id, street)).filter(hold::released_on.is_null()))
        .set((
            hold::released_on.eq(released_on),
            hold::released_by.eq(released_by),
            hold::release_reason.eq(reason),
        ))
        .execute(conn)
}
