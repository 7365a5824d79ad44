//! The service, built in one place for the command, tests and benchmarks.

use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};

use crate::error::{AppError, AppResult, ErrorCode};
use crate::http::{AppState, Routes};

/// Every route with who may reach it.
#[must_use]
pub fn routes() -> Routes {
    let mut routes = Routes::default();
    crate::web::routes(&mut routes);
    crate::api::routes(&mut routes);
    routes
}

/// Registers state and routes. The layers around them are put on by
/// [`app!`](crate::app!), because their types depend on each other.
pub fn configure(state: &Arc<AppState>) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let state = Arc::clone(state);
    move |config| {
        config.app_data(Data::from(state));
        routes().configure(config);
    }
}

/// An [`actix_web::App`] with its layers, outermost last.
#[macro_export]
macro_rules! app {
    ($state:expr) => {
        actix_web::App::new()
            .configure($crate::app::configure($state))
            .wrap(actix_web::middleware::from_fn($crate::http::gate::gate))
            .wrap(actix_web::middleware::from_fn($crate::http::edge::edge))
            .wrap(actix_web::middleware::Compress::default())
    };
}

/// Refuses to start with a route that is registered twice: only one of its
/// rows would decide.
///
/// # Errors
/// Names the route.
pub fn check_routes() -> AppResult<()> {
    let rows = routes().into_rows();
    for (at, row) in rows.iter().enumerate() {
        if rows.iter().take(at).any(|other| other.path == row.path && other.method == row.method) {
            return Err(AppError::coded(
                ErrorCode::Setup,
                format!("路由重复:{} {}", row.method, row.path),
                format!("Route registered twice: {} {}", row.method, row.path),
            ));
        }
    }
    Ok(())
}
