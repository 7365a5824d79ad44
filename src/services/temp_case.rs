//! Temporary assistance: a decided case, and the award of one payment that the
//! month's run pays.

use chrono::NaiveDate;

use super::auth::{Authorized, EditAward, ViewRegistry};
use super::award::{Beneficiary, ConfirmInput, confirm_in};
use super::policy::in_force;
use super::record::{Act, Changes, check_optional, check_required};
use super::resident;
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::policy::Policy;
use crate::domain::temp_case::{
    CaseCaps, CaseKind, CaseLevel, Cause, EarlierCase, FamilyCategory, faults,
};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::temp_case::{self as rows, TempCaseRow};
use crate::store::{Store, Tx};

/// A case as entered.
#[derive(Debug, Clone)]
pub struct CaseInput {
    /// Code of the program that pays it, as the policy names it.
    pub program: String,
    /// Unique in the street.
    pub case_no: String,
    /// The applicant.
    pub resident: ResidentId,
    /// Their assistance household, if any.
    pub household: Option<HouseholdId>,
    /// Emergency or expenditure.
    pub kind: CaseKind,
    /// What happened.
    pub cause: Cause,
    /// Who decides and pays.
    pub level: CaseLevel,
    /// Of the family.
    pub category: Option<FamilyCategory>,
    /// What the family paid itself.
    pub self_paid: Option<Fen>,
    /// What was asked for.
    pub asked: Fen,
    /// What was granted.
    pub approved: Fen,
    /// The day of the application.
    pub applied_on: NaiveDate,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// Document.
    pub doc_no: Option<String>,
    /// Where the money goes.
    pub account_id: Option<i64>,
}

/// What a case made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseMade {
    /// The case.
    pub case: i64,
    /// Its award.
    pub award: AwardId,
}

/// The caps of a policy for a decision of that day.
///
/// # Errors
/// The policy has no temporary assistance.
pub fn caps_of(policy: &Policy, on: NaiveDate) -> AppResult<CaseCaps> {
    let limits = policy.settings.temporary.as_ref().ok_or_else(|| {
        AppError::coded(
            ErrorCode::Conflict,
            "现行政策没有规定临时救助限额。",
            "The policy in force says nothing about temporary assistance.",
        )
    })?;
    let standard = policy.standard_value(limits.district_standard, Month::of(on), on);
    let district = Fen(standard.unwrap_or_default().0 * i64::from(limits.district_times));
    let same_cause_months = limits.same_cause_months;
    Ok(CaseCaps { street: limits.street_cap, district, same_cause_months })
}

/// As [`register`], with the caps of the policy in force.
///
/// # Errors
/// As [`register`] and [`caps_of`]; no policy is in force.
pub fn register_by_policy(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    input: &CaseInput,
) -> AppResult<CaseMade> {
    let policy = store.read(in_force)?.policy;
    register(store, by, input, &caps_of(&policy, input.decided_on)?)
}

/// A page of the cases of the caller's scope, the latest first, and whether
/// there are more.
///
/// # Errors
/// The database failed.
pub fn list(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    before: Option<i64>,
    limit: i64,
) -> AppResult<(Vec<TempCaseRow>, bool)> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = store.read(|conn| {
        Ok(rows::list_temp_cases_in(conn, by.scope(), before, limit.saturating_add(1))?)
    })?;
    let more = found.len() > wanted;
    found.truncate(wanted);
    Ok((found, more))
}

/// One case.
///
/// # Errors
/// Not found or out of scope.
pub fn load(store: &Store, by: &Authorized<'_, ViewRegistry>, id: i64) -> AppResult<TempCaseRow> {
    let found = store.read(|conn| Ok(rows::find_temp_case(conn, by.street(), id)?))?;
    found
        .filter(|row| by.scope().contains(&row.area_code))
        .ok_or_else(|| AppError::not_found("临时救助", "case"))
}

/// Registers a decided case and confirms its one payment, in the month of the
/// decision.
///
/// # Errors
/// All reasons at once: the same cause too soon (W21), above the caps of the
/// policy, dates in the wrong order, a dead applicant.
pub fn register(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    input: &CaseInput,
    caps: &CaseCaps,
) -> AppResult<CaseMade> {
    store.write(by.street(), |tx| {
        let person = resident::load(tx, by.scope(), input.resident)?;
        let refusals = case_faults(tx, by.street(), input, caps)?;
        AppError::refused_unless_empty(refusals)?;
        let id = tx.next_id();
        let row = TempCaseRow {
            id,
            street_code: by.street().to_owned(),
            case_no: input.case_no.trim().to_owned(),
            resident_id: person.id,
            household_id: input.household,
            area_code: person.area_code.clone(),
            kind: input.kind,
            cause: input.cause,
            level: input.level,
            category: input.category,
            self_paid_fen: input.self_paid,
            asked_fen: input.asked,
            approved_fen: input.approved,
            applied_on: input.applied_on,
            decided_on: input.decided_on,
            doc_no: input.doc_no.clone(),
            import_id: None,
        };
        rows::insert_temp_cases(tx.conn, std::slice::from_ref(&row))?;
        let mut changes = Changes::default();
        changes.created("temp_case", id);
        let month = Month::of(input.decided_on);
        let confirm = ConfirmInput {
            applied_on: Some(input.applied_on),
            from_month: Some(month),
            to_month: Some(month.next()),
            amount: Some(input.approved),
            doc_no: input.doc_no.clone(),
            account_id: input.account_id,
            ..ConfirmInput::new(
                &input.program,
                Beneficiary::Case { case: id, applicant: person.id },
                input.decided_on,
            )
        };
        let confirmed = confirm_in(tx, by.scope(), &confirm, &mut changes)?;
        changes.write(
            tx,
            &Act {
                street: by.street(),
                actor: by.username(),
                action: "temp_case.register",
                object_kind: "temp_case",
                object_id: id,
                reason: input.doc_no.as_deref(),
            },
        )?;
        Ok(CaseMade { case: id, award: confirmed.award })
    })
}

fn case_faults(
    tx: &mut Tx<'_>,
    street: &str,
    input: &CaseInput,
    caps: &CaseCaps,
) -> AppResult<Vec<Refusal>> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "case_no", &input.case_no);
    check_optional(&mut refusals, "doc_no", input.doc_no.as_deref());
    if input.applied_on > input.decided_on {
        refusals.push(Refusal::field(
            "applied_on",
            "申请日期不能晚于审批日期。",
            "The application must not lie after the decision.",
        ));
    }
    if input.asked > Fen::MAX_ENTRY {
        refusals.push(Refusal::field(
            "asked",
            "金额不能超过一亿元。",
            "The amount must be at most 100 million yuan.",
        ));
    }
    let number = input.case_no.trim();
    if rows::find_temp_case_by_no(tx.conn, street, number)?.is_some() {
        refusals.push(Refusal::new(
            ErrorCode::Duplicate,
            format!("案号“{number}”已存在。"),
            format!("The case \"{number}\" exists already."),
        ));
    }
    let earlier = earlier_cases(tx, street, input)?;
    let found = faults(
        input.level,
        input.cause,
        (input.asked, input.approved),
        input.decided_on,
        input.doc_no.is_some(),
        &earlier,
        caps,
    );
    refusals.extend(found.into_iter().map(|f| Refusal::field(f.field(), f.zh(), f.en())));
    Ok(refusals)
}

/// Cases of the person and of the household.
fn earlier_cases(tx: &mut Tx<'_>, street: &str, input: &CaseInput) -> AppResult<Vec<EarlierCase>> {
    let mut cases = rows::list_temp_cases_of(tx.conn, street, input.resident)?;
    if let Some(household) = input.household {
        cases.extend(rows::list_temp_cases_of_household(tx.conn, street, household)?);
    }
    Ok(cases
        .into_iter()
        .map(|case| EarlierCase { cause: case.cause, decided_on: case.decided_on })
        .collect())
}
