//! A move to another street: everything closes here and opens there, in one
//! transaction. The old street stops and the new one starts, both in the month
//! after the registration (W14c): never both, never neither.

mod copy;

use super::{
    NewEvent, date_refusals, insert_event, leave_all, register, reported_counts, set_status,
};
use crate::domain::award::{BeneficiaryKind, DecisionKind, StopReason};
use crate::domain::code_table::Relation;
use crate::domain::fact::Change;
use crate::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use crate::domain::ids::{AwardId, BeneficiaryId, HouseholdId, ResidentId, UnitId};
use crate::domain::life_event::{EventDates, EventKind};
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::award::{self, NewStop, stop_in};
use crate::services::household::NewHead;
use crate::services::household::home::{Counts, Home, Joining};
use crate::services::record::{Act, Changes, check_required, is_direct};
use crate::services::resident;
use crate::store::award::{self as awards, AwardRow};
use crate::store::decision::{self, DecisionRow};
use crate::store::household::HouseholdRow;
use crate::store::membership::MembershipRow;
use crate::store::resident::ResidentRow;
use crate::store::{Store, Tx, area, membership};
use copy::Copies;

/// One of the people who move.
#[derive(Debug, Clone, Copy)]
pub struct Mover {
    /// Who.
    pub resident: ResidentId,
    /// Relation to the head of the new household.
    pub relation: Relation,
}

/// A move to another street as entered.
#[derive(Debug, Clone)]
pub struct TransferInput {
    /// Who moves together, with exactly one head.
    pub movers: Vec<Mover>,
    /// 9-digit code of the other street.
    pub to_street: String,
    /// Community or grid there.
    pub to_area: String,
    /// Address there.
    pub address: String,
    /// 户号 there, one for each kind of household the movers are in.
    pub household_no: String,
    /// New heads of the households that stay behind.
    pub heads: Vec<NewHead>,
    /// Moved, registered, decided.
    pub dates: EventDates,
}

/// What a move to another street made: old ids and the ones there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Records of people.
    pub residents: Vec<(ResidentId, ResidentId)>,
    /// Households there, by kind.
    pub households: Vec<(HouseholdKind, HouseholdId)>,
    /// Awards that stopped here and started there.
    pub awards: Vec<(AwardId, AwardId)>,
}

/// Somebody who moves: the old record, the new one, the open memberships.
struct Moving {
    old: ResidentRow,
    new: ResidentRow,
    relation: Relation,
    homes: Vec<MembershipRow>,
}

/// Moves people to another street of the registry.
///
/// # Errors
/// The same street; an area that does not lie there; no or two heads; a
/// household that stays without a head; a signed-in person and an assistance
/// household that moves in part.
pub fn transfer(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &TransferInput,
) -> AppResult<Transferred> {
    let mut refusals = Vec::new();
    if input.to_street == by.street() {
        refusals.push(Refusal::field(
            "to_street",
            "迁往本街道请办理“街道内迁移”。",
            "For a move within this street use \"move within the street\".",
        ));
    }
    check_required(&mut refusals, "address", &input.address);
    check_required(&mut refusals, "household_no", &input.household_no);
    AppError::refused_unless_empty(refusals)?;
    store.write_streets(&[by.street(), &input.to_street], |tx| {
        let (here, there) = (Scope::street(by.street()), Scope::street(&input.to_street));
        let counts = reported_counts(Change::MoveStreet, &input.dates)?;
        let (mut out, mut into) = (Changes::default(), Changes::default());
        let mut moving = load_movers(tx, by, input)?;
        // What was in force is asked before anything is closed.
        let stopping = awards_that_move(tx, &moving, counts)?;
        let people: Vec<ResidentRow> = moving.iter().map(|m| m.old.clone()).collect();
        let last_day = input.dates.event_on.pred_opt().unwrap_or(input.dates.event_on);
        let leaving = (last_day, LeaveReason::MoveOut, counts);
        leave_all(tx, &here, &people, leaving, &input.heads, &mut out)?;
        for one in &mut moving {
            set_status(tx, &one.old, ResidentStatus::Left, &mut out)?;
            one.new = copy::resident(tx, &one.old, &input.to_street, &input.to_area)?;
            into.created("resident", one.new.id.0);
        }
        let households = open_there(tx, input, &moving, counts, &mut into)?;
        for one in &mut moving {
            one.new = resident::load(tx, &there, one.new.id)?;
        }
        let copies = copy::registers(tx, &moving, &mut into)?;
        // Only after the copy: there the entry goes on.
        for one in &moving {
            register::end(tx, &one.old, &input.dates, counts, &mut out)?;
        }
        let mut made = Transferred {
            residents: moving.iter().map(|m| (m.old.id, m.new.id)).collect(),
            households,
            awards: Vec::new(),
        };
        for award in &stopping {
            let pair = (&mut out, &mut into);
            move_award(tx, award, &moving, &mut made, &copies, (input, counts), pair)?;
        }
        register(tx, by, input, &moving, counts, out, into)?;
        Ok(made)
    })
}

fn load_movers(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    input: &TransferInput,
) -> AppResult<Vec<Moving>> {
    let today = tx.clock().today();
    let tree = area::load_tree(tx.conn, today)?;
    let place = crate::services::area::check_place(
        &tree,
        &input.to_street,
        "to_area",
        &input.to_area,
        today,
    );
    let mut refusals: Vec<Refusal> = place.into_iter().collect();
    let mut moving: Vec<Moving> = Vec::new();
    for mover in &input.movers {
        let old = resident::load_active(tx, by.scope(), mover.resident)?;
        refusals.extend(date_refusals(tx, &input.dates, Some(old.birth_on)));
        let homes = membership::list_open_memberships_of(tx.conn, by.street(), old.id)?;
        moving.push(Moving { new: old.clone(), old, relation: mover.relation, homes });
    }
    if moving.is_empty() {
        refusals.push(Refusal::field("movers", "请选择人员。", "Choose at least one person."));
    }
    if !is_direct(by.role()) && leaves_somebody_counted(tx, by.street(), &moving)? {
        refusals.push(Refusal::field(
            "movers",
            "救助家庭只有部分成员迁出:保障人口变更须由第二人确认,请先办理分户。",
            "Only some of an assistance household move: whom it counts is for two people to \
             say. Split the household first.",
        ));
    }
    AppError::refused_unless_empty(refusals)?;
    Ok(moving)
}

/// Whether an assistance household of the movers keeps members here. One that
/// moves as a whole gets there what it got here.
fn leaves_somebody_counted(tx: &mut Tx<'_>, street: &str, moving: &[Moving]) -> AppResult<bool> {
    let homes = moving.iter().flat_map(|m| &m.homes);
    for home in homes.filter(|home| home.kind == HouseholdKind::Assist) {
        let members = membership::list_open_members(tx.conn, street, home.household_id)?;
        if members.iter().any(|m| moving.iter().all(|other| other.old.id != m.resident_id)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The new households: one per kind that a mover was in. The head of the
/// movers is the head of each.
fn open_there(
    tx: &mut Tx<'_>,
    input: &TransferInput,
    moving: &[Moving],
    counts: Counts,
    changes: &mut Changes,
) -> AppResult<Vec<(HouseholdKind, HouseholdId)>> {
    let mut opened = Vec::new();
    for &kind in HouseholdKind::ALL {
        let members: Vec<(&Moving, &MembershipRow)> = moving
            .iter()
            .filter_map(|m| m.homes.iter().find(|h| h.kind == kind).map(|h| (m, h)))
            .collect();
        let Some(unit) = members.iter().map(|(m, _)| m.new.unit_id).min() else { continue };
        let mut home = Home::new(new_household(tx, input, kind, unit));
        for (one, was) in members {
            let joining = Joining {
                resident: &one.new,
                relation: one.relation,
                counted: was.counted,
                from_on: input.dates.event_on,
                reason: JoinReason::MoveIn,
                counts,
            };
            home.join(tx.next_id(), &joining);
        }
        opened.push((kind, home.save(tx, changes)?));
    }
    Ok(opened)
}

fn new_household(
    tx: &Tx<'_>,
    input: &TransferInput,
    kind: HouseholdKind,
    unit_id: UnitId,
) -> HouseholdRow {
    let now = tx.clock().now();
    HouseholdRow {
        id: HouseholdId(tx.next_id()),
        street_code: input.to_street.clone(),
        kind,
        household_no: input.household_no.trim().to_owned(),
        area_code: input.to_area.clone(),
        address: input.address.trim().to_owned(),
        head_id: None,
        unit_id,
        opened_on: input.dates.event_on,
        closed_on: None,
        close_reason: None,
        import_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Awards that go along: a mover's own, and a household's if everybody whom it
/// counts moves.
fn awards_that_move(
    tx: &mut Tx<'_>,
    moving: &[Moving],
    counts: Counts,
) -> AppResult<Vec<AwardRow>> {
    let moves = |id: ResidentId| moving.iter().any(|m| m.old.id == id);
    let mut found: Vec<AwardRow> = Vec::new();
    for one in moving {
        for row in award::list_in_force(tx, &one.old, counts.month)? {
            let goes = match (row.beneficiary_kind, row.household_id) {
                (BeneficiaryKind::Household, Some(household)) => {
                    let members =
                        membership::list_open_members(tx.conn, &row.street_code, household)?;
                    members.iter().filter(|m| m.counted).all(|m| moves(m.resident_id))
                }
                _ => moves(row.resident_id),
            };
            if goes && found.iter().all(|known| known.id != row.id) {
                found.push(row);
            }
        }
    }
    Ok(found)
}

fn move_award(
    tx: &mut Tx<'_>,
    old: &AwardRow,
    moving: &[Moving],
    made: &mut Transferred,
    copies: &Copies,
    (input, counts): (&TransferInput, Counts),
    (out, into): (&mut Changes, &mut Changes),
) -> AppResult<()> {
    let stop = NewStop {
        from_month: counts.month,
        decided_on: counts.known_on,
        reason: StopReason::MovedOut,
        doc_no: None,
    };
    let confirm = last_confirm(tx, old)?;
    stop_in(tx, old, &stop, out)?;
    let person = moving.iter().find(|m| m.old.id == old.resident_id).or(moving.first());
    let Some(person) = person else { return Ok(()) };
    let assist = made.households.iter().find(|(kind, _)| *kind == HouseholdKind::Assist);
    let household_id = old.household_id.and(assist.map(|(_, id)| *id));
    let beneficiary_id = match (old.beneficiary_kind, household_id) {
        (BeneficiaryKind::Household, Some(id)) => BeneficiaryId(id.0),
        (BeneficiaryKind::Case, _) => return Ok(()),
        _ => BeneficiaryId(person.new.id.0),
    };
    let new = AwardRow {
        id: AwardId(tx.next_id()),
        street_code: input.to_street.clone(),
        beneficiary_id,
        resident_id: person.new.id,
        household_id,
        unit_id: person.new.unit_id,
        account_id: old.account_id.and_then(|id| copies.account(id)),
        opened_on: counts.known_on,
        import_id: None,
        version: 1,
        ..old.clone()
    };
    awards::insert_awards(tx.conn, std::slice::from_ref(&new))?;
    into.created("award", new.id.0);
    let row = DecisionRow {
        id: tx.next_id(),
        street_code: input.to_street.clone(),
        award_id: new.id,
        unit_id: new.unit_id,
        kind: DecisionKind::Confirm,
        from_month: confirm.as_ref().map_or(counts.month, |c| c.from_month.max(counts.month)),
        to_month: confirm.as_ref().and_then(|c| c.to_month),
        decided_on: counts.known_on,
        applied_on: None,
        known_on: counts.known_on,
        amount_fen: confirm.and_then(|c| c.amount_fen),
        reason: None,
        doc_no: None,
        annuls: None,
        import_id: None,
    };
    decision::insert_decisions(tx.conn, std::slice::from_ref(&row))?;
    into.created("decision", row.id);
    into.mark(new.unit_id, counts.month, counts.known_on);
    made.awards.push((old.id, new.id));
    Ok(())
}

fn last_confirm(tx: &mut Tx<'_>, award: &AwardRow) -> AppResult<Option<DecisionRow>> {
    let rows = decision::list_decisions_of(tx.conn, &award.street_code, award.id)?;
    Ok(rows
        .into_iter()
        .filter(|d| d.kind == DecisionKind::Confirm)
        .max_by_key(|d| (d.known_on, d.id)))
}

/// The events and the audit entries of both streets.
fn register(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    input: &TransferInput,
    moving: &[Moving],
    counts: Counts,
    mut out: Changes,
    mut into: Changes,
) -> AppResult<()> {
    let (mut left, mut arrived) = (0, 0);
    for one in moving {
        let places = |kind, person: &ResidentRow| NewEvent {
            from_area: Some(&one.old.area_code),
            to_area: Some(&input.to_area),
            ..NewEvent::of(kind, person)
        };
        let gone = places(EventKind::MoveOut, &one.old);
        left = insert_event(tx, by.street(), &input.dates, &gone, &mut out)?;
        let come = places(EventKind::MoveIn, &one.new);
        arrived = insert_event(tx, &input.to_street, &input.dates, &come, &mut into)?;
        out.mark(one.old.unit_id, counts.month, counts.known_on);
        into.mark(one.new.unit_id, counts.month, counts.known_on);
    }
    let act = |street, action, object_id| Act {
        street,
        actor: by.username(),
        action,
        object_kind: "life_event",
        object_id,
        reason: None,
    };
    out.write(tx, &act(by.street(), "event.transfer_out", left))?;
    into.write(tx, &act(input.to_street.as_str(), "event.transfer_in", arrived))
}
