//! What is known about a unit 核算单元, as flat vectors that are filled again
//! and again by the store.
//!
//! Every row is an assertion with the months it holds for and the business day
//! from which it is known (`known_on`, `rulings.md` M4). The value of a series
//! at a month as known at a day is the assertion with the greatest
//! `(known_on, id)` among those that hold and are known.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::award::DecisionKind;
use crate::domain::fact::FactKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// Index of a person within a unit.
pub type PersonIx = u16;
/// Index of a household within a unit.
pub type HouseholdIx = u16;
/// No person, no household.
pub const NOBODY: u16 = u16::MAX;
/// The end of what has no end.
pub const OPEN: Month = Month::from_index(i32::MAX);

/// A resident of the unit.
#[derive(Debug, Clone, Copy)]
pub struct PersonRow {
    /// Resident id.
    pub id: i64,
    /// Month of birth.
    pub birth: Month,
}

/// What the evaluator needs to know of a fact's kind and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactKey {
    pub(crate) bits: u64,
    pub(crate) series: u16,
    pub(crate) role: FactRole,
}

/// What a fact does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FactRole {
    /// Adds its yearly amount to the income.
    Income,
    /// Adds its amount to the property.
    Property,
    /// Sets bits that predicates test.
    Tag,
}

/// A row of the table `fact`.
#[derive(Debug, Clone, Copy)]
pub struct FactRow {
    /// Row id.
    pub id: i64,
    /// Whose.
    pub person: PersonIx,
    /// Kind and code, from [`Codes::key`].
    pub key: FactKey,
    /// Amount (income: a YEAR).
    pub amount: Fen,
    /// First month.
    pub from: Month,
    /// First month in which it no longer holds, or [`OPEN`].
    pub to: Month,
    /// The day it happened, if known.
    pub event_on: Option<NaiveDate>,
    /// Known from this day.
    pub known_on: NaiveDate,
    /// Known to be wrong from this day.
    pub annulled_on: Option<NaiveDate>,
}

/// A disability certificate.
#[derive(Debug, Clone, Copy)]
pub struct CertificateRow {
    /// Row id.
    pub id: i64,
    /// Whose.
    pub person: PersonIx,
    /// Bits of the categories, from [`category_bit`]: that on the face and, for a
    /// multiple disability, those parts that have the grade on the face.
    pub categories: u8,
    /// Grade on the face, 1–4.
    pub grade: u8,
    /// First month it counts for.
    pub from: Month,
    /// Last day of validity.
    pub valid_to: Option<NaiveDate>,
    /// Known from this day.
    pub known_on: NaiveDate,
    /// Cancelled on.
    pub cancelled_on: Option<NaiveDate>,
    /// The cancellation is known from this day.
    pub cancel_known_on: Option<NaiveDate>,
}

/// The bit of a disability category 1–7 (GB/T 26341-2010).
#[must_use]
pub const fn category_bit(category: u8) -> u8 {
    1 << (category & 7)
}

/// A membership of an assistance household.
#[derive(Debug, Clone, Copy)]
pub struct MembershipRow {
    /// Row id.
    pub id: i64,
    /// Who.
    pub person: PersonIx,
    /// Where.
    pub household: HouseholdIx,
    /// Whether the person is a counted member.
    pub counted: bool,
    /// First month a run counts the person.
    pub from: Month,
    /// First month it no longer does, or [`OPEN`].
    pub to: Month,
    /// The beginning is known from this day.
    pub known_on: NaiveDate,
    /// The end is known from this day.
    pub end_known_on: Option<NaiveDate>,
}

/// The events that the evaluator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// 死亡
    Death,
    /// 迁出 to another street
    MoveOut,
    /// 迁入 from another street
    MoveIn,
}

/// A life event of a person (`household` = [`NOBODY`]) or of all members of a
/// household (`person` = [`NOBODY`]).
#[derive(Debug, Clone, Copy)]
pub struct EventRow {
    /// Who, or [`NOBODY`].
    pub person: PersonIx,
    /// Which household, or [`NOBODY`].
    pub household: HouseholdIx,
    /// What.
    pub kind: EventKind,
    /// The day it happened.
    pub event_on: NaiveDate,
    /// The day it was reported (a move: registered).
    pub reported_on: NaiveDate,
    /// The day the household's new amount was decided.
    pub decided_on: Option<NaiveDate>,
    /// 1 confirmed, 2 reported, 3 matched only (never counts).
    pub confidence: u8,
    /// Known to be wrong from this day.
    pub annulled_on: Option<NaiveDate>,
}

/// An award.
#[derive(Debug, Clone, Copy)]
pub struct AwardRow {
    /// Award id.
    pub id: i64,
    /// Resident, household or case id.
    pub beneficiary_id: i64,
    /// From [`super::Policy::program_index`].
    pub program: u16,
    /// The resident of the award (for a household: the applicant).
    pub person: PersonIx,
    /// The household, or [`NOBODY`].
    pub household: HouseholdIx,
    /// Single-person enrolment 单人保.
    pub single: bool,
}

/// A decision on an award.
#[derive(Debug, Clone, Copy)]
pub struct DecisionRow {
    /// Row id.
    pub id: i64,
    /// Index into [`UnitFacts::awards`].
    pub award: u16,
    /// What was decided.
    pub kind: DecisionKind,
    /// First month.
    pub from: Month,
    /// First month in which it no longer holds, or [`OPEN`].
    pub to: Month,
    /// Amount, where the decision names one.
    pub amount: Option<Fen>,
    /// Known from this day.
    pub known_on: NaiveDate,
    /// The stop that is annulled, or 0.
    pub annuls: i64,
}

/// All that is known about a unit. Reuse one value for many units: [`clear`],
/// push rows in any order, [`seal`].
///
/// [`clear`]: UnitFacts::clear
/// [`seal`]: UnitFacts::seal
#[derive(Debug, Clone, Default)]
pub struct UnitFacts {
    /// Unit id.
    pub unit_id: i64,
    /// People; a [`PersonIx`] points here.
    pub persons: Vec<PersonRow>,
    /// Household ids; a [`HouseholdIx`] points here.
    pub households: Vec<i64>,
    /// Dated facts.
    pub facts: Vec<FactRow>,
    /// Certificates.
    pub certificates: Vec<CertificateRow>,
    /// Memberships of kind assist.
    pub memberships: Vec<MembershipRow>,
    /// Deaths and moves.
    pub events: Vec<EventRow>,
    /// Awards.
    pub awards: Vec<AwardRow>,
    /// Decisions.
    pub decisions: Vec<DecisionRow>,
}

impl UnitFacts {
    /// Empties everything and keeps the memory.
    pub fn clear(&mut self, unit_id: i64) {
        self.unit_id = unit_id;
        self.persons.clear();
        self.households.clear();
        self.facts.clear();
        self.certificates.clear();
        self.memberships.clear();
        self.events.clear();
        self.awards.clear();
        self.decisions.clear();
    }

    /// Index of a person already pushed.
    #[must_use]
    pub fn person_index(&self, resident_id: i64) -> Option<PersonIx> {
        let at = self.persons.iter().position(|p| p.id == resident_id)?;
        u16::try_from(at).ok()
    }

    /// Index of an award already pushed.
    #[must_use]
    pub fn award_index(&self, award_id: i64) -> Option<u16> {
        let at = self.awards.iter().position(|a| a.id == award_id)?;
        u16::try_from(at).ok()
    }

    /// Index of the household, which is added if it is new.
    pub fn household_index(&mut self, household_id: i64) -> HouseholdIx {
        let at = self.households.iter().position(|h| *h == household_id).unwrap_or_else(|| {
            self.households.push(household_id);
            self.households.len() - 1
        });
        u16::try_from(at).unwrap_or(NOBODY)
    }

    /// Brings the rows into the order that [`super::resolve`] reads: call it
    /// once after the last push.
    pub fn seal(&mut self) {
        sort(&mut self.facts, |f| (f.person, f.key.series, f.known_on, f.id));
        sort(&mut self.certificates, |c| (c.person, c.known_on, c.id));
        sort(&mut self.memberships, |m| (m.person, m.known_on, m.id));
        sort(&mut self.events, |e| (e.reported_on, e.event_on));
        sort(&mut self.decisions, |d| (d.award, d.known_on, d.id));
    }
}

fn sort<T, K: Ord>(rows: &mut [T], key: impl Fn(&T) -> K) {
    if !rows.is_sorted_by_key(&key) {
        rows.sort_unstable_by_key(key);
    }
}

/// Kinds of facts of which a person can have several at once, told apart by
/// their code. Of every other kind the latest assertion replaces the earlier.
const MANY: [FactKind; 5] = [
    FactKind::Income,
    FactKind::Property,
    FactKind::Category,
    FactKind::SimilarBenefit,
    FactKind::LivingCondition,
];

/// The codes of all kinds of facts.
pub(crate) fn kind_codes() -> Vec<&'static str> {
    FactKind::ALL.iter().map(|kind| kind.code()).collect()
}

/// Which kinds and codes the policy's predicates test, and the bit of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct FactKinds {
    /// `(kind, code or "" for any, only if it began before the month)`.
    pub tested: Vec<(String, String, bool)>,
    /// Bits that count only if the fact began before the month.
    pub before: u64,
}

impl FactKinds {
    /// The bit of a test; `None` when 64 are used up.
    pub fn bit(&mut self, kind: &str, code: &str, before: bool) -> Option<u64> {
        let known = |t: &(String, String, bool)| t.0 == kind && t.1 == code && t.2 == before;
        let at = match self.tested.iter().position(known) {
            Some(at) => at,
            None => {
                self.tested.push((kind.to_owned(), code.to_owned(), before));
                self.tested.len() - 1
            }
        };
        let bit = 1_u64.checked_shl(u32::try_from(at).ok()?)?;
        if before {
            self.before |= bit;
        }
        Some(bit)
    }

    fn bits(&self, kind: &str, code: &str) -> u64 {
        // The end of a registration meets no test, not even one for any code.
        if code == FactKind::ENDED {
            return 0;
        }
        let tested = self.tested.iter().enumerate().take(64);
        tested
            .filter(|(_, t)| t.0 == kind && (t.1.is_empty() || t.1 == code))
            .fold(0, |bits, (at, _)| bits | (1_u64 << at))
    }
}

/// Turns kinds and codes into [`FactKey`]s. Make one per policy and loader from
/// [`super::Policy::codes`] and keep it.
#[derive(Debug, Clone)]
pub struct Codes {
    kinds: FactKinds,
    known: HashMap<String, HashMap<String, FactKey>>,
    series: HashMap<(String, String), u16>,
}

impl Codes {
    pub(crate) fn new(kinds: FactKinds) -> Codes {
        Codes { kinds, known: HashMap::new(), series: HashMap::new() }
    }

    /// The key of a fact's kind and code (`""` if it has none). Kinds and codes
    /// that the policy does not know get a key too; they change no amount.
    pub fn key(&mut self, kind: &str, code: &str) -> FactKey {
        if let Some(key) = self.known.get(kind).and_then(|codes| codes.get(code)) {
            return *key;
        }
        let parsed = FactKind::from_code(kind);
        let own = if parsed.is_some_and(|k| MANY.contains(&k)) { code } else { "" };
        let next = u16::try_from(self.series.len()).unwrap_or(u16::MAX);
        let series = *self.series.entry((kind.to_owned(), own.to_owned())).or_insert(next);
        let role = match parsed {
            Some(FactKind::Income) => FactRole::Income,
            Some(FactKind::Property) => FactRole::Property,
            _ => FactRole::Tag,
        };
        let key = FactKey { bits: self.kinds.bits(kind, code), series, role };
        self.known.entry(kind.to_owned()).or_default().insert(code.to_owned(), key);
        key
    }
}

impl super::Policy {
    /// An interner of fact kinds and codes for loading units.
    #[must_use]
    pub fn codes(&self) -> Codes {
        Codes::new(self.kinds.clone())
    }
}
