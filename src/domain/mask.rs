//! How personal values are shown (`domain.md` §10.3). This is the one place.

/// 欧阳 and the other surnames of two characters that are common enough to matter.
pub(super) const COMPOUND_SURNAMES: &[&str] = &[
    "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛",
    "尉迟", "公羊", "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容",
    "仲孙", "钟离", "长孙", "宇文", "司徒", "鲜于", "司空", "闾丘", "子车", "亓官", "司寇", "巫马",
    "公西", "颛孙", "壤驷", "公良", "漆雕", "乐正", "宰父", "谷梁", "拓跋", "夹谷", "轩辕", "令狐",
    "段干", "百里", "呼延", "东郭", "南门", "羊舌", "微生", "梁丘", "左丘", "东门", "西门",
];

/// Keeps the first `head` and last `tail` characters. A value too short to
/// hide anything behind is hidden whole.
fn keep(text: &str, head: usize, tail: usize) -> String {
    let length = text.chars().count();
    if length <= head + tail {
        return "*".repeat(length);
    }
    text.chars()
        .enumerate()
        .map(|(at, c)| if at < head || at >= length - tail { c } else { '*' })
        .collect()
}

/// `张**`, `欧阳*`.
#[must_use]
pub fn name(name: &str) -> String {
    let compound = COMPOUND_SURNAMES.iter().any(|s| name.starts_with(s));
    let head = if compound && name.chars().count() > 2 { 2 } else { 1 };
    name.chars().enumerate().map(|(at, c)| if at < head { c } else { '*' }).collect()
}

/// `320***********0010`.
#[must_use]
pub fn id_number(number: &str) -> String {
    keep(number, 3, 4)
}

/// A disability certificate: the last digits would show category and grade.
#[must_use]
pub fn certificate(number: &str) -> String {
    keep(number, 3, 0)
}

/// `138****1234`.
#[must_use]
pub fn phone(number: &str) -> String {
    keep(number, 3, 4)
}

/// `**** **** **** 0019`.
#[must_use]
pub fn bank_card(number: &str) -> String {
    let tail: String = match number.char_indices().rev().nth(3) {
        Some((at, _)) if number.chars().count() > 4 => number.get(at..).unwrap_or("").to_owned(),
        _ => "****".to_owned(),
    };
    format!("**** **** **** {tail}")
}

/// To the compound or building: everything after the first digit is hidden,
/// only the word 幢, 栋 or 号 stays.
#[must_use]
pub fn address(address: &str) -> String {
    let Some(first) =
        address.find(|c: char| c.is_ascii_digit() || c.is_alphabetic() && c.is_ascii())
    else {
        return address.to_owned();
    };
    let (head, tail) = address.split_at(first);
    let unit = tail.chars().find(|c| matches!(c, '幢' | '栋' | '号'));
    match unit {
        Some(unit) => format!("{head}**{unit}"),
        None => format!("{head}**"),
    }
}

/// The year of a date of birth.
#[must_use]
pub fn birth_year(born: chrono::NaiveDate) -> String {
    use chrono::Datelike;
    format!("{}", born.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_of_the_table() {
        assert_eq!(name("张三丰"), "张**");
        assert_eq!(name("欧阳修"), "欧阳*");
        assert_eq!(name("欧阳"), "欧*");
        assert_eq!(id_number("320899194901010010"), "320***********0010");
        assert_eq!(id_number("E123"), "****");
        assert_eq!(certificate("32089919490101001062"), "320*****************");
        assert_eq!(phone("13800001234"), "138****1234");
        assert_eq!(bank_card("6229990000000000019"), "**** **** **** 0019");
        assert_eq!(bank_card("001"), "**** **** **** ****");
        assert_eq!(address("淮海花园9幢2单元301室"), "淮海花园**幢");
        assert_eq!(address("长东街巷口"), "长东街巷口");
        let born = chrono::NaiveDate::from_ymd_opt(1949, 1, 1).expect("a date");
        assert_eq!(birth_year(born), "1949");
    }
}
