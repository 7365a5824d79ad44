//! A field's earlier value comes back: a correction like any other, with its
//! reason and its own place in the history.

use chrono::NaiveDate;

use super::{ResidentPatch, correct};
use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::ids::ResidentId;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, EditRegistry};
use crate::services::record::open_opt;
use crate::store::Store;
use crate::store::history::{self, HistoryRow};
use crate::store::resident::find_resident;

/// Fields whose earlier value can come back.
pub const RESTORABLE: [&str; 9] = [
    "name",
    "doc_no",
    "phone",
    "sex",
    "birth_on",
    "ethnicity",
    "marital",
    "education",
    "residence_status",
];

/// Puts the value that a field had before an entry of its history back.
/// Returns the record's new version.
///
/// # Errors
/// Below supervisor level; no such entry, or one whose value cannot come back;
/// what [`correct`] refuses.
pub fn restore(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: ResidentId,
    entry: i64,
    version: i32,
    reason: &str,
) -> AppResult<i32> {
    if !by.role().is_second_person() {
        return Err(AppError::coded(
            ErrorCode::Forbidden,
            "恢复以前的值须由社区主管及以上人员办理。",
            "Only a supervisor or above may bring an earlier value back.",
        ));
    }
    let patch = store.read(|conn| {
        find_resident(conn, by.scope(), id)?
            .ok_or_else(|| AppError::not_found("居民", "resident"))?;
        let rows = history::list_history(conn, by.street(), "resident", id.0)?;
        let row = rows.iter().find(|row| row.id == entry);
        let row = row.ok_or_else(|| AppError::not_found("变更记录", "history"))?;
        let value = old(store, row)?;
        // The kind of document changed together with its number.
        let kind = rows
            .iter()
            .find(|r| r.audit_seq == row.audit_seq && r.field.as_deref() == Some("doc_kind"))
            .map(|r| old(store, r))
            .transpose()?
            .flatten();
        let current = find_resident(conn, by.scope(), id)?.map(|row| row.doc_kind);
        let kind = kind.and_then(|code| DocKind::from_code(&code)).or(current);
        patch(row.field.as_deref().unwrap_or_default(), value, kind)
            .ok_or_else(|| AppError::not_found("可恢复的值", "value to restore"))
    })?;
    correct(store, by, id, version, &patch, reason)
}

fn old(store: &Store, row: &HistoryRow) -> AppResult<Option<String>> {
    open_opt(store.cipher(), history::OLD, row.id, row.old_enc.as_deref())
}

fn patch(field: &str, value: Option<String>, kind: Option<DocKind>) -> Option<ResidentPatch> {
    let mut patch = ResidentPatch::default();
    if field == "phone" {
        patch.phone = Some(value.unwrap_or_default());
        return Some(patch);
    }
    let value = value?;
    match field {
        "name" => patch.name = Some(value),
        "doc_no" => patch.document = Some((kind?, value)),
        "sex" => patch.sex = Some(Sex::from_number(value.parse().ok()?)?),
        "birth_on" => patch.birth_on = Some(value.parse::<NaiveDate>().ok()?),
        "ethnicity" => patch.ethnicity = Some(Ethnicity::parse(&value)?),
        "marital" => patch.marital = Some(Marital::from_code(&value)?),
        "education" => patch.education = Some(Education::from_code(&value)?),
        "residence_status" => {
            patch.residence_status = Some(ResidenceStatus::from_code(&value)?);
        }
        _ => return None,
    }
    Some(patch)
}
