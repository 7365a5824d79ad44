//! The empty workbook: headers, an explanation row, drop-downs, and text
//! format wherever a spreadsheet would otherwise eat digits.

use std::collections::BTreeMap;
use std::path::Path;

use rust_xlsxwriter::{
    Color, DataValidation, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet,
    XlsxError,
};

use super::book::{CodeList, Column, EXPLAINS, Kind, SHEETS, Sheet};
use crate::error::{AppError, AppResult};

/// Rows that get drop-downs and formats.
const ROWS: u32 = 5_000;
/// Where the lists behind the drop-downs stand.
const CODES: &str = "代码表";

/// Writes the template.
///
/// # Errors
/// The file cannot be written.
pub fn write_template(path: &Path) -> AppResult<()> {
    let mut workbook = Workbook::new();
    build(&mut workbook).map_err(|error| unwritable(path, &error))?;
    workbook.save(path).map_err(|error| unwritable(path, &error))
}

/// The template in memory, for a browser.
///
/// # Errors
/// The workbook cannot be made.
pub fn template_bytes() -> AppResult<Vec<u8>> {
    let path = Path::new("template.xlsx");
    let mut workbook = Workbook::new();
    build(&mut workbook).map_err(|error| unwritable(path, &error))?;
    workbook.save_to_buffer().map_err(|error| unwritable(path, &error))
}

pub(crate) fn unwritable(path: &Path, error: &XlsxError) -> AppError {
    AppError::io(path)(std::io::Error::other(error.to_string()))
}

fn build(workbook: &mut Workbook) -> Result<(), XlsxError> {
    let lists = lists();
    guide(workbook.add_worksheet())?;
    for sheet in SHEETS {
        fill(workbook.add_worksheet(), sheet, &lists)?;
    }
    codes(workbook.add_worksheet(), &lists)
}

/// The lists in use and the column that each takes in the sheet of codes.
fn lists() -> BTreeMap<&'static str, (u16, &'static CodeList)> {
    let mut lists: BTreeMap<&'static str, (u16, &'static CodeList)> = BTreeMap::new();
    for column in SHEETS.iter().flat_map(|sheet| sheet.columns) {
        if let Kind::Code(list) = column.kind {
            let next = u16::try_from(lists.len()).unwrap_or(u16::MAX);
            lists.entry(list.zh).or_insert((next, list));
        }
    }
    lists
}

fn guide(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    sheet.set_name("说明")?;
    sheet.set_column_width(0, 16)?;
    sheet.set_column_width(1, 90)?;
    let bold = Format::new().set_bold();
    let lines = [
        ("用法", "一张表登记一类内容;用不到的表可以空着。第 2 行是说明,导入时自动跳过,可以删除。"),
        ("必填", "列名带 * 的必填。带下拉框的列请从下拉框选择(也可填代码)。"),
        ("号码", "证件号码、账号等列已设为文本格式。从别处粘贴时请“只粘贴值”,以免丢失后几位。"),
        ("空格子", "更新已有记录时,空格子表示保持原值。"),
        ("检查", "mingce import 工作簿.xlsx --dry-run --errors 错误.xlsx 只检查,不保存。"),
        (
            "How to",
            "One sheet per register; leave what you don't need empty. Row 2 explains and is skipped. An empty cell leaves the stored value.",
        ),
    ];
    for (at, (head, text)) in lines.into_iter().enumerate() {
        let row = u32::try_from(at).unwrap_or(0);
        sheet.write_string_with_format(row, 0, head, &bold)?;
        sheet.write_string(row, 1, text)?;
    }
    for (at, described) in SHEETS.iter().enumerate() {
        let row = u32::try_from(at + lines.len() + 1).unwrap_or(0);
        sheet.write_string_with_format(row, 0, described.zh, &bold)?;
        sheet.write_string(row, 1, described.help)?;
    }
    Ok(())
}

/// The format of a column's data cells.
pub(crate) fn cell_format(column: &Column) -> Format {
    match column.kind {
        Kind::Money => Format::new().set_num_format("0.00"),
        Kind::Count(_) => Format::new(),
        _ => Format::new().set_num_format("@"),
    }
}

/// The format of headers.
pub(crate) fn header_format(required: bool) -> Format {
    let colour = if required { 0x00FC_E4D6 } else { 0x00E7_E6E6 };
    Format::new().set_bold().set_background_color(Color::RGB(colour)).set_border(FormatBorder::Thin)
}

fn fill(
    sheet: &mut Worksheet,
    described: &Sheet,
    lists: &BTreeMap<&'static str, (u16, &'static CodeList)>,
) -> Result<(), XlsxError> {
    sheet.set_name(described.zh)?;
    sheet.set_freeze_panes(1, 0)?;
    let help = Format::new()
        .set_italic()
        .set_font_color(Color::RGB(0x0059_5959))
        .set_text_wrap()
        .set_align(FormatAlign::Top)
        .set_num_format("@");
    for (at, column) in described.columns.iter().enumerate() {
        let col = u16::try_from(at).unwrap_or(u16::MAX);
        sheet.set_column_format(col, &cell_format(column))?;
        sheet.set_column_width(col, if column.kind.is_digits() { 22 } else { 14 })?;
        let star = if column.required { "*" } else { "" };
        let header = format!("{}{star}", column.zh);
        sheet.write_string_with_format(0, col, &header, &header_format(column.required))?;
        sheet.write_string_with_format(1, col, format!("{EXPLAINS}{}", column.help), &help)?;
        if let Kind::Code(list) = column.kind
            && let Some((place, _)) = lists.get(list.zh)
        {
            let last = (list.values)().len() + 1;
            let letter = rust_xlsxwriter::utility::column_number_to_name(*place);
            let range = format!("={CODES}!${letter}$2:${letter}${last}");
            let validation = DataValidation::new()
                .allow_list_formula(Formula::new(range))
                .set_error_title("不在代码表里")?
                .set_error_message("请从下拉框选择。")?;
            sheet.add_data_validation(2, col, ROWS, col, &validation)?;
        }
        if matches!(column.kind, Kind::Flag) {
            let validation = DataValidation::new().allow_list_strings(&["是", "否"])?;
            sheet.add_data_validation(2, col, ROWS, col, &validation)?;
        }
    }
    Ok(())
}

fn codes(
    sheet: &mut Worksheet,
    lists: &BTreeMap<&'static str, (u16, &'static CodeList)>,
) -> Result<(), XlsxError> {
    sheet.set_name(CODES)?;
    for (col, list) in lists.values() {
        sheet.write_string_with_format(0, *col, list.zh, &header_format(false))?;
        for (at, (_, zh, _)) in (list.values)().into_iter().enumerate() {
            sheet.write_string(u32::try_from(at + 1).unwrap_or(0), *col, zh)?;
        }
    }
    sheet.set_hidden(true);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_helper_sheets_are_ignored_by_the_reader() {
        for name in ["说明", CODES] {
            assert!(super::super::book::IGNORED_SHEETS.contains(&name));
        }
    }
}
