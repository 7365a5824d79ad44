//! The area tree: look, add, re-divide from a day on, close.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::operation::Api;
use super::reply::{Done, Read, Reply};
use super::shape::{Instant, shapes};
use crate::domain::area::Level;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::area::{self, AreaInput};
use crate::services::area_history::{load_history, what};
use crate::services::auth::{ManageSystem, ViewRegistry};
use crate::services::directory::list_area_options;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let manage = Access::Needs(Permission::ManageSystem);
    let view = Access::Needs(Permission::ViewRegistry);
    api.get("/api/v1/areas", view, list, "Communities and grids of the caller's scope");
    api.post("/api/v1/areas", manage, add, "Add an area");
    api.get("/api/v1/areas/{code}", manage, show, "An area and what became of it");
    api.post("/api/v1/areas/{code}/rename", manage, rename, "Another name, on past tables too");
    api.post("/api/v1/areas/{code}/move", manage, regroup, "Another parent from a day on");
    api.post("/api/v1/areas/{code}/close", manage, close, "Close an area");
}

shapes! {
    /// Areas.
    answer AreaList {
        /// In code order.
        items: Vec<AreaItem>,
    }

    /// An area.
    answer AreaItem {
        /// 12 digits (community) or 15 (grid).
        code: String,
        /// Name, with the community's in front of a grid's.
        name: String,
    }

    /// An area and what became of it.
    answer AreaRecord {
        /// 6, 9, 12 or 15 digits.
        code: String,
        /// What it is.
        level: Level,
        /// Its name.
        name: String,
        /// First day.
        opened_on: NaiveDate,
        /// Last day.
        closed_on: Option<NaiveDate>,
        /// Where it lay, oldest first.
        periods: Vec<AreaLay>,
        /// Who changed what, the latest first.
        changes: Vec<AreaChange>,
    }

    /// Under which parent an area lay.
    answer AreaLay {
        /// Code of the parent.
        parent: String,
        /// First day.
        from: NaiveDate,
        /// Last day; none while it lies there.
        to: Option<NaiveDate>,
    }

    /// A change of an area.
    answer AreaChange {
        /// When.
        at: Instant,
        /// Who.
        actor: String,
        /// What: `area.rename`, `area.move` or `area.close`.
        action: String,
        /// Names, codes and days.
        detail: String,
    }

    /// Another name.
    request AreaName {
        /// The name.
        name: String,
    }

    /// A new area.
    request NewArea {
        /// 6, 9, 12 or 15 digits.
        code: String,
        /// Its name.
        name: String,
        /// The parent; by default the one that the digits name.
        parent: Option<String>,
        /// First day.
        opened_on: NaiveDate,
    }

    /// Another parent.
    request AreaMove {
        /// Code of the parent.
        parent: String,
        /// First day under it.
        from: NaiveDate,
    }

    /// The end of an area.
    request AreaEnd {
        /// Last day.
        last_day: NaiveDate,
    }
}

async fn list(user: Allowed<ViewRegistry>, state: Data<AppState>) -> Reply<Read<AreaList>> {
    let areas = state.run(move |store| list_area_options(store, &user.authorized()?)).await?;
    let items = areas.into_iter().map(|area| AreaItem { code: area.code, name: area.name });
    Ok(Read(AreaList { items: items.collect() }))
}

async fn add(
    user: Allowed<ManageSystem>,
    state: Data<AppState>,
    body: Json<NewArea>,
) -> Reply<Done> {
    let NewArea { code, name, parent, opened_on } = body.0;
    let input = AreaInput { code, name, parent, opened_on };
    state.run(move |store| area::add_areas(store, &user.authorized()?, &[input])).await?;
    Ok(Done)
}

async fn show(
    user: Allowed<ManageSystem>,
    state: Data<AppState>,
    path: Path<String>,
) -> Reply<Read<AreaRecord>> {
    let code = path.0;
    let history = state.run(move |store| load_history(store, &user.authorized()?, &code)).await?;
    let periods = history.periods.into_iter().map(|period| AreaLay {
        parent: period.parent,
        from: period.from,
        to: period.to,
    });
    let changes = history.changes.into_iter().map(|entry| AreaChange {
        at: Instant(entry.at),
        detail: what(&entry).to_owned(),
        actor: entry.actor,
        action: entry.action,
    });
    let row = history.row;
    Ok(Read(AreaRecord {
        code: row.code,
        level: row.level,
        name: row.name,
        opened_on: row.opened_on,
        closed_on: row.closed_on,
        periods: periods.collect(),
        changes: changes.collect(),
    }))
}

async fn rename(
    user: Allowed<ManageSystem>,
    state: Data<AppState>,
    path: Path<String>,
    body: Json<AreaName>,
) -> Reply<Done> {
    let (code, name) = (path.0, body.0.name);
    state.run(move |store| area::rename_area(store, &user.authorized()?, &code, &name)).await?;
    Ok(Done)
}

async fn regroup(
    user: Allowed<ManageSystem>,
    state: Data<AppState>,
    path: Path<String>,
    body: Json<AreaMove>,
) -> Reply<Done> {
    let (code, AreaMove { parent, from }) = (path.0, body.0);
    state
        .run(move |store| area::move_area(store, &user.authorized()?, &code, &parent, from))
        .await?;
    Ok(Done)
}

async fn close(
    user: Allowed<ManageSystem>,
    state: Data<AppState>,
    path: Path<String>,
    body: Json<AreaEnd>,
) -> Reply<Done> {
    let (code, last_day) = (path.0, body.0.last_day);
    state.run(move |store| area::close_area(store, &user.authorized()?, &code, last_day)).await?;
    Ok(Done)
}
