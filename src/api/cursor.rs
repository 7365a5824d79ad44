//! Where a page begins: the key of the last row of the page before, as text.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::shape::{Shape, Types};
use crate::domain::ids::ResidentId;
use crate::store::line_page::LinePlace;

/// The key of a list's order.
pub trait Key: Sized {
    /// What its text looks like.
    const PATTERN: &'static str;

    /// From the text.
    fn read(text: &str) -> Option<Self>;

    /// As text.
    fn write(&self) -> String;
}

/// A key that a page gave as `next`.
#[derive(Debug, Clone)]
pub struct Cursor<K>(pub K);

impl<'de, K: Key> Deserialize<'de> for Cursor<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cursor<K>, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = K::read(&text).map(Cursor);
        key.ok_or_else(|| serde::de::Error::custom("not the next of a page"))
    }
}

impl<K: Key> Shape for Cursor<K> {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "string", "pattern": K::PATTERN })
    }
}

/// Residents by pinyin: letters of any script, as a name has them.
impl Key for (String, ResidentId) {
    const PATTERN: &'static str = r"^~[^.\u0000-\u001f\u007f-\u009f]{0,120}\.[1-9][0-9]{0,17}$";

    fn read(text: &str) -> Option<Self> {
        let (sound, id) = text.strip_prefix('~')?.split_once('.')?;
        let plain = sound.chars().count() <= 120 && !sound.chars().any(char::is_control);
        plain.then_some((sound.to_owned(), ResidentId(id.parse().ok()?)))
    }

    fn write(&self) -> String {
        format!("~{}.{}", self.0, self.1)
    }
}

/// Lines of a run.
impl Key for LinePlace {
    const PATTERN: &'static str = r"^[1-9][0-9]{0,17}\.(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])\.(arrears|claim|deduction|held|regular|waived)$";

    fn read(text: &str) -> Option<Self> {
        LinePlace::parse(text)
    }

    fn write(&self) -> String {
        self.text()
    }
}
