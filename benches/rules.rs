//! The evaluator that pays, against a bare pass over arrays that knows one
//! rule only: 1,000,000 persons in 400,000 households, dibao with top-ups, two
//! disability subsidies, a child allowance (`policies/bench-openfisca.toml`).
//!
//! `cargo bench --bench rules -- [PERSONS HOUSEHOLDS MONTHS]` prints one JSON
//! object per phase. Both sides must agree to the fen, or it fails.

use std::process::ExitCode;
use std::time::Instant;

use chrono::NaiveDate;

use mingce::domain::award::DecisionKind;
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::domain::policy::{
    AwardRow, CertificateRow, DecisionRow, FactKey, FactRow, MembershipRow, NOBODY, NoTrace, OPEN,
    Outcome, PersonRow, Policy, Rates, UnitAt, UnitFacts, category_bit, evaluate, resolve,
};

/// Arrays sorted by household, as the bare pass wants them.
struct Population {
    start: Vec<u32>,
    enrolled: Vec<bool>,
    birth: Vec<i32>,
    income: Vec<i64>,
    grade: Vec<u8>,
}

/// Xorshift, so that every run has the same people.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) & 0xffff_ffff
    }
}

fn population(persons: usize, households: usize) -> Population {
    let mut random = Random(88_172_645_463_325_252);
    let mut size = vec![1_u32; households];
    let enrolled = (0..households).map(|_| random.next() & 1 == 1).collect();
    for _ in households..persons {
        let at = random.next() as usize % households;
        size[at] += 1;
    }
    let mut start = vec![0_u32];
    for members in size {
        start.push(start.last().copied().unwrap_or(0) + members);
    }
    let (mut birth, mut income, mut grade) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..persons {
        birth.push(1936 * 12 + (random.next() % 1080) as i32);
        let poor = random.next() % 100 < 45;
        income.push(if poor { 0 } else { (random.next() % 360_000) as i64 });
        grade.push(match random.next() % 1000 {
            0..930 => 0,
            930..945 => 1,
            945..965 => 2,
            965..985 => 3,
            _ => 4,
        });
    }
    Population { start, enrolled, birth, income, grade }
}

#[derive(Debug, PartialEq, Eq, Default)]
struct Totals {
    lines: u64,
    fen: i64,
}

/// The same rules written out by hand over the arrays.
fn bare_pass(p: &Population, months: i32) -> Totals {
    let mut totals = Totals::default();
    for number in 1..=months {
        let later = number >= 7;
        let standard = if later { 125_000 } else { 110_000 };
        let (child, elder, severe) =
            if later { (18_700, 12_500, 25_000) } else { (16_500, 11_000, 22_000) };
        let month = 2026 * 12 + number - 1;
        for (household, enrolled) in p.enrolled.iter().enumerate() {
            let members = p.start[household] as usize..p.start[household + 1] as usize;
            let (mut income, mut top) = (0, 0);
            for at in members.clone() {
                income += p.income[at];
                let age = (month - p.birth[at]) / 12;
                top += if age < 16 { child } else { 0 }
                    + if age >= 70 { elder } else { 0 }
                    + if matches!(p.grade[at], 1 | 2) { severe } else { 0 };
            }
            let gap = standard * members.len() as i64 - income;
            let dibao = if *enrolled && gap > 0 { (gap + 99) / 100 * 100 + top } else { 0 };
            if dibao > 0 {
                totals.lines += 1;
                totals.fen += dibao;
            }
            for at in members {
                if matches!(p.grade[at], 1 | 2) {
                    totals.lines += 1;
                    totals.fen += if p.grade[at] == 1 { 16_000 } else { 12_000 };
                    if dibao > 0 {
                        totals.lines += 1;
                        totals.fen += 15_000;
                    }
                }
                if dibao > 0 && (month - p.birth[at]) / 12 < 18 {
                    totals.lines += 1;
                    totals.fen += 10_000;
                }
            }
        }
    }
    totals
}

/// What the store would load of one household, as dated facts.
struct Filler {
    wage: FactKey,
    programs: [u16; 4],
    known: NaiveDate,
    since: Month,
}

impl Filler {
    fn fill(&self, p: &Population, household: usize, facts: &mut UnitFacts) {
        let id = household as i64 + 1;
        facts.clear(id);
        let home = facts.household_index(id);
        let members = p.start[household] as usize..p.start[household + 1] as usize;
        for (person, at) in (0_u16..).zip(members) {
            let resident = at as i64 + 10_000_000;
            facts.persons.push(PersonRow { id: resident, birth: Month::from_index(p.birth[at]) });
            facts.memberships.push(MembershipRow {
                id: resident,
                person,
                household: home,
                counted: true,
                from: self.since,
                to: OPEN,
                known_on: self.known,
                end_known_on: None,
            });
            if p.income[at] > 0 {
                facts.facts.push(FactRow {
                    id: resident,
                    person,
                    key: self.wage,
                    amount: Fen(p.income[at] * 12),
                    from: self.since,
                    to: OPEN,
                    event_on: None,
                    known_on: self.known,
                    annulled_on: None,
                });
            }
            if p.grade[at] > 0 {
                facts.certificates.push(CertificateRow {
                    id: resident,
                    person,
                    categories: category_bit(4),
                    grade: p.grade[at],
                    from: self.since,
                    valid_to: None,
                    known_on: self.known,
                    cancelled_on: None,
                    cancel_known_on: None,
                });
            }
        }
        self.awards(p, household, home, facts);
        facts.seal();
    }

    fn awards(&self, p: &Population, household: usize, home: u16, facts: &mut UnitFacts) {
        let [dibao, living, care, child] = self.programs;
        if p.enrolled[household] {
            self.award(facts, household as i64 + 1, dibao, 0, home);
        }
        let members = p.start[household] as usize..p.start[household + 1] as usize;
        for (person, at) in (0_u16..).zip(members) {
            let resident = at as i64 + 10_000_000;
            if matches!(p.grade[at], 1 | 2) {
                self.award(facts, resident, living, person, NOBODY);
                self.award(facts, resident, care, person, NOBODY);
            }
            if p.enrolled[household] && 2026 * 12 - p.birth[at] < 18 * 12 {
                self.award(facts, resident, child, person, NOBODY);
            }
        }
    }

    fn award(&self, facts: &mut UnitFacts, beneficiary: i64, program: u16, person: u16, home: u16) {
        let id = facts.awards.len() as i64 + beneficiary * 10;
        let award = facts.awards.len() as u16;
        facts.awards.push(AwardRow {
            id,
            beneficiary_id: beneficiary,
            program,
            person,
            household: home,
            single: false,
        });
        facts.decisions.push(DecisionRow {
            id,
            award,
            kind: DecisionKind::Confirm,
            from: self.since,
            to: OPEN,
            amount: None,
            known_on: self.known,
            annuls: 0,
        });
    }
}

fn engine_pass(p: &Population, policy: &Policy, months: i32) -> (Totals, f64, f64) {
    let known = NaiveDate::from_ymd_opt(2025, 12, 1).unwrap_or_default();
    let now = NaiveDate::from_ymd_opt(2026, 12, 31).unwrap_or_default();
    let since = Month::new(2025, 12).unwrap_or(OPEN);
    let wage = policy.codes().key("income", "wage");
    let index = |code| policy.program_index(code).unwrap_or(u16::MAX);
    let programs = ["dibao", "living", "care", "child"].map(index);
    let filler = Filler { wage, programs, known, since };
    let months: Vec<Month> = (1..=months).filter_map(|m| Month::new(2026, m as u32)).collect();
    let rates: Vec<Rates> = months.iter().map(|m| policy.rates(*m, now)).collect();
    let (mut facts, mut unit, mut outcome) =
        (UnitFacts::default(), UnitAt::default(), Outcome::default());
    let mut totals = Totals::default();
    let mut evaluation = std::time::Duration::ZERO;
    let whole = Instant::now();
    // The clock is read once per 500 households: reading it costs time too.
    let households: Vec<usize> = (0..p.enrolled.len()).collect();
    let mut batch: Vec<UnitFacts> = vec![UnitFacts::default(); 500];
    for chunk in households.chunks(500) {
        for (household, slot) in chunk.iter().zip(&mut batch) {
            std::mem::swap(slot, &mut facts);
            filler.fill(p, *household, &mut facts);
            std::mem::swap(slot, &mut facts);
        }
        let started = Instant::now();
        for slot in batch.iter().take(chunk.len()) {
            for (month, rates) in months.iter().zip(&rates) {
                if *month == rates.month
                    && (unit.unit_id != slot.unit_id || *month >= unit.steady_until())
                {
                    resolve(policy, slot, *month, now, &mut unit);
                } else {
                    unit.move_to(*month);
                }
                evaluate(policy, rates, &unit, &mut outcome, &mut NoTrace);
                for due in outcome.dues().iter().filter(|due| due.amount.is_positive()) {
                    totals.lines += 1;
                    totals.fen += due.amount.0;
                }
            }
        }
        evaluation += started.elapsed();
    }
    (totals, whole.elapsed().as_secs_f64(), evaluation.as_secs_f64())
}

fn main() -> ExitCode {
    let numbers: Vec<usize> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let persons = numbers.first().copied().unwrap_or(1_000_000);
    let households = numbers.get(1).copied().unwrap_or(400_000);
    let months = numbers.get(2).copied().unwrap_or(1) as i32;
    let text = include_str!("../policies/bench-openfisca.toml");
    let policy = match Policy::parse(text) {
        Ok(policy) => policy,
        Err(errors) => {
            eprintln!("{errors:?}");
            return ExitCode::FAILURE;
        }
    };
    let people = population(persons, households);
    for run in 1..=5 {
        let started = Instant::now();
        let bare = bare_pass(&people, months);
        let bare_s = started.elapsed().as_secs_f64();
        let (engine, total_s, evaluate_s) = engine_pass(&people, &policy, months);
        println!(
            "{{\"bench\":\"rules\",\"run\":{run},\"persons\":{persons},\"months\":{months},\
             \"bare_s\":{bare_s:.4},\"engine_total_s\":{total_s:.4},\"engine_evaluate_s\":{evaluate_s:.4},\
             \"ratio_evaluate\":{:.2},\"ratio_total\":{:.2},\"lines\":{},\"fen\":{}}}",
            evaluate_s / bare_s,
            total_s / bare_s,
            engine.lines,
            engine.fen
        );
        if engine != bare {
            eprintln!("the passes differ: {engine:?} against {bare:?}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
