//! Awards as a clerk works on them: what can be applied for, an application
//! with the policy's first month, an award's page.

use chrono::NaiveDate;

use super::confirm::{Beneficiary, ConfirmInput, Confirmed, confirm};
use super::{AwardFile, load_award};
use crate::domain::award::{BeneficiaryKind, ReviewClass};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::mask;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::domain::summary::ProgramLabel;
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, EditAward, ViewRegistry};
use crate::services::record::sealed;
use crate::services::report::programs::load_in_force;
use crate::store::account::{ACCOUNT_NO, AccountRow, list_accounts_of};
use crate::store::household::find_household;
use crate::store::membership::list_open_memberships_of;
use crate::store::resident::find_resident;
use crate::store::{Db, Store};

/// An account as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountLine {
    /// Its id.
    pub id: i64,
    /// Masked name of the holder.
    pub holder: String,
    /// The bank.
    pub bank: String,
    /// Masked number.
    pub number: String,
    /// First day.
    pub opened_on: NaiveDate,
    /// Last day.
    pub closed_on: Option<NaiveDate>,
}

/// The accounts that a person's money can go to.
///
/// # Errors
/// A number that does not open; the database failed.
pub(in crate::services) fn account_lines(
    conn: &mut Db,
    store: &Store,
    street: &str,
    owner: ResidentId,
) -> AppResult<Vec<AccountLine>> {
    list_accounts_of(conn, street, owner)?.into_iter().map(|row| line(store, row)).collect()
}

fn line(store: &Store, row: AccountRow) -> AppResult<AccountLine> {
    let number = store.cipher().open_text(ACCOUNT_NO, row.id, &row.account_enc).map_err(sealed)?;
    Ok(AccountLine {
        id: row.id,
        holder: mask::name(&row.holder_name),
        bank: row.bank_name,
        number: mask::bank_card(&number),
        opened_on: row.opened_on,
        closed_on: row.closed_on,
    })
}

/// What a person can apply for.
#[derive(Debug, Clone)]
pub struct AwardOptions {
    /// Programs of the policy in force that are not paid by case.
    pub programs: Vec<ProgramLabel>,
    /// The assistance household that a household program would be paid to.
    pub household: Option<(HouseholdId, String)>,
    /// Open accounts.
    pub accounts: Vec<AccountLine>,
}

/// What a person can apply for.
///
/// # Errors
/// Not found or out of scope; a stored policy does not parse.
pub fn award_options(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
    person: ResidentId,
) -> AppResult<AwardOptions> {
    store.read(|conn| {
        find_resident(conn, by.scope(), person)?
            .ok_or_else(|| AppError::not_found("居民", "resident"))?;
        let programs = load_in_force(conn)?;
        let of_case = |label: &ProgramLabel| {
            programs.rule(&label.code).is_some_and(|p| p.beneficiary == BeneficiaryKind::Case)
        };
        let seen = programs.labels().iter().filter(|l| !of_case(l) && (rights.mental || !l.mental));
        let mut accounts = account_lines(conn, store, by.street(), person)?;
        accounts.retain(|account| account.closed_on.is_none());
        Ok(AwardOptions {
            programs: seen.cloned().collect(),
            household: assist_home(conn, by, person)?,
            accounts,
        })
    })
}

fn assist_home(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    person: ResidentId,
) -> AppResult<Option<(HouseholdId, String)>> {
    use crate::domain::household::HouseholdKind;
    let open = list_open_memberships_of(conn, by.street(), person)?;
    let Some(assist) = open.into_iter().find(|m| m.kind == HouseholdKind::Assist) else {
        return Ok(None);
    };
    let home = find_household(conn, by.scope(), assist.household_id)?;
    Ok(home.map(|home| (home.id, home.household_no)))
}

/// An application that was decided, as entered.
#[derive(Debug, Clone)]
pub struct Application {
    /// Who receives, or applied for the household.
    pub person: ResidentId,
    /// Code of the program.
    pub program: String,
    /// One member of an edge household, alone 单人保.
    pub single: bool,
    /// The day of the application.
    pub applied_on: NaiveDate,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// The month that the decision names; by default the policy's.
    pub from_month: Option<Month>,
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

/// Confirms an application: who receives, and from which month, is what the
/// policy in force says of the program.
///
/// # Errors
/// An unknown program; no assistance household where one is needed; what
/// [`confirm`] refuses.
pub fn apply(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    view: &Authorized<'_, ViewRegistry>,
    application: &Application,
) -> AppResult<Confirmed> {
    let person = application.person;
    let (kind, first) = store.read(|conn| {
        let programs = load_in_force(conn)?;
        let rule = programs.rule(&application.program).ok_or_else(unknown)?;
        if application.single && !rule.allows_single() {
            return Err(AppError::refuse(Refusal::field(
                "single",
                "该项目没有单人保。",
                "This program knows no single-person enrolment.",
            )));
        }
        let first = rule.first_month(application.applied_on, application.decided_on);
        Ok((rule.beneficiary, first))
    })?;
    if application.applied_on > application.decided_on {
        return Err(AppError::refuse(Refusal::field(
            "decided_on",
            "审核确认日期不能早于申请日期。",
            "The decision must not lie before the application.",
        )));
    }
    let home = store.read(|conn| assist_home(conn, view, person))?;
    let home = || home.map(|(id, _)| id).ok_or_else(no_home);
    let beneficiary = match kind {
        BeneficiaryKind::Case => return Err(unknown()),
        _ if application.single => Beneficiary::Single { household: home()?, member: person },
        BeneficiaryKind::Household => {
            Beneficiary::Household { household: home()?, applicant: person }
        }
        BeneficiaryKind::Person => Beneficiary::Person(person),
    };
    let input = ConfirmInput {
        applied_on: Some(application.applied_on),
        from_month: Some(application.from_month.unwrap_or(first)),
        amount: application.amount,
        doc_no: application.doc_no.clone(),
        cert_no: application.cert_no.clone(),
        account_id: application.account_id,
        review_class: application.review_class,
        near_relative: application.near_relative,
        ..ConfirmInput::new(&application.program, beneficiary, application.decided_on)
    };
    confirm(store, by, &input)
}

fn unknown() -> AppError {
    AppError::refuse(Refusal::field(
        "program",
        "请选择现行政策中的项目。",
        "Choose a program of the policy in force.",
    ))
}

fn no_home() -> AppError {
    AppError::refuse(Refusal::field(
        "program",
        "该居民没有救助家庭。请先建立救助家庭,再申请按户发放的项目。",
        "This resident is in no assistance household. Open one first.",
    ))
}

/// An award's page.
#[derive(Debug, Clone)]
pub struct AwardPage {
    /// The award, its decisions and holds.
    pub file: AwardFile,
    /// Its program.
    pub label: ProgramLabel,
    /// Masked name of the person it is about.
    pub name: String,
    /// Number of the household, if it is paid to one.
    pub household: Option<String>,
    /// Where the money goes.
    pub account: Option<AccountLine>,
    /// Open accounts of the person.
    pub accounts: Vec<AccountLine>,
}

/// An award's page.
///
/// # Errors
/// Not found, out of scope, or restricted.
pub fn load_award_page(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
    id: AwardId,
) -> AppResult<AwardPage> {
    let file = load_award(store, by, id)?;
    store.read(|conn| {
        let label = load_in_force(conn)?.label(&file.award.program);
        if label.mental && !rights.mental {
            return Err(AppError::not_found("待遇", "award"));
        }
        let person = find_resident(conn, by.scope(), file.award.resident_id)?
            .ok_or_else(|| AppError::not_found("待遇", "award"))?;
        let home = match file.award.household_id {
            Some(home) => find_household(conn, by.scope(), home)?.map(|home| home.household_no),
            None => None,
        };
        let mut accounts = account_lines(conn, store, by.street(), person.id)?;
        let account = accounts.iter().find(|a| Some(a.id) == file.award.account_id).cloned();
        accounts.retain(|account| account.closed_on.is_none());
        let name = mask::name(&person.name);
        Ok(AwardPage { name, household: home, account, accounts, label, file })
    })
}
