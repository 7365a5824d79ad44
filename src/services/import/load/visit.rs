//! Home visits and whom they verified.

use std::collections::HashSet;

use diesel::prelude::*;

use super::settle::{Field, Record, Settling, day};
use super::{Load, Seen, distinct, repeated};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::ResidentId;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::error::AppResult;
use crate::services::import::book::{VISIT, VISIT_PERSON};
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::visit::{self as rows, VisitPersonRow, VisitRow};
use crate::store::{Cipher, Db, book};

impl Record for VisitRow {
    const KIND: &'static str = "visit";
    const MUTABLE: &'static [&'static str] =
        &["planned_on", "done_on", "worker", "co_visitor", "result", "status", "reviewed_on"];
    type Key = String;

    fn key(&self) -> String {
        self.visit_no.clone()
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, _: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("household_no", self.household_id.map(|id| id.to_string())),
            ("purpose", Some(self.purpose.code().to_owned())),
            ("planned_on", day(self.planned_on)),
            ("done_on", day(self.done_on)),
            ("worker", Some(self.worker.clone())),
            ("co_visitor", self.co_visitor.clone()),
            ("result", self.result.map(|r| r.code().to_owned())),
            ("status", Some(self.status.code().to_owned())),
            ("reviewed_on", day(self.reviewed_on)),
        ])
    }

    fn adopt(&mut self, new: &Self, _: &Cipher) -> AppResult<()> {
        self.planned_on = new.planned_on.or(self.planned_on);
        self.done_on = new.done_on.or(self.done_on);
        self.worker.clone_from(&new.worker);
        self.co_visitor = new.co_visitor.clone().or(self.co_visitor.take());
        self.result = new.result.or(self.result);
        self.status = new.status;
        self.reviewed_on = new.reviewed_on.or(self.reviewed_on);
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_visits(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        use crate::store::schema::visit;
        diesel::update(visit::table.find((self.id, &self.street_code))).set(self).execute(conn)?;
        Ok(())
    }
}

impl Load<'_, '_> {
    pub(super) fn visits(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<VisitRow>::new(&VISIT, "visit_no");
        self.stream(
            source,
            (&VISIT, places),
            |row| row,
            |load, mut batch| {
                load.load_homes(&batch, "household_kind", "household_no")?;
                // A number without a kind means the registered household.
                load.load_homes(&batch, "", "household_no")?;
                let made: Vec<Option<VisitRow>> =
                    batch.iter_mut().map(|row| load.visit(row)).collect();
                let numbers = distinct(made.iter().flatten().map(|visit| visit.visit_no.clone()));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::visits_by_no(load.conn, &load.street, &numbers)?,
                };
                let settled = load.settle(&mut settling, &mut batch, made, existing)?;
                for visit in settled.into_iter().flatten() {
                    load.visits.insert(visit.visit_no, visit.id);
                }
                Ok(())
            },
        )
    }

    fn visit(&mut self, row: &mut Row) -> Option<VisitRow> {
        let kind =
            row.code("household_kind", HouseholdKind::from_code).unwrap_or(HouseholdKind::Hukou);
        let home = self.home_of(row, kind, "household_no");
        let status = row.code("status", VisitStatus::from_code)?;
        let done_on = row.date("done_on");
        if status.is_past() && done_on.is_none() {
            row.fault(
                "done_on",
                "已完成的走访必须填完成日期。",
                "A visit that took place needs its date.",
            );
        }
        if status.is_past() && row.text("result").is_none() {
            row.fault(
                "result",
                "已完成的走访必须填结果。",
                "A visit that took place needs its result.",
            );
        }
        if done_on.is_some_and(|day| day > self.today) {
            row.fault("done_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        Some(VisitRow {
            id: self.store.next_id(),
            street_code: self.street.clone(),
            visit_no: row.owned("visit_no")?,
            household_id: home.and_then(|at| self.homes.list.get(at)).map(|home| home.row.id),
            purpose: row.code("purpose", Purpose::from_code)?,
            planned_on: row.date("planned_on"),
            done_on,
            worker: row.owned("worker")?,
            co_visitor: row.owned("co_visitor"),
            result: row.code("result", VisitResult::from_code),
            status,
            reviewed_on: row.date("reviewed_on"),
            import_id: Some(self.import_id),
            changed: String::new(),
        })
    }

    pub(super) fn visit_persons(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut seen: Seen<(i64, ResidentId)> = Seen::default();
        self.stream(
            source,
            (&VISIT_PERSON, places),
            |row| row,
            |load, batch| load.visit_person_batch(batch, &mut seen),
        )
    }

    fn visit_person_batch(
        &mut self,
        mut batch: Vec<Row>,
        seen: &mut Seen<(i64, ResidentId)>,
    ) -> AppResult<()> {
        let people = self.resolve(&mut batch, "person")?;
        let known = self.known_visits(&batch)?;
        let mut new = Vec::new();
        for (row, person) in batch.iter_mut().zip(people) {
            let visit = row.text("visit_no").and_then(|number| self.visits.get(number)).copied();
            if visit.is_none() && row.text("visit_no").is_some() {
                row.fault(
                    "visit_no",
                    "没有这个走访编号。请先在“走访”里登记。",
                    "There is no such visit. Register it in the sheet of visits.",
                );
            }
            let (Some(visit), Some(person), true) = (visit, person, row.is_sound()) else {
                self.reject(&VISIT_PERSON, row);
                continue;
            };
            if let Some(line) = seen.before((visit, person.id), row.line) {
                repeated(row, "person", line);
                self.reject(&VISIT_PERSON, row);
                continue;
            }
            if known.contains(&(visit, person.id)) {
                self.taken(&VISIT_PERSON, row, Outcome::Unchanged);
                continue;
            }
            new.push(VisitPersonRow {
                street_code: self.street.clone(),
                visit_id: visit,
                resident_id: person.id,
            });
            self.taken(&VISIT_PERSON, row, Outcome::Inserted);
        }
        if self.writing {
            rows::insert_visit_persons(self.conn, &new)?;
        }
        Ok(())
    }

    /// Loads the registry's visits of a batch; who is in them already.
    fn known_visits(&mut self, batch: &[Row]) -> AppResult<HashSet<(i64, ResidentId)>> {
        if self.fresh {
            return Ok(HashSet::new());
        }
        let numbers = batch.iter().filter_map(|row| row.owned("visit_no"));
        let wanted = distinct(numbers.filter(|number| !self.visits.contains_key(number)));
        for visit in book::visits_by_no(self.conn, &self.street, &wanted)? {
            self.visits.insert(visit.visit_no, visit.id);
        }
        let named = batch.iter().filter_map(|row| row.text("visit_no"));
        let ids = distinct(named.filter_map(|number| self.visits.get(number)).copied());
        let known = book::persons_of_visits(self.conn, &self.street, &ids)?;
        Ok(known.into_iter().map(|p| (p.visit_id, p.resident_id)).collect())
    }
}
