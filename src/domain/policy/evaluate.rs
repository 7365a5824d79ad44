//! What is due: the one evaluator.

use super::amount::{part_of, percent_of, round_twelfth};
use super::facts::NOBODY;
use super::file::{Period, SupplementRule};
use super::model::{Amount, Policy, Program, Shortfall};
use super::predicate::{Rule, Test};
use super::rates::Rates;
use super::resolve::{AWAY, AwardAt, CERTIFIED, DEAD, PENDING, PersonAt, UnitAt};
use super::trace::{Step, Trace};
use crate::domain::award::BeneficiaryKind;
use crate::domain::money::Fen;

/// No tier.
pub const NO_TIER: u8 = u8::MAX;

/// Why an award pays what it pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It pays.
    Paid,
    /// The beneficiary (every counted member) is dead.
    Deceased,
    /// Lives in another street.
    Away,
    /// The household has no counted member.
    NoMembers,
    /// Another program (its index) is received this month.
    ExcludedBy(u16),
    /// A condition (its clause) does not hold.
    Condition(u16),
    /// Income per head is not below the standard.
    NotBelowStandard,
    /// No tier fits.
    NoTier,
    /// No standard is known for the month.
    NoStandard,
    /// The months of grace are over.
    GraceOver,
    /// The decision names no amount.
    NoAmount,
    /// Other programs already pay as much (补差 is nil).
    Covered,
}

/// What an award in force is due for the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Award id.
    pub award_id: i64,
    /// Resident, household or case id.
    pub beneficiary_id: i64,
    /// The amount: base + supplement.
    pub amount: Fen,
    /// Without top-ups.
    pub base: Fen,
    /// Top-ups 分类施保.
    pub supplement: Fen,
    /// Program index.
    pub program: u16,
    /// Index into [`UnitAt::awards`].
    pub award: u16,
    /// People it is paid for (0 if it pays nothing).
    pub persons: u16,
    /// Index into [`Program::tiers`], or [`NO_TIER`].
    pub tier: u8,
    /// Why.
    pub reason: Reason,
}

/// The dues of a unit; reuse one value for many units.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    dues: Vec<Due>,
    receives: Vec<u64>,
    other: Vec<Due>,
}

impl Outcome {
    /// One due per award in force, in the order of [`UnitAt::awards`].
    #[must_use]
    pub fn dues(&self) -> &[Due] {
        &self.dues
    }
}

/// Of whom a condition speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    pub award: u16,
    pub person: u16,
    pub household: u16,
}

/// Everything a condition may look at.
pub(crate) struct View<'a> {
    pub policy: &'a Policy,
    pub rates: &'a Rates,
    pub unit: &'a UnitAt,
    receives: &'a [u64],
    dues: &'a [Due],
    /// Flags that make a person count as dead in this evaluation.
    dead: u8,
}

/// Works out what every award in force is due in the unit's month, in the order
/// of the programs. Where a death is pending, the lower of the evaluations with
/// and without the deceased counts.
pub fn evaluate<T: Trace>(
    policy: &Policy,
    rates: &Rates,
    unit: &UnitAt,
    outcome: &mut Outcome,
    trace: &mut T,
) {
    pass(policy, rates, unit, DEAD, outcome, trace);
    if !unit.pending {
        return;
    }
    if T::ON {
        trace.add(Step {
            award: NOBODY,
            clause: "rulings.M4".to_owned(),
            zh: "有成员死亡、增发尚未审核确认：再按不含死者计算一次，取较低者".to_owned(),
            en: "a member's death has not led to a decision yet: evaluated again without \
                 the deceased; the lower amount counts"
                .to_owned(),
            amount: None,
        });
    }
    let mut with = std::mem::take(&mut outcome.other);
    std::mem::swap(&mut with, &mut outcome.dues);
    pass(policy, rates, unit, DEAD | PENDING, outcome, trace);
    for (without, with) in outcome.dues.iter_mut().zip(&with) {
        if with.amount < without.amount {
            *without = *with;
        }
    }
    outcome.other = with;
}

/// The dues of the quarterly programs for a quarter: their months accrued.
/// `months` are the quarter's months with their rates, in order; one due per
/// award that was in force in any of them. `Due::award` counts within
/// `outcome`; the tier and the reason are the last month's.
pub fn evaluate_quarter<T: Trace>(
    policy: &Policy,
    months: &[(&Rates, &UnitAt)],
    scratch: &mut Outcome,
    outcome: &mut Outcome,
    trace: &mut T,
) {
    outcome.dues.clear();
    for (rates, unit) in months {
        if T::ON {
            trace.add(Step {
                award: NOBODY,
                clause: "program.accrual".to_owned(),
                zh: unit.month().zh(),
                en: unit.month().to_string(),
                amount: None,
            });
        }
        evaluate(policy, rates, unit, scratch, trace);
        for due in &scratch.dues {
            if policy.program(due.program).is_none_or(|p| p.period != Period::Quarter) {
                continue;
            }
            match outcome.dues.iter_mut().find(|d| d.award_id == due.award_id) {
                Some(sum) => {
                    sum.amount += due.amount;
                    sum.base += due.base;
                    sum.supplement += due.supplement;
                    sum.persons = sum.persons.max(due.persons);
                    sum.tier = due.tier;
                    sum.reason = if sum.amount.is_positive() { Reason::Paid } else { due.reason };
                }
                None => {
                    let award = u16::try_from(outcome.dues.len()).unwrap_or(NOBODY);
                    outcome.dues.push(Due { award, ..*due });
                }
            }
        }
    }
}

fn pass<T: Trace>(
    policy: &Policy,
    rates: &Rates,
    unit: &UnitAt,
    dead: u8,
    outcome: &mut Outcome,
    trace: &mut T,
) {
    outcome.dues.clear();
    outcome.receives.clear();
    outcome.receives.resize(unit.persons.len(), 0);
    for (at, award) in (0_u16..).zip(&unit.awards) {
        let Some(program) = policy.program(award.program) else { continue };
        let receives = &outcome.receives;
        let view = View { policy, rates, unit, receives, dues: &outcome.dues, dead };
        let due = match program.beneficiary {
            BeneficiaryKind::Household => view.household(at, award, program, trace),
            BeneficiaryKind::Person => view.person(at, award, program, trace),
            BeneficiaryKind::Case => view.decided(at, award, program, trace),
        };
        if T::ON {
            super::explain::conclude(policy, &due, trace);
        }
        if due.amount.is_positive() {
            let bit = 1_u64 << (award.program & 63);
            mark(program, award, unit, dead, bit, &mut outcome.receives);
        }
        outcome.dues.push(due);
    }
}

/// Notes for every person whom a payment covers that they receive the program.
fn mark(
    program: &Program,
    award: &AwardAt,
    unit: &UnitAt,
    dead: u8,
    bit: u64,
    receives: &mut [u64],
) {
    if program.beneficiary == BeneficiaryKind::Household && !award.single {
        for (person, bits) in unit.persons.iter().zip(receives) {
            let excluded = *bits & program.excluded_by != 0;
            if person.household == award.household && person.flags & dead == 0 && !excluded {
                *bits |= bit;
            }
        }
    } else if let Some(bits) = receives.get_mut(usize::from(award.person)) {
        *bits |= bit;
    }
}

/// What the household's counted members add up to.
#[derive(Clone, Copy, Default)]
struct Sum {
    persons: u16,
    income: i64,
    property: i64,
}

impl View<'_> {
    fn nothing(at: u16, award: &AwardAt, reason: Reason) -> Due {
        Due {
            award_id: award.id,
            beneficiary_id: award.beneficiary_id,
            amount: Fen::ZERO,
            base: Fen::ZERO,
            supplement: Fen::ZERO,
            program: award.program,
            award: at,
            persons: 0,
            tier: NO_TIER,
            reason,
        }
    }

    fn paid(at: u16, award: &AwardAt, base: Fen, supplement: Fen, persons: u16, tier: u8) -> Due {
        Due {
            amount: base + supplement,
            base,
            supplement,
            persons,
            tier,
            ..View::nothing(at, award, Reason::Paid)
        }
    }

    fn at(&self, person: u16) -> Option<&PersonAt> {
        self.unit.persons.get(usize::from(person))
    }

    fn received(&self, person: u16) -> u64 {
        self.receives.get(usize::from(person)).copied().unwrap_or(0)
    }

    fn severe(&self, person: &PersonAt) -> bool {
        let severe = self.policy.settings.severe.get(usize::from(person.grade));
        severe.is_some_and(|categories| categories & person.categories != 0)
    }

    /// Living counted members of a household that no excluding program covers.
    #[inline]
    fn members(&self, household: u16, excluded_by: u64) -> impl Iterator<Item = (u16, &PersonAt)> {
        (0_u16..).zip(&self.unit.persons).zip(self.receives).filter_map(move |((at, p), bits)| {
            let counts =
                p.household == household && p.flags & self.dead == 0 && bits & excluded_by == 0;
            counts.then_some((at, p))
        })
    }

    fn sum(&self, subject: Subject) -> Sum {
        let mut sum = Sum::default();
        if subject.household == NOBODY {
            if let Some(p) = self.at(subject.person) {
                sum = Sum { persons: 1, income: p.income.0, property: p.property.0 };
            }
            return sum;
        }
        for (_, p) in self.members(subject.household, 0) {
            sum.persons += 1;
            sum.income += p.income.0;
            sum.property += p.property.0;
        }
        sum
    }

    /// One named predicate.
    #[inline]
    pub(crate) fn test(&self, test: Test, subject: Subject) -> bool {
        let Some(person) = self.at(subject.person) else { return false };
        match test {
            Test::AgeMonths(months) => self.unit.month().index() - person.birth >= months,
            Test::CertificateValid => person.flags & CERTIFIED != 0,
            Test::Category(mask) => mask & person.categories != 0,
            Test::Grade(mask) => mask & (1 << (person.grade & 7)) != 0,
            Test::Severe => self.severe(person),
            Test::Fact(bits) => person.facts & bits != 0,
            Test::Receives(program) => self.received(subject.person) & (1 << (program & 63)) != 0,
            Test::HoldsAward(program) => self.unit.awards.iter().any(|a| {
                a.program == program
                    && (a.person == subject.person
                        || (a.household != NOBODY
                            && !a.single
                            && a.household == person.household
                            && self
                                .policy
                                .program(program)
                                .is_some_and(|p| p.beneficiary == BeneficiaryKind::Household)))
            }),
            Test::IncomePerHead { standard, percent, or_equal } => {
                let sum = self.sum(subject);
                let line = i128::from(self.rates.standard(standard).0)
                    * i128::from(percent)
                    * 12
                    * i128::from(sum.persons);
                let income = i128::from(sum.income) * 100;
                income < line || (or_equal && income == line)
            }
            Test::PropertyPerHead { standard, times } => {
                let sum = self.sum(subject);
                let line = i128::from(self.rates.standard(standard).0) * i128::from(times);
                i128::from(sum.property) <= line * i128::from(sum.persons)
            }
        }
    }

    fn decided<T: Trace>(&self, at: u16, award: &AwardAt, program: &Program, trace: &mut T) -> Due {
        let subject = Subject { award: at, person: award.person, household: award.household };
        if let Err(clause) = program.when.check(self, subject, trace) {
            return View::nothing(at, award, Reason::Condition(clause));
        }
        match award.decided {
            Some(amount) => View::paid(at, award, amount, Fen::ZERO, 1, NO_TIER),
            None => View::nothing(at, award, Reason::NoAmount),
        }
    }

    fn person<T: Trace>(&self, at: u16, award: &AwardAt, program: &Program, trace: &mut T) -> Due {
        let Some(person) = self.at(award.person) else {
            return View::nothing(at, award, Reason::NoMembers);
        };
        if person.flags & (self.dead | AWAY) != 0 {
            let away = person.flags & self.dead == 0;
            return View::nothing(at, award, if away { Reason::Away } else { Reason::Deceased });
        }
        if let Some(by) = self.excluded(award.person, program) {
            return View::nothing(at, award, Reason::ExcludedBy(by));
        }
        let subject = Subject { award: at, person: award.person, household: person.household };
        if let Err(clause) = program.when.check(self, subject, trace) {
            return View::nothing(at, award, Reason::Condition(clause));
        }
        match &program.amount {
            Amount::Tiers => self.tier(at, award, program, subject, trace),
            Amount::Accrual(share) => {
                let amount = self.rates.share(*share);
                View::paid(at, award, amount, Fen::ZERO, 1, NO_TIER)
            }
            Amount::Decided | Amount::Shortfall(_) => self.decided(at, award, program, trace),
        }
    }

    /// The program that excludes this one for the person, if any.
    fn excluded(&self, person: u16, program: &Program) -> Option<u16> {
        let bits = self.received(person) & program.excluded_by;
        if bits != 0 {
            return u16::try_from(bits.trailing_zeros()).ok();
        }
        let by_tier = program.excluded_by_tier.iter().find(|(other, tiers)| {
            self.due_of(*other, person)
                .is_some_and(|d| d.tier != NO_TIER && tiers & (1 << (d.tier & 63)) != 0)
        });
        by_tier.map(|(other, _)| *other)
    }

    /// The positive due of a program that covers the person.
    fn due_of(&self, program: u16, person: u16) -> Option<&Due> {
        if self.received(person) & (1 << (program & 63)) == 0 {
            return None;
        }
        let household = self.at(person).map_or(NOBODY, |p| p.household);
        self.dues.iter().find(|due| {
            due.program == program
                && due.amount.is_positive()
                && self
                    .unit
                    .awards
                    .get(usize::from(due.award))
                    .is_some_and(|a| a.person == person || (!a.single && a.household == household))
        })
    }

    fn tier<T: Trace>(
        &self,
        at: u16,
        award: &AwardAt,
        program: &Program,
        subject: Subject,
        trace: &mut T,
    ) -> Due {
        for (index, tier) in (0_u8..).zip(&program.tiers) {
            if tier.when.check(self, subject, trace).is_err() {
                continue;
            }
            let full = self.rates.share(tier.share);
            if T::ON {
                super::explain::tier(self, at, tier, full, trace);
            }
            if !full.is_positive() {
                return View::nothing(at, award, Reason::NoStandard);
            }
            let Some(less) = &tier.less else {
                return View::paid(at, award, full, Fen::ZERO, 1, index);
            };
            let mut rest = full;
            for other in (0_u16..64).filter(|p| less.programs & (1 << p) != 0) {
                if let Some(due) = self.due_of(other, award.person) {
                    let part = part_of(due.base, due.persons);
                    rest = rest - part;
                    if T::ON {
                        super::explain::less(self, at, due, part, rest, trace);
                    }
                }
            }
            let amount = percent_of(rest, 100, less.rounding);
            if !amount.is_positive() {
                return View::nothing(at, award, Reason::Covered);
            }
            return View::paid(at, award, amount, Fen::ZERO, 1, index);
        }
        View::nothing(at, award, Reason::NoTier)
    }

    fn household<T: Trace>(
        &self,
        at: u16,
        award: &AwardAt,
        program: &Program,
        trace: &mut T,
    ) -> Due {
        let Amount::Shortfall(rule) = &program.amount else {
            return self.decided(at, award, program, trace);
        };
        let subject = Subject { award: at, person: award.person, household: award.household };
        if award.single {
            return self.single(subject, award, program, rule, trace);
        }
        let mut sum = Sum::default();
        let mut away = 0_u16;
        for (_, p) in self.members(award.household, program.excluded_by) {
            sum.persons += 1;
            away += u16::from(p.flags & AWAY != 0);
            if !(rule.full_standard_for_severe && self.severe(p)) {
                sum.income += p.income.0;
            }
        }
        if sum.persons == 0 {
            return View::nothing(at, award, self.why_nobody(award, program));
        }
        if away == sum.persons {
            return View::nothing(at, award, Reason::Away);
        }
        if let Err(clause) = program.when.check(self, subject, trace) {
            return View::nothing(at, award, Reason::Condition(clause));
        }
        let base = match award.grace {
            Some(_) => self.grace(subject, award, rule, sum, trace),
            None => self.gap(at, rule, sum, trace),
        };
        match base {
            Err(reason) => View::nothing(at, award, reason),
            Ok(base) => {
                let members = self.members(award.household, program.excluded_by);
                let top: Fen = members
                    .map(|(person, _)| self.supplement(rule, Subject { person, ..subject }, trace))
                    .sum();
                View::paid(at, award, base, top, sum.persons, NO_TIER)
            }
        }
    }

    fn why_nobody(&self, award: &AwardAt, program: &Program) -> Reason {
        let mut reason = Reason::NoMembers;
        for (p, bits) in self.unit.persons.iter().zip(self.receives) {
            if p.household != award.household {
                continue;
            }
            let excluded = bits & program.excluded_by;
            if excluded != 0 {
                return Reason::ExcludedBy(u16::try_from(excluded.trailing_zeros()).unwrap_or(0));
            }
            reason = Reason::Deceased;
        }
        reason
    }

    /// gap = S·n − I/12, exact, rounded once; eligible only strictly below.
    fn gap<T: Trace>(
        &self,
        at: u16,
        rule: &Shortfall,
        sum: Sum,
        trace: &mut T,
    ) -> Result<Fen, Reason> {
        let standard = self.rates.standard(rule.standard);
        if !standard.is_positive() {
            return Err(Reason::NoStandard);
        }
        let line = standard.0 * i64::from(sum.persons);
        let twelvefold = line * 12 - sum.income;
        if twelvefold <= 0 {
            if T::ON {
                super::explain::gap(self, at, rule, sum.persons, Fen(sum.income), None, trace);
            }
            return Err(Reason::NotBelowStandard);
        }
        let exact = round_twelfth(rule.rounding, twelvefold);
        let base = exact.max(rule.min_payout);
        if T::ON {
            let both = Some((exact, base));
            super::explain::gap(self, at, rule, sum.persons, Fen(sum.income), both, trace);
        }
        Ok(base)
    }

    /// The base of the last regular month, capped at S·n, times the month's
    /// percentage.
    fn grace<T: Trace>(
        &self,
        subject: Subject,
        award: &AwardAt,
        rule: &Shortfall,
        sum: Sum,
        trace: &mut T,
    ) -> Result<Fen, Reason> {
        let (Some(at), Some(grace)) = (award.grace, &rule.grace) else {
            return Err(Reason::GraceOver);
        };
        let month = usize::try_from(self.unit.month().index() - at.from).unwrap_or(usize::MAX);
        let Some(percent) = grace.percents.get(month) else { return Err(Reason::GraceOver) };
        grace.when.check(self, subject, trace).map_err(Reason::Condition)?;
        let cap = Fen(self.rates.standard(rule.standard).0 * i64::from(sum.persons));
        let base = percent_of(at.base.min(cap), *percent, rule.rounding);
        if T::ON {
            super::explain::grace(subject.award, at.base, cap, *percent, base, trace);
        }
        if base.is_positive() { Ok(base) } else { Err(Reason::GraceOver) }
    }

    fn single<T: Trace>(
        &self,
        subject: Subject,
        award: &AwardAt,
        program: &Program,
        rule: &Shortfall,
        trace: &mut T,
    ) -> Due {
        let at = subject.award;
        let Some(person) = self.at(subject.person) else {
            return View::nothing(at, award, Reason::NoMembers);
        };
        if person.flags & (self.dead | AWAY) != 0 {
            let away = person.flags & self.dead == 0;
            return View::nothing(at, award, if away { Reason::Away } else { Reason::Deceased });
        }
        if let Some(by) = self.excluded(subject.person, program) {
            return View::nothing(at, award, Reason::ExcludedBy(by));
        }
        let Some(single) = &rule.single else {
            return View::nothing(at, award, Reason::NoAmount);
        };
        let checks = [&program.when, &single.when];
        if let Some(clause) = first_failure(&checks, self, subject, trace) {
            return View::nothing(at, award, Reason::Condition(clause));
        }
        let base = self.rates.share(single.share);
        if T::ON {
            super::explain::single(at, base, trace);
        }
        if !base.is_positive() {
            return View::nothing(at, award, Reason::NoStandard);
        }
        let top =
            if single.supplements { self.supplement(rule, subject, trace) } else { Fen::ZERO };
        View::paid(at, award, base, top, 1, NO_TIER)
    }

    /// One member's top-ups.
    #[inline]
    fn supplement<T: Trace>(&self, rule: &Shortfall, subject: Subject, trace: &mut T) -> Fen {
        let mut top = Fen::ZERO;
        for supplement in &rule.supplements {
            if supplement.when.check(self, subject, trace).is_err() {
                continue;
            }
            let amount = self.rates.share(supplement.share);
            if T::ON {
                super::explain::supplement(subject, supplement, rule.rule, amount, trace);
            }
            match rule.rule {
                SupplementRule::Highest => top = top.max(amount),
                SupplementRule::Additive => top += amount,
            }
        }
        top
    }
}

fn first_failure<T: Trace>(
    rules: &[&Rule],
    view: &View<'_>,
    subject: Subject,
    trace: &mut T,
) -> Option<u16> {
    rules.iter().find_map(|rule| rule.check(view, subject, trace).err())
}
