//! Payee accounts. The holder may be another person than the beneficiary.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::auth::{Authorized, EditAward};
use super::record::{
    Act, Changes, check_direct, check_optional, check_required, one_row, seal, seal_opt,
};
use super::resident;
use crate::domain::account::{AccountNo, HolderRelation, cnaps_ok};
use crate::domain::document::Document;
use crate::domain::ids::ResidentId;
use crate::domain::normalise;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::account::{self as rows, ACCOUNT_INDEX, ACCOUNT_NO, AccountRow, HOLDER_DOC};
use crate::store::{Store, Tx};

/// An account as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountInput {
    /// The beneficiary, or the head of the household.
    pub owner: ResidentId,
    /// 开户名; by default the owner's name.
    pub holder_name: Option<String>,
    /// ID number of a holder who is somebody else.
    pub holder_doc: Option<String>,
    /// The holder to the beneficiary.
    pub relation: HolderRelation,
    /// 开户行.
    pub bank_name: String,
    /// 联行号, 12 digits.
    pub bank_cnaps: Option<String>,
    /// Account number.
    pub account_no: String,
    /// First day it may be used.
    pub opened_on: NaiveDate,
    /// The agreement when the holder is somebody else.
    pub agreement_no: Option<String>,
}

impl AccountInput {
    /// The beneficiary's own account.
    #[must_use]
    pub fn own(owner: ResidentId, bank: &str, number: &str, opened_on: NaiveDate) -> AccountInput {
        AccountInput {
            owner,
            holder_name: None,
            holder_doc: None,
            relation: HolderRelation::Oneself,
            bank_name: bank.to_owned(),
            bank_cnaps: None,
            account_no: number.to_owned(),
            opened_on,
            agreement_no: None,
        }
    }
}

/// Registers an account. Returns its id. A wrong Luhn digit is only a warning:
/// [`AccountNo::luhn_ok`].
///
/// # Errors
/// A signed-in person: see [`check_direct`].
/// All wrong fields at once; the same number is registered for this person.
pub fn add(store: &Store, by: &Authorized<'_, EditAward>, input: &AccountInput) -> AppResult<i64> {
    check_direct(by.role())?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let id = add_in(tx, by.scope(), input, &mut changes)?;
        changes.write(tx, &act(by, "account.add", id, None))?;
        Ok(id)
    })
}

/// Registers an account inside a transaction.
pub(crate) fn add_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &AccountInput,
    changes: &mut Changes,
) -> AppResult<i64> {
    let street = scope.street_code();
    let owner = resident::load(tx, scope, input.owner)?;
    let mut refusals = Vec::new();
    let number = AccountNo::parse(&input.account_no)
        .map_err(|e| refusals.push(Refusal::field("account_no", e.zh(), e.en())))
        .ok();
    let holder_name = normalise::name(input.holder_name.as_deref().unwrap_or(&owner.name))
        .map_err(|e| refusals.push(Refusal::field("holder_name", e.zh(), e.en())))
        .unwrap_or_default();
    let holder_doc = holder_doc(tx, input, &mut refusals);
    check_required(&mut refusals, "bank_name", &input.bank_name);
    check_optional(&mut refusals, "agreement_no", input.agreement_no.as_deref());
    if input.bank_cnaps.as_deref().is_some_and(|code| !cnaps_ok(code)) {
        refusals.push(Refusal::field(
            "bank_cnaps",
            "联行号应为 12 位数字。",
            "A CNAPS code has 12 digits.",
        ));
    }
    if input.opened_on > tx.clock().today() {
        refusals.push(super::award::future("opened_on"));
    }
    let number = number.as_ref().map(AccountNo::as_str).unwrap_or_default();
    let index = tx.cipher().blind(ACCOUNT_INDEX, number);
    let same = rows::list_accounts_by_no(tx.conn, street, &index)?;
    if same.iter().any(|a| a.owner_id == owner.id && a.closed_on.is_none()) {
        refusals.push(Refusal::new(
            ErrorCode::Duplicate,
            "该账户已为此人登记。",
            "This account is registered for this person already.",
        ));
    }
    AppError::refused_unless_empty(refusals)?;
    let id = tx.next_id();
    let row = AccountRow {
        id,
        street_code: street.to_owned(),
        owner_id: owner.id,
        holder_name,
        holder_doc_enc: seal_opt(tx.cipher(), HOLDER_DOC, id, holder_doc.as_deref())?,
        relation: input.relation,
        bank_name: input.bank_name.trim().to_owned(),
        bank_cnaps: input.bank_cnaps.clone(),
        account_enc: seal(tx.cipher(), ACCOUNT_NO, id, number)?,
        account_index: index,
        opened_on: input.opened_on,
        closed_on: None,
        agreement_no: input.agreement_no.clone(),
        import_id: None,
    };
    rows::insert_accounts(tx.conn, std::slice::from_ref(&row))?;
    changes.created("account", id);
    Ok(id)
}

/// Who holds the account of somebody else must be known, and an organisation
/// needs the written agreement (`domain.md` §9.6).
fn holder_doc(tx: &Tx<'_>, input: &AccountInput, refusals: &mut Vec<Refusal>) -> Option<String> {
    let organisation =
        matches!(input.relation, HolderRelation::Committee | HolderRelation::Institution);
    if input.relation != HolderRelation::Oneself && input.holder_name.is_none() {
        refusals.push(Refusal::field(
            "holder_name",
            "领款人不是本人时请填写开户名。",
            "Enter the holder's name when it is not the beneficiary.",
        ));
    }
    if organisation && input.agreement_no.is_none() {
        refusals.push(Refusal::field(
            "agreement_no",
            "由单位代领须有书面协议,请填写协议编号。",
            "An account held by an organisation needs a written agreement; enter its number.",
        ));
    }
    match input.holder_doc.as_deref().filter(|text| !text.trim().is_empty()) {
        Some(text) => Document::from_id(text, tx.clock().today())
            .map_err(|e| refusals.push(Refusal::field("holder_doc", e.zh(), e.en())))
            .ok()
            .and_then(|d| d.number().map(str::to_owned)),
        None if input.relation == HolderRelation::Oneself || organisation => None,
        None => {
            refusals.push(Refusal::field(
                "holder_doc",
                "领款人不是本人时请填写领款人身份证号。",
                "Enter the holder's ID number when it is not the beneficiary.",
            ));
            None
        }
    }
}

fn act<'a>(
    by: &'a Authorized<'_, EditAward>,
    action: &'a str,
    id: i64,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "account",
        object_id: id,
        reason,
    }
}

/// Closes an account; `closed_on` is its last day.
///
/// # Errors
/// Not found; closed already; before it was opened.
pub fn close(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    id: i64,
    closed_on: NaiveDate,
    reason: &str,
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let not_found = || AppError::not_found("账户", "account");
        let row = rows::find_account(tx.conn, by.street(), id)?.ok_or_else(not_found)?;
        resident::load(tx, by.scope(), row.owner_id).map_err(|_| not_found())?;
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        if closed_on < row.opened_on || closed_on > tx.clock().today() {
            refusals.push(Refusal::field(
                "closed_on",
                format!("注销日期应在启用日期({})与今天之间。", row.opened_on),
                format!("The date must lie between {} and today.", row.opened_on),
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        one_row(rows::mark_account_closed(tx.conn, by.street(), id, closed_on)?)?;
        let mut changes = Changes::default();
        changes.field(("account", id), "closed_on", None, Some(closed_on.to_string()));
        changes.write(tx, &act(by, "account.close", id, Some(reason)))
    })
}
