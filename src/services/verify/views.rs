//! The read log: every group is what its audit entry says, and no row stands
//! outside of a group.

use super::{Check, Fault, NAMED};
use crate::error::AppResult;
use crate::services::view_log::GROUP_ACTION;
use crate::store::{Db, audit, view_log};

const PAGE: i64 = 500;

/// All streets' read logs.
pub(super) fn check(conn: &mut Db) -> AppResult<Check> {
    let (mut examined, mut faults) = (0, Vec::new());
    for head in audit::list_heads(conn)? {
        let street = head.street_code;
        let (mut after, mut rows) = (0, 0);
        loop {
            let groups = audit::list_of_action(conn, &street, GROUP_ACTION, after, PAGE)?;
            let Some(last) = groups.last() else { break };
            after = last.seq;
            for entry in &groups {
                let group = view_log::list_group(conn, &street, entry.seq)?;
                rows += i64::try_from(group.len()).unwrap_or(i64::MAX);
                let found = format!("rows={} digest={}", group.len(), view_log::digest(&group));
                if entry.detail.as_deref() != Some(&found) && faults.len() < NAMED {
                    faults.push(Fault::new(
                        format!("view_log {street}#{}", entry.seq),
                        "该组查看记录被改动、增加或删除。",
                        "Views of this group were changed, added or deleted.",
                    ));
                }
            }
        }
        let stored = view_log::count(conn, &street)?;
        if stored != rows {
            faults.push(Fault::new(
                format!("view_log {street}"),
                format!("查看记录 {stored} 条,审计链只记了 {rows} 条。"),
                format!("{stored} views are stored, the audit chain knows {rows}."),
            ));
        }
        examined += u64::try_from(stored).unwrap_or_default();
    }
    Ok(Check {
        name: "read_log",
        zh: "查看记录与审计链中的摘要一致",
        en: "the read log is what the audit chain says",
        examined: Some(examined),
        faults,
    })
}
