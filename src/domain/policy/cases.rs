//! Worked cases: every program proves itself by examples in plain language that
//! stand in the same file.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::evaluate::{Due, Outcome, evaluate, evaluate_quarter};
use super::facts::{
    AwardRow, CertificateRow, Codes, DecisionRow, EventKind, EventRow, FactRow, MembershipRow,
    NOBODY, OPEN, PersonRow, UnitFacts, category_bit, kind_codes,
};
use super::file::{CaseAward, CaseFile, CasePerson, Period};
use super::model::{Policy, PolicyError};
use super::rates::Rates;
use super::resolve::{UnitAt, resolve};
use super::trace::NoTrace;
use crate::domain::award::{BeneficiaryKind, DecisionKind};
use crate::domain::fact::FactKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// How a worked case came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    /// Number of the case, or the program's code where a case is missing.
    pub id: String,
    /// The case in Chinese.
    pub zh: String,
    /// The case in English.
    pub en: String,
    /// Expected and computed amount of every program of the case.
    pub figures: Vec<CaseFigure>,
    /// Whether all figures agree.
    pub passed: bool,
}

/// One program of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFigure {
    /// Code of the program.
    pub program: String,
    /// As the case says.
    pub expected: Fen,
    /// As computed.
    pub actual: Fen,
    /// Why it came out so (of the last award), Chinese and English.
    pub why: (String, String),
}

/// Runs all worked cases. A program for which no case expects a payment yields a
/// failed result as well: such a policy cannot be put in force.
#[must_use]
pub fn run_cases(policy: &Policy) -> Vec<CaseResult> {
    let mut codes = policy.codes();
    let mut results: Vec<CaseResult> =
        policy.cases.iter().map(|case| run_case(policy, &mut codes, case)).collect();
    let paid = |code: &str| {
        let positive = |amount: &String| Fen::parse_yuan(amount).is_ok_and(Fen::is_positive);
        policy.cases.iter().any(|case| case.expect.get(code).is_some_and(positive))
    };
    for program in policy.programs.iter().filter(|p| !paid(&p.code)) {
        results.push(CaseResult {
            id: program.code.clone(),
            zh: format!("项目「{}」没有应发大于零的算例，请补写 [[case]]", program.zh),
            en: format!("no case expects a payment of {}; add a [[case]]", program.en),
            figures: Vec::new(),
            passed: false,
        });
    }
    results
}

fn run_case(policy: &Policy, codes: &mut Codes, case: &CaseFile) -> CaseResult {
    let facts = unit_of(policy, codes, case);
    let mut figures: BTreeMap<&str, CaseFigure> = BTreeMap::new();
    for (program, amount) in &case.expect {
        let expected = Fen::parse_yuan(amount).unwrap_or_default();
        let why = ("没有生效的待遇".to_owned(), "no award in force".to_owned());
        let figure = CaseFigure { program: program.clone(), expected, actual: Fen::ZERO, why };
        figures.insert(program, figure);
    }
    for due in dues_of(policy, &facts, case) {
        let Some(program) = policy.program(due.program) else { continue };
        let figure = figures.entry(&program.code).or_insert_with(|| CaseFigure {
            program: program.code.clone(),
            expected: Fen::ZERO,
            actual: Fen::ZERO,
            why: (String::new(), String::new()),
        });
        figure.actual += due.amount;
        figure.why = policy.reason_text(due.reason);
    }
    let figures: Vec<CaseFigure> = figures.into_values().collect();
    let passed = figures.iter().all(|f| f.expected == f.actual);
    CaseResult { id: case.id.clone(), zh: case.zh.clone(), en: case.en.clone(), figures, passed }
}

/// The dues of the case's month; of quarterly programs those of its quarter.
fn dues_of(policy: &Policy, facts: &UnitFacts, case: &CaseFile) -> Vec<Due> {
    let (mut unit, mut outcome) = (UnitAt::default(), Outcome::default());
    let known_on = case.known_on.unwrap_or_else(|| policy.cut_off(case.month));
    resolve(policy, facts, case.month, known_on, &mut unit);
    evaluate(policy, &policy.rates(case.month, known_on), &unit, &mut outcome, &mut NoTrace);
    let quarterly =
        |due: &Due| policy.program(due.program).is_some_and(|p| p.period == Period::Quarter);
    let mut dues: Vec<Due> = outcome.dues().iter().filter(|d| !quarterly(d)).copied().collect();

    let last = case.month.quarter_end();
    let known_on = case.known_on.unwrap_or_else(|| last.last_day());
    let months: Vec<(Rates, UnitAt)> = last
        .plus(-2)
        .to(last)
        .map(|month| {
            let mut unit = UnitAt::default();
            resolve(policy, facts, month, known_on, &mut unit);
            (policy.rates(month, known_on), unit)
        })
        .collect();
    let months: Vec<(&Rates, &UnitAt)> = months.iter().map(|(r, u)| (r, u)).collect();
    let mut scratch = Outcome::default();
    evaluate_quarter(policy, &months, &mut scratch, &mut outcome, &mut NoTrace);
    dues.extend(outcome.dues());
    dues
}

/// Long before anything that a case is about.
fn long_ago() -> NaiveDate {
    NaiveDate::from_ymd_opt(1990, 1, 1).unwrap_or(NaiveDate::MIN)
}

fn unit_of(policy: &Policy, codes: &mut Codes, case: &CaseFile) -> UnitFacts {
    let mut facts = UnitFacts::default();
    facts.clear(1);
    let household = facts.household_index(1);
    for (ix, person) in (0_u16..).zip(&case.person) {
        facts.persons.push(PersonRow { id: i64::from(ix) + 1, birth: Month::of(person.born) });
        facts.memberships.push(MembershipRow {
            id: i64::from(ix),
            person: ix,
            household,
            counted: person.counted,
            from: Month::of(long_ago()),
            to: OPEN,
            known_on: long_ago(),
            end_known_on: None,
        });
        person_facts(codes, &mut facts, ix, person);
        person_events(&mut facts, ix, person);
    }
    for award in &case.award {
        push_award(policy, &mut facts, case, award);
    }
    facts.seal();
    facts
}

fn person_facts(codes: &mut Codes, facts: &mut UnitFacts, ix: u16, person: &CasePerson) {
    let since = long_ago();
    let mut push = |fact: &str, amount: Fen, from: Month, on: NaiveDate| {
        let (kind, code) = fact.split_once('=').unwrap_or((fact, ""));
        // An appraisal or an incident is a fact of its whole quarter.
        let quarterly = on > since && matches!(kind, "appraisal" | "incident");
        let (from, to) = if quarterly {
            (from.quarter_end().plus(-2), from.quarter_end().next())
        } else {
            (from, OPEN)
        };
        facts.facts.push(FactRow {
            id: i64::try_from(facts.facts.len()).unwrap_or(i64::MAX),
            person: ix,
            key: codes.key(kind, code),
            amount,
            from,
            to,
            event_on: Some(on),
            known_on: on,
            annulled_on: None,
        });
    };
    let yuan = |text: &Option<String>| {
        text.as_deref().and_then(|t| Fen::parse_yuan(t).ok()).unwrap_or_default()
    };
    let income = Fen(yuan(&person.income_month).0 * 12) + yuan(&person.income_year);
    push("income=other", income, Month::of(since), since);
    for change in &person.income_change {
        let amount = Fen::parse_yuan(&change.income_month).unwrap_or_default();
        let decided = change.from.prev().first_day();
        push("income=other", Fen(amount.0 * 12), change.from, decided);
    }
    push("property", yuan(&person.property), Month::of(since), since);
    for fact in &person.facts {
        push(fact, Fen::ZERO, Month::of(since), since);
    }
    for fact in &person.dated_fact {
        push(&fact.fact, Fen::ZERO, Month::of(fact.on), fact.on);
    }
}

fn person_events(facts: &mut UnitFacts, ix: u16, person: &CasePerson) {
    if let Some(certificate) = &person.certificate {
        facts.certificates.push(CertificateRow {
            id: 1,
            person: ix,
            categories: category_bit(certificate.category as u8),
            grade: certificate.grade,
            from: Month::of(long_ago()),
            valid_to: certificate.valid_to,
            known_on: long_ago(),
            cancelled_on: None,
            cancel_known_on: None,
        });
    }
    if let Some(death) = &person.death {
        facts.events.push(EventRow {
            person: ix,
            household: NOBODY,
            kind: EventKind::Death,
            event_on: death.on,
            reported_on: death.reported_on,
            decided_on: death.decided_on,
            confidence: death.confidence.unwrap_or(1),
            annulled_on: None,
        });
    }
    if let Some(day) = person.moved_out_on {
        facts.events.push(EventRow {
            person: ix,
            household: NOBODY,
            kind: EventKind::MoveOut,
            event_on: day,
            reported_on: day,
            decided_on: Some(day),
            confidence: 1,
            annulled_on: None,
        });
    }
}

fn push_award(policy: &Policy, facts: &mut UnitFacts, case: &CaseFile, award: &CaseAward) {
    let Some(index) = policy.program_index(&award.program) else { return };
    let Some(program) = policy.program(index) else { return };
    let named = award.person.as_ref();
    let person = named.and_then(|name| case.person.iter().position(|p| p.name == *name));
    let person = u16::try_from(person.unwrap_or(0)).unwrap_or(0);
    let is_household = program.beneficiary == BeneficiaryKind::Household;
    let ix = u16::try_from(facts.awards.len()).unwrap_or(NOBODY);
    facts.awards.push(AwardRow {
        id: i64::from(ix) + 1,
        beneficiary_id: if is_household { 1 } else { i64::from(person) + 1 },
        program: index,
        person,
        household: if is_household { 0 } else { NOBODY },
        single: award.single,
    });
    let always = Month::of(long_ago());
    let default_from = if program.period == Period::Once { case.month } else { always };
    let mut decide = |kind, from: Month, known_on| {
        facts.decisions.push(DecisionRow {
            id: i64::try_from(facts.decisions.len()).unwrap_or(i64::MAX),
            award: ix,
            kind,
            from,
            to: OPEN,
            amount: award.amount.as_deref().and_then(|text| Fen::parse_yuan(text).ok()),
            known_on,
            annuls: 0,
        });
    };
    decide(DecisionKind::Confirm, award.from.unwrap_or(default_from), long_ago());
    if let Some(from) = award.grace_from {
        decide(DecisionKind::Grace, from, from.prev().first_day());
    }
}

/// Checks the names and amounts that the cases use.
pub(crate) fn check_names(policy: &Policy, errors: &mut Vec<PolicyError>) {
    for case in &policy.cases {
        let at = format!("case.{}", case.id);
        let mut fault = |key: &str, zh: String, en: String| {
            errors.push(PolicyError { at: format!("{at}.{key}"), zh, en });
        };
        let programs = case.expect.keys().chain(case.award.iter().map(|award| &award.program));
        for code in programs.filter(|code| policy.program_index(code).is_none()) {
            fault("expect", format!("没有项目「{code}」"), format!("no program \"{code}\""));
        }
        for name in case.award.iter().filter_map(|award| award.person.as_ref()) {
            if !case.person.iter().any(|p| p.name == *name) {
                fault("award", format!("没有人员「{name}」"), format!("no person \"{name}\""));
            }
        }
        for text in amounts(case).filter(|text| Fen::parse_yuan(text).is_err()) {
            fault(
                "amount",
                format!("「{text}」不是金额"),
                format!("\"{text}\" is no amount; write yuan like 808.00"),
            );
        }
        let facts = case
            .person
            .iter()
            .flat_map(|p| p.facts.iter().chain(p.dated_fact.iter().map(|dated| &dated.fact)));
        for fact in facts {
            let kind = fact.split_once('=').map_or(fact.as_str(), |(kind, _)| kind);
            if FactKind::from_code(kind).is_none() {
                let list = kind_codes().join(", ");
                fault(
                    "facts",
                    format!("没有事实种类「{kind}」，可用：{list}"),
                    format!("no kind of fact \"{kind}\"; known: {list}"),
                );
            }
        }
    }
}

fn amounts(case: &CaseFile) -> impl Iterator<Item = &String> {
    let persons = case.person.iter().flat_map(|p| {
        let changes = p.income_change.iter().map(|change| &change.income_month);
        p.income_month.iter().chain(&p.income_year).chain(&p.property).chain(changes)
    });
    let awards = case.award.iter().filter_map(|award| award.amount.as_ref());
    case.expect.values().chain(persons).chain(awards)
}
