//! Days and months as people write them.

use chrono::NaiveDate;

use super::cell::{Cell, Wrong};
use crate::domain::month::Month;
use crate::domain::normalise;

fn wrong_date(text: &str) -> Wrong {
    let short: String = text.chars().take(20).collect();
    Wrong::new(
        format!("“{short}”不是真实日期,请写成 2023-11-05。"),
        format!("\"{short}\" is not a date of the calendar. Write it as 2023-11-05."),
    )
}

/// `2023-11-05`, `2023/11/5`, `2023.11.5`, `2023年11月5日`, `20231105`.
pub(super) fn date(cell: &Cell, text: &str) -> Result<NaiveDate, Wrong> {
    if let Cell::Date(at) = cell {
        return in_range(at.date()).ok_or_else(|| wrong_date(text));
    }
    let parts = figures(text);
    let found = match parts.as_slice() {
        [one] if one.len() == 8 => {
            let part = |from: usize, to: usize| one.get(from..to).unwrap_or_default().to_owned();
            calendar(&part(0, 4), &part(4, 6), &part(6, 8))
        }
        [year, month, day] if year.len() == 4 => calendar(year, month, day),
        // A spreadsheet's own timestamp in CSV; only midnight is a day.
        [year, month, day, rest @ ..]
            if year.len() == 4 && rest.iter().all(|r| r.bytes().all(|b| b == b'0')) =>
        {
            calendar(year, month, day)
        }
        _ => None,
    };
    found.and_then(in_range).ok_or_else(|| wrong_date(text))
}

fn in_range(day: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    (1850..=2999).contains(&day.year()).then_some(day)
}

fn calendar(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// The groups of digits; empty if anything but digits and date marks occurs.
fn figures(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for c in text.trim().chars().map(normalise::narrow) {
        match c {
            '0'..='9' => {
                if let Some(last) = parts.last_mut() {
                    last.push(c);
                }
            }
            '-' | '/' | '.' | '年' | '月' | '日' | ' ' | ':' | 'T' => {
                if parts.last().is_some_and(|p| !p.is_empty()) {
                    parts.push(String::new());
                }
            }
            _ => return Vec::new(),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
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
        return in_range(at.date()).map(Month::of).ok_or_else(wrong);
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
        [year, month, day] if year.len() == 4 => calendar(year, month, day).map(Month::of),
        _ => None,
    };
    found.ok_or_else(wrong)
}
