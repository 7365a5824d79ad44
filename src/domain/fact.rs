//! Facts that the rules read (`rulings.md` M16), and from which month and
//! since when a run may count them (M4).

use chrono::NaiveDate;

use super::month::Month;
use super::role::Rights;

coded! {
    /// Kind of fact.
    FactKind {
        Income = "income", "收入", "income a year";
        Property = "property", "财产", "property";
        Category = "category", "分类(重病等)", "category such as serious illness";
        ChildClass = "child_class", "困境儿童类别", "class of child in difficulty";
        Labour = "labour", "劳动能力", "ability to work";
        Study = "study", "就学", "in education";
        SimilarBenefit = "similar_benefit", "同类待遇", "similar benefit elsewhere";
        LivingCondition = "living_condition", "生活补贴条件", "condition of the living subsidy";
        HouseholdCategory = "household_category", "家庭类别", "category of the household";
        MentalRegister = "mental_register", "精神障碍建档", "on the mental health register";
        Appraisal = "appraisal", "监护考核", "appraisal of guardianship";
        Incident = "incident", "肇事肇祸", "harmful incident";
    }
}

impl FactKind {
    /// Code of an assertion that ends a registration from its month on, instead
    /// of saying that it never held.
    pub const ENDED: &'static str = "ended";

    /// Kinds whose amount (fen a year) must be given.
    #[must_use]
    pub const fn has_amount(self) -> bool {
        matches!(self, FactKind::Income | FactKind::Property)
    }

    /// Kinds whose code must be given.
    #[must_use]
    pub const fn has_code(self) -> bool {
        !matches!(self, FactKind::MentalRegister | FactKind::Incident)
    }

    /// Kinds that are about one quarter.
    #[must_use]
    pub const fn is_quarterly(self) -> bool {
        matches!(self, FactKind::Appraisal | FactKind::Incident)
    }

    /// The codes of kinds whose list is closed; the codes of the others are
    /// the policy's.
    #[must_use]
    pub const fn codes(self) -> Option<&'static [&'static str]> {
        match self {
            FactKind::Appraisal => Some(&["pass", "fail"]),
            FactKind::ChildClass => {
                Some(&["C1a", "C1b", "C2", "C3", "C4", "C4h", "C5", "C6", "none"])
            }
            FactKind::MentalRegister => Some(&[FactKind::ENDED]),
            FactKind::LivingCondition => {
                Some(&["no_fixed_income", "multi_disabled", "elder_supported", "none"])
            }
            _ => None,
        }
    }

    /// Name of a code, Chinese and English. Of an open list only the codes
    /// that the example policy uses have one; another goes by itself.
    #[must_use]
    pub fn code_name(self, code: &str) -> Option<(&'static str, &'static str)> {
        Some(match (self, code) {
            (FactKind::Income, "wage") => ("工资性收入", "wages"),
            (FactKind::Income, "pension") => ("养老金", "pension"),
            (FactKind::Category, "illness") => ("重病", "serious illness"),
            (FactKind::ChildClass, "C1a") => ("机构养育孤儿", "orphan in an institution"),
            (FactKind::ChildClass, "C1b") => ("散居孤儿", "orphan in the community"),
            (FactKind::ChildClass, "C2") => ("父母监护缺失", "no parental guardianship"),
            (FactKind::ChildClass, "C3") => ("父母无力监护", "parents unable to look after it"),
            (FactKind::ChildClass, "C4") => ("重病重残", "severely ill or disabled child"),
            (FactKind::ChildClass, "C4h") => ("艾滋病病毒感染", "child with HIV"),
            (FactKind::ChildClass, "C5") => ("贫困家庭", "child of a poor family"),
            (FactKind::ChildClass, "C6") => ("其他需要帮助", "other need of help"),
            (FactKind::Study, "full_time") => ("全日制在校", "full-time"),
            (FactKind::SimilarBenefit, "work_injury_care") => {
                ("工伤护理待遇", "care by work injury insurance")
            }
            (FactKind::SimilarBenefit, "similar_care") => ("同类护理补贴", "another care subsidy"),
            (FactKind::SimilarBenefit, "similar_living") => {
                ("同类生活补贴", "another living subsidy")
            }
            (FactKind::LivingCondition, "no_fixed_income") => ("无固定收入", "no fixed income"),
            (FactKind::LivingCondition, "multi_disabled") => {
                ("一户多残", "several disabled in the family")
            }
            (FactKind::LivingCondition, "elder_supported") => {
                ("依老养残", "supported by the elderly")
            }
            (FactKind::Appraisal, "pass") => ("合格", "passed"),
            (FactKind::Appraisal, "fail") => ("不合格", "failed"),
            (FactKind::MentalRegister, FactKind::ENDED) => ("已结束", "ended"),
            _ => return None,
        })
    }

    /// Health data: the detail is shown only with its own right.
    #[must_use]
    pub const fn is_health(self) -> bool {
        matches!(
            self,
            FactKind::Category
                | FactKind::MentalRegister
                | FactKind::Appraisal
                | FactKind::Incident
                | FactKind::Labour
        )
    }

    /// Whether somebody with these rights sees it (P6, SEC-199).
    #[must_use]
    pub const fn is_open_to(self, rights: Rights) -> bool {
        match self {
            FactKind::ChildClass => rights.child,
            FactKind::MentalRegister | FactKind::Appraisal | FactKind::Incident => rights.mental,
            _ => true,
        }
    }

    /// Which row of M4 says when a new value counts.
    #[must_use]
    pub const fn change(self) -> Change {
        match self {
            FactKind::MentalRegister => Change::Registered,
            FactKind::Appraisal | FactKind::Incident => Change::Quarter,
            _ => Change::Decided,
        }
    }
}

/// A row of the table M4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A death by which the home's amount falls (or a person's own ends):
    /// month after the event, known when reported.
    DeathFalls,
    /// A death by which the home's amount rises: month after the decision.
    DeathRises,
    /// New member, lower or higher income, higher tier, member left, fewer
    /// means: month after the decision, unless it names a month.
    Decided,
    /// Two disability subsidies: from the month of application.
    Applied,
    /// A stop annulled or an error corrected: the months it covered.
    Corrected,
    /// A move to another street: month after registration, known then.
    MoveStreet,
    /// A patient registered by the end of a month counts in the next (W15b).
    Registered,
    /// An appraisal or incident: the quarter it is about.
    Quarter,
}

/// The dates a fact was entered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct FactDates {
    /// The day it happened.
    pub event_on: Option<NaiveDate>,
    /// The day of report, application or registration.
    pub reported_on: Option<NaiveDate>,
    /// The day of the decision.
    pub decided_on: Option<NaiveDate>,
    /// The month that the decision names.
    pub named_from: Option<Month>,
}

/// From which month a fact counts, and from which day a run knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    /// First month.
    pub from_month: Month,
    /// A run knows it if its cut-off is not earlier.
    pub known_on: NaiveDate,
}

/// A date that the change needs is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is needed")]
pub struct DateMissing(pub &'static str);

impl DateMissing {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(self) -> String {
        let field = match self.0 {
            "event_on" => "发生日期",
            "reported_on" => "申报日期",
            "decided_on" => "审核确认日期",
            _ => "起始月",
        };
        format!("请填写{field}。")
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(self) -> String {
        format!("Enter {}.", self.0)
    }
}

/// M4: which date counts.
///
/// # Errors
/// The date that this row of the table needs is missing.
pub fn effect(change: Change, dates: &FactDates) -> Result<Effect, DateMissing> {
    let event = dates.event_on.ok_or(DateMissing("event_on"));
    let reported = dates.reported_on.ok_or(DateMissing("reported_on"));
    let decided = dates.decided_on.ok_or(DateMissing("decided_on"));
    let named = dates.named_from;
    let effect = |from_month, known_on| Effect { from_month, known_on };
    let after = |day: NaiveDate| Month::of(day).next();
    Ok(match change {
        Change::DeathFalls => effect(after(event?), reported?),
        Change::DeathRises => {
            let decided = decided?;
            effect(after(decided), decided)
        }
        Change::Decided => {
            let decided = decided?;
            effect(named.unwrap_or_else(|| after(decided)), decided)
        }
        Change::Applied => {
            let from = named.map_or_else(|| reported.map(Month::of), Ok)?;
            effect(from, decided?)
        }
        Change::Corrected => effect(named.ok_or(DateMissing("from_month"))?, decided?),
        Change::MoveStreet => {
            let registered = reported?;
            effect(after(registered), registered)
        }
        Change::Registered => {
            let known = decided.or(reported)?;
            effect(named.map_or_else(|| event.map(after), Ok)?, known)
        }
        Change::Quarter => {
            let first = named.ok_or(DateMissing("from_month"))?.quarter_end().plus(-2);
            effect(first, decided.or(reported)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(event: &str, reported: &str, decided: &str, named: &str) -> FactDates {
        FactDates {
            event_on: event.parse().ok(),
            reported_on: reported.parse().ok(),
            decided_on: decided.parse().ok(),
            named_from: named.parse().ok(),
        }
    }

    /// The table of M4, row by row; `-` stands for a missing date.
    #[test]
    fn the_table_m4() {
        let rows = [
            // W03, W04: the event's month counts, however late the report.
            (Change::DeathFalls, "2023-08-12", "2023-08-14", "-", "-", "2023-09", "2023-08-14"),
            (Change::DeathFalls, "2023-08-12", "2023-10-26", "-", "-", "2023-09", "2023-10-26"),
            (
                Change::DeathRises,
                "2023-08-20",
                "2023-08-21",
                "2023-09-05",
                "-",
                "2023-10",
                "2023-09-05",
            ),
            // W06: a baby confirmed on 09-25 counts from October.
            (
                Change::Decided,
                "2023-09-05",
                "2023-09-18",
                "2023-09-25",
                "-",
                "2023-10",
                "2023-09-25",
            ),
            // The decision names an earlier month: a claim will follow.
            (Change::Decided, "-", "-", "2023-09-10", "2023-06", "2023-06", "2023-09-10"),
            (Change::Applied, "-", "2023-08-30", "2023-09-20", "-", "2023-08", "2023-09-20"),
            (Change::Corrected, "-", "-", "2023-09-08", "2023-06", "2023-06", "2023-09-08"),
            // W14c: registered 09-12, the new street starts in October.
            (Change::MoveStreet, "2023-09-01", "2023-09-12", "-", "-", "2023-10", "2023-09-12"),
            // W15b: registered 08-20, only September of Q3.
            (Change::Registered, "2023-08-20", "2023-08-20", "-", "-", "2023-09", "2023-08-20"),
            (Change::Quarter, "-", "2023-10-05", "-", "2023-09", "2023-07", "2023-10-05"),
        ];
        for (change, event, reported, decided, named, from, known) in rows {
            let got = effect(change, &dates(event, reported, decided, named));
            let want = Effect {
                from_month: from.parse().expect("a month"),
                known_on: known.parse().expect("a date"),
            };
            assert_eq!(got, Ok(want), "{change:?}");
        }
    }

    #[test]
    fn a_missing_date_is_named() {
        let none = FactDates::default();
        assert_eq!(effect(Change::Decided, &none), Err(DateMissing("decided_on")));
        assert_eq!(effect(Change::DeathFalls, &none), Err(DateMissing("event_on")));
        assert_eq!(effect(Change::Quarter, &none), Err(DateMissing("from_month")));
        assert_eq!(effect(Change::Applied, &none), Err(DateMissing("reported_on")));
    }
}
