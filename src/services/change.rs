//! Changes that a benefit depends on – income and other facts, members of an
//! assistance household, the tier's certificate, the payee account – entered by
//! one person and confirmed by a second (`rulings.md` P10).
//!
//! A proposal is the typed input of the service that makes the change. It is
//! tried when it is entered (so that whoever enters it is told what is wrong),
//! stored sealed, and made by that service when it is confirmed. Import, demo
//! and the operator at the machine call the services directly.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::account::{self, AccountInput};
use super::auth::{Authorized, EditRegistry, Scope, ViewRegistry};
use super::certificate::{self, CertificateInput};
use super::fact::{self, FactInput};
use super::household::{self, MemberDates, MemberInput, NewHead};
use super::record::{Act, Changes, check_required, check_second, one_row, seal, sealed};
use super::{award, resident};
use crate::domain::household::{JoinReason, LeaveReason};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::pending::{ChangeKind, ChangeState};
use crate::domain::role::Permission;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::cipher::SealError;
use crate::store::pending_change::{self as rows, PROPOSAL, PendingChangeRow};
use crate::store::{Store, Tx};

/// What is to be changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposal {
    /// Income or another fact.
    Fact(FactInput),
    /// A fact never held.
    FactAnnul {
        /// Which.
        fact: i64,
        /// Business date.
        on: NaiveDate,
        /// Why.
        reason: String,
    },
    /// Somebody joins a household.
    MemberAdd {
        /// Which household.
        household: HouseholdId,
        /// Who.
        member: MemberInput,
        /// First day.
        from_on: NaiveDate,
        /// Why.
        reason: JoinReason,
        /// From which month.
        dates: MemberDates,
    },
    /// Somebody leaves a household.
    MemberRemove {
        /// Which household.
        household: HouseholdId,
        /// Who.
        resident: ResidentId,
        /// Last day.
        to_on: NaiveDate,
        /// Why.
        reason: LeaveReason,
        /// From which month.
        dates: MemberDates,
        /// New head, if the head leaves.
        new_head: Option<NewHead>,
    },
    /// A certificate: category and grade make the tier.
    Certificate(CertificateInput),
    /// A certificate ends.
    CertificateCancel {
        /// Which.
        certificate: i64,
        /// Its last month is that of this day.
        cancelled_on: NaiveDate,
        /// Since when the office knows.
        known_on: NaiveDate,
        /// Why.
        reason: String,
    },
    /// A payee account.
    Account(AccountInput),
    /// An award is paid into another account.
    AwardAccount {
        /// Which award.
        award: AwardId,
        /// The account.
        account: i64,
        /// The award's version that was read.
        version: i32,
        /// Why.
        reason: String,
    },
}

impl Proposal {
    const fn kind(&self) -> ChangeKind {
        match self {
            Proposal::Fact(_) => ChangeKind::Fact,
            Proposal::FactAnnul { .. } => ChangeKind::FactAnnul,
            Proposal::MemberAdd { .. } => ChangeKind::MemberAdd,
            Proposal::MemberRemove { .. } => ChangeKind::MemberRemove,
            Proposal::Certificate(_) => ChangeKind::Certificate,
            Proposal::CertificateCancel { .. } => ChangeKind::CertificateCancel,
            Proposal::Account(_) => ChangeKind::Account,
            Proposal::AwardAccount { .. } => ChangeKind::AwardAccount,
        }
    }

    /// Members are the registry's, everything else is the award's.
    const fn permission(&self) -> Permission {
        match self {
            Proposal::MemberAdd { .. } | Proposal::MemberRemove { .. } => Permission::EditRegistry,
            _ => Permission::EditAward,
        }
    }

    /// Whom it is about.
    fn subject(&self, tx: &mut Tx<'_>, street: &str) -> AppResult<ResidentId> {
        use crate::store::{award, certificate, fact};
        let gone = || AppError::not_found("记录", "record");
        Ok(match self {
            Proposal::Fact(input) => input.resident,
            Proposal::Certificate(input) => input.resident,
            Proposal::Account(input) => input.owner,
            Proposal::MemberAdd { member, .. } => member.resident,
            Proposal::MemberRemove { resident, .. } => *resident,
            Proposal::FactAnnul { fact: id, .. } => {
                fact::find_fact(tx.conn, street, *id)?.ok_or_else(gone)?.resident_id
            }
            Proposal::CertificateCancel { certificate: id, .. } => {
                certificate::find_certificate(tx.conn, street, *id)?.ok_or_else(gone)?.resident_id
            }
            Proposal::AwardAccount { award: id, .. } => {
                award::find_award(tx.conn, street, *id)?.ok_or_else(gone)?.resident_id
            }
        })
    }

    /// Makes the change, by the service it belongs to.
    fn apply(&self, tx: &mut Tx<'_>, scope: &Scope, changes: &mut Changes) -> AppResult<()> {
        match self {
            Proposal::Fact(input) => fact::record_in(tx, scope, input, changes).map(|_| ()),
            Proposal::FactAnnul { fact, on, reason } => {
                fact::annul_in(tx, scope, *fact, *on, reason, changes)
            }
            Proposal::MemberAdd { household, member, from_on, reason, dates } => {
                let joining = (*household, member, *from_on);
                household::add_member_in(tx, scope, joining, *reason, *dates, changes)
            }
            Proposal::MemberRemove { household, resident, to_on, reason, dates, new_head } => {
                let gone = (*resident, *reason, *to_on);
                let head = new_head.as_ref();
                household::remove_member_in(tx, scope, *household, gone, *dates, head, changes)
            }
            Proposal::Certificate(input) => {
                certificate::issue_in(tx, scope, input, changes).map(|_| ())
            }
            Proposal::CertificateCancel { certificate, cancelled_on, known_on, reason } => {
                let days = (*cancelled_on, *known_on);
                certificate::cancel_in(tx, scope, *certificate, days, reason, changes)
            }
            Proposal::Account(input) => account::add_in(tx, scope, input, changes).map(|_| ()),
            Proposal::AwardAccount { award, account, version, reason } => {
                let to = (*account, *version);
                award::set_account_in(tx, scope, *award, to, reason, changes).map(|_| ())
            }
        }
    }
}

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
    let mut fits = false;
    let tried = store.write(by.street(), |tx| {
        proposal.apply(tx, by.scope(), &mut Changes::default())?;
        fits = true;
        // Nothing of the trial is kept.
        Err::<(), _>(AppError::coded(ErrorCode::Conflict, "试算", "trial"))
    });
    if !fits {
        tried?;
    }
    store.write(by.street(), |tx| {
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
        let mut changes = Changes::default();
        changes.created("pending_change", id);
        changes.write(tx, &act(by, "change.propose", id, None))?;
        Ok(id)
    })
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
        let proposal = open(tx, &row)?;
        let mut changes = Changes::default();
        proposal.apply(tx, by.scope(), &mut changes)?;
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
            ChangeState::Withdrawn => {}
            _ => check_second(by.role(), by.username(), Some(&row.proposed_by))?,
        }
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
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

fn open(tx: &Tx<'_>, row: &PendingChangeRow) -> AppResult<Proposal> {
    let text = tx.cipher().open_text(PROPOSAL, row.id, &row.proposal_enc).map_err(sealed)?;
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
            let text =
                store.cipher().open_text(PROPOSAL, row.id, &row.proposal_enc).map_err(sealed)?;
            let proposal = serde_json::from_str(&text).map_err(|_| sealed(SealError))?;
            found.push(PendingChange { row, proposal });
        }
        Ok(found)
    })
}
