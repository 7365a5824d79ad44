//! Departures from the street, and moves within it.

use serde::{Deserialize, Serialize};

use super::death::{RefuteInput, refute_in, settle_leads};
use super::{
    EventDone, NewEvent, act, date_refusals, insert_event, leave_all, reassess, register,
    reported_counts, set_status, whole,
};
use crate::domain::fact::Change;
use crate::domain::household::{HouseholdKind, LeaveReason};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::{Confidence, EventDates, EventKind};
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::award::{hold_for_event, release_for_event};
use crate::services::change::{Proposal, propose_in, try_out};
use crate::services::household::NewHead;
use crate::services::household::home::Home;
use crate::services::record::{Changes, check_optional, check_required, is_direct, one_row};
use crate::services::resident;
use crate::store::life_event::LifeEventRow;
use crate::store::resident::ResidentRow;
use crate::store::{Db, Store, Tx, area, life_event, membership};

/// A departure as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    scope: &Scope,
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
        .map(|id| resident::load_active(tx, scope, id))
        .collect::<AppResult<Vec<_>>>()?;
    let youngest = people.iter().map(|p| p.birth_on).max();
    AppError::refused_unless_empty(date_refusals(tx, dates, youngest))?;
    Ok(people)
}

/// Registers a departure from the street to a place outside the registry: one
/// event per person, the first of which is returned. Whom an assistance
/// household counts leaves it when a second person confirms; until then the
/// report holds their money.
///
/// # Errors
/// Somebody is not on the register; a household without a head; dates.
pub fn move_out(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &MoveOutInput,
) -> AppResult<EventDone> {
    let proposal = Proposal::MoveOut(input.clone());
    let waits = input.confidence != Confidence::Matched
        && !is_direct(by.role())
        && store.read(|conn| is_counted(conn, by.street(), &input.residents))?;
    if waits {
        try_out(store, by, &proposal)?;
    }
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let who = (by.scope(), by.username());
        let mut done = if waits {
            let lead = MoveOutInput { confidence: Confidence::Matched, ..input.clone() };
            move_out_in(tx, who, &lead, &mut changes)?
        } else {
            move_out_in(tx, who, input, &mut changes)?
        };
        if waits {
            done.pending.push(propose_in(tx, by, &proposal, &mut changes)?);
        }
        changes.write(tx, &act(by, "event.move_out", done.event, None))?;
        Ok(done)
    })
}

/// Whether an assistance household has one of these people.
fn is_counted(conn: &mut Db, street: &str, people: &[ResidentId]) -> AppResult<bool> {
    for person in people {
        let open = membership::list_open_memberships_of(conn, street, *person)?;
        if open.iter().any(|m| m.kind == HouseholdKind::Assist) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Registers a departure inside a transaction.
pub(crate) fn move_out_in(
    tx: &mut Tx<'_>,
    (scope, by): (&Scope, &str),
    input: &MoveOutInput,
    changes: &mut Changes,
) -> AppResult<EventDone> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "destination", &input.destination);
    check_optional(&mut refusals, "note", input.note.as_deref());
    AppError::refused_unless_empty(refusals)?;
    let people = load_people(tx, scope, &input.residents, &input.dates)?;
    let counts = reported_counts(Change::MoveStreet, &input.dates)?;
    let (mut events, mut found) = (Vec::new(), Vec::new());
    for person in &people {
        let new = NewEvent {
            confidence: input.confidence,
            from_area: Some(&person.area_code),
            to_area: Some(&input.destination),
            note: input.note.as_deref(),
            ..NewEvent::of(EventKind::MoveOut, person)
        };
        let event = match confirmed_lead(tx, person, input, changes)? {
            Some(lead) => lead,
            None => insert_event(tx, scope.street_code(), &input.dates, &new, changes)?,
        };
        events.push(event);
        found.extend(reassess(tx, person, counts.month)?);
        if input.confidence == Confidence::Matched {
            let place = (counts.month, counts.known_on);
            let why = (by, "疑似迁出,待核实 / reported departure, to be verified");
            hold_for_event(tx, person, event, place, why, changes)?;
        } else {
            let why = "迁出已确认 / departure confirmed";
            let on = input.dates.reported_on;
            release_for_event(tx, person, event, on, (by, why), changes)?;
            let lead = (EventKind::MoveOut, event, on, why);
            settle_leads(tx, (scope, by), person, lead, changes)?;
        }
    }
    if input.confidence != Confidence::Matched {
        let leaving = (input.dates.event_on, LeaveReason::MoveOut, counts);
        leave_all(tx, &whole(scope), &people, leaving, &input.heads, changes)?;
        for person in &people {
            register::end(tx, person, &input.dates, counts, changes)?;
            set_status(tx, person, ResidentStatus::Left, changes)?;
            changes.mark(person.unit_id, counts.month, counts.known_on);
        }
    }
    found.sort_unstable();
    found.dedup();
    let event = events.first().copied().ok_or_else(nobody)?;
    let resident = people.first().map(|p| p.id);
    Ok(EventDone { resident, reassess: found, ..EventDone::of(event) })
}

/// The report of this very departure becomes the departure.
fn confirmed_lead(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    input: &MoveOutInput,
    changes: &mut Changes,
) -> AppResult<Option<i64>> {
    if input.confidence == Confidence::Matched {
        return Ok(None);
    }
    let street = person.street_code.as_str();
    let events = life_event::list_life_events_of(tx.conn, street, person.id)?;
    let days = (input.dates.event_on, input.dates.reported_on);
    let same =
        |e: &&LifeEventRow| e.is_lead_of(EventKind::MoveOut) && (e.event_on, e.reported_on) == days;
    let Some(lead) = events.iter().find(same) else { return Ok(None) };
    let sure = input.confidence.number();
    one_row(life_event::mark_event_confirmed(tx.conn, street, lead.id, sure)?)?;
    let text = |number: i32| Some(number.to_string());
    changes.field(("life_event", lead.id), "confidence", text(lead.confidence), text(sure));
    Ok(Some(lead.id))
}

/// A second person rejected a departure: its report is annulled, and what it
/// held is paid.
pub(crate) fn reject_move_out(
    tx: &mut Tx<'_>,
    by: (&Scope, &str),
    input: &MoveOutInput,
    reason: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    let on = tx.clock().today();
    for id in &input.residents {
        let person = resident::load(tx, by.0, *id)?;
        let events = life_event::list_life_events_of(tx.conn, by.0.street_code(), *id)?;
        for lead in events.iter().filter(|e| e.is_lead_of(EventKind::MoveOut)) {
            let event = lead.id;
            let wrong = RefuteInput { event, on, reason: reason.to_owned(), relations: vec![] };
            refute_in(tx, by, &wrong, lead, &person, changes)?;
        }
    }
    Ok(())
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
        // A person alone has the address of the household that they stay in.
        if !input.households.is_empty() {
            check_required(&mut refusals, "address", &input.address);
        }
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        let (mut ids, mut events) = (input.residents.clone(), Vec::new());
        for household in &input.households {
            // A household is moved by whoever keeps it.
            let mut home = Home::load(tx, by.scope(), *household)?;
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
        for person in load_people(tx, by.scope(), &ids, &input.dates)? {
            let new = NewEvent {
                from_area: Some(&person.area_code),
                to_area: Some(&input.to_area),
                ..NewEvent::of(EventKind::MoveWithin, &person)
            };
            events.push(insert_event(tx, by.street(), &input.dates, &new, &mut changes)?);
            resident::set_area(tx, &person, &input.to_area, &mut changes)?;
        }
        let event = events.first().copied().ok_or_else(nobody)?;
        changes.write(tx, &act(by, "event.move_within", event, None))?;
        Ok(EventDone {
            resident: ids.first().copied(),
            household: input.households.first().copied(),
            ..EventDone::of(event)
        })
    })
}
