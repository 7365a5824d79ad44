//! The rounds of grid workers: what is planned, what is verified.

use chrono::NaiveDate;
use diesel::dsl::exists;
use diesel::prelude::*;

use super::Db;
use super::schema::{household, pending_change, resident, visit, visit_person};
use super::visit::VisitRow;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::pending::ChangeState;
use crate::domain::scope::Scope;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};

pub(super) const OPEN: [VisitStatus; 2] = [VisitStatus::Planned, VisitStatus::Assigned];
pub(super) const PAST: [VisitStatus; 2] = [VisitStatus::Done, VisitStatus::Reviewed];

pub(super) fn verifying() -> Vec<VisitResult> {
    VisitResult::ALL.iter().copied().filter(|result| result.verifies()).collect()
}

/// A visit that has not taken place, with its home.
#[derive(Debug, Clone, Queryable)]
pub struct OpenVisit {
    /// Its id.
    pub id: i64,
    /// Which home.
    pub household: HouseholdId,
    /// Of the home.
    pub address: String,
    /// Of the home.
    pub area_code: String,
    /// What for.
    pub purpose: Purpose,
    /// Planned day.
    pub planned_on: Option<NaiveDate>,
    /// Who goes.
    pub worker: String,
}

/// An open household of the scope; a 户籍户 and a 居住户 may share their door.
#[derive(Debug, Clone, Queryable)]
pub struct Door {
    /// Which.
    pub household: HouseholdId,
    /// Registered there, or living there.
    pub kind: HouseholdKind,
    /// Community or grid.
    pub area_code: String,
    /// Where.
    pub address: String,
}

macro_rules! in_scope {
    ($query:expr, $scope:expr, $column:expr) => {{
        let mut query = $query;
        if let Some(areas) = $scope.area_codes() {
            query = query.filter($column.eq_any(areas.to_vec()));
        }
        query
    }};
}
pub(super) use in_scope;

/// Visits that are due until a day, the earliest first. Restricted purposes
/// (children, mental health) are left out: no list of everybody names them.
///
/// # Errors
/// The database failed.
pub fn list_open(
    conn: &mut Db,
    scope: &Scope,
    until: NaiveDate,
    limit: i64,
) -> QueryResult<Vec<OpenVisit>> {
    let query = visit::table
        .inner_join(
            household::table.on(household::street_code
                .eq(visit::street_code)
                .and(visit::household_id.eq(household::id.nullable()))),
        )
        .filter(visit::street_code.eq(scope.street_code()))
        .filter(visit::status.eq_any(OPEN).and(visit::planned_on.le(until)))
        .filter(visit::purpose.ne_all([Purpose::Child, Purpose::Mental]))
        .filter(household::closed_on.is_null())
        .order((visit::planned_on, household::area_code, household::address, visit::id))
        .select((
            visit::id,
            household::id,
            household::address,
            household::area_code,
            visit::purpose,
            visit::planned_on,
            visit::worker,
        ))
        .limit(limit)
        .into_boxed();
    in_scope!(query, scope, household::area_code).load(conn)
}

/// Which visits a list asks for.
#[derive(Debug, Clone, Default)]
pub struct VisitFilter {
    /// In this state.
    pub status: Option<VisitStatus>,
    /// With this purpose.
    pub purpose: Option<Purpose>,
    /// To this home.
    pub household: Option<HouseholdId>,
    /// Purposes that the caller may not know of.
    pub hidden: Vec<Purpose>,
    /// Only visits before this one.
    pub before: Option<i64>,
}

/// A page of the visits to homes of the scope or about people of it, the latest
/// first.
///
/// # Errors
/// The database failed.
pub fn list_visits_in(
    conn: &mut Db,
    scope: &Scope,
    filter: &VisitFilter,
    limit: i64,
) -> QueryResult<Vec<VisitRow>> {
    let mut query = visit::table
        .filter(visit::street_code.eq(scope.street_code().to_owned()))
        .filter(visit::purpose.ne_all(filter.hidden.clone()))
        .order(visit::id.desc())
        .limit(limit)
        .select(VisitRow::as_select())
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        let homes = household::table
            .filter(household::street_code.eq(visit::street_code))
            .filter(household::id.nullable().eq(visit::household_id))
            .filter(household::area_code.eq_any(areas.to_vec()));
        let people = visit_person::table
            .inner_join(
                resident::table.on(resident::street_code
                    .eq(visit_person::street_code)
                    .and(resident::id.eq(visit_person::resident_id))),
            )
            .filter(visit_person::street_code.eq(visit::street_code))
            .filter(visit_person::visit_id.eq(visit::id))
            .filter(resident::area_code.eq_any(areas.to_vec()));
        query = query.filter(exists(homes).or(exists(people)));
    }
    if let Some(status) = filter.status {
        query = query.filter(visit::status.eq(status));
    }
    if let Some(purpose) = filter.purpose {
        query = query.filter(visit::purpose.eq(purpose));
    }
    if let Some(home) = filter.household {
        query = query.filter(visit::household_id.eq(home));
    }
    if let Some(before) = filter.before {
        query = query.filter(visit::id.lt(before));
    }
    query.load(conn)
}

/// How many visits are due until a day.
///
/// # Errors
/// The database failed.
pub fn count_open(conn: &mut Db, scope: &Scope, until: NaiveDate) -> QueryResult<i64> {
    let query = visit::table
        .inner_join(
            household::table.on(household::street_code
                .eq(visit::street_code)
                .and(visit::household_id.eq(household::id.nullable()))),
        )
        .filter(visit::street_code.eq(scope.street_code()))
        .filter(visit::status.eq_any(OPEN).and(visit::planned_on.le(until)))
        .filter(visit::purpose.ne_all([Purpose::Child, Purpose::Mental]))
        .filter(household::closed_on.is_null())
        .select(diesel::dsl::count_star())
        .into_boxed();
    in_scope!(query, scope, household::area_code).get_result(conn)
}

/// The planned visits of a home with a purpose, the earliest first.
///
/// # Errors
/// The database failed.
pub fn list_open_of(
    conn: &mut Db,
    street: &str,
    home: HouseholdId,
    purpose: Purpose,
) -> QueryResult<Vec<i64>> {
    visit::table
        .filter(visit::street_code.eq(street).and(visit::household_id.eq(home)))
        .filter(visit::purpose.eq(purpose).and(visit::status.eq_any(OPEN)))
        .order((visit::planned_on, visit::id))
        .select(visit::id)
        .load(conn)
}

/// The planned visits about somebody with a purpose, the earliest first.
///
/// # Errors
/// The database failed.
pub fn list_open_about(
    conn: &mut Db,
    street: &str,
    person: ResidentId,
    purpose: Purpose,
) -> QueryResult<Vec<i64>> {
    let ids: Vec<i64> = visit_person::table
        .filter(visit_person::street_code.eq(street).and(visit_person::resident_id.eq(person)))
        .select(visit_person::visit_id)
        .load(conn)?;
    visit::table
        .filter(visit::street_code.eq(street).and(visit::id.eq_any(ids)))
        .filter(visit::purpose.eq(purpose).and(visit::status.eq_any(OPEN)))
        .order((visit::planned_on, visit::id))
        .select(visit::id)
        .load(conn)
}

/// Planned visits of an area, from a day on or all: who hands them over.
///
/// # Errors
/// The database failed.
pub fn list_open_in(
    conn: &mut Db,
    scope: &Scope,
    area_code: &str,
    from: Option<NaiveDate>,
) -> QueryResult<Vec<i64>> {
    let mut query = visit::table
        .inner_join(
            household::table.on(household::street_code
                .eq(visit::street_code)
                .and(visit::household_id.eq(household::id.nullable()))),
        )
        .filter(visit::street_code.eq(scope.street_code()))
        .filter(visit::status.eq_any(OPEN))
        .filter(household::area_code.eq(area_code))
        .order(visit::id)
        .select(visit::id)
        .into_boxed();
    if let Some(from) = from {
        query = query.filter(visit::planned_on.ge(from));
    }
    in_scope!(query, scope, household::area_code).load(conn)
}

/// Open households of the scope that people live in.
///
/// # Errors
/// The database failed.
pub fn list_doors(conn: &mut Db, scope: &Scope) -> QueryResult<Vec<Door>> {
    let query = household::table
        .filter(household::street_code.eq(scope.street_code()).and(household::closed_on.is_null()))
        .filter(household::kind.ne(HouseholdKind::Assist))
        .order((household::area_code, household::address, household::id))
        .select((household::id, household::kind, household::area_code, household::address))
        .into_boxed();
    in_scope!(query, scope, household::area_code).load(conn)
}

/// Households that a population check verified in a period; whether the check
/// was reviewed does not matter here.
///
/// # Errors
/// The database failed.
pub fn list_verified_homes(
    conn: &mut Db,
    scope: &Scope,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<HouseholdId>> {
    let homes: Vec<Option<HouseholdId>> = visit::table
        .filter(visit::street_code.eq(scope.street_code()))
        .filter(visit::purpose.eq(Purpose::Population).and(visit::status.eq_any(PAST)))
        .filter(visit::done_on.between(from, to).and(visit::result.eq_any(verifying())))
        .select(visit::household_id)
        .distinct()
        .load(conn)?;
    Ok(homes.into_iter().flatten().collect())
}

/// Persons per area that a population check verified in a period.
///
/// # Errors
/// The database failed.
pub fn count_verified_people(
    conn: &mut Db,
    scope: &Scope,
    from: NaiveDate,
    to: NaiveDate,
) -> QueryResult<Vec<(String, i64)>> {
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
        .filter(visit::purpose.eq(Purpose::Population).and(visit::status.eq_any(PAST)))
        .filter(visit::done_on.between(from, to).and(visit::result.eq_any(verifying())))
        .group_by(resident::area_code)
        .select((
            resident::area_code,
            diesel::dsl::count(visit_person::resident_id).aggregate_distinct(),
        ))
        .into_boxed();
    in_scope!(query, scope, resident::area_code).load(conn)
}

/// Changes that somebody proposed and another person rejected since then.
///
/// # Errors
/// The database failed.
pub fn count_returned(
    conn: &mut Db,
    street: &str,
    username: &str,
    since: chrono::NaiveDateTime,
) -> QueryResult<i64> {
    pending_change::table
        .filter(pending_change::street_code.eq(street))
        .filter(pending_change::proposed_by.eq(username))
        .filter(pending_change::state.eq(ChangeState::Rejected))
        .filter(pending_change::decided_at.ge(since))
        .select(diesel::dsl::count_star())
        .get_result(conn)
}
