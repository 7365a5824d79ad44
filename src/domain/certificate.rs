//! Disability certificates 残疾人证 (`domain.md` §5.1).

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::citizen_id::{CitizenId, IdError};
use super::normalise;

coded! {
    /// Category, GB/T 26341-2010.
    Category {
        Sight = "1", "视力", "visual";
        Hearing = "2", "听力", "hearing";
        Speech = "3", "言语", "speech";
        Body = "4", "肢体", "physical";
        Intellect = "5", "智力", "intellectual";
        Mental = "6", "精神", "mental";
        Multiple = "7", "多重", "multiple";
    }
}

coded! {
    /// Grade: 1 is the most severe.
    Grade {
        G1 = "1", "一级", "grade 1";
        G2 = "2", "二级", "grade 2";
        G3 = "3", "三级", "grade 3";
        G4 = "4", "四级", "grade 4";
    }
}

impl Grade {
    /// 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Grade::G1 => 1,
            Grade::G2 => 2,
            Grade::G3 => 3,
            Grade::G4 => 4,
        }
    }
}

/// One part of a multiple disability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Never [`Category::Multiple`].
    pub category: Category,
    /// Its own grade.
    pub grade: Grade,
}

/// What a certificate says about health: encrypted wherever it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateDetail {
    /// Category on the face of the certificate.
    pub category: Category,
    /// Grade on the face: for a multiple disability that of the most severe part.
    pub grade: Grade,
    /// The parts of a multiple disability; otherwise empty.
    #[serde(default)]
    pub parts: Vec<Part>,
}

impl CertificateDetail {
    /// 重度: grade 1–2 (whether 三级智力/精神 counts is the policy's).
    #[must_use]
    pub const fn is_severe(&self) -> bool {
        matches!(self.grade, Grade::G1 | Grade::G2)
    }

    /// Whether the certificate names `category`, alone or as a part.
    #[must_use]
    pub fn has(&self, category: Category) -> bool {
        self.category == category || self.parts.iter().any(|p| p.category == category)
    }
}

/// A certificate number that agrees with its owner and with what it certifies:
/// ID number (18) + category (1) + grade (1), replacements add `B1`, `B2` ….
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateNo(String);

impl std::fmt::Debug for CertificateNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertificateNo(…)")
    }
}

/// Why a certificate is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not 20 digits, with B and a number after a replacement.
    #[error("a certificate number has 20 characters, not {0}")]
    Length(usize),
    /// The first 18 characters are not a valid ID number.
    #[error("the ID number inside the certificate number: {0}")]
    Id(#[from] IdError),
    /// The 19th digit is no category or the 20th no grade.
    #[error("no such category or grade")]
    Digits,
    /// The number was issued to somebody else.
    #[error("the number belongs to another person")]
    OtherPerson,
    /// Category or grade differ from the number.
    #[error("category or grade differ from the number")]
    Disagrees,
    /// A multiple disability needs at least two different parts, the others none.
    #[error("parts of a multiple disability")]
    Parts,
    /// The grade of a multiple disability is that of its most severe part.
    #[error("grade of a multiple disability")]
    PartGrade,
    /// Ends before it begins.
    #[error("valid_to lies before issued_on")]
    Dates,
}

impl CertificateError {
    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            CertificateError::Length(n) => {
                format!("残疾人证号应为 20 位(换证后加 B1、B2),现在是 {n} 位。")
            }
            CertificateError::Id(error) => format!("残疾人证号的前 18 位:{}", error.zh()),
            CertificateError::Digits => {
                "残疾人证号第 19 位应为类别 1–7,第 20 位应为等级 1–4。".to_owned()
            }
            CertificateError::OtherPerson => "残疾人证号的前 18 位不是本人的身份证号。".to_owned(),
            CertificateError::Disagrees => "残疾类别、等级与证号最后两位不一致。".to_owned(),
            CertificateError::Parts => {
                "多重残疾要列出至少两类残疾及等级;其他类别不填分项。".to_owned()
            }
            CertificateError::PartGrade => "多重残疾的等级应等于其中最重一类的等级。".to_owned(),
            CertificateError::Dates => "有效期止不能早于发证日期。".to_owned(),
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(&self) -> String {
        match self {
            CertificateError::Length(n) => format!(
                "A certificate number has 20 characters (then B1, B2 after a replacement). \
                 You entered {n}."
            ),
            CertificateError::Id(error) => format!("First 18 characters: {}", error.en()),
            CertificateError::Digits => {
                "The 19th digit must be a category 1–7, the 20th a grade 1–4.".to_owned()
            }
            CertificateError::OtherPerson => {
                "The certificate number begins with another person's ID number.".to_owned()
            }
            CertificateError::Disagrees => {
                "Category or grade differ from the last digits of the number.".to_owned()
            }
            CertificateError::Parts => "A multiple disability lists at least two different \
                 parts with grades; other categories list none."
                .to_owned(),
            CertificateError::PartGrade => {
                "The grade of a multiple disability is that of its most severe part.".to_owned()
            }
            CertificateError::Dates => "Valid to must not lie before the date of issue.".to_owned(),
        }
    }
}

impl CertificateNo {
    /// Reads a number and what it says.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn parse(
        text: &str,
        today: NaiveDate,
    ) -> Result<(CertificateNo, CitizenId, Category, Grade), CertificateError> {
        let number = normalise::number(text);
        let length = number.chars().count();
        let (base, suffix) = number
            .char_indices()
            .nth(20)
            .map_or((number.as_str(), ""), |(at, _)| number.split_at(at));
        let replaced = suffix
            .strip_prefix('B')
            .is_some_and(|n| matches!(n.len(), 1 | 2) && n.bytes().all(|b| b.is_ascii_digit()));
        if base.chars().count() != 20 || !(suffix.is_empty() || replaced) {
            return Err(CertificateError::Length(length));
        }
        let split = base.char_indices().nth(18).map_or(base.len(), |(at, _)| at);
        let (id, digits) = base.split_at(split);
        let id = CitizenId::parse(id, today)?;
        let mut digits = digits.chars().map(String::from);
        let category = digits.next().and_then(|d| Category::from_code(&d));
        let grade = digits.next().and_then(|d| Grade::from_code(&d));
        match (category, grade) {
            (Some(category), Some(grade)) => {
                Ok((CertificateNo(number.clone()), id, category, grade))
            }
            _ => Err(CertificateError::Digits),
        }
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks a certificate against its owner's number and its own fields.
///
/// # Errors
/// The first [`CertificateError`].
pub fn check(
    number: &str,
    owner: Option<&CitizenId>,
    detail: &CertificateDetail,
    today: NaiveDate,
) -> Result<CertificateNo, CertificateError> {
    let (number, id, category, grade) = CertificateNo::parse(number, today)?;
    if owner.is_some_and(|owner| *owner != id) {
        return Err(CertificateError::OtherPerson);
    }
    if category != detail.category || grade != detail.grade {
        return Err(CertificateError::Disagrees);
    }
    check_parts(detail)?;
    Ok(number)
}

fn check_parts(detail: &CertificateDetail) -> Result<(), CertificateError> {
    if detail.category != Category::Multiple {
        return if detail.parts.is_empty() { Ok(()) } else { Err(CertificateError::Parts) };
    }
    let mut categories: Vec<Category> = detail.parts.iter().map(|p| p.category).collect();
    categories.sort_unstable();
    categories.dedup();
    let distinct = categories.len() == detail.parts.len() && categories.len() >= 2;
    if !distinct || categories.contains(&Category::Multiple) {
        return Err(CertificateError::Parts);
    }
    match detail.parts.iter().map(|p| p.grade).min() {
        Some(grade) if grade == detail.grade => Ok(()),
        _ => Err(CertificateError::PartGrade),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(category: Category, grade: Grade, parts: &[(Category, Grade)]) -> CertificateDetail {
        let parts = parts.iter().map(|&(category, grade)| Part { category, grade }).collect();
        CertificateDetail { category, grade, parts }
    }

    #[test]
    fn derived_digits_agree_with_the_fields() {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        let owner = CitizenId::parse("320899194901010010", today).expect("valid");
        let other = CitizenId::parse("320899201506150024", today).expect("valid");
        let mental2 = detail(Category::Mental, Grade::G2, &[]);
        let run = |n: &str, o: &CitizenId, d| check(n, Some(o), d, today).map(|n| n.0);
        assert_eq!(
            run("32089919490101001062", &owner, &mental2),
            Ok("32089919490101001062".to_owned())
        );
        assert_eq!(
            run("32089919490101001062 b1", &owner, &mental2),
            Ok("32089919490101001062B1".to_owned())
        );
        assert_eq!(
            run("32089919490101001062", &other, &mental2),
            Err(CertificateError::OtherPerson)
        );
        assert_eq!(run("32089919490101001063", &owner, &mental2), Err(CertificateError::Disagrees));
        assert_eq!(run("32089919490101001092", &owner, &mental2), Err(CertificateError::Digits));
        assert_eq!(run("3208991949010100106", &owner, &mental2), Err(CertificateError::Length(19)));
        assert_eq!(
            run("32089919490101001162", &owner, &mental2),
            Err(CertificateError::Id(IdError::Checksum))
        );
    }

    #[test]
    fn a_multiple_disability_takes_the_most_severe_grade() {
        let (body, sight) = ((Category::Body, Grade::G3), (Category::Sight, Grade::G1));
        assert_eq!(check_parts(&detail(Category::Multiple, Grade::G1, &[body, sight])), Ok(()));
        assert_eq!(
            check_parts(&detail(Category::Multiple, Grade::G3, &[body, sight])),
            Err(CertificateError::PartGrade)
        );
        assert_eq!(
            check_parts(&detail(Category::Multiple, Grade::G3, &[body])),
            Err(CertificateError::Parts)
        );
        assert_eq!(
            check_parts(&detail(Category::Body, Grade::G3, &[body])),
            Err(CertificateError::Parts)
        );
    }
}
