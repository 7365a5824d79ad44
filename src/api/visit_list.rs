//! The rounds: what is planned and done, what is missing, plans for a whole
//! building, a grid handed over.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::cursor::{Cursor, Key as _};
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::reply::{Created, Read, Reply};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::mask;
use crate::domain::role::Permission;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::visit::hand_over::{self, HandOverInput};
use crate::services::visit::plan::{self, PlanInput};
use crate::services::visit::round;
use crate::store::round::VisitFilter;
use crate::store::visit::VisitRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>, edit: Access) {
    let view = Access::Needs(Permission::ViewRegistry);
    api.get("/api/v1/visits", view, list, "Visits of the caller's scope, the latest first");
    let words = "This month's verification, by building or by grid";
    api.get("/api/v1/visits/progress", view, progress, words);
    let words = "Residents whose record lacks a number or a telephone";
    api.get("/api/v1/visits/missing", view, missing, words);
    let words = "Plan a visit to every household of a building that has none planned";
    api.post("/api/v1/visits/plan", edit, plan_building, words);
    api.get("/api/v1/visits/workers", view, workers, "Grid workers whom a grid can be handed to");
    let words = "Hand a grid with its planned visits to another worker from a day on";
    api.post("/api/v1/visits/hand-over", edit, give, words);
    let words = "Nothing has changed: everybody of a household is verified today";
    api.post("/api/v1/households/{id}/verify", edit, verify, words);
}

shapes! {
    /// Which visits.
    request VisitsAsked {
        /// State.
        status: Option<VisitStatus>,
        /// What for.
        purpose: Option<Purpose>,
        /// To which home.
        household: Option<Id>,
        /// Only visits before this one: `next` of the page before.
        before: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of visits.
    answer VisitPage {
        /// The latest first.
        items: Vec<VisitItem>,
        /// `before` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// A visit.
    answer VisitItem {
        /// Id.
        id: Id,
        /// Unique in the street.
        visit_no: String,
        /// Which home.
        household: Option<Id>,
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
        /// Codes of what was found changed.
        changed: Vec<String>,
    }

    /// How far this month's verification is.
    answer VerifyProgress {
        /// Per building (of one grid) or per grid, the least verified first.
        items: Vec<ProgressItem>,
    }

    /// A building or a grid.
    answer ProgressItem {
        /// Its name.
        name: String,
        /// Open households.
        homes: i64,
        /// Those that a population check of the month verified.
        verified: i64,
    }

    /// Which page.
    request MissingAsked {
        /// Only people after this place: `next` of the page before.
        after: Option<Cursor<(String, ResidentId)>>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// Residents whose record lacks something.
    answer MissingPage {
        /// By area.
        items: Vec<MissingItem>,
        /// Rows on all pages.
        total: i64,
        /// `after` of the next page; none on the last one.
        next: Option<String>,
    }

    /// A resident whose record lacks something.
    answer MissingItem {
        /// Who.
        resident: Id,
        /// Name; masked for readers.
        name: String,
        /// Code of the community or grid.
        area: String,
        /// Whether the number of a document is missing.
        no_number: bool,
        /// Whether the telephone is missing.
        no_phone: bool,
    }

    /// Visits to a building.
    request BuildingPlan {
        /// Community or grid.
        area: String,
        /// Beginning of the addresses.
        building: String,
        /// What for; not for restricted purposes.
        purpose: Purpose,
        /// The day, today or later.
        planned_on: NaiveDate,
        /// Who goes.
        worker: String,
        /// Who comes along.
        co_visitor: Option<String>,
    }

    /// A grid gets another worker.
    request HandOver {
        /// The grid, or a community.
        area: String,
        /// Account that gives it up, if one does.
        from_user: Option<Id>,
        /// Account that takes it over.
        to_user: Id,
        /// First day.
        from: NaiveDate,
    }

    /// Grid workers.
    answer WorkerList {
        /// By name.
        items: Vec<WorkerItem>,
    }

    /// A grid worker.
    answer WorkerItem {
        /// Account.
        id: Id,
        /// Name on screens.
        name: String,
        /// Name in the log.
        username: String,
        /// Codes of what they keep today.
        areas: Vec<String>,
    }

    /// How many visits.
    answer VisitCount {
        /// The number.
        visits: i64,
    }
}

impl From<VisitRow> for VisitItem {
    fn from(row: VisitRow) -> VisitItem {
        let changed = row.changed.split(',').filter(|code| !code.is_empty());
        VisitItem {
            id: Id(row.id),
            visit_no: row.visit_no,
            household: row.household_id.map(Id::from),
            purpose: row.purpose,
            planned_on: row.planned_on,
            done_on: row.done_on,
            worker: row.worker,
            co_visitor: row.co_visitor,
            result: row.result,
            status: row.status,
            reviewed_on: row.reviewed_on,
            changed: changed.map(str::to_owned).collect(),
        }
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

async fn list(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    query: Query<VisitsAsked>,
) -> Reply<Read<VisitPage>> {
    let asked = query.0;
    let limit = Limit::or_usual(asked.limit);
    let filter = VisitFilter {
        status: asked.status,
        purpose: asked.purpose,
        household: asked.household.map(Into::into),
        before: asked.before.map(|id| id.0),
        ..VisitFilter::default()
    };
    let (rows, more) = state
        .run(move |store| {
            let rights = user.session().extra();
            round::page_visits(store, &user.authorized()?, rights, filter, limit)
        })
        .await?;
    let next = rows.last().filter(|_| more).map(|row| Id(row.id));
    Ok(Read(VisitPage { items: rows.into_iter().map(VisitItem::from).collect(), next }))
}

async fn progress(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
) -> Reply<Read<VerifyProgress>> {
    let rows = state.run(move |store| round::progress(store, &user.authorized()?)).await?;
    let items = rows.into_iter().map(|row| ProgressItem {
        homes: number(row.homes),
        verified: number(row.verified),
        name: row.name,
    });
    Ok(Read(VerifyProgress { items: items.collect() }))
}

async fn missing(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    query: Query<MissingAsked>,
) -> Reply<Read<MissingPage>> {
    let limit = Limit::or_usual(query.0.limit);
    let after = query.0.after.map(|place| place.0);
    let plain = user.session().actor.role().may(Permission::EditRegistry);
    let (mut rows, total) = state
        .run(move |store| round::incomplete(store, &user.authorized()?, after.as_ref(), limit + 1))
        .await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|row| (row.area_code.clone(), row.id).write());
    let items = rows.into_iter().map(|row| MissingItem {
        resident: row.id.into(),
        name: if plain { row.name } else { mask::name(&row.name) },
        area: row.area_code,
        no_number: row.doc_no_index.is_none(),
        no_phone: row.phone_index.is_none(),
    });
    Ok(Read(MissingPage { items: items.collect(), total, next }))
}

async fn plan_building(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    body: Json<BuildingPlan>,
) -> Reply<Read<VisitCount>> {
    let new = body.0;
    let input = PlanInput {
        area_code: new.area,
        building: new.building,
        purpose: new.purpose,
        planned_on: new.planned_on,
        worker: new.worker,
        co_visitor: new.co_visitor,
    };
    let planned = state.run(move |store| plan::plan(store, &user.authorized()?, &input)).await?;
    Ok(Read(VisitCount { visits: number(planned) }))
}

async fn workers(user: Allowed<ViewRegistry>, state: Data<AppState>) -> Reply<Read<WorkerList>> {
    let found = state.run(move |store| hand_over::list_workers(store, &user.authorized()?)).await?;
    let items = found.into_iter().map(|worker| WorkerItem {
        id: Id(worker.id),
        name: worker.name,
        username: worker.username,
        areas: worker.areas,
    });
    Ok(Read(WorkerList { items: items.collect() }))
}

async fn give(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    body: Json<HandOver>,
) -> Reply<Read<VisitCount>> {
    let HandOver { area, from_user, to_user, from } = body.0;
    let input = HandOverInput {
        area_code: area,
        from_user: from_user.map(|id| id.0),
        to_user: to_user.0,
        from,
    };
    let done =
        state.run(move |store| hand_over::hand_over(store, &user.authorized()?, &input)).await?;
    Ok(Read(VisitCount { visits: number(done.visits) }))
}

async fn verify(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
    once: Once,
) -> Reply<Created> {
    let id = HouseholdId(path.0.0);
    let worker = user.session().display_name.clone();
    create(user, &state, once, move |store, by| {
        plan::verify_home(store, by, id, &worker).map(Effect::Made)
    })
    .await
}
