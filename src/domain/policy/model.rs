//! The compiled policy: what the evaluator reads.

use std::fmt;

use chrono::NaiveDate;

use super::facts::FactKinds;
use super::file::{
    Block, CaseFile, Period, Profile, Restricted, StartRule, StopRule, SupplementRule,
};
use super::predicate::{Clause, Rule};
use crate::domain::award::BeneficiaryKind;
use crate::domain::money::{Fen, Rounding};
use crate::domain::month::Month;

/// Something is wrong with a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Table and key (or line), e.g. `program.dibao.shortfall.standard`.
    pub at: String,
    /// What is wrong and what to do, Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} / {}", self.at, self.zh, self.en)
    }
}

impl std::error::Error for PolicyError {}

/// Index into [`Policy::shares`] and the amounts of a [`super::Rates`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShareId(pub u16);

/// One or several policy files, checked and compiled.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Headers of the files, in order.
    pub profiles: Vec<Profile>,
    /// Switches and limits.
    pub settings: Settings,
    /// Standards with all their values.
    pub standards: Vec<Standard>,
    /// Programs in the order in which they are evaluated (at most 64).
    pub programs: Vec<Program>,
    pub(crate) shares: Vec<Share>,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) kinds: FactKinds,
    pub(crate) cases: Vec<CaseFile>,
}

/// What a policy sets outside its programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Day of the month at whose end knowledge is cut off (15).
    pub cut_off_day: u32,
    /// Edge line 低保边缘: index of the standard and percent.
    pub edge_line: Option<(u16, u32)>,
    /// Bits of the categories that are severe, by grade 0–4.
    pub(crate) severe: [u8; 5],
    /// Most of a month's entitlement that a recovery plan may take, percent
    /// (30); the deduction is rounded down to whole yuan.
    pub recovery_cap_percent: u32,
    /// Whether a renewed certificate pays the lapsed months without an official
    /// delay (false).
    pub arrears_on_renewal: bool,
    /// Whether arrears of a closed award are still paid (true).
    pub pay_arrears_to_closed: bool,
    /// Limits of temporary assistance.
    pub temporary: Option<TemporaryLimits>,
}

/// Limits of temporary assistance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporaryLimits {
    /// Most that the street may approve per case.
    pub street_cap: Fen,
    /// Standard of which the district's cap is a multiple.
    pub district_standard: u16,
    /// The multiple.
    pub district_times: u32,
    /// Months in which the same cause is helped once by the street.
    pub same_cause_months: u32,
}

/// One dated amount.
#[derive(Debug, Clone)]
pub struct Standard {
    /// Short code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Values sorted by month, then decision.
    pub values: Vec<StandardValue>,
}

/// One value of a standard.
#[derive(Debug, Clone)]
pub struct StandardValue {
    /// First month it holds for.
    pub from: Month,
    /// The amount.
    pub amount: Fen,
    /// Known from this day on.
    pub decided_on: NaiveDate,
    /// Number of the document.
    pub doc_no: String,
}

/// A percentage of a standard, rounded; worked out once per [`super::Rates`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub standard: u16,
    pub percent: u32,
    pub rounding: Rounding,
}

/// One program.
#[derive(Debug, Clone)]
pub struct Program {
    /// Short code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// What rosters and bank files call it.
    pub roster_label: String,
    /// Person, household or case.
    pub beneficiary: BeneficiaryKind,
    /// Month, quarter or once.
    pub period: Period,
    /// Block of the summary.
    pub block: Block,
    /// May be posted publicly.
    pub public_notice: bool,
    /// Needs the right `child` or `mental`.
    pub restricted: Option<Restricted>,
    /// First month of an award.
    pub start: StartRule,
    /// First month without payment.
    pub stop: StopRule,
    /// Tiers in order (empty for other amounts).
    pub tiers: Vec<Tier>,
    pub(crate) excluded_by: u64,
    pub(crate) excluded_by_tier: Vec<(u16, u64)>,
    pub(crate) when: Rule,
    pub(crate) amount: Amount,
    pub(crate) supplements: Vec<Supplement>,
    pub(crate) supplement_rule: SupplementRule,
    /// Standards that its amounts depend on, as bits.
    pub(crate) standards: u64,
}

/// How a program's amount is made.
#[derive(Debug, Clone)]
pub(crate) enum Amount {
    Shortfall(Box<Shortfall>),
    Tiers,
    Accrual(ShareId),
    Decided,
}

#[derive(Debug, Clone)]
pub(crate) struct Shortfall {
    pub standard: u16,
    pub rounding: Rounding,
    pub min_payout: Fen,
    pub full_standard_for_severe: bool,
    pub single: Option<Single>,
    pub grace: Option<Grace>,
}

#[derive(Debug, Clone)]
pub(crate) struct Single {
    pub share: ShareId,
    pub when: Rule,
    pub supplements: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Grace {
    pub percents: Vec<u32>,
    pub when: Rule,
}

#[derive(Debug, Clone)]
pub(crate) struct Supplement {
    pub code: String,
    pub zh: String,
    pub en: String,
    pub when: Rule,
    pub share: ShareId,
}

/// One tier of a program.
#[derive(Debug, Clone)]
pub struct Tier {
    /// Short code, stored with the line.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    pub(crate) when: Rule,
    pub(crate) share: ShareId,
    pub(crate) less: Option<Less>,
}

#[derive(Debug, Clone)]
pub(crate) struct Less {
    pub programs: u64,
    pub rounding: Rounding,
}

impl Policy {
    /// The program with this code.
    #[must_use]
    pub fn program_index(&self, code: &str) -> Option<u16> {
        let at = self.programs.iter().position(|p| p.code == code)?;
        u16::try_from(at).ok()
    }

    /// The program with this index.
    #[must_use]
    pub fn program(&self, index: u16) -> Option<&Program> {
        self.programs.get(usize::from(index))
    }

    /// Code of a tier of a program, as stored with a line.
    #[must_use]
    pub fn tier_code(&self, program: u16, tier: u8) -> Option<&str> {
        let tier = self.program(program)?.tiers.get(usize::from(tier))?;
        Some(tier.code.as_str())
    }

    /// The standard with this code.
    #[must_use]
    pub fn standard_index(&self, code: &str) -> Option<u16> {
        let at = self.standards.iter().position(|s| s.code == code)?;
        u16::try_from(at).ok()
    }

    /// Last day of knowledge for the dues of `month` of a program: the cut-off
    /// day, or the last day of the quarter (`rulings.md` M10).
    #[must_use]
    pub fn cut_off_of(&self, program: u16, month: Month) -> NaiveDate {
        match self.program(program).map(|p| p.period) {
            Some(Period::Quarter) => month.quarter_end().last_day(),
            _ => self.cut_off(month),
        }
    }

    /// Last day of knowledge for the run of `month` of a monthly program.
    #[must_use]
    pub fn cut_off(&self, month: Month) -> NaiveDate {
        month.day(self.settings.cut_off_day)
    }

    /// Whether any of the files is illustrative: then nobody may be paid by it
    /// outside a demonstration.
    #[must_use]
    pub fn illustrative(&self) -> bool {
        self.profiles.iter().any(|p| p.illustrative)
    }

    /// `code@version` of every file, joined by `+`.
    #[must_use]
    pub fn label(&self) -> String {
        let each: Vec<String> =
            self.profiles.iter().map(|p| format!("{}@{}", p.code, p.version)).collect();
        each.join("+")
    }
}

impl Settings {
    /// The most that a recovery plan may take from one month's entitlement,
    /// rounded down to whole yuan (W12: 716.00 → 214.00).
    #[must_use]
    pub fn recovery_cap(&self, entitlement: Fen) -> Fen {
        let percent = i64::from(self.recovery_cap_percent);
        Fen((entitlement.0 * percent).div_euclid(10_000) * 100)
    }
}

impl Program {
    /// The standard to which a household program fills up (标准 of the roster).
    #[must_use]
    pub fn shortfall_standard(&self) -> Option<u16> {
        match &self.amount {
            Amount::Shortfall(s) => Some(s.standard),
            _ => None,
        }
    }

    /// Whether somebody born in `birth` is in `month` too old for the program:
    /// unlike other conditions, this one is not met again.
    #[must_use]
    pub fn outgrown(&self, birth: Month, month: Month) -> bool {
        self.when.age_limit().is_some_and(|limit| month.index() - birth.index() >= limit)
    }

    /// First month that a confirmation pays, by the program's start rule.
    #[must_use]
    pub fn first_month(&self, applied_on: NaiveDate, decided_on: NaiveDate) -> Month {
        match self.start {
            StartRule::MonthAfterDecision => Month::of(decided_on).next(),
            StartRule::MonthOfDecision => Month::of(decided_on),
            StartRule::MonthOfApplication => Month::of(applied_on),
        }
    }

    /// First month without payment after an event or decision of that day.
    #[must_use]
    pub fn stop_month(&self, on: NaiveDate) -> Month {
        match self.stop {
            StopRule::MonthAfter => Month::of(on).next(),
            StopRule::SameMonth => Month::of(on),
        }
    }

    /// Months of grace (0 if the program knows none).
    #[must_use]
    pub fn grace_months(&self) -> u32 {
        match &self.amount {
            Amount::Shortfall(s) => {
                let months = s.grace.as_ref().map_or(0, |g| g.percents.len());
                u32::try_from(months).unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// Whether one person may be enrolled alone 单人保.
    #[must_use]
    pub fn allows_single(&self) -> bool {
        matches!(&self.amount, Amount::Shortfall(s) if s.single.is_some())
    }

    /// Whether the amount stands in the decision.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        matches!(self.amount, Amount::Decided)
    }
}
