//! What became of an area: where it lay from when to when, and who changed
//! what. Names are changed in place, so the log is the memory of old ones.

use chrono::NaiveDate;

use super::auth::{Authorized, ManageSystem};
use crate::error::{AppError, AppResult};
use crate::store::area::{self, AreaRow};
use crate::store::audit::{AuditRow, list_of_action};
use crate::store::{REGISTRY_CHAIN, Store};

/// Under which parent an area lay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaPeriod {
    /// Code of the parent.
    pub parent: String,
    /// Its name now.
    pub name: String,
    /// First day.
    pub from: NaiveDate,
    /// Last day; none while it lies there.
    pub to: Option<NaiveDate>,
}

/// What became of an area.
#[derive(Debug, Clone)]
pub struct AreaHistory {
    /// As it is now.
    pub row: AreaRow,
    /// Where it lay, oldest first.
    pub periods: Vec<AreaPeriod>,
    /// Who changed what, the latest first.
    pub changes: Vec<AuditRow>,
}

const ACTIONS: [&str; 3] = ["area.rename", "area.move", "area.close"];
/// Entries of one action that are looked through.
const ENTRIES: i64 = 5_000;

/// An area's history.
///
/// # Errors
/// Not found.
pub fn load_history(
    store: &Store,
    _by: &Authorized<'_, ManageSystem>,
    code: &str,
) -> AppResult<AreaHistory> {
    store.read(|conn| {
        let row = area::find_area(conn, code)?;
        let row = row.ok_or_else(|| AppError::not_found("区划", "area"))?;
        let tree = area::load_tree(conn, store.clock().today())?;
        let periods = area::list_parents_of(conn, code)?
            .into_iter()
            .map(|period| AreaPeriod {
                name: tree.area(&period.parent_code).map_or_else(String::new, |a| a.name.clone()),
                parent: period.parent_code,
                from: period.valid_from,
                to: period.valid_to,
            })
            .collect();
        let mine = format!("code={code} ");
        let mut changes = Vec::new();
        for action in ACTIONS {
            let found = list_of_action(conn, REGISTRY_CHAIN, action, 0, ENTRIES)?;
            changes.extend(
                found
                    .into_iter()
                    .filter(|entry| entry.detail.as_deref().is_some_and(|d| d.starts_with(&mine))),
            );
        }
        changes.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        Ok(AreaHistory { row, periods, changes })
    })
}

/// What a change says beyond the area's code.
#[must_use]
pub fn what(entry: &AuditRow) -> &str {
    let detail = entry.detail.as_deref().unwrap_or_default();
    detail.split_once(' ').map_or("", |(_, rest)| rest)
}
