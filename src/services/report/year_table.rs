//! The annual figures as a table, with the paragraph below it.

use super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::month_table::{DRAFT_MARK, EXAMPLE_MARK};
use super::render::Render;
use crate::domain::annual::Annual;

/// Writes the figures in any of the table forms.
///
/// # Errors
/// The output cannot be written.
pub fn write_annual(annual: &Annual, out: &mut dyn Render) -> std::io::Result<()> {
    let mut marks = Vec::new();
    if !annual.roster_closed {
        marks.push(DRAFT_MARK.to_owned());
    }
    if annual.illustrative {
        marks.push(EXAMPLE_MARK.to_owned());
    }
    let head = Head {
        export: String::new(),
        title: format!("{}{}年民生保障主要指标", annual.street, annual.through.year()),
        left: format!("期间:{} 至 {}", annual.from, annual.through),
        middle: format!("花名册月份:{}", annual.roster_month),
        right: "单位:户、人、元".to_owned(),
        marks,
        footer: Vec::new(),
    };
    out.begin(&head)?;
    let groups = vec![
        Group::single("编号", "id", EVERY_SHEET),
        Group::single("指标", "name", EVERY_SHEET),
        Group::single("数值", "value", EVERY_SHEET),
        Group::single("期间", "period", EVERY_SHEET),
        Group::single("口径", "definition", EVERY_SHEET),
    ];
    out.section(&Section { heading: String::new(), groups, merge_first: false })?;
    for figure in &annual.figures {
        let values: Vec<String> = figure
            .values
            .iter()
            .map(|value| format!("{}{}", value.show(), value.unit.zh()))
            .collect();
        let period = if figure.from == figure.to {
            figure.to.to_string()
        } else {
            format!("{}~{}", figure.from, figure.to)
        };
        let cells = vec![
            Cell::text(format!("{:?}", figure.id)),
            Cell::text(figure.name_zh),
            Cell::text(values.join(" ")),
            Cell::text(period),
            Cell::text(figure.definition_zh),
        ];
        out.row(TableRow { total: false, cells })?;
    }
    out.end_section(&[annual.paragraph_zh.clone(), annual.paragraph_en.clone()])?;
    out.finish(&head)
}
