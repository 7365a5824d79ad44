//! Days as people write them: `2023-11-05`, `2023/11/5`, `2023.11.5`,
//! `2023年11月5日`, `20231105`, in full-width digits too.

use chrono::{Datelike, NaiveDate};

use super::normalise;

/// The groups of digits of a text; empty if anything but digits and the marks
/// of a date occurs in it.
#[must_use]
pub fn figures(text: &str) -> Vec<String> {
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

/// A whole day; none if the text is no day of the calendar from 1850 to 2999.
#[must_use]
pub fn day(text: &str) -> Option<NaiveDate> {
    match figures(text).as_slice() {
        [one] if one.len() == 8 => {
            let (year, rest) = one.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            of_parts(year, month, day)
        }
        [year, month, day] => of_parts(year, month, day),
        // A spreadsheet's own timestamp in CSV; only midnight is a day.
        [year, month, day, rest @ ..] if rest.iter().all(|r| r.bytes().all(|b| b == b'0')) => {
            of_parts(year, month, day)
        }
        _ => None,
    }
}

/// A day out of its three numbers, each as it was written; the year has four
/// digits.
#[must_use]
pub fn of_parts(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    if year.len() != 4 {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
        .filter(|day| is_plausible(*day))
}

/// Whether a day lies where days of people lie: from 1850 to 2999.
#[must_use]
pub fn is_plausible(day: NaiveDate) -> bool {
    (1850..=2999).contains(&day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_as_people_write_it() {
        let expected = NaiveDate::from_ymd_opt(2026, 10, 5);
        for text in [
            "20261005",
            "2026-10-5",
            "2026年10月5日",
            "２０２６．１０．５",
            " 2026/10/05 ",
            "2026 10 5",
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in
            ["", "2026", "2026-10", "26-10-5", "2026-02-30", "202610005", "昨天", "1849-01-01"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
