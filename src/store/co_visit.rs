//! Visits to one person each, as the quarter asks for them.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::round::{OPEN, PAST, verifying};
use super::schema::{resident, visit, visit_person};
use crate::domain::ids::ResidentId;
use crate::domain::scope::Scope;
use crate::domain::visit::Purpose;

/// Who has a visit with a purpose in a period: one that is planned, or one by
/// which they were seen.
///
/// # Errors
/// The database failed.
pub fn list_visited_in(
    conn: &mut Db,
    street: &str,
    purpose: Purpose,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<ResidentId>> {
    let planned = visit::status.eq_any(OPEN).and(visit::planned_on.between(from, to));
    let seen = visit::status
        .eq_any(PAST)
        .and(visit::done_on.between(from, to))
        .and(visit::result.eq_any(verifying()));
    visit::table
        .inner_join(
            visit_person::table.on(visit_person::street_code
                .eq(visit::street_code)
                .and(visit_person::visit_id.eq(visit::id))),
        )
        .filter(visit::street_code.eq(street).and(visit::purpose.eq(purpose)))
        .filter(planned.nullable().or(seen.nullable()))
        .select(visit_person::resident_id)
        .distinct()
        .load(conn)
}

/// A planned visit to one person.
#[derive(Debug, Clone, Queryable)]
pub struct OpenToPerson {
    /// Who.
    pub resident: ResidentId,
    /// Their name.
    pub name: String,
    /// Planned day.
    pub planned_on: Option<NaiveDate>,
    /// Who goes.
    pub worker: String,
    /// Who comes along.
    pub co_visitor: Option<String>,
}

/// The planned visits with a purpose to people of the scope, by day.
///
/// # Errors
/// The database failed.
pub fn list_open_to(
    conn: &mut Db,
    scope: &Scope,
    purpose: Purpose,
) -> QueryResult<Vec<OpenToPerson>> {
    let query = visit::table
        .inner_join(
            visit_person::table.on(visit_person::street_code
                .eq(visit::street_code)
                .and(visit_person::visit_id.eq(visit::id))),
        )
        .inner_join(
            resident::table.on(resident::street_code
                .eq(visit_person::street_code)
                .and(resident::id.eq(visit_person::resident_id))),
        )
        .filter(visit::street_code.eq(scope.street_code()))
        .filter(visit::purpose.eq(purpose).and(visit::status.eq_any(OPEN)))
        .filter(resident::status.eq("active"))
        .order((visit::planned_on, resident::area_code, visit::id))
        .select((resident::id, resident::name, visit::planned_on, visit::worker, visit::co_visitor))
        .into_boxed();
    match scope.area_codes() {
        Some(areas) => query.filter(resident::area_code.eq_any(areas)).load(conn),
        None => query.load(conn),
    }
}
