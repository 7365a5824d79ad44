//! What must not be confirmed: an award before birth, for a dead person or one
//! who left, over another confirmation, or of a person who is counted in
//! another household of the same program (W22).

use crate::domain::award::{BeneficiaryKind, first_covered};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::{Confidence, EventKind};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::error::{AppResult, ErrorCode, Refusal};
use crate::store::award::{self, AwardRow};
use crate::store::membership::{self, MembershipRow};
use crate::store::resident::ResidentRow;
use crate::store::{Tx, life_event};

/// The months of a confirmation; the end is exclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    /// First month.
    pub from: Month,
    /// First month that is not covered.
    pub to: Option<Month>,
}

/// Faults of a confirmation for one person.
pub(super) fn person_faults(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    period: Period,
) -> AppResult<Vec<Refusal>> {
    let mut refusals = Vec::new();
    if period.from < Month::of(person.birth_on) {
        refusals.push(Refusal::field(
            "from_month",
            format!("待遇起始月不能早于出生月({})。", Month::of(person.birth_on)),
            format!(
                "The award must not begin before the month of birth ({}).",
                Month::of(person.birth_on)
            ),
        ));
    }
    let events = life_event::list_life_events_of(tx.conn, &person.street_code, person.id)?;
    let death = events.iter().find(|e| {
        e.kind == EventKind::Death
            && e.annulled_on.is_none()
            && e.confidence < Confidence::Matched.number()
    });
    if let Some(death) = death
        && period.from > Month::of(death.event_on)
    {
        refusals.push(Refusal::field(
            "resident",
            format!("该居民已于 {} 死亡,不能再确认待遇。", death.event_on),
            format!(
                "This resident died on {}; nothing can be confirmed after that.",
                death.event_on
            ),
        ));
    }
    if matches!(person.status, ResidentStatus::Left | ResidentStatus::Merged) {
        refusals.push(Refusal::field(
            "resident",
            format!("该居民的状态是“{}”,不能确认待遇。", person.status.zh()),
            format!("This resident is \"{}\"; nothing can be confirmed.", person.status.en()),
        ));
    }
    Ok(refusals)
}

/// M-14: the award is in force already in a month of the period.
pub(super) fn overlap_fault(
    tx: &mut Tx<'_>,
    row: &AwardRow,
    period: Period,
) -> AppResult<Option<Refusal>> {
    let spans = super::spans(tx, row)?;
    Ok(first_covered(&spans, period.from, period.to).map(|month| {
        Refusal::new(
            ErrorCode::Duplicate,
            format!("该对象从 {month} 起已享受同一待遇,时间不能重叠。"),
            format!("This benefit is already being received in {month}. Periods cannot overlap."),
        )
    }))
}

/// W22: a member whom another award of the program counts in the same months.
pub(super) fn double_fault(
    tx: &mut Tx<'_>,
    program: &str,
    own: (Option<HouseholdId>, &[ResidentId]),
    street: &str,
    period: Period,
) -> AppResult<Vec<Refusal>> {
    let (household, persons) = own;
    let mut refusals = Vec::new();
    for &person in persons {
        let homes = assist_memberships(tx, street, person)?;
        let mine: Vec<Period> = homes
            .iter()
            .filter(|m| Some(m.household_id) == household)
            .map(|m| Period { from: m.from_month, to: m.to_month })
            .collect();
        for other in homes.iter().filter(|m| Some(m.household_id) != household && m.counted) {
            let shared = shared_months(period, &mine, other);
            let id = crate::domain::ids::BeneficiaryId(other.household_id.0);
            let Some(award) = award::find_award_of(tx.conn, street, program, id)? else {
                continue;
            };
            let spans = super::spans(tx, &award)?;
            for months in shared {
                if let Some(month) = first_covered(&spans, months.from, months.to) {
                    refusals.push(double(month));
                    break;
                }
            }
        }
        let single = crate::domain::ids::BeneficiaryId(person.0);
        if let Some(award) = award::find_award_of(tx.conn, street, program, single)?
            && award.beneficiary_kind == BeneficiaryKind::Person
            && household.is_some()
        {
            let spans = super::spans(tx, &award)?;
            refusals.extend(first_covered(&spans, period.from, period.to).map(double));
        }
    }
    Ok(refusals)
}

/// Memberships of assistance households, past ones too.
fn assist_memberships(
    tx: &mut Tx<'_>,
    street: &str,
    person: ResidentId,
) -> AppResult<Vec<MembershipRow>> {
    let mut rows = membership::list_memberships_of(tx.conn, street, person)?;
    rows.retain(|m| m.kind == HouseholdKind::Assist);
    Ok(rows)
}

/// The months of the confirmation in which both households count the person.
/// Somebody who is in no household of the award (single) is counted throughout.
fn shared_months(period: Period, mine: &[Period], other: &MembershipRow) -> Vec<Period> {
    let theirs = Period { from: other.from_month, to: other.to_month };
    let own = if mine.is_empty() { &[period][..] } else { mine };
    own.iter()
        .map(|own| {
            let from = period.from.max(own.from).max(theirs.from);
            let to = [period.to, own.to, theirs.to].into_iter().flatten().min();
            Period { from, to }
        })
        .filter(|months| months.to.is_none_or(|to| months.from < to))
        .collect()
}

fn double(month: Month) -> Refusal {
    Refusal::new(
        ErrorCode::Duplicate,
        format!("重复保障:该成员在 {month} 已由另一户保障。请先在那一户办理减员或停发。"),
        format!(
            "Counted twice: in {month} this person is already covered by another household. \
             Remove them there or stop that award first."
        ),
    )
}
