//! Amounts of households: gap, single-person enrolment, grace, top-ups.

use super::view::{Subject, Sum, View};
use super::{Due, NO_TIER, Reason};
use crate::domain::money::Fen;
use crate::domain::policy::amount::{percent_of, round_twelfth};
use crate::domain::policy::explain;
use crate::domain::policy::file::SupplementRule;
use crate::domain::policy::model::{Amount, Program, Shortfall};
use crate::domain::policy::predicate::Rule;
use crate::domain::policy::resolve::{AWAY, AwardAt};
use crate::domain::policy::trace::Trace;

impl View<'_> {
    pub(super) fn household<T: Trace>(
        &self,
        at: u16,
        award: &AwardAt,
        program: &Program,
        trace: &mut T,
    ) -> Due {
        let subject = Subject { award: at, person: award.person, household: award.household };
        if award.single {
            return self.single(subject, award, program, trace);
        }
        let without_severe =
            matches!(&program.amount, Amount::Shortfall(s) if s.full_standard_for_severe);
        let mut sum = Sum::default();
        let mut away = 0_u16;
        for (_, p) in self.members(award.household, program.excluded_by) {
            sum.persons += 1;
            away += u16::from(p.flags & AWAY != 0);
            if !(without_severe && self.severe(p)) {
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
        let base = match (&program.amount, award.grace) {
            (Amount::Shortfall(rule), None) => self.gap(at, rule, sum, trace).map(no_tier),
            (Amount::Shortfall(rule), Some(_)) => {
                self.grace(subject, award, rule, sum, trace).map(no_tier)
            }
            (Amount::Tiers, _) => self.band(subject, program, sum, trace),
            _ => award.decided.map(no_tier).ok_or(Reason::NoAmount),
        };
        match base {
            Err(reason) => View::nothing(at, award, reason),
            Ok((base, tier)) => {
                let members = self.members(award.household, program.excluded_by);
                let top: Fen = members
                    .map(|(person, _)| {
                        self.supplement(program, Subject { person, ..subject }, trace)
                    })
                    .sum();
                View::paid(at, award, base, top, sum.persons, tier)
            }
        }
    }

    /// 分档: the household's band pays a fixed amount per counted member.
    fn band<T: Trace>(
        &self,
        subject: Subject,
        program: &Program,
        sum: Sum,
        trace: &mut T,
    ) -> Result<(Fen, u8), Reason> {
        for (index, tier) in (0_u8..).zip(&program.tiers) {
            if tier.when.check(self, subject, trace).is_err() {
                continue;
            }
            let each = self.rates.share(tier.share);
            if T::ON {
                explain::tier(self, subject.award, tier, each, trace);
                explain::band(subject.award, each, sum.persons, trace);
            }
            if !each.is_positive() {
                return Err(Reason::NoStandard);
            }
            return Ok((Fen(each.0 * i64::from(sum.persons)), index));
        }
        Err(Reason::NoTier)
    }

    pub(super) fn why_nobody(&self, award: &AwardAt, program: &Program) -> Reason {
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
    pub(super) fn gap<T: Trace>(
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
                explain::gap(self, at, rule, sum.persons, Fen(sum.income), None, trace);
            }
            return Err(Reason::NotBelowStandard);
        }
        let exact = round_twelfth(rule.rounding, twelvefold);
        let base = exact.max(rule.min_payout);
        if T::ON {
            let both = Some((exact, base));
            explain::gap(self, at, rule, sum.persons, Fen(sum.income), both, trace);
        }
        Ok(base)
    }

    /// The base of the last regular month, capped at S·n, times the month's
    /// percentage.
    pub(super) fn grace<T: Trace>(
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
            explain::grace(subject.award, at.base, cap, *percent, base, trace);
        }
        if base.is_positive() { Ok(base) } else { Err(Reason::GraceOver) }
    }

    pub(super) fn single<T: Trace>(
        &self,
        subject: Subject,
        award: &AwardAt,
        program: &Program,
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
        let single = match &program.amount {
            Amount::Shortfall(rule) => rule.single.as_ref(),
            _ => None,
        };
        let Some(single) = single else {
            return View::nothing(at, award, Reason::NoAmount);
        };
        let checks = [&program.when, &single.when];
        if let Some(clause) = first_failure(&checks, self, subject, trace) {
            return View::nothing(at, award, Reason::Condition(clause));
        }
        let base = self.rates.share(single.share);
        if T::ON {
            explain::single(at, base, trace);
        }
        if !base.is_positive() {
            return View::nothing(at, award, Reason::NoStandard);
        }
        let top =
            if single.supplements { self.supplement(program, subject, trace) } else { Fen::ZERO };
        View::paid(at, award, base, top, 1, NO_TIER)
    }

    /// One member's top-ups.
    #[inline]
    pub(super) fn supplement<T: Trace>(
        &self,
        program: &Program,
        subject: Subject,
        trace: &mut T,
    ) -> Fen {
        let mut top = Fen::ZERO;
        for supplement in &program.supplements {
            if supplement.when.check(self, subject, trace).is_err() {
                continue;
            }
            let amount = self.rates.share(supplement.share);
            if T::ON {
                explain::supplement(subject, supplement, program.supplement_rule, amount, trace);
            }
            match program.supplement_rule {
                SupplementRule::Highest => top = top.max(amount),
                SupplementRule::Additive => top += amount,
            }
        }
        top
    }
}

fn no_tier(base: Fen) -> (Fen, u8) {
    (base, NO_TIER)
}

fn first_failure<T: Trace>(
    rules: &[&Rule],
    view: &View<'_>,
    subject: Subject,
    trace: &mut T,
) -> Option<u16> {
    rules.iter().find_map(|rule| rule.check(view, subject, trace).err())
}
