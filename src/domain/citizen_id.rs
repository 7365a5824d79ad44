//! Citizen identity numbers 公民身份号码 (GB 11643-1999) and the cards that
//! share their shape: residence permits for Hong Kong, Macao and Taiwan
//! (81/82/83) and the permanent resident card (9…).
//!
//! The checks run in the order of `domain.md` §2.1: normalise, length,
//! characters, a real date from 1900 to today, the check character. An unknown
//! region is a warning only: abolished codes stay in ID numbers for life.

use chrono::{Datelike, NaiveDate};

use super::code_table::Sex;
use super::normalise;

/// A valid number, 18 characters, upper case.
///
/// `Debug` shows the mask: an ID number must not reach a log by accident.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CitizenId([u8; 18]);

impl std::fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CitizenId(…)")
    }
}

/// Which card has this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// 公民身份号码.
    Citizen,
    /// 港澳台居民居住证.
    ResidencePermit,
    /// 外国人永久居留身份证 of 2023 ("五星卡").
    PermanentResident,
}

/// Why a text is not a valid number. Holds no more of it than the date part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Nothing was entered.
    #[error("no ID number")]
    Empty,
    /// Not 18 characters.
    #[error("an ID number has 18 characters, not {0}")]
    Length(usize),
    /// Something other than digits (X only as the last character); the
    /// position counts from 1.
    #[error("character {0} of the ID number is not a digit")]
    Charset(usize),
    /// Not a date of the calendar, such as 31 February.
    #[error("characters 7 to 14 are not a real date ({0})")]
    Date(String),
    /// A date before 1900.
    #[error("born before 1900 ({0})")]
    TooEarly(NaiveDate),
    /// A date after today.
    #[error("born in the future ({0})")]
    Future(NaiveDate),
    /// The check character does not match.
    #[error("the check character does not match")]
    Checksum,
    /// Sequence 996–999 of an old 15-digit number: born in the 19th century.
    #[error("an old number of a centenarian")]
    Centenarian,
}

impl IdError {
    /// What to do, in Chinese (`ux.md` M-06 to M-08).
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            IdError::Empty => "请填写身份证号。".to_owned(),
            IdError::Length(n) => format!("身份证号应为 18 位,现在是 {n} 位。"),
            IdError::Charset(at) => {
                format!("身份证号第 {at} 位不是数字(只有第 18 位可以是 X)。")
            }
            IdError::Date(value) => format!("身份证号第 7–14 位不是真实日期({value})。"),
            IdError::TooEarly(date) => format!("身份证号里的出生日期早于 1900 年({date})。"),
            IdError::Future(date) => format!("身份证号里的出生日期晚于今天({date})。"),
            IdError::Checksum => "身份证号第 18 位校验不通过,请对照证件逐位核对。".to_owned(),
            IdError::Centenarian => {
                "15 位旧号的顺序码为 996–999,表示出生于 19 世纪,请人工登记。".to_owned()
            }
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            IdError::Empty => "Enter the ID number.".to_owned(),
            IdError::Length(n) => {
                format!("The ID number must have 18 characters. You entered {n}.")
            }
            IdError::Charset(at) => {
                format!("Character {at} of the ID number is not a digit (only the 18th may be X).")
            }
            IdError::Date(value) => {
                format!("Characters 7 to 14 of the ID number are not a real date ({value}).")
            }
            IdError::TooEarly(date) => {
                format!("The date of birth in the ID number is before 1900 ({date}).")
            }
            IdError::Future(date) => {
                format!("The date of birth in the ID number is in the future ({date}).")
            }
            IdError::Checksum => "The last character of the ID number does not match. \
                 Compare it with the card digit by digit."
                .to_owned(),
            IdError::Centenarian => "The old 15-digit number ends in 996–999: born in the \
                 19th century. Register by hand."
                .to_owned(),
        }
    }

    /// A stable word for test vectors and programs.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            IdError::Empty => "empty",
            IdError::Length(_) => "length",
            IdError::Charset(_) => "charset",
            IdError::Date(_) => "date",
            IdError::TooEarly(_) => "too_early",
            IdError::Future(_) => "future",
            IdError::Checksum => "checksum",
            IdError::Centenarian => "centenarian",
        }
    }
}

/// Weights of GB 11643 for the first 17 digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// Check characters by remainder.
const CHECKS: [u8; 11] = *b"10X98765432";
/// First two digits of the region: provinces of GB/T 2260 (and 81–83).
const PROVINCES: [u8; 37] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
    53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83, 91, 99,
];

/// Earliest year of birth that a number may carry.
const FIRST_YEAR: i32 = 1900;

/// The check character of 17 digits (ISO 7064 MOD 11-2).
pub(crate) fn check_character(digits: &[u8]) -> u8 {
    let sum: u32 =
        digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d.wrapping_sub(b'0')) * w).sum();
    CHECKS.get(sum as usize % 11).copied().unwrap_or(b'?')
}

impl CitizenId {
    /// Reads a number as people type it (full-width, spaces, small x).
    ///
    /// # Errors
    /// [`IdError`], the first check that fails.
    pub fn parse(text: &str, today: NaiveDate) -> Result<CitizenId, IdError> {
        let number = normalise::number(text);
        if number.is_empty() {
            return Err(IdError::Empty);
        }
        let length = number.chars().count();
        if length != 18 {
            return Err(IdError::Length(length));
        }
        let wrong = number
            .chars()
            .enumerate()
            .find(|(at, c)| !(c.is_ascii_digit() || (*at == 17 && *c == 'X')));
        if let Some((at, _)) = wrong {
            return Err(IdError::Charset(at + 1));
        }
        let bytes: [u8; 18] = number.as_bytes().try_into().map_err(|_| IdError::Length(length))?;
        let id = CitizenId(bytes);
        id.check_date(today)?;
        let (digits, check) = bytes.split_at(17);
        if check != [check_character(digits)] {
            return Err(IdError::Checksum);
        }
        Ok(id)
    }

    /// Converts an old 15-digit number. Only the import accepts these: cards
    /// with 15 digits are invalid since 2013, old books still hold them.
    ///
    /// # Errors
    /// [`IdError`]; sequence 996–999 is refused (born in the 19th century).
    pub fn from_15(text: &str, today: NaiveDate) -> Result<CitizenId, IdError> {
        let number = normalise::number(text);
        if number.is_empty() {
            return Err(IdError::Empty);
        }
        let length = number.chars().count();
        if length != 15 {
            return Err(IdError::Length(length));
        }
        if let Some(at) = number.bytes().position(|b| !b.is_ascii_digit()) {
            return Err(IdError::Charset(at + 1));
        }
        let (region, rest) = number.split_at(6);
        if ["996", "997", "998", "999"].iter().any(|s| rest.ends_with(s)) {
            return Err(IdError::Centenarian);
        }
        let seventeen = format!("{region}19{rest}");
        let check = char::from(check_character(seventeen.as_bytes()));
        CitizenId::parse(&format!("{seventeen}{check}"), today)
    }

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII gets past `parse`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn check_date(&self, today: NaiveDate) -> Result<(), IdError> {
        let Some(born) = self.date() else {
            let raw = self.0.get(6..14).unwrap_or_default();
            return Err(IdError::Date(String::from_utf8_lossy(raw).into_owned()));
        };
        if born.year() < FIRST_YEAR {
            return Err(IdError::TooEarly(born));
        }
        if born > today {
            return Err(IdError::Future(born));
        }
        Ok(())
    }

    fn part(&self, from: usize, to: usize) -> u32 {
        let digits = self.0.get(from..to).unwrap_or_default();
        digits.iter().fold(0, |n, d| n * 10 + u32::from(d.wrapping_sub(b'0')))
    }

    fn date(&self) -> Option<NaiveDate> {
        let year = i32::try_from(self.part(6, 10)).ok()?;
        NaiveDate::from_ymd_opt(year, self.part(10, 12), self.part(12, 14))
    }

    /// Date of birth.
    #[must_use]
    pub fn birth_on(&self) -> NaiveDate {
        self.date().unwrap_or(NaiveDate::MIN)
    }

    /// Odd 17th digit: male, even: female.
    #[must_use]
    pub fn sex(&self) -> Sex {
        if self.part(16, 17) % 2 == 1 { Sex::Male } else { Sex::Female }
    }

    /// The six digits of the region where the number was first given.
    #[must_use]
    pub fn region(&self) -> &str {
        self.as_str().get(..6).unwrap_or_default()
    }

    /// Whether the province is one of GB/T 2260. `false` is a warning only.
    #[must_use]
    pub fn region_known(&self) -> bool {
        self.form() == IdForm::PermanentResident
            || u8::try_from(self.part(0, 2)).is_ok_and(|p| PROVINCES.contains(&p))
    }

    /// Which card has this number.
    #[must_use]
    pub fn form(&self) -> IdForm {
        match self.part(0, 2) {
            81..=83 => IdForm::ResidencePermit,
            90..=99 => IdForm::PermanentResident,
            _ => IdForm::Citizen,
        }
    }
}

/// Age in full years on `on`; the birthday counts (周岁, `domain.md` §2.1).
#[must_use]
pub fn age_on(born: NaiveDate, on: NaiveDate) -> i32 {
    let before_birthday = (on.month(), on.day()) < (born.month(), born.day());
    on.year() - born.year() - i32::from(before_birthday)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        input: String,
        form: Option<String>,
        number: Option<String>,
        birth: Option<String>,
        sex: Option<String>,
        error: Option<String>,
        region_known: Option<bool>,
    }

    #[derive(serde::Deserialize)]
    struct Cases {
        today: NaiveDate,
        cases: Vec<Case>,
    }

    /// The vectors of `domain.md` §2.1 and `ux.md` F-25; the same file feeds
    /// the checks in the browser.
    #[test]
    fn vectors() {
        let file = include_str!("../../tests/cases/citizen_id.json");
        let cases: Cases = serde_json::from_str(file).expect("the case file");
        for case in &cases.cases {
            let result = match case.form.as_deref() {
                Some("15") => CitizenId::from_15(&case.input, cases.today),
                _ => CitizenId::parse(&case.input, cases.today),
            };
            match (&case.error, result) {
                (Some(word), Err(error)) => {
                    assert_eq!(error.word(), word, "{}", case.input);
                    assert!(!error.zh().is_empty() && !error.en().is_empty());
                }
                (None, Ok(id)) => {
                    let number = case.number.as_deref().unwrap_or(&case.input);
                    assert_eq!(id.as_str(), number);
                    assert_eq!(case.birth.as_deref(), Some(id.birth_on().to_string().as_str()));
                    assert_eq!(case.sex.as_deref(), Some(id.sex().code()), "{}", case.input);
                    assert_eq!(case.region_known.unwrap_or(true), id.region_known());
                }
                (expected, got) => panic!("{}: {expected:?}, got {got:?}", case.input),
            }
        }
    }

    #[test]
    fn an_id_number_does_not_reach_a_log() {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        let id = CitizenId::parse("320899194901010010", today).expect("valid");
        assert_eq!(format!("{id:?}"), "CitizenId(…)");
    }

    #[test]
    fn a_birthday_counts() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).expect("a date");
        assert_eq!(age_on(date(2005, 8, 15), date(2023, 8, 14)), 17);
        assert_eq!(age_on(date(2005, 8, 15), date(2023, 8, 15)), 18);
        assert_eq!(age_on(date(2000, 2, 29), date(2018, 2, 28)), 17);
    }
}
