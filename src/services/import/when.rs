//! Days and months as people write them.

use chrono::NaiveDate;

use super::cell::{Cell, Wrong};
use crate::domain::month::Month;
use crate::domain::written_date::{self, figures};

fn wrong_date(text: &str) -> Wrong {
    let short: String = text.chars().take(20).collect();
    Wrong::new(
        format!("“{short}”不是真实日期,请写成 2023-11-05。"),
        format!("\"{short}\" is not a date of the calendar. Write it as 2023-11-05."),
    )
}

/// A day as people write it, or a cell that is one.
pub(super) fn date(cell: &Cell, text: &str) -> Result<NaiveDate, Wrong> {
    let found = match cell {
        Cell::Date(at) => Some(at.date()).filter(|day| written_date::is_plausible(*day)),
        _ => written_date::day(text),
    };
    found.ok_or_else(|| wrong_date(text))
}

/// `2023-11`, `2023年11月`, `202311`, or any day of the month.
pub(super) fn month(cell: &Cell, text: &str) -> Result<Month, Wrong> {
    let wrong = || {
        let short: String = text.chars().take(20).collect();
        Wrong::new(
            format!("“{short}”不是月份,请写成 2023-11。"),
            format!("\"{short}\" is not a month. Write it as 2023-11."),
        )
    };
    if let Cell::Date(at) = cell {
        let day = Some(at.date()).filter(|day| written_date::is_plausible(*day));
        return day.map(Month::of).ok_or_else(wrong);
    }
    let parts = figures(text);
    let found = match parts.as_slice() {
        [one] if one.len() == 6 => {
            let (year, month) = one.split_at_checked(4).unwrap_or_default();
            year.parse().ok().zip(month.parse().ok()).and_then(|(y, m)| Month::new(y, m))
        }
        [year, month] if year.len() == 4 => {
            year.parse().ok().zip(month.parse().ok()).and_then(|(y, m)| Month::new(y, m))
        }
        [year, month, day] => written_date::of_parts(year, month, day).map(Month::of),
        _ => None,
    };
    found.ok_or_else(wrong)
}
