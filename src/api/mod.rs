//! The JSON API, `/api/v1`.

pub mod problem;
mod session;

use crate::http::{Access, Routes};

/// Registers the routes of the API.
pub fn routes(routes: &mut Routes) {
    routes.post("/api/v1/session", Access::Anyone, session::create).limited();
    routes.post("/api/v1/session/refresh", Access::Anyone, session::refresh).limited();
    routes.get("/api/v1/session", Access::SignedIn, session::show);
    routes.add("DELETE", "/api/v1/session", Access::SignedIn, session::delete);
}
