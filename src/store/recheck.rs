//! The earliest month that a newly written fact can change (`rulings.md` S4).

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::recheck;
use crate::domain::ids::UnitId;
use crate::domain::month::Month;

/// One mark; append-only.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = recheck, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct RecheckRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// 核算单元.
    pub unit_id: UnitId,
    /// Earliest month that can change.
    pub from_month: Month,
    /// Since when a run knows.
    pub known_on: NaiveDate,
}

/// Inserts marks in batches.
///
/// # Errors
/// The database failed.
pub fn insert_rechecks(conn: &mut Db, rows: &[RecheckRow]) -> QueryResult<usize> {
    insert_batches!(conn, recheck::table, rows)
}

/// All marks of a unit, in id order.
///
/// # Errors
/// The database failed.
pub fn list_rechecks_of(
    conn: &mut Db,
    street: &str,
    unit_id: UnitId,
) -> QueryResult<Vec<RecheckRow>> {
    recheck::table
        .filter(recheck::street_code.eq(street).and(recheck::unit_id.eq(unit_id)))
        .order(recheck::id)
        .select(RecheckRow::as_select())
        .load(conn)
}
