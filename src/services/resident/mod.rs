//! Residents: register, correct, look up.

mod build;
mod copy;
mod correct;
pub(crate) mod duplicate;
mod merge;
mod restore;
mod reveal;

pub use build::{Maker, ResidentInput, build_row};
pub use copy::{CopiedAccount, CopiedCertificate, CopiedPayment, OwnCopy, own_copy};
pub(crate) use correct::set_area;
pub use correct::{ResidentPatch, correct};
pub use duplicate::{Compared, Comparison, Likeness, Pair, compare, keep_apart, list_duplicates};
pub use merge::MergeRecords;
pub(crate) use merge::merge_in;
pub use restore::{RESTORABLE, restore};
pub use reveal::{daily_quota, reveal_field, revealed_today};

use super::auth::{Authorized, EditRegistry, ViewRegistry};
use super::record::{Act, Changes, one_row, open_opt};
use crate::domain::document;
use crate::domain::ids::ResidentId;
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::audit::{Entry, count_since};
use crate::store::resident::{self as rows, IdentityClaim, ResidentRow};
use crate::store::{Store, Tx, area};

/// A resident as an authorised person reads it, with the numbers in plain.
#[derive(Debug, Clone)]
pub struct Resident {
    /// The stored record.
    pub row: ResidentRow,
    /// Document number.
    pub doc_no: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

/// Registers a resident.
///
/// # Errors
/// Every wrong field at once; a person who is registered already.
pub fn register(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    input: &ResidentInput,
) -> AppResult<ResidentId> {
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let row = insert_new(tx, by.scope(), input, &mut changes)?;
        changes.write(
            tx,
            &Act {
                street: by.street(),
                actor: by.username(),
                action: "resident.register",
                object_kind: "resident",
                object_id: row.id.0,
                reason: input.mismatch_reason.as_deref(),
            },
        )?;
        Ok(row.id)
    })
}

/// Checks and inserts a new resident inside a transaction.
pub(crate) fn insert_new(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &ResidentInput,
    changes: &mut Changes,
) -> AppResult<ResidentRow> {
    let street = scope.street_code().to_owned();
    let today = tx.clock().today();
    let (id, now) = (ResidentId(tx.next_id()), tx.clock().now());
    let maker = Maker { cipher: tx.cipher(), street: &street, id, today, now, import_id: None };
    let built = build_row(&maker, input);
    let tree = area::load_tree(tx.conn, today)?;
    let place = super::area::check_place(&tree, &street, "area", &input.area_code, today);
    let outside = (!scope.contains(&input.area_code)).then(|| outside_scope("area"));
    let mut refusals: Vec<Refusal> = place.into_iter().chain(outside).collect();
    let mut row = match built {
        Ok(row) => row,
        Err(AppError::Refused(found)) => {
            refusals.extend(found);
            return Err(AppError::Refused(refusals));
        }
        Err(other) => return Err(other),
    };
    AppError::refused_unless_empty(refusals)?;
    claim(tx, &row)?;
    if row.doc_no_index.is_none() {
        row.temp_no = Some(next_temp_no(tx, &street)?);
    }
    rows::insert_residents(tx.conn, std::slice::from_ref(&row))?;
    changes.created("resident", row.id.0);
    Ok(row)
}

/// The refusal of an area outside the caller's scope.
pub(crate) fn outside_scope(field: &str) -> Refusal {
    Refusal::field(field, "该区划不在您的管辖范围内。", "This area is outside your scope.")
}

/// Claims the row's document number; refuses one that is registered (M-11).
pub(crate) fn claim(tx: &mut Tx<'_>, row: &ResidentRow) -> AppResult<()> {
    let Some(index) = &row.doc_no_index else { return Ok(()) };
    let wanted = IdentityClaim {
        blind_index: index.clone(),
        street_code: row.street_code.clone(),
        resident_id: row.id,
    };
    if rows::insert_claims(tx.conn, std::slice::from_ref(&wanted))? == 1 {
        return Ok(());
    }
    let holder = rows::find_claim(tx.conn, index)?;
    let place = match &holder {
        Some(held) => {
            let records = rows::list_residents_by_id(
                tx.conn,
                &held.street_code,
                std::slice::from_ref(&held.resident_id),
            )?;
            let record = records.first();
            // Who moved away from another street of the registry is free to
            // arrive here; within the street the old record is taken up again.
            if held.street_code != row.street_code
                && record.is_some_and(|r| r.status == ResidentStatus::Left)
            {
                return one_row(rows::mark_claim_moved(tx.conn, held.resident_id, &wanted)?);
            }
            match record {
                Some(record) if held.street_code == row.street_code => record.area_code.clone(),
                _ => held.street_code.clone(),
            }
        }
        None => String::new(),
    };
    let place = area::find_area(tx.conn, &place)?.map_or(place, |a| a.name);
    Err(AppError::refuse(
        Refusal::new(
            ErrorCode::Duplicate,
            format!("该证件号已登记在{place}。请查看原记录或申请转入。"),
            format!(
                "This ID number is already registered in {place}. View it or request transfer."
            ),
        )
        .at(crate::error::Place::Field("doc_no".to_owned())),
    ))
}

/// The next number for a person without a document.
fn next_temp_no(tx: &mut Tx<'_>, street: &str) -> AppResult<String> {
    let month = Month::of(tx.clock().today());
    let prefix = document::temp_no(street, month, 0);
    let prefix = prefix.get(..prefix.len() - 4).unwrap_or(&prefix);
    let last = rows::find_last_temp_no(tx.conn, street, prefix)?;
    let serial = last.as_deref().and_then(|no| no.strip_prefix(prefix)?.parse().ok()).unwrap_or(0);
    let serial = u32::saturating_add(serial, 1);
    Ok(document::temp_no(street, month, serial))
}

/// A resident in scope, inside a transaction.
pub(crate) fn load(tx: &mut Tx<'_>, scope: &Scope, id: ResidentId) -> AppResult<ResidentRow> {
    rows::find_resident(tx.conn, scope, id)?.ok_or_else(|| AppError::not_found("居民", "resident"))
}

/// A resident in scope who is on the register.
pub(crate) fn load_active(
    tx: &mut Tx<'_>,
    scope: &Scope,
    id: ResidentId,
) -> AppResult<ResidentRow> {
    let row = load(tx, scope, id)?;
    if row.status == ResidentStatus::Active {
        return Ok(row);
    }
    Err(AppError::coded(
        ErrorCode::Conflict,
        format!("该居民的状态是“{}”,不能办理。", row.status.zh()),
        format!("This resident is \"{}\"; this cannot be done.", row.status.en()),
    ))
}

/// Reads a resident in plain. The reading is logged with its reason
/// (SEC-118), the values are not.
///
/// # Errors
/// Not found or out of scope; a sealed value that does not open.
pub fn reveal(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
    reason: &str,
) -> AppResult<Resident> {
    let mut refusals = Vec::new();
    super::record::check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    store.write(by.street(), |tx| {
        let row = load(tx, by.scope(), id)?;
        let doc_no = open_opt(tx.cipher(), rows::DOC_NO, id.0, row.doc_no_enc.as_deref())?;
        let phone = open_opt(tx.cipher(), rows::PHONE, id.0, row.phone_enc.as_deref())?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "resident.reveal",
            object_kind: "resident",
            object_id: Some(id.0),
            reason: Some(reason),
            detail: Some("fields=doc_no,phone"),
        })?;
        Ok(Resident { row, doc_no, phone })
    })
}

/// The stored record, numbers sealed: what lists and other services need.
///
/// # Errors
/// Not found or out of scope.
pub fn load_resident(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
) -> AppResult<ResidentRow> {
    store.read(|conn| {
        rows::find_resident(conn, by.scope(), id)?
            .ok_or_else(|| AppError::not_found("居民", "resident"))
    })
}

/// Who has this ID number, by the blind index. The search is logged, the
/// number is not (SEC-120).
///
/// # Errors
/// Not a complete, valid number.
pub fn find_by_id_number(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    number: &str,
) -> AppResult<Option<ResidentRow>> {
    let today = store.clock().today();
    let document = document::Document::from_id(number, today)
        .map_err(|e| AppError::refuse(Refusal::field("doc_no", e.zh(), e.en())))?;
    let index = document.index_text().unwrap_or_default();
    store.write(by.street(), |tx| {
        let blind = tx.cipher().blind(rows::DOC_INDEX, &index);
        let mut held = rows::find_resident_by_document(tx.conn, by.street(), &blind)?;
        // A number of a record that was merged leads to the one that stayed.
        if let Some(into) = held.as_ref().and_then(|row| row.merged_into) {
            let stayed = [ResidentId(into)];
            held = rows::list_residents_by_id(tx.conn, by.street(), &stayed)?.into_iter().next();
        }
        let found = held.filter(|row| by.scope().contains(&row.area_code));
        tx.audit(&Entry {
            actor: by.username(),
            action: "resident.search",
            object_kind: "resident",
            object_id: found.as_ref().map(|row| row.id.0),
            reason: None,
            detail: Some("by=doc_no"),
        })?;
        Ok(found)
    })
}

/// Searches by whole numbers that one account may make in a minute (SEC-120).
const SEARCHES: i64 = 30;

/// As [`find_by_id_number`], as often as a person at a keyboard needs it.
///
/// # Errors
/// As [`find_by_id_number`]; `TooMany` beyond 30 in a minute.
pub fn search_by_id_number(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    number: &str,
) -> AppResult<Option<ResidentRow>> {
    let since = store.clock().now() - chrono::Duration::minutes(1);
    let made = store.read(|conn| {
        Ok(count_since(conn, by.street(), by.username(), "resident.search", since)?)
    })?;
    if made >= SEARCHES {
        return Err(AppError::coded(
            ErrorCode::TooMany,
            format!("一分钟内最多按证件号查 {SEARCHES} 次,请稍后再查。"),
            format!("At most {SEARCHES} searches by number in a minute. Wait a moment."),
        ));
    }
    find_by_id_number(store, by, number)
}

/// One entry of a record's history, in plain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Which field; `None` for the creation.
    pub field: Option<String>,
    /// Value before.
    pub old: Option<String>,
    /// Value after.
    pub new: Option<String>,
    /// UTC.
    pub at: chrono::NaiveDateTime,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// The history of a record (`kind` is its table), oldest first.
///
/// # Errors
/// A sealed value that does not open.
pub fn list_history(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    kind: &str,
    id: i64,
) -> AppResult<Vec<HistoryEntry>> {
    use crate::store::history;
    store.read(|conn| {
        history::list_history(conn, by.street(), kind, id)?
            .into_iter()
            .map(|row| {
                let open = |field: &str, value: Option<&[u8]>| {
                    open_opt(store.cipher(), field, row.id, value)
                };
                Ok(HistoryEntry {
                    old: open(history::OLD, row.old_enc.as_deref())?,
                    new: open(history::NEW, row.new_enc.as_deref())?,
                    field: row.field,
                    at: row.at,
                    actor: row.actor,
                    reason: row.reason,
                })
            })
            .collect()
    })
}
