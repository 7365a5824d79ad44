//! Deaths. Confirmed or reported: the person's memberships end. Matched only:
//! nothing ends, the person's awards are held until somebody looks.

use chrono::NaiveDate;

use super::{
    EventDone, NewEvent, act, date_refusals, insert_event, leave_all, reassess, register,
    reported_counts, set_status, whole,
};
use crate::domain::code_table::Relation;
use crate::domain::fact::Change;
use crate::domain::household::{HouseholdFault, LeaveReason};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::{Confidence, EventDates, EventKind};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::award::{hold_for_event, release_for_event};
use crate::services::household::NewHead;
use crate::services::household::home::{Home, refuse};
use crate::services::record::{
    Changes, check_optional, check_required, check_second, is_direct, one_row,
};
use crate::services::resident;
use crate::store::life_event::{self, LifeEventRow};
use crate::store::resident::ResidentRow;
use crate::store::{Store, Tx, history, membership};

/// A death as entered.
#[derive(Debug, Clone)]
pub struct DeathInput {
    /// Who.
    pub resident: ResidentId,
    /// Died, reported, decided (what follows for the household).
    pub dates: EventDates,
    /// How sure.
    pub confidence: Confidence,
    /// New heads of the households whose head died.
    pub heads: Vec<NewHead>,
    /// Source, free text.
    pub note: Option<String>,
}

/// Registers a death.
///
/// # Errors
/// Dead already; dates in the wrong order; a household without a head; a
/// signed-in person who decides too ([`super::decide_death`] is another's).
pub fn death(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &DeathInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let person = resident::load_active(tx, by.scope(), input.resident)?;
        let mut refusals = date_refusals(tx, &input.dates, Some(person.birth_on));
        check_optional(&mut refusals, "note", input.note.as_deref());
        if input.dates.decided_on.is_some() && !is_direct(by.role()) {
            refusals.push(Refusal::field(
                "decided_on",
                "死亡由第二人审核决定,此处请留空。",
                "A second person decides on a death: leave this empty.",
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        let new = NewEvent {
            confidence: input.confidence,
            note: input.note.as_deref(),
            ..NewEvent::of(EventKind::Death, &person)
        };
        let event = insert_event(tx, by.street(), &input.dates, &new, &mut changes)?;
        let from = Month::of(input.dates.event_on).next();
        let found = reassess(tx, &person, from)?;
        if input.confidence == Confidence::Matched {
            let place = (from, input.dates.reported_on);
            let why = (by.username(), "疑似死亡,待核实 / reported death, to be verified");
            hold_for_event(tx, &person, event, place, why, &mut changes)?;
        } else {
            let by = (by.scope(), by.username());
            end_life(tx, by, &person, &input.dates, event, &input.heads, &mut changes)?;
        }
        changes.write(tx, &act(by, "event.death", event, None))?;
        Ok(EventDone { resident: Some(person.id), reassess: found, ..EventDone::of(event) })
    })
}

/// The person's memberships, their entry in registers and the record end; what
/// was due is computed anew from the month after the death.
pub(super) fn end_life(
    tx: &mut Tx<'_>,
    by: (&Scope, &str),
    person: &ResidentRow,
    dates: &EventDates,
    event: i64,
    heads: &[NewHead],
    changes: &mut Changes,
) -> AppResult<()> {
    let why = "死亡已确认 / death confirmed";
    settle_leads(tx, by, person, (EventKind::Death, event, dates.reported_on, why), changes)?;
    let from = Month::of(dates.event_on).next();
    let counts = reported_counts(Change::DeathFalls, dates)?;
    let leaving = (dates.event_on, LeaveReason::Death, counts);
    leave_all(tx, &whole(by.0), std::slice::from_ref(person), leaving, heads, changes)?;
    register::end(tx, person, dates, counts, changes)?;
    set_status(tx, person, ResidentStatus::Dead, changes)?;
    changes.mark(person.unit_id, from, dates.reported_on);
    if let Some(decided) = dates.decided_on {
        changes.mark(person.unit_id, from, decided);
    }
    Ok(())
}

/// Earlier unconfirmed reports of the same are answered by the confirmed one.
pub(super) fn settle_leads(
    tx: &mut Tx<'_>,
    (scope, by): (&Scope, &str),
    person: &ResidentRow,
    (kind, event, on, why): (EventKind, i64, NaiveDate, &str),
    changes: &mut Changes,
) -> AppResult<()> {
    let leads = life_event::list_life_events_of(tx.conn, scope.street_code(), person.id)?;
    for lead in leads.iter().filter(|e| e.id != event && e.is_lead_of(kind)) {
        annul(tx, lead, on, changes)?;
        release_for_event(tx, person, lead.id, on, (by, why), changes)?;
    }
    Ok(())
}

pub(super) fn annul(
    tx: &mut Tx<'_>,
    event: &LifeEventRow,
    on: NaiveDate,
    changes: &mut Changes,
) -> AppResult<()> {
    one_row(life_event::mark_event_annulled(tx.conn, &event.street_code, event.id, on)?)?;
    changes.field(("life_event", event.id), "annulled_on", None, Some(on.to_string()));
    Ok(())
}

/// A report of death or departure that turned out to be wrong.
#[derive(Debug, Clone)]
pub struct RefuteInput {
    /// The event.
    pub event: i64,
    /// Business date of the correction.
    pub on: NaiveDate,
    /// Why.
    pub reason: String,
    /// Relations to the present head, for households that got a new one.
    pub relations: Vec<(HouseholdId, Relation)>,
}

/// Annuls a death or a departure: holds end, memberships and the record are
/// restored, and the next run pays the months that were missed (W11).
///
/// # Errors
/// Not such an event; annulled already; no reason; the caller reported it, or
/// is below supervisor level.
pub fn refute(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &RefuteInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let not_found = || AppError::not_found("事件", "event");
        let event = life_event::find_life_event(tx.conn, by.street(), input.event)?
            .filter(|e| matches!(e.kind, EventKind::Death | EventKind::MoveOut))
            .ok_or_else(not_found)?;
        let id = event.resident_id.ok_or_else(not_found)?;
        let person = resident::load(tx, by.scope(), id).map_err(|_| not_found())?;
        if !is_direct(by.role()) {
            check_other(tx, by, event.id)?;
        }
        let mut changes = Changes::default();
        refute_in(tx, (by.scope(), by.username()), input, &event, &person, &mut changes)?;
        let from = Month::of(event.event_on).next();
        let found = reassess(tx, &person, from)?;
        changes.write(tx, &act(by, "event.refute", event.id, Some(&input.reason)))?;
        Ok(EventDone { resident: Some(person.id), reassess: found, ..EventDone::of(event.id) })
    })
}

/// Whoever reported something does not decide on it. A record that an import
/// brought has no entry of its own: nobody at a screen entered it.
pub(super) fn check_other(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    event: i64,
) -> AppResult<()> {
    let entries = history::list_history(tx.conn, by.street(), "life_event", event)?;
    let reporter = entries.iter().find(|e| e.field.is_none()).map(|e| e.actor.as_str());
    check_second(by.role(), by.username(), reporter)
}

/// Annuls an event inside a transaction, without the audit entry.
pub(super) fn refute_in(
    tx: &mut Tx<'_>,
    by: (&Scope, &str),
    input: &RefuteInput,
    event: &LifeEventRow,
    person: &ResidentRow,
    changes: &mut Changes,
) -> AppResult<()> {
    check_refutation(tx, event, input)?;
    annul(tx, event, input.on, changes)?;
    let why = (by.1, input.reason.as_str());
    release_for_event(tx, person, event.id, input.on, why, changes)?;
    register::restore(tx, person, event, input.on, changes)?;
    let counted = event.confidence < Confidence::Matched.number();
    if counted && matches!(person.status, ResidentStatus::Dead | ResidentStatus::Left) {
        restore(tx, &whole(by.0), person, event, input, changes)?;
    }
    changes.mark(person.unit_id, Month::of(event.event_on).next(), input.on);
    Ok(())
}

fn check_refutation(tx: &Tx<'_>, event: &LifeEventRow, input: &RefuteInput) -> AppResult<()> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "reason", &input.reason);
    if input.on < event.reported_on || input.on > tx.clock().today() {
        refusals.push(Refusal::field(
            "on",
            format!("更正日期应在申报日期({})与今天之间。", event.reported_on),
            format!("The date must lie between the report ({}) and today.", event.reported_on),
        ));
    }
    if event.annulled_on.is_some() {
        refusals.push(Refusal::new(
            ErrorCode::Conflict,
            "该事件已经撤销。",
            "This event is annulled already.",
        ));
    }
    AppError::refused_unless_empty(refusals)
}

fn restore(
    tx: &mut Tx<'_>,
    scope: &Scope,
    person: &ResidentRow,
    event: &LifeEventRow,
    input: &RefuteInput,
    changes: &mut Changes,
) -> AppResult<()> {
    let reason = match event.kind {
        EventKind::Death => LeaveReason::Death,
        _ => LeaveReason::MoveOut,
    };
    let ended: Vec<_> = membership::list_memberships_of(tx.conn, scope.street_code(), person.id)?
        .into_iter()
        .filter(|m| m.reason_out == Some(reason) && m.to_on == Some(event.event_on))
        .collect();
    for member in ended {
        let mut home = Home::load_any(tx, scope, member.household_id)?;
        let given = input.relations.iter().find(|(id, _)| *id == member.household_id);
        let was_head = Relation::parse(&member.relation_code).is_some_and(Relation::is_head);
        if was_head && home.row().head_id.is_some() && given.is_none() {
            return Err(AppError::refuse(refuse(HouseholdFault::RelationMissing(person.id))));
        }
        home.restore(member.id, given.map(|(_, relation)| *relation));
        home.save(tx, changes)?;
    }
    let fresh = resident::load(tx, scope, person.id)?;
    set_status(tx, &fresh, ResidentStatus::Active, changes)?;
    Ok(())
}
