//! What all registers of single records have in common: is the row new, the
//! same, a permitted change, or a contradiction?

use std::collections::HashMap;
use std::hash::Hash;

use chrono::NaiveDate;

use super::{Load, Seen, repeated};
use crate::domain::ids::UnitId;
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::import::book::Sheet;
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::store::{Cipher, Db};

/// Name of a column and what a record holds in it, as text.
pub(super) type Field = (&'static str, Option<String>);

/// A record that the import can insert, recognise and bring up to date.
pub(super) trait Record: Clone {
    /// Table.
    const KIND: &'static str;
    /// Columns that a later book may change; a different value in any other
    /// column contradicts the registry and is refused.
    const MUTABLE: &'static [&'static str];
    /// What tells two records apart.
    type Key: Hash + Eq + Clone;

    fn key(&self) -> Self::Key;
    fn id(&self) -> i64;
    /// Everything the book says, sealed values opened.
    fn fields(&self, cipher: &Cipher) -> AppResult<Vec<Field>>;
    /// Takes over the mutable columns that `new` holds.
    fn adopt(&mut self, new: &Self, cipher: &Cipher) -> AppResult<()>;
    fn insert(conn: &mut Db, rows: &[Self]) -> AppResult<()>;
    fn update(&self, conn: &mut Db) -> AppResult<()>;
    /// What has to be computed again because of it.
    fn marks(&self) -> Vec<(UnitId, Month, NaiveDate)> {
        Vec::new()
    }
}

/// A sheet while its rows are settled.
pub(super) struct Settling<R: Record> {
    pub sheet: &'static Sheet,
    /// Column that a repeated row is reported at.
    pub key: &'static str,
    pub seen: Seen<R::Key>,
}

impl<R: Record> Settling<R> {
    pub(super) fn new(sheet: &'static Sheet, key: &'static str) -> Settling<R> {
        Settling { sheet, key, seen: Seen::default() }
    }
}

impl Load<'_, '_> {
    /// Settles a batch: inserts what is new, updates what may change, refuses
    /// the rest. Returns the records as they stand now, `None` for refused
    /// rows.
    pub(super) fn settle<R: Record>(
        &mut self,
        settling: &mut Settling<R>,
        batch: &mut [Row],
        made: Vec<Option<R>>,
        existing: Vec<R>,
    ) -> AppResult<Vec<Option<R>>> {
        let existing: HashMap<R::Key, R> = existing.into_iter().map(|r| (r.key(), r)).collect();
        let (mut new, mut settled) = (Vec::new(), Vec::with_capacity(made.len()));
        for (row, made) in batch.iter_mut().zip(made) {
            let Some(made) = made.filter(|_| row.is_sound()) else {
                self.reject(settling.sheet, row);
                settled.push(None);
                continue;
            };
            if let Some(line) = settling.seen.before(made.key(), row.line) {
                repeated(row, settling.key, line);
                self.reject(settling.sheet, row);
                settled.push(None);
                continue;
            }
            match existing.get(&made.key()) {
                None => {
                    self.taken(settling.sheet, row, Outcome::Inserted);
                    self.mark_all(&made);
                    new.push(made.clone());
                    settled.push(Some(made));
                }
                Some(old) => settled.push(self.renew(settling.sheet, row, old, &made)?),
            }
        }
        if self.writing && !new.is_empty() {
            R::insert(self.conn, &new)?;
        }
        Ok(settled)
    }

    fn mark_all<R: Record>(&mut self, record: &R) {
        for (unit, from, known_on) in record.marks() {
            self.mark(unit, from, known_on);
        }
    }

    fn renew<R: Record>(
        &mut self,
        sheet: &'static Sheet,
        row: &mut Row,
        old: &R,
        made: &R,
    ) -> AppResult<Option<R>> {
        let cipher = self.cipher();
        let (before, after) = (old.fields(cipher)?, made.fields(cipher)?);
        let mut changes = Vec::new();
        for ((field, was), (_, is)) in before.into_iter().zip(after) {
            // An empty cell leaves the stored value.
            if is.is_none() || was == is {
                continue;
            }
            if !R::MUTABLE.contains(&field) {
                row.fault(
                    field,
                    "与登记簿中的不同,这一项不能用导入改。请核对,或另写一条新的记录。",
                    "This differs from the registry and cannot be changed by an import. Compare \
                     it, or write a new record.",
                );
            }
            changes.push((field, was, is));
        }
        if !row.is_sound() {
            self.reject(sheet, row);
            return Ok(None);
        }
        if changes.is_empty() {
            self.taken(sheet, row, Outcome::Unchanged);
            return Ok(Some(old.clone()));
        }
        let mut next = old.clone();
        next.adopt(made, cipher)?;
        for (field, was, is) in &changes {
            self.changed((R::KIND, old.id()), field, was.as_deref(), is.as_deref())?;
        }
        self.mark_all(&next);
        if self.writing {
            next.update(self.conn)?;
        }
        self.taken(sheet, row, Outcome::Updated);
        Ok(Some(next))
    }
}

/// A date as text.
pub(super) fn day(date: Option<NaiveDate>) -> Option<String> {
    date.map(|date| date.to_string())
}
