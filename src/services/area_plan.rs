//! The tree as its page shows it, and what a change of the division would do,
//! before it is done.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::auth::{Authorized, ManageSystem};
use crate::domain::area::Level;
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::area::{self, AreaParentRow, AreaRow, AreaTree};
use crate::store::{Db, Store, area_counts};

/// One area of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaNode {
    /// The area.
    pub row: AreaRow,
    /// Steps below the top.
    pub depth: usize,
    /// Residents on the register in it and below it.
    pub people: i64,
    /// Open households in it and below it.
    pub households: i64,
    /// Where it lay before today, with the last day.
    pub before: Vec<(String, NaiveDate)>,
    /// Where it will lie, with the first day.
    pub after: Option<(String, NaiveDate)>,
}

/// What a change of an area concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AreaEffect {
    /// Areas, the changed one included.
    pub areas: usize,
    /// Residents on the register.
    pub people: i64,
    /// Open households.
    pub households: i64,
    /// Accounts limited to where the area lies now, which lose it.
    pub losing: i64,
    /// Accounts limited to where it will lie, which gain it.
    pub gaining: i64,
    /// Name of the area above it now.
    pub from: String,
    /// Name of the area above it then.
    pub to: String,
    /// First month whose tables show the new division.
    pub first_month: Option<Month>,
}

/// Numbers per area of the whole registry.
struct Numbers {
    people: HashMap<String, i64>,
    households: HashMap<String, i64>,
    accounts: HashMap<String, i64>,
}

impl Numbers {
    fn load(conn: &mut Db) -> AppResult<Numbers> {
        Ok(Numbers {
            people: area_counts::count_people_by_area(conn)?.into_iter().collect(),
            households: area_counts::count_households_by_area(conn)?.into_iter().collect(),
            accounts: area_counts::count_accounts_by_area(conn)?.into_iter().collect(),
        })
    }

    fn sum(of: &HashMap<String, i64>, codes: &[String]) -> i64 {
        codes.iter().filter_map(|code| of.get(code)).sum()
    }
}

/// Every area, parents before children, as the tree is today.
///
/// # Errors
/// The database failed.
pub fn list_tree(store: &Store, _by: &Authorized<'_, ManageSystem>) -> AppResult<Vec<AreaNode>> {
    let today = store.clock().today();
    store.read(|conn| {
        let tree = area::load_tree(conn, today)?;
        let numbers = Numbers::load(conn)?;
        let rows = area::list_areas(conn)?;
        let periods = area::list_parents(conn)?;
        let mut nodes: Vec<(Vec<String>, AreaNode)> = rows
            .into_iter()
            .map(|row| {
                let below = tree.below(&row.code);
                let path = path(&tree, &row.code);
                let mine = periods.iter().filter(|p| p.code == row.code);
                let (before, after) = moves(&tree, mine, today);
                let node = AreaNode {
                    depth: path.len() - 1,
                    people: Numbers::sum(&numbers.people, &below),
                    households: Numbers::sum(&numbers.households, &below),
                    before,
                    after,
                    row,
                };
                (path, node)
            })
            .collect();
        nodes.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(nodes.into_iter().map(|(_, node)| node).collect())
    })
}

/// Codes from the top down to the area.
fn path(tree: &AreaTree, code: &str) -> Vec<String> {
    let mut path = vec![code.to_owned()];
    let mut here = code;
    while let Some(parent) = tree.parent(here).filter(|_| path.len() < 8) {
        path.push(parent.to_owned());
        here = parent;
    }
    path.reverse();
    path
}

type Moves = (Vec<(String, NaiveDate)>, Option<(String, NaiveDate)>);

fn moves<'a>(
    tree: &AreaTree,
    periods: impl Iterator<Item = &'a AreaParentRow>,
    today: NaiveDate,
) -> Moves {
    let (mut before, mut after) = (Vec::new(), None);
    for period in periods {
        let name = name(tree, &period.parent_code);
        match period.valid_to {
            Some(last) if last < today => before.push((name, last)),
            _ if period.valid_from > today => after = Some((name, period.valid_from)),
            _ => {}
        }
    }
    (before, after)
}

fn name(tree: &AreaTree, code: &str) -> String {
    tree.area(code).map_or_else(|| code.to_owned(), |row| row.name.clone())
}

/// One area of any time.
///
/// # Errors
/// `NotFound`.
pub fn load_area(
    store: &Store,
    _by: &Authorized<'_, ManageSystem>,
    code: &str,
) -> AppResult<AreaRow> {
    let found = store.read(|conn| Ok(area::find_area(conn, code)?))?;
    found.ok_or_else(|| AppError::not_found("区划", "area"))
}

/// Areas that may lie directly above one of this level and are in use.
///
/// # Errors
/// The database failed.
pub fn list_above(
    store: &Store,
    _by: &Authorized<'_, ManageSystem>,
    level: Level,
) -> AppResult<Vec<AreaRow>> {
    let mut rows = store.read(|conn| Ok(area::list_areas(conn)?))?;
    rows.retain(|row| Some(row.level) == level.above() && row.closed_on.is_none());
    Ok(rows)
}

/// What it concerns to put an area under another one from a day on.
///
/// # Errors
/// Everything that [`super::area::move_area`] refuses.
pub fn move_effect(
    store: &Store,
    _by: &Authorized<'_, ManageSystem>,
    code: &str,
    parent: &str,
    from: NaiveDate,
) -> AppResult<AreaEffect> {
    store.read(|conn| {
        super::area::check_move(conn, code, parent, from)?;
        let tree = area::load_tree(conn, from.pred_opt().unwrap_or(from))?;
        let numbers = Numbers::load(conn)?;
        let old = tree.parent(code).unwrap_or_default();
        let accounts = |code: &str| numbers.accounts.get(code).copied().unwrap_or_default();
        Ok(AreaEffect {
            losing: accounts(old),
            gaining: accounts(parent),
            from: name(&tree, old),
            to: name(&tree, parent),
            first_month: Some(Month::of(from)),
            ..effect(&tree, &numbers, code)
        })
    })
}

/// What it concerns to end an area.
///
/// # Errors
/// The database failed.
pub fn end_effect(
    store: &Store,
    _by: &Authorized<'_, ManageSystem>,
    code: &str,
) -> AppResult<AreaEffect> {
    let today = store.clock().today();
    store.read(|conn| {
        let tree = area::load_tree(conn, today)?;
        let numbers = Numbers::load(conn)?;
        let parent = name(&tree, tree.parent(code).unwrap_or_default());
        let losing = numbers.accounts.get(code).copied().unwrap_or_default();
        Ok(AreaEffect { from: parent, losing, ..effect(&tree, &numbers, code) })
    })
}

fn effect(tree: &AreaTree, numbers: &Numbers, code: &str) -> AreaEffect {
    let below = tree.below(code);
    AreaEffect {
        areas: below.len(),
        people: Numbers::sum(&numbers.people, &below),
        households: Numbers::sum(&numbers.households, &below),
        ..AreaEffect::default()
    }
}

/// The refusal of a change that would leave people without a place, or in
/// another street than their records.
pub(super) fn check_empty(
    conn: &mut Db,
    tree: &AreaTree,
    code: &str,
    field: &str,
    (zh, en): (&str, &str),
) -> AppResult<()> {
    let found = effect(tree, &Numbers::load(conn)?, code);
    if found.people == 0 && found.households == 0 {
        return Ok(());
    }
    let (people, households) = (found.people, found.households);
    Err(AppError::refuse(Refusal::field(
        field,
        format!("区划内还有 {people} 名在册居民、{households} 户。{zh}"),
        format!("{people} residents and {households} households are still there. {en}"),
    )))
}
