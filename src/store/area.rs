//! The area tree and its effective-dated parents.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::{area, area_parent};
use crate::domain::area::Level;

/// One area.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = area, treat_none_as_default_value = false)]
pub struct AreaRow {
    /// 6, 9, 12 or 15 digits.
    pub code: String,
    /// Its level.
    pub level: Level,
    /// Its name.
    pub name: String,
    /// First day.
    pub opened_on: NaiveDate,
    /// Last day.
    pub closed_on: Option<NaiveDate>,
}

/// Under which parent an area lies, from when to when.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = area_parent, treat_none_as_default_value = false)]
pub struct AreaParentRow {
    /// The area.
    pub code: String,
    /// Its parent.
    pub parent_code: String,
    /// First day under this parent.
    pub valid_from: NaiveDate,
    /// Last day.
    pub valid_to: Option<NaiveDate>,
}

/// Inserts areas.
///
/// # Errors
/// The database failed, or a code exists.
pub fn insert_areas(conn: &mut Db, rows: &[AreaRow]) -> QueryResult<usize> {
    insert_batches!(conn, area::table, rows)
}

/// Inserts parents; the areas must exist.
///
/// # Errors
/// The database failed, or there is no such area.
pub fn insert_area_parents(conn: &mut Db, rows: &[AreaParentRow]) -> QueryResult<usize> {
    insert_batches!(conn, area_parent::table, rows)
}

/// One area.
///
/// # Errors
/// The database failed.
pub fn find_area(conn: &mut Db, code: &str) -> QueryResult<Option<AreaRow>> {
    area::table.find(code).select(AreaRow::as_select()).first(conn).optional()
}

/// All areas, in code order.
///
/// # Errors
/// The database failed.
pub fn list_areas(conn: &mut Db) -> QueryResult<Vec<AreaRow>> {
    area::table.order(area::code).select(AreaRow::as_select()).load(conn)
}

/// All parents of one area, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_parents_of(conn: &mut Db, code: &str) -> QueryResult<Vec<AreaParentRow>> {
    area_parent::table
        .filter(area_parent::code.eq(code))
        .order(area_parent::valid_from)
        .select(AreaParentRow::as_select())
        .load(conn)
}

/// Every parent, of every time.
///
/// # Errors
/// The database failed.
pub fn list_parents(conn: &mut Db) -> QueryResult<Vec<AreaParentRow>> {
    area_parent::table
        .order((area_parent::code, area_parent::valid_from))
        .select(AreaParentRow::as_select())
        .load(conn)
}

/// Ends the open period under a parent. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_parent_ended(conn: &mut Db, code: &str, valid_to: NaiveDate) -> QueryResult<usize> {
    diesel::update(
        area_parent::table.filter(area_parent::code.eq(code).and(area_parent::valid_to.is_null())),
    )
    .set(area_parent::valid_to.eq(valid_to))
    .execute(conn)
}

/// Closes an open area. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_area_closed(conn: &mut Db, code: &str, closed_on: NaiveDate) -> QueryResult<usize> {
    diesel::update(area::table.filter(area::code.eq(code).and(area::closed_on.is_null())))
        .set(area::closed_on.eq(closed_on))
        .execute(conn)
}

/// The tree as it was on one day.
#[derive(Debug, Clone, Default)]
pub struct AreaTree {
    areas: HashMap<String, AreaRow>,
    parents: HashMap<String, String>,
}

/// Loads the tree as it was on `on`.
///
/// # Errors
/// The database failed.
pub fn load_tree(conn: &mut Db, on: NaiveDate) -> QueryResult<AreaTree> {
    let areas = list_areas(conn)?;
    let parents: Vec<AreaParentRow> = area_parent::table
        .filter(
            area_parent::valid_from
                .le(on)
                .and(area_parent::valid_to.is_null().or(area_parent::valid_to.ge(on))),
        )
        .select(AreaParentRow::as_select())
        .load(conn)?;
    Ok(AreaTree {
        areas: areas.into_iter().map(|row| (row.code.clone(), row)).collect(),
        parents: parents.into_iter().map(|row| (row.code, row.parent_code)).collect(),
    })
}

impl AreaTree {
    /// An area of any time.
    #[must_use]
    pub fn area(&self, code: &str) -> Option<&AreaRow> {
        self.areas.get(code)
    }

    /// Codes of the areas of a level that are not closed, in order.
    #[must_use]
    pub fn codes_at(&self, level: Level) -> Vec<String> {
        let open = self.areas.values().filter(|row| row.level == level && row.closed_on.is_none());
        let mut codes: Vec<String> = open.map(|row| row.code.clone()).collect();
        codes.sort_unstable();
        codes
    }

    /// Adds areas that are about to be stored.
    pub fn add(&mut self, areas: Vec<AreaRow>, parents: Vec<AreaParentRow>) {
        self.areas.extend(areas.into_iter().map(|row| (row.code.clone(), row)));
        self.parents.extend(parents.into_iter().map(|row| (row.code, row.parent_code)));
    }

    /// The parent on the day of the tree.
    #[must_use]
    pub fn parent(&self, code: &str) -> Option<&str> {
        self.parents.get(code).map(String::as_str)
    }

    /// The area of `level` that `code` lies in (or is).
    #[must_use]
    pub fn at_level<'a>(&'a self, code: &'a str, level: Level) -> Option<&'a AreaRow> {
        let mut here = code;
        // A tree has six levels; more steps would be a loop in the data.
        for _ in 0..8 {
            let row = self.areas.get(here)?;
            if row.level == level {
                return Some(row);
            }
            here = self.parents.get(here)?;
        }
        None
    }

    /// The street that `code` lies in on the day of the tree.
    #[must_use]
    pub fn street_of<'a>(&'a self, code: &'a str) -> Option<&'a str> {
        self.at_level(code, Level::Street).map(|row| row.code.as_str())
    }

    /// `root` and everything below it, in code order.
    #[must_use]
    pub fn below(&self, root: &str) -> Vec<String> {
        let mut found = vec![root.to_owned()];
        let mut at = 0;
        while let Some(parent) = found.get(at).cloned() {
            let children =
                self.parents.iter().filter(|(_, p)| **p == parent).map(|(code, _)| code.clone());
            let fresh: Vec<String> = children.filter(|code| !found.contains(code)).collect();
            found.extend(fresh);
            at += 1;
        }
        found.sort_unstable();
        found
    }
}
