//! `[[program]]` as written.

use serde::Deserialize;

use super::Condition;
use crate::domain::award::BeneficiaryKind;
use crate::domain::money::Rounding;

/// How often a program pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// Every month.
    Month,
    /// Once a quarter, its months accrued.
    Quarter,
    /// Once per case.
    Once,
}

/// In which block of the summary a program stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Inside the monthly total.
    Monthly,
    /// The quarterly block.
    Quarterly,
    /// The one-off block.
    Once,
}

/// First month of a new award.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartRule {
    /// 审核确认次月
    MonthAfterDecision,
    /// 审核确认当月
    MonthOfDecision,
    /// 申请当月
    MonthOfApplication,
}

impl Period {
    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Period::Month => "按月发放",
            Period::Quarter => "按季发放",
            Period::Once => "一次性发放",
        }
    }

    /// In English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            Period::Month => "every month",
            Period::Quarter => "every quarter",
            Period::Once => "once per case",
        }
    }
}

impl StartRule {
    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            StartRule::MonthAfterDecision => "审核确认次月起",
            StartRule::MonthOfDecision => "审核确认当月起",
            StartRule::MonthOfApplication => "申请当月起",
        }
    }

    /// In English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            StartRule::MonthAfterDecision => "from the month after the decision",
            StartRule::MonthOfDecision => "from the month of the decision",
            StartRule::MonthOfApplication => "from the month of the application",
        }
    }
}

impl StopRule {
    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            StopRule::MonthAfter => "次月起停发",
            StopRule::SameMonth => "当月起停发",
        }
    }

    /// In English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            StopRule::MonthAfter => "stops in the month after",
            StopRule::SameMonth => "stops in the same month",
        }
    }
}

/// First month without payment after a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopRule {
    /// The month after the event or decision.
    MonthAfter,
    /// The month of the event or decision.
    SameMonth,
}

/// Whose data a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restricted {
    /// Child protection: right `child`.
    Child,
    /// Mental health: right `mental`.
    Mental,
}

/// `[[program]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFile {
    /// Short code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// What the roster calls it, where that must differ from the name.
    pub roster_label: Option<String>,
    /// person, household or case.
    pub beneficiary: BeneficiaryKind,
    /// month, quarter or once.
    pub period: Period,
    /// Summary block; by default the one of the period.
    pub block: Option<Block>,
    /// Whether it may be posted publicly.
    #[serde(default)]
    pub public_notice: bool,
    /// child or mental, where a special right is needed.
    pub restricted: Option<Restricted>,
    /// First month.
    pub start: StartRule,
    /// Month of the end.
    pub stop: StopRule,
    /// Programs that exclude this one, per person and month.
    #[serde(default)]
    pub excluded_by: Vec<ExclusionFile>,
    /// Conditions; none means always.
    pub when: Option<Condition>,
    /// Piece: gap to a standard.
    pub shortfall: Option<ShortfallFile>,
    /// Piece: one person's part of the household alone.
    pub single: Option<SingleFile>,
    /// Piece: phase-out period.
    pub grace: Option<GraceFile>,
    /// Piece: top-ups.
    #[serde(default)]
    pub supplement: Vec<SupplementFile>,
    /// highest (one per person) or additive.
    pub supplement_rule: Option<SupplementRule>,
    /// Piece: amount by tier, first that fits.
    #[serde(default)]
    pub tier: Vec<TierFile>,
    /// Piece: a standard per eligible month of the period.
    pub accrual: Option<AccrualFile>,
    /// Piece: the amount stands in the decision.
    #[serde(default)]
    pub decided: bool,
}

/// A program that excludes another, wholly or with some of its tiers.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ExclusionFile {
    /// Any payment of the program.
    Program(String),
    /// Only these tiers of it.
    Tiers {
        /// Code of the program.
        program: String,
        /// Codes of the tiers.
        tiers: Vec<String>,
    },
}

/// Gap to a standard, household level, rounded once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShortfallFile {
    /// Code of the standard per person.
    pub standard: String,
    /// How the gap is rounded.
    pub rounding: Rounding,
    /// Least base paid when there is a gap, yuan.
    pub min_payout: Option<String>,
    /// Severely disabled members count with no income.
    #[serde(default)]
    pub full_standard_for_severe: bool,
}

/// Single-person enrolment 单人保.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SingleFile {
    /// Percent of the shortfall's standard.
    pub percent: u32,
    /// How it is rounded.
    pub rounding: Rounding,
    /// Conditions of the person and the household.
    pub when: Option<Condition>,
    /// Whether the person also gets top-ups.
    #[serde(default)]
    pub supplements: bool,
}

/// Phase-out 渐退期.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraceFile {
    /// Percent of the last regular base, one number per month.
    pub percents: Vec<u32>,
    /// Conditions that end it early.
    pub when: Option<Condition>,
}

/// One top-up 分类施保.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplementFile {
    /// Short code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Who gets it.
    pub when: Condition,
    /// A percentage of a standard.
    pub share: Option<ShareFile>,
    /// A standard as it stands.
    pub fixed: Option<String>,
}

/// How several top-ups of one person combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupplementRule {
    /// One per person, the highest.
    Highest,
    /// All of them.
    Additive,
}

/// Percentage of a standard, rounded.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareFile {
    /// Code of the standard.
    pub standard: String,
    /// Percent.
    pub percent: u32,
    /// Rounding.
    pub rounding: Rounding,
}

/// `[[program.tier]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierFile {
    /// Short code, stored with the line.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Conditions; none means everybody.
    pub when: Option<Condition>,
    /// Percentage of a standard.
    pub share: Option<ShareFile>,
    /// A standard as it stands.
    pub fixed: Option<String>,
    /// Only the difference to the person's share of other programs is paid.
    pub less: Option<LessFile>,
}

/// What is deducted from a tier's amount (补差).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessFile {
    /// Programs whose share is deducted.
    pub programs: Vec<String>,
    /// Rounding of the result.
    pub rounding: Rounding,
}

/// A standard per eligible month of the period.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccrualFile {
    /// Code of the standard.
    pub standard: String,
}
