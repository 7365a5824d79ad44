//! P-73: the population of a period by community and age band. Every figure
//! opens the people that it counts.

use askama::Template;

use crate::domain::month::Month;
use crate::domain::population::{Band, Basis, Counts, Flow, Late};
use crate::error::Refusal;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Query};
use crate::services::auth::ExportMasked;
use crate::services::report::render::Format;
use crate::services::report::{
    PopulationCell, PopulationQuery, PopulationTable, Wanted, export_population, population,
    population_rows,
};
use crate::web::form_view::redrawable;
use crate::web::pager::page_address;
use crate::web::report::download::{FileForm, again, file_format, file_response, hidden};
use crate::web::{FormView, Page};

const BASE: &str = "/reports/population";
const ROWS: &str = "/reports/population/rows";
const PERIOD_FIELDS: &[&str] = &["from", "to", "basis"];
/// People of one figure on a page; a file has all of them.
const SHOWN: usize = 2_000;

/// The period, as a query or as hidden fields.
#[derive(Debug, Clone, Copy)]
struct PeriodFields {
    from: Option<Month>,
    to: Option<Month>,
    basis: Basis,
}

impl PeriodFields {
    fn read(fields: &mut Fields) -> Option<PeriodFields> {
        let (zh, en) = ("月份应写作 2023-11。", "Write the month as 2023-11.");
        let (from, to) = (fields.parsed("from", zh, en), fields.parsed("to", zh, en));
        let basis = match fields.value("basis") {
            "" => Basis::Register,
            code => Basis::from_code(code)?,
        };
        Some(PeriodFields { from, to, basis })
    }

    /// From January of this year to this month, if nothing was asked for.
    fn query(self, page: &Page) -> PopulationQuery {
        let now = Month::of(page.state().store.clock().today());
        let to = self.to.unwrap_or(now);
        let january = to.plus(1 - i32::try_from(to.number()).unwrap_or(1));
        PopulationQuery { from: self.from.unwrap_or(january), to, basis: self.basis }
    }
}

/// `?from=2023-01&to=2023-11&basis=register`.
#[derive(Debug)]
pub struct TableQuery(PeriodFields);

impl FromFields for TableQuery {
    const FIELDS: &'static [&'static str] = &[];
    const SHARED: &'static [&'static [&'static str]] = &[PERIOD_FIELDS];
    fn from_fields(fields: &mut Fields) -> Option<TableQuery> {
        Some(TableQuery(PeriodFields::read(fields)?))
    }
}

/// `&figure=death&community=…&band=…`.
#[derive(Debug)]
pub struct RowsQuery {
    period: PeriodFields,
    cell: PopulationCell,
}

const CELL_FIELDS: &[&str] = &["figure", "community", "band"];

fn cell(fields: &Fields) -> Option<PopulationCell> {
    let wanted = match fields.value("figure") {
        "late-after" => Wanted::Late(Late::After),
        "late-before" => Wanted::Late(Late::Before),
        "broken" => Wanted::Broken,
        code => Wanted::Flow(Flow::from_code(code)?),
    };
    let band = match fields.value("band") {
        "" => None,
        code => Some(Band::from_code(code)?),
    };
    Some(PopulationCell { community: fields.text("community"), band, wanted })
}

impl FromFields for RowsQuery {
    const FIELDS: &'static [&'static str] = &[];
    const SHARED: &'static [&'static [&'static str]] = &[PERIOD_FIELDS, CELL_FIELDS];
    fn from_fields(fields: &mut Fields) -> Option<RowsQuery> {
        Some(RowsQuery { period: PeriodFields::read(fields)?, cell: cell(fields)? })
    }
}

/// A row as the page draws it.
struct RowWords {
    place: String,
    band: &'static str,
    total: bool,
    figures: Vec<(String, String)>,
    gap: i64,
}

#[derive(Template)]
#[template(path = "report/population.html")]
struct TablePage<'a> {
    page: &'a Page,
    form: FormView,
    rows: Vec<RowWords>,
    late: Vec<(&'static str, &'static str, i64, String)>,
    broken: Option<String>,
    definition: &'static str,
    from: String,
    to: String,
}

impl TablePage<'_> {
    fn bases(&self) -> Vec<(&'static str, &'static str)> {
        Basis::ALL.iter().map(|b| (b.code(), self.page.either(b.zh(), b.en()))).collect()
    }

    fn columns(&self) -> Vec<&'static str> {
        Flow::ALL.iter().map(|flow| self.page.either(flow.zh(), flow.en())).collect()
    }
}

fn period(query: PopulationQuery) -> Fields {
    let (from, to) = (query.from.to_string(), query.to.to_string());
    Fields::with(&[("from", &from), ("to", &to), ("basis", query.basis.code())])
}

/// Address of the rows behind a figure.
fn rows_address(query: PopulationQuery, figure: &str, community: &str, band: &str) -> String {
    let of = [("figure", figure), ("community", community), ("band", band)];
    let of: Vec<_> = of.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    page_address("/reports/population/rows", &period(query), PERIOD_FIELDS, &of)
}

fn words(page: &Page, table: &PopulationTable) -> Vec<RowWords> {
    let mut rows = Vec::new();
    let all = page.t("population.all");
    for row in table.communities.iter().chain(std::iter::once(&table.all)) {
        let place = if row.code.is_empty() { all } else { row.name.as_str() };
        let line = |band: Option<Band>, counts: &Counts| RowWords {
            place: place.to_owned(),
            band: band.map_or(page.t("population.total"), |b| page.either(b.zh(), b.en())),
            total: band.is_none(),
            figures: Flow::ALL
                .iter()
                .map(|flow| {
                    let band = band.map_or("", Band::code);
                    let to = rows_address(table.query, flow.code(), &row.code, band);
                    (page.number(counts.get(*flow)), to)
                })
                .collect(),
            gap: counts.gap(),
        };
        rows.extend(row.bands.iter().map(|(band, counts)| line(Some(*band), counts)));
        rows.push(line(None, &row.total()));
    }
    rows
}

/// `GET /reports/population`.
///
/// # Errors
/// The database failed.
pub async fn show(user: Allowed<ExportMasked>, page: Page, query: Query<TableQuery>) -> Outcome {
    let page = page.title("menu.population");
    let query = query.value.0.query(&page);
    match page.run(move |store| population(store, &user.authorized()?, query)).await {
        Ok(table) => page.show(|page| template(page, query, Some(&table), &[])),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            page.again(&template(&page, query, None, &refusals))
        }
    }
}

fn template<'a>(
    page: &'a Page,
    query: PopulationQuery,
    table: Option<&PopulationTable>,
    refusals: &[Refusal],
) -> TablePage<'a> {
    let (zh, en) = query.basis.definition();
    let late = table.map(|table| table.late.as_slice()).unwrap_or_default().iter();
    TablePage {
        form: FormView::with_errors(page, period(query), refusals),
        rows: table.map(|table| words(page, table)).unwrap_or_default(),
        late: late
            .map(|(late, kind, count)| {
                let to = rows_address(query, &format!("late-{}", late.code()), "", "");
                (page.either(late.zh(), late.en()), page.either(kind.zh(), kind.en()), *count, to)
            })
            .collect(),
        broken: table
            .filter(|table| !table.broken().is_empty())
            .map(|_| rows_address(query, "broken", "", "")),
        definition: page.either(zh, en),
        from: query.from.to_string(),
        to: query.to.to_string(),
        page,
    }
}

/// A person behind a figure, as the page draws them.
struct PersonWords {
    id: i64,
    name: String,
    community: String,
    band: &'static str,
    event: &'static str,
    on: String,
    reported_on: String,
}

#[derive(Template)]
#[template(path = "report/population_rows.html")]
struct RowsPage<'a> {
    page: &'a Page,
    people: Vec<PersonWords>,
    count: usize,
    hidden: Vec<(&'static str, String)>,
    may_open: bool,
}

/// `GET /reports/population/rows`.
///
/// # Errors
/// 404 for an unknown figure; the database failed.
pub async fn rows(user: Allowed<ExportMasked>, page: Page, query: Query<RowsQuery>) -> Outcome {
    let Query { fields, value } = query;
    let (query, cell) = (value.period.query(&page), value.cell);
    let figure = match cell.wanted {
        Wanted::Flow(flow) => page.either(flow.zh(), flow.en()),
        Wanted::Late(late) => page.either(late.zh(), late.en()),
        Wanted::Broken => page.t("population.broken_rows"),
    };
    let people =
        page.run(move |store| population_rows(store, &user.authorized()?, query, &cell)).await?;
    let table = page_address(BASE, &period(query), PERIOD_FIELDS, &[]);
    let page = page.title_text(figure.to_owned()).under("menu.population", &table);
    page.show(|page| {
        let day = |on: Option<chrono::NaiveDate>| on.map(|on| on.to_string()).unwrap_or_default();
        let shown = people.iter().take(SHOWN).map(|person| PersonWords {
            id: person.id.0,
            name: person.name.clone(),
            community: person.community.clone(),
            band: page.either(person.band.zh(), person.band.en()),
            event: person.event.map(|kind| page.either(kind.zh(), kind.en())).unwrap_or_default(),
            on: day(person.on),
            reported_on: day(person.reported_on),
        });
        let names: Vec<&'static str> = PERIOD_FIELDS.iter().chain(CELL_FIELDS).copied().collect();
        RowsPage {
            page,
            people: shown.collect(),
            count: people.len(),
            hidden: hidden(&fields, &names),
            may_open: page.may(crate::domain::role::Permission::ViewRegistry),
        }
    })
}

/// The form below table and rows.
#[derive(Debug)]
pub struct DownloadForm {
    period: PeriodFields,
    cell: Option<PopulationCell>,
    format: Format,
    purpose: String,
}

impl FromFields for DownloadForm {
    const FIELDS: &'static [&'static str] = &["format", "purpose"];
    const SHARED: &'static [&'static [&'static str]] = &[PERIOD_FIELDS, CELL_FIELDS];
    fn from_fields(fields: &mut Fields) -> Option<DownloadForm> {
        let purpose = fields.required("purpose", "请填写用途。", "Enter the purpose.");
        let format = file_format(fields);
        let cell = match fields.value("figure") {
            "" => None,
            _ => Some(cell(fields)?),
        };
        let period = PeriodFields::read(fields)?;
        Some(DownloadForm { period, cell, format: format?, purpose: purpose? })
    }
}

/// `POST /reports/population/download`.
///
/// # Errors
/// Redrawn without a purpose.
pub async fn download(
    user: Allowed<ExportMasked>,
    page: Page,
    form: Form<DownloadForm>,
) -> Outcome {
    let (fields, form) = form.checked();
    let DownloadForm { period, cell, format, purpose } = match form {
        Ok(form) => form,
        Err(error) => {
            let of = file_form(&fields);
            return again(page, fields, error.into(), &of);
        }
    };
    let query = period.query(&page);
    let made = page
        .run(move |store| {
            let by = user.authorized()?;
            export_population(store, &by, query, cell.as_ref(), format, &purpose)
        })
        .await;
    match made {
        Ok(file) => Ok::<_, Fault>(file_response(format, file)),
        Err(fault) => {
            let of = file_form(&fields);
            again(page, fields, fault, &of)
        }
    }
}

fn file_form(fields: &Fields) -> FileForm {
    let names: Vec<&'static str> = PERIOD_FIELDS.iter().chain(CELL_FIELDS).copied().collect();
    let path = if fields.value("figure").is_empty() { BASE } else { ROWS };
    let back = page_address(path, fields, &names, &[]);
    FileForm { action: "/reports/population/download", hidden: hidden(fields, &names), back }
}
