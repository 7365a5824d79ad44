//! What happened to people and households.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::{life_event, resident};
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::life_event::{Confidence, EventKind};
use crate::domain::scope::Scope;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = life_event, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct LifeEventRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// To whom.
    pub resident_id: Option<ResidentId>,
    /// To which household.
    pub household_id: Option<HouseholdId>,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// What.
    pub kind: EventKind,
    /// The day it happened.
    pub event_on: NaiveDate,
    /// The day of report or registration.
    pub reported_on: NaiveDate,
    /// The day of the decision.
    pub decided_on: Option<NaiveDate>,
    /// 1 confirmed, 2 reported, 3 matched only.
    pub confidence: i32,
    /// Area (or place) that was left.
    pub from_area: Option<String>,
    /// Area (or place) of arrival.
    pub to_area: Option<String>,
    /// Free text without personal numbers.
    pub note: Option<String>,
    /// The day it turned out to be wrong.
    pub annulled_on: Option<NaiveDate>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

impl LifeEventRow {
    /// Whether it is an unconfirmed report of this kind that nobody has
    /// answered.
    #[must_use]
    pub fn is_lead_of(&self, kind: EventKind) -> bool {
        self.kind == kind
            && self.annulled_on.is_none()
            && self.confidence == Confidence::Matched.number()
    }

    /// Whether it is a report that a second person still has to decide.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.is_lead_of(EventKind::MoveOut)
            || self.is_lead_of(EventKind::Death)
            || (self.kind == EventKind::Death
                && self.annulled_on.is_none()
                && self.decided_on.is_none())
    }
}

/// Inserts events in batches.
///
/// # Errors
/// The database failed.
pub fn insert_life_events(conn: &mut Db, rows: &[LifeEventRow]) -> QueryResult<usize> {
    insert_batches!(conn, life_event::table, rows)
}

/// An event by id.
///
/// # Errors
/// The database failed.
pub fn find_life_event(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<LifeEventRow>> {
    life_event::table.find((id, street)).select(LifeEventRow::as_select()).first(conn).optional()
}

/// All events of a person, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_life_events_of(
    conn: &mut Db,
    street: &str,
    resident_id: ResidentId,
) -> QueryResult<Vec<LifeEventRow>> {
    life_event::table
        .filter(life_event::street_code.eq(street).and(life_event::resident_id.eq(resident_id)))
        .order(life_event::event_on)
        .select(LifeEventRow::as_select())
        .load(conn)
}

/// The reports of deaths and departures of people in scope that nobody has
/// decided, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_undecided_events(conn: &mut Db, scope: &Scope) -> QueryResult<Vec<LifeEventRow>> {
    let mut query = life_event::table
        .inner_join(
            resident::table.on(resident::street_code
                .eq(life_event::street_code)
                .and(resident::id.nullable().eq(life_event::resident_id))),
        )
        .filter(life_event::street_code.eq(scope.street_code()))
        .filter(life_event::kind.eq_any([EventKind::Death, EventKind::MoveOut]))
        .filter(life_event::annulled_on.is_null())
        .filter(
            life_event::decided_on
                .is_null()
                .or(life_event::confidence.eq(Confidence::Matched.number())),
        )
        .order(life_event::id)
        .select(LifeEventRow::as_select())
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(resident::area_code.eq_any(areas.to_vec()));
    }
    let rows: Vec<LifeEventRow> = query.load(conn)?;
    Ok(rows.into_iter().filter(LifeEventRow::is_undecided).collect())
}

/// Annuls an event that is not annulled. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_event_annulled(
    conn: &mut Db,
    street: &str,
    id: i64,
    annulled_on: NaiveDate,
) -> QueryResult<usize> {
    diesel::update(life_event::table.find((id, street)).filter(life_event::annulled_on.is_null()))
        .set(life_event::annulled_on.eq(annulled_on))
        .execute(conn)
}

/// A lead turns out true: it is as sure as `confidence` from now on. Returns the
/// row count.
///
/// # Errors
/// The database failed.
pub fn mark_event_confirmed(
    conn: &mut Db,
    street: &str,
    id: i64,
    confidence: i32,
) -> QueryResult<usize> {
    let lead = life_event::table
        .find((id, street))
        .filter(life_event::annulled_on.is_null())
        .filter(life_event::confidence.eq(Confidence::Matched.number()));
    diesel::update(lead).set(life_event::confidence.eq(confidence)).execute(conn)
}

/// Decides what follows from an event that is neither decided nor annulled.
/// Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_event_decided(
    conn: &mut Db,
    street: &str,
    id: i64,
    decided_on: NaiveDate,
) -> QueryResult<usize> {
    diesel::update(
        life_event::table
            .find((id, street))
            .filter(life_event::decided_on.is_null().and(life_event::annulled_on.is_null())),
    )
    .set(life_event::decided_on.eq(decided_on))
    .execute(conn)
}
