//! A household's earlier address comes back: a correction with its reason and
//! its own place in the history. Who lives there, since when and under which
//! head is changed by events, never brought back.

use super::home::Home;
use crate::domain::ids::HouseholdId;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, EditRegistry};
use crate::services::record::{Act, Changes, check_required, check_version, open_opt};
use crate::store::Store;
use crate::store::history;

/// Whether the value before an entry of the history can come back.
#[must_use]
pub fn is_restorable(field: Option<&str>) -> bool {
    field == Some("address")
}

/// Puts the address that a household had before an entry of its history back.
/// Returns the record's new version.
///
/// # Errors
/// Below supervisor level; no such entry; another version; no reason; the
/// household moved with it to another area: that is moved back by an event.
pub fn restore(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: HouseholdId,
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
    let mut refusals = Vec::new();
    check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    store.write(by.street(), |tx| {
        let mut home = Home::load(tx, by.scope(), id)?;
        check_version(home.row().version, Some(version))?;
        let rows = history::list_history(tx.conn, by.street(), "household", id.0)?;
        let not_found = || AppError::not_found("变更记录", "history");
        let row = rows.iter().find(|row| row.id == entry).ok_or_else(not_found)?;
        if !is_restorable(row.field.as_deref()) {
            return Err(not_found());
        }
        let moved = rows
            .iter()
            .any(|r| r.audit_seq == row.audit_seq && r.field.as_deref() == Some("area_code"));
        if moved {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "该次变更同时换了社区,请用“街道内迁移”迁回。",
                "The area changed with it: move the household back by an event.",
            ));
        }
        let old = open_opt(tx.cipher(), history::OLD, row.id, row.old_enc.as_deref())?;
        let (area, address) = (home.row().area_code.clone(), old.ok_or_else(not_found)?);
        if address == home.row().address {
            return Ok(version);
        }
        home.set_place(&area, &address);
        let mut changes = Changes::default();
        home.save(tx, &mut changes)?;
        changes.write(
            tx,
            &Act {
                street: by.street(),
                actor: by.username(),
                action: "household.restore",
                object_kind: "household",
                object_id: id.0,
                reason: Some(reason.trim()),
            },
        )?;
        Ok(version + 1)
    })
}
