//! What every change of the registry leaves behind: one audit entry, a history
//! entry per new record or changed field, and marks of what has to be computed
//! again. All of it in the transaction of the change.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::domain::ids::UnitId;
use crate::domain::month::Month;
use crate::domain::normalise;
use crate::domain::role::Role;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::audit::Entry;
use crate::store::cipher::SealError;
use crate::store::history::{self, HistoryRow};
use crate::store::recheck::{self, RecheckRow};
use crate::store::{Cipher, Tx};

/// One record that is new, or one field of it that changed.
struct Change {
    kind: &'static str,
    id: i64,
    field: Option<&'static str>,
    old: Option<String>,
    new: Option<String>,
}

/// Collects what a use case changed, to be written once at its end.
#[derive(Default)]
pub(crate) struct Changes {
    changes: Vec<Change>,
    marks: BTreeMap<(UnitId, NaiveDate), Month>,
}

/// What the audit entry of a use case says.
pub(crate) struct Act<'a> {
    /// Whose chain and history.
    pub street: &'a str,
    /// Username.
    pub actor: &'a str,
    /// For example `resident.register`.
    pub action: &'a str,
    /// Table of the main record.
    pub object_kind: &'a str,
    /// Its id.
    pub object_id: i64,
    /// Why, if a reason was asked for.
    pub reason: Option<&'a str>,
}

impl Changes {
    /// A record was created.
    pub(crate) fn created(&mut self, kind: &'static str, id: i64) {
        self.changes.push(Change { kind, id, field: None, old: None, new: None });
    }

    /// A field may have changed; equal values leave no trace.
    pub(crate) fn field(
        &mut self,
        record: (&'static str, i64),
        field: &'static str,
        old: Option<String>,
        new: Option<String>,
    ) {
        if old != new {
            let (kind, id) = record;
            self.changes.push(Change { kind, id, field: Some(field), old, new });
        }
    }

    /// From `from_month` on the unit has to be computed again by any run that
    /// knows what became known on `known_on`.
    pub(crate) fn mark(&mut self, unit: UnitId, from_month: Month, known_on: NaiveDate) {
        let mark = self.marks.entry((unit, known_on)).or_insert(from_month);
        *mark = (*mark).min(from_month);
    }

    /// A unit became part of another one: its marks go along.
    pub(crate) fn rename_unit(&mut self, from: UnitId, into: UnitId) {
        let moved: Vec<_> = self.marks.keys().copied().filter(|(unit, _)| *unit == from).collect();
        for key in moved {
            if let Some(month) = self.marks.remove(&key) {
                self.mark(into, month, key.1);
            }
        }
    }

    /// Whether any record or field changed.
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Writes the audit entry, the history and the marks.
    pub(crate) fn write(self, tx: &mut Tx<'_>, act: &Act<'_>) -> AppResult<()> {
        let fields: BTreeSet<&str> = self.changes.iter().filter_map(|c| c.field).collect();
        let created = self.changes.iter().filter(|c| c.field.is_none()).count();
        let mut detail = Vec::new();
        if created > 0 {
            detail.push(format!("created={created}"));
        }
        if !fields.is_empty() {
            detail.push(format!("fields={}", fields.into_iter().collect::<Vec<_>>().join(",")));
        }
        let detail = detail.join(" ");
        let seq = tx.audit_in(
            act.street,
            &Entry {
                actor: act.actor,
                action: act.action,
                object_kind: act.object_kind,
                object_id: Some(act.object_id),
                reason: act.reason,
                detail: (!detail.is_empty()).then_some(detail.as_str()),
            },
        )?;
        let at = tx.clock().now();
        let mut rows = Vec::with_capacity(self.changes.len());
        for change in &self.changes {
            let id = tx.next_id();
            rows.push(HistoryRow {
                id,
                street_code: act.street.to_owned(),
                object_kind: change.kind.to_owned(),
                object_id: change.id,
                field: change.field.map(str::to_owned),
                old_enc: seal_opt(tx.cipher(), history::OLD, id, change.old.as_deref())?,
                new_enc: seal_opt(tx.cipher(), history::NEW, id, change.new.as_deref())?,
                at,
                actor: act.actor.to_owned(),
                reason: act.reason.map(str::to_owned),
                audit_seq: seq,
            });
        }
        history::insert_history(tx.conn, &rows)?;
        let marks: Vec<RecheckRow> = self
            .marks
            .into_iter()
            .map(|((unit_id, known_on), from_month)| RecheckRow {
                id: tx.next_id(),
                street_code: act.street.to_owned(),
                unit_id,
                from_month,
                known_on,
            })
            .collect();
        recheck::insert_rechecks(tx.conn, &marks)?;
        Ok(())
    }
}

/// The words for a value that does not seal or open.
pub(crate) fn sealed(_: SealError) -> AppError {
    AppError::coded(
        ErrorCode::Sealed,
        "一个加密字段打不开:密钥不对,或该值被改动、挪动过。请运行 mingce verify。",
        "An encrypted field does not open: the key is wrong, or the value was changed or moved. \
         Run mingce verify.",
    )
}

/// Seals a text.
pub(crate) fn seal(cipher: &Cipher, field: &str, owner: i64, text: &str) -> AppResult<Vec<u8>> {
    cipher.seal(field, owner, text.as_bytes()).map_err(sealed)
}

/// Seals a text if there is one.
pub(crate) fn seal_opt(
    cipher: &Cipher,
    field: &str,
    owner: i64,
    text: Option<&str>,
) -> AppResult<Option<Vec<u8>>> {
    text.map(|text| seal(cipher, field, owner, text)).transpose()
}

/// Opens a text if there is one.
pub(crate) fn open_opt(
    cipher: &Cipher,
    field: &str,
    owner: i64,
    value: Option<&[u8]>,
) -> AppResult<Option<String>> {
    value.map(|value| cipher.open_text(field, owner, value).map_err(sealed)).transpose()
}

/// Somebody else saved in the meantime (`ux.md` M-15).
pub(crate) fn stale() -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        "该记录刚被别人修改过。请重新打开,核对后再保存。",
        "Somebody saved a newer version of this record. Open it again, compare, and save.",
    )
}

/// Refuses a step on another version than the one that was read (SEC-151).
/// Nobody said which: the state alone guards.
pub(crate) fn check_version(now: i32, seen: Option<i32>) -> AppResult<()> {
    if seen.is_none_or(|seen| seen == now) {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::Stale,
        format!("该记录刚被别人修改过(现为第 {now} 版)。请重新打开,核对后再保存。"),
        format!(
            "Somebody saved a newer version of this record ({now}). Open it again, compare, and save."
        ),
    ))
}

/// `rulings.md` P10: the second person is another user at supervisor level or
/// above. `first` is who entered the change, if somebody did.
pub(crate) fn check_second(role: Role, username: &str, first: Option<&str>) -> AppResult<()> {
    if first == Some(username) {
        return Err(AppError::coded(
            ErrorCode::SeparationOfDuties,
            "录入人不能确认自己录入的内容,请由另一人确认。",
            "Whoever entered this may not confirm it; ask somebody else.",
        ));
    }
    if role.is_second_person() { Ok(()) } else { Err(below_supervisor()) }
}

/// The refusal of what only a supervisor or above does.
pub(crate) fn below_supervisor() -> AppError {
    AppError::coded(
        ErrorCode::Forbidden,
        "须由社区主管及以上人员办理。",
        "Only a supervisor or above may do this.",
    )
}

/// `rulings.md` P10: what a benefit depends on is proposed by a signed-in
/// person and confirmed by another ([`super::change`]). Only the operator at the
/// machine, who sets a registry up, writes it directly.
pub(crate) fn check_direct(role: Role) -> AppResult<()> {
    if is_direct(role) {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::SeparationOfDuties,
        "收入、保障人口、档次和领款账户的变更须由第二人确认,请提交为待确认变更。",
        "A change of income, counted members, tier or payee account needs a second person: \
         propose it.",
    ))
}

/// Whether what this role enters takes effect without a second person.
pub(crate) fn is_direct(role: Role) -> bool {
    role == Role::Operator
}

/// Exactly one row must have changed.
pub(crate) fn one_row(rows: usize) -> AppResult<()> {
    if rows == 1 { Ok(()) } else { Err(stale()) }
}

/// Refuses personal numbers in free text (SEC-200) and empty or endless text.
pub(crate) fn check_text(refusals: &mut Vec<Refusal>, field: &str, text: &str) {
    if let Some(run) = normalise::personal_run(text) {
        refusals.push(Refusal::field(field, run.zh(), run.en()));
    }
    if text.chars().count() > 500 {
        refusals.push(Refusal::field(
            field,
            "文字不能超过 500 字。",
            "The text must not be longer than 500 characters.",
        ));
    }
}

/// As [`check_text`], for text that must be there.
pub(crate) fn check_required(refusals: &mut Vec<Refusal>, field: &str, text: &str) {
    if text.trim().is_empty() {
        refusals.push(Refusal::field(field, "必填。", "This is required."));
    }
    check_text(refusals, field, text);
}

/// As [`check_text`], for text that may be there.
pub(crate) fn check_optional(refusals: &mut Vec<Refusal>, field: &str, text: Option<&str>) {
    if let Some(text) = text {
        check_text(refusals, field, text);
    }
}
