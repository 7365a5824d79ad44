//! What is due: the one evaluator.

mod household;
mod person;
mod view;

pub(crate) use view::{Subject, View};

use super::facts::NOBODY;
use super::file::Period;
use super::model::{Policy, Program};
use super::rates::Rates;
use super::resolve::{AwardAt, DEAD, PENDING, UnitAt};
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
    debug_assert_eq!(rates.month, unit.month(), "rates of another month");
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
