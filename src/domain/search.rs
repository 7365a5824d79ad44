//! Searching inside a name or an address by the range of an index: a text is
//! kept once for each place where a part of it may begin.

/// Every part of a text that a search can begin with, in small letters. A part
/// never begins right after a digit: `12号` is found by `12`, not by `2` or `号`,
/// which nobody looks for and which would double the index.
#[must_use]
pub fn parts(text: &str) -> Vec<String> {
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
        assert_eq!(parts("王小明"), ["王小明", "小明", "明"]);
        assert_eq!(
            parts("东路12号A3幢"),
            ["东路12号a3幢", "路12号a3幢", "12号a3幢", "a3幢", "3幢"]
        );
        assert_eq!(parts(""), [""; 0]);
    }

    #[test]
    fn a_range_holds_what_begins_so() {
        for text in ["小", "小明", "小\u{20000}", "小z"] {
            assert!(text >= "小" && text < end_of("小").as_str());
        }
        assert!("尐" < "小" || "尐" >= end_of("小").as_str());
    }
}
