//! Calendar months: everything that pays is month-atomic (`domain.md`, rule 1).

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A calendar month, stored as `year * 12 + (month - 1)`, so that months can
/// be compared and subtracted.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Integer)]
pub struct Month(i32);

/// The text is not a month of the form `2023-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month is written YYYY-MM, for example 2023-11")]
pub struct MonthError;

impl Month {
    /// The month `month` (1–12) of `year`; `None` if there is no such month or
    /// the year is not between 1900 and 2999.
    #[must_use]
    pub const fn new(year: i32, month: u32) -> Option<Month> {
        if year < 1900 || year > 2999 || month < 1 || month > 12 {
            return None;
        }
        Some(Month(year * 12 + month as i32 - 1))
    }

    /// The month in which `date` lies.
    #[must_use]
    pub fn of(date: NaiveDate) -> Month {
        Month(date.year() * 12 + date.month0() as i32)
    }

    /// The stored number.
    #[must_use]
    pub const fn index(self) -> i32 {
        self.0
    }

    /// The stored number, by reference (a bound value borrows it).
    #[must_use]
    pub const fn stored(&self) -> &i32 {
        &self.0
    }

    /// From the stored number.
    #[must_use]
    pub const fn from_index(index: i32) -> Month {
        Month(index)
    }

    /// Four-digit year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// 1–12.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0.rem_euclid(12) as u32 + 1
    }

    /// The next month.
    #[must_use]
    pub const fn next(self) -> Month {
        Month(self.0 + 1)
    }

    /// The month before.
    #[must_use]
    pub const fn prev(self) -> Month {
        Month(self.0 - 1)
    }

    /// This month moved by `months` (negative: earlier).
    #[must_use]
    pub const fn plus(self, months: i32) -> Month {
        Month(self.0 + months)
    }

    /// Whole months from `other` to `self`.
    #[must_use]
    pub const fn since(self, other: Month) -> i32 {
        self.0 - other.0
    }

    /// The first day.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        self.day(1)
    }

    /// The last day.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        self.next().first_day().pred_opt().unwrap_or(NaiveDate::MAX)
    }

    /// The given day of the month, or the last day if the month is shorter.
    #[must_use]
    pub fn day(self, day: u32) -> NaiveDate {
        (1..=day.clamp(1, 31))
            .rev()
            .find_map(|d| NaiveDate::from_ymd_opt(self.year(), self.number(), d))
            .unwrap_or(NaiveDate::MAX)
    }

    /// Last month of the quarter that this month lies in.
    #[must_use]
    pub const fn quarter_end(self) -> Month {
        Month(self.0 + 2 - self.0.rem_euclid(3))
    }

    /// As the Chinese tables write it: `2023年11月`.
    #[must_use]
    pub fn zh(self) -> String {
        format!("{}年{}月", self.year(), self.number())
    }

    /// Every month from `self` to `last`, both included.
    pub fn to(self, last: Month) -> impl DoubleEndedIterator<Item = Month> {
        (self.0..=last.0).map(Month)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year(), self.number()))
    }
}

impl FromStr for Month {
    type Err = MonthError;
    fn from_str(text: &str) -> Result<Month, MonthError> {
        let (year, month) = text.trim().split_once('-').ok_or(MonthError)?;
        if year.len() != 4 || month.is_empty() || month.len() > 2 {
            return Err(MonthError);
        }
        let year = year.parse().map_err(|_| MonthError)?;
        let month = month.parse().map_err(|_| MonthError)?;
        Month::new(year, month).ok_or(MonthError)
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_i32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Month, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            i32::deserialize(deserializer).map(Month)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_shown() {
        let november: Month = "2023-11".parse().expect("a month");
        assert_eq!(november.to_string(), "2023-11");
        assert_eq!(november.zh(), "2023年11月");
        assert_eq!(november.next().next().to_string(), "2024-01");
        assert_eq!(november.since("2023-07".parse().expect("a month")), 4);
        for wrong in ["2023-13", "2023", "23-11", "2023-11-01", "2023-", ""] {
            assert_eq!(wrong.parse::<Month>(), Err(MonthError), "{wrong}");
        }
    }

    #[test]
    fn days_stay_inside_the_month() {
        let february: Month = "2023-02".parse().expect("a month");
        assert_eq!(february.day(31).to_string(), "2023-02-28");
        assert_eq!(february.last_day().to_string(), "2023-02-28");
        assert_eq!(february.quarter_end().to_string(), "2023-03");
        assert_eq!(Month::of(february.first_day()), february);
    }
}
