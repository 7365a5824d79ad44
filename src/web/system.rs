//! What machines ask: alive, ready, counters, static files, reports of the
//! content policy.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::assets;
use crate::http::body::Body;
use crate::http::{Access, AppState, Outcome, Routes};
use crate::store::job;

/// Registers them.
pub fn routes(routes: &mut Routes) {
    routes.get("/health", Access::Open, health);
    routes.get("/ready", Access::Monitoring, ready);
    routes.get("/metrics", Access::Monitoring, metrics);
    routes.get("/static/{hash}/{name}", Access::Open, assets::serve);
    routes.get("/sw.js", Access::Open, assets::worker);
    routes.get("/favicon.ico", Access::Open, favicon);
    routes.get("/robots.txt", Access::Open, robots);
    routes.post("/csp-report", Access::Open, csp_report).limited();
}

async fn health() -> Outcome {
    Ok(HttpResponse::Ok().content_type("text/plain").body("ok\n"))
}

async fn ready(state: Data<AppState>) -> Outcome {
    state.run(|store| store.read(|conn| Ok(job::count_by_state(conn)?))).await?;
    Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
}

async fn metrics(state: Data<AppState>) -> Outcome {
    let jobs = state.run(|store| store.read(|conn| Ok(job::count_by_state(conn)?))).await?;
    let text = state.metrics.render(state.in_flight(), &jobs);
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(text))
}

async fn favicon() -> Outcome {
    Ok(crate::http::fault::see_other(&assets::address("icon.svg")))
}

async fn robots() -> Outcome {
    Ok(HttpResponse::Ok().content_type("text/plain").body("User-agent: *\nDisallow: /\n"))
}

/// Counts; what the report says may name a page and stays out of the log.
async fn csp_report(req: actix_web::HttpRequest) -> Outcome {
    let bytes = Body::of(&req).len();
    tracing::warn!(target: "security", bytes, "a page broke the content policy");
    Ok(HttpResponse::NoContent().finish())
}
