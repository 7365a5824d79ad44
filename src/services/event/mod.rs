//! What happens to people and households, as guided operations: each keeps the
//! invariants of `domain.md` §2.5, closes and opens what it has to, and says
//! which awards have to be looked at again.

mod arrival;
mod death;
mod decide;
mod departure;
mod register;
mod regroup;
mod transfer;
mod waiting;

pub use arrival::{Arrival, BirthInput, Join, MoveInInput, birth, move_in};
pub use death::{DeathInput, RefuteInput, death, refute};
pub use decide::{DeathOutcome, DecideDeathInput, decide_death};
pub use departure::{MoveOutInput, MoveWithinInput, move_out, move_within};
pub(crate) use departure::{move_out_in, reject_move_out};
pub use regroup::{MergeInput, SplitInput, change_head, merge, split};
pub(crate) use regroup::{merge_in, split_in};
pub use transfer::{Mover, TransferInput, Transferred, transfer};
pub use waiting::{Undecided, list_undecided, load_undecided_report};

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::auth::{Authorized, RegisterEvent};
use super::award;
use super::household::home::{Counts, Home};
use super::household::{NewHead, counts, settle};
use super::record::{Act, Changes, one_row};
use crate::domain::fact::{Change, FactDates, effect};
use crate::domain::household::{HouseholdKind, LeaveReason};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId, UnitId};
use crate::domain::life_event::{Confidence, EventDates, EventKind};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::error::{AppResult, Refusal};
use crate::store::Tx;
use crate::store::life_event::{self, LifeEventRow};
use crate::store::membership;
use crate::store::resident::{self as residents, ResidentRow};

/// What an event made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDone {
    /// The event.
    pub event: i64,
    /// The person it concerns, where there is one.
    pub resident: Option<ResidentId>,
    /// A household that it opened, if any.
    pub household: Option<HouseholdId>,
    /// Awards that are in force and have to be looked at again.
    pub reassess: Vec<AwardId>,
    /// Changes of who is counted that wait for a second person.
    pub pending: Vec<i64>,
}

impl EventDone {
    /// Nothing yet: all of it waits for a second person.
    #[must_use]
    pub fn waiting(change: i64) -> EventDone {
        EventDone { pending: vec![change], ..EventDone::of(0) }
    }

    fn of(event: i64) -> EventDone {
        EventDone {
            event,
            resident: None,
            household: None,
            reassess: Vec::new(),
            pending: Vec::new(),
        }
    }
}

/// What an event's row says besides its dates.
struct NewEvent<'a> {
    kind: EventKind,
    resident: Option<ResidentId>,
    household: Option<HouseholdId>,
    unit: UnitId,
    confidence: Confidence,
    from_area: Option<&'a str>,
    to_area: Option<&'a str>,
    note: Option<&'a str>,
}

impl NewEvent<'_> {
    /// An event of one person, confirmed.
    fn of(kind: EventKind, person: &ResidentRow) -> NewEvent<'static> {
        NewEvent {
            kind,
            resident: Some(person.id),
            household: None,
            unit: person.unit_id,
            confidence: Confidence::Confirmed,
            from_area: None,
            to_area: None,
            note: None,
        }
    }
}

fn insert_event(
    tx: &mut Tx<'_>,
    street: &str,
    dates: &EventDates,
    new: &NewEvent<'_>,
    changes: &mut Changes,
) -> AppResult<i64> {
    let row = LifeEventRow {
        id: tx.next_id(),
        street_code: street.to_owned(),
        resident_id: new.resident,
        household_id: new.household,
        unit_id: new.unit,
        kind: new.kind,
        event_on: dates.event_on,
        reported_on: dates.reported_on,
        decided_on: dates.decided_on,
        confidence: new.confidence.number(),
        from_area: new.from_area.map(str::to_owned),
        to_area: new.to_area.map(str::to_owned),
        note: new.note.map(str::to_owned),
        annulled_on: None,
        import_id: None,
    };
    life_event::insert_life_events(tx.conn, std::slice::from_ref(&row))?;
    changes.created("life_event", row.id);
    Ok(row.id)
}

fn date_refusals(tx: &Tx<'_>, dates: &EventDates, born: Option<NaiveDate>) -> Vec<Refusal> {
    let faults = dates.faults(born, tx.clock().today());
    faults.into_iter().map(|f| Refusal::field(f.field(), f.zh(), f.en())).collect()
}

fn act<'a>(
    by: &'a Authorized<'_, RegisterEvent>,
    action: &'a str,
    event: i64,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "life_event",
        object_id: event,
        reason,
    }
}

/// From when a joining or leaving by an event counts. Only an assistance
/// household pays by it: there the decision's month rules (M4).
fn member_counts(
    kind: HouseholdKind,
    dates: &EventDates,
    named_from: Option<Month>,
) -> AppResult<Counts> {
    if kind != HouseholdKind::Assist {
        let month = Month::of(dates.event_on);
        return Ok(Counts { month, known_on: dates.reported_on });
    }
    let dates = FactDates {
        event_on: Some(dates.event_on),
        reported_on: Some(dates.reported_on),
        decided_on: dates.decided_on,
        named_from,
    };
    counts(effect(Change::Decided, &dates))
}

/// M4 for a death or a move: known when it was reported.
fn reported_counts(change: Change, dates: &EventDates) -> AppResult<Counts> {
    let dates = FactDates {
        event_on: Some(dates.event_on),
        reported_on: Some(dates.reported_on),
        decided_on: dates.decided_on,
        named_from: None,
    };
    counts(effect(change, &dates))
}

/// The open households of these people, each once.
fn homes_of(tx: &mut Tx<'_>, scope: &Scope, people: &[ResidentRow]) -> AppResult<Vec<HouseholdId>> {
    let mut homes = BTreeSet::new();
    for person in people {
        let rows = membership::list_open_memberships_of(tx.conn, scope.street_code(), person.id)?;
        homes.extend(rows.into_iter().map(|m| m.household_id));
    }
    Ok(homes.into_iter().collect())
}

/// People leave every household they are in; households that lose their head
/// get the given one, empty ones close.
fn leave_all(
    tx: &mut Tx<'_>,
    street: &Scope,
    people: &[ResidentRow],
    leaving: (NaiveDate, LeaveReason, Counts),
    heads: &[NewHead],
    changes: &mut Changes,
) -> AppResult<()> {
    let (to_on, reason, counts) = leaving;
    for id in homes_of(tx, street, people)? {
        let mut home = Home::load(tx, street, id)?;
        let inside: Vec<(ResidentId, NaiveDate)> = home
            .open_members()
            .filter(|m| people.iter().any(|p| p.id == m.resident_id))
            .map(|m| (m.resident_id, m.from_on))
            .collect();
        for (person, from_on) in inside {
            home.leave(person, to_on.max(from_on), reason, counts)?;
        }
        settle(&mut home, to_on, heads.iter().find(|h| h.household == id))?;
        home.save(tx, changes)?;
    }
    Ok(())
}

/// Sets the state of a person's record.
fn set_status(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    status: ResidentStatus,
    changes: &mut Changes,
) -> AppResult<ResidentRow> {
    let new = ResidentRow {
        status,
        version: person.version + 1,
        updated_at: tx.clock().now(),
        ..person.clone()
    };
    one_row(residents::mark_resident(tx.conn, &new, person.version)?)?;
    changes.field(
        ("resident", person.id.0),
        "status",
        Some(person.status.code().to_owned()),
        Some(status.code().to_owned()),
    );
    Ok(new)
}

/// The awards of a person's unit that an event of that month can concern.
fn reassess(tx: &mut Tx<'_>, person: &ResidentRow, from: Month) -> AppResult<Vec<AwardId>> {
    Ok(award::list_in_force(tx, person, from)?.into_iter().map(|a| a.id).collect())
}

/// A street's own scope: an event follows people into households that lie
/// outside the grid of whoever registers it.
fn whole(scope: &Scope) -> Scope {
    Scope::street(scope.street_code())
}
