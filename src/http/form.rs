//! Forms and query strings. A type lists its fields; anything else, and
//! anything twice, is refused; every field's error is collected, so that the
//! form is drawn again with everything that was typed.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::body::Body;
use super::fault::Fault;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};

/// Field that carries the form token; checked before any handler runs.
pub const CSRF_FIELD: &str = "csrf";
/// Field that carries the number of the draft; see [`super::keyed`].
pub const DRAFT_FIELD: &str = "draft";
const MAX_FIELDS: usize = 500;

/// What was typed, by field, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    errors: Vec<Refusal>,
}

/// A form as a type.
pub trait FromFields: Sized {
    /// Names of its fields.
    const FIELDS: &'static [&'static str];
    /// Names of the fields of the pieces that it shares with other forms.
    const SHARED: &'static [&'static [&'static str]] = &[];
    /// Those of them that may come several times (check boxes).
    const MANY: &'static [&'static str] = &[];

    /// Reads the fields; notes each error with [`Fields::refuse`] and goes on.
    /// `None` if a value could not be made at all.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

impl Fields {
    /// Empty, or with values to start from.
    #[must_use]
    pub fn with(values: &[(&str, &str)]) -> Fields {
        let pairs = values.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Fields { pairs, errors: Vec::new() }
    }

    /// What was typed; empty if nothing.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// All values of a field that may come several times.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box was ticked or an option chosen.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.values(name).any(|given| given == value)
    }

    /// What was typed without spaces around it; none if nothing is left.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.value(name).trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// As [`Fields::text`]; missing is an error with these words.
    pub fn required(&mut self, name: &str, zh: &str, en: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            self.refuse(Refusal::field(name, zh, en));
        }
        text
    }

    /// Parses what was typed, if anything; an error has these words.
    pub fn parsed<T: std::str::FromStr>(&mut self, name: &str, zh: &str, en: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = text.parse().ok();
        if value.is_none() {
            self.refuse(Refusal::field(name, zh, en));
        }
        value
    }

    /// Notes an error.
    pub fn refuse(&mut self, refusal: Refusal) {
        self.errors.push(refusal);
    }

    /// Notes the errors that a service found.
    pub fn refuse_all(&mut self, refusals: &[Refusal]) {
        self.errors.extend_from_slice(refusals);
    }

    /// All errors.
    #[must_use]
    pub fn errors(&self) -> &[Refusal] {
        &self.errors
    }

    /// Sets a value, for drawing a form.
    pub fn set(&mut self, name: &str, value: &str) {
        self.pairs.retain(|(key, _)| key != name);
        self.pairs.push((name.to_owned(), value.to_owned()));
    }

    /// Another value of a field that may come several times.
    pub fn add(&mut self, name: &str, value: &str) {
        self.pairs.push((name.to_owned(), value.to_owned()));
    }

    /// Empties fields that are never drawn again (passwords).
    pub fn forget(&mut self, names: &[&str]) {
        self.pairs.retain(|(key, _)| !names.contains(&key.as_str()));
    }
}

/// A posted form.
#[derive(Debug, Clone)]
pub struct Form<T> {
    /// What was typed.
    pub fields: Fields,
    value: Option<T>,
}

impl<T> Form<T> {
    /// The value, and what was typed for drawing the form again.
    ///
    /// # Errors
    /// All errors of the fields at once.
    pub fn checked(self) -> (Fields, AppResult<T>) {
        let Form { fields, value } = self;
        let result = match value {
            Some(value) if fields.errors.is_empty() => Ok(value),
            // A field was left out altogether, which no page of ours does.
            None if fields.errors.is_empty() => Err(AppError::coded(
                ErrorCode::InvalidInput,
                "表单不完整,没有保存。请返回上一页重填。",
                "The form is incomplete and nothing was saved. Go back and fill it in.",
            )),
            _ => Err(AppError::Refused(fields.errors.clone())),
        };
        (fields, result)
    }
}

impl<T: FromFields> Form<T> {
    /// A form out of fields that were changed after they were posted.
    #[must_use]
    pub fn of(mut fields: Fields) -> Form<T> {
        fields.errors.clear();
        let value = T::from_fields(&mut fields);
        Form { fields, value }
    }
}

impl<T: FromFields> FromRequest for Form<T> {
    type Error = Fault;
    type Future = Ready<Result<Form<T>, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse::<T>(&Body::of(req)).map(|mut fields| {
            let value = T::from_fields(&mut fields);
            Form { fields, value }
        }))
    }
}

/// The query of an address.
#[derive(Debug, Clone)]
pub struct Query<T> {
    /// What stands in the address.
    pub fields: Fields,
    /// The parsed value.
    pub value: T,
}

impl<T: FromFields> FromRequest for Query<T> {
    type Error = Fault;
    type Future = Ready<Result<Query<T>, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse::<T>(req.query_string().as_bytes()).and_then(
            |mut fields| match T::from_fields(&mut fields) {
                Some(value) if fields.errors().is_empty() => Ok(Query { fields, value }),
                _ => Err(Fault {
                    refusals: fields.errors,
                    ..Fault::bad_request("查询条件不正确。", "The query is not correct.")
                }),
            },
        ))
    }
}

/// Splits a urlencoded text.
pub(super) fn pairs(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).ok()?;
    (pairs.len() <= MAX_FIELDS).then_some(pairs)
}

fn parse<T: FromFields>(bytes: &[u8]) -> Result<Fields, Fault> {
    let mut pairs = pairs(bytes)
        .ok_or_else(|| Fault::bad_request("表单内容无法读取。", "The form cannot be read."))?;
    pairs.retain(|(name, _)| name != CSRF_FIELD && name != DRAFT_FIELD);
    for (at, (name, value)) in pairs.iter().enumerate() {
        let known = |names: &[&str]| names.contains(&name.as_str());
        if !known(T::FIELDS) && !T::SHARED.iter().any(|names| known(names)) {
            return Err(Fault::bad_request("表单有未知的字段。", "The form has an unknown field."));
        }
        let repeated = pairs.iter().take(at).any(|(other, _)| other == name);
        if repeated && !T::MANY.contains(&name.as_str()) {
            return Err(Fault::bad_request("表单有重复的字段。", "The form repeats a field."));
        }
        if value.chars().any(super::json::is_control) {
            return Err(Fault::bad_request(
                "表单含有控制字符。",
                "The form has control characters.",
            ));
        }
    }
    Ok(Fields { pairs, errors: Vec::new() })
}

/// A form without fields: a button.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl FromFields for Nothing {
    const FIELDS: &'static [&'static str] = &[];
    fn from_fields(_: &mut Fields) -> Option<Nothing> {
        Some(Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Person {
        name: String,
        age: Option<u8>,
    }

    impl FromFields for Person {
        const FIELDS: &'static [&'static str] = &["name", "age", "tag"];
        const MANY: &'static [&'static str] = &["tag"];
        fn from_fields(fields: &mut Fields) -> Option<Person> {
            let name = fields.required("name", "请填写姓名。", "Enter the name.");
            let age = fields.parsed("age", "年龄应为数字。", "Enter a number.");
            Some(Person { name: name?, age })
        }
    }

    fn read(text: &str) -> Result<Form<Person>, Fault> {
        parse::<Person>(text.as_bytes()).map(|mut fields| {
            let value = Person::from_fields(&mut fields);
            Form { fields, value }
        })
    }

    #[test]
    fn every_error_is_collected_and_the_input_kept() {
        let (fields, result) = read("name=+&age=x&tag=a&tag=b&csrf=t").expect("parsed").checked();
        assert!(result.is_err());
        assert_eq!(fields.errors().len(), 2);
        assert_eq!(fields.value("age"), "x");
        assert_eq!(fields.values("tag").collect::<Vec<_>>(), ["a", "b"]);
        let (_, person) = read("name=%E9%99%88&age=7").expect("parsed").checked();
        let person = person.expect("a person");
        assert_eq!((person.name.as_str(), person.age), ("陈", Some(7)));
    }

    #[test]
    fn unknown_and_repeated_fields_are_refused() {
        for wrong in ["nick=x", "name=a&name=b", "name=%00"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
