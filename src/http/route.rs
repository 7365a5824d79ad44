//! The registry of routes: a handler is reachable only through a row that
//! says who may reach it. The authorization test is generated from these rows
//! (SEC-046, SEC-049).

use std::collections::BTreeMap;

use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Responder, Route, web};

use crate::domain::role::Permission;
use crate::services::access::Level;

/// Who may reach a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody; no session is looked at (health, static files).
    Open,
    /// Loopback, or whoever has the monitoring token.
    Monitoring,
    /// Everybody; a session is known if there is one (sign-in).
    Anyone,
    /// A sign-in that is at one of these steps.
    At(&'static [Level]),
    /// Everybody who is signed in, whatever their role.
    SignedIn,
    /// Roles that may do this.
    Needs(Permission),
    /// Roles that may do at least one of these.
    NeedsAny(&'static [Permission]),
    /// Roles that may do this, with password or code entered a moment ago.
    SteppedUp(Permission),
}

/// One row of the registry.
#[derive(Debug, Clone, Copy)]
pub struct RouteRow {
    /// `GET`, `POST` …
    pub method: &'static str,
    /// Path pattern.
    pub path: &'static str,
    /// Who may reach it.
    pub access: Access,
    /// Counted per address (SEC-011).
    pub limited: bool,
    /// Largest body in bytes; larger than usual only for uploads, whose body
    /// the handler reads itself.
    pub upload: bool,
}

/// Routes while they are collected.
#[derive(Default)]
pub struct Routes {
    rows: Vec<RouteRow>,
    handlers: BTreeMap<&'static str, Vec<Route>>,
}

impl Routes {
    /// A page or a read of the API.
    pub fn get<F, Args>(&mut self, path: &'static str, access: Access, handler: F) -> &mut Routes
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add("GET", path, access, handler)
    }

    /// A form or a creation through the API.
    pub fn post<F, Args>(&mut self, path: &'static str, access: Access, handler: F) -> &mut Routes
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.add("POST", path, access, handler)
    }

    /// Any method: `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub fn add<F, Args>(
        &mut self,
        method: &'static str,
        path: &'static str,
        access: Access,
        handler: F,
    ) -> &mut Routes
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let verb = match method {
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            _ => Method::GET,
        };
        self.rows.push(RouteRow { method, path, access, limited: false, upload: false });
        self.handlers.entry(path).or_default().push(web::method(verb).to(handler));
        self
    }

    /// The route added last is counted per address.
    pub fn limited(&mut self) -> &mut Routes {
        if let Some(row) = self.rows.last_mut() {
            row.limited = true;
        }
        self
    }

    /// The route added last takes an upload.
    pub fn upload(&mut self) -> &mut Routes {
        if let Some(row) = self.rows.last_mut() {
            row.upload = true;
        }
        self
    }

    /// The rows alone.
    #[must_use]
    pub fn into_rows(self) -> Vec<RouteRow> {
        self.rows
    }

    /// Registers the handlers. Fixed paths go first, so that `/runs/new` is not
    /// taken for a run.
    pub fn configure(self, config: &mut web::ServiceConfig) {
        let mut handlers: Vec<_> = self.handlers.into_iter().collect();
        handlers.sort_by_key(|(path, _)| (path.matches('{').count(), *path));
        for (path, routes) in handlers {
            let resource = routes
                .into_iter()
                .fold(web::resource(path), |resource, route| resource.route(route));
            config.service(resource);
        }
    }
}
