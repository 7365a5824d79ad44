//! P-74: the money of the last twelve months, and why this month differs.

use askama::Template;

use super::chart::Waterfall;
use super::monthly::options;
use super::trend::Trend;
use crate::domain::month::Month;
use crate::domain::summary::Summary;
use crate::http::{Allowed, Fields, FromFields, Outcome, Query};
use crate::services::auth::ReadReport;
use crate::services::payout;
use crate::services::report::month_summary;
use crate::web::Page;
use crate::web::run::words::program;

#[derive(Template)]
#[template(path = "report/dashboard.html")]
struct DashboardPage<'a> {
    page: &'a Page,
    months: Vec<(String, String, bool)>,
    month: String,
    trend: Option<Trend>,
    change: Option<Waterfall>,
    programs: Vec<(String, Waterfall)>,
}

/// `?month=2023-11`.
#[derive(Debug)]
pub struct DashboardQuery {
    month: Option<Month>,
}

impl FromFields for DashboardQuery {
    const FIELDS: &'static [&'static str] = &["month"];
    fn from_fields(fields: &mut Fields) -> Option<DashboardQuery> {
        let month = fields.parsed("month", "月份应写作 2023-11。", "Write the month as 2023-11.");
        Some(DashboardQuery { month })
    }
}

/// `GET /dashboards`.
///
/// # Errors
/// The database failed; an identity of the month's table does not hold.
pub async fn show(user: Allowed<ReadReport>, page: Page, query: Query<DashboardQuery>) -> Outcome {
    let wanted = query.value.month;
    let (months, found) = page
        .run(move |store| {
            let by = user.authorized()?;
            let months = payout::months_with_runs(store, &by)?;
            let month = wanted.or_else(|| months.first().copied());
            let known = month.filter(|m| months.contains(m));
            let found = known
                .map(|m| {
                    let paid = payout::paid_by_month(store, &by, m, 12)?;
                    Ok::<_, crate::error::AppError>((m, paid, month_summary(store, &by, m)?))
                })
                .transpose()?;
            Ok((months, found))
        })
        .await?;
    let page = page.title("menu.dashboards");
    page.show(|page| {
        let summary = found.as_ref().map(|(_, _, summary)| summary);
        DashboardPage {
            page,
            months: options(page, &months, found.as_ref().map(|(m, _, _)| *m)),
            month: found.as_ref().map(|(m, _, _)| page.month(*m)).unwrap_or_default(),
            trend: found.as_ref().and_then(|(_, paid, _)| Trend::of_months(page, paid)),
            change: summary.map(|s| Waterfall::of_row(page, &s.monthly_total)),
            programs: summary.map(|s| programs(page, s)).unwrap_or_default(),
        }
    })
}

/// Programs whose amount changed.
fn programs(page: &Page, summary: &Summary) -> Vec<(String, Waterfall)> {
    summary
        .monthly
        .iter()
        .chain(&summary.quarterly)
        .filter(|block| block.total.last.amount != block.total.due.amount)
        .map(|block| (program(page, &block.program), Waterfall::of_row(page, &block.total)))
        .collect()
}
