//! Temporary assistance.

use chrono::NaiveDate;

use super::people::Person;
use super::settle::{Field, Record, Settling, day};
use super::{Load, distinct};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::temp_case::{CaseKind, CaseLevel, Cause, FamilyCategory};
use crate::error::AppResult;
use crate::services::import::book::TEMP_CASE;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::temp_case::{self as rows, TempCaseRow};
use crate::store::{Cipher, Db, book};

/// What is kept of a case.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub id: i64,
    pub resident: ResidentId,
}

impl Record for TempCaseRow {
    const KIND: &'static str = "temp_case";
    const MUTABLE: &'static [&'static str] = &[];
    type Key = String;

    fn key(&self) -> String {
        self.case_no.clone()
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, _: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("person", Some(self.resident_id.to_string())),
            ("household_no", self.household_id.map(|id| id.to_string())),
            ("area", Some(self.area_code.clone())),
            ("kind", Some(self.kind.code().to_owned())),
            ("cause", Some(self.cause.code().to_owned())),
            ("level", Some(self.level.code().to_owned())),
            ("category", self.category.map(|c| c.code().to_owned())),
            ("self_paid", self.self_paid_fen.map(|fen| fen.to_plain())),
            ("asked", Some(self.asked_fen.to_plain())),
            ("approved", Some(self.approved_fen.to_plain())),
            ("applied_on", day(Some(self.applied_on))),
            ("decided_on", day(Some(self.decided_on))),
            ("doc_no", self.doc_no.clone()),
        ])
    }

    fn adopt(&mut self, _: &Self, _: &Cipher) -> AppResult<()> {
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_temp_cases(conn, new)?;
        Ok(())
    }

    fn update(&self, _: &mut Db) -> AppResult<()> {
        Ok(())
    }

    fn marks(&self) -> Vec<(UnitId, crate::domain::month::Month, NaiveDate)> {
        Vec::new()
    }
}

impl Load<'_, '_> {
    pub(super) fn cases(&mut self, source: &mut dyn BookSource, places: &[usize]) -> AppResult<()> {
        let mut settling = Settling::<TempCaseRow>::new(&TEMP_CASE, "case_no");
        self.stream(
            source,
            (&TEMP_CASE, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                load.load_homes(&batch, "kind_of_household", "household_no")?;
                let made: Vec<Option<TempCaseRow>> = batch
                    .iter_mut()
                    .zip(people)
                    .map(|(row, person)| load.case(row, person))
                    .collect();
                let numbers = distinct(made.iter().flatten().map(|case| case.case_no.clone()));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::cases_by_no(load.conn, &load.street, &numbers)?,
                };
                let settled = load.settle(&mut settling, &mut batch, made, existing)?;
                for case in settled.into_iter().flatten() {
                    let kept = Case { id: case.id, resident: case.resident_id };
                    load.cases.insert(case.case_no, kept);
                }
                Ok(())
            },
        )
    }

    fn case(&mut self, row: &mut Row, person: Option<Person>) -> Option<TempCaseRow> {
        let home = self.assist_home(row);
        let person = person?;
        let (asked, approved) = (row.money("asked")?, row.money("approved")?);
        let (applied_on, decided_on) = (row.date("applied_on")?, row.date("decided_on")?);
        if !approved.is_positive() || approved > asked {
            row.fault(
                "approved",
                "审批金额应大于 0,且不超过申请金额。",
                "The amount must be above 0 and not more than was asked for.",
            );
        }
        if decided_on < applied_on {
            row.fault(
                "decided_on",
                "审批日期不能早于申请日期。",
                "The decision must not lie before the application.",
            );
        }
        if decided_on > self.today {
            row.fault("decided_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        if person.death_on.is_some_and(|died| applied_on > died) {
            row.fault(
                "person",
                "申请人在申请日期前已死亡。",
                "The applicant died before the application.",
            );
        }
        let area = row.owned("area").unwrap_or_else(|| self.people.area_of(&person).to_owned());
        if let Some(refusal) = self.place_fault(&area) {
            row.refusal(refusal);
        }
        Some(TempCaseRow {
            id: self.store.next_id(),
            street_code: self.street.clone(),
            case_no: row.owned("case_no")?,
            resident_id: person.id,
            household_id: home.map(|(id, _)| id),
            area_code: area,
            kind: row.code("kind", CaseKind::from_code)?,
            cause: row.code("cause", Cause::from_code)?,
            level: row.code("level", CaseLevel::from_code)?,
            category: row.code("category", FamilyCategory::from_code),
            self_paid_fen: row.money("self_paid"),
            asked_fen: asked,
            approved_fen: approved,
            applied_on,
            decided_on,
            doc_no: row.owned("doc_no"),
            import_id: Some(self.import_id),
        })
    }

    /// The assistance household that a row names, with its unit.
    pub(super) fn assist_home(&mut self, row: &mut Row) -> Option<(HouseholdId, UnitId)> {
        let at = self.home_of(row, HouseholdKind::Assist, "household_no")?;
        let home = self.homes.list.get(at)?;
        Some((home.row.id, self.people.unit(home.row.unit_id)))
    }
}
