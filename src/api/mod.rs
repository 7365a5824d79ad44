//! The JSON API, `/api/v1`.

mod headers;
mod openapi;
pub mod problem;
mod report;
mod run;
mod session;

use crate::domain::role::Permission as P;
use crate::http::{Access, Routes};

/// Registers the routes of the API. Each has its sentence in [`openapi`].
pub fn routes(routes: &mut Routes) {
    routes.post("/api/v1/session", Access::Anyone, session::create).limited();
    routes.post("/api/v1/session/refresh", Access::Anyone, session::refresh).limited();
    routes.get("/api/v1/session", Access::SignedIn, session::show);
    routes.add("DELETE", "/api/v1/session", Access::SignedIn, session::delete);
    let read = Access::Needs(P::ReadReport);
    let make = Access::Needs(P::MakeRun);
    routes.get("/api/v1/months/{month}/runs", read, run::list);
    routes.post("/api/v1/months/{month}/draft", make, run::draft);
    routes.post("/api/v1/months/{month}/close", Access::SteppedUp(P::CloseMonth), run::close);
    routes.get("/api/v1/runs/{id}", read, run::show);
    routes.get("/api/v1/runs/{id}/lines", read, run::lines);
    routes.get("/api/v1/lines/{id}", read, run::line);
    routes.post("/api/v1/runs/{id}/submit", make, run::submit);
    routes.post("/api/v1/runs/{id}/withdraw", make, run::withdraw);
    routes.post("/api/v1/runs/{id}/return", Access::Needs(P::ApproveRun), run::return_run);
    routes.post("/api/v1/runs/{id}/approve", Access::SteppedUp(P::ApproveRun), run::approve);
    routes.post("/api/v1/runs/{id}/payment", make, run::payment);
    routes.post("/api/v1/runs/{id}/returns", make, run::returns);
    routes.get("/api/v1/reports/month/{month}", read, report::month);
    routes.get("/api/v1/reports/annual/{month}", read, report::annual_figures);
    routes.get("/api/v1/openapi.json", Access::SignedIn, openapi::document);
    routes.get("/api", Access::SignedIn, openapi::page);
}
