//! One cell: what the file holds, and what it means in its column.

use chrono::{NaiveDate, NaiveDateTime};

use super::book::{Column, Kind};
use super::person::PersonRef;
use super::when;
use crate::domain::account::AccountNo;
use crate::domain::area::AreaCode;
use crate::domain::certificate::CertificateNo;
use crate::domain::citizen_id::CitizenId;
use crate::domain::money::{Fen, MoneyError};
use crate::domain::month::Month;
use crate::domain::{normalise, resident};

/// What a file holds in a cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text.
    Text(String),
    /// A number as a spreadsheet keeps it: at most 15 digits are exact.
    Number(f64),
    /// A cell formatted as a date.
    Date(NaiveDateTime),
    /// A logical value.
    Flag(bool),
    /// An error such as `#REF!`, or a formula that was never computed.
    Broken(String),
}

impl Cell {
    /// A text cell, empty if the text is.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Cell {
        let text = text.into();
        if text.is_empty() { Cell::Empty } else { Cell::Text(text) }
    }

    /// Nothing, or nothing but spaces.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// What a person sees in the cell.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Cell::Empty => String::new(),
            Cell::Text(text) | Cell::Broken(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
            Cell::Date(at) => at.date().to_string(),
            Cell::Flag(flag) => if *flag { "是" } else { "否" }.to_owned(),
        }
    }
}

/// What a cell means.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text in its one form.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// A month.
    Month(Month),
    /// An amount.
    Money(Fen),
    /// A whole number.
    Count(i32),
    /// Yes or no.
    Flag(bool),
    /// A code of the column's list.
    Code(&'static str),
    /// Whom the row is about.
    Person(PersonRef),
}

/// What is wrong with a cell and what to do, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Wrong {
    /// Both texts.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Wrong {
        Wrong { zh: zh.into(), en: en.into() }
    }
}

/// A remark about a value that was taken all the same.
pub(crate) type Remark = Option<Wrong>;

/// From here on a spreadsheet's number has lost digits.
const EXACT_BELOW: f64 = 1e15;

/// Reads a cell by its column. `Ok(None)` is an empty cell.
///
/// # Errors
/// What is wrong and what to do.
pub(crate) fn read(
    cell: &Cell,
    column: &Column,
    today: NaiveDate,
) -> Result<(Option<Value>, Remark), Wrong> {
    if cell.is_blank() {
        return Ok((None, None));
    }
    if let Cell::Broken(text) = cell {
        return Err(Wrong::new(
            format!("单元格是错误值 {text},请改成实际内容。"),
            format!("The cell holds the error {text}. Enter the value itself."),
        ));
    }
    check_digits(cell, column.kind)?;
    let text = cell.shown();
    let plain = |value| Ok((Some(value), None));
    match column.kind {
        Kind::Text(max) => free_text(&text, max).map(|t| (Some(Value::Text(t)), None)),
        Kind::Number(max) => number_text(&text, max).map(|t| (Some(Value::Text(t)), None)),
        Kind::Name => match normalise::name(&text) {
            Ok(name) => plain(Value::Text(name)),
            Err(error) => Err(Wrong::new(error.zh(), error.en())),
        },
        Kind::Document => document(&text, today),
        Kind::Person => {
            let (person, remark) = PersonRef::parse(&text, today)?;
            Ok((Some(Value::Person(person)), remark))
        }
        Kind::Account => match AccountNo::parse(&text) {
            Ok(number) if number.luhn_ok() => plain(Value::Text(number.as_str().to_owned())),
            Ok(number) => Ok((Some(Value::Text(number.as_str().to_owned())), Some(luhn()))),
            Err(error) => Err(Wrong::new(error.zh(), error.en())),
        },
        Kind::Certificate => match CertificateNo::parse(&text, today) {
            Ok((number, ..)) => plain(Value::Text(number.as_str().to_owned())),
            Err(error) => Err(Wrong::new(error.zh(), error.en())),
        },
        Kind::Phone => match resident::phone(&text) {
            Ok(phone) => plain(Value::Text(phone)),
            Err(error) => Err(Wrong::new(error.zh(), error.en())),
        },
        Kind::Area => match AreaCode::parse(&text) {
            Ok(code) => plain(Value::Text(code.as_str().to_owned())),
            Err(error) => Err(Wrong::new(error.zh(), error.en())),
        },
        Kind::Date => when::date(cell, &text).map(|d| (Some(Value::Date(d)), None)),
        Kind::Month => when::month(cell, &text).map(|m| (Some(Value::Month(m)), None)),
        Kind::Money => money(&text).map(|m| (Some(Value::Money(m)), None)),
        Kind::Count(max) => count(&text, max).map(|n| (Some(Value::Count(n)), None)),
        Kind::Flag => flag(&text).map(|f| (Some(Value::Flag(f)), None)),
        Kind::Code(list) => match (list.parse)(&normalise_code(&text)) {
            Some(code) => plain(Value::Code(code)),
            None => Err(unknown_code(&text, list)),
        },
    }
}

fn unknown_code(text: &str, list: &super::book::CodeList) -> Wrong {
    let values = (list.values)();
    let some = values.iter().take(12).map(|v| v.1).collect::<Vec<_>>().join("、");
    let more = if values.len() > 12 { "……(见“代码表”)" } else { "" };
    let short: String = text.chars().take(20).collect();
    Wrong::new(
        format!("“{short}”不在{}代码表里。可填:{some}{more}。", list.zh),
        format!("\"{short}\" is not in the code table. Allowed: {some}{more}."),
    )
}

fn normalise_code(text: &str) -> String {
    text.trim().chars().map(normalise::narrow).collect()
}

/// A number cell in a column of long numbers has lost its last digits.
fn check_digits(cell: &Cell, kind: Kind) -> Result<(), Wrong> {
    if !kind.is_digits() {
        return Ok(());
    }
    let lost = match cell {
        Cell::Number(number) => number.abs() >= EXACT_BELOW,
        Cell::Text(text) => is_scientific(text),
        Cell::Date(_) | Cell::Flag(_) => {
            return Err(Wrong::new(
                "这一列应为文本,现在是日期或逻辑值。请把列设为文本格式后重新填写。",
                "This column takes text, the cell is a date or a logical value. Format the \
                 column as text and enter it again.",
            ));
        }
        _ => false,
    };
    if lost {
        return Err(Wrong::new(
            "号码被表格软件存成了数字,后几位已丢失。请把列设为文本格式,对照证件重新填写。",
            "The spreadsheet stored the number as a figure and lost its last digits. Format the \
             column as text and enter the number again from the document.",
        ));
    }
    Ok(())
}

/// `3.20899E+17`: how a spreadsheet writes a long number into CSV.
fn is_scientific(text: &str) -> bool {
    let text = text.trim();
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let whole = mantissa.split_once('.').map_or(digits(mantissa), |(a, b)| digits(a) && digits(b));
    whole && digits(exponent) && mantissa.contains('.')
}

fn free_text(text: &str, max: usize) -> Result<String, Wrong> {
    let text = number_text(text, max)?;
    match normalise::personal_run(&text) {
        Some(run) => Err(Wrong::new(run.zh(), run.en())),
        None => Ok(text),
    }
}

fn number_text(text: &str, max: usize) -> Result<String, Wrong> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Wrong::new(
            "文字里有控制字符,请重新输入。",
            "The text holds control characters. Type it again.",
        ));
    }
    let length = text.chars().count();
    if length > max {
        return Err(Wrong::new(
            format!("不能超过 {max} 个字,现在是 {length} 个。"),
            format!("At most {max} characters; this has {length}."),
        ));
    }
    Ok(text.to_owned())
}

/// A document number: old 15-digit numbers become 18 digits and are remarked.
fn document(text: &str, today: NaiveDate) -> Result<(Option<Value>, Remark), Wrong> {
    let number = normalise::number(text);
    if number.chars().count() > 40 {
        return Err(Wrong::new("证件号码太长。", "The document number is too long."));
    }
    if number.len() == 15 && number.bytes().all(|b| b.is_ascii_digit()) {
        let id = CitizenId::from_15(&number, today)
            .map_err(|error| Wrong::new(error.zh(), error.en()))?;
        return Ok((Some(Value::Text(id.as_str().to_owned())), Some(converted())));
    }
    Ok((Some(Value::Text(number)), None))
}

pub(super) fn converted() -> Wrong {
    Wrong::new(
        "15 位旧身份证号已换成 18 位,请核对。",
        "The old 15-digit number was converted to 18 digits. Please compare.",
    )
}

fn luhn() -> Wrong {
    Wrong::new(
        "银行卡号最后一位校验不通过,请核对(存折账号可忽略)。",
        "The last digit of the card number does not match. Compare it (ignore for passbooks).",
    )
}

fn money(text: &str) -> Result<Fen, Wrong> {
    let text = text.trim().trim_start_matches(['¥', '￥']).trim_end_matches('元');
    match Fen::parse_yuan(text) {
        Ok(fen) if fen >= Fen::ZERO => Ok(fen),
        Ok(_) => Err(Wrong::new("金额不能为负数。", "An amount must not be negative.")),
        Err(MoneyError::NotANumber) => Err(Wrong::new(
            "金额应为数字,单位元,如 808.00。",
            "An amount is a number of yuan, for example 808.00.",
        )),
        Err(MoneyError::TooPrecise) => Err(Wrong::new(
            "金额最多两位小数(精确到分)。",
            "An amount has at most two decimals (fen).",
        )),
        Err(MoneyError::OutOfRange) => Err(Wrong::new(
            "金额超出范围(最多 1 亿元),请核对。",
            "The amount is out of range (at most 100 million yuan). Compare it.",
        )),
    }
}

fn count(text: &str, max: u32) -> Result<i32, Wrong> {
    let number = normalise::number(text);
    match number.parse::<u32>() {
        Ok(n) if n <= max => Ok(i32::try_from(n).unwrap_or(i32::MAX)),
        _ => Err(Wrong::new(
            format!("应为 0 到 {max} 的整数。"),
            format!("A whole number from 0 to {max} is needed."),
        )),
    }
}

fn flag(text: &str) -> Result<bool, Wrong> {
    match text.trim().to_ascii_lowercase().as_str() {
        "是" | "有" | "1" | "y" | "yes" | "true" | "√" => Ok(true),
        "否" | "无" | "0" | "n" | "no" | "false" | "×" => Ok(false),
        _ => Err(Wrong::new("请填“是”或“否”。", "Enter 是 (yes) or 否 (no).")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: Kind) -> Column {
        Column { zh: "列", key: "c", kind, required: true, help: "" }
    }

    fn value(kind: Kind, text: &str) -> Option<Value> {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        read(&Cell::text(text), &column(kind), today).ok().and_then(|(v, _)| v)
    }

    #[test]
    fn dates_and_months_as_people_write_them() {
        let day = NaiveDate::from_ymd_opt(2023, 9, 1).expect("a date");
        for text in [
            "2023-09-01",
            "2023/9/1",
            "2023.9.1",
            "2023年9月1日",
            "20230901",
            "2023-09-01 00:00:00",
        ] {
            assert_eq!(value(Kind::Date, text), Some(Value::Date(day)), "{text}");
        }
        for text in ["2023-02-31", "2023-9", "昨天", "45170", "2023-09-01 10:30", "1-9-2023"] {
            assert_eq!(value(Kind::Date, text), None, "{text}");
        }
        let month = Month::of(day);
        for text in ["2023-09", "2023年9月", "202309", "2023/9", "2023-09-15"] {
            assert_eq!(value(Kind::Month, text), Some(Value::Month(month)), "{text}");
        }
        assert_eq!(value(Kind::Month, "2023-13"), None);
    }

    #[test]
    fn long_numbers_that_lost_digits_say_so() {
        let today = NaiveDate::from_ymd_opt(2023, 11, 1).expect("a date");
        for cell in [Cell::Number(3.208_991_949_010_1e17), Cell::text("3.20899E+17")] {
            let wrong = read(&cell, &column(Kind::Document), today).expect_err("lost");
            assert!(wrong.zh.contains("丢失"), "{wrong:?}");
        }
        let phone = read(&Cell::Number(13_800_001_234.0), &column(Kind::Phone), today);
        assert_eq!(phone.map(|p| p.0), Ok(Some(Value::Text("13800001234".to_owned()))));
    }

    #[test]
    fn amounts_and_flags() {
        assert_eq!(value(Kind::Money, "1,234.50元"), Some(Value::Money(Fen(123_450))));
        assert_eq!(value(Kind::Money, "922337203685477.58"), None);
        assert_eq!(value(Kind::Money, "-1"), None);
        assert_eq!(value(Kind::Flag, "是"), Some(Value::Flag(true)));
        assert_eq!(value(Kind::Count(50), "51"), None);
        assert_eq!(value(Kind::Text(5), "一二三四五六"), None);
    }
}
