//! Money is a whole number of fen 分. There is no float in any path of money.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in fen (1 yuan = 100 fen). May be negative (a claim).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
#[serde(transparent)]
pub struct Fen(pub i64);

/// Why a text is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Something other than digits, one point and separators.
    #[error("not an amount")]
    NotANumber,
    /// More than two decimals: never rounded silently.
    #[error("more than two decimals")]
    TooPrecise,
    /// Above what one amount may be ([`Fen::MAX_ENTRY`]).
    #[error("out of range")]
    OutOfRange,
}

impl Fen {
    /// Nothing.
    pub const ZERO: Fen = Fen(0);
    /// The largest amount that may be entered: 100 million yuan. Far above any
    /// payment of a sub-district, far below what could overflow a sum.
    pub const MAX_ENTRY: Fen = Fen(10_000_000_000);

    /// The amount of so many whole yuan; saturates at the bounds of `i64`.
    #[must_use]
    pub const fn from_yuan(yuan: i64) -> Fen {
        Fen(yuan.saturating_mul(100))
    }

    /// Sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Fen) -> Option<Fen> {
        match self.0.checked_add(other.0) {
            Some(fen) => Some(Fen(fen)),
            None => None,
        }
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Reads an amount in yuan as people type it: `1,234.5`, `１２３４．５０`, `808`.
    ///
    /// # Errors
    /// [`MoneyError`]; more than two decimals are refused, never rounded
    /// (`ux.md` F-09).
    pub fn parse_yuan(text: &str) -> Result<Fen, MoneyError> {
        let mut whole: i64 = 0;
        let mut decimals: Option<u32> = None;
        let mut digits = 0_u32;
        let mut negative = false;
        for (at, raw) in text.trim().chars().enumerate() {
            let c = narrow(raw);
            match c {
                '-' | '−' if at == 0 => negative = true,
                ',' if decimals.is_none() => {}
                '.' if decimals.is_none() => decimals = Some(0),
                '0'..='9' => {
                    if let Some(d) = decimals.as_mut() {
                        *d += 1;
                        if *d > 2 {
                            return Err(MoneyError::TooPrecise);
                        }
                    }
                    digits += 1;
                    let digit = i64::from(c as u32 - '0' as u32);
                    whole = whole
                        .checked_mul(10)
                        .and_then(|w| w.checked_add(digit))
                        .ok_or(MoneyError::OutOfRange)?;
                }
                _ => return Err(MoneyError::NotANumber),
            }
        }
        if digits == 0 {
            return Err(MoneyError::NotANumber);
        }
        let scale = match decimals.unwrap_or(0) {
            0 => 100,
            1 => 10,
            _ => 1,
        };
        let fen = whole.checked_mul(scale).ok_or(MoneyError::OutOfRange)?;
        if fen > Fen::MAX_ENTRY.0 {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Fen(if negative { -fen } else { fen }))
    }

    /// Plain decimal for files: `1234.50`, `-48.00`.
    #[must_use]
    pub fn to_plain(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", abs / 100, abs % 100)
    }
}

/// Full-width digits and punctuation to their ASCII forms.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        other => other,
    }
}

impl fmt::Display for Fen {
    /// With thousands separators and two decimals: `80,632.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.to_plain();
        let (sign, rest) = match plain.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", plain.as_str()),
        };
        let (yuan, fen) = rest.split_once('.').unwrap_or((rest, "00"));
        let mut grouped = String::with_capacity(rest.len() + 4);
        for (at, digit) in yuan.chars().enumerate() {
            if at > 0 && (yuan.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{sign}{grouped}.{fen}"))
    }
}

impl std::ops::Add for Fen {
    type Output = Fen;
    fn add(self, other: Fen) -> Fen {
        Fen(self.0 + other.0)
    }
}

impl std::ops::Sub for Fen {
    type Output = Fen;
    fn sub(self, other: Fen) -> Fen {
        Fen(self.0 - other.0)
    }
}

impl std::ops::Neg for Fen {
    type Output = Fen;
    fn neg(self) -> Fen {
        Fen(-self.0)
    }
}

impl std::ops::AddAssign for Fen {
    fn add_assign(&mut self, other: Fen) {
        self.0 += other.0;
    }
}

impl std::iter::Sum for Fen {
    fn sum<I: Iterator<Item = Fen>>(iter: I) -> Fen {
        iter.fold(Fen::ZERO, |a, b| a + b)
    }
}

/// How a computed amount becomes a payable one (`rulings.md` M9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Up to the next whole yuan.
    CeilYuan,
    /// Half up to whole yuan.
    HalfUpYuan,
    /// Half up to the fen.
    HalfUpFen,
}

impl Rounding {
    /// Rounds the exact fraction `numerator / denominator` fen, once.
    /// `denominator` must be positive; negative amounts round towards the same
    /// side as on the number line (ceil goes up).
    #[must_use]
    pub fn apply(self, numerator: i128, denominator: i128) -> Fen {
        let unit: i128 = match self {
            Rounding::CeilYuan | Rounding::HalfUpYuan => 100,
            Rounding::HalfUpFen => 1,
        };
        let divisor = denominator * unit;
        let units = match self {
            Rounding::CeilYuan => -(-numerator).div_euclid(divisor),
            Rounding::HalfUpYuan | Rounding::HalfUpFen => {
                (2 * numerator + divisor).div_euclid(2 * divisor)
            }
        };
        Fen(i64::try_from(units * unit).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        assert_eq!(Fen::parse_yuan("1,234.5"), Ok(Fen(123_450)));
        assert_eq!(Fen::parse_yuan(" １２３４．５０ "), Ok(Fen(123_450)));
        assert_eq!(Fen::parse_yuan("0.07"), Ok(Fen(7)));
        assert_eq!(Fen::parse_yuan("-48"), Ok(Fen(-4_800)));
        assert_eq!(Fen::parse_yuan("1.005"), Err(MoneyError::TooPrecise));
        assert_eq!(Fen::parse_yuan("1.2.3"), Err(MoneyError::NotANumber));
        assert_eq!(Fen::parse_yuan(""), Err(MoneyError::NotANumber));
        assert_eq!(Fen::parse_yuan("922337203685477.58"), Err(MoneyError::OutOfRange));
        assert_eq!(Fen::parse_yuan("99999999999999999999"), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn amounts_are_shown_with_separators() {
        assert_eq!(Fen(8_063_200).to_string(), "80,632.00");
        assert_eq!(Fen(-4_800).to_string(), "-48.00");
        assert_eq!(Fen(100_000_007).to_string(), "1,000,000.07");
        assert_eq!(Fen(7).to_plain(), "0.07");
    }

    #[test]
    fn rounding_follows_the_worked_values() {
        // W02: 2,424.00 − 25,000.00/12 = 340.666… (domain.md §12)
        let numerator = 242_400 * 12 - 2_500_000;
        assert_eq!(Rounding::CeilYuan.apply(numerator, 12), Fen(34_100));
        assert_eq!(Rounding::HalfUpFen.apply(numerator, 12), Fen(34_067));
        // 40 % of 808.00 = 323.20 → 323.00; 80 % of 1,508.00 = 1,206.40 → 1,206.00
        assert_eq!(Rounding::HalfUpYuan.apply(80_800 * 40, 100), Fen(32_300));
        assert_eq!(Rounding::HalfUpYuan.apply(150_800 * 80, 100), Fen(120_600));
        assert_eq!(Rounding::CeilYuan.apply(52_520, 1), Fen(52_600));
    }
}
