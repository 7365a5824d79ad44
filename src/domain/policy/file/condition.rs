//! Conditions as written: a closed list of named predicates.

use serde::Deserialize;

use super::Category;

/// From when a birthday counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeFrom {
    /// 次月: reaching an age counts from the month after the birthday.
    MonthAfterBirthday,
    /// 当月: it counts from the month of the birthday.
    MonthOfBirthday,
}

/// An age limit: `18`, or with the month from which a birthday counts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum AgeLimit {
    /// Counts from the month after the birthday.
    Years(u32),
    /// Says itself from when.
    From {
        /// Full years.
        years: u32,
        /// From when the birthday counts.
        from: AgeFrom,
    },
}

/// A condition: named predicates under all / any / not. The list is closed;
/// there is no expression language.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// 年满
    AgeAtLeast(AgeLimit),
    /// 未满
    AgeUnder(AgeLimit),
    /// 残疾人证有效
    CertificateValid,
    /// 残疾类别
    DisabilityCategory(Vec<Category>),
    /// 残疾等级
    DisabilityGrade(Vec<u8>),
    /// 重度残疾 as set in `[settings.severe]`
    Severe,
    /// Receives a program evaluated earlier, this month.
    Receives(String),
    /// Has an award of the program in force, whatever it pays.
    HoldsAward(String),
    /// Has a dated fact, optionally with one of these codes.
    Fact(FactTest),
    /// Has had the fact since before this month began.
    FactBeforeMonth(FactTest),
    /// Child class 困境儿童类别 is one of these.
    ChildClass(Vec<String>),
    /// 当季考核合格
    AppraisalPassed,
    /// 当季无肇事肇祸
    NoIncident,
    /// Household income per head against a percentage of a standard.
    IncomePerHead(IncomeTest),
    /// Household income per head is below `[settings.edge_line]`.
    BelowEdgeLine,
    /// Household property per head is at most so many times a standard.
    PropertyPerHead(PropertyTest),
}

/// A dated fact.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactTest {
    /// Kind of the fact.
    pub kind: String,
    /// Codes; empty means any.
    #[serde(default)]
    pub code: Vec<String>,
}

/// Income per head against a percentage of a standard.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IncomeTest {
    /// Code of the standard.
    pub standard: String,
    /// Strictly below this percentage.
    pub below_percent: Option<u32>,
    /// At most this percentage.
    pub at_most_percent: Option<u32>,
}

/// Property per head.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyTest {
    /// Code of the standard.
    pub standard: String,
    /// Times the standard.
    pub at_most_times: u32,
}
