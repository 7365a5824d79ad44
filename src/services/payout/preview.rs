//! What a policy would cost before it is put in force: per program and
//! community, the policy in force against the one that is proposed. Nothing is
//! written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::policy::{
    NoTrace, Outcome, Period, Policy, Rates, UnitAt, evaluate, evaluate_quarter, resolve,
};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ReadReport};
use crate::services::policy::in_force;
use crate::store::unit_load::{self, Chunk};
use crate::store::{Cipher, Db, Store, area};

use super::plan;
use super::unit_facts::{Cursor, Reader, Unit};

/// Units per chunk.
const UNITS: i64 = 2_000;

/// One program in one community.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CostRow {
    /// Beneficiaries paid by the policy in force.
    pub count_now: i64,
    /// What it pays.
    pub amount_now: Fen,
    /// Beneficiaries paid by the proposed one.
    pub count_then: i64,
    /// What it would pay.
    pub amount_then: Fen,
}

impl CostRow {
    /// Proposed less present.
    #[must_use]
    pub fn difference(&self) -> Fen {
        self.amount_then - self.amount_now
    }

    /// All of these together.
    pub fn sum<'a>(rows: impl Iterator<Item = &'a CostRow>) -> CostRow {
        rows.fold(CostRow::default(), |sum, row| CostRow {
            count_now: sum.count_now + row.count_now,
            amount_now: sum.amount_now + row.amount_now,
            count_then: sum.count_then + row.count_then,
            amount_then: sum.amount_then + row.amount_then,
        })
    }
}

/// What a policy would cost in a month.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preview {
    /// By program and community, in the order of codes.
    pub rows: BTreeMap<(String, String), CostRow>,
    /// Names of the communities, by code.
    pub places: BTreeMap<String, String>,
}

/// Computes the dues of `month` by both policies, each with every standard that
/// it contains taken as known. `progress` is told units so far and in all, and
/// may stop it.
///
/// # Errors
/// No policy in force; what `progress` says.
pub fn preview(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    proposed: &Policy,
    month: Month,
    progress: &mut dyn FnMut(i64, i64) -> AppResult<()>,
) -> AppResult<Preview> {
    let street = by.street().to_owned();
    if street.is_empty() {
        return Err(AppError::coded(ErrorCode::InvalidInput, "请指定街道。", "Name a street."));
    }
    store.read(|conn| {
        let present = in_force(conn)?.policy;
        let mut preview = Preview::default();
        let mut sides = [
            Side::new(&present, store.cipher(), month, false),
            Side::new(proposed, store.cipher(), month, true),
        ];
        let total = unit_load::count_units(conn, &street)?;
        let (mut after, mut done) = (i64::MIN, 0);
        loop {
            progress(done, total)?;
            let units = unit_load::list_units(conn, &street, after, UNITS)?;
            let Some(last) = units.last().copied() else { break };
            after = last;
            done += i64::try_from(units.len()).unwrap_or(i64::MAX);
            let chunk = load(conn, &street, units)?;
            for side in &mut sides {
                side.chunk(&chunk, &mut preview)?;
            }
        }
        let tree = area::load_tree(conn, store.clock().today())?;
        for (_, code) in preview.rows.keys() {
            let name = tree.area(code).map_or(code, |area| &area.name);
            preview.places.insert(code.clone(), name.clone());
        }
        Ok(preview)
    })
}

fn load(conn: &mut Db, street: &str, units: Vec<i64>) -> AppResult<Chunk> {
    Ok(unit_load::load(conn, street, units)?)
}

/// One policy's view of the month.
struct Side<'a> {
    policy: &'a Policy,
    reader: Reader<'a>,
    unit: Unit,
    at: Vec<UnitAt>,
    rates: Vec<Rates>,
    scratch: Outcome,
    outcome: Outcome,
    month: Month,
    proposed: bool,
}

impl<'a> Side<'a> {
    fn new(policy: &'a Policy, cipher: &'a Cipher, month: Month, proposed: bool) -> Side<'a> {
        Side {
            policy,
            reader: Reader::new(policy, cipher),
            unit: Unit::default(),
            at: Vec::new(),
            rates: Vec::new(),
            scratch: Outcome::default(),
            outcome: Outcome::default(),
            month,
            proposed,
        }
    }

    fn chunk(&mut self, chunk: &Chunk, preview: &mut Preview) -> AppResult<()> {
        let mut cursor = Cursor::default();
        for id in &chunk.units {
            self.reader.read(chunk, &mut cursor, *id, &mut self.unit)?;
            self.count(false, preview);
            self.count(true, preview);
        }
        Ok(())
    }

    fn count(&mut self, quarterly: bool, preview: &mut Preview) {
        let period_of = |index: u16| self.policy.program(index).map(|p| p.period);
        let is_quarterly = |index: u16| period_of(index) == Some(Period::Quarter);
        if !self.unit.facts.awards.iter().any(|a| is_quarterly(a.program) == quarterly) {
            return;
        }
        let last = if quarterly { self.month.quarter_end() } else { self.month };
        let first = if quarterly { last.plus(-2) } else { last };
        // Of facts and standards everything that is in the registry or in the
        // file counts: the question is what the policy costs, not what is known.
        let known = chrono::NaiveDate::MAX;
        self.rates.clear();
        self.rates.extend(first.to(last).map(|month| self.policy.rates(month, known)));
        self.at.resize_with(self.rates.len(), UnitAt::default);
        for (unit, month) in self.at.iter_mut().zip(first.to(last)) {
            resolve(self.policy, &self.unit.facts, month, known, unit);
        }
        match (self.at.as_slice(), self.rates.as_slice()) {
            ([unit], [rates]) => {
                evaluate(self.policy, rates, unit, &mut self.outcome, &mut NoTrace);
            }
            (units, rates) => {
                let months: Vec<_> = rates.iter().zip(units).collect();
                let (scratch, outcome) = (&mut self.scratch, &mut self.outcome);
                evaluate_quarter(self.policy, &months, scratch, outcome, &mut NoTrace);
            }
        }
        for due in self.outcome.dues() {
            if is_quarterly(due.program) != quarterly || !due.amount.is_positive() {
                continue;
            }
            let Some(program) = self.policy.program(due.program) else { continue };
            let Some(award) = self.unit.facts.awards.iter().find(|a| a.id == due.award_id) else {
                continue;
            };
            let case = program.period == Period::Once;
            let place =
                self.unit.place(award, case, plan::cut_off(self.policy, program.period, last));
            let row =
                preview.rows.entry((program.code.clone(), format!("{place:012}"))).or_default();
            if self.proposed {
                row.count_then += 1;
                row.amount_then += due.amount;
            } else {
                row.count_now += 1;
                row.amount_now += due.amount;
            }
        }
    }
}
