//! P-32: one field in plain, with a reason, within a quota.

use crate::domain::ids::ResidentId;
use crate::domain::reveal::{RevealField, RevealPurpose};
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::record::{check_required, open_opt};
use crate::store::Store;
use crate::store::audit::{self, Entry};
use crate::store::resident as rows;

/// Values that one person may look at in a day (SEC-118).
#[must_use]
pub const fn daily_quota(role: Role) -> i64 {
    match role {
        Role::Grid => 50,
        _ => 200,
    }
}

const ACTION: &str = "resident.reveal";

/// How many values the caller has looked at in the last 24 hours.
///
/// # Errors
/// The database failed.
pub fn revealed_today(store: &Store, by: &Authorized<'_, ViewRegistry>) -> AppResult<i64> {
    let since = store.clock().now() - chrono::Duration::hours(24);
    store.read(|conn| Ok(audit::count_since(conn, by.street(), by.username(), ACTION, since)?))
}

/// One field in plain; empty if the record has none. Who looked at which field
/// of whom, and why, is in the audit log; the value is not.
///
/// # Errors
/// Not found or out of scope; "other" without words; the quota is used up.
pub fn reveal_field(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
    field: RevealField,
    purpose: RevealPurpose,
    words: &str,
) -> AppResult<String> {
    let mut refusals = Vec::new();
    if purpose == RevealPurpose::Other {
        check_required(&mut refusals, "reason", words);
        if words.chars().count() < 10 {
            refusals.push(crate::error::Refusal::field(
                "reason",
                "选择“其他”时,请用至少 10 个字说明用途。",
                "With \"other\", describe the purpose in at least 10 characters.",
            ));
        }
    } else {
        crate::services::record::check_text(&mut refusals, "reason", words);
    }
    AppError::refused_unless_empty(refusals)?;
    let since = store.clock().now() - chrono::Duration::hours(24);
    store.write(by.street(), |tx| {
        let row = super::load(tx, by.scope(), id)?;
        let quota = daily_quota(by.role());
        if audit::count_since(tx.conn, by.street(), by.username(), ACTION, since)? >= quota {
            return Err(AppError::coded(
                ErrorCode::Forbidden,
                format!("您在 24 小时内已显示 {quota} 次,达到上限。确有需要请联系主管。"),
                format!("You have looked at {quota} values in 24 hours, which is the limit."),
            ));
        }
        let (name, value) = match field {
            RevealField::DocNo => (rows::DOC_NO, row.doc_no_enc.as_deref()),
            RevealField::Phone => (rows::PHONE, row.phone_enc.as_deref()),
        };
        let value = open_opt(tx.cipher(), name, id.0, value)?;
        let reason = format!("{} {}", purpose.code(), words.trim());
        tx.audit(&Entry {
            actor: by.username(),
            action: ACTION,
            object_kind: "resident",
            object_id: Some(id.0),
            reason: Some(reason.trim()),
            detail: Some(&format!("fields={}", field.code())),
        })?;
        Ok(value.unwrap_or_default())
    })
}
