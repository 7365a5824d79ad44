//! Pinyin of names, for search by sound and by initials.
//!
//! Surnames have readings of their own (单 is Shan, 仇 is Qiu): the first
//! character is looked up among the surnames before the general table.

use ::pinyin::ToPinyin;

use super::mask::COMPOUND_SURNAMES;

/// Surnames whose reading differs from the common one.
const SURNAMES: &[(&str, &str)] = &[
    ("单", "shan"),
    ("仇", "qiu"),
    ("解", "xie"),
    ("区", "ou"),
    ("查", "zha"),
    ("曾", "zeng"),
    ("任", "ren"),
    ("朴", "piao"),
    ("盖", "ge"),
    ("华", "hua"),
    ("纪", "ji"),
    ("翟", "zhai"),
    ("尉", "wei"),
    ("宁", "ning"),
    ("乐", "yue"),
    ("逄", "pang"),
    ("逢", "pang"),
    ("缪", "miao"),
    ("覃", "qin"),
    ("召", "shao"),
    ("种", "chong"),
    ("秘", "bi"),
    ("洗", "xian"),
    ("冼", "xian"),
    ("黑", "he"),
    ("繁", "po"),
    ("员", "yun"),
    ("折", "she"),
    ("句", "gou"),
    ("牟", "mu"),
    ("教", "jiao"),
    ("柏", "bai"),
    ("燕", "yan"),
    ("应", "ying"),
    ("令", "ling"),
    ("那", "na"),
    ("万", "wan"),
    ("石", "shi"),
    ("车", "che"),
    ("行", "xing"),
    ("郝", "hao"),
    ("臧", "zang"),
    ("重", "chong"),
    ("都", "du"),
    ("哈", "ha"),
    ("晟", "cheng"),
    ("卜", "bu"),
    ("贾", "jia"),
];

/// Compound surnames whose reading the general table gets wrong.
const COMPOUNDS: &[(&str, [&str; 2])] = &[
    ("尉迟", ["yu", "chi"]),
    ("万俟", ["mo", "qi"]),
    ("澹台", ["tan", "tai"]),
    ("长孙", ["zhang", "sun"]),
    ("宰父", ["zai", "fu"]),
    ("亓官", ["qi", "guan"]),
    ("令狐", ["ling", "hu"]),
    ("乐正", ["yue", "zheng"]),
];

/// The two search forms of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamePinyin {
    /// `zhangsanfeng`.
    pub full: String,
    /// `zsf`.
    pub initials: String,
}

/// Full pinyin and initials of a name, lower case, without tones; Latin
/// letters stay, everything else that has no reading is left out.
#[must_use]
pub fn of_name(name: &str) -> NamePinyin {
    let mut out = NamePinyin::default();
    let rest = surname(name, &mut out);
    for c in rest.chars() {
        match c.to_pinyin() {
            Some(reading) => push(&mut out, reading.plain()),
            None if c.is_alphanumeric() => {
                let starts_word = !out.full.ends_with(|p: char| p.is_ascii_alphabetic());
                out.full.extend(c.to_lowercase());
                if starts_word || !c.is_ascii() {
                    out.initials.extend(c.to_lowercase());
                }
            }
            None => {}
        }
    }
    out
}

/// Writes the surname and returns what follows it.
fn surname<'a>(name: &'a str, out: &mut NamePinyin) -> &'a str {
    for (compound, readings) in COMPOUNDS {
        if let Some(rest) = name.strip_prefix(compound) {
            readings.iter().for_each(|r| push(out, r));
            return rest;
        }
    }
    if COMPOUND_SURNAMES.iter().any(|s| name.starts_with(s)) {
        return name;
    }
    for (single, reading) in SURNAMES {
        if let Some(rest) = name.strip_prefix(single) {
            push(out, reading);
            return rest;
        }
    }
    name
}

fn push(out: &mut NamePinyin, reading: &str) {
    // ü is typed as v on every Chinese keyboard.
    let typed: String = reading.chars().map(|c| if c == 'ü' { 'v' } else { c }).collect();
    out.initials.extend(typed.chars().next());
    out.full.push_str(&typed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames_have_their_own_reading() {
        let full = |name: &str| of_name(name).full;
        assert_eq!(full("张三丰"), "zhangsanfeng");
        assert_eq!(full("单田芳"), "shantianfang");
        assert_eq!(full("曾国华"), "zengguohua");
        assert_eq!(full("欧阳修"), "ouyangxiu");
        assert_eq!(full("尉迟恭"), "yuchigong");
        assert_eq!(full("吕布"), "lvbu");
        assert_eq!(of_name("张三丰").initials, "zsf");
        assert_eq!(of_name("买买提·艾力").initials, "mmtal");
        assert_eq!(of_name("John Smith").full, "johnsmith");
    }
}
