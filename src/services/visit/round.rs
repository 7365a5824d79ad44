//! Rounds: what is due, what is missing, how far the month has come.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, Months, NaiveDate};

use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::domain::visit::{Purpose, building_of};
use crate::error::AppResult;
use crate::services::auth::{Authorized, ViewRegistry};
use crate::store::incomplete::{self, Incomplete};
use crate::store::round::{self as rows, OpenVisit, VisitFilter};
use crate::store::visit::VisitRow;
use crate::store::{Store, overview};

/// How far ahead a visit counts as due on the list.
const AHEAD: Days = Days::new(14);
/// Rows of one list.
pub const LIMIT: i64 = 200;

/// What a grid worker's day holds.
#[derive(Debug, Clone, Default)]
pub struct Day {
    /// Visits due until today.
    pub due: i64,
    /// Those of them that were due before.
    pub late: i64,
    /// Records that lack a number or a telephone.
    pub incomplete: i64,
    /// Own changes that were rejected in the last thirty days.
    pub returned: i64,
    /// How far this month's verification has come, per building (of one grid)
    /// or per grid.
    pub progress: Vec<Progress>,
}

/// Verified homes of one building or grid in the current month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Building or grid.
    pub name: String,
    /// Open households.
    pub homes: usize,
    /// Those that a population check of the month verified.
    pub verified: usize,
}

impl Progress {
    /// In per cent, rounded down.
    #[must_use]
    pub fn percent(&self) -> usize {
        (self.verified * 100).checked_div(self.homes).unwrap_or(0)
    }
}

/// The day of whoever asks.
///
/// # Errors
/// The database failed.
pub fn day(store: &Store, by: &Authorized<'_, ViewRegistry>) -> AppResult<Day> {
    let (today, now) = (store.clock().today(), store.clock().now());
    let since = now - chrono::Duration::days(30);
    let (due, late, incomplete, returned) = store.read(|conn| {
        Ok((
            rows::count_open(conn, by.scope(), today)?,
            rows::count_open(conn, by.scope(), today.pred_opt().unwrap_or(today))?,
            incomplete::count_incomplete(conn, by.scope(), adult(today))?,
            rows::count_returned(conn, by.street(), by.username(), since)?,
        ))
    })?;
    Ok(Day { due, late, incomplete, returned, progress: progress(store, by)? })
}

/// Born until then is of age today.
fn adult(today: NaiveDate) -> NaiveDate {
    today.checked_sub_months(Months::new(18 * 12)).unwrap_or(today)
}

/// This month's verification, per building if the scope is one grid, else per
/// grid; the least verified first.
///
/// # Errors
/// The database failed.
pub fn progress(store: &Store, by: &Authorized<'_, ViewRegistry>) -> AppResult<Vec<Progress>> {
    let month = Month::of(store.clock().today());
    store.read(|conn| {
        let doors = rows::list_doors(conn, by.scope())?;
        let verified: BTreeSet<HouseholdId> =
            rows::list_verified_homes(conn, by.scope(), month.first_day(), month.last_day())?
                .into_iter()
                .collect();
        // Whoever asks at a door asks for every household behind it.
        let at = |door: &rows::Door| (door.area_code.clone(), door.address.trim().to_owned());
        let open: BTreeSet<(String, String)> =
            doors.iter().filter(|door| verified.contains(&door.household)).map(at).collect();
        let areas: BTreeSet<&str> = doors.iter().map(|door| door.area_code.as_str()).collect();
        let one = areas.len() == 1;
        let codes: Vec<String> = areas.iter().map(|code| (*code).to_owned()).collect();
        let names: BTreeMap<String, String> =
            overview::list_area_names(conn, &codes)?.into_iter().collect();
        let mut found: BTreeMap<&str, Progress> = BTreeMap::new();
        for door in &doors {
            let key = if one { building_of(&door.address) } else { door.area_code.as_str() };
            let name = if one { key } else { names.get(key).map_or(key, String::as_str) };
            let row = found.entry(key).or_insert_with(|| Progress {
                name: name.to_owned(),
                homes: 0,
                verified: 0,
            });
            row.homes += 1;
            row.verified += usize::from(open.contains(&at(door)));
        }
        let mut rows: Vec<Progress> = found.into_values().collect();
        rows.sort_by_key(Progress::percent);
        Ok(rows)
    })
}

/// What is planned for the scope until two weeks from now.
#[derive(Debug, Clone)]
pub struct Rounds {
    /// The visits, by building.
    pub buildings: Vec<(String, Vec<OpenVisit>)>,
    /// How many there are, beyond the list too.
    pub total: i64,
    /// Verification of the month.
    pub progress: Vec<Progress>,
    /// Verified persons of the month, all areas of the scope.
    pub people: i64,
}

/// The list of planned visits and the coverage of the month.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, by: &Authorized<'_, ViewRegistry>) -> AppResult<Rounds> {
    let today = store.clock().today();
    let until = today.checked_add_days(AHEAD).unwrap_or(today);
    let month = Month::of(today);
    let (open, total, people) = store.read(|conn| {
        Ok((
            rows::list_open(conn, by.scope(), until, LIMIT)?,
            rows::count_open(conn, by.scope(), until)?,
            rows::count_verified_people(conn, by.scope(), month.first_day(), month.last_day())?,
        ))
    })?;
    let mut buildings: BTreeMap<String, Vec<OpenVisit>> = BTreeMap::new();
    for visit in open {
        buildings.entry(building_of(&visit.address).to_owned()).or_default().push(visit);
    }
    Ok(Rounds {
        buildings: buildings.into_iter().collect(),
        total,
        progress: progress(store, by)?,
        people: people.into_iter().map(|(_, count)| count).sum(),
    })
}

/// A page of the visits of the scope, the latest first, and whether there are
/// more. Restricted purposes only for whoever has their right.
///
/// # Errors
/// The database failed.
pub fn page_visits(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
    filter: VisitFilter,
    limit: i64,
) -> AppResult<(Vec<VisitRow>, bool)> {
    let mut hidden = Vec::new();
    if !rights.child {
        hidden.push(Purpose::Child);
    }
    if !rights.mental {
        hidden.push(Purpose::Mental);
    }
    let filter = VisitFilter { hidden, ..filter };
    let mut found = store.read(|conn| {
        Ok(rows::list_visits_in(conn, by.scope(), &filter, limit.saturating_add(1))?)
    })?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > wanted;
    found.truncate(wanted);
    Ok((found, more))
}

/// Records of the scope that lack something, by area and id, a page of them
/// after `after`; and how many there are.
///
/// # Errors
/// The database failed.
pub fn incomplete(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    after: Option<&(String, ResidentId)>,
    limit: i64,
) -> AppResult<(Vec<Incomplete>, i64)> {
    let adult = adult(store.clock().today());
    store.read(|conn| {
        Ok((
            incomplete::list_incomplete(conn, by.scope(), adult, after, limit)?,
            incomplete::count_incomplete(conn, by.scope(), adult)?,
        ))
    })
}
