//! Identity documents and their numbers (`domain.md` §2.2).

use chrono::NaiveDate;

use super::citizen_id::{CitizenId, IdError, IdForm};
use super::month::Month;
use super::normalise;

coded! {
    /// Kind of document: GA/T 517 where it has a code; `RP` and `00` are ours.
    DocKind {
        IdCard = "111", "居民身份证", "resident identity card";
        TemporaryId = "112", "临时居民身份证", "temporary identity card";
        Booklet = "113", "户口簿", "household register booklet";
        Officer = "114", "军官证", "military officer card";
        Police = "123", "警官证", "police officer card";
        Passport = "414", "普通护照", "passport";
        TaiwanPass = "511", "台湾居民来往大陆通行证", "travel permit for Taiwan residents";
        HongKongPass = "516", "港澳居民来往内地通行证", "travel permit for Hong Kong and Macao residents";
        PermanentResident = "553", "外国人永久居留身份证", "permanent resident card";
        ResidencePermit = "RP", "港澳台居民居住证", "residence permit for Hong Kong, Macao and Taiwan residents";
        Other = "990", "其他证件", "other document";
        Nothing = "00", "无证件", "no document";
    }
}

impl DocKind {
    /// Whether the number is a citizen ID number.
    #[must_use]
    pub const fn is_citizen(self) -> bool {
        matches!(self, DocKind::IdCard | DocKind::TemporaryId | DocKind::Booklet)
    }
}

/// A document with a number that has the form of its kind, or none.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    kind: DocKind,
    number: Option<String>,
    id: Option<CitizenId>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({:?}, …)", self.kind)
    }
}

/// Why a document number is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// An 18-character number that fails a check of GB 11643.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A valid number, but of another kind of card.
    #[error("the number belongs to another kind of document: {0:?}")]
    OtherKind(DocKind),
    /// Not the form of this kind of document.
    #[error("not the form of this document: {0:?}")]
    Format(DocKind),
    /// A number where the person has no document.
    #[error("a person without a document has no number")]
    NotNone,
}

impl DocumentError {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            DocumentError::Id(error) => error.zh(),
            DocumentError::OtherKind(kind) => {
                format!("这个号码是{}的号码,请改证件类型。", kind.zh())
            }
            DocumentError::Format(kind) => {
                format!("{}号码格式不对,例如 {}。", kind.zh(), example(*kind))
            }
            DocumentError::NotNone => "无证件人员不填证件号,请改证件类型或清空号码。".to_owned(),
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            DocumentError::Id(error) => error.en(),
            DocumentError::OtherKind(kind) => {
                format!("This number is that of a {}. Change the document type.", kind.en())
            }
            DocumentError::Format(kind) => {
                format!("Not the number of a {}, for example {}.", kind.en(), example(*kind))
            }
            DocumentError::NotNone => {
                "A person without a document has no number. Change the type or clear it.".to_owned()
            }
        }
    }
}

const fn example(kind: DocKind) -> &'static str {
    match kind {
        DocKind::Passport => "E12345678",
        DocKind::TaiwanPass => "01234567",
        DocKind::HongKongPass => "H01234567",
        DocKind::PermanentResident => "CHN320100000001",
        _ => "AB-123456",
    }
}

impl Document {
    /// A person without any document. The registry gives them a `temp_no`;
    /// a fake ID number is never built.
    #[must_use]
    pub const fn nothing() -> Document {
        Document { kind: DocKind::Nothing, number: None, id: None }
    }

    /// Reads a number of the given kind as people type it.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn parse(kind: DocKind, text: &str, today: NaiveDate) -> Result<Document, DocumentError> {
        let number = normalise::number(text);
        match kind {
            DocKind::Nothing if number.is_empty() => return Ok(Document::nothing()),
            DocKind::Nothing => return Err(DocumentError::NotNone),
            _ => {}
        }
        let shares_form = kind.is_citizen() || kind == DocKind::ResidencePermit;
        let new_card = kind == DocKind::PermanentResident && number.len() == 18;
        if shares_form || new_card {
            let id = CitizenId::parse(&number, today)?;
            return Document::of_id(kind, id);
        }
        if !has_form(kind, &number) {
            return Err(DocumentError::Format(kind));
        }
        Ok(Document { kind, number: Some(number), id: None })
    }

    fn of_id(kind: DocKind, id: CitizenId) -> Result<Document, DocumentError> {
        let fits = match id.form() {
            IdForm::Citizen => kind.is_citizen(),
            IdForm::ResidencePermit => kind == DocKind::ResidencePermit,
            IdForm::PermanentResident => kind == DocKind::PermanentResident,
        };
        if !fits {
            return Err(DocumentError::OtherKind(match id.form() {
                IdForm::Citizen => DocKind::IdCard,
                IdForm::ResidencePermit => DocKind::ResidencePermit,
                IdForm::PermanentResident => DocKind::PermanentResident,
            }));
        }
        Ok(Document { kind, number: Some(id.as_str().to_owned()), id: Some(id) })
    }

    /// Reads an 18-character number and takes the kind from it.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn from_id(text: &str, today: NaiveDate) -> Result<Document, DocumentError> {
        let id = CitizenId::parse(text, today)?;
        let kind = match id.form() {
            IdForm::Citizen => DocKind::IdCard,
            IdForm::ResidencePermit => DocKind::ResidencePermit,
            IdForm::PermanentResident => DocKind::PermanentResident,
        };
        Document::of_id(kind, id)
    }

    /// The kind of document.
    #[must_use]
    pub const fn kind(&self) -> DocKind {
        self.kind
    }

    /// The number, if there is one.
    #[must_use]
    pub fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }

    /// The number as a citizen ID (also of a permit that shares the form).
    #[must_use]
    pub const fn id(&self) -> Option<&CitizenId> {
        self.id.as_ref()
    }

    /// What the blind index is computed over: one person has one number
    /// whatever card shows it, other documents are told apart by their kind.
    #[must_use]
    pub fn index_text(&self) -> Option<String> {
        let number = self.number.as_deref()?;
        Some(match self.id {
            Some(_) => number.to_owned(),
            None => format!("{}:{number}", self.kind.code()),
        })
    }
}

fn has_form(kind: DocKind, number: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let alnum = |s: &str| s.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    match kind {
        // Chinese passports have 9 characters, foreign ones 5 to 12.
        DocKind::Passport => (5..=12).contains(&number.len()) && alnum(number),
        DocKind::TaiwanPass => number.len() == 8 && digits(number),
        DocKind::HongKongPass => match number.strip_prefix(['H', 'M']) {
            Some(rest) => matches!(rest.len(), 8 | 10) && digits(rest),
            None => false,
        },
        DocKind::PermanentResident => {
            number.len() == 15
                && number.get(..3).is_some_and(|p| p.bytes().all(|b| b.is_ascii_uppercase()))
                && number.get(3..).is_some_and(digits)
        }
        _ => {
            let length = number.chars().count();
            (2..=30).contains(&length) && number.chars().all(char::is_alphanumeric)
        }
    }
}

/// The registry's own number for a person without a document:
/// `T` + street + year and month + serial, grouped by hyphens so that it can
/// never be taken for an ID number.
#[must_use]
pub fn temp_no(street: &str, month: Month, serial: u32) -> String {
    format!("T{street}-{:04}{:02}-{serial:04}", month.year(), month.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_their_form() {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        let ok = |kind, text: &str| {
            Document::parse(kind, text, today).map(|d| d.number().map(str::to_owned))
        };
        let some = |s: &str| Ok(Some(s.to_owned()));
        assert_eq!(ok(DocKind::IdCard, "３２０８９９194901010010"), some("320899194901010010"));
        assert_eq!(ok(DocKind::Passport, " e1234 5678"), some("E12345678"));
        assert_eq!(ok(DocKind::TaiwanPass, "01234567"), some("01234567"));
        assert_eq!(ok(DocKind::HongKongPass, "h01234567"), some("H01234567"));
        assert_eq!(ok(DocKind::PermanentResident, "CHN320100000001"), some("CHN320100000001"));
        assert_eq!(
            ok(DocKind::PermanentResident, "932156194901010018"),
            some("932156194901010018")
        );
        assert_eq!(ok(DocKind::ResidencePermit, "810000190001010018"), some("810000190001010018"));
        assert_eq!(ok(DocKind::Nothing, " "), Ok(None));
        assert_eq!(ok(DocKind::Nothing, "1"), Err(DocumentError::NotNone));
        assert_eq!(
            ok(DocKind::IdCard, "810000190001010018"),
            Err(DocumentError::OtherKind(DocKind::ResidencePermit))
        );
        assert_eq!(
            ok(DocKind::IdCard, "320899194901010011"),
            Err(DocumentError::Id(IdError::Checksum))
        );
        assert_eq!(
            ok(DocKind::HongKongPass, "A1"),
            Err(DocumentError::Format(DocKind::HongKongPass))
        );
    }

    #[test]
    fn a_temporary_number_is_never_like_an_id_number() {
        let month = Month::new(2023, 9).expect("a month");
        let number = temp_no("320899001", month, 12);
        assert_eq!(number, "T320899001-202309-0012");
        assert_eq!(number.split('-').map(str::len).max(), Some(10));
    }
}
