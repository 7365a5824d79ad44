//! A death that was reported first and is decided later (`rulings.md` M3, M4).

use chrono::NaiveDate;

use super::death::{RefuteInput, annul, check_other, end_life, refute_in};
use super::{EventDone, NewEvent, act, insert_event, reassess};
use crate::domain::code_table::Relation;
use crate::domain::ids::HouseholdId;
use crate::domain::life_event::{Confidence, EventDates, EventKind};
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::award::release_for_event;
use crate::services::household::NewHead;
use crate::services::record::{Changes, one_row};
use crate::services::resident;
use crate::store::life_event::{self, LifeEventRow};
use crate::store::resident::ResidentRow;
use crate::store::{Store, Tx};

/// What the office found.
#[derive(Debug, Clone)]
pub enum DeathOutcome {
    /// The person is dead. New heads of the households whose head died.
    Confirmed {
        /// Needed only where the report has not closed the memberships yet.
        heads: Vec<NewHead>,
    },
    /// The person is alive.
    Rejected {
        /// Why the report was wrong.
        reason: String,
        /// Relations to the present head, for households that got a new one.
        relations: Vec<(HouseholdId, Relation)>,
    },
}

/// A decision on a reported death as entered.
#[derive(Debug, Clone)]
pub struct DecideDeathInput {
    /// The event.
    pub event: i64,
    /// The day of the decision.
    pub on: NaiveDate,
    /// What was found.
    pub outcome: DeathOutcome,
}

/// Decides a reported death. Confirmed: a lead that only held money becomes a
/// death known from the decision on (dues end with the month of death, what
/// was held is not paid); a death that counted already gets its decision, from
/// which a household's higher amount follows (M4). Rejected: holds end,
/// memberships and the record are restored, the missed months are paid.
///
/// # Errors
/// Not a death, annulled or decided already; the caller reported it; below
/// supervisor level; the date lies before the report.
pub fn decide_death(
    store: &Store,
    by: &Authorized<'_, RegisterEvent>,
    input: &DecideDeathInput,
) -> AppResult<EventDone> {
    store.write(by.street(), |tx| {
        let (event, person) = load_undecided(tx, by, input)?;
        let mut changes = Changes::default();
        let matched = event.confidence == Confidence::Matched.number();
        let reason = match &input.outcome {
            DeathOutcome::Rejected { reason, .. } => Some(reason.as_str()),
            DeathOutcome::Confirmed { .. } => None,
        };
        let mut made = event.id;
        match &input.outcome {
            DeathOutcome::Rejected { reason, relations } => {
                let wrong = RefuteInput {
                    event: event.id,
                    on: input.on,
                    reason: reason.clone(),
                    relations: relations.clone(),
                };
                let by = (by.scope(), by.username());
                refute_in(tx, by, &wrong, &event, &person, &mut changes)?;
            }
            DeathOutcome::Confirmed { heads } if matched => {
                made = confirm_lead(tx, by, (&event, &person), input.on, heads, &mut changes)?;
            }
            DeathOutcome::Confirmed { .. } => {
                let decided = Some(input.on.to_string());
                one_row(life_event::mark_event_decided(tx.conn, by.street(), event.id, input.on)?)?;
                changes.field(("life_event", event.id), "decided_on", None, decided);
                changes.mark(person.unit_id, Month::of(event.event_on).next(), input.on);
            }
        }
        let found = reassess(tx, &person, Month::of(event.event_on).next())?;
        changes.write(tx, &act(by, "event.decide_death", event.id, reason))?;
        Ok(EventDone { resident: Some(person.id), reassess: found, ..EventDone::of(made) })
    })
}

/// A death that waits for its decision, and the person.
fn load_undecided(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    input: &DecideDeathInput,
) -> AppResult<(LifeEventRow, ResidentRow)> {
    let not_found = || AppError::not_found("死亡报告", "report of a death");
    let event = life_event::find_life_event(tx.conn, by.street(), input.event)?
        .filter(|e| e.kind == EventKind::Death)
        .ok_or_else(not_found)?;
    let id = event.resident_id.ok_or_else(not_found)?;
    let person = resident::load(tx, by.scope(), id).map_err(|_| not_found())?;
    let matched = event.confidence == Confidence::Matched.number();
    if event.annulled_on.is_some() || (event.decided_on.is_some() && !matched) {
        return Err(AppError::coded(
            ErrorCode::Conflict,
            "该死亡报告已经决定或撤销。",
            "This report of a death is decided or annulled already.",
        ));
    }
    check_other(tx, by, event.id)?;
    if input.on < event.reported_on || input.on > tx.clock().today() {
        return Err(AppError::refuse(Refusal::field(
            "on",
            format!("决定日期应在申报日期({})与今天之间。", event.reported_on),
            format!("The date must lie between the report ({}) and today.", event.reported_on),
        )));
    }
    Ok((event, person))
}

/// The lead is answered by a death of its own, known from the decision on: the
/// months before were computed from what the office knew then.
fn confirm_lead(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, RegisterEvent>,
    (lead, person): (&LifeEventRow, &ResidentRow),
    on: NaiveDate,
    heads: &[NewHead],
    changes: &mut Changes,
) -> AppResult<i64> {
    let dates = EventDates { event_on: lead.event_on, reported_on: on, decided_on: Some(on) };
    let new = NewEvent { note: lead.note.as_deref(), ..NewEvent::of(EventKind::Death, person) };
    let event = insert_event(tx, by.street(), &dates, &new, changes)?;
    annul(tx, lead, on, changes)?;
    let why = (by.username(), "死亡已确认 / death confirmed");
    release_for_event(tx, person, lead.id, on, why, changes)?;
    end_life(tx, (by.scope(), by.username()), person, &dates, event, heads, changes)?;
    Ok(event)
}
