//! What the API takes and gives, declared once: the type that serde reads or
//! writes, and its JSON Schema for the description, so that neither can say
//! something that the other does not.

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use chrono::{NaiveDate, NaiveDateTime};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};
use std::future::{Ready, ready};

use crate::domain::code_table::{Ethnicity, Relation};
use crate::domain::ids::{AwardId, HouseholdId, LineId, ResidentId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::http::Fault;

/// Named schemas of a description.
#[derive(Debug, Default)]
pub struct Types(pub Map<String, Value>);

/// A type with a JSON Schema.
pub trait Shape {
    /// Its name among the schemas; none for what is drawn in place.
    const NAME: Option<&'static str> = None;
    /// Whether it has to be there.
    const REQUIRED: bool = true;

    /// The schema.
    fn schema(types: &mut Types) -> Value;

    /// The schema, by name if it has one.
    fn reference(types: &mut Types) -> Value {
        match Self::NAME {
            Some(name) => types.named(name, Self::schema),
            None => Self::schema(types),
        }
    }

    /// Its fields as parameters of a query.
    fn parameters(types: &mut Types) -> Vec<Value> {
        parameters(&Self::schema(types))
    }
}

impl Types {
    /// A reference to a schema, which is drawn when it is first asked for.
    fn named(&mut self, name: &str, draw: fn(&mut Types) -> Value) -> Value {
        if !self.0.contains_key(name) {
            // Before its parts: a type may lead back to itself.
            self.0.insert(name.to_owned(), Value::Null);
            let schema = draw(self);
            self.0.insert(name.to_owned(), schema);
        }
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }
}

fn parameters(schema: &Value) -> Vec<Value> {
    let required: Vec<&Value> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    fields
        .map(|(name, field)| {
            let inner = field.get("anyOf").and_then(|any| any.get(0)).unwrap_or(field);
            json!({
                "name": name, "in": "query", "schema": inner,
                "required": required.iter().any(|one| one.as_str() == Some(name)),
                "description": field.get("description"),
            })
        })
        .collect()
}

/// A field of an object: what is known of its type, apart from the type, so
/// that drawing an object is compiled once.
pub(super) struct Field {
    name: &'static str,
    words: &'static str,
    required: bool,
    reference: fn(&mut Types) -> Value,
}

impl Field {
    /// A field of this type.
    pub const fn of<T: Shape>(name: &'static str, words: &'static str) -> Field {
        Field { name, words, required: T::REQUIRED, reference: T::reference }
    }
}

/// The schema of an object; `words` may be empty.
pub(super) fn object(types: &mut Types, words: &str, fields: &[Field]) -> Value {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for field in fields {
        // A field that is named like a word of the language.
        let name = field.name.trim_start_matches("r#");
        let mut schema = (field.reference)(types);
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), json!(field.words.trim()));
        }
        properties.insert(name.to_owned(), schema);
        if field.required {
            required.push(json!(name));
        }
    }
    let mut schema = json!({
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": false,
    });
    if !words.is_empty()
        && let Some(object) = schema.as_object_mut()
    {
        object.insert("description".to_owned(), json!(words.trim()));
    }
    schema
}

/// Declares types of the API with their schemas. `request`: read, unknown
/// fields refused. `answer`: written.
macro_rules! shapes {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:ident {
        $($(#[doc = $words:literal])+ $field:ident: $type:ty,)*
    })+) => {$(
        crate::api::shape::shapes!(@$kind
            $(#[doc = $doc])+
            pub struct $name { $($(#[doc = $words])+ pub $field: $type,)* }
        );

        impl crate::api::shape::Shape for $name {
            const NAME: Option<&'static str> = Some(stringify!($name));
            fn schema(types: &mut crate::api::shape::Types) -> serde_json::Value {
                crate::api::shape::object(types, concat!($($doc),+), &[
                    $(crate::api::shape::Field::of::<$type>(
                        stringify!($field),
                        concat!($($words),+),
                    ),)*
                ])
            }
        }
    )+};
    (@request $($item:tt)+) => {
        #[derive(Debug, Clone, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        $($item)+
    };
    (@answer $($item:tt)+) => {
        #[derive(Debug, Clone, serde::Serialize)]
        $($item)+
    };
}
pub(crate) use shapes;

/// Without control characters, as the readers of bodies and queries have it.
const TEXT: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

macro_rules! plain {
    ($($type:ty => $schema:tt;)+) => {$(
        impl Shape for $type {
            fn schema(_: &mut Types) -> Value { json!($schema) }
        }
    )+};
}

plain! {
    String => { "type": "string", "pattern": TEXT };
    bool => { "type": "boolean" };
    i32 => { "type": "integer", "minimum": i32::MIN, "maximum": i32::MAX };
    i64 => { "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX };
    Fen => { "type": "integer", "minimum": i64::MIN, "maximum": i64::MAX };
    NaiveDate => { "type": "string", "format": "date", "pattern": "^[12][0-9]{3}-[01][0-9]-[0-3][0-9]$" };
    Month => { "type": "string", "pattern": "^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2023-11"] };
    Value => { "type": "object" };
}

/// An id. Ids have 63 bits, more than a number of JavaScript holds: they are
/// written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub i64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        let text = String::deserialize(deserializer)?;
        let plain = (1..=19).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && !text.starts_with('0');
        let id = text.parse().ok().filter(|_| plain);
        id.map(Id).ok_or_else(|| serde::de::Error::custom("not an id"))
    }
}

impl Shape for Id {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "string", "pattern": "^[1-9][0-9]{0,17}$", "examples": ["455284837294080001"] })
    }
}

macro_rules! ids {
    ($($type:ident),+) => {$(
        impl From<$type> for Id {
            fn from(id: $type) -> Id { Id(id.0) }
        }
        impl From<Id> for $type {
            fn from(id: Id) -> $type { $type(id.0) }
        }
    )+};
}
ids!(ResidentId, HouseholdId, AwardId, RunId, LineId);

/// An instant, RFC 3339 in UTC.
#[derive(Debug, Clone, Copy)]
pub struct Instant(pub NaiveDateTime);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.and_utc().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        serializer.serialize_str(&text)
    }
}

impl Shape for Instant {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "string", "format": "date-time" })
    }
}

/// Rows of a page, 1 to 200.
#[derive(Debug, Clone, Copy)]
pub struct Limit(pub i64);

impl Limit {
    /// What is meant without one.
    pub const USUAL: i64 = 50;

    /// The number, or the usual one.
    pub fn or_usual(limit: Option<Limit>) -> i64 {
        limit.map_or(Limit::USUAL, |limit| limit.0)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limit, D::Error> {
        let rows = i64::deserialize(deserializer)?;
        let fits = (1..=200).contains(&rows);
        if fits { Ok(Limit(rows)) } else { Err(serde::de::Error::custom("1 to 200 rows")) }
    }
}

impl Shape for Limit {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": Limit::USUAL })
    }
}

impl<T: Shape> Shape for Option<T> {
    const REQUIRED: bool = false;
    fn schema(types: &mut Types) -> Value {
        json!({ "anyOf": [T::reference(types), { "type": "null" }] })
    }
}

impl<T: Shape> Shape for Vec<T> {
    fn schema(types: &mut Types) -> Value {
        json!({ "type": "array", "items": T::reference(types) })
    }
}

/// A closed list of codes; the names stand in the description.
fn codes(rows: impl Iterator<Item = (&'static str, &'static str, &'static str)>) -> Value {
    let rows: Vec<_> = rows.collect();
    list(&rows)
}

fn list(rows: &[(&str, &str, &str)]) -> Value {
    let names: Vec<String> =
        rows.iter().map(|(code, zh, en)| format!("{code}: {en} {zh}")).collect();
    let codes: Vec<&str> = rows.iter().map(|(code, ..)| *code).collect();
    json!({ "type": "string", "enum": codes, "title": names.join("; ") })
}

impl Shape for Relation {
    const NAME: Option<&'static str> = Some("Relation");
    fn schema(_: &mut Types) -> Value {
        codes(Relation::all().map(|row| (row.code(), row.zh(), row.en())))
    }
}

impl Shape for Ethnicity {
    const NAME: Option<&'static str> = Some("Ethnicity");
    fn schema(_: &mut Types) -> Value {
        codes(Ethnicity::all().map(|row| (row.code(), row.zh(), row.en())))
    }
}

macro_rules! code_lists {
    ($($($part:ident)::+ => $name:literal;)+) => {$(
        impl Shape for crate::domain::$($part)::+ {
            const NAME: Option<&'static str> = Some($name);
            fn schema(_: &mut Types) -> Value {
                codes(<crate::domain::$($part)::+>::ALL.iter().map(|v| (v.code(), v.zh(), v.en())))
            }
        }
    )+};
}

code_lists! {
    code_table::Sex => "Sex";
    code_table::Marital => "Marital";
    code_table::Education => "Education";
    code_table::ResidenceStatus => "ResidenceStatus";
    document::DocKind => "DocKind";
    resident::ResidentStatus => "ResidentStatus";
    household::HouseholdKind => "HouseholdKind";
    household::JoinReason => "JoinReason";
    household::LeaveReason => "LeaveReason";
    life_event::EventKind => "EventKind";
    fact::FactKind => "FactKind";
    certificate::Category => "Category";
    certificate::Grade => "Grade";
    account::HolderRelation => "HolderRelation";
    award::DecisionKind => "DecisionKind";
    award::StopReason => "StopReason";
    award::ReviewClass => "ReviewClass";
    award::AwardMode => "AwardMode";
    award::AwardState => "AwardState";
    visit::Purpose => "Purpose";
    visit::VisitResult => "VisitResult";
    visit::VisitStatus => "VisitStatus";
    visit::Finding => "Finding";
    guardian::GuardianKind => "GuardianKind";
    guardian::GuardianBasis => "GuardianBasis";
    temp_case::CaseKind => "CaseKind";
    temp_case::Cause => "Cause";
    temp_case::CaseLevel => "CaseLevel";
    temp_case::FamilyCategory => "FamilyCategory";
    reveal::RevealField => "RevealField";
    reveal::RevealPurpose => "RevealPurpose";
    pending::ChangeKind => "ChangeKind";
    pending::ChangeState => "ChangeState";
    payout::RunState => "RunState";
    payout::LineKind => "LineKind";
    payout::ReturnReason => "ReturnReason";
    area::Level => "AreaLevel";
    payout::ClaimStatus => "ClaimStatus";
    population::Basis => "Basis";
    population::Band => "Band";
    population::Flow => "Flow";
    population::Late => "Late";
}

/// The query of an address: unknown and repeated parameters are refused.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Fault;
    type Future = Ready<Result<Query<T>, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let refused = || Fault::bad_request("查询条件不正确。", "The query is not correct.");
        let text = req.query_string();
        let control = percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .map_or(true, |text| text.chars().any(crate::http::json::is_control));
        if control {
            return ready(Err(refused()));
        }
        ready(serde_urlencoded::from_str(text).map(Query).map_err(|_| refused()))
    }
}
