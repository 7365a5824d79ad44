//! The office's own numbers for the ids of the registry, looked up a page at a
//! time so that memory stays flat.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::citizen_id::CitizenId;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::error::AppResult;
use crate::services::record::open_opt;
use crate::store::award::AwardRow;
use crate::store::resident::{DOC_NO, ResidentRow};
use crate::store::{Cipher, Db, book};

/// Rows per page.
pub(super) const PAGE: i64 = 2_000;

/// Connection, keys and street of an export.
pub(super) struct Names<'a> {
    pub conn: &'a mut Db,
    pub cipher: &'a Cipher,
    pub street: &'a str,
}

/// A household's kind and number.
pub(super) type HouseholdName = (HouseholdKind, String);

impl<'a> Names<'a> {
    pub(super) fn new(conn: &'a mut Db, cipher: &'a Cipher, street: &'a str) -> Names<'a> {
        Names { conn, cipher, street }
    }

    /// How a person is named in a cell; `None` for one merged into another.
    pub(super) fn person(&self, row: &ResidentRow) -> AppResult<Option<String>> {
        use crate::domain::resident::ResidentStatus;
        if row.status == ResidentStatus::Merged {
            return Ok(None);
        }
        let number = open_opt(self.cipher, DOC_NO, row.id.0, row.doc_no_enc.as_deref())?;
        Ok(match number {
            None => row.temp_no.clone(),
            Some(number) if CitizenId::parse(&number, NaiveDate::MAX).is_ok() => Some(number),
            Some(number) => Some(format!("{}:{number}", row.doc_kind.code())),
        })
    }

    /// The names of people.
    pub(super) fn people(
        &mut self,
        ids: impl IntoIterator<Item = ResidentId>,
    ) -> AppResult<HashMap<ResidentId, String>> {
        let ids = distinct(ids);
        let rows = book::residents_by_id(self.conn, self.street, &ids)?;
        let mut names = HashMap::with_capacity(rows.len());
        for row in rows {
            if let Some(name) = self.person(&row)? {
                names.insert(row.id, name);
            }
        }
        Ok(names)
    }

    /// The names of households.
    pub(super) fn households(
        &mut self,
        ids: impl IntoIterator<Item = HouseholdId>,
    ) -> AppResult<HashMap<HouseholdId, HouseholdName>> {
        let ids = distinct(ids);
        let rows = book::households_by_id(self.conn, self.street, &ids)?;
        Ok(rows.into_iter().map(|row| (row.id, (row.kind, row.household_no))).collect())
    }

    /// The numbers of cases.
    pub(super) fn cases(
        &mut self,
        ids: impl IntoIterator<Item = i64>,
    ) -> AppResult<HashMap<i64, String>> {
        let ids = distinct(ids);
        let rows = book::cases_by_id(self.conn, self.street, &ids)?;
        Ok(rows.into_iter().map(|row| (row.id, row.case_no)).collect())
    }

    /// Awards by id.
    pub(super) fn awards(
        &mut self,
        ids: impl IntoIterator<Item = AwardId>,
    ) -> AppResult<HashMap<AwardId, AwardRow>> {
        let ids = distinct(ids);
        let rows = book::awards_by_id(self.conn, self.street, &ids)?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

/// Without repetitions, in order.
pub(super) fn distinct<T: Ord>(values: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = values.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// A day as text.
pub(super) fn day(date: Option<NaiveDate>) -> Option<String> {
    date.map(|date| date.to_string())
}

/// 是 or 否.
pub(super) fn flag(value: bool) -> Option<String> {
    Some(if value { "是" } else { "否" }.to_owned())
}

/// The Chinese name of a code, as the drop-down shows it.
pub(super) fn zh(name: &str) -> Option<String> {
    Some(name.to_owned())
}

/// Goes through a register a page at a time.
macro_rules! pages {
    ($names:expr, $page:path, $first:expr, |$rows:ident| $body:block) => {{
        let mut after = $first;
        loop {
            let $rows =
                $page($names.conn, $names.street, after, $crate::services::export::names::PAGE)?;
            let Some(last) = $rows.last() else { break };
            after = last.id;
            $body
        }
    }};
}
pub(super) use pages;
