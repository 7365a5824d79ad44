//! Amounts in words 大写, as vouchers and official tables end with them.
//!
//! Source: 正确填写票据和结算凭证的基本规定 in the reading of `ux.md` I-05. Where
//! that text leaves a 零 to the writer's choice (107,000.53), none is written.

use super::money::Fen;

const DIGITS: [char; 10] = ['零', '壹', '贰', '叁', '肆', '伍', '陆', '柒', '捌', '玖'];
/// Places inside a group of four digits, from the left.
const PLACES: [(u64, &str); 4] = [(1_000, "仟"), (100, "佰"), (10, "拾"), (1, "")];

/// The amount in words: `222,488.00` → `贰拾贰万贰仟肆佰捌拾捌元整`.
///
/// Ends with 整 unless there are 分; a negative amount begins with 负; nothing
/// is 零元整. Defined for every [`Fen`].
#[must_use]
pub fn chinese_amount(amount: Fen) -> String {
    let abs = amount.0.unsigned_abs();
    let (yuan, jiao, fen) = (abs / 100, abs / 10 % 10, abs % 10);
    let mut words = String::new();
    if amount.0 < 0 {
        words.push('负');
    }
    if abs == 0 {
        words.push('零');
    }
    write_number(&mut words, yuan);
    if yuan > 0 || abs == 0 {
        words.push('元');
    }
    if jiao > 0 {
        words.push(digit(jiao));
        words.push('角');
    } else if fen > 0 && yuan > 0 {
        words.push('零');
    }
    if fen > 0 {
        words.push(digit(fen));
        words.push('分');
    } else {
        words.push('整');
    }
    words
}

/// Whole numbers from 亿 downwards; above 亿 the same again (`玖亿亿`).
fn write_number(words: &mut String, number: u64) {
    const YI: u64 = 100_000_000;
    const WAN: u64 = 10_000;
    let mut rest = number;
    for (unit, name) in [(YI, '亿'), (WAN, '万')] {
        if rest >= unit {
            write_number(words, rest / unit);
            words.push(name);
            rest %= unit;
            if rest > 0 && rest < unit / 10 {
                words.push('零');
            }
        }
    }
    if rest < WAN {
        write_group(words, rest);
    }
}

/// 1 to 9,999; nothing for 0.
fn write_group(words: &mut String, group: u64) {
    let (mut started, mut gap) = (false, false);
    for (place, name) in PLACES {
        let value = group / place % 10;
        if value == 0 {
            gap = started;
            continue;
        }
        if gap {
            words.push('零');
            gap = false;
        }
        words.push(digit(value));
        words.push_str(name);
        started = true;
    }
}

fn digit(value: u64) -> char {
    usize::try_from(value).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or('零')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_of_the_reference() {
        for (fen, words) in [
            (1_000_500, "壹万零伍元整"),
            (50, "伍角整"),
            (7, "柒分"),
            (100_000_007, "壹佰万元零柒分"),
            (0, "零元整"),
            (22_248_800, "贰拾贰万贰仟肆佰捌拾捌元整"),
            (25_660_000, "贰拾伍万陆仟陆佰元整"),
            (140_950, "壹仟肆佰零玖元伍角整"),
            (600_714, "陆仟零柒元壹角肆分"),
            (168_032, "壹仟陆佰捌拾元叁角贰分"),
            (10_700_053, "壹拾万柒仟元伍角叁分"),
            (1_640_902, "壹万陆仟肆佰零玖元零贰分"),
            (10_000_000_000, "壹亿元整"),
            (10_005_000_000, "壹亿零伍万元整"),
            (10_000_500_000, "壹亿零伍仟元整"),
            (10_100_000_000, "壹亿零壹佰万元整"),
            (100_010, "壹仟元壹角整"),
            (100_100_000, "壹佰万壹仟元整"),
            (-161_600, "负壹仟陆佰壹拾陆元整"),
        ] {
            assert_eq!(chinese_amount(Fen(fen)), words, "{fen}");
        }
    }

    /// Reads whole numbers by splitting at the last 亿, then 万: nothing in it
    /// is shared with the writer.
    fn read_number(text: &str) -> u128 {
        for (name, unit) in [('亿', 100_000_000_u128), ('万', 10_000)] {
            if let Some((left, right)) = text.rsplit_once(name) {
                return read_number(left) * unit + read_number(right);
            }
        }
        let (mut sum, mut digit) = (0_u128, 0_u128);
        for c in text.chars() {
            match c {
                '仟' | '佰' | '拾' => {
                    sum += digit
                        * [("仟", 1_000), ("佰", 100), ("拾", 10)]
                            .iter()
                            .find(|(name, _)| name.starts_with(c))
                            .map_or(0, |(_, value)| *value);
                    digit = 0;
                }
                other => {
                    digit = "零壹贰叁肆伍陆柒捌玖".chars().position(|d| d == other).unwrap() as u128
                }
            }
        }
        sum + digit
    }

    fn read_amount(words: &str) -> i128 {
        let (sign, text) = match words.strip_prefix('负') {
            Some(rest) => (-1, rest),
            None => (1, words),
        };
        let text = text.trim_end_matches('整');
        let (yuan, rest) = text.split_once('元').unwrap_or(("", text));
        let (jiao, rest) = rest.split_once('角').unwrap_or(("", rest));
        let fen = rest.trim_end_matches('分');
        let total = read_number(yuan) * 100 + read_number(jiao) * 10 + read_number(fen);
        sign * i128::try_from(total).unwrap()
    }

    proptest! {
        #[test]
        fn words_read_back_as_the_amount(fen in any::<i64>()) {
            prop_assert_eq!(read_amount(&chinese_amount(Fen(fen))), i128::from(fen));
        }

        #[test]
        fn round_amounts_read_back_too(digit in 1_i64..100, zeros in 0_u32..15, add in 0_i64..1_000) {
            let fen = digit * 10_i64.pow(zeros) + add;
            let words = chinese_amount(Fen(fen));
            prop_assert_eq!(read_amount(&words), i128::from(fen));
            prop_assert!(!words.contains("零零") && !words.contains("零万") && !words.contains("零元"));
        }
    }
}
