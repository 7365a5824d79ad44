//! Plans: visits to a whole building, a home verified with one button.

use chrono::{Days, NaiveDate};

use super::{act, insert};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId, lettered};
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditRegistry};
use crate::services::record::{Changes, check_required, one_row};
use crate::store::round as rows;
use crate::store::visit::{self as visits, VisitRow};
use crate::store::{Store, Tx, household, membership};

/// When somebody comes again who met nobody.
const REVISIT: Days = Days::new(14);

/// What is planned for a building.
#[derive(Debug, Clone)]
pub struct PlanInput {
    /// Community or grid.
    pub area_code: String,
    /// Beginning of the addresses.
    pub building: String,
    /// What for.
    pub purpose: Purpose,
    /// The day.
    pub planned_on: NaiveDate,
    /// Who goes.
    pub worker: String,
    /// Who comes along (quarterly, a 精防医生).
    pub co_visitor: Option<String>,
}

/// Plans one visit to every door of a building that has none planned with this
/// purpose; whoever is registered or lives there is asked at once. Returns how
/// many.
///
/// # Errors
/// Every wrong field; no household there.
pub fn plan(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    input: &PlanInput,
) -> AppResult<usize> {
    store.write(by.street(), |tx| {
        let mut refusals = Vec::new();
        check_required(&mut refusals, "building", &input.building);
        check_required(&mut refusals, "worker", &input.worker);
        if input.planned_on < tx.clock().today() {
            let (zh, en) = ("计划日期不能早于今天。", "The planned day must not be in the past.");
            refusals.push(Refusal::field("planned_on", zh, en));
        }
        if matches!(input.purpose, Purpose::Child | Purpose::Mental) {
            let (zh, en) = ("此类走访请在个人档案中安排。", "Plan such a visit at the person.");
            refusals.push(Refusal::field("purpose", zh, en));
        }
        AppError::refused_unless_empty(refusals)?;
        let building = input.building.trim();
        let doors = rows::list_doors(tx.conn, by.scope())?;
        let doors: Vec<_> = doors
            .into_iter()
            .filter(|door| door.area_code == input.area_code && door.address.starts_with(building))
            .collect();
        if doors.is_empty() {
            return Err(AppError::refuse(Refusal::field(
                "building",
                "该区域没有地址以此开头的住户。",
                "No household of this area has an address that begins like this.",
            )));
        }
        let mut changes = Changes::default();
        let mut first = None;
        let mut planned = 0;
        for homes in doors.chunk_by(|a, b| a.address.trim() == b.address.trim()) {
            let (mut is_planned, mut people) = (false, Vec::new());
            for home in homes {
                let known =
                    rows::list_open_of(tx.conn, by.street(), home.household, input.purpose)?;
                is_planned |= !known.is_empty();
                people.extend(people_of(tx, by, home.household)?);
            }
            let lived_in = homes.iter().find(|home| home.kind == HouseholdKind::Residence);
            let Some(home) = lived_in.or(homes.first()) else { continue };
            if is_planned || people.is_empty() {
                continue;
            }
            let row = planned_row(tx, by.street(), home.household, input);
            insert(tx, &row, &people)?;
            changes.created("visit", row.id);
            first = first.or(Some(row.id));
            planned += 1;
        }
        if let Some(first) = first {
            changes.write(tx, &act(by, "visit.plan", first))?;
        }
        Ok(planned)
    })
}

fn planned_row(tx: &Tx<'_>, street: &str, home: HouseholdId, input: &PlanInput) -> VisitRow {
    let id = tx.next_id();
    VisitRow {
        id,
        street_code: street.to_owned(),
        visit_no: lettered('V', id),
        household_id: Some(home),
        purpose: input.purpose,
        planned_on: Some(input.planned_on),
        done_on: None,
        worker: input.worker.trim().to_owned(),
        co_visitor: input.co_visitor.clone(),
        result: None,
        status: VisitStatus::Assigned,
        reviewed_on: None,
        import_id: None,
        changed: String::new(),
    }
}

/// The members of a home who are in the caller's scope.
fn people_of(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, EditRegistry>,
    home: HouseholdId,
) -> AppResult<Vec<ResidentId>> {
    let members = membership::list_open_members(tx.conn, by.street(), home)?;
    let mut people = Vec::new();
    for member in members {
        let row = crate::store::resident::find_resident(tx.conn, by.scope(), member.resident_id)?;
        people.extend(row.map(|row| row.id));
    }
    Ok(people)
}

/// Nothing has changed: everybody of the household is verified today. A planned
/// check of the home is carried out with it.
///
/// # Errors
/// Not found or out of scope; nobody lives there.
pub fn verify_home(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    home: HouseholdId,
    worker: &str,
) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        household::find_household(tx.conn, by.scope(), home)?
            .filter(|row| row.closed_on.is_none())
            .ok_or_else(|| AppError::not_found("户", "household"))?;
        let people = people_of(tx, by, home)?;
        if people.is_empty() {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                "该户没有在住成员,不能核实。",
                "Nobody lives in this household; there is nobody to verify.",
            ));
        }
        let today = tx.clock().today();
        let id = tx.next_id();
        let row = VisitRow {
            id,
            street_code: by.street().to_owned(),
            visit_no: lettered('V', id),
            household_id: Some(home),
            purpose: Purpose::Population,
            planned_on: None,
            done_on: Some(today),
            worker: worker.to_owned(),
            co_visitor: None,
            result: Some(VisitResult::Met),
            status: VisitStatus::Done,
            reviewed_on: None,
            import_id: None,
            changed: String::new(),
        };
        let mut changes = Changes::default();
        close_plan(tx, &row, &people, &mut changes)?;
        insert(tx, &row, &people)?;
        changes.created("visit", id);
        changes.write(tx, &act(by, "visit.verify", id))?;
        Ok(id)
    })
}

/// The plans that a visit carries out end with it: they take its day and
/// result, so that they are due no longer. A plan is known by the people it is
/// about; a home's also by the home, unless it is about one of them only.
pub(super) fn close_plan(
    tx: &mut Tx<'_>,
    done: &VisitRow,
    people: &[ResidentId],
    changes: &mut Changes,
) -> AppResult<()> {
    let mut plans = Vec::new();
    for person in people {
        let open = rows::list_open_about(tx.conn, &done.street_code, *person, done.purpose)?;
        plans.extend(open.first().copied());
    }
    let personal = matches!(done.purpose, Purpose::Child | Purpose::Mental);
    if let (true, false, Some(home)) = (plans.is_empty(), personal, done.household_id) {
        let open = rows::list_open_of(tx.conn, &done.street_code, home, done.purpose)?;
        plans.extend(open.first().copied());
    }
    plans.sort_unstable();
    plans.dedup();
    for plan in plans {
        let found = visits::find_visit(tx.conn, &done.street_code, plan)?;
        let Some(old) = found else { continue };
        let expected = old.status;
        let new = VisitRow {
            status: VisitStatus::Done,
            done_on: done.done_on,
            result: done.result,
            worker: done.worker.clone(),
            ..old
        };
        one_row(visits::mark_visit(tx.conn, &new, expected)?)?;
        // Whoever was not asked is not verified by a plan that named them.
        visits::leave_out_others(tx.conn, &done.street_code, plan, people)?;
        let states = (Some(expected.code().to_owned()), Some(new.status.code().to_owned()));
        changes.field(("visit", plan), "status", states.0, states.1);
    }
    Ok(())
}

/// The day of the next visit: the one that was named, or, where somebody has to
/// come again and nothing is planned yet, two weeks after this one.
pub(super) fn next_day(
    tx: &mut Tx<'_>,
    done: &VisitRow,
    people: &[ResidentId],
    (named, comes_again): (Option<NaiveDate>, bool),
) -> AppResult<Option<NaiveDate>> {
    let unmet = done.status.is_past() && done.result.is_some_and(VisitResult::calls_for_another);
    let (true, Some(on)) = (unmet || comes_again, done.done_on) else { return Ok(named) };
    for person in people {
        let open = rows::list_open_about(tx.conn, &done.street_code, *person, done.purpose)?;
        if !open.is_empty() {
            return Ok(named);
        }
    }
    Ok(named.or_else(|| on.checked_add_days(REVISIT)))
}

/// The next visit of a series.
pub(super) fn plan_after(tx: &Tx<'_>, done: &VisitRow, on: NaiveDate) -> VisitRow {
    let id = tx.next_id();
    VisitRow {
        id,
        visit_no: lettered('V', id),
        planned_on: Some(on),
        done_on: None,
        result: None,
        status: VisitStatus::Assigned,
        reviewed_on: None,
        changed: String::new(),
        ..done.clone()
    }
}
