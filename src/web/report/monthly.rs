//! P-70, P-71, P-72: the month's official table, a roster, the totals that may
//! be published.

use askama::Template;

use crate::domain::month::Month;
use crate::domain::punctuation::full_width;
use crate::domain::summary::ProgramLabel;
use crate::http::{Allowed, Fault, Fields, FromFields, Outcome, Query};
use crate::services::auth::{Permit, ReadReport};
use crate::services::payout;
use crate::services::report::{
    NoticeQuery, ReportKind, RosterQuery, Shown, may_be_posted, show_report,
};
use crate::web::Page;
use crate::web::run::words::program;

/// Rows of a table on a page; a file has all of them.
pub(super) const ROWS: usize = 2_000;

#[derive(Template)]
#[template(path = "report/show.html")]
struct ReportPage<'a> {
    page: &'a Page,
    html: String,
    cut: Option<String>,
    months: Vec<(String, String, bool)>,
    month: String,
    programs: Vec<(String, String, bool)>,
    program: String,
    report: &'static str,
    action: &'static str,
    may_export: bool,
}

/// `?month=2023-11&program=dibao`.
#[derive(Debug)]
pub struct ReportQuery {
    month: Option<Month>,
    program: Option<String>,
}

impl FromFields for ReportQuery {
    const FIELDS: &'static [&'static str] = &["month", "program"];
    fn from_fields(fields: &mut Fields) -> Option<ReportQuery> {
        let month = fields.parsed("month", "月份应写作 2023-11。", "Write the month as 2023-11.");
        Some(ReportQuery { month, program: fields.text("program") })
    }
}

/// `GET /reports/monthly`.
///
/// # Errors
/// The database failed; an identity of the table does not hold.
pub async fn show(user: Allowed<ReadReport>, page: Page, query: Query<ReportQuery>) -> Outcome {
    let mental = page.has_right("mental");
    let kind = move |month| ReportKind::Month { month, mental };
    let wanted = query.value.month;
    let (months, month, shown) = page
        .run(move |store| {
            let by = user.authorized()?;
            let months = payout::months_with_runs(store, &by)?;
            let month = wanted.or_else(|| months.first().copied());
            let shown = month.map(|m| show_report(store, &by, &kind(m), ROWS)).transpose()?;
            Ok((months, month, shown))
        })
        .await?;
    draw(page, months, month, shown, Vec::new(), ("month", "/reports/monthly", "menu.monthly"))
}

/// `GET /reports/notice`.
///
/// # Errors
/// As [`show`].
pub async fn notice(user: Allowed<ReadReport>, page: Page, query: Query<ReportQuery>) -> Outcome {
    let ReportQuery { month: wanted, program: named } = query.value;
    let (months, month, labels) = offered(&user, &page, wanted).await?;
    let today = page.state().store.clock().today();
    let phone = Some(page.contact().to_owned()).filter(|text| !text.is_empty());
    let postable = labels.iter().filter(|label| may_be_posted(label));
    let mut programs = vec![(String::new(), page.t("report.totals").to_owned(), named.is_none())];
    programs.extend(postable.map(|label| {
        (label.code.clone(), program(&page, label), Some(&label.code) == named.as_ref())
    }));
    if !programs.iter().any(|(_, _, chosen)| *chosen) {
        return Err(Fault::not_found());
    }
    let shown = match month {
        Some(month) => {
            let kind = match named {
                Some(program) => {
                    ReportKind::Notice(NoticeQuery { program, month, from: today, phone })
                }
                None => ReportKind::Public(month),
            };
            Some(page.run(move |store| show_report(store, &user.authorized()?, &kind, ROWS)).await?)
        }
        None => None,
    };
    draw(page, months, month, shown, programs, ("notice", "/reports/notice", "menu.notice"))
}

/// The months, the chosen one, and the programs that have a run in it.
async fn offered(
    user: &Allowed<ReadReport>,
    page: &Page,
    wanted: Option<Month>,
) -> Result<(Vec<Month>, Option<Month>, Vec<ProgramLabel>), Fault> {
    let user = user.clone();
    page.run(move |store| {
        let by = user.authorized()?;
        let months = payout::months_with_runs(store, &by)?;
        let month = wanted.or_else(|| months.first().copied());
        let board = month.map(|m| payout::month_board(store, &by, Some(m))).transpose()?;
        let rows = board.map(|board| board.rows).unwrap_or_default();
        let with_run = rows.into_iter().filter(|row| row.run.is_some());
        Ok((months, month, with_run.map(|row| row.label).collect()))
    })
    .await
}

fn draw(
    page: Page,
    months: Vec<Month>,
    month: Option<Month>,
    shown: Option<Shown>,
    programs: Vec<(String, String, bool)>,
    (report, action, title): (&'static str, &'static str, &'static str),
) -> Outcome {
    let page = match &shown {
        Some(shown) => page.title_text(full_width(&shown.title)).under(title, action),
        None => page.title(title),
    };
    page.show(|page| ReportPage {
        page,
        cut: shown.as_ref().filter(|s| s.cut).map(|s| cut(page, s)),
        html: shown.map(|s| s.html).unwrap_or_default(),
        months: options(page, &months, month),
        month: month.map(|m| m.to_string()).unwrap_or_default(),
        program: programs.iter().find(|p| p.2).map(|p| p.0.clone()).unwrap_or_default(),
        programs,
        report,
        action,
        may_export: page.may(crate::services::auth::ExportMasked::PERMISSION),
    })
}

/// What a page says about rows that it does not show.
pub(super) fn cut(page: &Page, shown: &Shown) -> String {
    page.fill2("report.cut", "n", page.number(ROWS), "all", page.number(shown.rows))
}

/// Months as a list to choose from.
pub(super) fn options(
    page: &Page,
    months: &[Month],
    chosen: Option<Month>,
) -> Vec<(String, String, bool)> {
    months.iter().map(|m| (m.to_string(), page.month(*m), Some(*m) == chosen)).collect()
}

/// `GET /reports/roll`.
///
/// # Errors
/// As [`show`]; 403 for mental-health awards without the right.
pub async fn roll(user: Allowed<ReadReport>, page: Page, query: Query<ReportQuery>) -> Outcome {
    let ReportQuery { month: wanted, program: named } = query.value;
    let (months, month, labels) = offered(&user, &page, wanted).await?;
    let rights = user.session().extra();
    let seen: Vec<_> = labels.into_iter().filter(|l| rights.mental || !l.mental).collect();
    let code = named.or_else(|| seen.first().map(|label| label.code.clone()));
    let programs: Vec<(String, String, bool)> = seen
        .iter()
        .map(|label| {
            (label.code.clone(), program(&page, label), Some(&label.code) == code.as_ref())
        })
        .collect();
    let chosen = month.zip(code);
    if let Some((_, code)) = &chosen
        && !programs.iter().any(|(other, _, _)| other == code)
    {
        return Err(Fault::not_found());
    }
    let shown = match chosen {
        Some((month, program)) => {
            let kind = ReportKind::Roster(RosterQuery { program, month, rights });
            let shown =
                page.run(move |store| show_report(store, &user.authorized()?, &kind, ROWS)).await?;
            Some(shown)
        }
        None => None,
    };
    draw(page, months, month, shown, programs, ("roll", "/reports/roll", "menu.roll"))
}

/// Refuses a roster of mental-health awards without the right to see it.
pub(super) async fn check_mental<P: Permit + Clone + Send + Sync + 'static>(
    page: &Page,
    program: &str,
    month: Month,
    user: &Allowed<P>,
) -> Result<(), Fault> {
    if page.has_right("mental") {
        return Ok(());
    }
    let actor = user.session().actor.clone();
    let board =
        page.run(move |store| payout::month_board(store, &actor.authorize()?, Some(month))).await?;
    let restricted = board.rows.iter().any(|row| row.label.code == program && row.label.mental);
    if restricted { Err(Fault::forbidden()) } else { Ok(()) }
}
