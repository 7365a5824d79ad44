//! Entering a change that waits for a second person: one operation per kind.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::home::NewMember;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Reply};
use super::shape::{Id, shapes};
use crate::domain::account::HolderRelation;
use crate::domain::certificate::{Category, CertificateDetail, Grade, Part};
use crate::domain::code_table::Relation;
use crate::domain::fact::{FactDates, FactKind};
use crate::domain::household::{JoinReason, LeaveReason};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::http::{Access, Allowed, AppState, Json};
use crate::services::account::AccountInput;
use crate::services::auth::EditRegistry;
use crate::services::certificate::{CertificateInput, Issue};
use crate::services::change::{self, Proposal};
use crate::services::fact::FactInput;
use crate::services::household::{MemberDates, NewHead};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>, edit: Access) {
    let words = "Enter income or another fact; waits for a second person";
    api.post("/api/v1/changes/fact", edit, fact, words);
    api.post("/api/v1/changes/fact-annul", edit, fact_annul, "A fact never held; waits");
    api.post("/api/v1/changes/member-add", edit, member_add, "Somebody joins a household; waits");
    let words = "Somebody leaves a household; waits";
    api.post("/api/v1/changes/member-remove", edit, member_remove, words);
    let words = "A disability certificate; waits for a second person";
    api.post("/api/v1/changes/certificate", edit, certificate, words);
    let words = "A certificate ends; waits";
    api.post("/api/v1/changes/certificate-cancel", edit, certificate_cancel, words);
    api.post("/api/v1/changes/account", edit, account, "A payee account; waits");
    let words = "An award is paid into another account; waits";
    api.post("/api/v1/changes/award-account", edit, award_account, words);
}

shapes! {
    /// Income or another fact that the rules read.
    request NewFact {
        /// About whom.
        resident: Id,
        /// What about.
        kind: FactKind,
        /// Kind of item, class, yes or no, as the policy names it.
        code: Option<String>,
        /// Income: fen a year; property: fen in all.
        amount_fen: Option<Fen>,
        /// Health detail; sealed.
        detail: Option<String>,
        /// The day it happened.
        event_on: Option<NaiveDate>,
        /// The day of report, application or registration.
        reported_on: Option<NaiveDate>,
        /// The day of the decision.
        decided_on: Option<NaiveDate>,
        /// The month that the decision names.
        named_month: Option<Month>,
        /// First month that it no longer covers.
        to_month: Option<Month>,
        /// Document.
        doc_no: Option<String>,
    }

    /// A fact that never held.
    request FactAnnulment {
        /// Which.
        fact: Id,
        /// Business date.
        on: NaiveDate,
        /// Why.
        reason: String,
    }

    /// Somebody joins.
    request MemberJoins {
        /// Which household.
        household: Id,
        /// Who, as what.
        member: NewMember,
        /// First day.
        from_on: NaiveDate,
        /// Why.
        reason: JoinReason,
        /// The day of the decision.
        decided_on: NaiveDate,
        /// The month that the decision names.
        named_month: Option<Month>,
    }

    /// Somebody leaves.
    request MemberLeaves {
        /// Which household.
        household: Id,
        /// Who.
        resident: Id,
        /// Last day.
        to_on: NaiveDate,
        /// Why.
        reason: LeaveReason,
        /// The day of the decision.
        decided_on: NaiveDate,
        /// The month that the decision names.
        named_month: Option<Month>,
        /// New head, if the head leaves.
        new_head: Option<HeadGiven>,
    }

    /// The new head of a household that lost its head.
    request HeadGiven {
        /// Which household.
        household: Id,
        /// The new head, a member.
        head: Id,
        /// The other members' relations to the new head.
        relations: Vec<RelationGiven>,
    }

    /// A member's relation.
    request RelationGiven {
        /// The member.
        resident: Id,
        /// To the head.
        relation: Relation,
    }

    /// A certificate.
    request NewCertificate {
        /// Whose.
        resident: Id,
        /// 20 characters, B1 … after a replacement.
        number: String,
        /// Category.
        category: Category,
        /// Grade.
        grade: Grade,
        /// The parts of a multiple disability.
        parts: Option<Vec<CertificatePart>>,
        /// Date of issue.
        issued_on: NaiveDate,
        /// Last valid day.
        valid_to: Option<NaiveDate>,
        /// Since when the office knows.
        known_on: NaiveDate,
        /// A renewal or change of grade instead of a first issue.
        renewal: Option<bool>,
        /// Of a renewal: the gap is the office's fault.
        official_delay: Option<bool>,
    }

    /// One part of a multiple disability.
    request CertificatePart {
        /// Category.
        category: Category,
        /// Its own grade.
        grade: Grade,
    }

    /// The end of a certificate.
    request CertificateEnd {
        /// Which.
        certificate: Id,
        /// Its last month is that of this day.
        cancelled_on: NaiveDate,
        /// Since when the office knows.
        known_on: NaiveDate,
        /// Why.
        reason: String,
    }

    /// A payee account.
    request NewAccount {
        /// The beneficiary, or the head of the household.
        owner: Id,
        /// 开户名; by default the owner's name.
        holder_name: Option<String>,
        /// ID number of a holder who is somebody else.
        holder_doc: Option<String>,
        /// The holder to the beneficiary.
        relation: HolderRelation,
        /// 开户行.
        bank_name: String,
        /// 联行号, 12 digits.
        bank_cnaps: Option<String>,
        /// Account number.
        account_no: String,
        /// First day it may be used.
        opened_on: NaiveDate,
        /// The agreement when the holder is somebody else.
        agreement_no: Option<String>,
    }

    /// Where an award is paid from now on.
    request AwardAccount {
        /// Which award.
        award: Id,
        /// The account.
        account: Id,
        /// The award's version that was read.
        version: i32,
        /// Why.
        reason: String,
    }
}

impl From<HeadGiven> for NewHead {
    fn from(given: HeadGiven) -> NewHead {
        let relations = given.relations.into_iter();
        NewHead {
            household: given.household.into(),
            head: given.head.into(),
            relations: relations.map(|one| (one.resident.into(), one.relation)).collect(),
        }
    }
}

/// Enters a proposal.
async fn propose(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    once: Once,
    proposal: Proposal,
) -> Reply<Created> {
    create(user, &state, once, move |store, by| {
        change::propose(store, by, &proposal).map(Effect::Waits)
    })
    .await
}

/// One handler per kind: the body becomes the proposal.
macro_rules! proposals {
    ($($name:ident($body:ident: $type:ty) $make:expr;)+) => {$(
        async fn $name(
            user: Allowed<EditRegistry>,
            state: Data<AppState>,
            once: Once,
            body: Json<$type>,
        ) -> Reply<Created> {
            let $body = body.0;
            propose(user, state, once, $make).await
        }
    )+};
}

proposals! {
    fact(new: NewFact) Proposal::Fact(FactInput {
        resident: new.resident.into(),
        kind: new.kind,
        code: new.code,
        amount: new.amount_fen,
        detail: new.detail,
        dates: FactDates {
            event_on: new.event_on,
            reported_on: new.reported_on,
            decided_on: new.decided_on,
            named_from: new.named_month,
        },
        to_month: new.to_month,
        doc_no: new.doc_no,
    });
    fact_annul(end: FactAnnulment) Proposal::FactAnnul {
        fact: end.fact.0,
        on: end.on,
        reason: end.reason,
    };
    member_add(joins: MemberJoins) Proposal::MemberAdd {
        household: joins.household.into(),
        member: joins.member.into(),
        from_on: joins.from_on,
        reason: joins.reason,
        dates: MemberDates { decided_on: joins.decided_on, named_month: joins.named_month },
    };
    member_remove(leaves: MemberLeaves) Proposal::MemberRemove {
        household: leaves.household.into(),
        resident: leaves.resident.into(),
        to_on: leaves.to_on,
        reason: leaves.reason,
        dates: MemberDates { decided_on: leaves.decided_on, named_month: leaves.named_month },
        new_head: leaves.new_head.map(NewHead::from),
    };
    certificate(new: NewCertificate) Proposal::Certificate(CertificateInput {
        resident: new.resident.into(),
        number: new.number,
        detail: CertificateDetail {
            category: new.category,
            grade: new.grade,
            parts: new
                .parts
                .unwrap_or_default()
                .into_iter()
                .map(|part| Part { category: part.category, grade: part.grade })
                .collect(),
        },
        issued_on: new.issued_on,
        valid_to: new.valid_to,
        known_on: new.known_on,
        issue: match new.renewal {
            Some(true) => {
                Issue::Renewal { official_delay: new.official_delay.unwrap_or_default() }
            }
            _ => Issue::First,
        },
    });
    certificate_cancel(end: CertificateEnd) Proposal::CertificateCancel {
        certificate: end.certificate.0,
        cancelled_on: end.cancelled_on,
        known_on: end.known_on,
        reason: end.reason,
    };
    account(new: NewAccount) Proposal::Account(AccountInput {
        owner: new.owner.into(),
        holder_name: new.holder_name,
        holder_doc: new.holder_doc,
        relation: new.relation,
        bank_name: new.bank_name,
        bank_cnaps: new.bank_cnaps,
        account_no: new.account_no,
        opened_on: new.opened_on,
        agreement_no: new.agreement_no,
    });
    award_account(change: AwardAccount) Proposal::AwardAccount {
        award: change.award.into(),
        account: change.account.0,
        version: change.version,
        reason: change.reason,
    };
}
