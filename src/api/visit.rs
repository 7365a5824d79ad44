//! Home visits: plan, assign, report, review.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Done, Reply};
use super::shape::{Id, shapes};
use super::visit_list;
use crate::domain::ids::ResidentId;
use crate::domain::role::Permission;
use crate::domain::visit::{Finding, Purpose, VisitResult, VisitStatus};
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::EditRegistry;
use crate::services::visit::{self, VisitInput};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let edit = Access::Needs(Permission::EditRegistry);
    visit_list::routes(api, edit);
    api.post("/api/v1/visits", edit, add, "Register a visit, planned or done");
    api.post("/api/v1/visits/{id}/assign", edit, assign, "Give a planned visit to a worker");
    api.post("/api/v1/visits/{id}/complete", edit, complete, "The visit took place");
    api.post("/api/v1/visits/{id}/review", edit, review, "What was reported is reviewed");
}

shapes! {
    /// A visit.
    request NewVisit {
        /// Unique in the street.
        visit_no: String,
        /// Which home.
        household: Option<Id>,
        /// Whom it is about.
        persons: Vec<Id>,
        /// What for.
        purpose: Purpose,
        /// Planned day.
        planned_on: Option<NaiveDate>,
        /// The day it took place.
        done_on: Option<NaiveDate>,
        /// Who goes.
        worker: String,
        /// Who comes along.
        co_visitor: Option<String>,
        /// What came of it.
        result: Option<VisitResult>,
        /// State.
        status: VisitStatus,
        /// The day of review.
        reviewed_on: Option<NaiveDate>,
        /// What was found changed.
        changed: Option<Vec<Finding>>,
        /// The day of the next visit, which is planned with this one.
        next_on: Option<NaiveDate>,
        /// Somebody has to come again: without a day two weeks later.
        comes_again: Option<bool>,
    }

    /// Who goes.
    request VisitWorker {
        /// Name.
        worker: String,
    }

    /// What came of it.
    request VisitDone {
        /// The day it took place.
        done_on: NaiveDate,
        /// What came of it.
        result: VisitResult,
    }

    /// The review.
    request VisitReviewed {
        /// The day of review.
        reviewed_on: NaiveDate,
    }
}

async fn add(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewVisit>,
) -> Reply<Created> {
    let new = body.0;
    let input = VisitInput {
        visit_no: new.visit_no,
        household: new.household.map(Into::into),
        persons: new.persons.into_iter().map(ResidentId::from).collect(),
        purpose: new.purpose,
        planned_on: new.planned_on,
        done_on: new.done_on,
        worker: new.worker,
        co_visitor: new.co_visitor,
        result: new.result,
        status: new.status,
        reviewed_on: new.reviewed_on,
        changed: new.changed.unwrap_or_default(),
        next_on: new.next_on,
        comes_again: new.comes_again.unwrap_or_default(),
    };
    create(user, &state, once, move |store, by| visit::add(store, by, &input).map(Effect::Made))
        .await
}

async fn assign(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<VisitWorker>,
) -> Reply<Done> {
    let (id, worker) = (path.0.0, body.0.worker);
    state.run(move |store| visit::assign(store, &user.authorized()?, id, &worker)).await?;
    Ok(Done)
}

async fn complete(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<VisitDone>,
) -> Reply<Done> {
    let (id, VisitDone { done_on, result }) = (path.0.0, body.0);
    state
        .run(move |store| visit::complete(store, &user.authorized()?, id, done_on, result))
        .await?;
    Ok(Done)
}

async fn review(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<VisitReviewed>,
) -> Reply<Done> {
    let (id, on) = (path.0.0, body.0.reviewed_on);
    state.run(move |store| visit::review(store, &user.authorized()?, id, on)).await?;
    Ok(Done)
}
