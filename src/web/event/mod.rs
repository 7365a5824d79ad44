//! P-26: what happens to people and households, as guided forms. Everything
//! that an event needs to be told stands on one page: who is head afterwards,
//! and everybody's relation to the new head.

mod arrival;
mod form;
mod home;
mod person;
mod transfer;
mod within;

use crate::domain::role::Permission;
use crate::http::{Access, Outcome, Routes};
use crate::services::event::EventDone;
use crate::web::Page;

pub(super) use form::{HeadChoice, HeadFields, relations};
pub(super) use person::load as load_person;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let may = Access::Needs(Permission::RegisterEvent);
    routes.get("/residents/{id}/death", may, person::ask_death);
    routes.post("/residents/{id}/death", may, person::death);
    routes.get("/residents/{id}/move-out", may, person::ask_move_out);
    routes.post("/residents/{id}/move-out", may, person::move_out);
    routes.get("/residents/{id}/transfer", may, transfer::ask);
    routes.post("/residents/{id}/transfer", may, transfer::submit);
    routes.get("/residents/{id}/move-within", may, within::ask_person);
    routes.post("/residents/{id}/move-within", may, within::person);
    routes.get("/households/{id}/move-within", may, within::ask_home);
    routes.post("/households/{id}/move-within", may, within::home);
    routes.get("/households/{id}/birth", may, arrival::ask_birth);
    routes.post("/households/{id}/birth", may, arrival::birth);
    routes.get("/households/{id}/move-in", may, arrival::ask_move_in);
    routes.post("/households/{id}/move-in", may, arrival::move_in);
    routes.get("/households/{id}/head", may, home::ask_head);
    routes.post("/households/{id}/head", may, home::head);
    routes.get("/households/{id}/split", may, home::ask_split);
    routes.post("/households/{id}/split", may, home::split);
    routes.get("/households/{id}/merge", may, home::ask_merge);
    routes.post("/households/{id}/merge", may, home::merge);
}

/// Back to the record, with a word about awards that have to be looked at, or
/// about what waits for a second person.
fn done(page: &Page, to: &str, made: &EventDone) -> Outcome {
    page.done(
        to,
        match (made.pending.is_empty(), made.reassess.is_empty()) {
            (false, _) => "event_pending",
            (true, true) => "event_done",
            (true, false) => "event_reassess",
        },
    )
}
