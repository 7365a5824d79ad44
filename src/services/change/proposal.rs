//! A proposed change: the input of the service that will make it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::household::{JoinReason, LeaveReason};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::pending::ChangeKind;
use crate::domain::role::Permission;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult};
use crate::services::account::{self, AccountInput};
use crate::services::award;
use crate::services::certificate::{self, CertificateInput};
use crate::services::event::{self, MergeInput, MoveOutInput, SplitInput};
use crate::services::fact::{self, FactInput};
use crate::services::household::{self, MemberDates, MemberInput, NewHead};
use crate::services::record::Changes;
use crate::services::resident::{self, MergeRecords};
use crate::store::Tx;

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
    /// An assistance household splits.
    Split(SplitInput),
    /// Two assistance households become one.
    Merge(MergeInput),
    /// Somebody of an assistance household leaves the street; their money is
    /// held meanwhile.
    MoveOut(MoveOutInput),
    /// Two records of one person become one.
    PersonMerge(MergeRecords),
}

impl Proposal {
    pub(super) const fn kind(&self) -> ChangeKind {
        match self {
            Proposal::Fact(_) => ChangeKind::Fact,
            Proposal::FactAnnul { .. } => ChangeKind::FactAnnul,
            Proposal::MemberAdd { .. } => ChangeKind::MemberAdd,
            Proposal::MemberRemove { .. } => ChangeKind::MemberRemove,
            Proposal::Certificate(_) => ChangeKind::Certificate,
            Proposal::CertificateCancel { .. } => ChangeKind::CertificateCancel,
            Proposal::Account(_) => ChangeKind::Account,
            Proposal::AwardAccount { .. } => ChangeKind::AwardAccount,
            Proposal::Split(_) => ChangeKind::Split,
            Proposal::Merge(_) => ChangeKind::Merge,
            Proposal::MoveOut(_) => ChangeKind::MoveOut,
            Proposal::PersonMerge(_) => ChangeKind::PersonMerge,
        }
    }

    /// Members are the registry's, everything else is the award's.
    pub(super) const fn permission(&self) -> Permission {
        match self {
            Proposal::MemberAdd { .. }
            | Proposal::MemberRemove { .. }
            | Proposal::PersonMerge(_) => Permission::EditRegistry,
            Proposal::Split(_) | Proposal::Merge(_) | Proposal::MoveOut(_) => {
                Permission::RegisterEvent
            }
            _ => Permission::EditAward,
        }
    }

    /// Whom it is about.
    pub(super) fn subject(&self, tx: &mut Tx<'_>, street: &str) -> AppResult<ResidentId> {
        use crate::store::{award, certificate, fact};
        let gone = || AppError::not_found("记录", "record");
        let first = |who: Option<ResidentId>| who.ok_or_else(gone);
        Ok(match self {
            Proposal::Fact(input) => input.resident,
            Proposal::Certificate(input) => input.resident,
            Proposal::Account(input) => input.owner,
            Proposal::MemberAdd { member, .. } => member.resident,
            Proposal::MemberRemove { resident, .. } => *resident,
            Proposal::Split(input) => first(input.movers.first().map(|m| m.resident))?,
            Proposal::Merge(input) => first(input.members.first().map(|m| m.resident))?,
            Proposal::MoveOut(input) => first(input.residents.first().copied())?,
            Proposal::PersonMerge(input) => input.keep,
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
    pub(super) fn apply(
        &self,
        tx: &mut Tx<'_>,
        (scope, by): (&Scope, &str),
        changes: &mut Changes,
    ) -> AppResult<()> {
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
            Proposal::Split(input) => event::split_in(tx, scope, input, changes).map(|_| ()),
            Proposal::Merge(input) => event::merge_in(tx, scope, input, changes).map(|_| ()),
            Proposal::MoveOut(input) => {
                event::move_out_in(tx, (scope, by), input, changes).map(|_| ())
            }
            Proposal::PersonMerge(input) => resident::merge_in(tx, scope, input, changes),
        }
    }
}
