//! Amounts of persons and cases.

use super::view::{Subject, View};
use super::{Due, NO_TIER, Reason};
use crate::domain::money::Fen;
use crate::domain::policy::amount::{part_of, percent_of};
use crate::domain::policy::explain;
use crate::domain::policy::facts::NOBODY;
use crate::domain::policy::model::{Amount, Program};
use crate::domain::policy::resolve::{AWAY, AwardAt};
use crate::domain::policy::trace::Trace;

impl View<'_> {
    pub(super) fn decided<T: Trace>(
        &self,
        at: u16,
        award: &AwardAt,
        program: &Program,
        trace: &mut T,
    ) -> Due {
        let subject = Subject { award: at, person: award.person, household: award.household };
        if let Err(clause) = program.when.check(self, subject, trace) {
            return View::nothing(at, award, Reason::Condition(clause));
        }
        match award.decided {
            Some(amount) => View::paid(at, award, amount, Fen::ZERO, 1, NO_TIER),
            None => View::nothing(at, award, Reason::NoAmount),
        }
    }

    pub(super) fn person<T: Trace>(
        &self,
        at: u16,
        award: &AwardAt,
        program: &Program,
        trace: &mut T,
    ) -> Due {
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
    pub(super) fn excluded(&self, person: u16, program: &Program) -> Option<u16> {
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
    pub(super) fn due_of(&self, program: u16, person: u16) -> Option<&Due> {
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

    pub(super) fn tier<T: Trace>(
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
                explain::tier(self, at, tier, full, trace);
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
                        explain::less(self, at, due, part, rest, trace);
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
}
