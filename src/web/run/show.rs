//! P-44: a run with its totals, what changed against the period before, what
//! has to be looked at, and the steps that its state allows.

use askama::Template;

use super::words::{RunWords, steps};
use crate::domain::ids::RunId;
use crate::domain::payout::{LineKind, RunState};
use crate::domain::role::Permission as P;
use crate::domain::summary::{Block, Tally};
use crate::http::form::Nothing;
use crate::http::{Allowed, Form, Outcome, Path, fault};
use crate::jobs::draft::DraftRuns;
use crate::services::auth::{MakeRun, ReadReport};
use crate::services::payout::{self, RunView};
use crate::services::{Actor, job};
use crate::web::Page;
use crate::web::page::money;
use crate::web::report::chart::Waterfall;

#[derive(Template)]
#[template(path = "run/show.html")]
struct RunPage<'a> {
    page: &'a Page,
    id: i64,
    run: RunWords,
    steps: Vec<(&'static str, &'static str)>,
    sums: Vec<SumRow>,
    change: Option<Change>,
    checks: Vec<Check>,
    actions: Vec<Action>,
    makers: String,
    restricted: bool,
}

/// A kind of line with its sum.
struct SumRow {
    kind: &'static str,
    code: &'static str,
    count: String,
    amount: String,
}

/// What changed against the period before.
pub(super) struct Change {
    pub(super) chart: Waterfall,
    /// Text, people, amount.
    pub(super) causes: Vec<(String, String, String)>,
}

/// Something to look at.
pub(super) struct Check {
    pub(super) text: String,
    pub(super) color: &'static str,
    pub(super) state: &'static str,
    pub(super) lines: Vec<String>,
}

/// A step that the state and the role allow.
struct Action {
    href: String,
    text: &'static str,
    class: &'static str,
    /// A button of its own, without a page in between.
    direct: bool,
}

/// `GET /runs/{id}`.
///
/// # Errors
/// 404.
pub async fn show(user: Allowed<ReadReport>, page: Page, path: Path<i64>) -> Outcome {
    let id = path.0;
    let view =
        page.run(move |store| payout::view_run(store, &user.authorized()?, RunId(id))).await?;
    let run = RunWords::new(&page, &view.label, &view.run);
    let month = format!("/runs?month={}", view.run.month);
    let page = page.title_text(run.title()).under("run.board_title", &month);
    page.show(|page| RunPage {
        page,
        id,
        steps: steps(page, view.run.state),
        sums: sums(page, &view),
        change: view.block.as_ref().map(|block| change(page, block)),
        checks: checks(page, &view),
        actions: actions(page, &view),
        makers: view.makers.join("、"),
        restricted: view.label.mental && !page.has_right("mental"),
        run,
    })
}

fn sums(page: &Page, view: &RunView) -> Vec<SumRow> {
    view.sums
        .iter()
        .map(|(kind, count, amount)| SumRow {
            kind: kind_word(page, *kind),
            code: kind.code(),
            count: page.number(*count),
            amount: money(*amount),
        })
        .collect()
}

/// A kind of line in the page's language.
pub(super) fn kind_word(page: &Page, kind: LineKind) -> &'static str {
    page.either(kind.zh(), kind.en())
}

/// The difference to the period before by cause.
pub(super) fn change(page: &Page, block: &Block) -> Change {
    let row = &block.total;
    let mut causes = Vec::new();
    let mut cause = |text: &str, tally: &Tally, sign: &str| {
        if tally.households > 0 {
            let amount = format!("{sign}{}", money(tally.amount));
            causes.push((text.to_owned(), page.number(tally.households), amount));
        }
    };
    cause(page.t("run.joined"), &row.joined, "+");
    for (reason, tally) in &row.joined_by {
        cause(&format!("· {reason}"), tally, "+");
    }
    cause(page.t("run.left"), &row.left, "\u{2212}");
    for (reason, tally) in &row.left_by {
        cause(&format!("· {reason}"), tally, "\u{2212}");
    }
    let adjusted = row.adjusted;
    for (key, amount, sign) in
        [("run.raised", adjusted.up, "+"), ("run.lowered", adjusted.down, "\u{2212}")]
    {
        if amount.is_positive() {
            causes.push((
                page.t(key).to_owned(),
                String::new(),
                format!("{sign}{}", money(amount)),
            ));
        }
    }
    Change { chart: Waterfall::of_row(page, row), causes }
}

/// What has to be looked at before the run goes on.
pub(super) fn checks(page: &Page, view: &RunView) -> Vec<Check> {
    let mut found = Vec::new();
    if view.run.state == RunState::Draft {
        let missing = view.without_account.len();
        found.push(Check {
            text: page.t("run.check_account").to_owned(),
            color: if missing > 0 { "red" } else { "green" },
            state: if missing > 0 { page.t("run.check_open") } else { page.t("run.check_passed") },
            lines: view.without_account.iter().map(|line| line.id.to_string()).collect(),
        });
        found.push(Check {
            text: page.t("run.check_fresh").to_owned(),
            color: if view.is_stale { "amber" } else { "green" },
            state: if view.is_stale {
                page.t("run.check_stale")
            } else {
                page.t("run.check_passed")
            },
            lines: Vec::new(),
        });
    }
    let held = view.sums.iter().find(|(kind, _, _)| *kind == LineKind::Held);
    if let Some((_, count, _)) = held {
        found.push(Check {
            text: page.fill("run.check_held", "n", page.number(*count)),
            color: "amber",
            state: page.t("run.check_known"),
            lines: Vec::new(),
        });
    }
    if view.returned > 0 {
        found.push(Check {
            text: page.fill("run.check_returned", "n", page.number(view.returned)),
            color: "red",
            state: page.t("run.check_later"),
            lines: Vec::new(),
        });
    }
    found
}

fn actions(page: &Page, view: &RunView) -> Vec<Action> {
    let id = view.run.id;
    let at = |step: &str| format!("/runs/{id}/{step}");
    let action = |href: String, key: &str, class: &'static str| Action {
        href,
        text: page.t(key),
        class,
        direct: false,
    };
    let (makes, approves) = (page.may(P::MakeRun), page.may(P::ApproveRun));
    let mut found = Vec::new();
    match view.run.state {
        RunState::Draft if makes => {
            found.push(action(at("submit"), "run.submit", "primary"));
            let refresh = action(at("refresh"), "run.refresh", "secondary");
            found.push(Action { direct: true, ..refresh });
            found.push(action(at("void"), "run.void", "danger"));
        }
        RunState::Submitted if makes => {
            found.push(action(at("withdraw"), "run.withdraw", "secondary"));
            found.push(action(at("void"), "run.void", "danger"));
        }
        RunState::Submitted if approves => {
            found.push(action(format!("/approvals/{id}"), "run.review", "primary"));
        }
        RunState::Approved if makes => {
            found.push(action(at("payment"), "run.record_payment", "primary"));
        }
        RunState::Approved if approves => found.push(action(at("void"), "run.void", "danger")),
        RunState::Paid => {
            let key = if makes { "run.record_returns" } else { "run.see_returns" };
            found.push(action(at("returns"), key, if makes { "primary" } else { "secondary" }));
            if approves {
                let close = format!("/months/{}/close", view.run.month);
                found.push(action(close, "run.close_month", "primary"));
            }
        }
        RunState::Closed => found.push(action(at("returns"), "run.see_returns", "secondary")),
        _ => {}
    }
    found
}

/// `POST /runs/{id}/refresh`: drafts the run again as a job.
///
/// # Errors
/// 404; too many open jobs.
pub async fn refresh(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = RunId(path.0);
    let job = page
        .run(move |store| {
            let actor: &Actor = &user.session().actor;
            let run = payout::view_run(store, &actor.authorize()?, id)?.run;
            let wanted = DraftRuns {
                month: run.month,
                programs: vec![run.program],
                back: Some(format!("/runs/{id}")),
            };
            job::enqueue(store, user.session(), &wanted.ask(actor.scope().street_code()))
        })
        .await?;
    page.state().jobs.wake();
    Ok(fault::see_other(&format!("/jobs/{job}")))
}
