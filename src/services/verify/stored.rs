//! Tables of closed months, as they were stored.

use sha2::{Digest, Sha256};

use super::{Check, Fault};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::store::{Db, verify as queries};

/// Each stored summary matches its digest.
pub(super) fn summaries(conn: &mut Db) -> AppResult<Check> {
    let stored = queries::list_summaries(conn)?;
    let mut faults = Vec::new();
    for (street, month) in &stored {
        let (body, digest) = queries::load_summary(conn, street, *month)?;
        if Sha256::digest(body.as_bytes()).as_slice() != digest.as_slice() {
            faults.push(Fault::new(
                format!("summary {} ({street})", Month::from_index(*month)),
                "已关账月份的汇总表被改动。",
                "The stored summary of a closed month was changed.",
            ));
        }
    }
    Ok(Check {
        name: "summaries",
        zh: "已关账月份的汇总表与摘要一致",
        en: "the summaries of closed months match their digests",
        examined: Some(stored.len() as u64),
        faults,
    })
}
