//! The area tree: look, add, re-divide from a day on, close.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::operation::Api;
use super::reply::{Done, Read, Reply};
use super::shape::shapes;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::area::{self, AreaInput};
use crate::services::auth::{ManageSystem, ViewRegistry};
use crate::services::directory::list_area_options;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let manage = Access::Needs(Permission::ManageSystem);
    let view = Access::Needs(Permission::ViewRegistry);
    api.get("/api/v1/areas", view, list, "Communities and grids of the caller's scope");
    api.post("/api/v1/areas", manage, add, "Add an area");
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
