//! Summaries for programs. Amounts are whole fen.

use actix_web::HttpResponse;
use actix_web::web::Data;

use crate::domain::month::Month;
use crate::http::{Allowed, AppState, Outcome, Path};
use crate::services::auth::ReadReport;
use crate::services::report::{AnnualQuery, annual, month_summary};

/// The month's table.
///
/// # Errors
/// 404 if the month has no run.
pub async fn month(user: Allowed<ReadReport>, state: Data<AppState>, path: Path<Month>) -> Outcome {
    let month = path.0;
    let mental = user.session().rights.iter().any(|right| right == "mental");
    let summary = state.run(move |store| month_summary(store, &user.authorized()?, month)).await?;
    let summary = if mental { summary } else { summary.without_mental() };
    Ok(HttpResponse::Ok().json(summary))
}

/// The annual figures through a month.
///
/// # Errors
/// 404 if the period has no run.
pub async fn annual_figures(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Month>,
) -> Outcome {
    let query = AnnualQuery { through: path.0, roster: None, public: false };
    let figures = state.run(move |store| annual(store, &user.authorized()?, query)).await?;
    Ok(HttpResponse::Ok().json(figures))
}
