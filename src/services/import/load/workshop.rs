//! A resident's row made from its cells: checked, sealed, indexed. Nothing here
//! touches the database.

use crate::domain::code_table::{Education, Ethnicity, Marital, ResidenceStatus, Sex};
use crate::domain::document::DocKind;
use crate::domain::ids::ResidentId;
use crate::domain::resident::ResidentStatus;
use crate::error::AppError;
use crate::services::import::person::{PersonKey, temporary};
use crate::services::import::rows::Row;
use crate::services::resident::{Maker, ResidentInput, build_row};
use crate::store::Cipher;
use crate::store::resident::ResidentRow;

/// A row as the reading thread prepared it.
pub(super) struct Prepared {
    pub row: Row,
    pub made: Option<Box<ResidentRow>>,
    pub key: Option<PersonKey>,
}

/// What a resident's row is made with, besides the row.
pub(super) struct Workshop<'a> {
    pub cipher: &'a Cipher,
    pub store: &'a crate::store::Store,
    pub street: String,
    pub today: chrono::NaiveDate,
    pub now: chrono::NaiveDateTime,
    pub import_id: i64,
}

impl Workshop<'_> {
    /// Checks a row's own fields, seals and indexes: the costly part, done
    /// beside the database.
    pub(super) fn prepare(&self, mut row: Row) -> Prepared {
        let input = input_of(&mut row);
        let number = match input.doc_kind {
            DocKind::Nothing => self.temporary_no(&mut row),
            _ => None,
        };
        let maker = Maker {
            cipher: self.cipher,
            street: &self.street,
            id: ResidentId(self.store.next_id()),
            today: self.today,
            now: self.now,
            import_id: Some(self.import_id),
        };
        let mut made = match build_row(&maker, &input) {
            Ok(made) => Some(Box::new(made)),
            Err(AppError::Refused(refusals)) => {
                let sound = row.is_sound();
                for refusal in refusals {
                    // A cell that could not be read has said so already.
                    if sound || !is_named(&refusal, &row) {
                        row.refusal(refusal);
                    }
                }
                None
            }
            Err(other) => {
                row.fault("", other.to_string(), other.to_string());
                None
            }
        };
        if let Some(made) = made.as_deref_mut() {
            made.temp_no = number;
            if let Some(status) = row.code("status", ResidentStatus::from_code) {
                made.status = status;
            }
            if made.status == ResidentStatus::Merged {
                row.fault("status", "不能导入已合并的居民。", "A merged resident is not imported.");
            }
        }
        let key = match made.as_deref() {
            Some(made) => match (&made.doc_no_index, &made.temp_no) {
                (Some(index), _) => Some(PersonKey::of_index(index)),
                (None, Some(number)) => Some(PersonKey::of_temporary(self.cipher, number)),
                _ => None,
            },
            None => input.doc_no.as_deref().map(|no| PersonKey::of_document(self.cipher, no)),
        };
        Prepared { row, made, key }
    }

    fn temporary_no(&self, row: &mut Row) -> Option<String> {
        let number = row.text("temp_no").and_then(temporary);
        if number.is_none() {
            row.fault(
                "temp_no",
                format!("没有证件的人必须有临时编号,如 T{}-202309-0001。", self.street),
                format!(
                    "A person without a document needs a temporary number such as \
                         T{}-202309-0001.",
                    self.street
                ),
            );
        }
        number
    }
}

/// Whether the refusal is about a column that is empty because its cell was
/// wrong.
fn is_named(refusal: &crate::error::Refusal, row: &Row) -> bool {
    match &refusal.place {
        Some(crate::error::Place::Field(field)) => row.has_fault(field),
        _ => false,
    }
}

fn input_of(row: &mut Row) -> ResidentInput {
    let doc_no = row.owned("doc_no");
    let kind = row.code("doc_kind", DocKind::from_code);
    let doc_kind = kind.unwrap_or_else(|| kind_of(doc_no.as_deref(), row.text("temp_no")));
    ResidentInput {
        area_code: row.owned("area").unwrap_or_default(),
        name: row.owned("name").unwrap_or_default(),
        doc_kind,
        doc_no,
        sex: row.code("sex", Sex::from_code),
        birth_on: row.date("birth_on"),
        mismatch_reason: row.owned("mismatch"),
        phone: row.owned("phone"),
        ethnicity: row.code("ethnicity", Ethnicity::parse),
        marital: row.code("marital", Marital::from_code),
        education: row.code("education", Education::from_code),
        residence_status: row
            .code("residence_status", ResidenceStatus::from_code)
            .unwrap_or(ResidenceStatus::Here),
    }
}

/// The kind of document where the book does not say.
fn kind_of(number: Option<&str>, temporary: Option<&str>) -> DocKind {
    match number {
        None if temporary.is_some() => DocKind::Nothing,
        Some(number)
            if number.starts_with("81") || number.starts_with("82") || number.starts_with("83") =>
        {
            DocKind::ResidencePermit
        }
        Some(number) if number.len() == 18 && number.starts_with('9') => DocKind::PermanentResident,
        _ => DocKind::IdCard,
    }
}
