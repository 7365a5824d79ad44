//! Births and arrivals.

use super::{
    EventDone, NewEvent, act, date_refusals, insert_event, member_counts, reassess, whole,
};
use crate::domain::code_table::{Relation, ResidenceStatus};
use crate::domain::household::{HouseholdKind, JoinReason};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::{EventDates, EventKind};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::change::{Proposal, propose_in};
use crate::services::household::home::{Home, Joining};
use crate::services::household::{MemberDates, MemberInput};
use crate::services::record::{Changes, check_optional, check_required, is_direct, one_row};
use crate::services::resident::{self, ResidentInput};
use crate::store::resident::{self as residents, ResidentRow};
use crate::store::{Store, Tx, area};

/// A household that a new person joins.
#[derive(Debug, Clone, Copy)]
pub struct Join {
    /// Which one.
    pub household: HouseholdId,
    /// To its head.
    pub relation: Relation,
    /// Whether the assistance counts them.
    pub counted: bool,
}

/// A birth as entered.
#[derive(Debug, Clone)]
pub struct BirthInput {
    /// The child; without a date of birth it is the day of the event.
    pub child: ResidentInput,
    /// The households it is born into.
    pub joins: Vec<Join>,
    /// Born, applied for, decided.
    pub dates: EventDates,
    /// The month that the decision names, if any.
    pub named_month: Option<Month>,
}

/// Registers a birth. An assistance household counts the child from the month
/// after the decision (W06).
///
/// # Errors
/// All wrong fields at once.
pub fn birth(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &BirthInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let mut refusals = date_refusals(tx, &input.dates, None);
        let mut child = input.child.clone();
        child.birth_on = child.birth_on.or(Some(input.dates.event_on));
        if child.birth_on != Some(input.dates.event_on) {
            refusals.push(Refusal::field(
                "event_on",
                "发生日期应等于出生日期。",
                "The day of the event must be the date of birth.",
            ));
        }
        let row = match resident::insert_new(tx, by.scope(), &child, &mut changes) {
            Ok(row) if refusals.is_empty() => row,
            Ok(_) => return Err(AppError::Refused(refusals)),
            Err(AppError::Refused(found)) => {
                refusals.extend(found);
                return Err(AppError::Refused(refusals));
            }
            Err(other) => return Err(other),
        };
        let joining = (JoinReason::Birth, input.dates, input.named_month);
        let (row, pending) = join_all(tx, by, row, &input.joins, joining, &mut changes)?;
        let new = NewEvent::of(EventKind::Birth, &row);
        let event = insert_event(tx, by.street(), &input.dates, &new, &mut changes)?;
        let reassess = reassess(tx, &row, Month::of(input.dates.event_on))?;
        changes.write(tx, &act(by, "event.birth", event, None))?;
        Ok(EventDone { resident: Some(row.id), reassess, pending, ..EventDone::of(event) })
    })
}

/// Joins the households and returns the person with the unit they now have.
/// That an assistance household counts them waits for a second person.
fn join_all(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    mut person: ResidentRow,
    joins: &[Join],
    (reason, dates, named): (JoinReason, EventDates, Option<Month>),
    changes: &mut Changes,
) -> AppResult<(ResidentRow, Vec<i64>)> {
    let scope = whole(by.scope());
    let mut pending = Vec::new();
    for join in joins {
        let mut home = Home::load(tx, &scope, join.household)?;
        let counts = member_counts(home.row().kind, &dates, named)?;
        let joining = Joining {
            resident: &person,
            relation: join.relation,
            counted: join.counted,
            from_on: dates.event_on,
            reason,
            counts,
        };
        home.join(tx.next_id(), &joining);
        if home.row().kind == HouseholdKind::Assist && !is_direct(by.role()) {
            home.check(tx)?;
            let proposal = Proposal::MemberAdd {
                household: join.household,
                member: MemberInput {
                    resident: person.id,
                    relation: join.relation,
                    counted: join.counted,
                },
                from_on: dates.event_on,
                reason,
                dates: MemberDates {
                    decided_on: dates.decided_on.unwrap_or(dates.reported_on),
                    named_month: named,
                },
            };
            pending.push(propose_in(tx, by, &proposal, changes)?);
            continue;
        }
        home.save(tx, changes)?;
        // Joining an assistance household may have changed the unit.
        person = resident::load(tx, &scope, person.id)?;
    }
    Ok((person, pending))
}

/// Who arrives.
#[derive(Debug, Clone)]
pub enum Arrival {
    /// Somebody new to the registry.
    New(ResidentInput),
    /// Somebody whose record here is in state 迁出.
    Returning {
        /// The old record.
        resident: ResidentId,
        /// Community or grid now.
        area_code: String,
        /// R1–R7 now.
        residence_status: ResidenceStatus,
    },
}

/// An arrival as entered.
#[derive(Debug, Clone)]
pub struct MoveInInput {
    /// Who.
    pub person: Arrival,
    /// From where.
    pub origin: String,
    /// The households they join; none if one is opened for them afterwards.
    pub joins: Vec<Join>,
    /// Arrived, registered, decided.
    pub dates: EventDates,
    /// The month that the decision names, if any.
    pub named_month: Option<Month>,
    /// Free text.
    pub note: Option<String>,
}

/// Registers an arrival from outside the registry.
///
/// # Errors
/// All wrong fields at once; a returning person whose record is not 迁出.
pub fn move_in(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &MoveInInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let mut refusals = date_refusals(tx, &input.dates, None);
        check_required(&mut refusals, "origin", &input.origin);
        check_optional(&mut refusals, "note", input.note.as_deref());
        AppError::refused_unless_empty(refusals)?;
        let row = match &input.person {
            Arrival::New(new) => resident::insert_new(tx, by.scope(), new, &mut changes)?,
            Arrival::Returning { resident, area_code, residence_status } => {
                let now = (area_code.as_str(), *residence_status);
                returning(tx, by, *resident, now, &mut changes)?
            }
        };
        AppError::refused_unless_empty(date_refusals(tx, &input.dates, Some(row.birth_on)))?;
        let joining = (JoinReason::MoveIn, input.dates, input.named_month);
        let (row, pending) = join_all(tx, by, row, &input.joins, joining, &mut changes)?;
        let new = NewEvent {
            from_area: Some(&input.origin),
            to_area: Some(&row.area_code),
            note: input.note.as_deref(),
            ..NewEvent::of(EventKind::MoveIn, &row)
        };
        let event = insert_event(tx, by.street(), &input.dates, &new, &mut changes)?;
        changes.mark(
            row.unit_id,
            Month::of(input.dates.reported_on).next(),
            input.dates.reported_on,
        );
        let reassess = reassess(tx, &row, Month::of(input.dates.event_on))?;
        changes.write(tx, &act(by, "event.move_in", event, None))?;
        Ok(EventDone { resident: Some(row.id), reassess, pending, ..EventDone::of(event) })
    })
}

fn returning(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    id: ResidentId,
    (area_code, residence_status): (&str, ResidenceStatus),
    changes: &mut Changes,
) -> AppResult<ResidentRow> {
    let old = resident::load(tx, &whole(by.scope()), id)?;
    if old.status != ResidentStatus::Left {
        return Err(AppError::coded(
            ErrorCode::Conflict,
            format!("该居民的状态是“{}”,不是迁出人员。", old.status.zh()),
            format!("This resident is \"{}\" and has not moved away.", old.status.en()),
        ));
    }
    let today = tx.clock().today();
    let tree = area::load_tree(tx.conn, today)?;
    let place = crate::services::area::check_place(&tree, by.street(), "area", area_code, today);
    AppError::refused_unless_empty(place.into_iter().collect())?;
    if let Some(index) = &old.doc_no_index {
        let held = residents::find_claim(tx.conn, index)?;
        if held.is_some_and(|claim| claim.resident_id != id) {
            return Err(AppError::coded(
                ErrorCode::Duplicate,
                "该证件号现登记在另一街道,请由那个街道办理转出。",
                "This ID number is registered in another street now. Transfer it from there.",
            ));
        }
    }
    let new = ResidentRow {
        status: ResidentStatus::Active,
        area_code: area_code.to_owned(),
        residence_status,
        version: old.version + 1,
        updated_at: tx.clock().now(),
        ..old.clone()
    };
    one_row(residents::mark_resident(tx.conn, &new, old.version)?)?;
    let record = ("resident", id.0);
    let mut field = |name, before: &str, after: &str| {
        changes.field(record, name, Some(before.to_owned()), Some(after.to_owned()));
    };
    field("status", old.status.code(), new.status.code());
    field("area_code", &old.area_code, &new.area_code);
    field("residence_status", old.residence_status.code(), new.residence_status.code());
    Ok(new)
}
