//! Departures from the street, and moves within it.

use super::{
    EventDone, NewEvent, act, date_refusals, insert_event, leave_all, reassess, register,
    reported_counts, set_status, whole,
};
use crate::domain::fact::Change;
use crate::domain::household::LeaveReason;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::{Confidence, EventDates, EventKind};
use crate::domain::resident::ResidentStatus;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::award::hold_for_event;
use crate::services::household::NewHead;
use crate::services::household::home::Home;
use crate::services::record::{Changes, check_optional, check_required, one_row};
use crate::services::resident;
use crate::store::resident::{self as residents, ResidentRow};
use crate::store::{Store, Tx, area};

/// A departure as entered.
#[derive(Debug, Clone)]
pub struct MoveOutInput {
    /// Who leaves together.
    pub residents: Vec<ResidentId>,
    /// To where, outside the registry.
    pub destination: String,
    /// Left, registered, decided.
    pub dates: EventDates,
    /// How sure: a mere lead only holds their awards.
    pub confidence: Confidence,
    /// New heads of households whose head leaves.
    pub heads: Vec<NewHead>,
    /// Free text.
    pub note: Option<String>,
}

fn nobody() -> AppError {
    AppError::refuse(Refusal::field("residents", "请选择人员。", "Choose at least one person."))
}

fn load_people(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    ids: &[ResidentId],
    dates: &EventDates,
) -> AppResult<Vec<ResidentRow>> {
    let mut unique = ids.to_vec();
    unique.sort_unstable();
    unique.dedup();
    if unique.is_empty() {
        return Err(nobody());
    }
    let people = unique
        .into_iter()
        .map(|id| resident::load_active(tx, by.scope(), id))
        .collect::<AppResult<Vec<_>>>()?;
    let youngest = people.iter().map(|p| p.birth_on).max();
    AppError::refused_unless_empty(date_refusals(tx, dates, youngest))?;
    Ok(people)
}

/// Registers a departure from the street to a place outside the registry: one
/// event per person, the first of which is returned.
///
/// # Errors
/// Somebody is not on the register; a household without a head; dates.
pub fn move_out(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &MoveOutInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let mut refusals = Vec::new();
        check_required(&mut refusals, "destination", &input.destination);
        check_optional(&mut refusals, "note", input.note.as_deref());
        AppError::refused_unless_empty(refusals)?;
        let people = load_people(tx, by, &input.residents, &input.dates)?;
        let counts = reported_counts(Change::MoveStreet, &input.dates)?;
        let mut changes = Changes::default();
        let (mut events, mut found) = (Vec::new(), Vec::new());
        for person in &people {
            let new = NewEvent {
                confidence: input.confidence,
                from_area: Some(&person.area_code),
                to_area: Some(&input.destination),
                note: input.note.as_deref(),
                ..NewEvent::of(EventKind::MoveOut, person)
            };
            let event = insert_event(tx, by.street(), &input.dates, &new, &mut changes)?;
            events.push(event);
            found.extend(reassess(tx, person, counts.month)?);
            if input.confidence == Confidence::Matched {
                let place = (counts.month, counts.known_on);
                let why = (by.username(), "疑似迁出,待核实 / reported departure, to be verified");
                hold_for_event(tx, person, event, place, why, &mut changes)?;
            }
        }
        if input.confidence != Confidence::Matched {
            let leaving = (input.dates.event_on, LeaveReason::MoveOut, counts);
            leave_all(tx, &whole(by), &people, leaving, &input.heads, &mut changes)?;
            for person in &people {
                register::end(tx, person, &input.dates, counts, &mut changes)?;
                set_status(tx, person, ResidentStatus::Left, &mut changes)?;
                changes.mark(person.unit_id, counts.month, counts.known_on);
            }
        }
        found.sort_unstable();
        found.dedup();
        let event = events.first().copied().ok_or_else(nobody)?;
        changes.write(tx, &act(by, "event.move_out", event, None))?;
        let resident = people.first().map(|p| p.id);
        Ok(EventDone { event, resident, household: None, reassess: found })
    })
}

/// A move within the street as entered.
#[derive(Debug, Clone)]
pub struct MoveWithinInput {
    /// Who moves; if empty, everybody in the households.
    pub residents: Vec<ResidentId>,
    /// Households that move with them.
    pub households: Vec<HouseholdId>,
    /// Community or grid of arrival.
    pub to_area: String,
    /// New address of the households.
    pub address: String,
    /// Moved, registered, decided.
    pub dates: EventDates,
}

/// Registers a move inside the street. What is due does not change; the place
/// of the rows does, from the first run whose cut-off is not earlier than the
/// registration.
///
/// # Errors
/// Unknown area; nobody moves; dates.
pub fn move_within(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &MoveWithinInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let today = tx.clock().today();
        let tree = area::load_tree(tx.conn, today)?;
        let place = crate::services::area::check_place(
            &tree,
            by.street(),
            "to_area",
            &input.to_area,
            today,
        );
        let mut refusals: Vec<Refusal> = place.into_iter().collect();
        check_required(&mut refusals, "address", &input.address);
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        let (mut ids, mut events) = (input.residents.clone(), Vec::new());
        for household in &input.households {
            let mut home = Home::load(tx, &whole(by), *household)?;
            if input.residents.is_empty() {
                ids.extend(home.open_members().map(|m| m.resident_id));
            }
            let from = home.row().area_code.clone();
            let new = NewEvent {
                kind: EventKind::MoveWithin,
                resident: None,
                household: Some(*household),
                unit: home.row().unit_id,
                confidence: Confidence::Confirmed,
                from_area: Some(&from),
                to_area: Some(&input.to_area),
                note: None,
            };
            events.push(insert_event(tx, by.street(), &input.dates, &new, &mut changes)?);
            home.set_place(&input.to_area, input.address.trim());
            home.save(tx, &mut changes)?;
        }
        for person in load_people(tx, by, &ids, &input.dates)? {
            let new = NewEvent {
                from_area: Some(&person.area_code),
                to_area: Some(&input.to_area),
                ..NewEvent::of(EventKind::MoveWithin, &person)
            };
            events.push(insert_event(tx, by.street(), &input.dates, &new, &mut changes)?);
            set_area(tx, &person, &input.to_area, &mut changes)?;
        }
        let event = events.first().copied().ok_or_else(nobody)?;
        changes.write(tx, &act(by, "event.move_within", event, None))?;
        Ok(EventDone {
            event,
            resident: ids.first().copied(),
            household: input.households.first().copied(),
            reassess: Vec::new(),
        })
    })
}

fn set_area(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    area_code: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    let new = ResidentRow {
        area_code: area_code.to_owned(),
        version: person.version + 1,
        updated_at: tx.clock().now(),
        ..person.clone()
    };
    one_row(residents::mark_resident(tx.conn, &new, person.version)?)?;
    changes.field(
        ("resident", person.id.0),
        "area_code",
        Some(person.area_code.clone()),
        Some(area_code.to_owned()),
    );
    Ok(())
}
