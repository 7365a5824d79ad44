//! The people that rows refer to.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::Load;
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::resident::ResidentStatus;
use crate::error::AppResult;
use crate::services::import::person::{PersonKey, PersonRef};
use crate::services::import::rows::Row;
use crate::store::book;
use crate::store::resident::{DOC_INDEX, ResidentRow};

/// What is kept of a person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub id: ResidentId,
    pub unit: UnitId,
    pub birth_on: NaiveDate,
    pub death_on: Option<NaiveDate>,
    pub status: ResidentStatus,
    /// Index into the areas.
    area: u32,
    /// Row in the book; 0 if known from the registry.
    pub line: u32,
    /// Inserted by this book.
    pub fresh: bool,
    /// The person's own row was refused.
    pub rejected: bool,
}

/// Everybody who occurred so far.
#[derive(Default)]
pub(super) struct People {
    known: HashMap<PersonKey, Person>,
    /// Of the dead only.
    by_id: HashMap<ResidentId, PersonKey>,
    areas: Vec<String>,
    area_at: HashMap<String, u32>,
    /// Units that became part of another one.
    units: HashMap<UnitId, UnitId>,
}

impl People {
    fn area(&mut self, code: &str) -> u32 {
        if let Some(at) = self.area_at.get(code) {
            return *at;
        }
        let at = u32::try_from(self.areas.len()).unwrap_or(u32::MAX);
        self.areas.push(code.to_owned());
        self.area_at.insert(code.to_owned(), at);
        at
    }

    /// The area of a person.
    pub(super) fn area_of(&self, person: &Person) -> &str {
        self.areas.get(person.area as usize).map_or("", String::as_str)
    }

    /// Remembers a person.
    pub(super) fn add(&mut self, key: PersonKey, row: &ResidentRow, line: u32, fresh: bool) {
        let area = self.area(&row.area_code);
        let person = Person {
            id: row.id,
            unit: row.unit_id,
            birth_on: row.birth_on,
            death_on: None,
            status: row.status,
            area,
            line,
            fresh,
            rejected: false,
        };
        if row.status == ResidentStatus::Dead {
            self.by_id.insert(row.id, key);
        }
        self.known.insert(key, person);
    }

    /// Remembers that a person's row was refused.
    pub(super) fn add_rejected(&mut self, key: PersonKey, line: u32) {
        let person = Person {
            id: ResidentId(0),
            unit: UnitId(0),
            birth_on: NaiveDate::default(),
            death_on: None,
            status: ResidentStatus::Active,
            area: u32::MAX,
            line,
            fresh: false,
            rejected: true,
        };
        self.known.entry(key).or_insert(person);
    }

    /// A person by key.
    pub(super) fn get(&self, key: PersonKey) -> Option<Person> {
        self.known.get(&key).map(|person| Person { unit: self.unit(person.unit), ..*person })
    }

    /// Notes the day of death.
    pub(super) fn died(&mut self, id: ResidentId, on: NaiveDate) {
        if let Some(person) = self.by_id.get(&id).and_then(|key| self.known.get_mut(key)) {
            person.death_on = Some(on);
        }
    }

    /// The unit that a unit is part of now.
    pub(super) fn unit(&self, unit: UnitId) -> UnitId {
        let mut here = unit;
        while let Some(next) = self.units.get(&here) {
            here = *next;
        }
        here
    }

    /// Joins units; the least id stays. Returns what each joined one became
    /// part of.
    pub(super) fn join(&mut self, units: &[UnitId]) -> UnitId {
        let mut roots: Vec<UnitId> = units.iter().map(|unit| self.unit(*unit)).collect();
        roots.sort_unstable();
        roots.dedup();
        let Some((&into, rest)) = roots.split_first() else { return UnitId(0) };
        for from in rest {
            self.units.insert(*from, into);
        }
        into
    }

    /// All units that ended, with the one they are part of now.
    pub(super) fn joined(&self) -> Vec<(UnitId, UnitId)> {
        let mut all: Vec<(UnitId, UnitId)> =
            self.units.keys().map(|from| (*from, self.unit(*from))).collect();
        all.sort_unstable();
        all
    }
}

impl Load<'_, '_> {
    /// Finds whom the rows refer to by a column; a row that names nobody known
    /// gets a fault.
    pub(super) fn resolve(
        &mut self,
        rows: &mut [Row],
        key: &str,
    ) -> AppResult<Vec<Option<Person>>> {
        let cipher = self.cipher();
        let keys: Vec<Vec<PersonKey>> = rows
            .iter()
            .map(|row| row.person(key).map(|p| p.keys(cipher)).unwrap_or_default())
            .collect();
        if !self.fresh {
            self.look_up(rows, key, &keys)?;
        }
        let mut found = Vec::with_capacity(rows.len());
        for (row, keys) in rows.iter_mut().zip(&keys) {
            let person = keys.iter().find_map(|key| self.people.get(*key));
            match &person {
                None if !keys.is_empty() => row.fault(
                    key,
                    "登记簿和本工作簿的“居民”里都没有这个证件号码。请先登记该居民,或核对号码。",
                    "Neither the registry nor the sheet of residents has this number. Register \
                     the person first, or compare the number.",
                ),
                Some(person) if person.rejected => row.fault(
                    key,
                    format!("该居民所在行(“居民”第 {} 行)未通过,先改正那一行。", person.line),
                    format!(
                        "The resident's own row ({}) was refused. Correct it first.",
                        person.line
                    ),
                ),
                _ => {}
            }
            found.push(person.filter(|person| !person.rejected));
        }
        Ok(found)
    }

    fn look_up(&mut self, rows: &[Row], key: &str, keys: &[Vec<PersonKey>]) -> AppResult<()> {
        let cipher = self.cipher();
        let (mut indexes, mut temporary) = (Vec::new(), Vec::new());
        for (row, keys) in rows.iter().zip(keys) {
            if keys.iter().any(|key| self.people.get(*key).is_some()) {
                continue;
            }
            match row.person(key) {
                Some(PersonRef::Document(texts)) => {
                    indexes.extend(texts.iter().map(|t| cipher.blind(DOC_INDEX, t)));
                }
                Some(PersonRef::Temporary(number)) => temporary.push(number.clone()),
                None => {}
            }
        }
        indexes.sort_unstable();
        indexes.dedup();
        let mut found = book::residents_by_index(self.conn, &self.street, &indexes)?;
        found.extend(book::residents_by_temp_no(self.conn, &self.street, &temporary)?);
        self.remember(&found)
    }

    /// Adds residents of the registry to those known, with the day of death.
    pub(super) fn remember(&mut self, rows: &[ResidentRow]) -> AppResult<()> {
        let cipher = self.cipher();
        let mut dead = Vec::new();
        let merged: Vec<ResidentId> =
            rows.iter().filter_map(|row| row.merged_into.map(ResidentId)).collect();
        let stayed = book::residents_by_id(self.conn, &self.street, &merged)?;
        for row in rows {
            // Out of scope is the same as missing.
            if !self.scope.contains(&row.area_code) {
                continue;
            }
            let key = match (&row.doc_no_index, &row.temp_no) {
                (Some(index), _) => PersonKey::of_index(index),
                (None, Some(number)) => PersonKey::of_temporary(cipher, number),
                (None, None) => continue,
            };
            if self.people.known.contains_key(&key) {
                continue;
            }
            // The number of a merged record names the one that stayed.
            let row = match row.merged_into {
                Some(into) => stayed.iter().find(|other| other.id.0 == into).unwrap_or(row),
                None => row,
            };
            self.people.add(key, row, 0, false);
            if row.status == ResidentStatus::Dead {
                dead.push(row.id);
            }
        }
        for (id, on) in book::list_deaths(self.conn, &self.street, &dead)? {
            self.people.died(id, on);
        }
        Ok(())
    }
}
