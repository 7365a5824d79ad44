//! Go-live: from which month the ledger counts, and what was paid in the month
//! before (`rulings.md` M2).

use std::collections::{BTreeMap, HashMap};

use super::{Load, Seen, repeated};
use crate::domain::area::Level;
use crate::domain::ids::BeneficiaryId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::RunOrigin;
use crate::error::AppResult;
use crate::services::import::book::{OPENING, START};
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::services::payout::OpeningLine;
use crate::store::line::{LineRow, list_lines_of_run};
use crate::store::program_start::{insert_program_start, list_program_starts};
use crate::store::run::find_run_of;

/// Opening lines to be posted when the book is read.
#[derive(Default)]
pub(in super::super) struct Openings {
    /// New lines by month.
    pub lines: BTreeMap<Month, Vec<OpeningLine>>,
    /// What the registry holds of a program's month.
    stored: HashMap<(String, Month), Option<HashMap<BeneficiaryId, LineRow>>>,
}

impl Load<'_, '_> {
    pub(super) fn starts(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut known: BTreeMap<String, Month> =
            list_program_starts(self.conn, &self.street)?.into_iter().collect();
        let mut seen = Seen::default();
        self.stream(
            source,
            (&START, places),
            |row| row,
            |load, batch| {
                for mut row in batch {
                    load.start(&mut row, &mut known, &mut seen)?;
                }
                Ok(())
            },
        )
    }

    fn start(
        &mut self,
        row: &mut Row,
        known: &mut BTreeMap<String, Month>,
        seen: &mut Seen<String>,
    ) -> AppResult<()> {
        let program = self.program(row);
        if let Some(line) = program.clone().and_then(|program| seen.before(program, row.line)) {
            repeated(row, "program", line);
        }
        let (Some(program), Some(month), true) =
            (program, row.month("first_month"), row.is_sound())
        else {
            self.reject(&START, row);
            return Ok(());
        };
        match known.get(&program) {
            Some(stored) if *stored == month => self.taken(&START, row, Outcome::Unchanged),
            Some(stored) => {
                row.fault(
                    "first_month",
                    format!("该项目的首发月份已是 {stored},不能再改。"),
                    format!("The program's first month is {stored} already and cannot be changed."),
                );
                self.reject(&START, row);
            }
            None => {
                if self.writing {
                    insert_program_start(self.conn, &self.street, &program, month)?;
                }
                known.insert(program, month);
                self.taken(&START, row, Outcome::Inserted);
            }
        }
        Ok(())
    }

    pub(super) fn openings(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut seen: Seen<(String, BeneficiaryId, Month)> = Seen::default();
        self.stream(
            source,
            (&OPENING, places),
            |row| row,
            |load, mut batch| {
                let people = load.resolve(&mut batch, "person")?;
                load.load_beneficiaries(&batch)?;
                load.load_awards(&batch, &people)?;
                for (row, person) in batch.iter_mut().zip(people) {
                    let made = load.opening(row, person).filter(|_| row.is_sound());
                    let Some((line, month)) = made else {
                        load.reject(&OPENING, row);
                        continue;
                    };
                    let key = (line.program.clone(), line.beneficiary, month);
                    if let Some(before) = seen.before(key, row.line) {
                        repeated(row, "program", before);
                        load.reject(&OPENING, row);
                        continue;
                    }
                    load.settle_opening(row, line, month)?;
                }
                Ok(())
            },
        )
    }

    fn opening(
        &mut self,
        row: &mut Row,
        person: Option<super::people::Person>,
    ) -> Option<(OpeningLine, Month)> {
        let program = self.program(row)?;
        let to = self.beneficiary(row, person)?;
        let (month, amount) = (row.month("month")?, row.money("amount")?);
        let Some(award) = self.awards.get(&(program.clone(), to.id)).copied() else {
            row.fault(
                "program",
                "该受益对象没有这个项目的待遇。请先在“待遇”里登记。",
                "This beneficiary has no award of the program. Register it in the sheet of awards.",
            );
            return None;
        };
        let supplement = row.money("supplement").unwrap_or(Fen::ZERO);
        let base = row.money("base").unwrap_or(amount - supplement);
        if base.checked_add(supplement) != Some(amount) {
            row.fault(
                "amount",
                "金额应等于保障金加分类施保金。",
                "The amount must be base plus supplement.",
            );
        }
        let area = self.community(row, &to)?;
        let line = OpeningLine {
            program,
            award: award.id,
            beneficiary: to.id,
            amount,
            supplement,
            persons: row.count("persons").unwrap_or(1),
            area_code: area,
            tier: row.owned("tier"),
        };
        Some((line, month))
    }

    /// The community that a line is paid in.
    fn community(&mut self, row: &mut Row, to: &super::award::Beneficiary) -> Option<String> {
        let home = || self.homes.list.iter().find(|home| Some(home.row.id) == to.household);
        let area = row
            .owned("area")
            .or_else(|| to.person.map(|person| self.people.area_of(&person).to_owned()))
            .or_else(|| home().map(|home| home.row.area_code.clone()))?;
        if let Some(refusal) = self.place_fault(&area) {
            row.refusal(refusal);
        }
        let community = self.tree.at_level(&area, Level::Community);
        Some(community.map_or(area.clone(), |row| row.code.clone()))
    }

    /// New, or the same as what is stored: opening lines never change.
    fn settle_opening(&mut self, row: &mut Row, line: OpeningLine, month: Month) -> AppResult<()> {
        let key = (line.program.clone(), month);
        if !self.openings.stored.contains_key(&key) {
            let run = find_run_of(self.conn, &self.street, &line.program, month)?;
            let lines = match run {
                None => None,
                Some(run) if run.origin == RunOrigin::Opening => Some(
                    list_lines_of_run(self.conn, &self.street, run.id, None, i64::MAX)?
                        .into_iter()
                        .map(|line| (line.beneficiary_id, line))
                        .collect(),
                ),
                Some(_) => Some(HashMap::new()),
            };
            self.openings.stored.insert(key.clone(), lines);
        }
        match self.openings.stored.get(&key).and_then(Option::as_ref) {
            None => {
                self.openings.lines.entry(month).or_default().push(line);
                self.taken(&OPENING, row, Outcome::Inserted);
            }
            Some(stored) if stored.get(&line.beneficiary).is_some_and(|old| same(old, &line)) => {
                self.taken(&OPENING, row, Outcome::Unchanged);
            }
            Some(_) => {
                row.fault(
                    "month",
                    "该项目该月已有批次,期初数据不能再改。",
                    "The program has a run for this month; opening lines cannot be changed any more.",
                );
                self.reject(&OPENING, row);
            }
        }
        Ok(())
    }
}

fn same(old: &LineRow, new: &OpeningLine) -> bool {
    old.award_id == new.award
        && old.amount_fen == new.amount
        && old.supplement_fen == new.supplement
        && old.persons == new.persons
        && old.area_code == new.area_code
        && old.tier == new.tier
}
