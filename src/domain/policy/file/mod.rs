//! The policy file as a person writes it: TOML read into plain structures.
//!
//! Unknown keys are refused (a misspelt key must not silently change an
//! amount). What the keys mean is told in `docs/POLICY.md`.

use chrono::NaiveDate;
use serde::Deserialize;

use crate::domain::month::Month;

mod case;
mod condition;
mod program;

pub use case::*;
pub use condition::*;
pub use program::*;

/// One whole policy file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Code, version and title.
    pub profile: Profile,
    /// Switches and limits that are not part of one program.
    pub settings: Option<SettingsFile>,
    /// Dated amounts.
    #[serde(default)]
    pub standard: Vec<StandardFile>,
    /// Programs in the order in which they are evaluated.
    #[serde(default)]
    pub program: Vec<ProgramFile>,
    /// Worked cases.
    #[serde(default)]
    pub case: Vec<CaseFile>,
}

/// `[profile]`: what this file is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Short code, e.g. `js-ill-2023`.
    pub code: String,
    /// Counts up with every change.
    pub version: u32,
    /// Chinese title.
    pub zh: String,
    /// English title.
    pub en: String,
    /// True where the amounts are made up and nobody may pay by them.
    pub illustrative: bool,
}

/// `[settings]` as written; what is missing takes the default of
/// [`super::Settings`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsFile {
    /// Day of the month at whose end knowledge is cut off.
    pub cut_off_day: Option<u32>,
    /// The low-income edge line 低保边缘.
    pub edge_line: Option<EdgeLineFile>,
    /// Who is severely disabled 重度.
    pub severe: Option<SevereFile>,
    /// Most of a month's entitlement that a recovery plan may take, percent.
    pub recovery_cap_percent: Option<u32>,
    /// Whether a renewed certificate pays the months that had lapsed.
    pub arrears_on_renewal: Option<bool>,
    /// Whether arrears of a closed award are still paid.
    pub pay_arrears_to_closed: Option<bool>,
    /// Limits of temporary assistance.
    pub temporary: Option<TemporaryFile>,
}

/// The edge line: a percentage of a standard.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeLineFile {
    /// Code of the standard.
    pub standard: String,
    /// Percent of it.
    pub percent: u32,
}

/// Which certificate grades count as severe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SevereFile {
    /// Grades that are severe in every category.
    pub grades: Vec<u8>,
    /// Categories in which grade 3 is severe as well.
    #[serde(default)]
    pub grade_3_categories: Vec<Category>,
}

/// Limits of temporary assistance 临时救助.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporaryFile {
    /// Most that the street may approve per case, yuan.
    pub street_cap: String,
    /// The standard of which the district's cap is a multiple.
    pub district_standard: String,
    /// Multiple of that standard.
    pub district_times: u32,
    /// Months in which the same cause is helped once by the street.
    pub same_cause_months: u32,
}

/// Disability category, GB/T 26341-2010.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// 1 视力
    Sight = 1,
    /// 2 听力
    Hearing = 2,
    /// 3 言语
    Speech = 3,
    /// 4 肢体
    Physical = 4,
    /// 5 智力
    Intellectual = 5,
    /// 6 精神
    Mental = 6,
    /// 7 多重
    Multiple = 7,
}

/// `[[standard]]`: one amount through time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardFile {
    /// Short code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// The values, any order.
    pub values: Vec<StandardValueFile>,
}

/// One value of a standard.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardValueFile {
    /// First month it holds for.
    pub from: Month,
    /// Yuan.
    pub amount: String,
    /// The day it was decided: a run whose cut-off lies before does not know it.
    pub decided_on: NaiveDate,
    /// Number of the document.
    pub doc_no: String,
}
