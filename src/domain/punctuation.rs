//! Punctuation of Chinese texts: full-width, whatever keyboard they were typed
//! on (`ux.md` I-08).

/// The full-width form of a sign that has one.
const PAIRS: [(char, char); 7] =
    [(',', '，'), (':', '：'), (';', '；'), ('!', '！'), ('?', '？'), ('(', '（'), (')', '）')];

/// `已登记,请核对(选填):` → `已登记，请核对（选填）：`. A sign between digits or
/// Latin letters stays as it is.
#[must_use]
pub fn full_width(text: &str) -> String {
    let signs: Vec<char> = text.chars().collect();
    let mut wide = String::with_capacity(text.len());
    // For each open bracket, whether it became a full-width one.
    let mut brackets = Vec::new();
    let mut before = None;
    for (at, sign) in signs.iter().copied().enumerate() {
        let next = signs.get(at + 1).copied();
        let beside = before.is_some_and(reads_chinese) || next.is_some_and(is_chinese);
        let changes = match sign {
            '(' => {
                brackets.push(beside);
                beside
            }
            ')' => brackets.pop().unwrap_or(beside),
            _ => beside,
        };
        let pair = PAIRS.iter().find(|(narrow, _)| *narrow == sign && changes);
        // A full-width sign brings its own space; room to write in stays.
        let after_full = wide.ends_with(|last| PAIRS.iter().any(|(_, full)| *full == last));
        if !(sign == ' ' && after_full && next != Some(' ')) {
            wide.push(pair.map_or(sign, |(_, full)| *full));
        }
        before = Some(sign);
    }
    wide
}

fn is_chinese(sign: char) -> bool {
    matches!(sign, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}' | '“' | '《' | '「')
}

/// A Chinese sign, or what ends a Chinese phrase.
fn reads_chinese(sign: char) -> bool {
    is_chinese(sign) || matches!(sign, '}' | ')' | '）' | '”' | '》' | '」' | '%')
}

#[cfg(test)]
mod tests {
    use super::full_width;

    #[test]
    fn chinese_texts_get_full_width_signs_and_others_keep_theirs() {
        for (typed, shown) in [
            ("已登记,请核对下一批次。", "已登记，请核对下一批次。"),
            ("姓名(开头几个字)", "姓名（开头几个字）"),
            ("联系电话(选填):", "联系电话（选填）："),
            ("{month}起,共 1,284 条", "{month}起，共 1,284 条"),
            ("要继续使用吗? 继续", "要继续使用吗？继续"),
            ("写作 2023-11,时间 09:43", "写作 2023-11，时间 09:43"),
            ("at 09:43, 1,284 rows (all)", "at 09:43, 1,284 rows (all)"),
            ("每人(2,000 元),一次", "每人（2,000 元），一次"),
            ("制表人:    ", "制表人：    "),
        ] {
            assert_eq!(full_width(typed), shown);
        }
    }
}
