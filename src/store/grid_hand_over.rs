//! Grids that change hands.

use chrono::{NaiveDate, NaiveDateTime};
use diesel::prelude::*;

use super::Db;
use super::schema::grid_hand_over;
use crate::domain::grid_hand_over::HandOver;

/// One hand-over as stored; never changed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = grid_hand_over, treat_none_as_default_value = false)]
pub struct HandOverRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// The grid.
    pub area_code: String,
    /// Who gives it up.
    pub from_user: Option<i64>,
    /// Who takes it over.
    pub to_user: i64,
    /// First day.
    pub from_on: NaiveDate,
    /// Who entered it.
    pub handed_by: String,
    /// UTC.
    pub handed_at: NaiveDateTime,
}

impl From<HandOverRow> for HandOver {
    fn from(row: HandOverRow) -> HandOver {
        let HandOverRow { area_code, from_user, to_user, from_on, .. } = row;
        HandOver { area_code, from_user, to_user, from_on }
    }
}

/// Inserts hand-overs.
///
/// # Errors
/// The database failed.
pub fn insert(conn: &mut Db, row: &HandOverRow) -> QueryResult<usize> {
    diesel::insert_into(grid_hand_over::table).values(row).execute(conn)
}

/// All hand-overs of a street, in the order they were entered.
///
/// # Errors
/// The database failed.
pub fn list(conn: &mut Db, street: &str) -> QueryResult<Vec<HandOverRow>> {
    grid_hand_over::table
        .filter(grid_hand_over::street_code.eq(street))
        .order(grid_hand_over::id)
        .select(HandOverRow::as_select())
        .load(conn)
}
