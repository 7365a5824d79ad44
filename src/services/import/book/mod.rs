//! The book 工作簿: which sheets it has, which columns, and what may stand in
//! them. The template, the reader, the sheet of errors and the export all go by
//! this one description.
//!
//! Records refer to each other by the office's own numbers (户号, 证件号, 案号),
//! never by ids.

mod codes;
mod sheets;

pub use codes::CodeList;
pub use sheets::{
    ACCOUNT, AREA, AWARD, CERTIFICATE, DECISION, EVENT, FACT, GUARDIAN, HOUSEHOLD, MEMBER, OPENING,
    RESIDENT, SHEETS, START, TEMP_CASE, VISIT, VISIT_PERSON,
};

/// Cells of the explanation row begin with this character; the reader skips
/// such a row wherever it stands.
pub const EXPLAINS: char = '※';

/// Header of the column that the reader ignores and the error book adds.
pub const ERRORS_ZH: &str = "错误";
/// The same in English.
pub const ERRORS_EN: &str = "Errors";

/// Sheets that hold nothing to read.
pub const IGNORED_SHEETS: [&str; 3] = ["说明", "代码表", "README"];

/// What may stand in a column.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text of up to this many characters, without personal numbers in it.
    Text(usize),
    /// A number of the office's own (户号, 案号, 文号): text that may hold any
    /// digits, up to this many characters.
    Number(usize),
    /// A person's name.
    Name,
    /// The number of an identity document, as text.
    Document,
    /// Whom the row is about: document number or temporary number.
    Person,
    /// A bank account, as text.
    Account,
    /// A disability certificate, as text.
    Certificate,
    /// A telephone number.
    Phone,
    /// An area code.
    Area,
    /// A day.
    Date,
    /// A month.
    Month,
    /// An amount in yuan.
    Money,
    /// A whole number from 0 to this.
    Count(u32),
    /// 是 or 否.
    Flag,
    /// A value of a closed list.
    Code(&'static CodeList),
}

impl Kind {
    /// Whether a spreadsheet must keep the cell as text, or it loses digits.
    #[must_use]
    pub const fn is_digits(self) -> bool {
        matches!(
            self,
            Kind::Document
                | Kind::Person
                | Kind::Account
                | Kind::Certificate
                | Kind::Phone
                | Kind::Area
                | Kind::Number(_)
        )
    }
}

/// One column of a sheet.
#[derive(Debug)]
pub struct Column {
    /// Chinese header.
    pub zh: &'static str,
    /// English key: header of a book made by a program.
    pub key: &'static str,
    /// What may stand in it.
    pub kind: Kind,
    /// Whether a new record needs it.
    pub required: bool,
    /// What the explanation row says.
    pub help: &'static str,
}

/// One sheet: one register.
#[derive(Debug)]
pub struct Sheet {
    /// Name of the sheet, and of its CSV file.
    pub zh: &'static str,
    /// English key.
    pub key: &'static str,
    /// What it holds.
    pub help: &'static str,
    /// Its columns.
    pub columns: &'static [Column],
}

impl Sheet {
    /// The sheet of this name (Chinese or English).
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Sheet> {
        let name = name.trim();
        SHEETS
            .iter()
            .copied()
            .find(|sheet| sheet.zh == name || sheet.key.eq_ignore_ascii_case(name))
    }

    /// Position of the column with this header (Chinese or English).
    #[must_use]
    pub fn column_at(&self, header: &str) -> Option<usize> {
        let header = header.trim().trim_end_matches('*');
        self.columns.iter().position(|c| c.zh == header || c.key.eq_ignore_ascii_case(header))
    }

    /// The Chinese header of a key; the key itself if there is none.
    #[must_use]
    pub fn header_of(&self, key: &str) -> &str {
        self.columns.iter().find(|c| c.key == key).map_or(self.zh, |c| c.zh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for sheet in SHEETS {
            assert!(std::ptr::eq(Sheet::find(sheet.zh).expect("zh"), *sheet));
            assert!(std::ptr::eq(Sheet::find(sheet.key).expect("key"), *sheet));
            for (at, column) in sheet.columns.iter().enumerate() {
                assert_eq!(sheet.column_at(column.zh), Some(at), "{}!{}", sheet.zh, column.zh);
                assert_eq!(sheet.column_at(column.key), Some(at), "{}!{}", sheet.key, column.key);
                if let Kind::Code(list) = column.kind {
                    for (code, zh, _) in (list.values)() {
                        assert_eq!((list.parse)(zh), Some(code), "{}", column.key);
                        assert_eq!((list.parse)(code), Some(code), "{}", column.key);
                        assert_eq!((list.name)(code), Some(zh), "{}", column.key);
                    }
                }
            }
        }
    }
}
