//! A book whose sheets and columns have other names than the template's: what
//! belongs where was said by a person, or guessed from the headers.

use super::{BookSource, EachRow};
use crate::domain::{mask, normalise};
use crate::error::{AppResult, Refusal};
use crate::services::import::book::{IGNORED_SHEETS, Kind, SHEETS, Sheet};
use crate::services::import::cell::Cell;

/// Rows of a sheet that the preview shows.
const SAMPLES: usize = 5;

/// What a sheet of the file holds.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SheetPreview {
    /// Its name in the file.
    pub name: String,
    /// Its headers, in order.
    pub headers: Vec<String>,
    /// Its first rows, masked.
    pub samples: Vec<Vec<String>>,
    /// Rows below the header.
    pub rows: u64,
}

/// Which register a sheet of the file is, and which column which field; empty
/// keys are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SheetMapping {
    /// Key of the register.
    pub register: String,
    /// Key of the field, per column of the file.
    pub columns: Vec<String>,
}

/// Reads headers, samples and the number of rows, and guesses the mapping.
///
/// # Errors
/// The file cannot be read, or breaks a limit.
pub fn preview(source: &mut dyn BookSource) -> AppResult<Vec<(SheetPreview, SheetMapping)>> {
    let mut found = Vec::new();
    for (at, name) in source.sheets().into_iter().enumerate() {
        let mut headers: Option<Vec<String>> = None;
        let (mut samples, mut rows) = (Vec::new(), 0_u64);
        source.read(at, &mut |_, cells| {
            if headers.is_none() {
                headers = Some(cells.iter().map(|cell| cell.shown().trim().to_owned()).collect());
                return Ok(());
            }
            rows += 1;
            if samples.len() < SAMPLES {
                samples.push(cells);
            }
            Ok(())
        })?;
        let headers = headers.unwrap_or_default();
        let guess = guess(&name, &headers);
        let sheet = Sheet::find(&guess.register);
        let samples = samples.iter().map(|row| masked(sheet, &guess, row)).collect();
        found.push((SheetPreview { name, headers, samples, rows }, guess));
    }
    Ok(found)
}

/// The register by its name, or the one that knows most of the headers and has
/// all that it needs.
fn guess(name: &str, headers: &[String]) -> SheetMapping {
    if IGNORED_SHEETS.contains(&name) {
        return SheetMapping {
            register: String::new(),
            columns: vec![String::new(); headers.len()],
        };
    }
    let known = |sheet: &Sheet| headers.iter().filter(|h| sheet.column_at(h).is_some()).count();
    let fits = |sheet: &&Sheet| {
        let has = |key: &str| headers.iter().any(|h| field(sheet, h) == key);
        sheet.columns.iter().all(|column| !column.required || has(column.key))
    };
    let by_headers = || {
        let fitting = SHEETS.iter().copied().filter(fits);
        fitting.max_by_key(|sheet| known(sheet))
    };
    let sheet = Sheet::find(name).or_else(by_headers);
    let mut columns: Vec<String> = Vec::with_capacity(headers.len());
    for header in headers {
        let key = sheet.map_or("", |sheet| field(sheet, header));
        // Of two columns that could be a field, the first one is it.
        let taken = columns.iter().any(|other| other == key);
        columns.push(if taken { String::new() } else { key.to_owned() });
    }
    let register = sheet.map_or_else(String::new, |sheet| sheet.key.to_owned());
    SheetMapping { register, columns }
}

/// The field of that name, or the only one whose name stands in the header
/// (居民姓名 for 姓名).
fn field<'a>(sheet: &'a Sheet, header: &str) -> &'a str {
    if let Some(column) = sheet.column_at(header).and_then(|at| sheet.columns.get(at)) {
        return column.key;
    }
    let mut near = sheet.columns.iter().filter(|column| header.contains(column.zh));
    match (near.next(), near.next()) {
        (Some(column), None) => column.key,
        _ => "",
    }
}

fn masked(sheet: Option<&'static Sheet>, mapping: &SheetMapping, row: &[Cell]) -> Vec<String> {
    let kind = |at: usize| {
        let key = mapping.columns.get(at)?;
        let column = sheet?.columns.iter().find(|column| column.key == key)?;
        Some(column.kind)
    };
    let mask = |(at, cell): (usize, &Cell)| {
        let text: String = cell.shown().chars().take(40).collect();
        match kind(at) {
            Some(Kind::Name) => mask::name(&text),
            Some(Kind::Document | Kind::Person) => mask::id_number(&text),
            Some(Kind::Account) => mask::bank_card(&text),
            Some(Kind::Certificate) => mask::certificate(&text),
            Some(Kind::Phone) => mask::phone(&text),
            _ if normalise::personal_run(&text).is_some() => "***".to_owned(),
            // What nobody has named yet may be a name.
            None => text.chars().take(1).chain("**".chars()).collect(),
            Some(_) => text,
        }
    };
    row.iter().enumerate().map(mask).collect()
}

/// Everything that is wrong with a mapping. The fields are `sheet-0` for the
/// register of the first sheet and `column-0-3` for its fourth column.
#[must_use]
pub fn mapping_faults(previews: &[SheetPreview], mapping: &[SheetMapping]) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if mapping.iter().all(|sheet| sheet.register.is_empty()) {
        let (zh, en) =
            ("请至少为一张表选择数据类型。", "Choose the register of at least one sheet.");
        refusals.push(Refusal::field("sheet-0", zh, en));
    }
    for (at, (preview, mapped)) in previews.iter().zip(mapping).enumerate() {
        let Some(sheet) = Sheet::find(&mapped.register).filter(|_| !mapped.register.is_empty())
        else {
            continue;
        };
        for column in sheet.columns.iter().filter(|c| c.required) {
            if !mapped.columns.iter().any(|key| key == column.key) {
                refusals.push(Refusal::field(
                    &format!("sheet-{at}"),
                    format!("“{}”缺少必填的“{}”列。", preview.name, column.zh),
                    format!("\"{}\" lacks the column \"{}\".", preview.name, column.key),
                ));
            }
        }
        for (col, key) in mapped.columns.iter().enumerate().filter(|(_, key)| !key.is_empty()) {
            let repeated = mapped.columns.iter().take(col).any(|other| other == key);
            if repeated || !sheet.columns.iter().any(|column| column.key == key) {
                refusals.push(Refusal::field(
                    &format!("column-{at}-{col}"),
                    "这一列对应的字段重复,或不属于该数据类型。",
                    "This field is chosen twice, or does not belong to the register.",
                ));
            }
        }
    }
    refusals
}

/// A book read through a mapping: its sheets and headers are the template's.
pub struct MappedBook {
    inner: Box<dyn BookSource>,
    /// Place in the file, register, field per column.
    sheets: Vec<(usize, &'static Sheet, Vec<Option<&'static str>>)>,
}

impl MappedBook {
    /// Sheets without a register are left out.
    #[must_use]
    pub fn new(inner: Box<dyn BookSource>, mapping: &[SheetMapping]) -> MappedBook {
        let mapped = |(at, mapping): (usize, &SheetMapping)| {
            let sheet = Sheet::find(&mapping.register).filter(|_| !mapping.register.is_empty())?;
            let header = |key: &String| {
                sheet.columns.iter().find(|column| column.key == key).map(|column| column.zh)
            };
            Some((at, sheet, mapping.columns.iter().map(header).collect()))
        };
        MappedBook { inner, sheets: mapping.iter().enumerate().filter_map(mapped).collect() }
    }
}

impl BookSource for MappedBook {
    fn name(&self) -> String {
        self.inner.name()
    }

    fn digest(&self) -> [u8; 32] {
        self.inner.digest()
    }

    fn sheets(&self) -> Vec<String> {
        self.sheets.iter().map(|(_, sheet, _)| sheet.zh.to_owned()).collect()
    }

    fn read(&mut self, sheet: usize, each: EachRow<'_>) -> AppResult<()> {
        let Some((at, _, headers)) = self.sheets.get(sheet) else { return Ok(()) };
        let kept: Vec<usize> =
            headers.iter().enumerate().filter(|(_, h)| h.is_some()).map(|(col, _)| col).collect();
        let titles: Vec<Cell> = headers.iter().flatten().map(|h| Cell::text(*h)).collect();
        let mut first = true;
        self.inner.read(*at, &mut |line, cells| {
            if std::mem::take(&mut first) {
                return each(line, titles.clone());
            }
            each(
                line,
                kept.iter().map(|col| cells.get(*col).cloned().unwrap_or(Cell::Empty)).collect(),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::import::MemoryBook;

    #[test]
    fn columns_are_guessed_masked_and_read_through_the_mapping() {
        let mut book = MemoryBook::new("b");
        book.sheet("名单", &["居民姓名", "证件号码", "区划代码", "曾用姓名", "备注"]);
        book.row(["王小明", "320899194901010010", "320899001001", "王大明", "见"]);
        let (previews, guessed): (Vec<_>, Vec<_>) =
            preview(&mut book).expect("a preview").into_iter().unzip();
        assert_eq!(guessed[0].register, "residents");
        assert_eq!(guessed[0].columns, ["name", "doc_no", "area", "", ""]);
        assert_eq!(previews[0].rows, 1);
        assert_eq!(previews[0].samples[0][..2], ["王**", "320***********0010"]);
        assert!(mapping_faults(&previews, &guessed).is_empty());
        let mut twice = guessed.clone();
        twice[0].columns[3] = "name".to_owned();
        assert_eq!(mapping_faults(&previews, &twice).len(), 1);
        twice[0].columns = vec![String::new(); 5];
        assert_eq!(mapping_faults(&previews, &twice).len(), 2, "name and area are missing");
        let mut mapped = MappedBook::new(Box::new(book), &guessed);
        let mut rows = Vec::new();
        mapped
            .read(0, &mut |line, cells| {
                rows.push((line, cells.iter().map(Cell::shown).collect::<Vec<_>>().join("|")));
                Ok(())
            })
            .expect("rows");
        assert_eq!(rows[0], (1, "姓名|证件号码|区划代码".to_owned()));
        assert_eq!(rows[1], (2, "王小明|320899194901010010|320899001001".to_owned()));
    }
}
