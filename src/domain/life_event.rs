//! What happens to people and households.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

coded! {
    /// Kind of event.
    EventKind {
        Birth = "birth", "出生", "birth";
        Death = "death", "死亡", "death";
        MoveIn = "move_in", "迁入", "move in";
        MoveOut = "move_out", "迁出", "move out";
        MoveWithin = "move_within", "街道内迁移", "move within the street";
        Split = "split", "分户", "split";
        Merge = "merge", "并户", "merge";
        HeadChange = "head_change", "户主变更", "change of head";
        Correction = "correction", "更正", "correction";
    }
}

/// How sure a death or a move is (`domain.md` §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// 1: 公安销户, cremation record, medical certificate.
    Confirmed,
    /// 2: reported by the family or the community.
    Reported,
    /// 3: a match of data only. Never stops money, it holds it.
    Matched,
}

impl Confidence {
    /// The stored number, 1 to 3.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Confidence::Confirmed => 1,
            Confidence::Reported => 2,
            Confidence::Matched => 3,
        }
    }

    /// From the stored number.
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Confidence> {
        match number {
            1 => Some(Confidence::Confirmed),
            2 => Some(Confidence::Reported),
            3 => Some(Confidence::Matched),
            _ => None,
        }
    }
}

/// The dates of an event (`domain.md`, rule 2). The instant of storage is the
/// audit log's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDates {
    /// The day it happened.
    pub event_on: NaiveDate,
    /// The day somebody told the office.
    pub reported_on: NaiveDate,
    /// The day the office decided what follows; `None` while it has not.
    pub decided_on: Option<NaiveDate>,
}

/// Dates in the wrong order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateFault {
    /// Reported before it happened.
    #[error("reported before it happened")]
    ReportedEarly,
    /// Decided before it was reported.
    #[error("decided before it was reported")]
    DecidedEarly,
    /// A date after today.
    #[error("in the future")]
    Future,
    /// Before the person was born.
    #[error("before birth on {0}")]
    BeforeBirth(NaiveDate),
}

impl DateFault {
    /// The field that has to be mended.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            DateFault::ReportedEarly => "reported_on",
            DateFault::DecidedEarly => "decided_on",
            DateFault::Future | DateFault::BeforeBirth(_) => "event_on",
        }
    }

    /// What to do, in Chinese (`ux.md` M-09).
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            DateFault::ReportedEarly => "申报日期不能早于发生日期。".to_owned(),
            DateFault::DecidedEarly => "审核确认日期不能早于申报日期。".to_owned(),
            DateFault::Future => "日期不能晚于今天。".to_owned(),
            DateFault::BeforeBirth(born) => format!("发生日期不能早于出生日期({born})。"),
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(self) -> String {
        match self {
            DateFault::ReportedEarly => {
                "The date of report must not lie before the event.".to_owned()
            }
            DateFault::DecidedEarly => {
                "The date of decision must not lie before the report.".to_owned()
            }
            DateFault::Future => "The date must not be in the future.".to_owned(),
            DateFault::BeforeBirth(born) => {
                format!("The event must not lie before the date of birth ({born}).")
            }
        }
    }
}

impl EventDates {
    /// An event that was reported and decided on the day it happened.
    #[must_use]
    pub const fn on(day: NaiveDate) -> EventDates {
        EventDates { event_on: day, reported_on: day, decided_on: Some(day) }
    }

    /// All faults of the dates, given the person's birth and today.
    #[must_use]
    pub fn faults(&self, born: Option<NaiveDate>, today: NaiveDate) -> Vec<DateFault> {
        let mut faults = Vec::new();
        if self.reported_on < self.event_on {
            faults.push(DateFault::ReportedEarly);
        }
        if self.decided_on.is_some_and(|decided| decided < self.reported_on) {
            faults.push(DateFault::DecidedEarly);
        }
        let last = self.decided_on.unwrap_or(self.reported_on).max(self.event_on);
        if last > today {
            faults.push(DateFault::Future);
        }
        if let Some(born) = born.filter(|born| self.event_on < *born) {
            faults.push(DateFault::BeforeBirth(born));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_in_order() {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let today = day("2023-11-01");
        let fine = EventDates {
            event_on: day("2023-08-12"),
            reported_on: day("2023-10-26"),
            decided_on: None,
        };
        assert_eq!(fine.faults(Some(day("1949-01-01")), today), vec![]);
        let wrong = EventDates {
            event_on: day("2023-08-12"),
            reported_on: day("2023-08-11"),
            decided_on: Some(day("2023-08-10")),
        };
        assert_eq!(
            wrong.faults(Some(day("2023-09-01")), today),
            vec![
                DateFault::ReportedEarly,
                DateFault::DecidedEarly,
                DateFault::BeforeBirth(day("2023-09-01"))
            ]
        );
        assert_eq!(EventDates::on(day("2023-11-02")).faults(None, today), vec![DateFault::Future]);
    }
}
