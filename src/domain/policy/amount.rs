//! Fast exact arithmetic of the amounts (units: fen).

use crate::domain::money::{Fen, Rounding};

/// Rounds `numerator / 12` fen, once: the household gap, whose income part is a
/// twelfth of an annual sum. The same as [`Rounding::apply`] with a denominator
/// of 12 (a property test holds them equal), with constant divisors.
pub(crate) fn round_twelfth(rounding: Rounding, numerator: i64) -> Fen {
    Fen(match rounding {
        Rounding::CeilYuan => (numerator.saturating_add(1_199)).div_euclid(1_200) * 100,
        Rounding::HalfUpYuan => (numerator.saturating_add(600)).div_euclid(1_200) * 100,
        Rounding::HalfUpFen => (numerator.saturating_add(6)).div_euclid(12),
    })
}

/// `amount` times `percent` over 100, rounded.
pub(crate) fn percent_of(amount: Fen, percent: u32, rounding: Rounding) -> Fen {
    rounding.apply(i128::from(amount.0) * i128::from(percent), 100)
}

/// One person's part of a household's base: base / n half-up to the fen
/// (`rulings.md` M9).
pub(crate) fn part_of(base: Fen, persons: u16) -> Fen {
    Rounding::HalfUpFen.apply(i128::from(base.0), i128::from(persons.max(1)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn twelfths_round_like_the_exact_fraction(n in -4_000_000_000_i64..4_000_000_000) {
            for rounding in [Rounding::CeilYuan, Rounding::HalfUpYuan, Rounding::HalfUpFen] {
                prop_assert_eq!(round_twelfth(rounding, n), rounding.apply(i128::from(n), 12));
            }
        }
    }
}
