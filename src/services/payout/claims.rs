//! 追回: opened by the lines of an approved run (or by a person), paid back by
//! deductions, repayments, or written off. The account of a claim only grows
//! by entries.

use std::collections::HashMap;

use crate::domain::ids::{AwardId, ClaimId};
use crate::domain::ledger::claimable;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{AttemptState, ClaimLineKind, ClaimStatus, LineKind};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{ApproveRun, Authorized, MakeRun};
use crate::services::record;
use crate::store::attempt::{self, AttemptRow};
use crate::store::audit::Entry;
use crate::store::claim::{self, ClaimEntryRow, ClaimRow};
use crate::store::line::{self, LineRow};
use crate::store::run::RunRow;
use crate::store::{Store, Tx, award};

use super::inputs::{self, LineInputs};
use super::reissue;

/// Opens one claim per award for the claim lines of a run. Money that came back
/// from the bank is only cancelled (`rulings.md` M1).
pub(super) fn open_for_run(tx: &mut Tx<'_>, row: &RunRow, actor: &str) -> AppResult<()> {
    let lines = line::list_lines_of_kind(tx.conn, &row.street_code, row.id, LineKind::Claim)?;
    if lines.is_empty() {
        return Ok(());
    }
    let unpaid = reissue::unpaid_of_program(tx.conn, &row.street_code, &row.program)?;
    let mut by_award: HashMap<i64, Vec<(LineRow, Fen)>> = HashMap::new();
    let mut cancelled = Vec::new();
    for line in lines {
        let mut owed = -line.amount_fen;
        for item in unpaid.iter().filter(|u| u.award_id == line.award_id && u.month == line.month) {
            // A payment that came back is dropped only as a whole: what is left
            // of it will be sent again and can then be claimed.
            if owed >= item.amount {
                let (claimed, _) = claimable(-owed, item.amount);
                owed = claimed;
                cancelled.push(AttemptRow {
                    id: tx.next_id(),
                    attempt_no: item.attempt.attempt_no + 1,
                    run_id: row.id,
                    state: AttemptState::Cancelled,
                    ..item.attempt.clone()
                });
            }
        }
        if owed.is_positive() {
            by_award.entry(line.award_id.0).or_default().push((line, owed));
        }
    }
    attempt::insert_attempts(tx.conn, &cancelled)?;
    let mut awards: Vec<_> = by_award.into_iter().collect();
    awards.sort_by_key(|(award, _)| *award);
    for (_, lines) in awards {
        open_one(tx, row, actor, &lines)?;
    }
    Ok(())
}

fn open_one(tx: &mut Tx<'_>, row: &RunRow, actor: &str, lines: &[(LineRow, Fen)]) -> AppResult<()> {
    let Some((first, _)) = lines.first() else { return Ok(()) };
    let today = tx.clock().today();
    let id = ClaimId(tx.next_id());
    let new = ClaimRow {
        id,
        street_code: row.street_code.clone(),
        award_id: first.award_id,
        program: row.program.clone(),
        beneficiary_id: first.beneficiary_id,
        run_id: Some(row.id),
        amount_fen: lines.iter().map(|(_, owed)| *owed).sum(),
        reason: first.reason.clone().unwrap_or_else(|| "changed".to_owned()),
        status: ClaimStatus::Open,
        opened_on: today,
        cap_percent: None,
        plan_from: None,
        doc_no: None,
    };
    claim::insert_claims(tx.conn, &[new])?;
    let mut entries = Vec::with_capacity(lines.len());
    for (line, owed) in lines {
        entries.push(ClaimEntryRow {
            id: tx.next_id(),
            street_code: row.street_code.clone(),
            claim_id: id,
            kind: ClaimLineKind::Opened,
            amount_fen: *owed,
            entered_on: today,
            entered_by: actor.to_owned(),
            line_id: Some(line.id),
            note: Some(line.month.to_string()),
        });
    }
    claim::insert_claim_entries(tx.conn, &entries)?;
    Ok(())
}

/// Books the deductions of a run on their claims.
pub(super) fn book_deductions(tx: &mut Tx<'_>, row: &RunRow, actor: &str) -> AppResult<()> {
    for line in line::list_lines_of_kind(tx.conn, &row.street_code, row.id, LineKind::Deduction)? {
        let open =
            tx.cipher().open(inputs::FIELD, line.id.0, &line.inputs).map_err(record::sealed)?;
        let Ok(LineInputs::Recovery { parts, .. }) = inputs::decode(&open) else {
            return Err(stale_claim(row));
        };
        for part in parts {
            let id = ClaimId(part.claim);
            let balance = claim::balance(tx.conn, &row.street_code, id)?;
            if balance < part.part {
                return Err(stale_claim(row));
            }
            enter(tx, &row.street_code, id, ClaimLineKind::Deducted, -part.part, actor, |e| {
                e.line_id = Some(line.id);
            })?;
            settle_if_nil(tx, &row.street_code, id, balance - part.part)?;
        }
    }
    Ok(())
}

fn stale_claim(row: &RunRow) -> AppError {
    AppError::refuse(
        Refusal::new(
            ErrorCode::Conflict,
            "追回款在编制之后已退回或核销,请退回批次并重新编制。",
            "A claim was repaid or written off after the draft; return the run and draft it again.",
        )
        .at(super::steps::place(row)),
    )
}

/// Undoes what an approved run did to claims: its own are written off, its
/// deductions given back.
pub(super) fn reverse_run(tx: &mut Tx<'_>, row: &RunRow, actor: &str) -> AppResult<()> {
    let street = &row.street_code;
    for opened in claim::list_claims_of_run(tx.conn, street, row.id)? {
        let balance = claim::balance(tx.conn, street, opened.id)?;
        if balance != Fen::ZERO {
            enter(tx, street, opened.id, ClaimLineKind::WrittenOff, -balance, actor, |e| {
                e.note = Some("run voided".to_owned());
            })?;
        }
        claim::mark_claim_status(
            tx.conn,
            street,
            opened.id,
            opened.status,
            ClaimStatus::WrittenOff,
        )?;
    }
    for line in line::list_lines_of_kind(tx.conn, street, row.id, LineKind::Deduction)? {
        let open =
            tx.cipher().open(inputs::FIELD, line.id.0, &line.inputs).map_err(record::sealed)?;
        let Ok(LineInputs::Recovery { parts, .. }) = inputs::decode(&open) else { continue };
        for part in parts {
            let id = ClaimId(part.claim);
            enter(tx, street, id, ClaimLineKind::Deducted, part.part, actor, |e| {
                e.line_id = Some(line.id);
                e.note = Some("run voided".to_owned());
            })?;
            claim::mark_claim_status(tx.conn, street, id, ClaimStatus::Settled, ClaimStatus::Open)?;
        }
    }
    Ok(())
}

fn enter(
    tx: &mut Tx<'_>,
    street: &str,
    claim_id: ClaimId,
    kind: ClaimLineKind,
    amount_fen: Fen,
    actor: &str,
    more: impl FnOnce(&mut ClaimEntryRow),
) -> AppResult<()> {
    let mut entry = ClaimEntryRow {
        id: tx.next_id(),
        street_code: street.to_owned(),
        claim_id,
        kind,
        amount_fen,
        entered_on: tx.clock().today(),
        entered_by: actor.to_owned(),
        line_id: None,
        note: None,
    };
    more(&mut entry);
    claim::insert_claim_entries(tx.conn, &[entry])?;
    Ok(())
}

fn settle_if_nil(tx: &mut Tx<'_>, street: &str, id: ClaimId, balance: Fen) -> AppResult<()> {
    if balance == Fen::ZERO {
        claim::mark_claim_status(tx.conn, street, id, ClaimStatus::Open, ClaimStatus::Settled)?;
    }
    Ok(())
}

/// What a person opens a claim with: money paid before the ledger began, or
/// outside of it.
#[derive(Debug, Clone)]
pub struct NewClaim<'a> {
    /// From which award.
    pub award: AwardId,
    /// Positive.
    pub amount: Fen,
    /// Why.
    pub reason: &'a str,
    /// The decision.
    pub doc_no: &'a str,
}

/// Opens a claim by decision. Claims on months of the ledger are opened by runs.
///
/// # Errors
/// No such award, an amount that is not above zero, no reason or document.
pub fn open_claim(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    new: &NewClaim<'_>,
) -> AppResult<ClaimId> {
    let mut refusals = Vec::new();
    if !new.amount.is_positive() || new.amount > Fen::MAX_ENTRY {
        refusals.push(Refusal::field("amount", "金额须大于零。", "The amount must be above zero."));
    }
    record::check_required(&mut refusals, "reason", new.reason);
    record::check_required(&mut refusals, "doc_no", new.doc_no);
    AppError::refused_unless_empty(refusals)?;
    let street = by.street().to_owned();
    store.write(&street, |tx| {
        let award = award::find_award(tx.conn, &street, new.award)?
            .ok_or_else(|| AppError::not_found("待遇", "award"))?;
        let id = ClaimId(tx.next_id());
        let row = ClaimRow {
            id,
            street_code: street.clone(),
            award_id: award.id,
            program: award.program,
            beneficiary_id: award.beneficiary_id,
            run_id: None,
            amount_fen: new.amount,
            reason: new.reason.to_owned(),
            status: ClaimStatus::Open,
            opened_on: tx.clock().today(),
            cap_percent: None,
            plan_from: None,
            doc_no: Some(new.doc_no.to_owned()),
        };
        claim::insert_claims(tx.conn, &[row])?;
        enter(tx, &street, id, ClaimLineKind::Opened, new.amount, by.username(), |_| {})?;
        audit(tx, by.username(), "claim.open", id, Some(new.reason))?;
        Ok(id)
    })
}

/// Plans the recovery of a claim by deductions from `from` on: at most
/// `cap_percent` of each month's regular payment, whole yuan.
///
/// # Errors
/// Not open, a cap that is not between 1 and 100, no document.
pub fn plan_claim(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    id: ClaimId,
    cap_percent: u32,
    from: Month,
    doc_no: &str,
) -> AppResult<()> {
    let mut refusals = Vec::new();
    if !(1..=100).contains(&cap_percent) {
        refusals.push(Refusal::field(
            "cap_percent",
            "每月扣发比例应在 1 到 100 之间。",
            "The cap must be between 1 and 100 percent.",
        ));
    }
    record::check_required(&mut refusals, "doc_no", doc_no);
    AppError::refused_unless_empty(refusals)?;
    let street = by.street().to_owned();
    store.write(&street, |tx| {
        let cap = i32::try_from(cap_percent).unwrap_or(100);
        let planned = claim::mark_claim_planned(tx.conn, &street, id, cap, from, doc_no)?;
        if planned != 1 {
            return Err(not_open(id));
        }
        audit(tx, by.username(), "claim.plan", id, Some(doc_no))
    })
}

fn not_open(id: ClaimId) -> AppError {
    AppError::refuse(
        Refusal::new(
            ErrorCode::Conflict,
            "该追回款不存在或已结清。",
            "There is no such open claim.",
        )
        .at(Place::Record(format!("claim {id}"))),
    )
}

/// Records money that was paid back.
///
/// # Errors
/// Not open; more than is owed.
pub fn repay_claim(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    id: ClaimId,
    amount: Fen,
    receipt: &str,
) -> AppResult<Fen> {
    let mut refusals = Vec::new();
    record::check_required(&mut refusals, "receipt", receipt);
    AppError::refused_unless_empty(refusals)?;
    let street = by.street().to_owned();
    store.write(&street, |tx| {
        let balance = open_balance(tx, &street, id)?;
        if !amount.is_positive() || amount > balance {
            return Err(AppError::refuse(Refusal::field(
                "amount",
                format!("金额须大于零且不超过尚欠的 {balance} 元。"),
                format!("The amount must be above zero and at most the {balance} still owed."),
            )));
        }
        enter(tx, &street, id, ClaimLineKind::Repaid, -amount, by.username(), |e| {
            e.note = Some(receipt.to_owned());
        })?;
        settle_if_nil(tx, &street, id, balance - amount)?;
        audit(tx, by.username(), "claim.repay", id, Some(receipt))?;
        Ok(balance - amount)
    })
}

/// Writes off what is still owed; an approver decides.
///
/// # Errors
/// Not open, or no reason.
pub fn write_off_claim(
    store: &Store,
    by: &Authorized<'_, ApproveRun>,
    id: ClaimId,
    reason: &str,
) -> AppResult<Fen> {
    let mut refusals = Vec::new();
    record::check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    let street = by.street().to_owned();
    store.write(&street, |tx| {
        let balance = open_balance(tx, &street, id)?;
        enter(tx, &street, id, ClaimLineKind::WrittenOff, -balance, by.username(), |e| {
            e.note = Some(reason.to_owned());
        })?;
        claim::mark_claim_status(tx.conn, &street, id, ClaimStatus::Open, ClaimStatus::WrittenOff)?;
        audit(tx, by.username(), "claim.write_off", id, Some(reason))?;
        Ok(balance)
    })
}

fn open_balance(tx: &mut Tx<'_>, street: &str, id: ClaimId) -> AppResult<Fen> {
    let open =
        claim::find_claim(tx.conn, street, id)?.is_some_and(|row| row.status == ClaimStatus::Open);
    if !open {
        return Err(not_open(id));
    }
    Ok(claim::balance(tx.conn, street, id)?)
}

fn audit(
    tx: &mut Tx<'_>,
    actor: &str,
    action: &str,
    id: ClaimId,
    reason: Option<&str>,
) -> AppResult<()> {
    tx.audit(&Entry {
        actor,
        action,
        object_kind: "claim",
        object_id: Some(id.0),
        reason,
        detail: None,
    })?;
    Ok(())
}
