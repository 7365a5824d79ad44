//! The figures of the annual report, and the rows that each of them counts.

use askama::Template;

use crate::domain::annual::FigureId;
use crate::domain::month::Month;
use crate::domain::punctuation::full_width;
use crate::http::{Allowed, Fields, FromFields, Outcome, Query};
use crate::services::auth::{Permit, ReadReport};
use crate::services::payout;
use crate::services::report::{AnnualQuery, ReportKind, annual, show_report};
use crate::web::Page;

use super::monthly::{ROWS, cut, options};

#[derive(Template)]
#[template(path = "report/annual.html")]
struct AnnualPage<'a> {
    page: &'a Page,
    months: Vec<(String, String, bool)>,
    month: String,
    period: String,
    roster: String,
    closed: bool,
    illustrative: bool,
    figures: Vec<FigureWords>,
    paragraph: String,
    may_export: bool,
}

struct FigureWords {
    id: String,
    name: &'static str,
    value: String,
    period: String,
    definition: String,
}

#[derive(Template)]
#[template(path = "report/rows.html")]
struct RowsPage<'a> {
    page: &'a Page,
    month: String,
    figure: String,
    html: String,
    cut: Option<String>,
    may_export: bool,
}

/// `?month=2023-11`: the last month of the period.
#[derive(Debug)]
pub struct AnnualFields {
    month: Option<Month>,
    figure: Option<FigureId>,
}

impl FromFields for AnnualFields {
    const FIELDS: &'static [&'static str] = &["month", "figure"];
    fn from_fields(fields: &mut Fields) -> Option<AnnualFields> {
        let month = fields.parsed("month", "月份应写作 2023-11。", "Write the month as 2023-11.");
        let figure = match fields.text("figure") {
            Some(text) => Some(FigureId::parse(&text)?),
            None => None,
        };
        Some(AnnualFields { month, figure })
    }
}

fn query(through: Month) -> AnnualQuery {
    AnnualQuery { through, roster: None, public: false }
}

/// `GET /reports/annual`.
///
/// # Errors
/// The database failed; an identity of the roster month does not hold.
pub async fn show(user: Allowed<ReadReport>, page: Page, fields: Query<AnnualFields>) -> Outcome {
    let wanted = fields.value.month;
    let (months, found) = page
        .run(move |store| {
            let by = user.authorized()?;
            let months = payout::months_with_runs(store, &by)?;
            let month = wanted.or_else(|| months.first().copied());
            let found = month.map(|m| annual(store, &by, query(m))).transpose()?;
            Ok((months, found))
        })
        .await?;
    let page = page.title("menu.annual");
    let zh = page.lang() == crate::web::Lang::Zh;
    page.show(|page| {
        let through = found.as_ref().map(|a| a.through);
        let figures = found.iter().flat_map(|a| &a.figures).map(|figure| {
            let values: Vec<String> = figure
                .values
                .iter()
                .map(|v| format!("{}{}", v.show(), if zh { v.unit.zh() } else { "" }))
                .collect();
            FigureWords {
                id: format!("{:?}", figure.id),
                name: page.either(figure.name_zh, figure.name_en),
                value: values.join(if zh { " " } else { " / " }),
                period: if figure.from == figure.to {
                    page.month(figure.to)
                } else {
                    format!("{} – {}", page.month(figure.from), page.month(figure.to))
                },
                definition: page.sentence(figure.definition_zh, figure.definition_en),
            }
        });
        AnnualPage {
            page,
            figures: figures.collect(),
            months: options(page, &months, through),
            month: through.map(|m| m.to_string()).unwrap_or_default(),
            period: found
                .as_ref()
                .map(|a| format!("{} – {}", page.month(a.from), page.month(a.through)))
                .unwrap_or_default(),
            roster: found.as_ref().map(|a| page.month(a.roster_month)).unwrap_or_default(),
            closed: found.as_ref().is_some_and(|a| a.roster_closed),
            illustrative: found.as_ref().is_some_and(|a| a.illustrative),
            paragraph: found
                .as_ref()
                .map(|a| page.sentence(&a.paragraph_zh, &a.paragraph_en))
                .unwrap_or_default(),
            may_export: page.may(crate::services::auth::ExportMasked::PERMISSION),
        }
    })
}

/// `GET /reports/annual/rows?month=2023-11&figure=R05`.
///
/// # Errors
/// 404 without a figure; as [`show`].
pub async fn rows(user: Allowed<ReadReport>, page: Page, fields: Query<AnnualFields>) -> Outcome {
    let (Some(month), Some(figure)) = (fields.value.month, fields.value.figure) else {
        return Err(crate::http::Fault::not_found());
    };
    let kind = ReportKind::Rows(query(month), figure);
    let shown = page.run(move |store| show_report(store, &user.authorized()?, &kind, ROWS)).await?;
    let page = page
        .title_text(full_width(&shown.title))
        .under("menu.annual", &format!("/reports/annual?month={month}"));
    page.show(|page| RowsPage {
        page,
        month: month.to_string(),
        figure: format!("{figure:?}"),
        cut: shown.cut.then(|| cut(page, &shown)),
        html: shown.html,
        may_export: page.may(crate::services::auth::ExportMasked::PERMISSION),
    })
}
