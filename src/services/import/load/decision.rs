//! Decisions on awards.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::award::{Beneficiary, check_living};
use super::settle::{Field, Record, Settling, day};
use super::{Load, distinct};
use crate::domain::award::{DecisionKind, DecisionSpan, first_covered};
use crate::domain::ids::{AwardId, UnitId};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::import::book::DECISION;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::decision::{self, DecisionRow};
use crate::store::{Cipher, Db, book};

impl Record for DecisionRow {
    const KIND: &'static str = "decision";
    // A wrong decision is answered by another.
    const MUTABLE: &'static [&'static str] = &[];
    type Key = (AwardId, DecisionKind, Month, NaiveDate);

    fn key(&self) -> Self::Key {
        (self.award_id, self.kind, self.from_month, self.known_on)
    }

    fn id(&self) -> i64 {
        self.id
    }

    fn fields(&self, _: &Cipher) -> AppResult<Vec<Field>> {
        Ok(vec![
            ("to_month", self.to_month.map(|m| m.to_string())),
            ("decided_on", day(Some(self.decided_on))),
            ("applied_on", day(self.applied_on)),
            ("amount", self.amount_fen.map(|fen| fen.to_plain())),
            ("reason", self.reason.clone()),
            ("doc_no", self.doc_no.clone()),
            ("annuls_month", self.annuls.map(|id| id.to_string())),
        ])
    }

    fn adopt(&mut self, _: &Self, _: &Cipher) -> AppResult<()> {
        Ok(())
    }

    fn insert(conn: &mut Db, new: &[Self]) -> AppResult<()> {
        decision::insert_decisions(conn, new)?;
        Ok(())
    }

    fn update(&self, _: &mut Db) -> AppResult<()> {
        Ok(())
    }

    fn marks(&self) -> Vec<(UnitId, Month, NaiveDate)> {
        vec![(self.unit_id, self.from_month, self.known_on)]
    }
}

impl Load<'_, '_> {
    pub(super) fn decisions(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut settling = Settling::<DecisionRow>::new(&DECISION, "kind");
        let mut earlier = Earlier::default();
        self.stream(
            source,
            (&DECISION, places),
            |row| row,
            |load, mut batch| load.decision_batch(&mut settling, &mut earlier, &mut batch),
        )
    }

    fn decision_batch(
        &mut self,
        settling: &mut Settling<DecisionRow>,
        earlier: &mut Earlier,
        batch: &mut [Row],
    ) -> AppResult<()> {
        let people = self.resolve(batch, "person")?;
        self.load_beneficiaries(batch)?;
        let beneficiaries: Vec<Option<Beneficiary>> = batch
            .iter_mut()
            .zip(people)
            .map(|(row, person)| self.beneficiary(row, person))
            .collect();
        let ids = distinct(beneficiaries.iter().flatten().map(|to| to.id));
        let mut existing = Vec::new();
        if !self.fresh {
            self.load_awards_of(&ids)?;
            let awards = self.awards.iter().filter(|((_, id), _)| ids.contains(id));
            let awards: Vec<AwardId> = awards.map(|(_, award)| award.id).collect();
            existing = book::decisions_of(self.conn, &self.street, &awards)?;
        }
        earlier.registry(&existing);
        let mut made: Vec<Option<DecisionRow>> = Vec::with_capacity(batch.len());
        for (row, to) in batch.iter_mut().zip(beneficiaries) {
            made.push(to.and_then(|to| self.decision(row, &to, earlier)));
        }
        earlier.check_confirms(batch, &made, &existing);
        self.settle(settling, batch, made, existing).map(|_| ())
    }

    fn decision(
        &mut self,
        row: &mut Row,
        to: &Beneficiary,
        earlier: &mut Earlier,
    ) -> Option<DecisionRow> {
        let program = self.program(row)?;
        let Some(award) = self.awards.get(&(program, to.id)).copied() else {
            row.fault(
                "program",
                "该受益对象没有这个项目的待遇。请先在“待遇”里登记。",
                "This beneficiary has no award of the program. Register it in the sheet of awards.",
            );
            return None;
        };
        let kind = row.code("kind", DecisionKind::from_code)?;
        let (from_month, decided_on) = (row.month("from_month")?, row.date("decided_on")?);
        if let (DecisionKind::Confirm, Some(person)) = (kind, &to.person) {
            check_living(row, "from_month", person, from_month, to.kind);
        }
        if decided_on > self.today {
            row.fault("decided_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        if row.date("applied_on").is_some_and(|applied| applied > decided_on) {
            row.fault(
                "applied_on",
                "申请日期不能晚于决定日期。",
                "The application must not lie after the decision.",
            );
        }
        let to_month = row.month("to_month");
        if to_month.is_some_and(|to| to <= from_month) {
            row.fault(
                "to_month",
                "终止月必须晚于起始月。",
                "The end must lie after the first month.",
            );
        }
        let id = self.store.next_id();
        let mut annuls = None;
        match kind {
            DecisionKind::Stop => {
                if row.text("reason").is_none() && !row.has_fault("reason") {
                    row.fault("reason", "停发必须填原因。", "A stop needs a reason.");
                }
                earlier.stops.entry((award.id, from_month)).or_insert(id);
            }
            DecisionKind::AnnulStop => {
                let month = row.month("annuls_month").unwrap_or(from_month);
                annuls = earlier.stops.get(&(award.id, month)).copied();
                if annuls.is_none() {
                    row.fault(
                        "annuls_month",
                        format!("该待遇没有从 {month} 起的停发决定。"),
                        format!("There is no stop of this award from {month}."),
                    );
                }
            }
            DecisionKind::Confirm | DecisionKind::Grace => {}
        }
        Some(DecisionRow {
            id,
            street_code: self.street.clone(),
            award_id: award.id,
            unit_id: self.people.unit(award.unit),
            kind,
            from_month,
            to_month,
            decided_on,
            applied_on: row.date("applied_on"),
            known_on: row.date("known_on").unwrap_or(decided_on),
            amount_fen: row.money("amount"),
            reason: row.owned("reason"),
            doc_no: row.owned("doc_no"),
            annuls,
            import_id: Some(self.import_id),
        })
    }
}

/// Decisions on the awards that occur, of the registry and of the book so far.
#[derive(Default)]
struct Earlier {
    spans: HashMap<AwardId, Vec<DecisionSpan>>,
    stops: HashMap<(AwardId, Month), i64>,
}

impl Earlier {
    /// Takes in what the registry holds.
    fn registry(&mut self, existing: &[DecisionRow]) {
        for decision in existing {
            if decision.kind == DecisionKind::Stop {
                self.stops.insert((decision.award_id, decision.from_month), decision.id);
            }
            let spans = self.spans.entry(decision.award_id).or_default();
            if spans.iter().all(|span| span.id != decision.id) {
                spans.push(decision.span());
            }
        }
    }

    /// A confirmation may not overlap one that is in force already.
    fn check_confirms(
        &mut self,
        batch: &mut [Row],
        made: &[Option<DecisionRow>],
        existing: &[DecisionRow],
    ) {
        let known: HashSet<_> = existing.iter().map(Record::key).collect();
        let mut order: Vec<(usize, &DecisionRow)> = made
            .iter()
            .enumerate()
            .filter_map(|(at, d)| d.as_ref().map(|d| (at, d)))
            .filter(|(_, d)| !known.contains(&d.key()))
            .collect();
        order.sort_by_key(|(at, d)| (d.known_on, *at));
        for (at, decision) in order {
            let spans = self.spans.entry(decision.award_id).or_default();
            let covered = match decision.kind {
                DecisionKind::Confirm => {
                    first_covered(spans, decision.from_month, decision.to_month)
                }
                _ => None,
            };
            if let (Some(month), Some(row)) = (covered, batch.get_mut(at)) {
                row.fault(
                    "from_month",
                    format!("该对象从 {month} 起已享受同一待遇,时间不能重叠。"),
                    format!(
                        "This benefit is already being received in {month}. Periods cannot overlap."
                    ),
                );
            }
            spans.push(decision.span());
        }
    }
}
