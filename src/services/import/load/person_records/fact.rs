//! Facts that the rules read. A stored fact is never changed, only annulled.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::super::people::Person;
use super::super::settle::{Field, Record, Settling, day};
use super::super::{Load, distinct};
use crate::domain::fact::FactKind;
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::import::book::FACT;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::record::{open_opt, seal_opt};
use crate::store::fact::{self as rows, DETAIL, FactRow};
use crate::store::{Cipher, Db, book};

impl Record for FactRow {
    const KIND: &'static str = "fact";
    const MUTABLE: &'static [&'static str] = &["annulled_on", "to_month"];
    type Key = (ResidentId, FactKind, Option<String>, Month, NaiveDate);

    fn key(&self) -> Self::Key {
        (self.resident_id, self.kind, self.code.clone(), self.from_month, self.known_on)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, cipher: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("amount", self.amount_fen.map(|fen| fen.to_plain())),
            ("detail", open_opt(cipher, DETAIL, self.id, self.detail_enc.as_deref())?),
            ("to_month", self.to_month.map(|m| m.to_string())),
            ("event_on", day(self.event_on)),
            ("reported_on", day(self.reported_on)),
            ("decided_on", day(self.decided_on)),
            ("annulled_on", day(self.annulled_on)),
            ("doc_no", self.doc_no.clone()),
        ])
    }

    fn adopt(&mut self, new: &Self, _: &Cipher) -> AppResult<()> {
        self.annulled_on = new.annulled_on.or(self.annulled_on);
        self.to_month = new.to_month.or(self.to_month);
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        rows::insert_facts(conn, new)?;
        Ok(())
    }

    fn update(&self, conn: &mut Db) -> AppResult<()> {
        use crate::store::schema::fact;
        diesel::update(fact::table.find((self.id, &self.street_code))).set(self).execute(conn)?;
        Ok(())
    }

    fn marks(&self) -> Vec<(UnitId, Month, NaiveDate)> {
        vec![(self.unit_id, self.from_month, self.annulled_on.unwrap_or(self.known_on))]
    }
}

impl Load<'_, '_> {
    pub(in super::super) fn facts(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<FactRow>::new(&FACT, "kind");
        self.stream(
            source,
            (&FACT, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                let mut made = Vec::with_capacity(batch.len());
                for (row, person) in batch.iter_mut().zip(people) {
                    made.push(load.fact(row, person)?);
                }
                let ids = distinct(made.iter().flatten().map(|fact| fact.resident_id));
                let existing = match load.fresh {
                    true => Vec::new(),
                    false => book::facts_of(load.conn, &load.street, &ids)?,
                };
                load.settle(&mut settling, &mut batch, made, existing).map(|_| ())
            },
        )
    }

    fn fact(&mut self, row: &mut Row, person: Option<Person>) -> AppResult<Option<FactRow>> {
        let kind = row.code("kind", FactKind::from_code);
        let (from, known) = (row.month("from_month"), row.date("known_on"));
        let (Some(person), Some(kind), Some(from_month), Some(known_on)) =
            (person, kind, from, known)
        else {
            return Ok(None);
        };
        self.check_days(row, &person, &["event_on", "reported_on", "decided_on", "known_on"]);
        let code = row.owned("code");
        if kind.has_code() && code.is_none() {
            row.fault("code", "这类情况必须填代码。", "This kind needs a code.");
        }
        if let (Some(codes), Some(code)) = (kind.codes(), code.as_deref())
            && !codes.contains(&code)
        {
            row.fault(
                "code",
                format!("代码“{code}”不认识,可填:{}。", codes.join("、")),
                format!("Unknown code \"{code}\". Use one of: {}.", codes.join(", ")),
            );
        }
        if kind.has_amount() && row.money("amount").is_none() && !row.has_fault("amount") {
            row.fault("amount", "收入、财产必须填金额。", "Income and property need an amount.");
        }
        let to_month =
            row.month("to_month").or_else(|| kind.is_quarterly().then(|| from_month.plus(3)));
        if to_month.is_some_and(|to| to <= from_month) {
            row.fault(
                "to_month",
                "终止月必须晚于起始月。",
                "The end must lie after the first month.",
            );
        }
        let annulled_on = row.date("annulled_on");
        super::check_order(row, "annulled_on", Some(known_on), annulled_on);
        let id = self.store.next_id();
        Ok(Some(FactRow {
            id,
            street_code: self.street.clone(),
            resident_id: person.id,
            unit_id: person.unit,
            kind,
            code,
            amount_fen: row.money("amount"),
            detail_enc: seal_opt(self.cipher(), DETAIL, id, row.text("detail"))?,
            from_month,
            to_month,
            event_on: row.date("event_on"),
            reported_on: row.date("reported_on"),
            decided_on: row.date("decided_on"),
            known_on,
            annulled_on,
            doc_no: row.owned("doc_no"),
            import_id: Some(self.import_id),
        }))
    }
}
