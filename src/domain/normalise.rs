//! Text as people type it, brought into one form before anything is checked
//! (`ux.md` F-05, F-06).

/// Full-width digits, letters and punctuation to their ASCII forms; the
/// ideographic space to a plain one.
#[must_use]
pub fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        other => other,
    }
}

/// Whether `c` only groups the digits of a number: spaces and hyphens.
const fn is_grouping(c: char) -> bool {
    matches!(c, ' ' | '\t' | '-' | '‐' | '‑' | '–' | '—')
}

/// A number as it is printed on a card: half-width, upper case, without the
/// spaces and hyphens that people put between groups.
#[must_use]
pub fn number(text: &str) -> String {
    text.trim()
        .chars()
        .map(narrow)
        .filter(|c| !is_grouping(*c))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was entered (M-05).
    #[error("no name")]
    Empty,
    /// Shorter than 2 or longer than 50 characters.
    #[error("a name has 2 to 50 characters")]
    Length(usize),
    /// A control character, or a digit where a name has none.
    #[error("a name has no digits or control characters")]
    Charset,
}

impl NameError {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            NameError::Empty => "请填写姓名。".to_owned(),
            NameError::Length(n) => format!("姓名应为 2–50 个字,现在是 {n} 个。"),
            NameError::Charset => "姓名里不能有数字或控制字符。".to_owned(),
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            NameError::Empty => "Enter the name.".to_owned(),
            NameError::Length(n) => format!("A name has 2 to 50 characters. You entered {n}."),
            NameError::Charset => "A name has no digits or control characters.".to_owned(),
        }
    }
}

/// A person's name: trimmed, the middle dots of minority names made one
/// (`·` U+00B7), inner spaces collapsed, spaces between Han characters dropped.
///
/// # Errors
/// [`NameError`]: rare characters (Han extensions) are never refused; whether
/// a bank can print them is the run's question.
pub fn name(text: &str) -> Result<String, NameError> {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for raw in text.trim().chars() {
        let c = match narrow(raw) {
            '•' | '．' | '・' | '∙' | '‧' | '⋅' | '.' => '·',
            other => other,
        };
        if c == ' ' || c == '\t' {
            gap = true;
            continue;
        }
        if c.is_control() || c.is_ascii_digit() {
            return Err(NameError::Charset);
        }
        // "张 三" is 张三; "John Smith" keeps its space.
        if gap && c.is_ascii_alphabetic() && out.ends_with(|p: char| p.is_ascii_alphabetic()) {
            out.push(' ');
        }
        gap = false;
        out.push(c);
    }
    let length = out.chars().count();
    match length {
        0 => Err(NameError::Empty),
        2..=50 => Ok(out),
        _ => Err(NameError::Length(length)),
    }
}

/// Personal data that does not belong into free text (SEC-200).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalRun {
    /// 18 characters like a citizen ID number, or 15 digits like an old one.
    IdNumber,
    /// 16 to 19 digits like a bank card.
    BankCard,
    /// 11 digits like a mobile number.
    Phone,
}

impl PersonalRun {
    /// What to do, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            PersonalRun::IdNumber => "文字里不能写证件号码,请填在证件号栏。",
            PersonalRun::BankCard => "文字里不能写银行卡号,请登记在账户里。",
            PersonalRun::Phone => "文字里不能写手机号码,请填在联系电话栏。",
        }
    }

    /// What to do, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            PersonalRun::IdNumber => "Don't write ID numbers into text; use the ID number field.",
            PersonalRun::BankCard => "Don't write card numbers into text; register an account.",
            PersonalRun::Phone => "Don't write mobile numbers into text; use the phone field.",
        }
    }
}

/// The first run of digits in `text` that looks like an ID number, a bank card
/// or a mobile number, also when it is full-width or grouped by spaces.
#[must_use]
pub fn personal_run(text: &str) -> Option<PersonalRun> {
    let mut digits = 0_usize;
    let mut first = ' ';
    let mut chars = text.chars().map(narrow).peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            if digits == 0 {
                first = c;
            }
            digits += 1;
            continue;
        }
        if digits == 17 && c.eq_ignore_ascii_case(&'x') {
            return Some(PersonalRun::IdNumber);
        }
        let joins = is_grouping(c) && digits > 0 && chars.peek().is_some_and(char::is_ascii_digit);
        if joins {
            continue;
        }
        if let Some(found) = classify(digits, first) {
            return Some(found);
        }
        digits = 0;
    }
    classify(digits, first)
}

const fn classify(digits: usize, first: char) -> Option<PersonalRun> {
    match digits {
        15 | 18 => Some(PersonalRun::IdNumber),
        // 20 digits: a disability certificate, which begins with the ID number.
        20.. => Some(PersonalRun::IdNumber),
        16 | 17 | 19 => Some(PersonalRun::BankCard),
        11 if first == '1' => Some(PersonalRun::Phone),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_take_one_form() {
        assert_eq!(name(" 张 三 "), Ok("张三".to_owned()));
        assert_eq!(name("买买提•艾力"), Ok("买买提·艾力".to_owned()));
        assert_eq!(name("John　 Smith"), Ok("John Smith".to_owned()));
        assert_eq!(name("𠮷田"), Ok("𠮷田".to_owned()));
        assert_eq!(name("  "), Err(NameError::Empty));
        assert_eq!(name("张"), Err(NameError::Length(1)));
        assert_eq!(name("张3"), Err(NameError::Charset));
        assert_eq!(name("张\u{7}三"), Err(NameError::Charset));
    }

    #[test]
    fn free_text_refuses_numbers_of_persons() {
        assert_eq!(personal_run("身份证 320899 19490101 0010"), Some(PersonalRun::IdNumber));
        assert_eq!(personal_run("号码32089920050815004x。"), Some(PersonalRun::IdNumber));
        assert_eq!(personal_run("卡6229990000000000019"), Some(PersonalRun::BankCard));
        assert_eq!(personal_run("电话１３８００００１２３４"), Some(PersonalRun::Phone));
        assert_eq!(personal_run("淮清民〔2023〕1号, 2023-09-05 到 2023-10-05"), None);
        assert_eq!(personal_run("长东街 12-301"), None);
    }
}
