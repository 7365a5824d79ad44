//! What a condition and an amount may look at.

use super::{Due, NO_TIER, Reason};
use crate::domain::award::BeneficiaryKind;
use crate::domain::money::Fen;
use crate::domain::policy::facts::NOBODY;
use crate::domain::policy::model::Policy;
use crate::domain::policy::predicate::Test;
use crate::domain::policy::rates::Rates;
use crate::domain::policy::resolve::{AwardAt, CERTIFIED, PersonAt, UnitAt};

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
    pub(super) receives: &'a [u64],
    pub(super) dues: &'a [Due],
    /// Flags that make a person count as dead in this evaluation.
    pub(super) dead: u8,
}

/// What the household's counted members add up to.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) persons: u16,
    pub(super) income: i64,
    pub(super) property: i64,
}

impl View<'_> {
    pub(super) fn nothing(at: u16, award: &AwardAt, reason: Reason) -> Due {
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

    pub(super) fn paid(
        at: u16,
        award: &AwardAt,
        base: Fen,
        supplement: Fen,
        persons: u16,
        tier: u8,
    ) -> Due {
        Due {
            amount: base + supplement,
            base,
            supplement,
            persons,
            tier,
            ..View::nothing(at, award, Reason::Paid)
        }
    }

    pub(crate) fn at(&self, person: u16) -> Option<&PersonAt> {
        self.unit.persons.get(usize::from(person))
    }

    pub(super) fn received(&self, person: u16) -> u64 {
        self.receives.get(usize::from(person)).copied().unwrap_or(0)
    }

    pub(super) fn severe(&self, person: &PersonAt) -> bool {
        let severe = self.policy.settings.severe.get(usize::from(person.grade));
        severe.is_some_and(|categories| categories & person.categories != 0)
    }

    /// Living counted members of a household that no excluding program covers.
    #[inline]
    pub(super) fn members(
        &self,
        household: u16,
        excluded_by: u64,
    ) -> impl Iterator<Item = (u16, &PersonAt)> {
        (0_u16..).zip(&self.unit.persons).zip(self.receives).filter_map(move |((at, p), bits)| {
            let counts =
                p.household == household && p.flags & self.dead == 0 && bits & excluded_by == 0;
            counts.then_some((at, p))
        })
    }

    pub(super) fn sum(&self, subject: Subject) -> Sum {
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
    pub(crate) fn test(&self, test: Test, subject: Subject, person: &PersonAt) -> bool {
        match test {
            Test::AgeMonths(months) => self.unit.month().index() - person.birth >= months,
            Test::CertificateValid => person.flags & CERTIFIED != 0,
            Test::Category(mask) => mask & person.categories != 0,
            Test::Grade(mask) => mask & (1 << (person.grade & 7)) != 0,
            Test::Severe => self.severe(person),
            Test::Fact(bits) => person.facts & bits != 0,
            Test::Receives(program) => self.received(subject.person) & (1 << (program & 63)) != 0,
            Test::HoldsAward(program) => self.holds(program, subject.person, person.household),
            Test::IncomePerHead { .. } | Test::PropertyPerHead { .. } => {
                self.test_household(test, subject)
            }
        }
    }

    /// The predicates that need no person; of the others none holds of nobody.
    /// Kept out of line: the hot loop seldom asks them.
    #[inline(never)]
    pub(crate) fn test_household(&self, test: Test, subject: Subject) -> bool {
        match test {
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
            _ => false,
        }
    }

    /// Whether an award of the program is in force for the person: a personal
    /// one, or one of the household.
    #[inline(never)]
    fn holds(&self, program: u16, person: u16, household: u16) -> bool {
        let of_household = household != NOBODY
            && self
                .policy
                .program(program)
                .is_some_and(|p| p.beneficiary == BeneficiaryKind::Household);
        self.unit.awards.iter().any(|a| {
            a.program == program
                && (a.person == person || (of_household && !a.single && a.household == household))
        })
    }
}
