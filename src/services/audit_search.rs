//! P-80: who did what. Entries carry ids and names of fields, never values.

use chrono::{Duration, NaiveDate};

use super::auth::{Authorized, ReadAudit};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::audit::{self, AuditFilter, AuditRow};
use crate::store::{REGISTRY_CHAIN, Store};

/// What is asked for; days are days in Shanghai.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
    /// Who.
    pub actor: Option<String>,
    /// Beginning of the action.
    pub action: Option<String>,
    /// Id of the object.
    pub object_id: Option<i64>,
    /// The chain of accounts and policies instead of the street's.
    pub registry: bool,
    /// Only entries before this one.
    pub before: Option<i64>,
    /// Rows per page.
    pub limit: i64,
}

/// Most days that one query may span.
pub const MAX_DAYS: i64 = 31;

/// A page of entries, the latest first, and whether there are older ones.
///
/// # Errors
/// More than [`MAX_DAYS`] days, or the wrong way round.
pub fn search(
    store: &Store,
    by: &Authorized<'_, ReadAudit>,
    query: &AuditQuery,
) -> AppResult<(Vec<AuditRow>, bool)> {
    let days = query.to.signed_duration_since(query.from).num_days();
    if !(0..MAX_DAYS).contains(&days) {
        return Err(AppError::refuse(Refusal::field(
            "from",
            "时间范围应为 1 至 31 天。",
            "Choose a range of 1 to 31 days.",
        )));
    }
    // Days begin at 16:00 UTC of the day before.
    let utc = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN) - Duration::hours(8);
    let filter = AuditFilter {
        street: if query.registry { REGISTRY_CHAIN.to_owned() } else { by.street().to_owned() },
        from: utc(query.from),
        to: utc(query.to) + Duration::days(1),
        actor: query.actor.clone(),
        action: query.action.clone(),
        object_id: query.object_id,
        before: query.before,
    };
    let mut rows = store.read(|conn| Ok(audit::search(conn, &filter, query.limit + 1)?))?;
    let more = i64::try_from(rows.len()).is_ok_and(|n| n > query.limit);
    rows.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    Ok((rows, more))
}

/// The chains and how many entries each has.
///
/// # Errors
/// The database failed.
pub fn chains(store: &Store, _by: &Authorized<'_, ReadAudit>) -> AppResult<Vec<(String, i64)>> {
    let heads = store.read(|conn| Ok(audit::list_heads(conn)?))?;
    Ok(heads.into_iter().map(|head| (head.street_code, head.seq)).collect())
}
