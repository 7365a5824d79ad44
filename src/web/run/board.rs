//! P-42, P-43: a month, program by program, and what to do next.

use askama::Template;

use super::words::{RunWords, program};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::RunState;
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Query};
use crate::jobs::draft::DraftRuns;
use crate::services::auth::{MakeRun, ReadReport};
use crate::services::job;
use crate::services::payout::{self, MonthBoard, MonthRun};
use crate::web::Page;
use crate::web::page::money;

#[derive(Template)]
#[template(path = "run/board.html")]
struct BoardPage<'a> {
    page: &'a Page,
    month: String,
    month_code: String,
    months: Vec<(String, String, bool)>,
    rows: Vec<BoardRow>,
    count: String,
    regular: String,
    arrears: String,
    deduction: String,
    total: String,
    next: Next,
    has_summary: bool,
}

/// A program's row.
struct BoardRow {
    program: String,
    run: Option<RunWords>,
}

/// What to do next, and where.
struct Next {
    text: String,
    link: Option<(String, &'static str)>,
    can_draft: bool,
    can_redraft: bool,
}

/// `?month=2023-11`.
#[derive(Debug)]
pub struct MonthQuery {
    month: Option<Month>,
}

impl FromFields for MonthQuery {
    const FIELDS: &'static [&'static str] = &["month"];
    fn from_fields(fields: &mut Fields) -> Option<MonthQuery> {
        Some(MonthQuery { month: month_field(fields) })
    }
}

/// A month as addresses and forms carry it.
pub(super) fn month_field(fields: &mut Fields) -> Option<Month> {
    fields.parsed("month", "月份应写作 2023-11。", "Write the month as 2023-11.")
}

/// `GET /runs`.
///
/// # Errors
/// No policy in force; the database failed.
pub async fn show(user: Allowed<ReadReport>, page: Page, query: Query<MonthQuery>) -> Outcome {
    let wanted = query.value.month;
    let board =
        page.run(move |store| payout::month_board(store, &user.authorized()?, wanted)).await?;
    let page = page.title("run.board_title");
    let rows: Vec<BoardRow> = board
        .rows
        .iter()
        .map(|row| BoardRow {
            program: program(&page, &row.label),
            run: row.run.as_ref().map(|run| RunWords::new(&page, &row.label, run)),
        })
        .collect();
    let runs = || board.rows.iter().filter_map(|row| row.run.as_ref());
    let regular: Fen = runs().map(|r| r.regular_fen).sum();
    let arrears: Fen = runs().map(|r| r.arrears_fen).sum();
    let deduction: Fen = runs().map(|r| r.deduction_fen).sum();
    let count: i32 = runs().map(|r| r.line_count).sum();
    page.show(|page| BoardPage {
        month: page.month(board.month),
        month_code: board.month.to_string(),
        months: board
            .months
            .iter()
            .map(|m| (m.to_string(), page.month(*m), *m == board.month))
            .collect(),
        count: page.number(count),
        regular: money(regular),
        arrears: money(arrears),
        deduction: money(deduction),
        total: money(regular + arrears + deduction),
        next: next(page, &board),
        has_summary: runs().next().is_some(),
        rows,
        page,
    })
}

fn next(page: &Page, board: &MonthBoard) -> Next {
    use crate::domain::role::Permission as P;
    let (makes, approves) = (page.may(P::MakeRun), page.may(P::ApproveRun));
    let count = |test: &dyn Fn(&MonthRun) -> bool| board.rows.iter().filter(|r| test(r)).count();
    let at = |state: RunState| {
        count(&move |row: &MonthRun| row.run.as_ref().is_some_and(|run| run.state == state))
    };
    let without = count(&|row: &MonthRun| row.run.is_none());
    let said = |key: &str, n: usize| page.fill(key, "n", n);
    let plain = |text: String| Next { text, link: None, can_draft: false, can_redraft: false };
    if without > 0 {
        let text = said("run.next_draft", without);
        return Next { can_draft: makes, can_redraft: false, ..plain(text) };
    }
    if at(RunState::Draft) > 0 {
        let text = said("run.next_submit", at(RunState::Draft));
        return Next { can_redraft: makes, ..plain(text) };
    }
    if at(RunState::Submitted) > 0 {
        let link = approves.then(|| ("/approvals".to_owned(), page.t("menu.approvals")));
        return Next { link, ..plain(said("run.next_approve", at(RunState::Submitted))) };
    }
    if at(RunState::Approved) > 0 {
        return plain(said("run.next_pay", at(RunState::Approved)));
    }
    if at(RunState::Paid) > 0 {
        let link =
            approves.then(|| (format!("/months/{}/close", board.month), page.t("run.close_month")));
        return Next { link, ..plain(page.t("run.next_close").to_owned()) };
    }
    plain(page.t("run.next_closed").to_owned())
}

/// The form.
#[derive(Debug)]
pub struct DraftForm {
    month: Month,
}

impl FromFields for DraftForm {
    const FIELDS: &'static [&'static str] = &["month"];
    fn from_fields(fields: &mut Fields) -> Option<DraftForm> {
        Some(DraftForm { month: month_field(fields)? })
    }
}

/// `POST /runs/draft`: drafts every program of a month as a job.
///
/// # Errors
/// Too many open jobs.
pub async fn draft(user: Allowed<MakeRun>, page: Page, form: Form<DraftForm>) -> Outcome {
    let (_, form) = form.checked();
    let wanted = DraftRuns { month: form?.month, programs: Vec::new(), back: None };
    let id = page
        .run(move |store| {
            let street = user.session().actor.scope().street_code();
            job::enqueue(store, user.session(), &wanted.ask(street))
        })
        .await?;
    page.state().jobs.wake();
    Ok(crate::http::fault::see_other(&format!("/jobs/{id}")))
}
