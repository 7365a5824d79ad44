//! The form of a resident, new or corrected.

use chrono::NaiveDate;

use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::written_date;
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
    "birth_on_month",
    "birth_on_day",
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
    let birth_on = born(fields);
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

/// The date of birth out of its three boxes. The year's, which has the field's
/// own name, also takes a whole date; once understood the date stands there.
fn born(fields: &mut Fields) -> Option<NaiveDate> {
    const BOXES: [&str; 3] = ["birth_on", "birth_on_month", "birth_on_day"];
    let typed = BOXES.map(|name| written_date::figures(fields.value(name)));
    let [year, month, day] = typed.each_ref().map(|figures| match figures.as_slice() {
        [one] => one.as_str(),
        _ => "",
    });
    let whole = written_date::day(fields.value("birth_on"));
    let found = whole.or_else(|| written_date::of_parts(year, month, day));
    if let Some(day) = found {
        fields.forget(&BOXES);
        fields.set("birth_on", &day.to_string());
        return found;
    }
    let lacks = BOXES.map(|name| fields.text(name).is_none());
    let (zh, en) = match lacks {
        [true, true, true] => return None,
        [false, false, false] if year.len() == 4 => (
            "出生日期不是真实日期,请核对年、月、日。".to_owned(),
            "The date of birth is not a date of the calendar. Check year, month and day."
                .to_owned(),
        ),
        [true, ..] | [_, false, false] => (
            "出生日期的年份应为四位数字,如 1949。".to_owned(),
            "Enter the year of the date of birth with four digits, like 1949.".to_owned(),
        ),
        [false, no_month, no_day] => {
            let missing = |words: [&str; 2], join: &str| {
                let named = [(no_month, words[0]), (no_day, words[1])];
                named.iter().filter(|(no, _)| *no).map(|(_, w)| *w).collect::<Vec<_>>().join(join)
            };
            (
                format!("出生日期还缺{},请补全。", missing(["月", "日"], "和")),
                format!("The date of birth lacks the {}.", missing(["month", "day"], " and the ")),
            )
        }
    };
    fields.refuse(Refusal::field("birth_on", zh, en));
    None
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
