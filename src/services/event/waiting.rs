//! Reports of deaths and departures that wait for a second person.

use chrono::NaiveDate;

use crate::domain::ids::ResidentId;
use crate::domain::life_event::EventKind;
use crate::domain::pending::ChangeKind;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ViewRegistry};
use crate::store::life_event::{self, LifeEventRow};
use crate::store::{Db, Store, history, pending_change, resident};

/// A report that nobody has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The event.
    pub event: i64,
    /// Death or departure.
    pub kind: EventKind,
    /// Who.
    pub resident: ResidentId,
    /// Their name.
    pub name: String,
    /// The day it is said to have happened.
    pub event_on: NaiveDate,
    /// The day of the report.
    pub reported_on: NaiveDate,
    /// 1 confirmed, 2 reported, 3 matched only.
    pub confidence: i32,
    /// Source, free text.
    pub note: Option<String>,
    /// Who entered it; none for a record of an import.
    pub reported_by: Option<String>,
}

impl Undecided {
    /// Whether it is a death.
    #[must_use]
    pub fn is_death(&self) -> bool {
        self.kind == EventKind::Death
    }
}

/// The undecided reports about people in scope, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_undecided(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<Undecided>> {
    store.read(|conn| {
        // A departure whose change waits is decided with the change.
        let waiting = pending_change::list_pending_changes(conn, by.street())?;
        let with_change = |row: &LifeEventRow| {
            row.kind == EventKind::MoveOut
                && waiting.iter().any(|change| {
                    change.kind == ChangeKind::MoveOut
                        && Some(change.resident_id) == row.resident_id
                })
        };
        let mut found = Vec::new();
        for row in life_event::list_undecided_events(conn, by.scope())? {
            if !with_change(&row) {
                found.extend(line(conn, by, row)?);
            }
        }
        Ok(found)
    })
}

/// One of them.
///
/// # Errors
/// Not found, out of scope or decided.
pub fn load_undecided_report(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: i64,
) -> AppResult<Undecided> {
    let not_found = || AppError::not_found("待核实报告", "undecided report");
    store.read(|conn| {
        let row = life_event::find_life_event(conn, by.street(), id)?
            .filter(LifeEventRow::is_undecided)
            .ok_or_else(not_found)?;
        line(conn, by, row)?.ok_or_else(not_found)
    })
}

fn line(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    row: LifeEventRow,
) -> AppResult<Option<Undecided>> {
    let Some(id) = row.resident_id else { return Ok(None) };
    let Some(person) = resident::find_resident(conn, by.scope(), id)? else { return Ok(None) };
    let entries = history::list_history(conn, by.street(), "life_event", row.id)?;
    Ok(Some(Undecided {
        event: row.id,
        kind: row.kind,
        resident: id,
        name: person.name,
        event_on: row.event_on,
        reported_on: row.reported_on,
        confidence: row.confidence,
        note: row.note,
        reported_by: entries.into_iter().find(|e| e.field.is_none()).map(|e| e.actor),
    }))
}
