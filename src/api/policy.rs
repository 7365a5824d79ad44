//! Policies: proposed by one person, read by everybody who reads reports, put in
//! force or rejected by another.

use actix_web::web::Data;
use chrono::NaiveDateTime;

use super::change::Reason;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Done, Queued, Read, Reply};
use super::shape::{Id, Instant, Query, shapes};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::policy::{CaseResult, Policy, Restricted};
use crate::domain::role::Permission as P;
use crate::http::{Access, Allowed, AppState, Fault, Json, Path};
use crate::jobs::cost::PolicyCost;
use crate::services::auth::{ActivatePolicy, ProposePolicy, ReadReport};
use crate::services::payout::{CostRow, KnownCost, known_cost};
use crate::services::{job, policy};
use crate::store::policy::PolicyRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let (read, propose) = (Access::Needs(P::ReadReport), Access::Needs(P::ProposePolicy));
    let (reject, activate) =
        (Access::Needs(P::ActivatePolicy), Access::SteppedUp(P::ActivatePolicy));
    api.get("/api/v1/policies", read, list, "Policies that were ever proposed, newest first");
    let words = "Propose a policy file; refused unless every worked case comes out";
    api.post("/api/v1/policies", propose, submit, words);
    api.get("/api/v1/policies/{id}", read, show, "A policy, its file and its cases, run again");
    let words = "What it would cost in a month, as it was computed last";
    api.get("/api/v1/policies/{id}/cost", read, cost, words);
    let words = "Compute what it would cost in a month, as a job";
    api.post("/api/v1/policies/{id}/cost", read, compute, words);
    let words = "Put another's proposal in force";
    api.post("/api/v1/policies/{id}/activate", activate, put_in_force, words);
    api.post("/api/v1/policies/{id}/reject", reject, refuse, "Reject another's proposal");
    api.post("/api/v1/policies/{id}/withdraw", propose, withdraw, "Take one's own proposal back");
}

shapes! {
    /// Policies.
    answer PolicyList {
        /// Newest first.
        items: Vec<PolicyItem>,
    }

    /// A version of a policy.
    answer PolicyItem {
        /// Id.
        id: Id,
        /// Codes of its files.
        code: String,
        /// Counts up per code.
        version: i32,
        /// Chinese title.
        title: String,
        /// SHA-256 of the file, hexadecimal.
        sha256: String,
        /// Whether its amounts are made up.
        illustrative: bool,
        /// `proposed`, `active`, `superseded`, `withdrawn` or `rejected`.
        status: String,
        /// Who proposed it.
        proposed_by: String,
        /// When.
        proposed_at: Instant,
        /// Who put it in force.
        activated_by: Option<String>,
        /// When.
        activated_at: Option<Instant>,
        /// Who withdrew or rejected it.
        ended_by: Option<String>,
        /// When.
        ended_at: Option<Instant>,
        /// Why.
        end_reason: Option<String>,
    }

    /// A policy file.
    request NewPolicy {
        /// The file (TOML), as `mingce policy check` takes it.
        text: String,
    }

    /// A policy with its file and its cases.
    answer PolicyRecord {
        /// The version.
        policy: PolicyItem,
        /// The file.
        text: String,
        /// Its worked cases, run again.
        cases: Vec<PolicyCase>,
    }

    /// A worked case.
    answer PolicyCase {
        /// Its number.
        id: String,
        /// In Chinese.
        zh: String,
        /// In English.
        en: String,
        /// Whether it comes out.
        passed: bool,
    }

    /// Which month.
    request CostAsked {
        /// The month.
        month: Month,
    }

    /// What a policy would cost.
    answer CostAnswer {
        /// The month.
        month: Month,
        /// When it was computed.
        computed_at: Instant,
        /// Whether another policy is in force by now: compute it again.
        old: bool,
        /// By program and community. Of a mental-health program only the
        /// total, for whoever has not that right.
        items: Vec<CostItem>,
    }

    /// A program in a community.
    answer CostItem {
        /// Code of the program.
        program: String,
        /// Code of the community; none for the program's total.
        area: Option<String>,
        /// Name of the community.
        name: Option<String>,
        /// Beneficiaries paid by the policy in force.
        count_now: i64,
        /// What it pays.
        amount_now_fen: Fen,
        /// Beneficiaries paid by this one.
        count_then: i64,
        /// What it would pay.
        amount_then_fen: Fen,
        /// This one less the one in force.
        difference_fen: Fen,
    }
}

impl From<PolicyRow> for PolicyItem {
    fn from(row: PolicyRow) -> PolicyItem {
        let instant = |at: Option<NaiveDateTime>| at.map(Instant);
        PolicyItem {
            id: Id(row.id),
            sha256: row.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            code: row.code,
            version: row.version,
            title: row.title,
            illustrative: row.illustrative,
            status: row.status,
            proposed_by: row.proposed_by,
            proposed_at: Instant(row.created_at),
            activated_by: row.activated_by,
            activated_at: instant(row.activated_at),
            ended_by: row.ended_by,
            ended_at: instant(row.ended_at),
            end_reason: row.end_reason,
        }
    }
}

impl From<CaseResult> for PolicyCase {
    fn from(case: CaseResult) -> PolicyCase {
        PolicyCase { id: case.id, zh: case.zh, en: case.en, passed: case.passed }
    }
}

fn cost_item(program: &str, place: Option<(&str, &str)>, row: &CostRow) -> CostItem {
    CostItem {
        program: program.to_owned(),
        area: place.map(|(code, _)| code.to_owned()),
        name: place.map(|(_, name)| name.to_owned()),
        count_now: row.count_now,
        amount_now_fen: row.amount_now,
        count_then: row.count_then,
        amount_then_fen: row.amount_then,
        difference_fen: row.difference(),
    }
}

/// Every program's total and, unless it is restricted, its communities.
fn cost_items(known: &KnownCost, policy: &Policy, mental: bool) -> Vec<CostItem> {
    let rows = &known.preview.rows;
    let mut codes: Vec<&str> = rows.keys().map(|(program, _)| program.as_str()).collect();
    codes.dedup();
    let mut items = Vec::new();
    for code in codes {
        let of = || rows.iter().filter(move |((program, _), _)| program == code);
        items.push(cost_item(code, None, &CostRow::sum(of().map(|(_, row)| row))));
        let program = policy.program_index(code).and_then(|at| policy.program(at));
        let hidden = !mental && program.is_none_or(|p| p.restricted == Some(Restricted::Mental));
        for ((_, place), row) in of().filter(|_| !hidden) {
            let name = known.preview.places.get(place).unwrap_or(place);
            items.push(cost_item(code, Some((place, name)), row));
        }
    }
    items
}

async fn list(user: Allowed<ReadReport>, state: Data<AppState>) -> Reply<Read<PolicyList>> {
    let rows = state.run(move |store| policy::list(store, &user.authorized()?)).await?;
    Ok(Read(PolicyList { items: rows.into_iter().map(PolicyItem::from).collect() }))
}

async fn submit(
    user: Allowed<ProposePolicy>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewPolicy>,
) -> Reply<Created> {
    let text = body.0.text;
    create(user, &state, once, move |store, by| policy::propose(store, by, &text).map(Effect::Made))
        .await
}

async fn show(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<PolicyRecord>> {
    let id = path.0.0;
    let found = state.run(move |store| policy::load_page(store, &user.authorized()?, id)).await?;
    let row = found.version.row;
    Ok(Read(PolicyRecord {
        text: row.body.clone(),
        policy: row.into(),
        cases: found.cases.into_iter().map(PolicyCase::from).collect(),
    }))
}

async fn cost(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
    query: Query<CostAsked>,
) -> Reply<Read<CostAnswer>> {
    let (id, month) = (path.0.0, query.0.month);
    let mental = user.session().has_right("mental");
    let (found, known) = state
        .run(move |store| {
            let by = user.authorized()?;
            Ok((policy::load_page(store, &by, id)?, known_cost(store, &by, id, month)?))
        })
        .await?;
    let known = known.ok_or_else(Fault::not_found)?;
    Ok(Read(CostAnswer {
        month,
        computed_at: Instant(known.computed_at),
        old: known.is_old,
        items: cost_items(&known, &found.version.policy, mental),
    }))
}

async fn compute(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<CostAsked>,
) -> Reply<Queued> {
    let wanted = PolicyCost { policy: path.0.0, month: body.0.month };
    let id = state
        .run(move |store| {
            let by = user.authorized()?;
            policy::load_page(store, &by, wanted.policy)?;
            job::enqueue(store, user.session(), &wanted.ask(by.street()))
        })
        .await?;
    state.jobs.wake();
    Ok(Queued { job: Id(id) })
}

async fn put_in_force(
    user: Allowed<ActivatePolicy>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Done> {
    let id = path.0.0;
    state.run(move |store| policy::activate(store, &user.authorized()?, id)).await?;
    Ok(Done)
}

async fn refuse(
    user: Allowed<ActivatePolicy>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<Reason>,
) -> Reply<Done> {
    let (id, reason) = (path.0.0, body.0.reason);
    state.run(move |store| policy::reject(store, &user.authorized()?, id, &reason)).await?;
    Ok(Done)
}

async fn withdraw(
    user: Allowed<ProposePolicy>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<Reason>,
) -> Reply<Done> {
    let (id, reason) = (path.0.0, body.0.reason);
    state.run(move |store| policy::withdraw(store, &user.authorized()?, id, &reason)).await?;
    Ok(Done)
}
