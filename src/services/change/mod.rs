//! Changes that a benefit depends on – income and other facts, members of an
//! assistance household, the tier's certificate, the payee account – entered by
//! one person and confirmed by a second (`rulings.md` P10).
//!
//! A proposal is the typed input of the service that makes the change. It is
//! tried when it is entered (so that whoever enters it is told what is wrong),
//! stored sealed, and made by that service when it is confirmed. The services
//! themselves refuse a signed-in person ([`super::record::check_direct`]);
//! import and the operator at the machine, who are logged apart, need no second.

mod proposal;
mod show;
mod words;

pub use proposal::Proposal;
pub use show::{ChangeLine, ChangePart, list_changes, load_change};
pub use words::Words;

use super::auth::{Authorized, EditRegistry, Permit, ViewRegistry};
use super::record::{
    Act, Changes, below_supervisor, check_required, check_second, one_row, seal, sealed,
};
use super::{event, resident};
use crate::domain::pending::{ChangeKind, ChangeState};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::cipher::SealError;
use crate::store::pending_change::{self as rows, PROPOSAL, PendingChangeRow};
use crate::store::{Cipher, Store, Tx};

/// Enters a change that waits for a second person. Returns its id.
///
/// # Errors
/// What the change itself would be refused for; no right to make it.
pub fn propose(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    proposal: &Proposal,
) -> AppResult<i64> {
    if !by.role().may(proposal.permission()) {
        return Err(AppError::coded(
            ErrorCode::Forbidden,
            format!("“{}”没有此项权限。", by.role().zh()),
            format!("The role \"{}\" may not do this.", by.role().as_str()),
        ));
    }
    if matches!(proposal, Proposal::PersonMerge(_)) && !by.role().is_second_person() {
        return Err(below_supervisor());
    }
    try_out(store, by, proposal)?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let id = propose_in(tx, by, proposal, &mut changes)?;
        changes.write(tx, &act(by, "change.propose", id, None))?;
        Ok(id)
    })
}

/// Whether the change could be made now; nothing of the trial is kept.
pub(crate) fn try_out<P: Permit>(
    store: &Store,
    by: &Authorized<'_, P>,
    proposal: &Proposal,
) -> AppResult<()> {
    let mut fits = false;
    let tried = store.write(by.street(), |tx| {
        proposal.apply(tx, (by.scope(), by.username()), &mut Changes::default())?;
        fits = true;
        Err::<(), _>(AppError::coded(ErrorCode::Conflict, "试算", "trial"))
    });
    if fits { Ok(()) } else { tried }
}

/// Enters a change inside the transaction of an event that brings it along.
pub(crate) fn propose_in<P: Permit>(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, P>,
    proposal: &Proposal,
    changes: &mut Changes,
) -> AppResult<i64> {
    let subject = proposal.subject(tx, by.street())?;
    let text = serde_json::to_string(proposal).map_err(|_| sealed(SealError))?;
    let id = tx.next_id();
    let row = PendingChangeRow {
        id,
        street_code: by.street().to_owned(),
        resident_id: subject,
        kind: proposal.kind(),
        proposal_enc: seal(tx.cipher(), PROPOSAL, id, &text)?,
        proposed_by: by.username().to_owned(),
        proposed_at: tx.clock().now(),
        state: ChangeState::Pending,
        decided_by: None,
        decided_at: None,
        reason: None,
    };
    rows::insert_pending_change(tx.conn, &row)?;
    changes.created("pending_change", id);
    Ok(id)
}

/// A second person confirms: the change is made as it was entered, in the same
/// transaction. The audit entry is the second person's and names the first.
///
/// # Errors
/// The caller entered it; below supervisor level; not pending any more; the
/// change no longer fits what is registered.
pub fn confirm(store: &Store, by: &Authorized<'_, EditRegistry>, id: i64) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let row = load_pending(tx, by, id)?;
        check_second(by.role(), by.username(), Some(&row.proposed_by))?;
        let proposal = open_text(tx.cipher(), &row)?;
        let mut changes = Changes::default();
        proposal.apply(tx, (by.scope(), by.username()), &mut changes)?;
        decide(tx, by, id, ChangeState::Confirmed, None, &mut changes)?;
        let entered = format!("录入/entered by: {}", row.proposed_by);
        changes.write(tx, &act(by, "change.confirm", id, Some(&entered)))
    })
}

/// A second person rejects: nothing changes.
///
/// # Errors
/// As [`confirm`]; no reason.
pub fn reject(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    reason: &str,
) -> AppResult<()> {
    end(store, by, id, ChangeState::Rejected, reason)
}

/// Whoever entered a change takes it back.
///
/// # Errors
/// Somebody else entered it; not pending any more; no reason.
pub fn withdraw(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    reason: &str,
) -> AppResult<()> {
    end(store, by, id, ChangeState::Withdrawn, reason)
}

fn end(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    state: ChangeState,
    reason: &str,
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let row = load_pending(tx, by, id)?;
        match state {
            ChangeState::Withdrawn if row.proposed_by != by.username() => {
                return Err(AppError::coded(
                    ErrorCode::Forbidden,
                    "只有录入人可以撤回;您可以退回。",
                    "Only whoever entered it may withdraw it; you may reject it.",
                ));
            }
            // The report holds money: whoever made it does not lift it.
            ChangeState::Withdrawn if row.kind == ChangeKind::MoveOut => {
                check_second(by.role(), by.username(), Some(&row.proposed_by))?;
            }
            ChangeState::Withdrawn => {}
            _ => check_second(by.role(), by.username(), Some(&row.proposed_by))?,
        }
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        if let Proposal::MoveOut(input) = open_text(tx.cipher(), &row)? {
            let who = (by.scope(), by.username());
            event::reject_move_out(tx, who, &input, reason, &mut changes)?;
        }
        decide(tx, by, id, state, Some(reason), &mut changes)?;
        let action = match state {
            ChangeState::Withdrawn => "change.withdraw",
            _ => "change.reject",
        };
        changes.write(tx, &act(by, action, id, Some(reason)))
    })
}

fn decide(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    state: ChangeState,
    reason: Option<&str>,
    changes: &mut Changes,
) -> AppResult<()> {
    let now = tx.clock().now();
    let place = (by.street(), id);
    one_row(rows::mark_change_decided(tx.conn, place, state, by.username(), now, reason)?)?;
    let text = |state: ChangeState| Some(state.code().to_owned());
    changes.field(("pending_change", id), "state", text(ChangeState::Pending), text(state));
    Ok(())
}

/// A pending change about somebody in scope.
fn load_pending(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
) -> AppResult<PendingChangeRow> {
    let not_found = || AppError::not_found("待确认变更", "pending change");
    let row = rows::find_pending_change(tx.conn, by.street(), id)?.ok_or_else(not_found)?;
    resident::load(tx, by.scope(), row.resident_id).map_err(|_| not_found())?;
    if row.state == ChangeState::Pending {
        return Ok(row);
    }
    Err(AppError::coded(
        ErrorCode::Conflict,
        format!("该变更{}。", row.state.zh()),
        format!("This change is {} already.", row.state.en()),
    ))
}

fn open_text(cipher: &Cipher, row: &PendingChangeRow) -> AppResult<Proposal> {
    let text = cipher.open_text(PROPOSAL, row.id, &row.proposal_enc).map_err(sealed)?;
    serde_json::from_str(&text).map_err(|_| sealed(SealError))
}

fn act<'a>(
    by: &'a Authorized<'_, EditRegistry>,
    action: &'a str,
    id: i64,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "pending_change",
        object_id: id,
        reason,
    }
}

/// A change that waits, with what is proposed.
#[derive(Debug, Clone)]
pub struct PendingChange {
    /// Who, when, about whom.
    pub row: PendingChangeRow,
    /// What. Account numbers and health detail in it are plain: mask them.
    pub proposal: Proposal,
}

/// The changes about people in scope that wait for a second person, oldest
/// first.
///
/// # Errors
/// A stored proposal does not open.
pub fn list_pending(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<PendingChange>> {
    store.read(|conn| {
        let mut found = Vec::new();
        for row in rows::list_pending_changes(conn, by.street())? {
            let person = crate::store::resident::find_resident(conn, by.scope(), row.resident_id)?;
            if person.is_none() {
                continue;
            }
            let proposal = open_text(store.cipher(), &row)?;
            found.push(PendingChange { row, proposal });
        }
        Ok(found)
    })
}
