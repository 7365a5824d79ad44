//! From what was entered to a row: every check of a person's own fields.

use chrono::{NaiveDate, NaiveDateTime};

use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::{DocKind, Document};
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::resident::{self, ResidentStatus};
use crate::domain::{normalise, pinyin};
use crate::error::{AppError, AppResult, Refusal};
use crate::services::record::{check_optional, seal, seal_opt};
use crate::store::Cipher;
use crate::store::resident::{DOC_INDEX, DOC_NO, PHONE, PHONE_INDEX, ResidentRow};

/// A resident as entered.
#[derive(Debug, Clone)]
pub struct ResidentInput {
    /// Community or grid.
    pub area_code: String,
    /// Name.
    pub name: String,
    /// Kind of document.
    pub doc_kind: DocKind,
    /// Its number; none for a person without a document.
    pub doc_no: Option<String>,
    /// By default what the ID number says.
    pub sex: Option<Sex>,
    /// By default what the ID number says.
    pub birth_on: Option<NaiveDate>,
    /// Why sex or date of birth differ from the ID number, if they do.
    pub mismatch_reason: Option<String>,
    /// Mobile or landline.
    pub phone: Option<String>,
    /// GB/T 3304.
    pub ethnicity: Option<Ethnicity>,
    /// GB/T 2261.2.
    pub marital: Option<Marital>,
    /// GB/T 4658.
    pub education: Option<Education>,
    /// R1–R7.
    pub residence_status: ResidenceStatus,
}

impl ResidentInput {
    /// Somebody with a citizen ID number who is registered and lives here.
    #[must_use]
    pub fn citizen(name: &str, number: &str, area_code: &str) -> ResidentInput {
        ResidentInput {
            area_code: area_code.to_owned(),
            name: name.to_owned(),
            doc_kind: DocKind::IdCard,
            doc_no: Some(number.to_owned()),
            sex: None,
            birth_on: None,
            mismatch_reason: None,
            phone: None,
            ethnicity: None,
            marital: None,
            education: None,
            residence_status: ResidenceStatus::Here,
        }
    }
}

/// What a row needs besides the input.
pub struct Maker<'a> {
    /// Seals and indexes.
    pub cipher: &'a Cipher,
    /// The street.
    pub street: &'a str,
    /// The new id.
    pub id: ResidentId,
    /// In Shanghai.
    pub today: NaiveDate,
    /// UTC.
    pub now: NaiveDateTime,
    /// The book, in an import.
    pub import_id: Option<i64>,
}

/// The row of a new resident. A person without a document still lacks the
/// temporary number, and whether area and number are free is the caller's.
///
/// # Errors
/// Every wrong field at once.
pub fn build_row(maker: &Maker<'_>, input: &ResidentInput) -> AppResult<ResidentRow> {
    let mut refusals = Vec::new();
    let name = normalise::name(&input.name)
        .map_err(|e| refusals.push(Refusal::field("name", e.zh(), e.en())))
        .unwrap_or_default();
    let document =
        Document::parse(input.doc_kind, input.doc_no.as_deref().unwrap_or_default(), maker.today)
            .map_err(|e| refusals.push(Refusal::field("doc_no", e.zh(), e.en())))
            .ok();
    let phone = phone(input.phone.as_deref(), &mut refusals);
    let id = document.as_ref().and_then(Document::id);
    check_optional(&mut refusals, "mismatch_reason", input.mismatch_reason.as_deref());
    if let Some(id) = id
        && input.mismatch_reason.is_none()
    {
        refusals.extend(
            resident::mismatches(id, input.sex, input.birth_on)
                .into_iter()
                .map(|m| Refusal::field(m.field(), m.zh(), m.en())),
        );
    }
    let birth_on = input.birth_on.or_else(|| id.map(|id| id.birth_on()));
    refusals.extend(birth_fault(birth_on, document.is_some(), maker.today));
    AppError::refused_unless_empty(refusals)?;
    let document = document.unwrap_or_else(Document::nothing);
    let sex = input.sex.or_else(|| document.id().map(|id| id.sex())).unwrap_or(Sex::Unknown);
    let sound = pinyin::of_name(&name);
    let owner = maker.id.0;
    Ok(ResidentRow {
        id: maker.id,
        street_code: maker.street.to_owned(),
        unit_id: UnitId(owner),
        area_code: input.area_code.clone(),
        name_pinyin: sound.full,
        name_initials: sound.initials,
        name,
        sex: sex.number(),
        birth_on: birth_on.unwrap_or_default(),
        doc_kind: document.kind(),
        doc_no_enc: seal_opt(maker.cipher, DOC_NO, owner, document.number())?,
        doc_no_index: document.index_text().map(|text| maker.cipher.blind(DOC_INDEX, &text)),
        temp_no: None,
        phone_enc: phone
            .as_deref()
            .map(|phone| seal(maker.cipher, PHONE, owner, phone))
            .transpose()?,
        phone_index: phone.as_deref().map(|phone| maker.cipher.blind(PHONE_INDEX, phone)),
        ethnicity: input.ethnicity.map(|e| e.code().to_owned()),
        marital: input.marital,
        education: input.education,
        residence_status: input.residence_status,
        status: ResidentStatus::Active,
        merged_into: None,
        import_id: maker.import_id,
        version: 1,
        created_at: maker.now,
        updated_at: maker.now,
    })
}

/// A date of birth is known from the number or entered, and not in the future.
fn birth_fault(born: Option<NaiveDate>, has_document: bool, today: NaiveDate) -> Option<Refusal> {
    match born {
        // A refused number has been named; the missing date follows from it.
        None if has_document => {
            Some(Refusal::field("birth_on", "请填写出生日期。", "Enter the date of birth."))
        }
        Some(born) if born > today => Some(Refusal::field(
            "birth_on",
            "出生日期不能晚于今天。",
            "The date of birth must not be in the future.",
        )),
        _ => None,
    }
}

/// A telephone number in one form; an empty one is none.
pub(super) fn phone(text: Option<&str>, refusals: &mut Vec<Refusal>) -> Option<String> {
    let text = text.filter(|text| !text.trim().is_empty())?;
    resident::phone(text).map_err(|e| refusals.push(Refusal::field("phone", e.zh(), e.en()))).ok()
}
