//! The steps of a run. Each needs the version that was read.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::headers::IfMatch;
use super::reply::{Read, Reply, Tagged};
use super::run::Run;
use super::shape::{Id, shapes};
use crate::domain::ids::RunId;
use crate::domain::payout::{ReturnReason, RunState};
use crate::error::AppResult;
use crate::http::{Allowed, AppState, Json, Path, SignedIn};
use crate::services::auth::{ApproveRun, Authorized, MakeRun, Permit};
use crate::services::payout::{self, ReturnedLine, SeenRun};
use crate::store::Store;
use crate::store::run::RunRow;
use crate::web::run::approval::hash_bytes;

shapes! {
    /// A step with a reason.
    request StepReason {
        /// Why; of a submission: why lines without an account are paid.
        reason: Option<String>,
    }

    /// The content that was looked at.
    request ApprovedContent {
        /// `hash` of the run.
        hash: String,
    }

    /// The day of payment.
    request Payment {
        /// The day.
        paid_on: NaiveDate,
    }

    /// Payments that came back.
    request ReturnedPayments {
        /// All of them, or none is recorded.
        lines: Vec<ReturnedPayment>,
    }

    /// One of them.
    request ReturnedPayment {
        /// The line.
        line: Id,
        /// Why.
        reason: ReturnReason,
        /// When.
        returned_on: NaiveDate,
    }

    /// How many were recorded.
    answer ReturnsRecorded {
        /// Lines.
        returned: i64,
    }
}

/// Takes a step on the version that was read; the service compares it where it
/// changes the run.
async fn step<P: Permit>(
    user: Allowed<P>,
    state: &AppState,
    (path, version): (Path<Id>, IfMatch),
    take: impl FnOnce(&Store, &Authorized<'_, P>, SeenRun) -> AppResult<RunRow> + Send + 'static,
) -> Reply<Tagged<Run>> {
    let seen = SeenRun { id: RunId::from(path.0), version: Some(version.0) };
    let run = state.run(move |store| take(store, &user.authorized()?, seen)).await?;
    Ok(Tagged(Run::from(&run), run.version))
}

pub async fn submit(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<StepReason>,
) -> Reply<Tagged<Run>> {
    step(user, &state, (path, version), move |store, by, run| {
        payout::submit(store, by, run, body.0.reason.as_deref())
    })
    .await
}

pub async fn withdraw(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<StepReason>,
) -> Reply<Tagged<Run>> {
    step(user, &state, (path, version), move |store, by, run| {
        payout::withdraw(store, by, run, body.0.reason.as_deref().unwrap_or_default())
    })
    .await
}

pub async fn return_run(
    user: Allowed<ApproveRun>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<StepReason>,
) -> Reply<Tagged<Run>> {
    step(user, &state, (path, version), move |store, by, run| {
        payout::return_run(store, by, run, body.0.reason.as_deref().unwrap_or_default())
    })
    .await
}

pub async fn void(
    user: SignedIn,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<StepReason>,
) -> Reply<Tagged<Run>> {
    let seen = SeenRun { id: RunId::from(path.0), version: Some(version.0) };
    let run = state
        .run(move |store| {
            let (actor, reason) = (&user.actor, body.0.reason.unwrap_or_default());
            match payout::view_run(store, &actor.authorize()?, seen.id)?.run.state {
                RunState::Approved => {
                    payout::void_approved(store, &actor.authorize()?, seen, &reason)
                }
                _ => payout::void(store, &actor.authorize()?, seen, &reason),
            }
        })
        .await?;
    Ok(Tagged(Run::from(&run), run.version))
}

pub async fn approve(
    user: Allowed<ApproveRun>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<ApprovedContent>,
) -> Reply<Tagged<Run>> {
    step(user, &state, (path, version), move |store, by, run| {
        payout::approve(store, by, run, &hash_bytes(&body.0.hash)?)
    })
    .await
}

pub async fn payment(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<Id>,
    version: IfMatch,
    body: Json<Payment>,
) -> Reply<Tagged<Run>> {
    step(user, &state, (path, version), move |store, by, run| {
        payout::record_payment(store, by, run, body.0.paid_on)
    })
    .await
}

pub async fn returns(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<ReturnedPayments>,
) -> Reply<Read<ReturnsRecorded>> {
    let id = RunId::from(path.0);
    let returned: Vec<ReturnedLine> = body
        .0
        .lines
        .into_iter()
        .map(|item| ReturnedLine {
            line: item.line.into(),
            reason: item.reason,
            returned_on: item.returned_on,
        })
        .collect();
    let count = state
        .run(move |store| payout::record_returns(store, &user.authorized()?, id, &returned))
        .await?;
    Ok(Read(ReturnsRecorded { returned: i64::try_from(count).unwrap_or(i64::MAX) }))
}
