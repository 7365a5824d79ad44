//! Summaries for programs. Amounts are whole fen.

use actix_web::web::Data;

use super::operation::Api;
use super::reply::{Read, Reply};
use crate::domain::annual::Annual;
use crate::domain::month::Month;
use crate::domain::role::Permission;
use crate::domain::summary::Summary;
use crate::http::{Access, Allowed, AppState, Path};
use crate::services::auth::ReadReport;
use crate::services::report::{AnnualQuery, annual, month_summary};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let read = Access::Needs(Permission::ReadReport);
    api.get("/api/v1/reports/month/{month}", read, month, "The month's official table");
    let words = "The annual figures through a month";
    api.get("/api/v1/reports/annual/{month}", read, annual_figures, words);
}

async fn month(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Month>,
) -> Reply<Read<Summary>> {
    let month = path.0;
    let mental = user.session().has_right("mental");
    let summary = state.run(move |store| month_summary(store, &user.authorized()?, month)).await?;
    Ok(Read(if mental { summary } else { summary.without_mental() }))
}

async fn annual_figures(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Month>,
) -> Reply<Read<Annual>> {
    let query = AnnualQuery { through: path.0, roster: None, public: false };
    let figures = state.run(move |store| annual(store, &user.authorized()?, query)).await?;
    Ok(Read(figures))
}
