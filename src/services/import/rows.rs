//! From cells to a row of typed values, with everything that is wrong with it.

use chrono::NaiveDate;

use super::book::{ERRORS_EN, ERRORS_ZH, EXPLAINS, Sheet};
use super::cell::{self, Cell, Value, Wrong};
use super::person::PersonRef;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::error::{ErrorCode, Place, Refusal};

/// Which column of the file holds which column of the description.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    sheet: &'static Sheet,
    /// Per column of the file.
    columns: Vec<Option<usize>>,
}

impl Layout {
    /// Reads the header row.
    ///
    /// # Errors
    /// Unknown, repeated or missing columns, all at once: data must not be
    /// dropped silently.
    pub(crate) fn read(
        sheet: &'static Sheet,
        line: u32,
        cells: &[Cell],
    ) -> Result<Layout, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let mut columns = Vec::with_capacity(cells.len());
        for cell in cells {
            let header = cell.shown();
            let ignored = header.trim() == ERRORS_ZH
                || header.trim() == ERRORS_EN
                || header.trim() == format!("{ERRORS_ZH}/{ERRORS_EN}")
                || cell.is_blank();
            let at = if ignored { None } else { sheet.column_at(&header) };
            let place = place(sheet, line, &header);
            if !ignored && at.is_none() {
                refusals.push(Refusal::new(
                    ErrorCode::InvalidInput,
                    format!("没有“{header}”这一列。请改成模板里的列名,或删去这一列。"),
                    format!("There is no column \"{header}\". Use the template's header or delete it."),
                ).at(place));
            } else if at.is_some() && columns.contains(&at) {
                refusals.push(
                    Refusal::new(
                        ErrorCode::InvalidInput,
                        "这一列出现了两次,请删去一列。",
                        "This column stands twice. Delete one.",
                    )
                    .at(place),
                );
            }
            columns.push(at);
        }
        for (at, column) in sheet.columns.iter().enumerate() {
            if column.required && !columns.contains(&Some(at)) {
                refusals.push(
                    Refusal::new(
                        ErrorCode::InvalidInput,
                        format!("缺少“{}”这一列。", column.zh),
                        format!("The column \"{}\" ({}) is missing.", column.zh, column.key),
                    )
                    .at(place(sheet, line, column.zh)),
                );
            }
        }
        if refusals.is_empty() { Ok(Layout { sheet, columns }) } else { Err(refusals) }
    }

    /// Reads a row. `None` for the explanation row and for rows that are blank
    /// in every known column.
    pub(crate) fn row(&self, line: u32, cells: &[Cell], today: NaiveDate) -> Option<Row> {
        let explains = cells.iter().find(|c| !c.is_blank()).is_some_and(
            |c| matches!(c, Cell::Text(text) if text.trim_start().starts_with(EXPLAINS)),
        );
        if explains {
            return None;
        }
        let mut row = Row {
            sheet: self.sheet,
            line,
            values: vec![None; self.sheet.columns.len()],
            wrong: Vec::new(),
            remarks: Vec::new(),
        };
        let mut blank = true;
        let mut broken = vec![];
        for (cell, at) in cells.iter().zip(&self.columns) {
            let Some(at) = *at else { continue };
            let Some(column) = self.sheet.columns.get(at) else { continue };
            blank &= cell.is_blank();
            match cell::read(cell, column, today) {
                Ok((value, remark)) => {
                    if let Some(slot) = row.values.get_mut(at) {
                        *slot = value;
                    }
                    row.remarks.extend(remark.map(|remark| (at, remark)));
                }
                Err(wrong) => {
                    broken.push(at);
                    row.wrong.push((Some(at), wrong));
                }
            }
        }
        if blank {
            return None;
        }
        for (at, column) in self.sheet.columns.iter().enumerate() {
            let missing = row.values.get(at).is_none_or(Option::is_none);
            if column.required && missing && !broken.contains(&at) {
                row.wrong.push((Some(at), Wrong::new("必填。", "This is required.")));
            }
        }
        Some(row)
    }
}

/// A place in the book, as the spreadsheet shows it.
pub(crate) fn place(sheet: &Sheet, line: u32, column: &str) -> Place {
    Place::Cell { sheet: sheet.zh.to_owned(), row: line, column: column.to_owned() }
}

/// One row of typed values.
#[derive(Debug)]
pub(crate) struct Row {
    sheet: &'static Sheet,
    /// Number as the spreadsheet shows it.
    pub line: u32,
    values: Vec<Option<Value>>,
    wrong: Vec<(Option<usize>, Wrong)>,
    remarks: Vec<(usize, Wrong)>,
}

impl Row {
    fn value(&self, key: &str) -> Option<&Value> {
        let at = self.sheet.columns.iter().position(|c| c.key == key)?;
        self.values.get(at)?.as_ref()
    }

    /// Text of a column.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Text(text) => Some(text),
            Value::Code(code) => Some(code),
            _ => None,
        }
    }

    /// Text of a column, owned.
    pub(crate) fn owned(&self, key: &str) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// A day.
    pub(crate) fn date(&self, key: &str) -> Option<NaiveDate> {
        match self.value(key)? {
            Value::Date(day) => Some(*day),
            _ => None,
        }
    }

    /// A month.
    pub(crate) fn month(&self, key: &str) -> Option<Month> {
        match self.value(key)? {
            Value::Month(month) => Some(*month),
            _ => None,
        }
    }

    /// An amount.
    pub(crate) fn money(&self, key: &str) -> Option<Fen> {
        match self.value(key)? {
            Value::Money(fen) => Some(*fen),
            _ => None,
        }
    }

    /// A whole number.
    pub(crate) fn count(&self, key: &str) -> Option<i32> {
        match self.value(key)? {
            Value::Count(number) => Some(*number),
            _ => None,
        }
    }

    /// Yes or no.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.value(key)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A code, through the `from_code` of its type.
    pub(crate) fn code<T>(&self, key: &str, from: fn(&str) -> Option<T>) -> Option<T> {
        match self.value(key)? {
            Value::Code(code) => from(code),
            _ => None,
        }
    }

    /// Whom the row is about.
    pub(crate) fn person(&self, key: &str) -> Option<&PersonRef> {
        match self.value(key)? {
            Value::Person(person) => Some(person),
            _ => None,
        }
    }

    /// Something is wrong with a column (or, with an unknown key, the row).
    pub(crate) fn fault(&mut self, key: &str, zh: impl Into<String>, en: impl Into<String>) {
        let at = self.sheet.columns.iter().position(|c| c.key == key);
        self.wrong.push((at, Wrong::new(zh, en)));
    }

    /// What a shared check refused, put at the column of the same name.
    pub(crate) fn refusal(&mut self, refusal: Refusal) {
        let key = match &refusal.place {
            Some(Place::Field(field)) => field.clone(),
            _ => String::new(),
        };
        self.fault(&key, refusal.zh, refusal.en);
    }

    /// Whether something is wrong with a column already.
    pub(crate) fn has_fault(&self, key: &str) -> bool {
        let at = self.sheet.columns.iter().position(|c| c.key == key);
        self.wrong.iter().any(|(column, _)| *column == at)
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_sound(&self) -> bool {
        self.wrong.is_empty()
    }

    /// Everything that is wrong, with its place.
    pub(crate) fn take_refusals(&mut self) -> Vec<Refusal> {
        let (sheet, line) = (self.sheet, self.line);
        let column = |at: Option<usize>| {
            at.and_then(|at| sheet.columns.get(at)).map_or("", |column| column.zh)
        };
        self.wrong
            .drain(..)
            .map(|(at, wrong)| {
                Refusal::new(ErrorCode::InvalidInput, wrong.zh, wrong.en).at(place(
                    sheet,
                    line,
                    column(at),
                ))
            })
            .collect()
    }

    /// Notes something about a value that is taken all the same.
    pub(crate) fn remark(&mut self, key: &str, zh: &str, en: &str) {
        if let Some(at) = self.sheet.columns.iter().position(|column| column.key == key) {
            self.remarks.push((at, Wrong::new(zh, en)));
        }
    }

    /// The remarks, with their places.
    pub(crate) fn take_remarks(&mut self) -> Vec<Refusal> {
        let (sheet, line) = (self.sheet, self.line);
        self.remarks
            .drain(..)
            .map(|(at, wrong)| {
                let column = sheet.columns.get(at).map_or("", |column| column.zh);
                Refusal::new(ErrorCode::InvalidInput, wrong.zh, wrong.en)
                    .at(place(sheet, line, column))
            })
            .collect()
    }
}
