//! A beneficiary is confirmed for a program.

use chrono::NaiveDate;

use super::checks::{Period, double_fault, overlap_fault, person_faults};
use super::{act, future, load};
use crate::domain::award::{AwardMode, BeneficiaryKind, DecisionKind, ReviewClass};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{AwardId, BeneficiaryId, HouseholdId, ResidentId, UnitId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditAward};
use crate::services::record::{Changes, check_direct, check_optional, one_row, stale};
use crate::services::resident;
use crate::store::award::{self as rows, AwardRow};
use crate::store::decision::{self, DecisionRow};
use crate::store::{Store, Tx, account, household, membership};

/// Who receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beneficiary {
    /// One person.
    Person(ResidentId),
    /// An assistance household, with its applicant.
    Household {
        /// The household.
        household: HouseholdId,
        /// Who applied: a member.
        applicant: ResidentId,
    },
    /// One member of an edge household, enrolled alone (`rulings.md` M14).
    Single {
        /// The edge household.
        household: HouseholdId,
        /// The member.
        member: ResidentId,
    },
    /// A temporary assistance case of a person.
    Case {
        /// The case.
        case: i64,
        /// The applicant.
        applicant: ResidentId,
    },
}

impl Beneficiary {
    /// The person of the award.
    #[must_use]
    pub const fn person(self) -> ResidentId {
        match self {
            Beneficiary::Person(id) => id,
            Beneficiary::Household { applicant, .. } | Beneficiary::Case { applicant, .. } => {
                applicant
            }
            Beneficiary::Single { member, .. } => member,
        }
    }

    /// The assistance household of the award.
    #[must_use]
    pub const fn household(self) -> Option<HouseholdId> {
        match self {
            Beneficiary::Household { household, .. } | Beneficiary::Single { household, .. } => {
                Some(household)
            }
            Beneficiary::Person(_) | Beneficiary::Case { .. } => None,
        }
    }

    /// How it is stored. A single-person enrolment is the person's own, so that
    /// two members of one edge household can both have it.
    #[must_use]
    pub const fn stored(self) -> (BeneficiaryKind, BeneficiaryId, AwardMode) {
        match self {
            Beneficiary::Person(id) => {
                (BeneficiaryKind::Person, BeneficiaryId(id.0), AwardMode::Standard)
            }
            Beneficiary::Household { household, .. } => {
                (BeneficiaryKind::Household, BeneficiaryId(household.0), AwardMode::Standard)
            }
            Beneficiary::Single { member, .. } => {
                (BeneficiaryKind::Person, BeneficiaryId(member.0), AwardMode::Single)
            }
            Beneficiary::Case { case, .. } => {
                (BeneficiaryKind::Case, BeneficiaryId(case), AwardMode::Standard)
            }
        }
    }
}

/// A confirmation as entered.
#[derive(Debug, Clone)]
pub struct ConfirmInput {
    /// Code of the program, as the policy names it.
    pub program: String,
    /// Who receives.
    pub beneficiary: Beneficiary,
    /// The day of the application.
    pub applied_on: Option<NaiveDate>,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// First month: what the policy's start rule says
    /// (`policy::Program::first_month`) or what the decision names. By default
    /// the month after the decision.
    pub from_month: Option<Month>,
    /// First month that is no longer covered.
    pub to_month: Option<Month>,
    /// Amount, where the decision names one.
    pub amount: Option<Fen>,
    /// Document.
    pub doc_no: Option<String>,
    /// 低保证号.
    pub cert_no: Option<String>,
    /// Where the money goes.
    pub account_id: Option<i64>,
    /// How often it is reviewed.
    pub review_class: Option<ReviewClass>,
    /// 近亲属备案.
    pub near_relative: bool,
}

impl ConfirmInput {
    /// A plain confirmation from the month after the decision.
    #[must_use]
    pub fn new(program: &str, beneficiary: Beneficiary, decided_on: NaiveDate) -> ConfirmInput {
        ConfirmInput {
            program: program.to_owned(),
            beneficiary,
            applied_on: None,
            decided_on,
            from_month: None,
            to_month: None,
            amount: None,
            doc_no: None,
            cert_no: None,
            account_id: None,
            review_class: None,
            near_relative: false,
        }
    }
}

/// What a confirmation made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// The award, new or old.
    pub award: AwardId,
    /// The decision.
    pub decision: i64,
    /// Its first month.
    pub from_month: Month,
}

/// Confirms an award, which is created if the beneficiary has none of the
/// program yet.
///
/// # Errors
/// All reasons at once: before birth, dead, overlapping, counted twice (W22),
/// dates in the wrong order.
pub fn confirm(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    input: &ConfirmInput,
) -> AppResult<Confirmed> {
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let confirmed = confirm_in(tx, by.scope(), input, &mut changes)?;
        let reason = input.doc_no.as_deref();
        changes.write(tx, &act(by, "award.confirm", confirmed.award, reason))?;
        Ok(confirmed)
    })
}

/// Confirms inside a transaction.
pub(crate) fn confirm_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &ConfirmInput,
    changes: &mut Changes,
) -> AppResult<Confirmed> {
    let street = scope.street_code();
    let person = resident::load(tx, scope, input.beneficiary.person())?;
    let period = Period {
        from: input.from_month.unwrap_or_else(|| Month::of(input.decided_on).next()),
        to: input.to_month,
    };
    let mut refusals = field_faults(tx, input, period);
    refusals.extend(person_faults(tx, &person, period)?);
    let (unit, members) = household_of(tx, scope, input, person.unit_id, &mut refusals)?;
    if let Some(account) = input.account_id {
        refusals.extend(account_fault(tx, street, account)?);
    }
    let (kind, id, mode) = input.beneficiary.stored();
    let existing = rows::find_award_of(tx.conn, street, &input.program, id)?;
    if let Some(row) = &existing {
        refusals.extend(overlap_fault(tx, row, period)?);
    }
    let own = match input.beneficiary {
        Beneficiary::Household { household, .. } => Some(household),
        _ => None,
    };
    refusals.extend(double_fault(tx, &input.program, (own, &members), street, period)?);
    AppError::refused_unless_empty(refusals)?;
    let award = match existing {
        Some(row) => row,
        None => {
            let row = AwardRow {
                id: AwardId(tx.next_id()),
                street_code: street.to_owned(),
                program: input.program.clone(),
                beneficiary_kind: kind,
                beneficiary_id: id,
                resident_id: person.id,
                household_id: input.beneficiary.household(),
                unit_id: unit,
                mode,
                cert_no: input.cert_no.clone(),
                account_id: input.account_id,
                review_class: input.review_class,
                near_relative: input.near_relative,
                opened_on: input.decided_on,
                import_id: None,
                version: 1,
            };
            rows::insert_awards(tx.conn, std::slice::from_ref(&row))?;
            changes.created("award", row.id.0);
            row
        }
    };
    let decision = insert_confirm(tx, &award, input, period)?;
    changes.created("decision", decision);
    changes.mark(award.unit_id, period.from, input.decided_on);
    Ok(Confirmed { award: award.id, decision, from_month: period.from })
}

fn insert_confirm(
    tx: &mut Tx<'_>,
    award: &AwardRow,
    input: &ConfirmInput,
    period: Period,
) -> AppResult<i64> {
    let row = DecisionRow {
        id: tx.next_id(),
        street_code: award.street_code.clone(),
        award_id: award.id,
        unit_id: award.unit_id,
        kind: DecisionKind::Confirm,
        from_month: period.from,
        to_month: period.to,
        decided_on: input.decided_on,
        applied_on: input.applied_on,
        known_on: input.decided_on,
        amount_fen: input.amount,
        reason: None,
        doc_no: input.doc_no.clone(),
        annuls: None,
        import_id: None,
    };
    decision::insert_decisions(tx.conn, std::slice::from_ref(&row))?;
    Ok(row.id)
}

fn field_faults(tx: &Tx<'_>, input: &ConfirmInput, period: Period) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if input.decided_on > tx.clock().today() {
        refusals.push(future("decided_on"));
    }
    if input.applied_on.is_some_and(|applied| applied > input.decided_on) {
        refusals.push(Refusal::field(
            "applied_on",
            "申请日期不能晚于审核确认日期。",
            "The application must not lie after the decision.",
        ));
    }
    if period.to.is_some_and(|to| to <= period.from) {
        refusals.push(Refusal::field(
            "to_month",
            "终止月必须晚于起始月。",
            "The end must lie after the first month.",
        ));
    }
    if input.amount.is_some_and(|amount| !amount.is_positive() || amount > Fen::MAX_ENTRY) {
        refusals.push(Refusal::field(
            "amount",
            "金额应大于 0 且不超过一亿元。",
            "The amount must be above 0 and at most 100 million yuan.",
        ));
    }
    check_optional(&mut refusals, "doc_no", input.doc_no.as_deref());
    check_optional(&mut refusals, "cert_no", input.cert_no.as_deref());
    refusals
}

/// Unit and counted persons: of a household its open members.
fn household_of(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &ConfirmInput,
    unit: UnitId,
    refusals: &mut Vec<Refusal>,
) -> AppResult<(UnitId, Vec<ResidentId>)> {
    let Some(id) = input.beneficiary.household() else {
        return Ok((unit, Vec::new()));
    };
    let row = household::find_household(tx.conn, scope, id)?
        .ok_or_else(|| AppError::not_found("户", "household"))?;
    if row.kind != HouseholdKind::Assist || row.closed_on.is_some() {
        refusals.push(Refusal::field(
            "household",
            "请选择一个未注销的救助家庭。",
            "Choose an open assistance household.",
        ));
    }
    let members = membership::list_open_members(tx.conn, scope.street_code(), id)?;
    if members.iter().all(|m| m.resident_id != input.beneficiary.person()) {
        refusals.push(Refusal::field(
            "resident",
            "申请人不是该家庭的成员。",
            "The applicant is not a member of this household.",
        ));
    }
    let counted = match input.beneficiary {
        Beneficiary::Single { member, .. } => vec![member],
        _ => members.iter().filter(|m| m.counted).map(|m| m.resident_id).collect(),
    };
    Ok((row.unit_id, counted))
}

fn account_fault(tx: &mut Tx<'_>, street: &str, id: i64) -> AppResult<Option<Refusal>> {
    let found = account::find_account(tx.conn, street, id)?;
    let usable = found.is_some_and(|row| row.closed_on.is_none());
    Ok((!usable).then(|| {
        Refusal::field(
            "account",
            "没有该账户,或账户已注销。",
            "There is no such account, or it is closed.",
        )
    }))
}

/// Changes where the money of an award goes.
///
/// # Errors
/// A signed-in person: see [`check_direct`].
/// Unknown or closed account; a stale version.
pub fn set_account(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    award: AwardId,
    account_id: i64,
    version: i32,
    reason: &str,
) -> AppResult<i32> {
    check_direct(by.role())?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let new =
            set_account_in(tx, by.scope(), award, (account_id, version), reason, &mut changes)?;
        changes.write(tx, &act(by, "award.set_account", award, Some(reason)))?;
        Ok(new)
    })
}

/// Changes the account inside a transaction. Returns the new version.
pub(crate) fn set_account_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    award: AwardId,
    (account_id, version): (i64, i32),
    reason: &str,
    changes: &mut Changes,
) -> AppResult<i32> {
    let old = load(tx, scope, award)?;
    if old.version != version {
        return Err(stale());
    }
    let mut refusals = Vec::new();
    check_optional(&mut refusals, "reason", Some(reason));
    refusals.extend(account_fault(tx, scope.street_code(), account_id)?);
    AppError::refused_unless_empty(refusals)?;
    let new = AwardRow { account_id: Some(account_id), version: version + 1, ..old.clone() };
    one_row(rows::mark_award(tx.conn, &new, version)?)?;
    let text = |id: Option<i64>| id.map(|id| id.to_string());
    changes.field(("award", award.0), "account_id", text(old.account_id), text(new.account_id));
    Ok(new.version)
}

/// The refusal of a decision on an award that is not in force.
pub(super) fn not_in_force(month: Month) -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        format!("该待遇在 {month} 没有生效的审核确认。"),
        format!("No confirmation of this award is in force in {month}."),
    )
}
