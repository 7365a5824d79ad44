//! Whole lists of residents and households, paged by key (searched ones:
//! `search`), and what stands in their rows.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::Db;
use super::household::HouseholdRow;
use super::resident::ResidentRow;
use super::schema::{household, membership, resident, visit, visit_person};
use super::visit::VisitRow;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::domain::search::end_of;

/// Which residents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonFilter {
    /// Only in these areas.
    pub areas: Option<Vec<String>>,
    /// Only in this state.
    pub status: Option<ResidentStatus>,
    /// Only those whose pinyin begins so.
    pub sound: Option<String>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<K> {
    /// At the beginning.
    Start,
    /// After this key.
    After(K),
    /// Before this key; the rows come nearest first.
    Before(K),
}

/// The part of a query that a page by pinyin and id begins with.
macro_rules! by_pinyin {
    ($query:expr, $place:expr, $pinyin:expr, $id:expr) => {
        match $place.clone() {
            Place::Start => $query.order(($pinyin, $id)),
            // The first condition is what the index can begin at.
            Place::After((sound, id)) => $query
                .filter($pinyin.ge(sound.clone()))
                .filter($pinyin.gt(sound).or($id.gt(id)))
                .order(($pinyin, $id)),
            Place::Before((sound, id)) => $query
                .filter($pinyin.le(sound.clone()))
                .filter($pinyin.lt(sound).or($id.lt(id)))
                .order(($pinyin.desc(), $id.desc())),
        }
    };
}
pub(super) use by_pinyin;

macro_rules! people {
    ($scope:expr, $filter:expr) => {{
        let mut query = resident::table
            .filter(resident::street_code.eq($scope.street_code().to_owned()))
            .into_boxed();
        if let Some(areas) = $scope.area_codes() {
            query = query.filter(resident::area_code.eq_any(areas.to_vec()));
        }
        if let Some(areas) = &$filter.areas {
            query = query.filter(resident::area_code.eq_any(areas.clone()));
        }
        if let Some(status) = $filter.status {
            query = query.filter(resident::status.eq(status));
        }
        if let Some(sound) = &$filter.sound {
            query = query
                .filter(resident::name_pinyin.ge(sound.clone()))
                .filter(resident::name_pinyin.lt(end_of(sound)));
        }
        query
    }};
}

/// A page of residents by pinyin.
///
/// # Errors
/// The database failed.
pub fn search_residents(
    conn: &mut Db,
    scope: &Scope,
    filter: &PersonFilter,
    place: &Place<(String, ResidentId)>,
    limit: i64,
) -> QueryResult<Vec<ResidentRow>> {
    let query = people!(scope, filter).limit(limit).select(ResidentRow::as_select());
    by_pinyin!(query, place, resident::name_pinyin, resident::id).load(conn)
}

/// How many residents the filter finds.
///
/// # Errors
/// The database failed.
pub fn count_found(conn: &mut Db, scope: &Scope, filter: &PersonFilter) -> QueryResult<i64> {
    people!(scope, filter).select(count_star()).get_result(conn)
}

/// Which households.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeFilter {
    /// Only in these areas.
    pub areas: Option<Vec<String>>,
    /// Only of this kind.
    pub kind: Option<HouseholdKind>,
    /// Closed ones too.
    pub closed: bool,
}

macro_rules! homes {
    ($scope:expr, $filter:expr) => {{
        let mut query = household::table
            .filter(household::street_code.eq($scope.street_code().to_owned()))
            .into_boxed();
        if let Some(areas) = $scope.area_codes() {
            query = query.filter(household::area_code.eq_any(areas.to_vec()));
        }
        if let Some(areas) = &$filter.areas {
            query = query.filter(household::area_code.eq_any(areas.clone()));
        }
        if let Some(kind) = $filter.kind {
            query = query.filter(household::kind.eq(kind));
        }
        if !$filter.closed {
            query = query.filter(household::closed_on.is_null());
        }
        query
    }};
}

/// A page of households in the order of their entry.
///
/// # Errors
/// The database failed.
pub fn search_households(
    conn: &mut Db,
    scope: &Scope,
    filter: &HomeFilter,
    place: &Place<HouseholdId>,
    limit: i64,
) -> QueryResult<Vec<HouseholdRow>> {
    let query = homes!(scope, filter).limit(limit).select(HouseholdRow::as_select());
    match place.clone() {
        Place::Start => query.order(household::id).load(conn),
        Place::After(id) => query.filter(household::id.gt(id)).order(household::id).load(conn),
        Place::Before(id) => {
            query.filter(household::id.lt(id)).order(household::id.desc()).load(conn)
        }
    }
}

/// How many households the filter finds.
///
/// # Errors
/// The database failed.
pub fn count_homes(conn: &mut Db, scope: &Scope, filter: &HomeFilter) -> QueryResult<i64> {
    homes!(scope, filter).select(count_star()).get_result(conn)
}

/// The open households of these people: who, as what, where.
///
/// # Errors
/// The database failed.
pub fn list_homes_of(
    conn: &mut Db,
    street: &str,
    people: &[ResidentId],
) -> QueryResult<Vec<(ResidentId, String, HouseholdRow)>> {
    let mut found = Vec::new();
    for some in people.chunks(500) {
        found.extend(
            membership::table
                .inner_join(
                    household::table.on(household::id
                        .eq(membership::household_id)
                        .and(household::street_code.eq(membership::street_code))),
                )
                .filter(membership::street_code.eq(street))
                .filter(membership::resident_id.eq_any(some).and(membership::to_on.is_null()))
                .order((membership::resident_id, household::id))
                .select((
                    membership::resident_id,
                    membership::relation_code,
                    HouseholdRow::as_select(),
                ))
                .load::<(ResidentId, String, HouseholdRow)>(conn)?,
        );
    }
    Ok(found)
}

/// How many open members these households have.
///
/// # Errors
/// The database failed.
pub fn count_members(
    conn: &mut Db,
    street: &str,
    homes: &[HouseholdId],
) -> QueryResult<Vec<(HouseholdId, i64)>> {
    membership::table
        .filter(membership::street_code.eq(street))
        .filter(membership::household_id.eq_any(homes).and(membership::to_on.is_null()))
        .group_by(membership::household_id)
        .select((membership::household_id, count_star()))
        .load(conn)
}

/// The visits that verified a person, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_visits_of(
    conn: &mut Db,
    street: &str,
    person: ResidentId,
) -> QueryResult<Vec<VisitRow>> {
    visit::table
        .inner_join(
            visit_person::table.on(visit_person::visit_id
                .eq(visit::id)
                .and(visit_person::street_code.eq(visit::street_code))),
        )
        .filter(visit::street_code.eq(street).and(visit_person::resident_id.eq(person)))
        .order((visit::done_on.desc(), visit::id.desc()))
        .limit(50)
        .select(VisitRow::as_select())
        .load(conn)
}

/// The visits to a household, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_visits_to(
    conn: &mut Db,
    street: &str,
    home: HouseholdId,
) -> QueryResult<Vec<VisitRow>> {
    visit::table
        .filter(visit::street_code.eq(street).and(visit::household_id.eq(home)))
        .order((visit::done_on.desc(), visit::id.desc()))
        .limit(50)
        .select(VisitRow::as_select())
        .load(conn)
}
