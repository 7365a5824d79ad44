//! The population of a period as paper knows it, and the list of people behind
//! a figure.

use super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::export::{Exported, FileAsked, export_file};
use super::population::{
    PopulationCell, PopulationPerson, PopulationQuery, PopulationTable, population, population_rows,
};
use super::render::{Format, Render};
use super::roster::written;
use crate::domain::population::{Counts, Flow};
use crate::error::AppResult;
use crate::services::auth::{Authorized, ExportMasked};
use crate::store::Store;

fn head(query: PopulationQuery, street: &str, marks: Vec<String>) -> Head {
    let period = match query.from == query.to {
        true => query.to.zh(),
        false => format!("{}至{}", query.from.zh(), query.to.zh()),
    };
    Head {
        export: String::new(),
        title: format!("{street}{period}{}变动表", query.basis.zh()),
        left: format!("填报单位:{street}"),
        middle: format!("统计期:{} 至 {}", query.period().from, query.period().to),
        right: "单位:人".to_owned(),
        marks,
        footer: ["制表人:        ", "审核人:        ", "填表日期:    年  月  日"]
            .map(str::to_owned)
            .to_vec(),
    }
}

/// What every table of the population says below itself.
const NOTES: [&str; 3] = [
    "期初 + 出生 + 迁入 + 街道内转入 − 死亡 − 迁出 − 街道内转出 = 期末。",
    "按发生日期统计,社区按期末区划,年龄按期末日计算(死亡人员亦同)。",
    "期初、期末取自居民记录,变动取自已登记的事件;二者各自统计,不平时在表上标明。",
];

/// Writes the table in any form.
///
/// # Errors
/// The output cannot be written.
pub fn write_population(table: &PopulationTable, out: &mut dyn Render) -> std::io::Result<()> {
    let marks = table
        .broken()
        .into_iter()
        .map(|(row, band, gap)| {
            let (place, band) = (&row.name, band.zh());
            format!("勾稽不平:{place} {band} 期末差 {gap} 人 / does not balance by {gap}")
        })
        .collect();
    let head = head(table.query, &table.street_name, marks);
    out.begin(&head)?;
    let mut groups = vec![
        Group::single("社区", "community", EVERY_SHEET),
        Group::single("年龄", "band", EVERY_SHEET),
    ];
    groups.extend(Flow::ALL.iter().map(|flow| Group::single(flow.zh(), flow.code(), EVERY_SHEET)));
    out.section(&Section { heading: String::new(), groups, merge_first: true })?;
    for row in &table.communities {
        for (band, counts) in &row.bands {
            out.row(cells(&row.name, band.zh(), counts, false))?;
        }
        out.row(cells(&row.name, "合计", &row.total(), true))?;
    }
    for (band, counts) in &table.all.bands {
        out.row(cells("全部", band.zh(), counts, true))?;
    }
    out.row(cells("全部", "合计", &table.all.total(), true))?;
    let (definition, _) = table.query.basis.definition();
    let mut notes: Vec<String> = NOTES.map(str::to_owned).to_vec();
    notes.push(definition.to_owned());
    out.end_section(&notes)?;
    if !table.late.is_empty() {
        let groups = vec![
            Group::single("迟报", "late", EVERY_SHEET),
            Group::single("事项", "event", EVERY_SHEET),
            Group::single("人数", "count", EVERY_SHEET),
        ];
        let heading = "迟报事项(单列)".to_owned();
        out.section(&Section { heading, groups, merge_first: true })?;
        for (late, kind, count) in &table.late {
            let cells = vec![Cell::text(late.zh()), Cell::text(kind.zh()), Cell::Count(*count)];
            out.row(TableRow { total: false, cells })?;
        }
        out.end_section(&[])?;
    }
    out.finish(&head)
}

fn cells(place: &str, band: &str, counts: &Counts, total: bool) -> TableRow {
    let figures = Flow::ALL.iter().map(|flow| Cell::Count(counts.get(*flow)));
    let cells = [Cell::text(place), Cell::text(band)].into_iter().chain(figures).collect();
    TableRow { total, cells }
}

/// Writes the people behind a figure.
///
/// # Errors
/// The output cannot be written.
pub fn write_people(
    query: PopulationQuery,
    people: &[PopulationPerson],
    out: &mut dyn Render,
) -> std::io::Result<()> {
    let head = Head { footer: Vec::new(), ..head(query, "", Vec::new()) };
    out.begin(&head)?;
    let titles = [
        ("社区", "community"),
        ("姓名", "name"),
        ("年龄", "band"),
        ("事项", "event"),
        ("发生日期", "event_on"),
        ("申报日期", "reported_on"),
    ];
    let groups = titles.map(|(title, key)| Group::single(title, key, EVERY_SHEET)).to_vec();
    out.section(&Section { heading: String::new(), groups, merge_first: false })?;
    for person in people {
        let day = |on: Option<chrono::NaiveDate>| on.map(|on| on.to_string()).unwrap_or_default();
        let cells = vec![
            Cell::text(&person.community),
            Cell::text(&person.name),
            Cell::text(person.band.zh()),
            Cell::text(person.event.map(|kind| kind.zh()).unwrap_or_default()),
            Cell::text(day(person.on)),
            Cell::text(day(person.reported_on)),
        ];
        out.row(TableRow { total: false, cells })?;
    }
    out.end_section(&[])?;
    out.finish(&head)
}

/// Makes a file of the table, or of the people behind one of its figures, and
/// logs it.
///
/// # Errors
/// No purpose; as [`population`].
pub fn export_population(
    store: &Store,
    by: &Authorized<'_, ExportMasked>,
    query: PopulationQuery,
    cell: Option<&PopulationCell>,
    format: Format,
    purpose: &str,
) -> AppResult<Exported> {
    let part = if cell.is_some() { "-rows" } else { "" };
    let name = format!("population-{}-{}{part}", query.from, query.to);
    let filter = format!("basis={}", query.basis.code());
    let asked = FileAsked { name: &name, format, purpose, filter: &filter, plain: false };
    export_file(store, by, &asked, |out| match cell {
        Some(cell) => {
            let people = population_rows(store, by, query, cell)?;
            written(write_people(query, &people, out))
        }
        None => written(write_population(&population(store, by, query)?, out)),
    })
}
