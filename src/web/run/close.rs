//! P-50: everything of a month once more before it is closed for good.

use askama::Template;

use super::words::RunWords;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::RunState;
use crate::http::form::Nothing;
use crate::http::{Allowed, Form, Outcome, Path};
use crate::services::auth::CloseMonth;
use crate::services::payout;
use crate::web::Page;
use crate::web::page::money;

#[derive(Template)]
#[template(path = "run/close.html")]
struct ClosePage<'a> {
    page: &'a Page,
    month: String,
    code: String,
    rows: Vec<RunWords>,
    total: String,
    open: usize,
    closed: bool,
}

/// `GET /months/{month}/close`.
///
/// # Errors
/// No policy in force; the database failed.
pub async fn ask(user: Allowed<CloseMonth>, page: Page, path: Path<Month>) -> Outcome {
    let month = path.0;
    let board = page
        .run(move |store| {
            payout::month_board(store, &user.session().actor.authorize()?, Some(month))
        })
        .await?;
    let code = month.to_string();
    let title = page.fill("close.title", "month", page.month(month));
    let page = page.title_text(title).under("run.board_title", &format!("/runs?month={code}"));
    let runs = || board.rows.iter().filter_map(|row| row.run.as_ref());
    let total: Fen = runs().map(|r| r.regular_fen + r.arrears_fen + r.deduction_fen).sum();
    let open = runs().filter(|r| !matches!(r.state, RunState::Paid | RunState::Closed)).count();
    let missing = board.rows.iter().filter(|row| row.run.is_none()).count();
    page.show(|page| ClosePage {
        month: page.month(month),
        rows: board
            .rows
            .iter()
            .filter_map(|row| row.run.as_ref().map(|run| RunWords::new(page, &row.label, run)))
            .collect(),
        total: money(total),
        open: open + missing,
        closed: runs().next().is_some() && runs().all(|r| r.state == RunState::Closed),
        code,
        page,
    })
}

/// `POST /months/{month}/close`.
///
/// # Errors
/// 403 for whoever worked on one of its runs; 409 if a run is not paid or the
/// month is closed.
pub async fn close(
    user: Allowed<CloseMonth>,
    page: Page,
    path: Path<Month>,
    _form: Form<Nothing>,
) -> Outcome {
    let month = path.0;
    let by = user.clone();
    let outcome = page.run(move |store| payout::close_month(store, &by.authorized()?, month)).await;
    let to = format!("/reports/monthly?month={month}");
    match outcome {
        Ok(_) => page.done(&to, "month_closed"),
        Err(fault) if fault.code == "month_closed" => page.done(&to, "already_done"),
        Err(fault) => Err(fault),
    }
}
