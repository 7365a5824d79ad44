//! What the population table reads: every record once, in order, and the
//! events that move it.

use chrono::NaiveDate;
use diesel::prelude::*;

use crate::domain::code_table::ResidenceStatus;
use crate::domain::ids::ResidentId;
use crate::domain::life_event::{Confidence, EventKind};
use crate::domain::resident::ResidentStatus;
use crate::store::Db;
use crate::store::schema::{life_event, resident};

/// A record as the table needs it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = resident)]
pub struct CountedPerson {
    /// Who.
    pub id: ResidentId,
    /// Community or grid.
    pub area_code: String,
    /// Date of birth.
    pub birth_on: NaiveDate,
    /// State of the record.
    pub status: ResidentStatus,
    /// R1–R7.
    pub residence_status: ResidenceStatus,
}

/// Records after an id, `limit` at most, without those merged into others. A
/// whole street: somebody who left the caller's area counts there before.
///
/// # Errors
/// The database failed.
pub fn list_counted_people(
    conn: &mut Db,
    street: &str,
    after: ResidentId,
    limit: i64,
) -> QueryResult<Vec<CountedPerson>> {
    resident::table
        .filter(resident::street_code.eq(street).and(resident::id.gt(after)))
        .filter(resident::status.ne(ResidentStatus::Merged))
        .order(resident::id)
        .limit(limit)
        .select(CountedPerson::as_select())
        .load(conn)
}

/// An event that moves the population.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = life_event)]
pub struct MovingEvent {
    /// Whom.
    pub resident_id: Option<ResidentId>,
    /// Birth, death or a move.
    pub kind: EventKind,
    /// The day it happened.
    pub event_on: NaiveDate,
    /// The day it was reported.
    pub reported_on: NaiveDate,
    /// Area that was left.
    pub from_area: Option<String>,
}

/// Events that happened or were reported from a day on, by person and in order
/// of their days. A mere match of data (level 3) moves nobody.
///
/// # Errors
/// The database failed.
pub fn list_moving_events(
    conn: &mut Db,
    street: &str,
    from: NaiveDate,
) -> QueryResult<Vec<MovingEvent>> {
    use EventKind as E;
    let kinds = [E::Birth, E::Death, E::MoveIn, E::MoveOut, E::MoveWithin];
    life_event::table
        .filter(life_event::street_code.eq(street).and(life_event::kind.eq_any(kinds)))
        .filter(life_event::event_on.ge(from).or(life_event::reported_on.ge(from)))
        .filter(life_event::resident_id.is_not_null().and(life_event::annulled_on.is_null()))
        .filter(life_event::confidence.ne(Confidence::Matched.number()))
        .order((life_event::resident_id, life_event::event_on, life_event::id))
        .select(MovingEvent::as_select())
        .load(conn)
}
