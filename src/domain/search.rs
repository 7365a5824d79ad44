//! Searching inside names and addresses through an index. An address is kept
//! once for each place where a part of it may begin, and found by a range; a
//! name is kept by its short parts, and found by one of them.

/// Most initials that stand in one part of a name; longer ones are looked for
/// among those who have the first of them.
const INITIALS: usize = 4;

/// What a name is found by: each character and each pair of neighbours, in
/// small letters; two to four initials from the first on, in capitals (one
/// initial is the beginning of the pinyin). In no order, each once.
#[must_use]
pub fn name_parts(name: &str, initials: &str) -> Vec<String> {
    let name: Vec<char> = name.to_ascii_lowercase().chars().collect();
    let singles = name.iter().map(char::to_string);
    let pairs = name.windows(2).map(String::from_iter);
    let first: Vec<char> = initials.to_ascii_uppercase().chars().take(INITIALS).collect();
    let sounds = (2..=first.len()).map(|n| first.iter().take(n).collect());
    let mut parts: Vec<String> = singles.chain(pairs).chain(sounds).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// The part by which names that hold `text` are found, and whether that is all
/// of `text`.
#[must_use]
pub fn part_of(text: &str) -> (String, bool) {
    let text = text.to_ascii_lowercase();
    let part: String = text.chars().take(2).collect();
    let whole = part.len() == text.len();
    (part, whole)
}

/// The same for initials; `None` for a single one.
#[must_use]
pub fn part_of_initials(initials: &str) -> Option<(String, bool)> {
    let part: String = initials.to_ascii_uppercase().chars().take(INITIALS).collect();
    (part.len() > 1).then(|| {
        let whole = part.len() == initials.len();
        (part, whole)
    })
}

/// Every part of an address that a search can begin with, in small letters. A part
/// never begins right after a digit: `12号` is found by `12`, not by `2` or `号`,
/// which nobody looks for and which would double the index.
#[must_use]
pub fn address_parts(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase();
    let mut after_digit = false;
    let begins = text.char_indices().filter(|(_, c)| {
        let begins = !after_digit;
        after_digit = c.is_ascii_digit();
        begins
    });
    begins.filter_map(|(at, _)| text.get(at..)).map(str::to_owned).collect()
}

/// The texts that begin with `prefix` are those from it up to this one.
#[must_use]
pub fn end_of(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_everywhere_but_after_a_digit() {
        assert_eq!(address_parts("东大路"), ["东大路", "大路", "路"]);
        assert_eq!(
            address_parts("东路12号A3幢"),
            ["东路12号a3幢", "路12号a3幢", "12号a3幢", "a3幢", "3幢"]
        );
        assert_eq!(address_parts(""), [""; 0]);
    }

    #[test]
    fn a_name_is_found_by_characters_pairs_and_initials() {
        assert_eq!(name_parts("王小明", "wxm"), ["WX", "WXM", "小", "小明", "明", "王", "王小"]);
        assert_eq!(name_parts("哈哈", "hh"), ["HH", "哈", "哈哈"]);
        assert_eq!(
            name_parts("买买提·艾力", "mmtal").iter().filter(|p| p.starts_with('M')).count(),
            3
        );
        assert_eq!(part_of("小"), ("小".to_owned(), true));
        assert_eq!(part_of("小明A"), ("小明".to_owned(), false));
        assert_eq!(part_of_initials("w"), None);
        assert_eq!(part_of_initials("wx"), Some(("WX".to_owned(), true)));
        assert_eq!(part_of_initials("mmtal"), Some(("MMTA".to_owned(), false)));
    }

    #[test]
    fn a_range_holds_what_begins_so() {
        for text in ["小", "小明", "小\u{20000}", "小z"] {
            assert!(text >= "小" && text < end_of("小").as_str());
        }
        assert!("尐" < "小" || "尐" >= end_of("小").as_str());
    }
}
