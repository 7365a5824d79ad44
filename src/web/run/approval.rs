//! P-46: a second person looks at a run and decides, on the content that was
//! shown: its hash comes back with the decision.

use askama::Template;

use super::show::{Change, Check, change, checks};
use super::words::{RunWords, fingerprint};
use crate::domain::chinese_amount::chinese_amount;
use crate::domain::ids::RunId;
use crate::domain::payout::RunState;
use crate::domain::payout_hash::hash_text;
use crate::error::{AppError, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query};
use crate::services::auth::ApproveRun;
use crate::services::payout::{self, RunView};
use crate::web::Page;

#[derive(Template)]
#[template(path = "run/approvals.html")]
struct ApprovalsPage<'a> {
    page: &'a Page,
    rows: Vec<(i64, RunWords)>,
}

#[derive(Template)]
#[template(path = "run/approval.html")]
struct ApprovalPage<'a> {
    page: &'a Page,
    id: i64,
    run: RunWords,
    words: String,
    change: Option<Change>,
    checks: Vec<Check>,
    took_part: bool,
    is_submitted: bool,
    restricted: bool,
    makers: String,
}

#[derive(Template)]
#[template(path = "run/confirm.html")]
struct ConfirmPage<'a> {
    page: &'a Page,
    id: i64,
    run: RunWords,
    words: String,
    hash: String,
    seen: String,
    changed: bool,
}

/// The hash that was looked at.
#[derive(Debug)]
pub struct HashForm {
    hash: String,
}

impl FromFields for HashForm {
    const FIELDS: &'static [&'static str] = &["hash"];
    fn from_fields(fields: &mut Fields) -> Option<HashForm> {
        let hash = fields.required("hash", "缺少内容指纹。", "The fingerprint is missing.");
        Some(HashForm { hash: hash? })
    }
}

/// `GET /approvals`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ApproveRun>, page: Page) -> Outcome {
    let runs = page
        .run(move |store| payout::list_submitted_runs(store, &user.session().actor.authorize()?))
        .await?;
    let page = page.title("menu.approvals");
    let rows =
        runs.iter().map(|(label, run)| (run.id.0, RunWords::new(&page, label, run))).collect();
    page.show(|page| ApprovalsPage { page, rows })
}

async fn load(user: &Allowed<ApproveRun>, page: &Page, id: i64) -> Result<RunView, Fault> {
    let user = user.clone();
    page.run(move |store| payout::view_run(store, &user.session().actor.authorize()?, RunId(id)))
        .await
}

fn in_words(view: &RunView) -> String {
    let run = &view.run;
    chinese_amount(run.regular_fen + run.arrears_fen + run.deduction_fen)
}

/// `GET /approvals/{id}`.
///
/// # Errors
/// 404.
pub async fn show(user: Allowed<ApproveRun>, page: Page, path: Path<i64>) -> Outcome {
    let id = path.0;
    let view = load(&user, &page, id).await?;
    let run = RunWords::new(&page, &view.label, &view.run);
    let me = user.session().actor.username().to_owned();
    let title = page.fill("approval.title", "run", run.title());
    let page = page.title_text(title).under("menu.approvals", "/approvals");
    page.show(|page| ApprovalPage {
        page,
        id,
        words: in_words(&view),
        change: view.block.as_ref().map(|block| change(page, block)),
        checks: checks(page, &view),
        took_part: view.makers.contains(&me),
        is_submitted: view.run.state == RunState::Submitted,
        restricted: view.label.mental && !page.has_right("mental"),
        makers: view.makers.join("、"),
        run,
    })
}

/// `GET /approvals/{id}/confirm?hash=…`: the last look, after the password or
/// code was entered again.
///
/// # Errors
/// 404.
pub async fn ask(
    user: Allowed<ApproveRun>,
    page: Page,
    path: Path<i64>,
    query: Query<HashForm>,
) -> Outcome {
    let id = path.0;
    let view = load(&user, &page, id).await?;
    let run = RunWords::new(&page, &view.label, &view.run);
    let at = format!("/approvals/{id}");
    let page = page.title("approval.confirm_title").under("menu.approvals", "/approvals");
    let page = page.under_text(run.title(), &at);
    page.show(|page| ConfirmPage {
        page,
        id,
        words: in_words(&view),
        changed: run.hash != query.value.hash || view.run.state != RunState::Submitted,
        seen: fingerprint(&query.value.hash),
        hash: query.value.hash,
        run,
    })
}

/// `POST /approvals/{id}/confirm`.
///
/// # Errors
/// 403 for whoever worked on the run; 409 if it is not what was looked at.
pub async fn approve(
    user: Allowed<ApproveRun>,
    page: Page,
    path: Path<i64>,
    form: Form<HashForm>,
) -> Outcome {
    let id = path.0;
    let (_, form) = form.checked();
    let seen = form?.hash;
    let (by, given) = (user.clone(), seen.clone());
    let outcome = page
        .run(move |store| {
            let hash = hash_bytes(&given)?;
            payout::approve(store, &by.authorized()?, RunId(id), &hash)
        })
        .await;
    match outcome {
        Ok(_) => page.done(&format!("/runs/{id}"), "run_approved"),
        Err(fault) if fault.status.as_u16() == 409 => {
            let run = load(&user, &page, id).await?.run;
            let same = run.content_hash.as_deref().map(hash_text) == Some(seen);
            let mine = run.approved_by.as_deref() == Some(user.session().actor.username());
            if run.state == RunState::Approved && same && mine {
                return page.done(&format!("/runs/{id}"), "already_done");
            }
            Err(fault)
        }
        Err(fault) => Err(fault),
    }
}

/// A hash from its hexadecimal text.
pub(crate) fn hash_bytes(text: &str) -> Result<Vec<u8>, AppError> {
    let refuse = || {
        AppError::refuse(Refusal::field(
            "hash",
            "内容指纹应为 64 位十六进制数。",
            "The fingerprint is 64 hexadecimal digits.",
        ))
    };
    if text.len() != 64 || !text.is_ascii() {
        return Err(refuse());
    }
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).map_err(|_| refuse())?;
            u8::from_str_radix(pair, 16).map_err(|_| refuse())
        })
        .collect()
}
