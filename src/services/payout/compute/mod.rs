//! From units to lines: one pass that evaluates every program, and looks at
//! earlier months only where something can have changed them (`rulings.md`
//! S4).

mod post;

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::ledger::Settled;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, LineReason};
use crate::domain::payout_hash::LineContent;
use crate::domain::policy::{
    Due, NoTrace, Outcome, Period, Rates, UnitAt, evaluate, evaluate_quarter, resolve,
};
use crate::error::AppResult;
use crate::store::unit_load::Chunk;
use crate::store::{Cipher, Db, line};

use super::plan::{Plan, ProgramPlan};
use super::unit_facts::{Cursor, Reader, Unit};
use post::Item;

pub(super) use post::event_month;

/// A computed line, before it has an id.
#[derive(Debug, Clone)]
pub(super) struct DraftLine {
    /// Index into the plan's programs.
    pub program: usize,
    pub beneficiary: i64,
    pub award: i64,
    pub month: Month,
    pub kind: LineKind,
    pub amount: Fen,
    pub base: Fen,
    pub supplement: Fen,
    pub persons: i32,
    /// Community as a number.
    pub area: i64,
    /// Index of the tier, or `NO_TIER`.
    pub tier: u8,
    pub reason: Option<LineReason>,
    /// Not sealed yet; empty if the inputs are not wanted.
    pub inputs: Vec<u8>,
}

impl DraftLine {
    /// What the run's hash covers.
    pub fn content<'a>(&self, area: &'a str, tier: Option<&'a str>) -> LineContent<'a> {
        LineContent {
            beneficiary: self.beneficiary,
            award: self.award,
            month: self.month,
            kind: self.kind,
            amount: self.amount,
            base: self.base,
            supplement: self.supplement,
            persons: self.persons,
            area,
            tier,
            reason: self.reason.map(LineReason::code),
        }
    }
}

/// Earlier postings by award and month.
type PostedMap = HashMap<(i64, Month), Settled>;

/// What one evaluation (a month, or a quarter) left behind.
#[derive(Default)]
struct Evaluated {
    outcome: Outcome,
    /// By the standards that the previous run knew; made when first asked for.
    then: Option<Outcome>,
    units: Vec<UnitAt>,
    encoded: Vec<u8>,
}

/// Works through chunks; keeps its memory from unit to unit.
pub(super) struct Worker<'a> {
    plan: &'a Plan,
    reader: Reader<'a>,
    unit: Unit,
    evaluated: Evaluated,
    own: Evaluated,
    scratch: Outcome,
    with_inputs: bool,
}

impl<'a> Worker<'a> {
    /// For a plan; `with_inputs` also encodes what each line was computed from.
    pub fn new(plan: &'a Plan, cipher: &'a Cipher, with_inputs: bool) -> Worker<'a> {
        Worker {
            plan,
            reader: Reader::new(&plan.policy.policy, cipher),
            unit: Unit::default(),
            evaluated: Evaluated::default(),
            own: Evaluated::default(),
            scratch: Outcome::default(),
            with_inputs,
        }
    }

    /// Computes the lines of a chunk.
    ///
    /// # Errors
    /// The database failed, or a sealed certificate does not open.
    pub fn chunk(
        &mut self,
        conn: &mut Db,
        chunk: &Chunk,
        lines: &mut Vec<DraftLine>,
    ) -> AppResult<()> {
        let since = self.earlier_months(chunk);
        let posted = self.posted(conn, chunk, &since)?;
        let mut cursor = Cursor::default();
        for (at, unit) in chunk.units.iter().enumerate() {
            let mut own_unit = std::mem::take(&mut self.unit);
            let read = self.reader.read(chunk, &mut cursor, *unit, &mut own_unit);
            self.unit = own_unit;
            read?;
            self.unit(since.get(at).map_or(&[], Vec::as_slice), &posted, lines);
        }
        Ok(())
    }

    /// Per unit of the chunk and program of the plan: the first earlier month
    /// to look at, if any. Rate changes are added per month later.
    fn earlier_months(&self, chunk: &Chunk) -> Vec<Vec<Option<Month>>> {
        let mut marks = self.plan.marks.as_slice();
        let mut holds = chunk.holds.as_slice();
        let mut all = Vec::with_capacity(chunk.units.len());
        for unit in &chunk.units {
            let mut own: Vec<Option<Month>> = Vec::new();
            let before = marks.partition_point(|m| m.0 < *unit);
            marks = marks.get(before..).unwrap_or_default();
            let of_unit = marks.iter().take_while(|m| m.0 == *unit).count();
            let marked = marks.get(..of_unit).unwrap_or_default();
            let before = holds.partition_point(|h| h.0 < *unit);
            holds = holds.get(before..).unwrap_or_default();
            let of_unit = holds.iter().take_while(|h| h.0 == *unit).count();
            let held = holds.get(..of_unit).unwrap_or_default();
            if marked.is_empty() && held.is_empty() {
                all.push(own);
                continue;
            }
            for program in &self.plan.programs {
                let fresh = program.previous.and_then(|previous| {
                    let marks = marked
                        .iter()
                        .filter(|m| m.3 <= program.known)
                        .filter(|m| m.1 > previous.marks_through || m.3 > previous.cut_off)
                        .map(|m| m.2);
                    let holds = held
                        .iter()
                        .filter(|h| h.4.is_none_or(|on| on > previous.cut_off))
                        .map(|h| h.2);
                    marks.chain(holds).min()
                });
                own.push(fresh);
            }
            all.push(own);
        }
        all
    }

    /// Earlier postings of the units that need them.
    fn posted(
        &self,
        conn: &mut Db,
        chunk: &Chunk,
        since: &[Vec<Option<Month>>],
    ) -> AppResult<PostedMap> {
        let mut map = PostedMap::new();
        for (at, program) in self.plan.programs.iter().enumerate() {
            let by_rate = program.changed.first().copied();
            let mut from = by_rate;
            let mut beneficiaries = Vec::new();
            let mut unit_at = 0;
            for award in chunk.awards.iter().filter(|a| a.2 == program.code) {
                while chunk.units.get(unit_at).is_some_and(|unit| *unit < award.0) {
                    unit_at += 1;
                }
                let fresh = since.get(unit_at).and_then(|s| s.get(at).copied().flatten());
                if fresh.is_some() || by_rate.is_some() {
                    beneficiaries.push(award.4);
                    from = from.into_iter().chain(fresh).min();
                }
            }
            let Some(from) = from.filter(|_| !beneficiaries.is_empty()) else { continue };
            let from = from.max(program.first);
            for row in
                line::list_posted(conn, &self.plan.street, &program.code, &beneficiaries, from)?
            {
                if self.plan.posted_runs.contains(&row.run_id.0) {
                    map.entry((row.award_id.0, row.month))
                        .or_default()
                        .add(row.kind, row.amount_fen);
                }
            }
        }
        Ok(map)
    }

    fn unit(&mut self, since: &[Option<Month>], posted: &PostedMap, lines: &mut Vec<DraftLine>) {
        let plan = self.plan;
        for quarterly in [false, true] {
            let is_quarterly = |p: &ProgramPlan| (p.period == Period::Quarter) == quarterly;
            let has_award =
                |p: &ProgramPlan| self.unit.facts.awards.iter().any(|a| a.program == p.index);
            let mut months: Vec<Month> = Vec::new();
            let mut own = None;
            for (at, program) in plan.programs.iter().enumerate() {
                if !is_quarterly(program) || !has_award(program) {
                    continue;
                }
                own = Some((program.own, program.known));
                months.extend(program.changed.iter().filter(|month| **month < program.own));
                if let Some(from) = since.get(at).copied().flatten() {
                    let step = if quarterly { 3 } else { 1 };
                    let from = from.max(program.first);
                    let from = if quarterly { from.quarter_end() } else { from };
                    let mut month = from;
                    while month < program.own {
                        months.push(month);
                        month = month.plus(step);
                    }
                }
            }
            let Some((own, known)) = own else { continue };
            months.sort_unstable();
            months.dedup();
            let mut current = std::mem::take(&mut self.own);
            self.evaluate(own, known, quarterly, &mut current);
            for month in months {
                let mut earlier = std::mem::take(&mut self.evaluated);
                self.evaluate(month, known, quarterly, &mut earlier);
                self.month(month, quarterly, since, posted, &mut earlier, Some(&current), lines);
                self.evaluated = earlier;
            }
            self.month(own, quarterly, since, posted, &mut current, None, lines);
            self.own = current;
        }
    }

    fn evaluate(&mut self, month: Month, known: NaiveDate, quarterly: bool, into: &mut Evaluated) {
        let policy = self.reader.policy();
        into.then = None;
        into.encoded.clear();
        let count = if quarterly { 3 } else { 1 };
        into.units.resize_with(count, UnitAt::default);
        let first = month.plus(1 - i32::try_from(count).unwrap_or(1));
        for (unit, month) in into.units.iter_mut().zip(first.to(month)) {
            resolve(policy, &self.unit.facts, month, known, unit);
        }
        let rates = |month| self.plan.rates(month, known);
        evaluate_by(self.plan, rates, &into.units, &mut self.scratch, &mut into.outcome);
    }

    /// The lines of every award for one month.
    #[expect(clippy::too_many_arguments, reason = "the loop's state, in one place")]
    fn month(
        &mut self,
        month: Month,
        quarterly: bool,
        since: &[Option<Month>],
        posted: &PostedMap,
        evaluated: &mut Evaluated,
        current: Option<&Evaluated>,
        lines: &mut Vec<DraftLine>,
    ) {
        let plan = self.plan;
        for at in 0..self.unit.facts.awards.len() {
            let Some(award) = self.unit.facts.awards.get(at).copied() else { continue };
            let found = plan.programs.iter().enumerate().find(|(_, p)| p.index == award.program);
            let Some((position, program)) = found else { continue };
            if (program.period == Period::Quarter) != quarterly || month < program.first {
                continue;
            }
            if month < program.own {
                let marked = since.get(position).copied().flatten().is_some_and(|from| {
                    let from = if quarterly { from.quarter_end() } else { from };
                    month >= from
                });
                if !marked && !program.changed.contains(&month) {
                    continue;
                }
            }
            let settled = posted.get(&(award.id, month)).copied().unwrap_or_default();
            let due = find(&evaluated.outcome, award.id);
            let amount = due.map_or(Fen::ZERO, |d| d.amount);
            if amount == settled.total() {
                continue;
            }
            let item = Item { position, program, award: &award, index: at, month, due, settled };
            self.post(&item, evaluated, current, lines);
        }
    }
}

fn find(outcome: &Outcome, award: i64) -> Option<Due> {
    outcome.dues().iter().find(|d| d.award_id == award).copied()
}

/// Evaluates a month, or the three of a quarter, by the standards that `rates`
/// gives for a month.
fn evaluate_by<'r>(
    plan: &Plan,
    rates: impl Fn(Month) -> Option<&'r Rates>,
    units: &[UnitAt],
    scratch: &mut Outcome,
    outcome: &mut Outcome,
) {
    let policy = &plan.policy.policy;
    if let [unit] = units {
        if let Some(rates) = rates(unit.month()) {
            evaluate(policy, rates, unit, outcome, &mut NoTrace);
        }
        return;
    }
    let months: Vec<(&Rates, &UnitAt)> =
        units.iter().filter_map(|u| Some((rates(u.month())?, u))).collect();
    evaluate_quarter(policy, &months, scratch, outcome, &mut NoTrace);
}

/// What would be due by today's facts and the standards that the previous run
/// knew.
fn then_outcome(
    plan: &Plan,
    known: NaiveDate,
    evaluated: &mut Evaluated,
    scratch: &mut Outcome,
    award: i64,
) -> Fen {
    if evaluated.then.is_none() {
        let mut outcome = Outcome::default();
        let rates = |month| plan.rates_then(month, known);
        evaluate_by(plan, rates, &evaluated.units, scratch, &mut outcome);
        evaluated.then = Some(outcome);
    }
    let due = evaluated.then.as_ref().and_then(|outcome| find(outcome, award));
    due.map_or(Fen::ZERO, |d| d.amount)
}
