//! P-82: how often masked values were looked at, by whom and what for.

use std::collections::BTreeMap;

use chrono::{Duration, NaiveDate};

use super::audit_search::{self, AuditQuery};
use super::auth::{Authorized, ReadAudit};
use crate::domain::reveal::RevealPurpose;
use crate::error::AppResult;
use crate::store::Store;

/// Entries that are counted at most; more of them in a month stand out by
/// themselves.
const MOST: i64 = 20_000;

/// What somebody looked at on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevealDay {
    /// Who.
    pub actor: String,
    /// The day in Shanghai.
    pub day: NaiveDate,
    /// Values.
    pub count: usize,
    /// Of how many people.
    pub people: usize,
    /// What for, the most frequent first.
    pub purposes: Vec<(RevealPurpose, usize)>,
}

/// Revealed values per person and day, the latest day first.
///
/// # Errors
/// More than 31 days.
pub fn by_day(
    store: &Store,
    by: &Authorized<'_, ReadAudit>,
    from: NaiveDate,
    to: NaiveDate,
) -> AppResult<Vec<RevealDay>> {
    let query = AuditQuery {
        from,
        to,
        actor: None,
        action: Some("resident.reveal".to_owned()),
        object_id: None,
        registry: false,
        before: None,
        limit: MOST,
    };
    let (rows, _) = audit_search::search(store, by, &query)?;
    let mut days: BTreeMap<_, (usize, Vec<i64>, BTreeMap<&'static str, usize>)> = BTreeMap::new();
    for row in rows {
        let day = (row.at + Duration::hours(8)).date();
        let (count, people, purposes) =
            days.entry((std::cmp::Reverse(day), row.actor)).or_default();
        *count += 1;
        people.extend(row.object_id);
        let code = row.reason.as_deref().and_then(|reason| reason.split(' ').next());
        let purpose = code.and_then(RevealPurpose::from_code).unwrap_or(RevealPurpose::Other);
        *purposes.entry(purpose.code()).or_default() += 1;
    }
    Ok(days
        .into_iter()
        .map(|((day, actor), (count, mut people, purposes))| {
            people.sort_unstable();
            people.dedup();
            let mut purposes: Vec<(RevealPurpose, usize)> = purposes
                .into_iter()
                .filter_map(|(code, count)| Some((RevealPurpose::from_code(code)?, count)))
                .collect();
            purposes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            RevealDay { actor, day: day.0, count, people: people.len(), purposes }
        })
        .collect())
}
