//! Split, merge and change of head: people stay, households change.

use serde::{Deserialize, Serialize};

use super::{
    EventDone, NewEvent, act, date_refusals, insert_event, member_counts, reassess, whole,
};
use crate::domain::household::{HouseholdFault, HouseholdKind, JoinReason, LeaveReason};
use crate::domain::ids::{HouseholdId, UnitId};
use crate::domain::life_event::{Confidence, EventDates, EventKind};
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::household::home::{Home, Joining, refuse};
use crate::services::household::{
    HouseholdInput, MemberDates, MemberInput, NewHead, open_in, settle,
};
use crate::services::record::{Changes, check_direct};
use crate::services::resident;
use crate::store::{Store, Tx};

/// A split as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SplitInput {
    /// The household that keeps its number.
    pub household: HouseholdId,
    /// Who forms the new one, with their relations in it.
    pub movers: Vec<MemberInput>,
    /// Number of the new one.
    pub household_no: String,
    /// Its community or grid.
    pub area_code: String,
    /// Its address.
    pub address: String,
    /// New head of the old one, if its head moves.
    pub head: Option<NewHead>,
    /// The first day of the new household, reported, decided.
    pub dates: EventDates,
    /// The month that the decision names, if any.
    pub named_month: Option<Month>,
}

fn event_of(kind: EventKind, household: HouseholdId, unit: UnitId) -> NewEvent<'static> {
    NewEvent {
        kind,
        resident: None,
        household: Some(household),
        unit,
        confidence: Confidence::Confirmed,
        from_area: None,
        to_area: None,
        note: None,
    }
}

/// Splits a household: the movers leave on the day before and form a new one.
///
/// # Errors
/// Both must have exactly one head afterwards; movers must be members; a
/// signed-in person and an assistance household.
pub fn split(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &SplitInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        check_counted(tx, by, input.household)?;
        let mut changes = Changes::default();
        let done = split_in(tx, by.scope(), input, &mut changes)?;
        changes.write(tx, &act(by, "event.split", done.event, None))?;
        Ok(done)
    })
}

/// Whom an assistance household counts is for two people to say.
fn check_counted(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    household: HouseholdId,
) -> AppResult<()> {
    match Home::load(tx, by.scope(), household)?.row().kind {
        HouseholdKind::Assist => check_direct(by.role()),
        HouseholdKind::Hukou | HouseholdKind::Residence => Ok(()),
    }
}

/// Splits a household inside a transaction.
pub(crate) fn split_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &SplitInput,
    changes: &mut Changes,
) -> AppResult<EventDone> {
    AppError::refused_unless_empty(date_refusals(tx, &input.dates, None))?;
    let mut old = Home::load(tx, scope, input.household)?;
    let (kind, unit) = (old.row().kind, old.row().unit_id);
    let counts = member_counts(kind, &input.dates, input.named_month)?;
    let day_before = input.dates.event_on.pred_opt().unwrap_or(input.dates.event_on);
    for mover in &input.movers {
        old.leave(mover.resident, day_before, LeaveReason::Split, counts)?;
    }
    if old.open_members().next().is_none() {
        return Err(AppError::refuse(refuse(HouseholdFault::Empty)));
    }
    settle(&mut old, day_before, input.head.as_ref())?;
    old.save(tx, changes)?;
    let new = HouseholdInput {
        kind,
        household_no: input.household_no.clone(),
        area_code: input.area_code.clone(),
        address: input.address.clone(),
        opened_on: input.dates.event_on,
        members: input.movers.clone(),
        reason: JoinReason::Split,
        dates: MemberDates {
            decided_on: input.dates.decided_on.unwrap_or(input.dates.reported_on),
            named_month: input.named_month,
        },
    };
    let household = open_in(tx, &whole(scope), &new, changes)?;
    let new_event = event_of(EventKind::Split, input.household, unit);
    let event = insert_event(tx, scope.street_code(), &input.dates, &new_event, changes)?;
    let reassess = found_awards(tx, scope, &input.movers, counts.month)?;
    Ok(EventDone { household: Some(household), reassess, ..EventDone::of(event) })
}

fn found_awards(
    tx: &mut Tx<'_>,
    scope: &Scope,
    movers: &[MemberInput],
    from: Month,
) -> AppResult<Vec<crate::domain::ids::AwardId>> {
    let mut found = Vec::new();
    for mover in movers {
        let person = resident::load(tx, &whole(scope), mover.resident)?;
        found.extend(reassess(tx, &person, from)?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// A merge as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MergeInput {
    /// The household that ends.
    pub source: HouseholdId,
    /// The household that takes its members.
    pub target: HouseholdId,
    /// Every member of the source with the relation to the target's head.
    pub members: Vec<MemberInput>,
    /// The first day together, reported, decided.
    pub dates: EventDates,
    /// The month that the decision names, if any.
    pub named_month: Option<Month>,
}

/// Merges a household into another of the same kind.
///
/// # Errors
/// Different kinds; somebody of the source without a relation; a signed-in
/// person and assistance households.
pub fn merge(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &MergeInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        check_counted(tx, by, input.source)?;
        let mut changes = Changes::default();
        let done = merge_in(tx, by.scope(), input, &mut changes)?;
        changes.write(tx, &act(by, "event.merge", done.event, None))?;
        Ok(done)
    })
}

/// Merges two households inside a transaction.
pub(crate) fn merge_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &MergeInput,
    changes: &mut Changes,
) -> AppResult<EventDone> {
    AppError::refused_unless_empty(date_refusals(tx, &input.dates, None))?;
    let mut source = Home::load(tx, scope, input.source)?;
    let mut target = Home::load(tx, scope, input.target)?;
    check_merge(&source, &target, input)?;
    let counts = member_counts(source.row().kind, &input.dates, input.named_month)?;
    let day_before = input.dates.event_on.pred_opt().unwrap_or(input.dates.event_on);
    for member in &input.members {
        source.leave(member.resident, day_before, LeaveReason::Merge, counts)?;
    }
    source.close(day_before, "merged");
    source.save(tx, changes)?;
    for member in &input.members {
        let person = resident::load_active(tx, &whole(scope), member.resident)?;
        let joining = Joining {
            resident: &person,
            relation: member.relation,
            counted: member.counted,
            from_on: input.dates.event_on,
            reason: JoinReason::Merge,
            counts,
        };
        target.join(tx.next_id(), &joining);
    }
    target.save(tx, changes)?;
    let movers = input.members.as_slice();
    let reassess = found_awards(tx, scope, movers, counts.month)?;
    let unit = match movers.first() {
        Some(first) => resident::load(tx, &whole(scope), first.resident)?.unit_id,
        None => UnitId(input.source.0),
    };
    let new = event_of(EventKind::Merge, input.source, unit);
    let event = insert_event(tx, scope.street_code(), &input.dates, &new, changes)?;
    Ok(EventDone { household: Some(input.target), reassess, ..EventDone::of(event) })
}

fn check_merge(source: &Home, target: &Home, input: &MergeInput) -> AppResult<()> {
    let mut refusals = Vec::new();
    if input.source == input.target || source.row().kind != target.row().kind {
        refusals.push(Refusal::field(
            "target",
            "只能并入另一个同类的户。",
            "Merge only into another household of the same kind.",
        ));
    }
    refusals.extend(
        source
            .open_members()
            .filter(|m| input.members.iter().all(|given| given.resident != m.resident_id))
            .map(|m| refuse(HouseholdFault::RelationMissing(m.resident_id))),
    );
    AppError::refused_unless_empty(refusals)
}

/// Changes the head of a household: every member's relation is given anew.
///
/// # Errors
/// The new head is no member; a relation is missing.
pub fn change_head(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    new: &NewHead,
    dates: &EventDates,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        AppError::refused_unless_empty(date_refusals(tx, dates, None))?;
        let mut changes = Changes::default();
        let mut home = Home::load(tx, by.scope(), new.household)?;
        let unit = home.row().unit_id;
        home.set_head(new.head, &new.relations)?;
        home.save(tx, &mut changes)?;
        let person = resident::load(tx, &whole(by.scope()), new.head)?;
        let found = reassess(tx, &person, Month::of(dates.event_on))?;
        let row = NewEvent {
            resident: Some(new.head),
            ..event_of(EventKind::HeadChange, new.household, unit)
        };
        let event = insert_event(tx, by.street(), dates, &row, &mut changes)?;
        changes.write(tx, &act(by, "event.change_head", event, None))?;
        Ok(EventDone {
            resident: Some(new.head),
            household: Some(new.household),
            reassess: found,
            ..EventDone::of(event)
        })
    })
}
