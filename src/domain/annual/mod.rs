//! The figures of the annual report that a registry can compute (`domain.md`
//! §8, R01 and R05–R15), each with its definition and period, and the
//! paragraph that is written from them and from nothing else.

mod definitions;
mod words;

use serde::Serialize;

use super::money::Fen;
use super::month::Month;
use super::summary::{Items, Tally};

pub use definitions::{Definition, FIGURES, FigureId, Span, program};
use words::Words;

/// Cells below this are not shown in what leaves the office (`rulings.md` P6).
pub const SUPPRESS_BELOW: i64 = 5;

/// What was counted, before it becomes figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// R01.
    pub verified: i64,
    /// R05, R06.
    pub dibao: Tally,
    /// R07, R08.
    pub children: Tally,
    /// R09.
    pub by_street: Items,
    /// R10.
    pub by_district: Items,
    /// R11.
    pub first_certificates: i64,
    /// R12 and part of R14.
    pub care: Tally,
    /// R13 and part of R14.
    pub living: Tally,
    /// R15.
    pub living_l5: Tally,
}

/// Unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// 户.
    #[serde(rename = "户")]
    Households,
    /// 人.
    #[serde(rename = "人")]
    Persons,
    /// 元; the value itself is in fen.
    #[serde(rename = "元")]
    Yuan,
}

/// A value with its unit. `value` is in fen for [`Unit::Yuan`]; `None` was
/// suppressed because fewer than [`SUPPRESS_BELOW`] stand behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Value {
    /// The number.
    pub value: Option<i64>,
    /// Its unit.
    pub unit: Unit,
}

/// A figure with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// Number.
    pub id: FigureId,
    /// Chinese name.
    pub name_zh: &'static str,
    /// English name.
    pub name_en: &'static str,
    /// Values in the order in which the report names them.
    pub values: Vec<Value>,
    /// First month it speaks of.
    pub from: Month,
    /// Last month it speaks of.
    pub to: Month,
    /// Definition.
    pub definition_zh: &'static str,
    /// Definition.
    pub definition_en: &'static str,
}

/// The report of one street.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Annual {
    /// Name of the street.
    pub street: String,
    /// January of the year.
    pub from: Month,
    /// Last month of the period.
    pub through: Month,
    /// The month that the rosters are taken from.
    pub roster_month: Month,
    /// Whether that month is closed.
    pub roster_closed: bool,
    /// Whether a policy behind it is only an example.
    pub illustrative: bool,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The paragraph.
    pub paragraph_zh: String,
    /// Its English rendering.
    pub paragraph_en: String,
}

/// Which report: street, period, and where the rosters come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Name of the street.
    pub street: String,
    /// Last month of the period; it begins in January of the same year.
    pub through: Month,
    /// The roster month.
    pub roster_month: Month,
    /// Whether the roster month is closed.
    pub roster_closed: bool,
    /// Whether a policy behind it is only an example.
    pub illustrative: bool,
    /// Whether it leaves the office: then small cells are suppressed.
    pub public: bool,
}

/// Makes the report out of what was counted.
#[must_use]
pub fn report(frame: Frame, counted: &Counted) -> Annual {
    let from = frame.through.plus(1 - i32::try_from(frame.through.number()).unwrap_or(1));
    let figures: Vec<Figure> = FIGURES
        .iter()
        .map(|definition| {
            let values = values(definition.id, counted);
            let (from, to) = match definition.span {
                Span::Period => (from, frame.through),
                Span::Roster => (frame.roster_month, frame.roster_month),
            };
            Figure {
                id: definition.id,
                name_zh: definition.zh,
                name_en: definition.en,
                values: if frame.public {
                    suppress(values, behind(definition.id, counted))
                } else {
                    values
                },
                from,
                to,
                definition_zh: definition.counts_zh,
                definition_en: definition.counts_en,
            }
        })
        .collect();
    let words = Words { figures: &figures, frame: &frame };
    Annual {
        paragraph_zh: words.zh(),
        paragraph_en: words.en(),
        street: frame.street,
        from,
        through: frame.through,
        roster_month: frame.roster_month,
        roster_closed: frame.roster_closed,
        illustrative: frame.illustrative,
        figures,
    }
}

fn values(id: FigureId, counted: &Counted) -> Vec<Value> {
    let households = |value| Value { value: Some(value), unit: Unit::Households };
    let persons = |value| Value { value: Some(value), unit: Unit::Persons };
    let yuan = |amount: Fen| Value { value: Some(amount.0), unit: Unit::Yuan };
    match id {
        FigureId::R01 => vec![persons(counted.verified)],
        FigureId::R05 => vec![households(counted.dibao.households), persons(counted.dibao.persons)],
        FigureId::R06 => vec![yuan(counted.dibao.amount)],
        FigureId::R07 => {
            vec![households(counted.children.households), persons(counted.children.persons)]
        }
        FigureId::R08 => vec![yuan(counted.children.amount)],
        FigureId::R09 => vec![households(counted.by_street.count), yuan(counted.by_street.amount)],
        FigureId::R10 => {
            vec![households(counted.by_district.count), yuan(counted.by_district.amount)]
        }
        FigureId::R11 => vec![persons(counted.first_certificates)],
        FigureId::R12 => vec![persons(counted.care.persons)],
        FigureId::R13 => vec![persons(counted.living.persons)],
        FigureId::R14 => vec![yuan(counted.care.amount + counted.living.amount)],
        FigureId::R15 => vec![persons(counted.living_l5.persons), yuan(counted.living_l5.amount)],
    }
}

/// The smallest group behind a figure: an amount says as much as its count.
fn behind(id: FigureId, counted: &Counted) -> i64 {
    match id {
        FigureId::R01 => counted.verified,
        FigureId::R05 | FigureId::R06 => counted.dibao.households,
        FigureId::R07 | FigureId::R08 => counted.children.households.min(counted.children.persons),
        FigureId::R09 => counted.by_street.count,
        FigureId::R10 => counted.by_district.count,
        FigureId::R11 => counted.first_certificates,
        FigureId::R12 => counted.care.persons,
        FigureId::R13 => counted.living.persons,
        FigureId::R14 => counted.care.persons.min(counted.living.persons),
        FigureId::R15 => counted.living_l5.persons,
    }
}

/// Nothing at all may be told; one to four may not.
fn suppress(values: Vec<Value>, behind: i64) -> Vec<Value> {
    if behind == 0 || behind >= SUPPRESS_BELOW {
        return values;
    }
    values.into_iter().map(|value| Value { value: None, ..value }).collect()
}

/// `80,632` for whole yuan, `80,632.50` otherwise (`ux.md` I-05 for inline use).
fn inline_yuan(amount: Fen) -> String {
    let text = amount.to_string();
    text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
}

impl Value {
    /// The number alone, grouped: `28,973`, `80,632`.
    #[must_use]
    pub fn show(&self) -> String {
        match (self.value, self.unit) {
            (None, _) => format!("<{SUPPRESS_BELOW}"),
            (Some(value), Unit::Yuan) => inline_yuan(Fen(value)),
            (Some(value), _) => inline_yuan(Fen::from_yuan(value)),
        }
    }
}

impl Unit {
    /// In Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            Unit::Households => "户",
            Unit::Persons => "人",
            Unit::Yuan => "元",
        }
    }
}

#[cfg(test)]
mod tests;
