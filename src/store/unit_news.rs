//! What became known about units since a run: marks, and events after a
//! cut-off.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::db::per_backend;
use super::schema::{life_event, recheck};
use super::unit_load::by_unit;
use crate::domain::life_event::EventKind;
use crate::domain::month::Month;

/// A mark: unit, id, earliest month, known.
pub type MarkLoad = (i64, i64, Month, NaiveDate);

/// Marks that the run before did not see, sorted by unit.
///
/// # Errors
/// The database failed.
pub fn list_marks_since(
    conn: &mut Db,
    street: &str,
    after_id: i64,
    known_after: NaiveDate,
    known_by: NaiveDate,
) -> QueryResult<Vec<MarkLoad>> {
    let columns = (recheck::unit_id, recheck::id, recheck::from_month, recheck::known_on);
    let fresh = recheck::table
        .filter(recheck::street_code.eq(street))
        .filter(recheck::known_on.gt(known_after).and(recheck::known_on.le(known_by)))
        .select(columns);
    let late = recheck::table
        .filter(recheck::street_code.eq(street).and(recheck::id.gt(after_id)))
        .filter(recheck::known_on.le(known_after))
        .select(columns);
    let mut marks: Vec<MarkLoad> = fresh.load(conn)?;
    marks.extend(late.load::<MarkLoad>(conn)?);
    by_unit(&mut marks, |m| (m.0, m.1));
    Ok(marks)
}

/// The last mark that exists.
///
/// # Errors
/// The database failed.
pub fn last_mark(conn: &mut Db, street: &str) -> QueryResult<i64> {
    let ids: Vec<i64> = recheck::table
        .filter(recheck::street_code.eq(street))
        .order(recheck::id.desc())
        .limit(1)
        .select(recheck::id)
        .load(conn)?;
    Ok(ids.first().copied().unwrap_or(0))
}

/// An event that became known after a run's cut-off.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct LateEvent {
    /// Unit.
    pub unit_id: i64,
    /// Who.
    pub resident_id: Option<i64>,
    /// Which household.
    pub household_id: Option<i64>,
    /// What.
    pub kind: EventKind,
    /// The day it happened.
    pub event_on: NaiveDate,
    /// The day it was reported.
    pub reported_on: NaiveDate,
}

/// Confirmed deaths and moves out of the street that became known after the
/// cut-off (`rulings.md` M7).
///
/// # Errors
/// The database failed.
pub fn list_late_events(
    conn: &mut Db,
    street: &str,
    cut_off: NaiveDate,
    today: NaiveDate,
) -> QueryResult<Vec<LateEvent>> {
    per_backend!(conn, |c| life_event::table
        .filter(life_event::street_code.eq(street))
        .filter(life_event::kind.eq_any(["death", "move_out"]))
        // Both happen before they are reported, so the index by day serves.
        .filter(life_event::reported_on.gt(cut_off).and(life_event::reported_on.le(today)))
        .filter(life_event::confidence.eq(1).and(life_event::annulled_on.is_null()))
        .select((
            life_event::unit_id,
            life_event::resident_id,
            life_event::household_id,
            life_event::kind,
            life_event::event_on,
            life_event::reported_on,
        ))
        .load(c))
}
