//! Temporary assistance 临时救助 (`domain.md` §6): one case, one amount.

use chrono::{Months, NaiveDate};

use super::money::Fen;

coded! {
    /// Kind of case.
    CaseKind {
        Emergency = "emergency", "急难型", "emergency";
        Expenditure = "expenditure", "支出型", "expenditure";
    }
}

coded! {
    /// What happened.
    Cause {
        Illness = "illness", "疾病", "illness";
        Fire = "fire", "火灾", "fire";
        Traffic = "traffic", "交通事故", "traffic accident";
        Drowning = "drowning", "溺水", "drowning";
        Accident = "accident", "其他意外", "other accident";
        Education = "education", "教育", "education";
        Other = "other", "其他", "other";
    }
}

coded! {
    /// Who decides and pays.
    CaseLevel {
        Street = "street", "街道", "street";
        District = "district", "区级", "district";
    }
}

coded! {
    /// Category of the family.
    FamilyCategory {
        Dibao = "dibao", "低保", "dibao";
        Edge = "edge", "边缘", "dibao edge";
        Tekun = "tekun", "特困", "tekun";
        Veteran = "veteran", "优抚", "special care";
        Sudden = "sudden", "突发", "sudden hardship";
        Other = "other", "其他", "other";
    }
}

/// Caps of the policy in force, in fen per case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseCaps {
    /// Above this the case goes to the district.
    pub street: Fen,
    /// Above this a decision of its own (一事一议) with a document number.
    pub district: Fen,
    /// Months in which the street helps the same cause once.
    pub same_cause_months: u32,
}

/// An earlier case of the same person or household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierCase {
    /// What happened.
    pub cause: Cause,
    /// When it was decided.
    pub decided_on: NaiveDate,
}

/// Why a case is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaseFault {
    /// W21: the same cause again too soon, at the street.
    #[error("same cause on {0}")]
    TooSoon(NaiveDate),
    /// More than the street may grant.
    #[error("above the street's cap of {0}")]
    AboveStreet(Fen),
    /// More than the district grants without a decision of its own.
    #[error("above the district's cap of {0}")]
    AboveDistrict(Fen),
    /// Nothing, or more than was asked for.
    #[error("not between 0.01 and the amount asked for")]
    Amount,
}

impl CaseFault {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            CaseFault::TooSoon(day) => {
                format!("12 个月内同一事由已由 {day} 的决定救助过,街道不能再次救助,请上报区级。")
            }
            CaseFault::AboveStreet(cap) => format!("超过街道审批限额 {cap} 元,请上报区级。"),
            CaseFault::AboveDistrict(cap) => {
                format!("超过区级限额 {cap} 元,须一事一议并填写文号。")
            }
            CaseFault::Amount => "审批金额应大于 0,且不超过申请金额。".to_owned(),
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(self) -> String {
        match self {
            CaseFault::TooSoon(day) => format!(
                "The same cause was helped by the decision of {day}. The street may not help \
                 again so soon; submit it to the district."
            ),
            CaseFault::AboveStreet(cap) => {
                format!("Above the street's limit of {cap} yuan; submit it to the district.")
            }
            CaseFault::AboveDistrict(cap) => format!(
                "Above the district's limit of {cap} yuan; it needs a decision of its own with \
                 a document number."
            ),
            CaseFault::Amount => {
                "The amount must be above 0 and not more than was asked for.".to_owned()
            }
        }
    }

    /// The field that has to be mended.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            CaseFault::TooSoon(_) => "level",
            _ => "approved",
        }
    }
}

/// The rules of a new case.
#[must_use]
pub fn faults(
    level: CaseLevel,
    cause: Cause,
    amounts: (Fen, Fen),
    decided_on: NaiveDate,
    has_document: bool,
    earlier: &[EarlierCase],
    caps: &CaseCaps,
) -> Vec<CaseFault> {
    let (asked, approved) = amounts;
    let mut faults = Vec::new();
    if !approved.is_positive() || approved > asked {
        faults.push(CaseFault::Amount);
    }
    match level {
        CaseLevel::Street => {
            if approved > caps.street {
                faults.push(CaseFault::AboveStreet(caps.street));
            }
            faults.extend(
                too_soon(cause, decided_on, earlier, caps.same_cause_months)
                    .map(CaseFault::TooSoon),
            );
        }
        CaseLevel::District if approved > caps.district && !has_document => {
            faults.push(CaseFault::AboveDistrict(caps.district));
        }
        CaseLevel::District => {}
    }
    faults
}

fn too_soon(
    cause: Cause,
    on: NaiveDate,
    earlier: &[EarlierCase],
    months: u32,
) -> Option<NaiveDate> {
    let earliest = on.checked_sub_months(Months::new(months))?;
    earlier
        .iter()
        .filter(|e| e.cause == cause && e.decided_on > earliest && e.decided_on <= on)
        .map(|e| e.decided_on)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_street_helps_once_a_year_and_up_to_its_cap() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let caps = CaseCaps {
            street: Fen::from_yuan(2_000),
            district: Fen::from_yuan(9_696),
            same_cause_months: 12,
        };
        let earlier = [EarlierCase { cause: Cause::Illness, decided_on: day("2023-05-20") }];
        let run = |level, cause, yuan: i64, on: &str, doc| {
            let fen = Fen::from_yuan(yuan);
            faults(level, cause, (fen, fen), day(on), doc, &earlier, &caps)
        };
        let (street, district) = (CaseLevel::Street, CaseLevel::District);
        // W21
        assert_eq!(
            run(street, Cause::Illness, 1_500, "2023-08-10", false),
            vec![CaseFault::TooSoon(day("2023-05-20"))]
        );
        assert_eq!(run(district, Cause::Illness, 1_500, "2023-08-10", false), vec![]);
        assert_eq!(run(street, Cause::Fire, 1_500, "2023-08-10", false), vec![]);
        assert_eq!(run(street, Cause::Illness, 1_500, "2024-05-20", false), vec![]);
        assert_eq!(
            run(street, Cause::Fire, 2_424, "2023-08-10", false),
            vec![CaseFault::AboveStreet(caps.street)]
        );
        assert_eq!(
            run(district, Cause::Fire, 10_000, "2023-08-10", false),
            vec![CaseFault::AboveDistrict(caps.district)]
        );
        assert_eq!(run(district, Cause::Fire, 10_000, "2023-08-10", true), vec![]);
        assert_eq!(run(street, Cause::Fire, 0, "2023-08-10", false), vec![CaseFault::Amount]);
    }
}
