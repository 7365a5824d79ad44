//! Facts that the rules read: recorded with the dates that M4 needs, never
//! changed, only annulled.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::auth::{Authorized, EditAward};
use super::record::{
    Act, Changes, check_direct, check_optional, check_required, one_row, seal_opt,
};
use super::resident;
use crate::domain::fact::{FactDates, FactKind, effect};
use crate::domain::ids::ResidentId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::fact::{self as rows, DETAIL, FactRow};
use crate::store::{Store, Tx};

/// A fact as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FactInput {
    /// About whom.
    pub resident: ResidentId,
    /// What about.
    pub kind: FactKind,
    /// Kind of item, class, yes or no, as the policy names it.
    pub code: Option<String>,
    /// Income: fen a year; property: fen in all.
    pub amount: Option<Fen>,
    /// Health detail; sealed.
    pub detail: Option<String>,
    /// The dates it was entered with.
    pub dates: FactDates,
    /// First month that it no longer covers.
    pub to_month: Option<Month>,
    /// Document.
    pub doc_no: Option<String>,
}

impl FactInput {
    /// A fact without particulars, decided on a day.
    #[must_use]
    pub fn decided(resident: ResidentId, kind: FactKind, on: NaiveDate) -> FactInput {
        FactInput {
            resident,
            kind,
            code: None,
            amount: None,
            detail: None,
            dates: FactDates { decided_on: Some(on), ..FactDates::default() },
            to_month: None,
            doc_no: None,
        }
    }
}

/// Records a fact. Returns its id.
///
/// # Errors
/// A signed-in person: see [`check_direct`].
/// All wrong fields at once.
pub fn record(store: &Store, by: &Authorized<'_, EditAward>, input: &FactInput) -> AppResult<i64> {
    check_direct(by.role())?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let id = record_in(tx, by.scope(), input, &mut changes)?;
        changes.write(tx, &act(by, "fact.record", id, input.doc_no.as_deref()))?;
        Ok(id)
    })
}

/// Records a fact inside a transaction.
pub(crate) fn record_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &FactInput,
    changes: &mut Changes,
) -> AppResult<i64> {
    let person = resident::load(tx, scope, input.resident)?;
    let mut refusals = faults(tx, input, person.birth_on);
    let effect = match effect(input.kind.change(), &input.dates) {
        Ok(effect) => effect,
        Err(missing) => {
            refusals.push(Refusal::field(missing.0, missing.zh(), missing.en()));
            return Err(AppError::Refused(refusals));
        }
    };
    let to_month = match input.kind.is_quarterly() {
        true => Some(effect.from_month.plus(3)),
        false => input.to_month,
    };
    if to_month.is_some_and(|to| to <= effect.from_month) {
        refusals.push(Refusal::field(
            "to_month",
            "终止月必须晚于起始月。",
            "The end must lie after the first month.",
        ));
    }
    AppError::refused_unless_empty(refusals)?;
    let id = tx.next_id();
    let row = FactRow {
        id,
        street_code: scope.street_code().to_owned(),
        resident_id: person.id,
        unit_id: person.unit_id,
        kind: input.kind,
        code: input.code.as_deref().map(|code| code.trim().to_owned()),
        amount_fen: input.amount,
        detail_enc: seal_opt(tx.cipher(), DETAIL, id, input.detail.as_deref())?,
        from_month: effect.from_month,
        to_month,
        event_on: input.dates.event_on,
        reported_on: input.dates.reported_on,
        decided_on: input.dates.decided_on,
        known_on: effect.known_on,
        annulled_on: None,
        doc_no: input.doc_no.clone(),
        import_id: None,
    };
    rows::insert_facts(tx.conn, std::slice::from_ref(&row))?;
    changes.created("fact", id);
    changes.mark(person.unit_id, effect.from_month, effect.known_on);
    Ok(id)
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
        object_kind: "fact",
        object_id: id,
        reason,
    }
}

fn faults(tx: &Tx<'_>, input: &FactInput, born: NaiveDate) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let today = tx.clock().today();
    let dates = [
        ("event_on", input.dates.event_on),
        ("reported_on", input.dates.reported_on),
        ("decided_on", input.dates.decided_on),
    ];
    for (field, day) in dates {
        if day.is_some_and(|day| day > today) {
            refusals.push(Refusal::field(
                field,
                "日期不能晚于今天。",
                "The date must not be in the future.",
            ));
        }
        if day.is_some_and(|day| day < born) {
            refusals.push(Refusal::field(
                field,
                format!("日期不能早于出生日期({born})。"),
                format!("The date must not lie before the date of birth ({born})."),
            ));
        }
    }
    let code = input.code.as_deref().map(str::trim).unwrap_or_default();
    if input.kind.has_code() && code.is_empty() {
        refusals.push(Refusal::field("code", "请填写类别。", "Enter the code."));
    }
    if let Some(codes) = input.kind.codes()
        && !code.is_empty()
        && !codes.contains(&code)
    {
        refusals.push(Refusal::field(
            "code",
            format!("类别“{code}”不认识,可填:{}。", codes.join("、")),
            format!("Unknown code \"{code}\". Use one of: {}.", codes.join(", ")),
        ));
    }
    let amount_fits = match input.amount {
        Some(amount) => amount.0 >= 0 && amount <= Fen::MAX_ENTRY,
        None => !input.kind.has_amount(),
    };
    if !amount_fits {
        refusals.push(Refusal::field(
            "amount",
            "请填写不小于 0、不超过一亿元的金额。",
            "Enter an amount from 0 to 100 million yuan.",
        ));
    }
    check_optional(&mut refusals, "code", input.code.as_deref());
    check_optional(&mut refusals, "detail", input.detail.as_deref());
    check_optional(&mut refusals, "doc_no", input.doc_no.as_deref());
    refusals
}

/// Annuls a fact: it never held. The months it covered are computed anew.
///
/// # Errors
/// A signed-in person: see [`check_direct`].
/// Not found; annulled already; no reason; before it was known.
pub fn annul(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    id: i64,
    annulled_on: NaiveDate,
    reason: &str,
) -> AppResult<()> {
    check_direct(by.role())?;
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        annul_in(tx, by.scope(), id, annulled_on, reason, &mut changes)?;
        changes.write(tx, &act(by, "fact.annul", id, Some(reason)))
    })
}

/// Annuls a fact inside a transaction.
pub(crate) fn annul_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: i64,
    annulled_on: NaiveDate,
    reason: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    let street = scope.street_code();
    let not_found = || AppError::not_found("事项", "fact");
    let row = rows::find_fact(tx.conn, street, id)?.ok_or_else(not_found)?;
    resident::load(tx, scope, row.resident_id).map_err(|_| not_found())?;
    let mut refusals = Vec::new();
    check_required(&mut refusals, "reason", reason);
    if annulled_on < row.known_on || annulled_on > tx.clock().today() {
        refusals.push(Refusal::field(
            "annulled_on",
            format!("撤销日期应在 {} 至今天之间。", row.known_on),
            format!("The date must lie between {} and today.", row.known_on),
        ));
    }
    AppError::refused_unless_empty(refusals)?;
    one_row(rows::mark_fact_annulled(tx.conn, street, id, annulled_on)?)?;
    changes.field(("fact", id), "annulled_on", None, Some(annulled_on.to_string()));
    changes.mark(row.unit_id, row.from_month, annulled_on);
    Ok(())
}
