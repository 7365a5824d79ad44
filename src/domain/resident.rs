//! Residents: what is checked about a person's own fields.

use chrono::NaiveDate;

use super::citizen_id::CitizenId;
use super::code_table::Sex;
use super::normalise;

coded! {
    /// State of a resident's record.
    ResidentStatus {
        Active = "active", "在册", "on the register";
        Dead = "dead", "死亡", "dead";
        Left = "left", "迁出", "moved away";
        Merged = "merged", "已合并", "merged into another record";
    }
}

coded! {
    /// A group of fields that can be taken from the record that ends.
    MergeField {
        Name = "name", "姓名", "name";
        Document = "document", "证件", "document";
        Birth = "birth", "出生日期和性别", "date of birth and sex";
        Phone = "phone", "联系电话", "telephone";
        Area = "area", "所在区划", "area";
        Status = "residence", "居住状态", "residence";
        Personal = "personal", "民族、婚姻、文化程度", "ethnicity, marital status, education";
    }
}

/// A telephone number that cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a telephone number: {0} digits")]
pub struct PhoneError(pub usize);

impl PhoneError {
    /// What to do, in Chinese (`ux.md` M-13).
    #[must_use]
    pub fn zh(self) -> String {
        format!("联系电话应为 11 位手机号或带区号的座机,现在是 {} 位。", self.0)
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(self) -> String {
        format!(
            "Enter an 11-digit mobile number or a landline with area code. You entered {} digits.",
            self.0
        )
    }
}

/// A telephone number in one form: digits only, without +86.
///
/// # Errors
/// [`PhoneError`]: neither 11 digits starting with 1 nor a landline with its
/// area code (10 to 12 digits starting with 0).
pub fn phone(text: &str) -> Result<String, PhoneError> {
    let compact = normalise::number(text);
    let digits = compact.strip_prefix("+86").unwrap_or(&compact);
    let digits: String = digits.chars().filter(|c| !matches!(c, '(' | ')')).collect();
    let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
    let mobile = digits.len() == 11 && digits.starts_with('1');
    let landline = (10..=12).contains(&digits.len()) && digits.starts_with('0');
    if all_digits && (mobile || landline) {
        Ok(digits)
    } else {
        Err(PhoneError(digits.chars().filter(char::is_ascii_digit).count()))
    }
}

/// A field that says something else than the ID number (`ux.md` M-10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Date of birth.
    #[error("the date of birth differs from the ID number ({0})")]
    Birth(NaiveDate),
    /// Sex.
    #[error("the sex differs from the ID number ({0:?})")]
    Sex(Sex),
}

impl Mismatch {
    /// The field.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Mismatch::Birth(_) => "birth_on",
            Mismatch::Sex(_) => "sex",
        }
    }

    /// What to do, in Chinese.
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            Mismatch::Birth(born) => {
                format!("出生日期与身份证号({born})不一致。请选择以哪个为准,并写明原因。")
            }
            Mismatch::Sex(sex) => {
                format!("性别与身份证号({})不一致。请选择以哪个为准,并写明原因。", sex.zh())
            }
        }
    }

    /// What to do, in English.
    #[must_use]
    pub fn en(self) -> String {
        match self {
            Mismatch::Birth(born) => format!(
                "The date of birth differs from the ID number ({born}). Choose which is right \
                 and give a reason."
            ),
            Mismatch::Sex(sex) => format!(
                "The sex differs from the ID number ({}). Choose which is right and give a reason.",
                sex.en()
            ),
        }
    }
}

/// Where the fields differ from the number.
#[must_use]
pub fn mismatches(id: &CitizenId, sex: Option<Sex>, born: Option<NaiveDate>) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if born.is_some_and(|born| born != id.birth_on()) {
        found.push(Mismatch::Birth(id.birth_on()));
    }
    if sex.is_some_and(|sex| matches!(sex, Sex::Male | Sex::Female) && sex != id.sex()) {
        found.push(Mismatch::Sex(id.sex()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_take_one_form() {
        assert_eq!(phone("138 0000 1234"), Ok("13800001234".to_owned()));
        assert_eq!(phone("+86-138-0000-1234"), Ok("13800001234".to_owned()));
        assert_eq!(phone("(0517) 8390-0000"), Ok("051783900000".to_owned()));
        assert_eq!(phone("1380000123"), Err(PhoneError(10)));
        assert_eq!(phone("8390000"), Err(PhoneError(7)));
    }

    #[test]
    fn the_number_says_birth_and_sex() {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        let id = CitizenId::parse("320899194901010010", today).expect("valid");
        assert_eq!(mismatches(&id, Some(Sex::Male), Some(id.birth_on())), vec![]);
        assert_eq!(mismatches(&id, Some(Sex::Unknown), None), vec![]);
        assert_eq!(
            mismatches(&id, Some(Sex::Female), Some(today)),
            vec![Mismatch::Birth(id.birth_on()), Mismatch::Sex(Sex::Male)]
        );
    }
}
