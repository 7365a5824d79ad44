//! The JSON API, `/api/v1`. Each file registers its operations with their
//! sentences; the description (`openapi`) is drawn from the handlers' types.

mod area;
mod audit;
mod award;
mod award_list;
mod book;
mod change;
mod claim;
mod cursor;
mod duplicate;
mod event;
mod event_decide;
mod export;
mod export_report;
mod grant;
mod guardian;
mod headers;
mod home;
mod job;
mod link;
mod once;
mod openapi;
mod operation;
mod person;
mod person_change;
mod policy;
mod population;
pub mod problem;
mod proposal;
mod reply;
mod report;
mod restore;
mod run;
mod run_step;
mod session;
mod shape;
mod table;
mod temp_case;
mod transfer;
mod upload;
mod user;
mod visit;
mod visit_list;

use crate::http::{Access, Routes};
use operation::{Api, Described};

/// Registers the routes of the API.
pub fn routes(routes: &mut Routes) {
    register(routes);
    routes.get("/api/v1/openapi.json", Access::SignedIn, openapi::document);
    routes.get("/api", Access::SignedIn, openapi::page);
}

fn register(routes: &mut Routes) -> Vec<Described> {
    let mut api = Api::new(routes);
    session::routes(&mut api);
    person::routes(&mut api);
    home::routes(&mut api);
    restore::routes(&mut api);
    duplicate::routes(&mut api);
    visit::routes(&mut api);
    event::routes(&mut api);
    event_decide::routes(&mut api);
    transfer::routes(&mut api);
    change::routes(&mut api);
    award_list::routes(&mut api);
    award::routes(&mut api);
    run::routes(&mut api);
    claim::routes(&mut api);
    temp_case::routes(&mut api);
    guardian::routes(&mut api);
    policy::routes(&mut api);
    report::routes(&mut api);
    population::routes(&mut api);
    export::routes(&mut api);
    upload::routes(&mut api);
    book::routes(&mut api);
    area::routes(&mut api);
    job::routes(&mut api);
    audit::routes(&mut api);
    user::routes(&mut api);
    api.described
}

/// All operations with what is known of them.
fn described() -> Vec<Described> {
    register(&mut Routes::default())
}
