//! Home visits 走访: planned, assigned, done, reviewed.

pub mod hand_over;
pub mod photo;
mod picture;
pub mod plan;
pub mod quarter;
pub mod round;

use chrono::NaiveDate;

use super::auth::{Authorized, EditRegistry};
use super::record::{Act, Changes, check_optional, check_required, one_row};
use super::resident;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::visit::{Finding, Purpose, VisitResult, VisitStatus};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::store::visit::{self as rows, VisitPersonRow, VisitRow};
use crate::store::{Store, Tx};

/// A visit as entered.
#[derive(Debug, Clone)]
pub struct VisitInput {
    /// Unique in the street.
    pub visit_no: String,
    /// Which home.
    pub household: Option<HouseholdId>,
    /// Whom it is about.
    pub persons: Vec<ResidentId>,
    /// What for.
    pub purpose: Purpose,
    /// Planned day.
    pub planned_on: Option<NaiveDate>,
    /// The day it took place.
    pub done_on: Option<NaiveDate>,
    /// Who went.
    pub worker: String,
    /// Who came along, for example a 精防医生.
    pub co_visitor: Option<String>,
    /// What came of it.
    pub result: Option<VisitResult>,
    /// State.
    pub status: VisitStatus,
    /// The day of review.
    pub reviewed_on: Option<NaiveDate>,
    /// What changed.
    pub changed: Vec<Finding>,
    /// The day of the next visit, which is planned with this one.
    pub next_on: Option<NaiveDate>,
    /// Somebody has to come again; without a day two weeks later, as after a
    /// visit that met nobody.
    pub comes_again: bool,
}

/// Registers a visit in any state. Returns its id.
///
/// # Errors
/// All wrong fields at once: a visit that took place has a day and a result, a
/// reviewed one also a day of review.
pub fn add(store: &Store, by: &Authorized<'_, EditRegistry>, input: &VisitInput) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        let mut refusals = Vec::new();
        check_required(&mut refusals, "visit_no", &input.visit_no);
        check_required(&mut refusals, "worker", &input.worker);
        check_optional(&mut refusals, "co_visitor", input.co_visitor.as_deref());
        if input.persons.is_empty() {
            refusals.push(Refusal::field(
                "persons",
                "请至少选择一名走访对象。",
                "Choose at least one person.",
            ));
        }
        let number = input.visit_no.trim();
        if rows::find_visit_by_no(tx.conn, by.street(), number)?.is_some() {
            refusals.push(Refusal::new(
                ErrorCode::Duplicate,
                format!("走访编号“{number}”已存在。"),
                format!("The visit \"{number}\" exists already."),
            ));
        }
        let row = VisitRow {
            id: tx.next_id(),
            street_code: by.street().to_owned(),
            visit_no: number.to_owned(),
            household_id: input.household,
            purpose: input.purpose,
            planned_on: input.planned_on,
            done_on: input.done_on,
            worker: input.worker.trim().to_owned(),
            co_visitor: input.co_visitor.clone(),
            result: input.result,
            status: input.status,
            reviewed_on: input.reviewed_on,
            import_id: None,
            changed: Finding::list(&input.changed),
        };
        let today = tx.clock().today();
        refusals.extend(faults(&row, today));
        if input.next_on.is_some_and(|next| next <= today) {
            refusals.push(Refusal::field(
                "next_on",
                "下次走访日期应在今天以后。",
                "The next visit lies after today.",
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        for person in &input.persons {
            resident::load(tx, by.scope(), *person)?;
        }
        if let Some(household) = input.household {
            crate::store::household::find_household(tx.conn, by.scope(), household)?
                .ok_or_else(|| AppError::not_found("户", "household"))?;
        }
        let mut changes = Changes::default();
        if row.status.is_past() {
            plan::close_plan(tx, &row, &input.persons, &mut changes)?;
        }
        let id = row.id;
        insert(tx, &row, &input.persons)?;
        plan_next(tx, &row, &input.persons, (input.next_on, input.comes_again), &mut changes)?;
        changes.created("visit", id);
        changes.write(tx, &act(by, "visit.add", id))?;
        Ok(id)
    })
}

/// The visit after this one, if there has to be one.
fn plan_next(
    tx: &mut Tx<'_>,
    done: &VisitRow,
    people: &[ResidentId],
    wanted: (Option<NaiveDate>, bool),
    changes: &mut Changes,
) -> AppResult<()> {
    if let Some(next) = plan::next_day(tx, done, people, wanted)? {
        let after = plan::plan_after(tx, done, next);
        insert(tx, &after, people)?;
        changes.created("visit", after.id);
    }
    Ok(())
}

/// A visit with the people it is about.
fn insert(tx: &mut Tx<'_>, row: &VisitRow, persons: &[ResidentId]) -> AppResult<()> {
    rows::insert_visits(tx.conn, std::slice::from_ref(row))?;
    let mut persons = persons.to_vec();
    persons.sort_unstable();
    persons.dedup();
    let links: Vec<VisitPersonRow> = persons
        .into_iter()
        .map(|resident_id| VisitPersonRow {
            street_code: row.street_code.clone(),
            visit_id: row.id,
            resident_id,
        })
        .collect();
    rows::insert_visit_persons(tx.conn, &links)?;
    Ok(())
}

/// The rules of a visit's own fields; the import asks them too.
#[must_use]
pub fn faults(row: &VisitRow, today: NaiveDate) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if row.status.is_past() && row.done_on.is_none() {
        refusals.push(Refusal::field(
            "done_on",
            "已完成的走访请填写走访日期。",
            "A visit that took place has a date.",
        ));
    }
    if row.status.is_past() && row.result.is_none() {
        refusals.push(Refusal::field(
            "result",
            "已完成或已审核的走访请填写走访结果。",
            "A visit that is done or reviewed has a result.",
        ));
    }
    if row.status == VisitStatus::Reviewed && row.reviewed_on.is_none() {
        refusals.push(Refusal::field(
            "reviewed_on",
            "已审核的走访请填写审核日期。",
            "A reviewed visit has a date of review.",
        ));
    }
    if row.done_on.is_some_and(|done| done > today) {
        refusals.push(super::award::future("done_on"));
    }
    if let (Some(done), Some(reviewed)) = (row.done_on, row.reviewed_on)
        && (reviewed < done || reviewed > today)
    {
        refusals.push(Refusal::field(
            "reviewed_on",
            format!("审核日期应在走访日期({done})与今天之间。"),
            format!("The review must lie between the visit ({done}) and today."),
        ));
    }
    refusals
}

fn act<'a>(by: &'a Authorized<'_, EditRegistry>, action: &'a str, id: i64) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "visit",
        object_id: id,
        reason: None,
    }
}

fn load(tx: &mut Tx<'_>, by: &Authorized<'_, EditRegistry>, id: i64) -> AppResult<VisitRow> {
    let not_found = || AppError::not_found("走访", "visit");
    let row = rows::find_visit(tx.conn, by.street(), id)?.ok_or_else(not_found)?;
    for person in rows::list_visit_persons(tx.conn, by.street(), id)? {
        resident::load(tx, by.scope(), person).map_err(|_| not_found())?;
    }
    Ok(row)
}

/// A planned visit is given to a worker.
///
/// # Errors
/// Not found; not planned.
pub fn assign(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    worker: &str,
) -> AppResult<()> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "worker", worker);
    AppError::refused_unless_empty(refusals)?;
    advance(store, by, id, VisitStatus::Assigned, "visit.assign", |row| {
        worker.clone_into(&mut row.worker);
    })
}

/// The visit took place.
///
/// # Errors
/// Not found; not assigned; a day in the future.
pub fn complete(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    done_on: NaiveDate,
    result: VisitResult,
) -> AppResult<()> {
    advance(store, by, id, VisitStatus::Done, "visit.complete", |row| {
        row.done_on = Some(done_on);
        row.result = Some(result);
    })
}

/// Somebody reviewed what was reported.
///
/// # Errors
/// Not found; not done; a day before the visit.
pub fn review(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    reviewed_on: NaiveDate,
) -> AppResult<()> {
    advance(store, by, id, VisitStatus::Reviewed, "visit.review", |row| {
        row.reviewed_on = Some(reviewed_on);
    })
}

fn advance(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: i64,
    to: VisitStatus,
    action: &str,
    change: impl FnOnce(&mut VisitRow),
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let old = load(tx, by, id)?;
        if old.status.next() != Some(to) {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                format!("走访的状态是“{}”,不能改为“{}”。", old.status.zh(), to.zh()),
                format!("The visit is \"{}\" and cannot become \"{}\".", old.status.en(), to.en()),
            ));
        }
        let mut new = old.clone();
        new.status = to;
        change(&mut new);
        AppError::refused_unless_empty(faults(&new, tx.clock().today()))?;
        one_row(rows::mark_visit(tx.conn, &new, old.status)?)?;
        let mut changes = Changes::default();
        if to == VisitStatus::Done {
            let people = rows::list_visit_persons(tx.conn, by.street(), id)?;
            plan_next(tx, &new, &people, (None, false), &mut changes)?;
        }
        let record = ("visit", id);
        let mut field = |name, old: Option<String>, new: Option<String>| {
            changes.field(record, name, old, new);
        };
        let day = |on: Option<NaiveDate>| on.map(|on| on.to_string());
        field("status", Some(old.status.code().into()), Some(new.status.code().into()));
        field("worker", Some(old.worker.clone()), Some(new.worker.clone()));
        field("done_on", day(old.done_on), day(new.done_on));
        field("reviewed_on", day(old.reviewed_on), day(new.reviewed_on));
        field("result", old.result.map(|r| r.code().into()), new.result.map(|r| r.code().into()));
        changes.write(tx, &act(by, action, id))
    })
}
