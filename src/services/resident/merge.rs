//! Two records of one person become one (`domain.md` §2.5). One id stays; the
//! other record ends in state 已合并 and points to it. A second person confirms
//! it: see `services::change`.

use serde::{Deserialize, Serialize};

use super::correct::{diff, register_event};
use super::load;
use crate::domain::code_table::Relation;
use crate::domain::fact::{Change, FactDates, effect};
use crate::domain::household::{self, HouseholdKind, LeaveReason, Span};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::resident::{MergeField, ResidentStatus};
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::household::counts;
use crate::services::household::home::{Home, merge_units};
use crate::services::record::{Changes, check_required, one_row, open_opt, seal_opt, stale};
use crate::store::membership::{self, MembershipRow};
use crate::store::resident::{
    self as rows, DOC_NO, IdentityClaim, PHONE, ResidentRow, mark_claim_moved,
};
use crate::store::{Tx, award, fact, merge, pending_change};

/// A merge of two records as entered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MergeRecords {
    /// The record that stays.
    pub keep: ResidentId,
    /// The record that ends.
    pub gone: ResidentId,
    /// Their versions as read.
    pub versions: (i32, i32),
    /// What is taken from the record that ends.
    pub take: Vec<MergeField>,
    /// Why they are one person.
    pub reason: String,
}

/// Merges inside a transaction.
///
/// # Errors
/// Everything that stands against it at once; a stale version.
pub(crate) fn merge_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &MergeRecords,
    changes: &mut Changes,
) -> AppResult<()> {
    let keep = load(tx, scope, input.keep)?;
    let gone = load(tx, scope, input.gone)?;
    if (keep.version, gone.version) != input.versions {
        return Err(stale());
    }
    let mut refusals = faults(tx, &keep, &gone)?;
    check_required(&mut refusals, "reason", &input.reason);
    let homes = memberships(tx, &keep, &gone, &mut refusals)?;
    AppError::refused_unless_empty(refusals)?;
    mark_months(tx, &keep, &gone, changes)?;
    let street = scope.street_code();
    let mut moved = merge::mark_records_moved(tx.conn, street, gone.id, keep.id)?;
    moved.push(("award", merge::mark_award_moved(tx.conn, street, gone.id, keep.id)?));
    moved.push(("membership", homes.moving.len()));
    move_memberships(tx, &keep, &gone, homes, changes)?;
    if keep.unit_id != gone.unit_id {
        merge_units(tx, street, vec![keep.unit_id, gone.unit_id], changes)?;
    }
    save(tx, &keep, &gone, &input.take, changes)?;
    let moved: Vec<String> = moved
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(table, count)| format!("{table}={count}"))
        .collect();
    let what = format!("{} {}", gone.id, moved.join(" "));
    changes.field(("resident", keep.id.0), "merged_record", None, Some(what));
    Ok(())
}

fn against(zh: impl Into<String>, en: impl Into<String>) -> Refusal {
    Refusal::new(ErrorCode::Conflict, zh, en)
}

/// What stands against the merge besides the households.
fn faults(tx: &mut Tx<'_>, keep: &ResidentRow, gone: &ResidentRow) -> AppResult<Vec<Refusal>> {
    let street = &keep.street_code;
    let mut refusals = Vec::new();
    let merged = [keep, gone].iter().any(|row| row.status == ResidentStatus::Merged);
    if keep.id == gone.id || merged || keep.status != gone.status {
        refusals.push(against(
            format!(
                "两条记录的状态须相同且未合并(现为“{}”和“{}”)。",
                keep.status.zh(),
                gone.status.zh()
            ),
            format!(
                "Two records of the same state, not merged yet, are needed (\"{}\" and \"{}\").",
                keep.status.en(),
                gone.status.en()
            ),
        ));
    }
    let waiting = pending_change::list_pending_changes(tx.conn, street)?;
    if waiting.iter().any(|row| row.resident_id == gone.id) {
        refusals.push(against(
            "被并入的记录还有待确认的变更,请先处理。",
            "Changes of the record that ends wait for a second person; decide them first.",
        ));
    }
    // A posted line is fixed and names its beneficiary for ever.
    if merge::has_money(tx.conn, street, gone.id)? {
        refusals.push(match merge::has_money(tx.conn, street, keep.id)? {
            true => against(
                "两条记录都已编入发放批次,不能合并。请先停发其中一条并处理已发金额。",
                "Money was drafted for both records: stop one and settle what it was paid first.",
            ),
            false => against(
                "被并入的记录已编入发放批次,请改为保留这一条。",
                "Money was drafted for the record that would end: keep that one instead.",
            ),
        });
    }
    let awards = award::list_awards_of_unit(tx.conn, street, gone.unit_id)?;
    for own in awards.iter().filter(|row| row.beneficiary_id.0 == gone.id.0) {
        let mine = crate::domain::ids::BeneficiaryId(keep.id.0);
        if award::find_award_of(tx.conn, street, &own.program, mine)?.is_some() {
            refusals.push(against(
                format!("两条记录都有“{}”待遇,请先停止其中一条。", own.program),
                format!("Both records have an award of \"{}\": stop one first.", own.program),
            ));
        }
    }
    Ok(refusals)
}

/// What becomes of the memberships of the record that ends.
#[derive(Default)]
struct Memberships {
    /// They become the other record's.
    moving: Vec<MembershipRow>,
    /// The other record is in the same household already: they end.
    ending: Vec<HouseholdId>,
}

fn span(row: &MembershipRow) -> Span {
    Span {
        resident: row.resident_id,
        relation: Relation::parse(&row.relation_code).unwrap_or(Relation::HEAD),
        from_on: row.from_on,
        to_on: row.to_on,
    }
}

fn memberships(
    tx: &mut Tx<'_>,
    keep: &ResidentRow,
    gone: &ResidentRow,
    refusals: &mut Vec<Refusal>,
) -> AppResult<Memberships> {
    let street = keep.street_code.as_str();
    let mine = membership::list_memberships_of(tx.conn, street, keep.id)?;
    let mut found = Memberships::default();
    for row in membership::list_memberships_of(tx.conn, street, gone.id)? {
        let clash = mine
            .iter()
            .find(|other| other.kind == row.kind && household::overlap(&span(other), &span(&row)));
        match clash {
            None => found.moving.push(row),
            Some(other) if other.household_id == row.household_id => {
                // One that is over stays with the record that ends.
                if row.to_on.is_none() {
                    found.ending.push(row.household_id);
                }
            }
            Some(_) => refusals.push(against(
                format!("两条记录同时在两个{}中,请先从其中一户移出。", row.kind.zh()),
                format!("The records are in two {}s at once: leave one first.", row.kind.en()),
            )),
        }
    }
    Ok(found)
}

/// What the moved records say counts for the person from their own months on,
/// and is known from today.
fn mark_months(
    tx: &mut Tx<'_>,
    keep: &ResidentRow,
    gone: &ResidentRow,
    changes: &mut Changes,
) -> AppResult<()> {
    let street = keep.street_code.as_str();
    let facts = fact::list_facts_of(tx.conn, street, gone.id)?;
    let certificates = crate::store::certificate::list_certificates_of(tx.conn, street, gone.id)?;
    let earliest =
        facts.iter().map(|f| f.from_month).chain(certificates.iter().map(|c| c.from_month)).min();
    if let Some(month) = earliest {
        let today = tx.clock().today();
        changes.mark(keep.unit_id.min(gone.unit_id), month, today);
    }
    Ok(())
}

fn move_memberships(
    tx: &mut Tx<'_>,
    keep: &ResidentRow,
    gone: &ResidentRow,
    homes: Memberships,
    changes: &mut Changes,
) -> AppResult<()> {
    let whole = Scope::street(&keep.street_code);
    let today = tx.clock().today();
    for row in homes.moving {
        let moved = MembershipRow { resident_id: keep.id, ..row.clone() };
        one_row(membership::mark_membership(tx.conn, &moved)?)?;
        let text = |id: ResidentId| Some(id.to_string());
        changes.field(("membership", row.id), "resident_id", text(gone.id), text(keep.id));
        if row.kind == HouseholdKind::Assist {
            changes.mark(keep.unit_id.min(gone.unit_id), row.from_month, today);
        }
        let mut home = Home::load_any(tx, &whole, row.household_id)?;
        if home.row().head_id == Some(gone.id) {
            hand_over(&mut home, keep.id)?;
        }
        home.save(tx, changes)?;
    }
    let decided = FactDates { decided_on: Some(today), ..FactDates::default() };
    let counts = counts(effect(Change::Decided, &decided))?;
    for id in homes.ending {
        let mut home = Home::load(tx, &whole, id)?;
        let was_head = home.row().head_id == Some(gone.id);
        home.leave(gone.id, today, LeaveReason::Correction, counts)?;
        if was_head {
            hand_over(&mut home, keep.id)?;
        }
        home.save(tx, changes)?;
    }
    Ok(())
}

/// The head is the same person under another id: nobody's relation changes.
fn hand_over(home: &mut Home, head: ResidentId) -> AppResult<()> {
    let relations: Vec<(ResidentId, Relation)> = home
        .open_members()
        .filter(|m| m.resident_id != head)
        .filter_map(|m| Some((m.resident_id, Relation::parse(&m.relation_code)?)))
        .collect();
    home.set_head(head, &relations)
}

fn save(
    tx: &mut Tx<'_>,
    keep: &ResidentRow,
    gone: &ResidentRow,
    take: &[MergeField],
    changes: &mut Changes,
) -> AppResult<()> {
    let now = tx.clock().now();
    let mut new = keep.clone();
    let mut ended = ResidentRow {
        status: ResidentStatus::Merged,
        merged_into: Some(keep.id.0),
        version: gone.version + 1,
        updated_at: now,
        ..gone.clone()
    };
    for field in take {
        adopt(tx, *field, (keep, gone), &mut new, &mut ended)?;
    }
    let swapped = new.doc_no_index != keep.doc_no_index;
    if swapped {
        // A number stands in one row at a time.
        let bare = ResidentRow { doc_no_index: None, ..ended.clone() };
        one_row(rows::mark_resident(tx.conn, &bare, gone.version)?)?;
        ended.version += 1;
        for (index, from, to) in
            [(&keep.doc_no_index, keep.id, gone.id), (&gone.doc_no_index, gone.id, keep.id)]
        {
            let Some(index) = index else { continue };
            let claim = IdentityClaim {
                blind_index: index.clone(),
                street_code: keep.street_code.clone(),
                resident_id: to,
            };
            one_row(mark_claim_moved(tx.conn, from, &claim)?)?;
        }
    }
    new.version += 1;
    new.updated_at = now;
    one_row(rows::mark_resident(tx.conn, &new, keep.version)?)?;
    let before = if swapped { ended.version - 1 } else { gone.version };
    one_row(rows::mark_resident(tx.conn, &ended, before)?)?;
    diff(tx, keep, &new, changes)?;
    let current = load(tx, &Scope::street(&keep.street_code), keep.id)?;
    register_event(tx, keep, &current, changes)?;
    let record = ("resident", gone.id.0);
    let text = |status: ResidentStatus| Some(status.code().to_owned());
    changes.field(record, "status", text(gone.status), text(ended.status));
    changes.field(record, "merged_into", None, Some(keep.id.to_string()));
    Ok(())
}

/// Takes a group of fields over. A number that is given up goes to the record
/// that ends, so that whoever looks for it still finds the person.
fn adopt(
    tx: &Tx<'_>,
    field: MergeField,
    (keep, gone): (&ResidentRow, &ResidentRow),
    new: &mut ResidentRow,
    ended: &mut ResidentRow,
) -> AppResult<()> {
    let reseal = |name: &str, value: &Option<Vec<u8>>, from: ResidentId, to: ResidentId| {
        let text = open_opt(tx.cipher(), name, from.0, value.as_deref())?;
        seal_opt(tx.cipher(), name, to.0, text.as_deref())
    };
    match field {
        MergeField::Name => {
            new.name.clone_from(&gone.name);
            new.name_pinyin.clone_from(&gone.name_pinyin);
            new.name_initials.clone_from(&gone.name_initials);
        }
        MergeField::Document => {
            for (into, from) in [(&mut *new, gone), (ended, keep)] {
                into.doc_kind = from.doc_kind;
                into.doc_no_enc = reseal(DOC_NO, &from.doc_no_enc, from.id, into.id)?;
                into.doc_no_index.clone_from(&from.doc_no_index);
                into.temp_no.clone_from(&from.temp_no);
            }
        }
        MergeField::Birth => {
            new.birth_on = gone.birth_on;
            new.sex = gone.sex;
        }
        MergeField::Phone => {
            new.phone_enc = reseal(PHONE, &gone.phone_enc, gone.id, keep.id)?;
            new.phone_index.clone_from(&gone.phone_index);
        }
        MergeField::Area => new.area_code.clone_from(&gone.area_code),
        MergeField::Status => new.residence_status = gone.residence_status,
        MergeField::Personal => {
            new.ethnicity.clone_from(&gone.ethnicity);
            new.marital = gone.marital;
            new.education = gone.education;
        }
    }
    Ok(())
}
