//! The form of a resident, new or corrected.

use chrono::NaiveDate;

use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::error::Refusal;
use crate::http::{Fields, FromFields};
use crate::services::directory::AreaOption;
use crate::services::resident::ResidentInput;
use crate::store::Cipher;
use crate::store::resident::ResidentRow;
use crate::web::Page;
use crate::web::conflict::{self, Compared};

/// The fields of a person, in whichever form they stand.
pub(crate) const PERSON_FIELDS: &[&str] = &[
    "name",
    "doc_kind",
    "doc_no",
    "sex",
    "birth_on",
    "mismatch_reason",
    "phone",
    "ethnicity",
    "marital",
    "education",
    "residence_status",
    "area",
];

const BASE_NAMES: &[&str] = &[
    "base_name",
    "base_doc_kind",
    "base_sex",
    "base_birth_on",
    "base_ethnicity",
    "base_marital",
    "base_education",
    "base_residence_status",
    "base_area",
    "base_doc_no",
    "base_phone",
];

/// The fields that carry what was.
pub(super) fn base_names() -> &'static [&'static str] {
    BASE_NAMES
}

/// Reads them.
pub(crate) fn person(fields: &mut Fields) -> Option<ResidentInput> {
    let name = fields.required("name", "请填写姓名。", "Enter the name.");
    let doc_kind = choice(fields, "doc_kind", DocKind::from_code);
    if doc_kind.is_none() {
        fields.refuse(Refusal::field("doc_kind", "请选择证件类型。", "Choose the document."));
    }
    let birth_on = date(fields, "birth_on");
    let residence = choice(fields, "residence_status", ResidenceStatus::from_code);
    if residence.is_none() {
        fields.refuse(Refusal::field(
            "residence_status",
            "请选择居住状态。",
            "Choose the residence status.",
        ));
    }
    let area = fields.required("area", "请选择社区或网格。", "Choose a community or a grid.");
    Some(ResidentInput {
        area_code: area?,
        name: name?,
        doc_kind: doc_kind?,
        doc_no: fields.text("doc_no"),
        sex: choice(fields, "sex", Sex::from_code),
        birth_on,
        mismatch_reason: fields.text("mismatch_reason"),
        phone: fields.text("phone"),
        ethnicity: choice(fields, "ethnicity", Ethnicity::parse),
        marital: choice(fields, "marital", Marital::from_code),
        education: choice(fields, "education", Education::from_code),
        residence_status: residence?,
    })
}

/// A new resident, or a correction.
#[derive(Debug, Clone)]
pub struct PersonForm {
    /// The person.
    pub input: ResidentInput,
    /// Of a correction: why.
    pub reason: String,
    /// Of a correction: the version that was opened.
    pub version: i32,
    /// Of a new person: the household to join next.
    pub household: Option<i64>,
}

impl FromFields for PersonForm {
    const FIELDS: &'static [&'static str] = &["reason", "version", "household"];
    const SHARED: &'static [&'static [&'static str]] = &[PERSON_FIELDS, BASE_NAMES];

    fn from_fields(fields: &mut Fields) -> Option<PersonForm> {
        Some(PersonForm {
            input: person(fields)?,
            reason: fields.text("reason").unwrap_or_default(),
            version: fields.value("version").parse().unwrap_or(0),
            household: fields.value("household").parse().ok(),
        })
    }
}

/// The value of a drop-down.
pub(crate) fn choice<T>(fields: &Fields, name: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
    parse(fields.text(name)?.as_str())
}

/// A date that may be left out.
pub(crate) fn date(fields: &mut Fields, name: &str) -> Option<NaiveDate> {
    fields.parsed(name, "日期应为 年-月-日,如 2023-11-05。", "Enter a date like 2023-11-05.")
}

/// A date that must be there.
pub(crate) fn required_date(fields: &mut Fields, name: &str) -> Option<NaiveDate> {
    if fields.text(name).is_none() {
        fields.refuse(Refusal::field(name, "请填写日期。", "Enter the date."));
        return None;
    }
    date(fields, name)
}

/// The fields of a stored record; its numbers stay empty, which leaves them
/// as they are.
pub(super) fn of_row(cipher: &Cipher, row: &ResidentRow) -> Fields {
    let version = row.version.to_string();
    let (sex, born) = (row.sex.to_string(), row.birth_on.to_string());
    let mut fields = Fields::with(&[
        ("name", &row.name),
        ("doc_kind", row.doc_kind.code()),
        ("sex", &sex),
        ("birth_on", &born),
        ("ethnicity", row.ethnicity.as_deref().unwrap_or_default()),
        ("marital", row.marital.map_or("", Marital::code)),
        ("education", row.education.map_or("", Education::code)),
        ("residence_status", row.residence_status.code()),
        ("area", &row.area_code),
        ("version", &version),
    ]);
    conflict::remember::<Person>(&mut fields);
    fields.set("base_doc_no", &conflict::sign(cipher, row.doc_no_index.as_deref()));
    fields.set("base_phone", &conflict::sign(cipher, row.phone_index.as_deref()));
    fields
}

/// What its drop-downs offer.
pub(crate) struct Options {
    pub(crate) doc_kinds: Vec<(&'static str, &'static str)>,
    pub(crate) sexes: Vec<(&'static str, &'static str)>,
    pub(crate) ethnicities: Vec<(&'static str, &'static str)>,
    pub(crate) maritals: Vec<(&'static str, &'static str)>,
    pub(crate) educations: Vec<(&'static str, &'static str)>,
    pub(crate) residences: Vec<(&'static str, &'static str)>,
}

impl Options {
    /// In the page's language.
    pub(crate) fn new(page: &Page) -> Options {
        let none = ("", page.t("form.not_stated"));
        let with_none = |rest: Vec<(&'static str, &'static str)>| {
            std::iter::once(none).chain(rest).collect::<Vec<_>>()
        };
        let by_number = ("", page.t("resident.by_number"));
        Options {
            doc_kinds: DocKind::ALL
                .iter()
                .map(|k| (k.code(), page.either(k.zh(), k.en())))
                .collect(),
            sexes: std::iter::once(by_number)
                .chain(Sex::ALL.iter().map(|s| (s.code(), page.either(s.zh(), s.en()))))
                .collect(),
            ethnicities: with_none(
                Ethnicity::all().map(|e| (e.code(), page.either(e.zh(), e.en()))).collect(),
            ),
            maritals: with_none(
                Marital::ALL.iter().map(|m| (m.code(), page.either(m.zh(), m.en()))).collect(),
            ),
            educations: with_none(
                Education::ALL.iter().map(|e| (e.code(), page.either(e.zh(), e.en()))).collect(),
            ),
            residences: ResidenceStatus::ALL
                .iter()
                .map(|r| (r.code(), page.either(r.zh(), r.en())))
                .collect(),
        }
    }
}

/// A correction beside what somebody else saved.
pub(super) struct Person<'a> {
    pub(super) areas: &'a [AreaOption],
}

impl Compared for Person<'_> {
    const PLAIN: &'static [&'static str] = &[
        "name",
        "doc_kind",
        "sex",
        "birth_on",
        "ethnicity",
        "marital",
        "education",
        "residence_status",
        "area",
    ];
    const SECRET: &'static [&'static str] = &["doc_no", "phone"];
    const TYPED: &'static [&'static str] = &["mismatch_reason", "reason"];
    const KIND: &'static str = "resident";

    fn label(&self, page: &Page, name: &str) -> &'static str {
        let key = match name {
            "residence_status" => "resident.residence".to_owned(),
            "area" => "resident.area_field".to_owned(),
            other => format!("resident.{other}"),
        };
        page.lang().find(&key).unwrap_or_default()
    }

    fn text(&self, page: &Page, name: &str, code: &str) -> String {
        if code.is_empty() {
            return page.t("form.not_stated").to_owned();
        }
        let options = Options::new(page);
        let list = match name {
            "doc_kind" => options.doc_kinds,
            "sex" => options.sexes,
            "ethnicity" => options.ethnicities,
            "marital" => options.maritals,
            "education" => options.educations,
            "residence_status" => options.residences,
            "area" => return area_text(self.areas, code),
            _ => Vec::new(),
        };
        let found = list.into_iter().find(|(known, _)| *known == code);
        found.map_or_else(|| code.to_owned(), |(_, text)| text.to_owned())
    }
}

/// Name of an area that the form offers; its code for others.
pub(crate) fn area_text(areas: &[AreaOption], code: &str) -> String {
    let found = areas.iter().find(|area| area.code == code);
    found.map_or_else(|| code.to_owned(), |area| area.name.clone())
}
