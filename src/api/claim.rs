//! Claims 追回: money that was paid and is owed back.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Done, Read, Reply};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::ids::{AwardId, ClaimId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::ClaimStatus;
use crate::domain::role::Permission as P;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{ApproveRun, MakeRun, ReadReport};
use crate::services::payout::{self, NewClaim};
use crate::store::claim::ClaimRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let read = Access::NeedsAny(&[P::MakeRun, P::ApproveRun]);
    let (make, approve) = (Access::Needs(P::MakeRun), Access::SteppedUp(P::ApproveRun));
    api.get("/api/v1/claims", read, list, "Claims with what is still owed");
    api.post("/api/v1/claims", make, open, "Open a claim by decision");
    api.get("/api/v1/claims/{id}", read, show, "A claim with its account");
    api.post("/api/v1/claims/{id}/plan", make, plan, "Plan its recovery by deductions");
    let words = "Record money that was paid back; the answer names the claim";
    api.post("/api/v1/claims/{id}/repay", make, repay, words);
    api.post("/api/v1/claims/{id}/write-off", approve, write_off, "Write off what is still owed");
}

shapes! {
    /// Which claims.
    request ClaimsAsked {
        /// Settled and written-off ones too.
        all: Option<bool>,
        /// Only claims after this one: `next` of the page before.
        after: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of claims.
    answer ClaimList {
        /// Oldest first.
        items: Vec<ClaimItem>,
        /// `after` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// A claim with its account.
    answer ClaimRecord {
        /// The claim.
        claim: ClaimItem,
        /// What moved it, oldest first; the sum is what is still owed.
        entries: Vec<ClaimEntry>,
    }

    /// A movement of a claim's account.
    answer ClaimEntry {
        /// What.
        kind: String,
        /// Signed.
        amount_fen: Fen,
        /// Business date.
        on: NaiveDate,
        /// Who.
        by: String,
        /// The line that opened or deducted.
        line: Option<Id>,
        /// Receipt or reason.
        note: Option<String>,
    }

    /// A claim.
    answer ClaimItem {
        /// Id.
        id: Id,
        /// From which award.
        award: Id,
        /// Code of its program.
        program: String,
        /// The run that opened it; none if a person did.
        run: Option<Id>,
        /// What it was opened with.
        amount_fen: Fen,
        /// What is still owed.
        balance_fen: Fen,
        /// Code or text.
        reason: String,
        /// Where it stands.
        status: ClaimStatus,
        /// When.
        opened_on: NaiveDate,
        /// Most of a month's payment that is taken, percent.
        cap_percent: Option<i32>,
        /// First month of the plan.
        plan_from: Option<Month>,
        /// The decision.
        doc_no: Option<String>,
    }

    /// A claim by decision.
    request ClaimOpened {
        /// From which award.
        award: Id,
        /// Above zero.
        amount_fen: Fen,
        /// Why.
        reason: String,
        /// The decision.
        doc_no: String,
    }

    /// A plan of deductions.
    request ClaimPlan {
        /// Most of each month's regular payment, 1 to 100.
        cap_percent: i32,
        /// First month.
        from_month: Month,
        /// The decision.
        doc_no: String,
    }

    /// Money that was paid back.
    request ClaimRepaid {
        /// Above zero, at most what is owed.
        amount_fen: Fen,
        /// Number of the receipt.
        receipt: String,
    }

    /// Why nothing more is asked for.
    request ClaimWrittenOff {
        /// In words.
        reason: String,
    }

    /// What was written off.
    answer WrittenOff {
        /// Fen.
        amount_fen: Fen,
    }
}

impl From<(ClaimRow, Fen)> for ClaimItem {
    fn from((row, balance): (ClaimRow, Fen)) -> ClaimItem {
        ClaimItem {
            id: Id(row.id.0),
            award: row.award_id.into(),
            program: row.program,
            run: row.run_id.map(Id::from),
            amount_fen: row.amount_fen,
            balance_fen: balance,
            reason: row.reason,
            status: row.status,
            opened_on: row.opened_on,
            cap_percent: row.cap_percent,
            plan_from: row.plan_from,
            doc_no: row.doc_no,
        }
    }
}

async fn list(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    query: Query<ClaimsAsked>,
) -> Reply<Read<ClaimList>> {
    let only_open = !query.0.all.unwrap_or(false);
    let place = (query.0.after.map(|id| ClaimId(id.0)), Limit::or_usual(query.0.limit));
    let (rows, more) = state
        .run(move |store| payout::page_claims(store, &user.authorized()?, only_open, place))
        .await?;
    let next = rows.last().filter(|_| more).map(|(row, _)| Id(row.id.0));
    Ok(Read(ClaimList { items: rows.into_iter().map(ClaimItem::from).collect(), next }))
}

async fn show(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<ClaimRecord>> {
    let id = ClaimId(path.0.0);
    let (row, entries) =
        state.run(move |store| payout::load_claim(store, &user.authorized()?, id)).await?;
    let balance = entries.iter().fold(Fen::ZERO, |sum, entry| sum + entry.amount_fen);
    let entries = entries.into_iter().map(|entry| ClaimEntry {
        kind: entry.kind.code().to_owned(),
        amount_fen: entry.amount_fen,
        on: entry.entered_on,
        by: entry.entered_by,
        line: entry.line_id.map(Id::from),
        note: entry.note,
    });
    Ok(Read(ClaimRecord { claim: (row, balance).into(), entries: entries.collect() }))
}

async fn open(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    once: Once,
    body: Json<ClaimOpened>,
) -> Reply<Created> {
    let new = body.0;
    create(user, &state, once, move |store, by| {
        let claim = NewClaim {
            award: AwardId::from(new.award),
            amount: new.amount_fen,
            reason: &new.reason,
            doc_no: &new.doc_no,
        };
        payout::open_claim(store, by, &claim).map(|id| Effect::Made(id.0))
    })
    .await
}

async fn plan(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<ClaimPlan>,
) -> Reply<Done> {
    let (id, ClaimPlan { cap_percent, from_month, doc_no }) = (ClaimId(path.0.0), body.0);
    // What is no number of percent is refused by the service, like 0 and 101.
    let cap = u32::try_from(cap_percent).unwrap_or_default();
    state
        .run(move |store| {
            payout::plan_claim(store, &user.authorized()?, id, cap, from_month, &doc_no)
        })
        .await?;
    Ok(Done)
}

async fn repay(
    user: Allowed<MakeRun>,
    state: Data<AppState>,
    path: Path<Id>,
    once: Once,
    body: Json<ClaimRepaid>,
) -> Reply<Created> {
    let (id, ClaimRepaid { amount_fen, receipt }) = (path.0.0, body.0);
    create(user, &state, once, move |store, by| {
        payout::repay_claim(store, by, ClaimId(id), amount_fen, &receipt).map(|_| Effect::Made(id))
    })
    .await
}

async fn write_off(
    user: Allowed<ApproveRun>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<ClaimWrittenOff>,
) -> Reply<Read<WrittenOff>> {
    let (id, reason) = (ClaimId(path.0.0), body.0.reason);
    let amount_fen = state
        .run(move |store| payout::write_off_claim(store, &user.authorized()?, id, &reason))
        .await?;
    Ok(Read(WrittenOff { amount_fen }))
}
