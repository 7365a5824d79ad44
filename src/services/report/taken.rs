//! Files that were taken: the record of them, and the file itself for a day,
//! for whoever took it (SEC-121).

use super::export::{Exported, KEPT};
use crate::domain::role::Permission;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, Permit};
use crate::services::record::sealed;
use crate::store::Store;
use crate::store::audit::Entry;
use crate::store::export_log::{BODY, ExportRow, find_export, find_export_file, list_exports};

/// A file that was taken.
#[derive(Debug, Clone)]
pub struct TakenFile {
    /// What the log says of it.
    pub row: ExportRow,
    /// Until when its owner can fetch it again, UTC.
    pub expires_at: chrono::NaiveDateTime,
    /// Whether the caller can.
    pub is_waiting: bool,
}

fn taken<P: Permit>(store: &Store, by: &Authorized<'_, P>, row: ExportRow) -> TakenFile {
    let expires_at = row.at + KEPT;
    let is_waiting = row.username == by.username() && expires_at > store.clock().now();
    TakenFile { row, expires_at, is_waiting }
}

/// Whose files the caller sees: an auditor everybody's.
fn owner<'a, P: Permit>(by: &'a Authorized<'_, P>) -> Option<&'a str> {
    (!by.role().may(Permission::ReadAudit)).then_some(by.username())
}

/// A page of the files, the latest first: the caller's own; an auditor sees
/// everybody's. Also whether there are more.
///
/// # Errors
/// The database failed.
pub fn list_files<P: Permit>(
    store: &Store,
    by: &Authorized<'_, P>,
    before: Option<i64>,
    limit: i64,
) -> AppResult<(Vec<TakenFile>, bool)> {
    let mut rows = store.read(|conn| {
        Ok(list_exports(conn, by.street(), owner(by), before, limit.saturating_add(1))?)
    })?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    Ok((rows.into_iter().map(|row| taken(store, by, row)).collect(), more))
}

/// The record of one file.
///
/// # Errors
/// `NotFound`, also for another's.
pub fn load_file<P: Permit>(
    store: &Store,
    by: &Authorized<'_, P>,
    id: i64,
) -> AppResult<TakenFile> {
    let row = store.read(|conn| Ok(find_export(conn, by.street(), id)?))?;
    let seen = row.filter(|row| owner(by).is_none_or(|name| name == row.username));
    seen.map(|row| taken(store, by, row)).ok_or_else(not_found)
}

fn not_found() -> AppError {
    AppError::not_found("导出文件", "file")
}

/// The file itself, once more; that it was fetched is logged. Personal values
/// in full (`plain`) are asked for by their own right.
///
/// # Errors
/// `NotFound` for whoever did not take it; `Gone` after a day.
pub fn fetch_file<P: Permit>(
    store: &Store,
    by: &Authorized<'_, P>,
    id: i64,
    plain: bool,
) -> AppResult<Exported> {
    let found = load_file(store, by, id)?;
    if found.row.username != by.username() || found.row.plain != plain {
        return Err(not_found());
    }
    let now = store.clock().now();
    let body = store.read(|conn| Ok(find_export_file(conn, by.street(), id, now)?))?;
    let body = body.ok_or_else(|| {
        AppError::coded(
            ErrorCode::Gone,
            "该文件已过期(保留 24 小时),请重新导出。",
            "This file has expired (it is kept for 24 hours). Take it again.",
        )
    })?;
    let bytes = store.cipher().open(BODY, id, &body).map_err(sealed)?;
    let row = found.row;
    store.write(by.street(), |tx| {
        tx.audit(&Entry {
            actor: by.username(),
            action: "report.fetch",
            object_kind: "export_log",
            object_id: Some(id),
            reason: Some(&row.purpose),
            detail: Some(&format!("sha256={}", row.digest)),
        })?;
        Ok(())
    })?;
    let rows = usize::try_from(row.row_count).unwrap_or_default();
    Ok(Exported { id, name: row.file_name, bytes, rows, digest: row.digest })
}
