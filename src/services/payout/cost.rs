//! What a proposed policy would cost, computed once and kept for whoever
//! decides: over a large street it takes longer than a page may.

use std::collections::BTreeMap;

use chrono::NaiveDateTime;

use super::preview::{CostRow, Preview, preview};
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ReadReport};
use crate::services::policy::{in_force, pinned};
use crate::store::Store;
use crate::store::audit::Entry;
use crate::store::policy::{PolicyCostRow, find_policy_cost, replace_policy_cost};

/// As stored: program, community, name of the community, figures.
type Stored = Vec<(String, String, String, CostRow)>;

/// A cost as it was computed.
#[derive(Debug, Clone)]
pub struct KnownCost {
    /// The figures.
    pub preview: Preview,
    /// UTC.
    pub computed_at: NaiveDateTime,
    /// Whether another policy is in force by now: then it compares with what
    /// holds no more.
    pub is_old: bool,
}

/// Computes what a stored policy would cost and keeps it.
///
/// # Errors
/// Not found; no policy is in force; what `progress` says.
pub fn compute_cost(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: i64,
    month: Month,
    progress: &mut dyn FnMut(i64, i64) -> AppResult<()>,
) -> AppResult<()> {
    let (policy, present_id) =
        store.read(|conn| Ok((pinned(conn, id)?.policy, in_force(conn)?.row.id)))?;
    let preview = preview(store, by, &policy, month, progress)?;
    let rows: Stored = preview
        .rows
        .into_iter()
        .map(|((program, place), row)| {
            let name = preview.places.get(&place).unwrap_or(&place).clone();
            (program, place, name, row)
        })
        .collect();
    let body = serde_json::to_string(&rows).map_err(unreadable)?;
    store.write(by.street(), |tx| {
        let row = PolicyCostRow {
            policy_id: id,
            present_id,
            street_code: by.street().to_owned(),
            month,
            body,
            computed_at: tx.clock().now(),
        };
        replace_policy_cost(tx.conn, &row)?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "policy.cost",
            object_kind: "policy",
            object_id: Some(id),
            reason: None,
            detail: Some(&format!("month={month}")),
        })?;
        Ok(())
    })
}

fn unreadable(_: serde_json::Error) -> AppError {
    AppError::coded(
        ErrorCode::Integrity,
        "该测算结果无法读取,请重新测算。",
        "This cost cannot be read. Compute it again.",
    )
}

/// The cost of a policy in a month, if it was computed.
///
/// # Errors
/// No such policy; a stored cost cannot be read.
pub fn known_cost(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: i64,
    month: Month,
) -> AppResult<Option<KnownCost>> {
    store.read(|conn| {
        pinned(conn, id)?;
        let Some(row) = find_policy_cost(conn, id, by.street(), month)? else { return Ok(None) };
        let stored: Stored = serde_json::from_str(&row.body).map_err(unreadable)?;
        let (mut rows, mut places) = (BTreeMap::new(), BTreeMap::new());
        for (program, place, name, figures) in stored {
            places.insert(place.clone(), name);
            rows.insert((program, place), figures);
        }
        let is_old = in_force(conn)?.row.id != row.present_id;
        Ok(Some(KnownCost {
            preview: Preview { rows, places },
            computed_at: row.computed_at,
            is_old,
        }))
    })
}
