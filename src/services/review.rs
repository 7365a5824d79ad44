//! Tasks to look at something: opened by events, ended by a person. A task
//! changes nothing by itself.

use super::auth::{Authorized, EditAward, ViewRegistry};
use super::award;
use super::record::{Act, Changes, check_required, one_row};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::pending::ReviewKind;
use crate::domain::role::Rights;
use crate::error::{AppError, AppResult};
use crate::services::report::programs::load_in_force;
use crate::store::award::find_award;
use crate::store::resident::list_residents_by_id;
use crate::store::review_task::{self as rows, ReviewTaskRow};
use crate::store::{Store, Tx};

/// A household got another head: awards that pay into an account of the old
/// one are flagged. The money is not switched: whose account it should be is
/// for a person to say.
pub(crate) fn flag_payee(
    tx: &mut Tx<'_>,
    street: &str,
    household: HouseholdId,
    old_head: ResidentId,
    changes: &mut Changes,
) -> AppResult<()> {
    let awards = rows::list_awards_paid_to(tx.conn, street, household, old_head)?;
    if awards.is_empty() {
        return Ok(());
    }
    let open = rows::list_open_review_tasks(tx.conn, street)?;
    for award in awards {
        if open.iter().any(|task| task.award_id == award && task.kind == ReviewKind::Payee) {
            continue;
        }
        let row = ReviewTaskRow {
            id: tx.next_id(),
            street_code: street.to_owned(),
            kind: ReviewKind::Payee,
            award_id: award,
            opened_on: tx.clock().today(),
            done_on: None,
            done_by: None,
            note: None,
        };
        rows::insert_review_task(tx.conn, &row)?;
        changes.created("review_task", row.id);
    }
    Ok(())
}

/// A task as its page shows it.
#[derive(Debug, Clone)]
pub struct TaskLine {
    /// Its id.
    pub id: i64,
    /// Why.
    pub kind: ReviewKind,
    /// The applicant.
    pub resident: ResidentId,
    /// Their name.
    pub name: String,
    /// Name of the program.
    pub program_zh: String,
    /// The same in English.
    pub program_en: String,
    /// Business date.
    pub opened_on: chrono::NaiveDate,
}

/// The open tasks as their page shows them; those about awards of the mental
/// health domain only with its right.
///
/// # Errors
/// The database failed.
pub fn list_lines(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
) -> AppResult<Vec<TaskLine>> {
    let tasks = list_open(store, by)?;
    store.read(|conn| {
        let programs = load_in_force(conn)?;
        let mut lines = Vec::new();
        for task in tasks {
            let award = find_award(conn, by.street(), task.award_id)?;
            let Some(award) = award else { continue };
            let label = programs.label(&award.program);
            let found = list_residents_by_id(conn, by.street(), &[award.resident_id])?;
            let Some(person) = found.into_iter().next() else { continue };
            if label.mental && !rights.mental {
                continue;
            }
            lines.push(TaskLine {
                id: task.id,
                kind: task.kind,
                resident: person.id,
                name: person.name,
                program_zh: label.zh,
                program_en: label.en,
                opened_on: task.opened_on,
            });
        }
        Ok(lines)
    })
}

/// One of them.
///
/// # Errors
/// Not found, out of scope, ended, or of a domain without its right.
pub fn load_line(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: i64,
    rights: Rights,
) -> AppResult<TaskLine> {
    let found = list_lines(store, by, rights)?.into_iter().find(|line| line.id == id);
    found.ok_or_else(|| AppError::not_found("核对任务", "review task"))
}

/// The open tasks about awards of people in scope, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_open(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<ReviewTaskRow>> {
    store.read(|conn| {
        let mut found = Vec::new();
        for task in rows::list_open_review_tasks(conn, by.street())? {
            let Some(award) = crate::store::award::find_award(conn, by.street(), task.award_id)?
            else {
                continue;
            };
            let person =
                crate::store::resident::find_resident(conn, by.scope(), award.resident_id)?;
            if person.is_some() {
                found.push(task);
            }
        }
        Ok(found)
    })
}

/// Somebody looked: `note` says what they found. Changing the account is a
/// change of its own.
///
/// # Errors
/// Not found; ended already; no note.
pub fn finish(store: &Store, by: &Authorized<'_, EditAward>, id: i64, note: &str) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let not_found = || AppError::not_found("核对任务", "review task");
        let task = rows::find_review_task(tx.conn, by.street(), id)?.ok_or_else(not_found)?;
        award::load(tx, by.scope(), task.award_id).map_err(|_| not_found())?;
        let mut refusals = Vec::new();
        check_required(&mut refusals, "note", note);
        AppError::refused_unless_empty(refusals)?;
        let today = tx.clock().today();
        let place = (by.street(), id);
        one_row(rows::mark_review_task_done(tx.conn, place, today, by.username(), note.trim())?)?;
        let mut changes = Changes::default();
        changes.field(("review_task", id), "done_on", None, Some(today.to_string()));
        changes.write(
            tx,
            &Act {
                street: by.street(),
                actor: by.username(),
                action: "review.finish",
                object_kind: "review_task",
                object_id: id,
                reason: Some(note),
            },
        )
    })
}
