//! What a password must be like (profile `standard`: length and a blocklist,
//! no composition rules and no rotation; `security.md` C1, SEC-004, SEC-005),
//! and the one form in which user names and passwords are compared.

use unicode_normalization::UnicodeNormalization;

use super::pinyin;

/// Characters; shorter ones are refused.
pub const MIN_CHARS: usize = 12;
/// Bytes; longer ones are refused, never cut.
pub const MAX_BYTES: usize = 1024;
/// What must remain once every guessable word is taken out.
const MIN_UNGUESSABLE: usize = 6;

/// Words that guessers try first. Dates and digits in a row are found by rule.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "passwort",
    "admin",
    "administrator",
    "root",
    "welcome",
    "letmein",
    "iloveyou",
    "woaini",
    "wodemima",
    "mima",
    "mingce",
    "minzheng",
    "jiedao",
    "shequ",
    "wangge",
    "shenpi",
    "jingban",
    "huaian",
    "jiangsu",
    "zhongguo",
    "china",
    "qwerty",
    "qwertyuiop",
    "qwer",
    "asdfghjkl",
    "asdf",
    "zxcvbnm",
    "zxcv",
    "1qaz2wsx",
    "1q2w3e4r",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "changeme",
    "default",
    "secret",
    "login",
    "guest",
    "user",
    "test",
    "demo",
    "hello",
    "abc",
    "aini",
    "5201314",
    "1314",
    "520",
    // Columns of the keyboard, down and up.
    "qaz",
    "wsx",
    "edc",
    "rfv",
    "tgb",
    "yhn",
    "ujm",
    "zaq",
    "xsw",
    "cde",
    "vfr",
    "bgt",
    "nhy",
    "mju",
    "密码",
    "街道",
    "社区",
    "民政",
    "名册",
];

/// Runs of keys and of the alphabet; any four in a row count as one word.
const SEQUENCES: &[&str] = &[
    "01234567890",
    "09876543210",
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "poiuytrewq",
    "lkjhgfdsa",
    "mnbvcxz",
];

/// The keys of a keyboard, row below row.
const KEYBOARD: &[&str] = &["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Signs that stand for a letter: `p@55w0rd` is `password`.
const DISGUISES: &[(char, char)] = &[
    ('@', 'a'),
    ('4', 'a'),
    ('3', 'e'),
    ('1', 'i'),
    ('!', 'i'),
    ('0', 'o'),
    ('5', 's'),
    ('$', 's'),
    ('7', 't'),
];

/// Why a password is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Shorter than [`MIN_CHARS`].
    #[error("at least 12 characters")]
    Short,
    /// Longer than [`MAX_BYTES`].
    #[error("at most 1024 bytes")]
    Long,
    /// Mostly names, common words, years or keys in a row.
    #[error("too easy to guess")]
    Guessable,
}

impl PasswordError {
    /// What to do, in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            PasswordError::Short => "密码至少 12 个字符。",
            PasswordError::Long => "密码不能超过 1024 字节。",
            PasswordError::Guessable => {
                "密码容易被猜到:去掉姓名、用户名、地名、常用词、年份和连续键后,至少还要有 6 个字符。"
            }
        }
    }

    /// What to do, in English.
    #[must_use]
    pub const fn en(self) -> &'static str {
        match self {
            PasswordError::Short => "A password has at least 12 characters.",
            PasswordError::Long => "A password has at most 1024 bytes.",
            PasswordError::Guessable => {
                "The password is easy to guess: without names, place names, common words, years and keys in a row at least 6 characters must remain."
            }
        }
    }
}

/// The form in which user names are unique: NFKC and lower case, so that
/// `Zhou` and `ｚｈｏｕ` are one (SEC-022).
#[must_use]
pub fn username_key(username: &str) -> String {
    username.nfkc().collect::<String>().to_lowercase().nfkc().collect()
}

/// The form in which passwords are hashed: NFC, otherwise untouched, so that
/// two keyboards that compose differently agree (SEC-004).
#[must_use]
pub fn normalised(password: &str) -> String {
    password.nfc().collect()
}

/// Checks a new password. `context` holds the words that people around the
/// user would try: user name, own name, name of the street.
///
/// # Errors
/// [`PasswordError`].
pub fn check(password: &str, context: &[&str]) -> Result<(), PasswordError> {
    let chars = normalised(password).chars().count();
    if chars < MIN_CHARS {
        return Err(PasswordError::Short);
    }
    if password.len() > MAX_BYTES {
        return Err(PasswordError::Long);
    }
    let disguised: String = username_key(password)
        .chars()
        .map(|c| DISGUISES.iter().find(|(sign, _)| *sign == c).map_or(c, |(_, letter)| *letter))
        .collect();
    for form in [plain(password), plain(&disguised)] {
        let backwards: String = form.chars().rev().collect();
        for form in [form, backwards] {
            // A run can hide a word, and a repeated part a run.
            let ways = [without_repeats(&form), without_repeats(&without_runs(&form))];
            if ways.into_iter().any(|way| is_guessable(way, context)) {
                return Err(PasswordError::Guessable);
            }
        }
    }
    Ok(())
}

/// Whether little remains of one spelling once every word and run is taken out.
fn is_guessable(mut rest: String, context: &[&str]) -> bool {
    for word in context_words(context) {
        rest = rest.replace(&word, " ");
    }
    for word in COMMON {
        rest = rest.replace(word, " ");
    }
    let rest = without_runs(&rest);
    let mut distinct: Vec<char> = rest.chars().filter(|c| *c != ' ').collect();
    let unguessable = distinct.len();
    distinct.sort_unstable();
    distinct.dedup();
    unguessable < MIN_UNGUESSABLE || distinct.len() < MIN_UNGUESSABLE / 2 + 1
}

/// A part of two to eight characters that stands twice or more in a row is one.
fn without_repeats(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut rest = chars.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let repeated = (2..=8).find(|n| {
            let (block, after) = (rest.get(..*n), rest.get(*n..*n * 2));
            block.is_some() && block == after
        });
        match repeated {
            Some(n) => rest = rest.get(n..).unwrap_or_default(),
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// How many characters at the start are a walk over neighbouring keys, if they
/// are four or more.
fn walk_length(rest: &[char]) -> usize {
    let place = |key: char| {
        KEYBOARD.iter().enumerate().find_map(|(row, keys)| {
            let column = keys.chars().position(|c| c == key)?;
            Some((row, column))
        })
    };
    let next_to = |pair: &&[char]| match pair {
        [a, b] => place(*a)
            .zip(place(*b))
            .is_some_and(|((r, c), (s, d))| a != b && r.abs_diff(s) <= 1 && c.abs_diff(d) <= 1),
        _ => false,
    };
    let walked = rest.windows(2).take_while(next_to).count() + 1;
    if walked >= 4 { walked } else { 0 }
}

/// Lower case, letters and digits only: punctuation between guessable words
/// makes nothing harder to guess.
fn plain(text: &str) -> String {
    username_key(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Each context word, its pinyin, and the two without the kind of area.
fn context_words(context: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    for word in context {
        let word = plain(word);
        let short = word.trim_end_matches("街道").trim_end_matches("社区").to_owned();
        for form in [&word, &short] {
            words.push(pinyin::of_name(form).full);
            words.push(form.clone());
        }
    }
    words.retain(|word| word.chars().count() >= 2);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

/// Takes out years, keys in a row and one character repeated.
fn without_runs(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut rest = chars.as_slice();
    while let Some((first, tail)) = rest.split_first() {
        let skip = run_length(rest);
        if skip >= 3 {
            out.push(' ');
            rest = rest.get(skip..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// How many characters at the start are a run: repeated (3 or more), a year
/// 1900–2099, or at least four neighbours of a sequence.
fn run_length(rest: &[char]) -> usize {
    let Some(first) = rest.first() else { return 0 };
    let repeated = rest.iter().take_while(|c| *c == first).count();
    let head: String = rest.iter().take(4).collect();
    let year = head.chars().count() == 4
        && head.bytes().all(|b| b.is_ascii_digit())
        && (head.starts_with("19") || head.starts_with("20"));
    let neighbours = (4..=rest.len())
        .take_while(|n| {
            let part: String = rest.iter().take(*n).collect();
            SEQUENCES.iter().any(|sequence| sequence.contains(&part))
        })
        .last()
        .unwrap_or(0);
    let repeated = if repeated >= 3 { repeated } else { 0 };
    repeated.max(neighbours).max(walk_length(rest)).max(if year { 4 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: &[&str] = &["zhoumin", "周敏", "徐溜街道"];

    #[test]
    fn guessable_passwords_are_refused() {
        for wrong in [
            "password1234",
            "Password2023!",
            "PASSWORD-2023-!",
            "zhoumin20231101",
            "Zhou.Min.1990",
            "周敏2023周敏2023",
            "xuliu2023jiedao",
            "徐溜街道2023徐溜街道",
            "123456789012",
            "098765432109",
            "qwertyuiop123",
            "1qaz2wsx3edc",
            "p@55w0rd!2023",
            "P4ssw0rd-P4ssw0rd",
            "drowssap2023!!",
            "qazwsxedcrfv",
            "xdr5zaq12wsx",
            "kx7vkx7vkx7v",
            "nim.uohz.3202",
            "aaaaaaaaaaaaaaa",
            "abababababababab",
            "Abc12345Abc12345",
            "Qwer1234!Qwer1234!",
            "admin@2024admin",
            "mingce2023mingce",
            "minzheng2023",
            "iloveyou5201314",
            "woaini1314520",
            "abcdefghijklmn",
            "zxcvbnmasdfghjkl",
            "welcome2welcome2",
            "letmein!letmein!",
            "11112222333344445555",
            "jiangsuhuaian",
            "testtesttest",
            "demo-demo-demo",
            "2019202020212022",
        ] {
            assert_eq!(check(wrong, CONTEXT), Err(PasswordError::Guessable), "{wrong}");
        }
    }

    #[test]
    fn length_counts_in_characters() {
        assert_eq!(check("kx7vTrq9wz!", CONTEXT), Err(PasswordError::Short));
        assert_eq!(check("", CONTEXT), Err(PasswordError::Short));
        assert_eq!(check(&"é".repeat(600), CONTEXT), Err(PasswordError::Long));
    }

    #[test]
    fn ordinary_good_passwords_pass() {
        let long = "correct horse battery staple ".repeat(5);
        for good in ["kx7vTrq9wz!d", "山青水绿桃花开又落春风里去", "vuorikotka ja meri", &long]
        {
            assert_eq!(check(good, CONTEXT), Ok(()), "{good}");
        }
    }

    #[test]
    fn one_user_name_in_every_spelling() {
        assert_eq!(username_key("Ｚｈｏｕ"), "zhou");
        assert_eq!(username_key("ZHOU"), username_key("zhou"));
    }
}
