//! A grid handed over by its supervisor: from a day on somebody else keeps it,
//! sees it and goes there. Everybody involved signs in again on that day, so
//! that nobody keeps what they saw before.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::clock;
use crate::domain::grid_hand_over::{self, HandOver, areas_on};
use crate::domain::role::Role;
use crate::domain::visit::VisitStatus;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, EditRegistry, ViewRegistry};
use crate::services::record::{Act, Changes, one_row};
use crate::services::resident;
use crate::store::grid_hand_over::{self as rows, HandOverRow};
use crate::store::user::{self, UserRow};
use crate::store::visit::{self as visits, VisitRow};
use crate::store::{Db, Store, Tx, area, round, session};

/// A hand-over as entered.
#[derive(Debug, Clone)]
pub struct HandOverInput {
    /// The grid, or a community.
    pub area_code: String,
    /// Account that gives it up, if one does.
    pub from_user: Option<i64>,
    /// Account that takes it over.
    pub to_user: i64,
    /// First day.
    pub from: NaiveDate,
}

/// What a hand-over did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandedOver {
    /// Its id.
    pub id: i64,
    /// Planned visits that go to the new worker.
    pub visits: usize,
}

/// A grid worker whom a supervisor may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Account.
    pub id: i64,
    /// Name on screens.
    pub name: String,
    /// Name in the log.
    pub username: String,
    /// What they keep today.
    pub areas: Vec<String>,
}

/// Hands a grid over.
///
/// # Errors
/// Below supervisor level; every wrong field: an area or a worker outside the
/// caller's, a day that is past, the same worker twice.
pub fn hand_over(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    input: &HandOverInput,
) -> AppResult<HandedOver> {
    check_level(by.role())?;
    store.write(by.street(), |tx| {
        let today = tx.clock().today();
        let workers = workers_of(tx.conn, by, today)?;
        let (from, to) = check(by, &workers, input, today)?;
        let tree = area::load_tree(tx.conn, today)?;
        let mut changes = Changes::default();
        let mut first = None;
        let mut count = 0;
        for area_code in tree.below(&input.area_code) {
            let row = HandOverRow {
                id: tx.next_id(),
                street_code: by.street().to_owned(),
                area_code,
                from_user: from.map(|worker| worker.id),
                to_user: to.id,
                from_on: input.from,
                handed_by: by.username().to_owned(),
                handed_at: tx.clock().now(),
            };
            rows::insert(tx.conn, &row)?;
            changes.created("grid_hand_over", row.id);
            first = first.or(Some(row.id));
            count += give_visits(tx, by, &row, &to.name, &mut changes)?;
        }
        let at = clock::start_of(input.from);
        for worker in from.iter().chain([&to]) {
            session::mark_expiry(tx.conn, worker.id, at)?;
        }
        let id = first.unwrap_or_default();
        let names = from.map_or_else(String::new, |worker| format!("{} → ", worker.username));
        let reason = format!("{} {} {names}{}", input.area_code, input.from, to.username);
        changes.write(
            tx,
            &Act {
                street: by.street(),
                actor: by.username(),
                action: "grid.hand_over",
                object_kind: "grid_hand_over",
                object_id: id,
                reason: Some(&reason),
            },
        )?;
        Ok(HandedOver { id, visits: count })
    })
}

fn check_level(role: Role) -> AppResult<()> {
    if role.is_second_person() {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::Forbidden,
        "网格移交由社区主管办理。",
        "A grid is handed over by the supervisor.",
    ))
}

fn check<'a>(
    by: &Authorized<'_, EditRegistry>,
    workers: &'a [Worker],
    input: &HandOverInput,
    today: NaiveDate,
) -> AppResult<(Option<&'a Worker>, &'a Worker)> {
    let mut refusals = Vec::new();
    if !by.scope().contains(&input.area_code) {
        refusals.push(resident::outside_scope("area"));
    }
    if input.from < today {
        let (zh, en) = ("移交日期不能早于今天。", "The day must not be in the past.");
        refusals.push(Refusal::field("from", zh, en));
    }
    let find = |id: i64| workers.iter().find(|worker| worker.id == id);
    let unknown = |field: &str| {
        Refusal::field(field, "请选择本辖区的网格员。", "Choose a grid worker of this area.")
    };
    let to = find(input.to_user);
    if to.is_none() {
        refusals.push(unknown("to_user"));
    }
    let from = input.from_user.and_then(find);
    if input.from_user.is_some() && from.is_none() {
        refusals.push(unknown("from_user"));
    }
    if input.from_user == Some(input.to_user) {
        let (zh, en) = ("接手人与交出人不能是同一人。", "Nobody takes over from themselves.");
        refusals.push(Refusal::field("to_user", zh, en));
    }
    match (to, refusals.is_empty()) {
        (Some(to), true) => Ok((from, to)),
        _ => Err(AppError::Refused(refusals)),
    }
}

/// The visits that are still to be made on that day are the new worker's.
fn give_visits(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, EditRegistry>,
    over: &HandOverRow,
    worker: &str,
    changes: &mut Changes,
) -> AppResult<usize> {
    // What is late today is nobody's past: it goes along.
    let from = (over.from_on > tx.clock().today()).then_some(over.from_on);
    let open = round::list_open_in(tx.conn, by.scope(), &over.area_code, from)?;
    for id in &open {
        let Some(old) = visits::find_visit(tx.conn, by.street(), *id)? else { continue };
        let (expected, before) = (old.status, Some(old.worker.clone()));
        let new = VisitRow { worker: worker.to_owned(), status: VisitStatus::Assigned, ..old };
        one_row(visits::mark_visit(tx.conn, &new, expected)?)?;
        changes.field(("visit", *id), "worker", before, Some(new.worker));
    }
    Ok(open.len())
}

/// The grid workers of the caller's areas, with what each keeps today.
///
/// # Errors
/// The database failed.
pub fn list_workers(store: &Store, by: &Authorized<'_, ViewRegistry>) -> AppResult<Vec<Worker>> {
    let today = store.clock().today();
    store.read(|conn| workers_of(conn, by, today))
}

fn workers_of<P: crate::services::auth::Permit>(
    conn: &mut Db,
    by: &Authorized<'_, P>,
    today: NaiveDate,
) -> AppResult<Vec<Worker>> {
    let tree = area::load_tree(conn, today)?;
    let all = list_rows(conn, by.street())?;
    let mine = |row: &UserRow| {
        let street = tree.street_of(&row.scope_code) == Some(by.street());
        row.role == Role::Grid.as_str()
            && row.status == "active"
            && street
            && by.scope().contains(&row.scope_code)
    };
    let accounts = user::list(conn)?;
    let workers = accounts.into_iter().filter(|row| mine(row)).map(|row| Worker {
        areas: areas_on(tree.below(&row.scope_code), &all, row.id, today),
        id: row.id,
        name: row.display_name,
        username: row.username,
    });
    Ok(workers.collect())
}

/// Who keeps which area of a street on a day, by the name on screens.
pub(super) fn keepers(
    conn: &mut Db,
    street: &str,
    day: NaiveDate,
) -> AppResult<BTreeMap<String, String>> {
    let tree = area::load_tree(conn, day)?;
    let all = list_rows(conn, street)?;
    let mut keepers = BTreeMap::new();
    for row in user::list(conn)? {
        let works = row.role == Role::Grid.as_str() && row.status == "active";
        if !works || tree.street_of(&row.scope_code) != Some(street) {
            continue;
        }
        for area in areas_on(tree.below(&row.scope_code), &all, row.id, day) {
            keepers.entry(area).or_insert_with(|| row.display_name.clone());
        }
    }
    Ok(keepers)
}

fn list_rows(conn: &mut Db, street: &str) -> AppResult<Vec<HandOver>> {
    Ok(rows::list(conn, street)?.into_iter().map(HandOver::from).collect())
}

/// What an account keeps on a day, of its own areas and of hand-overs: only
/// grid workers give and take.
pub(crate) fn kept(
    conn: &mut Db,
    street: &str,
    user: &UserRow,
    own: Vec<String>,
    day: NaiveDate,
) -> AppResult<Vec<String>> {
    if user.role != Role::Grid.as_str() {
        return Ok(own);
    }
    Ok(areas_on(own, &list_rows(conn, street)?, user.id, day))
}

/// The next day on which a grid worker's areas change.
pub(crate) fn next_change(
    tx: &mut Tx<'_>,
    street: &str,
    user: &UserRow,
) -> AppResult<Option<NaiveDate>> {
    if user.role != Role::Grid.as_str() {
        return Ok(None);
    }
    let today = tx.clock().today();
    Ok(grid_hand_over::next_change(&list_rows(tx.conn, street)?, user.id, today))
}

/// A hand-over as its list shows it.
#[derive(Debug, Clone)]
pub struct HandOverLine {
    /// Name of the area.
    pub area: String,
    /// Who gave it up; empty for nobody.
    pub from: String,
    /// Who took it over.
    pub to: String,
    /// First day.
    pub from_on: NaiveDate,
    /// Whether that day is yet to come.
    pub is_ahead: bool,
}

/// The latest hand-overs of the caller's areas.
///
/// # Errors
/// The database failed.
pub fn list_hand_overs(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<HandOverLine>> {
    const SHOWN: usize = 20;
    let today = store.clock().today();
    store.read(|conn| {
        let mut all = rows::list(conn, by.street())?;
        all.retain(|row| by.scope().contains(&row.area_code));
        all.sort_by_key(|row| std::cmp::Reverse((row.from_on, row.id)));
        all.truncate(SHOWN);
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let tree = area::load_tree(conn, today)?;
        let accounts = user::list(conn)?;
        let name = |id: i64| {
            let found = accounts.iter().find(|row| row.id == id);
            found.map(|row| row.display_name.clone()).unwrap_or_default()
        };
        let lines = all.into_iter().map(|row| HandOverLine {
            area: crate::services::directory::area_name(&tree, &row.area_code),
            from: row.from_user.map(name).unwrap_or_default(),
            to: name(row.to_user),
            from_on: row.from_on,
            is_ahead: row.from_on > today,
        });
        Ok(lines.collect())
    })
}
