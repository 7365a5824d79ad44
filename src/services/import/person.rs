//! Whom a row is about: people are named by their document or, without one, by
//! the registry's temporary number.

use chrono::NaiveDate;

use super::cell::{Remark, Wrong, converted};
use crate::domain::citizen_id::CitizenId;
use crate::domain::document::{DocKind, Document};
use crate::domain::normalise;
use crate::store::{Cipher, resident};

/// A reference to a person as it stands in a cell.
#[derive(Clone, PartialEq, Eq)]
pub enum PersonRef {
    /// What the blind index is computed over. Several if the cell names no
    /// kind of document and the number has the form of more than one.
    Document(Vec<String>),
    /// A temporary number.
    Temporary(String),
}

impl std::fmt::Debug for PersonRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonRef(…)")
    }
}

/// Other documents, in the order in which a bare number is tried.
const OTHERS: [DocKind; 7] = [
    DocKind::Passport,
    DocKind::HongKongPass,
    DocKind::TaiwanPass,
    DocKind::PermanentResident,
    DocKind::Officer,
    DocKind::Police,
    DocKind::Other,
];

impl PersonRef {
    /// Reads a reference: an ID number (15 digits are converted and remarked),
    /// a temporary number, another document's number, alone or as `414:E123…`.
    ///
    /// # Errors
    /// Not the number of any document.
    pub(crate) fn parse(text: &str, today: NaiveDate) -> Result<(PersonRef, Remark), Wrong> {
        let number = normalise::number(text);
        if let Some(temporary) = temporary(text) {
            return Ok((PersonRef::Temporary(temporary), None));
        }
        let digits = number.bytes().all(|b| b.is_ascii_digit());
        if digits && number.len() == 15 {
            let id = CitizenId::from_15(&number, today).map_err(wrong)?;
            let found = PersonRef::Document(vec![id.as_str().to_owned()]);
            return Ok((found, Some(converted())));
        }
        if let Some((kind, rest)) = number.split_once(':') {
            let document = DocKind::from_code(kind)
                .and_then(|kind| Document::parse(kind, rest, today).ok())
                .and_then(|document| document.index_text());
            return match document {
                Some(text) => Ok((PersonRef::Document(vec![text]), None)),
                None => Err(Wrong::new(
                    "证件号码写法不对,应为 证件类型代码:号码。",
                    "Write another document as TYPE:NUMBER.",
                )),
            };
        }
        // What looks like an ID number is judged as one, so that the message
        // says which digit is wrong.
        if number.len() >= 17 && number.bytes().take(17).all(|b| b.is_ascii_digit()) {
            let id = CitizenId::parse(&number, today).map_err(wrong)?;
            return Ok((PersonRef::Document(vec![id.as_str().to_owned()]), None));
        }
        let mut texts = Vec::new();
        for kind in OTHERS {
            let document = Document::parse(kind, &number, today).ok();
            texts.extend(document.and_then(|document| document.index_text()));
        }
        if digits && number.len() > 8 || texts.is_empty() {
            let error = CitizenId::parse(&number, today).map(|_| ());
            return Err(error
                .err()
                .map_or_else(|| Wrong::new("证件号码不对。", "Not a document number."), wrong));
        }
        Ok((PersonRef::Document(texts), None))
    }

    /// The keys under which the person may be known.
    pub(crate) fn keys(&self, cipher: &Cipher) -> Vec<PersonKey> {
        match self {
            PersonRef::Document(texts) => {
                texts.iter().map(|text| PersonKey::of_document(cipher, text)).collect()
            }
            PersonRef::Temporary(number) => vec![PersonKey::of_temporary(cipher, number)],
        }
    }
}

fn wrong(error: crate::domain::citizen_id::IdError) -> Wrong {
    Wrong::new(error.zh(), error.en())
}

/// `T…`: trimmed, half-width, upper case; hyphens belong to it.
pub(crate) fn temporary(text: &str) -> Option<String> {
    let text: String =
        text.trim().chars().map(normalise::narrow).map(|c| c.to_ascii_uppercase()).collect();
    let rest = text.strip_prefix('T')?;
    let fits = text.len() <= 30
        && rest.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && rest.bytes().all(|b| b.is_ascii_digit() || b == b'-')
        && rest.contains('-');
    fits.then_some(text)
}

/// A person's key inside one import: the first half of the blind index (128
/// bits), so that a million people take little memory and no number lies in
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PersonKey(u128);

impl std::fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PersonKey(…)")
    }
}

impl PersonKey {
    /// From a stored blind index.
    pub(crate) fn of_index(index: &[u8]) -> PersonKey {
        let half = index.first_chunk::<16>().copied().unwrap_or_default();
        PersonKey(u128::from_be_bytes(half))
    }

    pub(crate) fn of_document(cipher: &Cipher, text: &str) -> PersonKey {
        PersonKey::of_index(&cipher.blind(resident::DOC_INDEX, text))
    }

    pub(crate) fn of_temporary(cipher: &Cipher, number: &str) -> PersonKey {
        PersonKey::of_index(&cipher.blind("temp_no", number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_named_by_their_documents() {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        let read = |text: &str| PersonRef::parse(text, today);
        let id = PersonRef::Document(vec!["320899194901010010".to_owned()]);
        assert_eq!(read("320899 19490101 0010"), Ok((id.clone(), None)));
        assert_eq!(
            read("320899490101001").map(|(p, remark)| (p, remark.is_some())),
            Ok((id, true))
        );
        assert_eq!(
            read("t320899001-202309-0001").map(|r| r.0),
            Ok(PersonRef::Temporary("T320899001-202309-0001".to_owned()))
        );
        assert_eq!(
            read("414:E12345678").map(|r| r.0),
            Ok(PersonRef::Document(vec!["414:E12345678".to_owned()]))
        );
        assert!(
            matches!(read("E12345678"), Ok((PersonRef::Document(texts), None)) if texts.len() > 1)
        );
        for text in ["320899194901010011", "32089919490231001", "123456789012", "-", "x"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
