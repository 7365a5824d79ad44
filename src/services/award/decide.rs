//! Stop, annul a stop, grace period.

use chrono::NaiveDate;

use super::confirm::not_in_force;
use super::{act, future, load, spans};
use crate::domain::award::{DecisionKind, StopReason, in_force};
use crate::domain::ids::AwardId;
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditAward};
use crate::services::record::{Changes, check_optional, check_required};
use crate::store::award::AwardRow;
use crate::store::decision::{self, DecisionRow};
use crate::store::{Store, Tx};

/// A stop as entered.
#[derive(Debug, Clone)]
pub struct StopInput {
    /// Which award.
    pub award: AwardId,
    /// First month without it; by default the month after the decision. An
    /// earlier month opens a claim in the next run.
    pub from_month: Option<Month>,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// Why.
    pub reason: StopReason,
    /// Document.
    pub doc_no: Option<String>,
}

/// A stop inside a transaction.
pub(crate) struct NewStop {
    /// First month without the award.
    pub from_month: Month,
    /// Business date.
    pub decided_on: NaiveDate,
    /// Why.
    pub reason: StopReason,
    /// Document.
    pub doc_no: Option<String>,
}

/// Stops an award. Returns the decision's id.
///
/// # Errors
/// The award is not in force in that month.
pub fn stop(store: &Store, by: &Authorized<'_, EditAward>, input: &StopInput) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        let award = load(tx, by.scope(), input.award)?;
        let from_month = input.from_month.unwrap_or_else(|| Month::of(input.decided_on).next());
        let mut refusals = Vec::new();
        if input.decided_on > tx.clock().today() {
            refusals.push(future("decided_on"));
        }
        check_optional(&mut refusals, "doc_no", input.doc_no.as_deref());
        AppError::refused_unless_empty(refusals)?;
        if !in_force(&spans(tx, &award)?, from_month, NaiveDate::MAX) {
            return Err(not_in_force(from_month));
        }
        let mut changes = Changes::default();
        let new = NewStop {
            from_month,
            decided_on: input.decided_on,
            reason: input.reason,
            doc_no: input.doc_no.clone(),
        };
        let id = stop_in(tx, &award, &new, &mut changes)?;
        changes.write(tx, &act(by, "award.stop", award.id, Some(input.reason.code())))?;
        Ok(id)
    })
}

/// Stops an award inside a transaction.
pub(crate) fn stop_in(
    tx: &mut Tx<'_>,
    award: &AwardRow,
    new: &NewStop,
    changes: &mut Changes,
) -> AppResult<i64> {
    let row = DecisionRow {
        from_month: new.from_month,
        reason: Some(new.reason.code().to_owned()),
        doc_no: new.doc_no.clone(),
        ..blank(tx, award, DecisionKind::Stop, new.decided_on)
    };
    insert(tx, &row, changes)
}

/// A decision without its particulars.
fn blank(tx: &Tx<'_>, award: &AwardRow, kind: DecisionKind, decided_on: NaiveDate) -> DecisionRow {
    DecisionRow {
        id: tx.next_id(),
        street_code: award.street_code.clone(),
        award_id: award.id,
        unit_id: award.unit_id,
        kind,
        from_month: Month::of(decided_on).next(),
        to_month: None,
        decided_on,
        applied_on: None,
        known_on: decided_on,
        amount_fen: None,
        reason: None,
        doc_no: None,
        annuls: None,
        import_id: None,
    }
}

fn insert(tx: &mut Tx<'_>, row: &DecisionRow, changes: &mut Changes) -> AppResult<i64> {
    decision::insert_decisions(tx.conn, std::slice::from_ref(row))?;
    changes.created("decision", row.id);
    changes.mark(row.unit_id, row.from_month, row.known_on);
    Ok(row.id)
}

/// Annuls a stop (错停): due is restored for the months it covered, and the
/// next run pays them as arrears.
///
/// # Errors
/// Not a stop, or annulled already.
pub fn annul_stop(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    stop: i64,
    decided_on: NaiveDate,
    reason: &str,
    doc_no: Option<&str>,
) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        let not_found = || AppError::not_found("停发决定", "stop");
        let wrong = decision::find_decision(tx.conn, by.street(), stop)?
            .filter(|d| d.kind == DecisionKind::Stop)
            .ok_or_else(not_found)?;
        let award = load(tx, by.scope(), wrong.award_id).map_err(|_| not_found())?;
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        check_optional(&mut refusals, "doc_no", doc_no);
        if decided_on > tx.clock().today() {
            refusals.push(future("decided_on"));
        }
        if decided_on < wrong.decided_on {
            refusals.push(Refusal::field(
                "decided_on",
                format!("撤销不能早于停发决定({})。", wrong.decided_on),
                format!("The annulment must not lie before the stop ({}).", wrong.decided_on),
            ));
        }
        if spans(tx, &award)?.iter().any(|d| d.annuls == Some(stop)) {
            refusals.push(Refusal::new(
                ErrorCode::Conflict,
                "该停发决定已经撤销。",
                "This stop is annulled already.",
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        let row = DecisionRow {
            from_month: wrong.from_month,
            annuls: Some(stop),
            doc_no: doc_no.map(str::to_owned),
            ..blank(tx, &award, DecisionKind::AnnulStop, decided_on)
        };
        let id = insert(tx, &row, &mut changes)?;
        tx.made(id);
        changes.write(tx, &act(by, "award.annul_stop", award.id, Some(reason)))?;
        Ok(id)
    })
}

/// Grants a grace period 渐退期: `months` months from the month after the
/// decision (or `from_month`). What they pay is the policy's.
///
/// # Errors
/// The award is not in force; no months.
pub fn grace(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    award: AwardId,
    decided_on: NaiveDate,
    from_month: Option<Month>,
    months: u32,
    doc_no: Option<&str>,
) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        let award = load(tx, by.scope(), award)?;
        let from_month = from_month.unwrap_or_else(|| Month::of(decided_on).next());
        let mut refusals = Vec::new();
        check_optional(&mut refusals, "doc_no", doc_no);
        if decided_on > tx.clock().today() {
            refusals.push(future("decided_on"));
        }
        let length = i32::try_from(months).unwrap_or(0);
        if !(1..=24).contains(&length) {
            refusals.push(Refusal::field(
                "months",
                "渐退期应为 1–24 个月。",
                "A grace period has 1 to 24 months.",
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        if !in_force(&spans(tx, &award)?, from_month, NaiveDate::MAX) {
            return Err(not_in_force(from_month));
        }
        let mut changes = Changes::default();
        let row = DecisionRow {
            from_month,
            to_month: Some(from_month.plus(length)),
            doc_no: doc_no.map(str::to_owned),
            ..blank(tx, &award, DecisionKind::Grace, decided_on)
        };
        let id = insert(tx, &row, &mut changes)?;
        tx.made(id);
        changes.write(tx, &act(by, "award.grace", award.id, doc_no))?;
        Ok(id)
    })
}
