//! The shipped policies prove themselves; the kernel, the faults of files and
//! the properties have a file each.

mod files;
mod kernel;
mod options;
mod properties;

use chrono::NaiveDate;

use super::*;
use crate::domain::award::DecisionKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;

const PROFILE: &str = include_str!("../../../../policies/js-ill-2023.toml");
const OLD_AGE: &str = include_str!("../../../../policies/old-age.toml");
const BENCH: &str = include_str!("../../../../policies/bench-openfisca.toml");

/// Parses or shows every fault.
fn parse(text: &str) -> Policy {
    match Policy::parse(text) {
        Ok(policy) => policy,
        Err(errors) => {
            let list: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", list.join("\n"));
        }
    }
}

fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn yuan(text: &str) -> Fen {
    Fen::parse_yuan(text).expect("an amount")
}

/// The cases that fail, in words.
fn failures(policy: &Policy) -> Vec<String> {
    run_cases(policy)
        .iter()
        .filter(|case| !case.passed)
        .map(|case| format!("{} {} {:?}", case.id, case.en, case.figures))
        .collect()
}

/// A unit that is built line by line; everything is known since long ago unless
/// a row says otherwise.
struct Unit {
    facts: UnitFacts,
    codes: Codes,
    next_id: i64,
}

impl Unit {
    fn new(policy: &Policy) -> Unit {
        let mut facts = UnitFacts::default();
        facts.clear(1_000);
        Unit { facts, codes: policy.codes(), next_id: 0 }
    }

    fn id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// A counted member of household 7 with a monthly income.
    fn member(&mut self, born: &str, income_month: &str) -> PersonIx {
        let person = u16::try_from(self.facts.persons.len()).expect("few people");
        let id = 1_000 + i64::from(person);
        self.facts.persons.push(PersonRow { id, birth: month(born) });
        let household = self.facts.household_index(7);
        let id = self.id();
        self.facts.memberships.push(MembershipRow {
            id,
            person,
            household,
            counted: true,
            from: month("1990-01"),
            to: OPEN,
            known_on: day("1990-01-01"),
            end_known_on: None,
        });
        self.income(person, income_month, "1990-01", "1990-01-01");
        person
    }

    fn income(&mut self, person: PersonIx, income_month: &str, from: &str, known: &str) {
        self.fact(person, ("income", "pension"), from, known);
        let amount = Fen(yuan(income_month).0 * 12);
        self.facts.facts.last_mut().expect("just pushed").amount = amount;
    }

    fn fact(&mut self, person: PersonIx, (kind, code): (&str, &str), from: &str, known: &str) {
        let (id, key) = (self.id(), self.codes.key(kind, code));
        self.facts.facts.push(FactRow {
            id,
            person,
            key,
            amount: Fen::ZERO,
            from: month(from),
            to: OPEN,
            event_on: None,
            known_on: day(known),
            annulled_on: None,
        });
    }

    fn certificate(&mut self, person: PersonIx, category: u8, grade: u8) -> &mut CertificateRow {
        let id = self.id();
        self.facts.certificates.push(CertificateRow {
            id,
            person,
            categories: category_bit(category),
            grade,
            from: month("1990-01"),
            valid_to: None,
            known_on: day("1990-01-01"),
            cancelled_on: None,
            cancel_known_on: None,
        });
        self.facts.certificates.last_mut().expect("just pushed")
    }

    /// An award (of the household if the program is one of households), in force
    /// since long ago; its id.
    fn award(&mut self, policy: &Policy, program: &str, person: PersonIx) -> i64 {
        let index = policy.program_index(program).expect("a program");
        let household = match policy.program(index).expect("a program").beneficiary {
            crate::domain::award::BeneficiaryKind::Household => self.facts.household_index(7),
            _ => NOBODY,
        };
        let id = self.id();
        self.facts.awards.push(AwardRow {
            id,
            beneficiary_id: 1_000 + i64::from(person),
            program: index,
            person,
            household,
            single: false,
        });
        self.decide(id, DecisionKind::Confirm, "1990-01", "1990-01-01");
        id
    }

    fn decide(&mut self, award: i64, kind: DecisionKind, from: &str, known: &str) -> i64 {
        let id = self.id();
        let award = self.facts.award_index(award).expect("an award");
        self.facts.decisions.push(DecisionRow {
            id,
            award,
            kind,
            from: month(from),
            to: OPEN,
            amount: None,
            known_on: day(known),
            annuls: 0,
        });
        id
    }

    fn death(&mut self, person: PersonIx, on: &str, reported: &str, decided: Option<&str>) {
        self.facts.events.push(EventRow {
            person,
            household: NOBODY,
            kind: EventKind::Death,
            event_on: day(on),
            reported_on: day(reported),
            decided_on: decided.map(day),
            confidence: 1,
            annulled_on: None,
        });
    }

    fn at(&mut self, policy: &Policy, m: &str, known: &str) -> UnitAt {
        self.facts.seal();
        let mut unit = UnitAt::default();
        resolve(policy, &self.facts, month(m), day(known), &mut unit);
        unit
    }

    /// The due of an award, `None` if it is not in force.
    fn due(&mut self, policy: &Policy, award: i64, m: &str, known: &str) -> Option<Due> {
        let unit = self.at(policy, m, known);
        let mut outcome = Outcome::default();
        let rates = policy.rates(month(m), day(known));
        evaluate(policy, &rates, &unit, &mut outcome, &mut NoTrace);
        outcome.dues().iter().find(|d| d.award_id == award).copied()
    }

    /// Its amount in yuan; `-` if it is not in force.
    fn pays(&mut self, policy: &Policy, award: i64, m: &str, known: &str) -> String {
        self.due(policy, award, m, known).map_or("-".to_owned(), |d| d.amount.to_plain())
    }
}

#[test]
fn every_case_of_the_example_profile_holds() {
    let policy = parse(PROFILE);
    assert!(policy.illustrative());
    assert_eq!(policy.label(), "js-ill-2023@1");
    assert_eq!(failures(&policy), Vec::<String>::new());
    assert!(run_cases(&policy).len() > 35);
}

#[test]
fn a_program_is_a_file() {
    assert_eq!(failures(&parse(OLD_AGE)), Vec::<String>::new());
    let both = parse(&Policy::join(&[PROFILE, OLD_AGE]));
    assert_eq!(both.label(), "js-ill-2023@1+old-age@1");
    assert_eq!(failures(&both), Vec::<String>::new());
    assert!(both.program_index("old_age").is_some());
}

#[test]
fn the_benchmark_rules_hold() {
    assert_eq!(failures(&parse(BENCH)), Vec::<String>::new());
}

/// The household types of the acceptance table (`domain.md` §9.4): their counts
/// and amounts give 93 households, 146 people, 80,632.00 with 3,240.00 top-ups.
#[test]
fn the_acceptance_table_comes_out() {
    let policy = parse(PROFILE);
    /// Name, members (born, monthly income), households, yuan each.
    type Kind = (&'static str, &'static [(&'static str, &'static str)], u16, i64);
    let types: [Kind; 7] = [
        ("A", &[("1970-01", "0")], 32, 808),
        ("B", &[("1951-06", "300")], 16, 589),
        ("C", &[("1970-01", "600"), ("1972-01", "0")], 13, 1_016),
        ("D", &[("1980-01", "700"), ("2012-01", "0")], 12, 997),
        ("E", &[("1970-01", "1200"), ("1972-01", "0"), ("2000-01", "0")], 10, 1_224),
        ("F", &[("1970-01", "0")], 6, 970),
        ("G", &[("1970-01", "1894"), ("1972-01", "0"), ("2000-01", "0")], 4, 530),
    ];
    let (mut households, mut people, mut amount, mut top) = (0, 0, Fen::ZERO, Fen::ZERO);
    for (name, members, count, yuan_each) in types {
        let mut unit = Unit::new(&policy);
        for (born, income) in members {
            let person = unit.member(born, income);
            if name == "F" {
                unit.fact(person, ("category", "illness"), "1990-01", "1990-01-01");
            }
        }
        let award = unit.award(&policy, "dibao", 0);
        let due = unit.due(&policy, award, "2023-11", "2023-11-15").expect("in force");
        assert_eq!(due.amount, Fen::from_yuan(yuan_each), "type {name}");
        households += count;
        people += count * due.persons;
        amount += Fen(due.amount.0 * i64::from(count));
        top += Fen(due.supplement.0 * i64::from(count));
    }
    assert_eq!((households, people), (93, 146));
    assert_eq!((amount, top), (yuan("80632.00"), yuan("3240.00")));
}
