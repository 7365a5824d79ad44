//! Holds 暂缓: due is unchanged, nothing is posted until a person releases it.

use chrono::NaiveDate;

use super::{act, future, list_in_force, load};
use crate::domain::award::BeneficiaryKind;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::AwardId;
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditAward};
use crate::services::record::{Changes, check_required, check_second, is_direct, one_row};
use crate::store::award::AwardRow;
use crate::store::hold::{self, HoldRow};
use crate::store::resident::ResidentRow;
use crate::store::{Store, Tx, membership};

/// Source of a hold that a person placed.
const BY_PERSON: &str = "person";

/// Names an event as the source of a hold. The id is split, so that no run of
/// digits in the database is as long as an ID number.
fn source_of(event: i64) -> String {
    format!("event:{}-{}", event / 1_000_000_000, event % 1_000_000_000)
}

/// Places a hold by hand, from `from_month` on. Returns its id.
///
/// # Errors
/// No reason; the award is held already.
pub fn place_hold(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    award: AwardId,
    from_month: Month,
    placed_on: NaiveDate,
    reason: &str,
) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        let award = load(tx, by.scope(), award)?;
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        if placed_on > tx.clock().today() {
            refusals.push(future("placed_on"));
        }
        let holds = hold::list_holds_of(tx.conn, by.street(), award.id)?;
        if holds.iter().any(|h| h.released_on.is_none() && h.source == BY_PERSON) {
            refusals.push(Refusal::new(
                ErrorCode::Duplicate,
                "该待遇已暂缓。",
                "This award is held already.",
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        let row = HoldRow {
            source: BY_PERSON.to_owned(),
            ..blank(tx, &award, by.username(), from_month, placed_on, reason)
        };
        hold::insert_holds(tx.conn, std::slice::from_ref(&row))?;
        changes.created("hold", row.id);
        tx.made(row.id);
        changes.mark(award.unit_id, from_month, placed_on);
        changes.write(tx, &act(by, "award.hold", award.id, Some(reason)))?;
        Ok(row.id)
    })
}

fn blank(
    tx: &Tx<'_>,
    award: &AwardRow,
    by: &str,
    from_month: Month,
    placed_on: NaiveDate,
    reason: &str,
) -> HoldRow {
    HoldRow {
        id: tx.next_id(),
        street_code: award.street_code.clone(),
        award_id: award.id,
        unit_id: award.unit_id,
        from_month,
        placed_on,
        source: String::new(),
        reason: reason.to_owned(),
        placed_by: by.to_owned(),
        released_on: None,
        released_by: None,
        release_reason: None,
    }
}

/// Releases a hold: the next run pays what was held as arrears.
///
/// # Errors
/// No reason; not found; released already; before it was placed; the caller
/// reported the death or departure for which it was placed.
pub fn release_hold(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    id: i64,
    released_on: NaiveDate,
    reason: &str,
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let not_found = || AppError::not_found("暂缓", "hold");
        let row = hold::find_hold(tx.conn, by.street(), id)?.ok_or_else(not_found)?;
        let award = load(tx, by.scope(), row.award_id).map_err(|_| not_found())?;
        if row.source != BY_PERSON && !is_direct(by.role()) {
            check_second(by.role(), by.username(), Some(&row.placed_by))?;
        }
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        if released_on > tx.clock().today() {
            refusals.push(future("released_on"));
        }
        if released_on < row.placed_on {
            refusals.push(Refusal::field(
                "released_on",
                format!("解除日期不能早于暂缓日期({})。", row.placed_on),
                format!("The release must not lie before the hold ({}).", row.placed_on),
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        release(tx, &row, released_on, by.username(), reason, &mut changes)?;
        changes.write(tx, &act(by, "award.release", award.id, Some(reason)))
    })
}

fn release(
    tx: &mut Tx<'_>,
    row: &HoldRow,
    released_on: NaiveDate,
    by: &str,
    reason: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    one_row(hold::mark_hold_released(tx.conn, &row.street_code, row.id, released_on, by, reason)?)?;
    changes.field(("hold", row.id), "released_on", None, Some(released_on.to_string()));
    changes.mark(row.unit_id, row.from_month, released_on);
    Ok(())
}

/// An unconfirmed report about a person holds their own awards, and a
/// household's award where they are the only one it counts.
pub(crate) fn hold_for_event(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    event: i64,
    (from_month, placed_on): (Month, NaiveDate),
    (by, reason): (&str, &str),
    changes: &mut Changes,
) -> AppResult<Vec<AwardId>> {
    let mut held = Vec::new();
    for award in list_in_force(tx, person, from_month)? {
        if !concerns_only(tx, &award, person)? {
            continue;
        }
        let row = HoldRow {
            source: source_of(event),
            ..blank(tx, &award, by, from_month, placed_on, reason)
        };
        hold::insert_holds(tx.conn, std::slice::from_ref(&row))?;
        changes.created("hold", row.id);
        tx.made(row.id);
        changes.mark(award.unit_id, from_month, placed_on);
        held.push(award.id);
    }
    Ok(held)
}

fn concerns_only(tx: &mut Tx<'_>, award: &AwardRow, person: &ResidentRow) -> AppResult<bool> {
    match (award.beneficiary_kind, award.household_id) {
        (BeneficiaryKind::Household, Some(household)) => {
            let members = membership::list_open_members(tx.conn, &award.street_code, household)?;
            let mut counted = members
                .iter()
                .filter(|m| m.kind == HouseholdKind::Assist && m.counted)
                .map(|m| m.resident_id);
            Ok(counted.next() == Some(person.id) && counted.next().is_none())
        }
        _ => Ok(award.resident_id == person.id),
    }
}

/// The report turned out right or wrong: its holds end.
pub(crate) fn release_for_event(
    tx: &mut Tx<'_>,
    person: &ResidentRow,
    event: i64,
    released_on: NaiveDate,
    (by, reason): (&str, &str),
    changes: &mut Changes,
) -> AppResult<()> {
    let street = person.street_code.clone();
    let source = source_of(event);
    for row in hold::list_open_holds_from(tx.conn, &street, person.unit_id, &source)? {
        release(tx, &row, released_on, by, reason, changes)?;
    }
    Ok(())
}
