//! How many people, households and accounts depend on the division.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::Db;
use super::schema::{household, resident, user_account};
use crate::domain::resident::ResidentStatus;

/// Residents on the register, by community or grid.
///
/// # Errors
/// The database failed.
pub fn count_people_by_area(conn: &mut Db) -> QueryResult<Vec<(String, i64)>> {
    resident::table
        .filter(resident::status.eq(ResidentStatus::Active))
        .group_by(resident::area_code)
        .select((resident::area_code, count_star()))
        .load(conn)
}

/// Open households, by community or grid.
///
/// # Errors
/// The database failed.
pub fn count_households_by_area(conn: &mut Db) -> QueryResult<Vec<(String, i64)>> {
    household::table
        .filter(household::closed_on.is_null())
        .group_by(household::area_code)
        .select((household::area_code, count_star()))
        .load(conn)
}

/// Active accounts, by the area they are limited to.
///
/// # Errors
/// The database failed.
pub fn count_accounts_by_area(conn: &mut Db) -> QueryResult<Vec<(String, i64)>> {
    user_account::table
        .filter(user_account::status.eq("active"))
        .group_by(user_account::scope_code)
        .select((user_account::scope_code, count_star()))
        .load(conn)
}
