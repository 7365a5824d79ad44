//! One catalogue of texts, compiled in. Chinese is the source, English is
//! complete; a test holds keys and placeholders of both equal.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::LazyLock;

use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderMap};

use crate::domain::punctuation::full_width;
use crate::http::cookie;

/// Language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// 简体中文.
    Zh,
    /// English.
    En,
}

type Texts = HashMap<String, &'static str>;

static ZH: LazyLock<Texts> = LazyLock::new(|| load(include_str!("locales/zh-CN.toml"), full_width));
static EN: LazyLock<Texts> = LazyLock::new(|| load(include_str!("locales/en.toml"), str::to_owned));

/// Sections and keys, joined by points; each text as `set` prints it.
fn load(source: &str, set: fn(&str) -> String) -> Texts {
    let mut texts = HashMap::new();
    if let Ok(table) = source.parse::<toml::Table>() {
        flatten("", &table, set, &mut texts);
    }
    texts
}

fn flatten(prefix: &str, table: &toml::Table, set: fn(&str) -> String, texts: &mut Texts) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, set, texts),
            // Loaded once and kept as long as the process runs.
            toml::Value::String(text) => {
                texts.insert(name, Box::leak(set(text).into_boxed_str()));
            }
            _ => {}
        }
    }
}

impl Lang {
    /// By the cookie, else by `Accept-Language`, else Chinese.
    #[must_use]
    pub fn of_request(headers: &HeaderMap) -> Lang {
        if let Some(lang) = cookie::find(headers, cookie::LANG, false).and_then(|v| Lang::parse(&v))
        {
            return lang;
        }
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let first = |text: &str| {
            text.split(',').find_map(|part| {
                let tag = part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                if tag.starts_with("zh") {
                    Some(Lang::Zh)
                } else if tag.starts_with("en") {
                    Some(Lang::En)
                } else {
                    None
                }
            })
        };
        accepted.and_then(first).unwrap_or(Lang::Zh)
    }

    /// From its tag.
    #[must_use]
    pub fn parse(tag: &str) -> Option<Lang> {
        match tag {
            "zh-CN" => Some(Lang::Zh),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// For `<html lang>`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }

    /// The text of a key. A missing one shows its key, and fails a test.
    #[must_use]
    pub fn t(self, key: &str) -> &'static str {
        self.find(key).unwrap_or("??")
    }

    /// The text of a key, if there is one.
    #[must_use]
    pub fn find(self, key: &str) -> Option<&'static str> {
        let texts = match self {
            Lang::Zh => &*ZH,
            Lang::En => &*EN,
        };
        texts.get(key).copied()
    }

    /// The text of a key with one placeholder filled in.
    pub fn fill(self, key: &str, name: &str, value: impl Display) -> String {
        self.t(key).replace(&format!("{{{name}}}"), &value.to_string())
    }

    /// `1,284`.
    #[must_use]
    pub fn number(self, value: i64) -> String {
        let digits = value.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() + 4);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        if value < 0 { format!("\u{2212}{text}") } else { text }
    }
}

/// Date and time in Shanghai, as tables show it.
#[must_use]
pub fn local_time(utc: chrono::NaiveDateTime) -> String {
    (utc + chrono::Duration::hours(8)).format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_keys_and_placeholders() {
        let keys = |texts: &Texts| texts.keys().cloned().collect::<BTreeSet<_>>();
        let (zh, en) = (keys(&ZH), keys(&EN));
        assert!(zh.len() > 100, "the catalogue was read");
        assert_eq!(
            zh.difference(&en).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "missing in English"
        );
        assert_eq!(
            en.difference(&zh).collect::<Vec<_>>(),
            Vec::<&String>::new(),
            "missing in Chinese"
        );
        for key in &zh {
            assert_eq!(placeholders(ZH[key]), placeholders(EN[key]), "{key}");
            assert!(
                !EN[key].chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
                    || key == "lang.zh"
                    || key == "lang.other",
                "{key}"
            );
        }
    }

    /// Every key that sources and templates name in quotes exists.
    #[test]
    fn every_key_in_use_exists() {
        let mut folders = vec![std::path::PathBuf::from("src/web"), "src/api".into()];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                for call in ["t(\"", "fill(\"", "fill2(\"", "title(\""] {
                    for rest in text.split(&format!(".{call}")).skip(1) {
                        let key = rest.split('"').next().unwrap_or_default();
                        assert!(ZH.contains_key(key), "{}: no text {key}", path.display());
                        seen += 1;
                    }
                }
            }
        }
        assert!(seen > 50, "the sources were read");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(Lang::Zh.number(1_284), "1,284");
        assert_eq!(Lang::Zh.number(-1_000_000), "\u{2212}1,000,000");
        assert_eq!(Lang::En.number(7), "7");
    }
}
