//! What each figure counts, over which time.

use serde::{Deserialize, Serialize};

/// A figure of the report, by its number in §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the definitions stand in FIGURES")]
pub enum FigureId {
    R01,
    R05,
    R06,
    R07,
    R08,
    R09,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

/// Which time a figure speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// From January to the last month of the report.
    Period,
    /// The roster month: the last closed month of the period.
    Roster,
}

/// What a figure is and what it counts.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Number.
    pub id: FigureId,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// Time.
    pub span: Span,
    /// What is counted, in Chinese.
    pub counts_zh: &'static str,
    /// What is counted, in English.
    pub counts_en: &'static str,
}

/// Program codes that the figures are defined over.
pub mod program {
    /// 城市低保.
    pub const DIBAO: &str = "dibao";
    /// 困境儿童.
    pub const CHILDREN: &str = "children";
    /// 重度残疾人护理补贴.
    pub const CARE: &str = "care";
    /// 困难残疾人生活补贴.
    pub const LIVING: &str = "living";
    /// 低保外智力精神三四级.
    pub const LIVING_L5: &str = "living_l5";
    /// 临时救助.
    pub const TEMPORARY: &str = "temp";
}

const REGULAR_ZH: &str = "当月发放花名册中应发金额大于零的对象";
const REGULAR_EN: &str = "beneficiaries with a regular line above zero in the month's roster";

macro_rules! definition {
    ($id:ident, $span:ident, $zh:literal, $en:literal, $counts_zh:expr, $counts_en:expr) => {
        Definition {
            id: FigureId::$id,
            zh: $zh,
            en: $en,
            span: Span::$span,
            counts_zh: $counts_zh,
            counts_en: $counts_en,
        }
    };
}

/// All figures in the order of the report.
pub const FIGURES: [Definition; 12] = [
    definition!(
        R01,
        Period,
        "走访核实人口",
        "residents verified by visit",
        "期内至少有一次目的为人口核实、结果为已见面或家属代答、状态为已审核的走访的人,不重复计人;与常住人口不是同一口径",
        "distinct persons with at least one reviewed visit for population check in the period whose result is met or answered by family; not the resident population"
    ),
    definition!(R05, Roster, "低保户数", "dibao households", REGULAR_ZH, REGULAR_EN),
    definition!(
        R06,
        Roster,
        "低保金月发放额",
        "dibao per month",
        "当月花名册应发金额之和,不含补发、扣发",
        "sum of the month's regular lines, without arrears and deductions"
    ),
    definition!(
        R07,
        Roster,
        "困境儿童",
        "children in difficulty",
        "当月应发金额大于零的儿童;户按救助核算单元计",
        "children with a regular line above zero; households are assistance units"
    ),
    definition!(
        R08,
        Roster,
        "困境儿童月发放额",
        "children's allowance per month",
        "当月花名册应发金额之和,不含补发、扣发",
        "sum of the month's regular lines, without arrears and deductions"
    ),
    definition!(
        R09,
        Period,
        "街道临时救助",
        "temporary assistance by the street",
        "街道审批、期内已支付且未被退回的个案,金额为审批额",
        "cases decided by the street, paid in the period and not returned; approved amounts"
    ),
    definition!(
        R10,
        Period,
        "上报区级临时救助",
        "temporary assistance by the district",
        "区级审批、期内已支付且未被退回的个案,金额为审批额",
        "cases decided by the district, paid in the period and not returned; approved amounts"
    ),
    definition!(
        R11,
        Period,
        "新办证残疾人",
        "first disability certificates",
        "期内首次发证的人,换证、改级不计",
        "persons whose first certificate was issued in the period; no renewals, no changes of grade"
    ),
    definition!(R12, Roster, "护理补贴人数", "care subsidy", REGULAR_ZH, REGULAR_EN),
    definition!(R13, Roster, "生活补贴人数", "living subsidy", REGULAR_ZH, REGULAR_EN),
    definition!(
        R14,
        Roster,
        "两残补贴月发放额",
        "two disability subsidies per month",
        "护理补贴与生活补贴当月应发之和,低保外三四级另列",
        "regular lines of care and living together; grade 3–4 outside dibao stands apart"
    ),
    definition!(
        R15,
        Roster,
        "低保外智力精神三四级",
        "intellectual and mental, grade 3–4, outside dibao",
        REGULAR_ZH,
        REGULAR_EN
    ),
];

impl FigureId {
    /// The number as people write it, e.g. `R05`.
    #[must_use]
    pub fn parse(text: &str) -> Option<FigureId> {
        let wanted = text.trim().to_ascii_uppercase();
        FIGURES.iter().map(|definition| definition.id).find(|id| format!("{id:?}") == wanted)
    }

    /// Its definition.
    #[must_use]
    pub fn definition(self) -> Option<&'static Definition> {
        FIGURES.iter().find(|definition| definition.id == self)
    }
}
