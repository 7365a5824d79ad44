//! Life events.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::super::people::Person;
use super::super::settle::{Field, Record, Settling, day};
use super::super::{Load, distinct};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::life_event::{EventDates, EventKind};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::error::AppResult;
use crate::services::import::book::EVENT;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::life_event::{self as rows, LifeEventRow};
use crate::store::{Cipher, Db, book};

impl Record for LifeEventRow {
    const KIND: &'static str = "life_event";
    const MUTABLE: &'static [&'static str] =
        &["decided_on", "confidence", "from_area", "to_area", "note", "annulled_on"];
    type Key = (Option<ResidentId>, Option<HouseholdId>, EventKind, NaiveDate);

    fn key(&self) -> Self::Key {
        (self.resident_id, self.household_id, self.kind, self.event_on)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, _: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("reported_on", day(Some(self.reported_on))),
            ("decided_on", day(self.decided_on)),
            ("confidence", Some(self.confidence.to_string())),
            ("from_area", self.from_area.clone()),
            ("to_area", self.to_area.clone()),
            ("note", self.note.clone()),
            ("annulled_on", day(self.annulled_on)),
        ])
    }

    fn adopt(&mut self, new: &Self, _: &Cipher) -> AppResult<()> {
        self.decided_on = new.decided_on.or(self.decided_on);
        self.confidence = new.confidence;
        self.from_area = new.from_area.clone().or(self.from_area.take());
        self.to_area = new.to_area.clone().or(self.to_area.take());
        self.note = new.note.clone().or(self.note.take());
        self.annulled_on = new.annulled_on.or(self.annulled_on);
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_life_events(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        use crate::store::schema::life_event;
        diesel::update(life_event::table.find((self.id, &self.street_code)))
            .set(self)
            .execute(conn)?;
        Ok(())
    }

    fn marks(&self) -> Vec<(UnitId, Month, NaiveDate)> {
        let known = self.annulled_on.or(self.decided_on).unwrap_or(self.reported_on);
        vec![(self.unit_id, Month::of(self.event_on), known)]
    }
}

impl Load<'_, '_> {
    pub(in super::super) fn events(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<LifeEventRow>::new(&EVENT, "kind");
        self.stream(
            source,
            (&EVENT, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                load.load_homes(&batch, "household_kind", "household_no")?;
                let made: Vec<Option<LifeEventRow>> = batch
                    .iter_mut()
                    .zip(people)
                    .map(|(row, person)| load.event(row, person))
                    .collect();
                let ids = distinct(made.iter().flatten().filter_map(|e| e.resident_id));
                let homes = distinct(made.iter().flatten().filter_map(|e| e.household_id));
                let mut existing = Vec::new();
                if !load.fresh {
                    existing = book::events_of(load.conn, &load.street, &ids)?;
                    existing.extend(book::events_of_households(load.conn, &load.street, &homes)?);
                }
                let settled = load.settle(&mut settling, &mut batch, made, existing)?;
                for event in settled.into_iter().flatten() {
                    if let (EventKind::Death, None, Some(id)) =
                        (event.kind, event.annulled_on, event.resident_id)
                    {
                        load.people.died(id, event.event_on);
                    }
                }
                Ok(())
            },
        )
    }

    fn event(&mut self, row: &mut Row, person: Option<Person>) -> Option<LifeEventRow> {
        let kind = row.code("kind", EventKind::from_code)?;
        let mut home = None;
        if row.text("household_no").is_some() {
            let which = row
                .code("household_kind", HouseholdKind::from_code)
                .unwrap_or(HouseholdKind::Assist);
            let at = self.home_of(row, which, "household_no")?;
            home = self.homes.list.get(at).map(|home| (home.row.id, home.row.unit_id));
        }
        if row.person("person").is_none() && home.is_none() {
            row.fault("person", "请填写证件号码或户号。", "Enter a person or a household.");
        }
        let dates = EventDates {
            event_on: row.date("event_on")?,
            reported_on: row.date("reported_on")?,
            decided_on: row.date("decided_on"),
        };
        for fault in dates.faults(person.map(|p| p.birth_on), self.today) {
            row.fault(fault.field(), fault.zh(), fault.en());
        }
        let annulled = row.date("annulled_on");
        if kind == EventKind::Death
            && annulled.is_none()
            && person.is_some_and(|p| p.status != ResidentStatus::Dead)
        {
            row.fault(
                "kind",
                "该居民的人员状态不是“死亡”。新的死亡请用死亡登记办理;补录历史请在“居民”里把人员状态填为“死亡”。",
                "The resident's status is not \"dead\". Register a new death as an event; for \
                 past ones set the status in the sheet of residents.",
            );
        }
        let confidence = row.text("confidence").and_then(|c| c.parse().ok()).unwrap_or(1);
        let unit = person.map(|p| p.unit).or(home.map(|(_, unit)| unit))?;
        Some(LifeEventRow {
            id: self.store.next_id(),
            street_code: self.street.clone(),
            resident_id: person.map(|p| p.id),
            household_id: home.map(|(id, _)| id),
            unit_id: unit,
            kind,
            event_on: dates.event_on,
            reported_on: dates.reported_on,
            decided_on: dates.decided_on,
            confidence,
            from_area: row.owned("from_area"),
            to_area: row.owned("to_area"),
            note: row.owned("note"),
            annulled_on: annulled,
            import_id: Some(self.import_id),
        })
    }
}
