//! Home visits and whom they verified.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::{visit, visit_person};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};

/// One visit.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = visit, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct VisitRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Unique in the street.
    pub visit_no: String,
    /// Which home.
    pub household_id: Option<HouseholdId>,
    /// What for.
    pub purpose: Purpose,
    /// Planned day.
    pub planned_on: Option<NaiveDate>,
    /// The day it took place.
    pub done_on: Option<NaiveDate>,
    /// Who went.
    pub worker: String,
    /// Who came along.
    pub co_visitor: Option<String>,
    /// What came of it.
    pub result: Option<VisitResult>,
    /// State.
    pub status: VisitStatus,
    /// The day of review.
    pub reviewed_on: Option<NaiveDate>,
    /// The book that brought it.
    pub import_id: Option<i64>,
    /// Codes of what changed, separated by commas.
    pub changed: String,
}

/// Whom a visit is about.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = visit_person, treat_none_as_default_value = false)]
pub struct VisitPersonRow {
    /// Never changes in a row.
    pub street_code: String,
    /// The visit.
    pub visit_id: i64,
    /// The person.
    pub resident_id: ResidentId,
}

/// Inserts visits in batches.
///
/// # Errors
/// The database failed.
pub fn insert_visits(conn: &mut Db, rows: &[VisitRow]) -> QueryResult<usize> {
    insert_batches!(conn, visit::table, rows)
}

/// Inserts the persons of visits in batches.
///
/// # Errors
/// The database failed.
pub fn insert_visit_persons(conn: &mut Db, rows: &[VisitPersonRow]) -> QueryResult<usize> {
    insert_batches!(conn, visit_person::table, rows)
}

/// A visit by id.
///
/// # Errors
/// The database failed.
pub fn find_visit(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<VisitRow>> {
    visit::table.find((id, street)).select(VisitRow::as_select()).first(conn).optional()
}

/// The visit with this number.
///
/// # Errors
/// The database failed.
pub fn find_visit_by_no(
    conn: &mut Db,
    street: &str,
    visit_no: &str,
) -> QueryResult<Option<VisitRow>> {
    visit::table
        .filter(visit::street_code.eq(street).and(visit::visit_no.eq(visit_no)))
        .select(VisitRow::as_select())
        .first(conn)
        .optional()
}

/// The persons of a visit.
///
/// # Errors
/// The database failed.
pub fn list_visit_persons(
    conn: &mut Db,
    street: &str,
    visit_id: i64,
) -> QueryResult<Vec<ResidentId>> {
    visit_person::table
        .filter(visit_person::street_code.eq(street).and(visit_person::visit_id.eq(visit_id)))
        .order(visit_person::resident_id)
        .select(visit_person::resident_id)
        .load(conn)
}

/// Of the persons of a visit only these stay. Returns how many were left out.
///
/// # Errors
/// The database failed.
pub fn leave_out_others(
    conn: &mut Db,
    street: &str,
    visit_id: i64,
    people: &[ResidentId],
) -> QueryResult<usize> {
    let of_visit = visit_person::street_code.eq(street).and(visit_person::visit_id.eq(visit_id));
    diesel::delete(
        visit_person::table.filter(of_visit).filter(visit_person::resident_id.ne_all(people)),
    )
    .execute(conn)
}

/// Replaces a visit's fields if it is still in state `expected`. Returns the
/// row count.
///
/// # Errors
/// The database failed.
pub fn mark_visit(conn: &mut Db, row: &VisitRow, expected: VisitStatus) -> QueryResult<usize> {
    diesel::update(visit::table.find((row.id, &row.street_code)).filter(visit::status.eq(expected)))
        .set(row)
        .execute(conn)
}
