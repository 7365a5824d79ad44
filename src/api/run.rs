//! Payout runs for programs: the month, its runs and lines, and the steps.
//! Amounts are whole fen; every step needs the version that was read.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Data;
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value, json};

use super::headers::{IfMatch, tag};
use crate::domain::ids::{LineId, RunId};
use crate::domain::month::Month;
use crate::domain::payout::ReturnReason;
use crate::domain::payout_hash::hash_text;
use crate::error::{AppResult, Refusal};
use crate::http::{Allowed, AppState, Fault, Fields, FromFields, Json, Outcome, Path, Query};
use crate::jobs::draft::DraftRuns;
use crate::services::auth::{ApproveRun, Authorized, CloseMonth, MakeRun, Permit, ReadReport};
use crate::services::job;
use crate::services::payout::{self, LineFilterInput, ReturnedLine, SeenRun};
use crate::store::Store;
use crate::store::line::LineRow;
use crate::store::line_page::{From, LinePlace};
use crate::store::run::RunRow;
use crate::web::run::approval::hash_bytes;

fn run_json(run: &RunRow) -> Value {
    json!({
        "id": run.id.0.to_string(), "program": run.program, "month": run.month,
        "state": run.state, "cut_off": run.cut_off, "lines": run.line_count,
        "regular_fen": run.regular_fen, "arrears_fen": run.arrears_fen,
        "claim_fen": run.claim_fen, "deduction_fen": run.deduction_fen,
        "hash": run.content_hash.as_deref().map(hash_text), "drafted_by": run.drafted_by,
        "submitted_by": run.submitted_by, "approved_by": run.approved_by,
        "payment_on": run.payment_on, "note": run.note, "version": run.version,
    })
}

fn line_json(line: &LineRow) -> Value {
    json!({
        "id": line.id.0.to_string(), "run": line.run_id.0.to_string(), "month": line.month,
        "kind": line.kind, "amount_fen": line.amount_fen, "persons": line.persons,
        "area": line.area_code, "reason": line.reason,
        "award": line.award_id.0.to_string(),
    })
}

fn with_tag(run: &RunRow) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, tag(run.version))).json(run_json(run))
}

/// The programs of a month.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ReadReport>, state: Data<AppState>, path: Path<Month>) -> Outcome {
    let month = path.0;
    let board = state
        .run(move |store| payout::month_board(store, &user.authorized()?, Some(month)))
        .await?;
    let rows: Vec<Value> = board
        .rows
        .iter()
        .map(|row| {
            json!({ "program": row.label.code, "zh": row.label.zh, "en": row.label.en,
                    "run": row.run.as_ref().map(run_json) })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "month": month, "programs": rows })))
}

/// Drafts a month as a job.
///
/// # Errors
/// 409 with too many open jobs.
pub async fn draft(user: Allowed<MakeRun>, state: Data<AppState>, path: Path<Month>) -> Outcome {
    let wanted = DraftRuns { month: path.0, programs: Vec::new(), back: None };
    let id = state
        .run(move |store| {
            let street = user.session().actor.scope().street_code();
            job::enqueue(store, user.session(), &wanted.ask(street))
        })
        .await?;
    state.jobs.wake();
    Ok(HttpResponse::Accepted().json(json!({ "job": id.to_string() })))
}

/// Closes a month.
///
/// # Errors
/// 403 for whoever worked on it; 409 if a run is not paid.
pub async fn close(user: Allowed<CloseMonth>, state: Data<AppState>, path: Path<Month>) -> Outcome {
    let month = path.0;
    let runs =
        state.run(move |store| payout::close_month(store, &user.authorized()?, month)).await?;
    let runs: Vec<Value> = runs.iter().map(run_json).collect();
    Ok(HttpResponse::Ok().json(json!({ "month": month, "runs": runs })))
}

/// A run, with its version as the tag.
///
/// # Errors
/// 404.
pub async fn show(user: Allowed<ReadReport>, state: Data<AppState>, path: Path<i64>) -> Outcome {
    let id = RunId(path.0);
    let view = state.run(move |store| payout::view_run(store, &user.authorized()?, id)).await?;
    Ok(with_tag(&view.run))
}

/// `?after=…&limit=…`.
#[derive(Debug)]
pub struct LinesQuery {
    after: Option<LinePlace>,
    limit: i64,
}

impl FromFields for LinesQuery {
    const FIELDS: &'static [&'static str] = &["after", "limit"];
    fn from_fields(fields: &mut Fields) -> Option<LinesQuery> {
        let after = match fields.text("after") {
            Some(text) => Some(LinePlace::parse(&text)?),
            None => None,
        };
        let limit = fields.parsed("limit", "limit 应为数字。", "limit is a number.");
        Some(LinesQuery { after, limit: limit.unwrap_or(100).clamp(1, 500) })
    }
}

/// Lines of a run, a page at a time.
///
/// # Errors
/// 404; 403 for mental-health awards without the right.
pub async fn lines(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<i64>,
    query: Query<LinesQuery>,
) -> Outcome {
    let id = RunId(path.0);
    let LinesQuery { after, limit } = query.value;
    let mental = user.session().rights.iter().any(|right| right == "mental");
    let from = after.map_or(From::Start, From::After);
    let list = state
        .run(move |store| {
            let (by, all) = (user.authorized()?, LineFilterInput::default());
            payout::list_lines_filtered(store, &by, id, &all, from, limit)
        })
        .await?;
    if list.label.mental && !mental {
        return Err(Fault::forbidden());
    }
    let last = list.items.last().filter(|_| list.has_after);
    Ok(HttpResponse::Ok().json(json!({
        "lines": list.items.iter().map(|item| line_json(&item.line)).collect::<Vec<_>>(),
        "count": list.count, "sum_fen": list.sum,
        "next": last.map(|item| LinePlace::of(&item.line).text()),
    })))
}

/// A line and how its amount came about.
///
/// # Errors
/// 404; 403 without the right to see what stands behind it.
pub async fn line(user: Allowed<ReadReport>, state: Data<AppState>, path: Path<i64>) -> Outcome {
    let id = LineId(path.0);
    let has = |right: &str| user.session().rights.iter().any(|have| have == right);
    let (child, mental) = (has("child"), has("mental"));
    let view = state
        .run(move |store| payout::view_line(store, &user.authorized()?, id, child && mental))
        .await?;
    if (view.label.mental && !mental) || (view.label.child && !child) {
        return Err(Fault::forbidden());
    }
    let explained = &view.explanation;
    let steps: Vec<Value> = explained
        .steps
        .iter()
        .map(|s| json!({ "clause": s.clause, "zh": s.zh, "en": s.en, "amount_fen": s.amount }))
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "line": line_json(&explained.line), "policy": explained.policy,
        "known_on": explained.known_on, "due_fen": explained.due,
        "settled_fen": explained.settled, "steps": steps,
    })))
}

/// A step with a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonJson {
    reason: Option<String>,
}

/// The content that was looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproveJson {
    hash: String,
}

/// The day of payment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentJson {
    paid_on: NaiveDate,
}

/// Payments that came back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnsJson {
    lines: Vec<ReturnJson>,
}

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnJson {
    line: String,
    reason: ReturnReason,
    returned_on: NaiveDate,
}

/// Takes a step on the version that was read; the service compares it where it
/// changes the run.
async fn step<P: Permit>(
    user: Allowed<P>,
    state: &AppState,
    (path, version): (Path<i64>, IfMatch),
    take: impl FnOnce(&Store, &Authorized<'_, P>, SeenRun) -> AppResult<RunRow> + Send + 'static,
) -> Outcome {
    let seen = SeenRun { id: RunId(path.0), version: Some(version.0) };
    let run = state.run(move |store| take(store, &user.authorized()?, seen)).await?;
    Ok(with_tag(&run))
}

/// Submits a draft; `reason` says why lines without an account are paid.
///
/// # Errors
/// 409, 412, 422, 428.
pub async fn submit(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<i64>,
    version: IfMatch,
    body: Json<ReasonJson>,
) -> Outcome {
    step(user, &state, (path, version), move |store, by, run| {
        payout::submit(store, by, run, body.0.reason.as_deref())
    })
    .await
}

/// Takes a submitted run back.
///
/// # Errors
/// 409, 412, 428.
pub async fn withdraw(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<i64>,
    version: IfMatch,
    body: Json<ReasonJson>,
) -> Outcome {
    step(user, &state, (path, version), move |store, by, run| {
        payout::withdraw(store, by, run, body.0.reason.as_deref().unwrap_or(""))
    })
    .await
}

/// Returns a submitted run to its maker.
///
/// # Errors
/// 409, 412, 422 without a reason, 428.
pub async fn return_run(
    user: Allowed<ApproveRun>,
    state: Data<AppState>,
    path: Path<i64>,
    version: IfMatch,
    body: Json<ReasonJson>,
) -> Outcome {
    step(user, &state, (path, version), move |store, by, run| {
        payout::return_run(store, by, run, body.0.reason.as_deref().unwrap_or(""))
    })
    .await
}

/// Approves the content that was looked at.
///
/// # Errors
/// 403 for whoever worked on it; 409 for another content; 412, 428.
pub async fn approve(
    user: Allowed<ApproveRun>,
    state: Data<AppState>,
    path: Path<i64>,
    version: IfMatch,
    body: Json<ApproveJson>,
) -> Outcome {
    step(user, &state, (path, version), move |store, by, run| {
        payout::approve(store, by, run, &hash_bytes(&body.0.hash)?)
    })
    .await
}

/// Records the day of payment.
///
/// # Errors
/// 409, 412, 422, 428.
pub async fn payment(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<i64>,
    version: IfMatch,
    body: Json<PaymentJson>,
) -> Outcome {
    step(user, &state, (path, version), move |store, by, run| {
        payout::record_payment(store, by, run, body.0.paid_on)
    })
    .await
}

/// Records payments that came back: all or none.
///
/// # Errors
/// 404, 409, 422.
pub async fn returns(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<i64>,
    body: Json<ReturnsJson>,
) -> Outcome {
    let id = RunId(path.0);
    let returned: Option<Vec<ReturnedLine>> = body
        .0
        .lines
        .iter()
        .map(|item| {
            let line = LineId(item.line.parse().ok()?);
            Some(ReturnedLine { line, reason: item.reason, returned_on: item.returned_on })
        })
        .collect();
    let returned = returned.filter(|lines| !lines.is_empty()).ok_or_else(|| Fault {
        refusals: vec![Refusal::field(
            "lines",
            "没有这样的明细编号。",
            "These are no ids of lines.",
        )],
        ..Fault::new(actix_web::http::StatusCode::UNPROCESSABLE_ENTITY, "invalid_input")
    })?;
    let count = state
        .run(move |store| payout::record_returns(store, &user.authorized()?, id, &returned))
        .await?;
    Ok(HttpResponse::Ok().json(json!({ "returned": count })))
}
