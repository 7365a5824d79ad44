//! The pages. A page is a handler that calls a service, and a template; see
//! [`page`] for what every template can use.

mod area_history;
mod areas;
pub mod assets;
mod audit;
mod benefit;
mod confirm;
mod conflict;
mod draft;
pub mod error_page;
mod event;
mod export;
mod first_password;
pub mod form_view;
mod home;
mod household;
pub mod i18n;
mod import;
mod job;
pub mod kept;
mod login;
pub mod menu;
pub mod next;
pub mod page;
mod pager;
mod password;
mod policy;
mod preferences;
pub mod report;
mod resident;
mod review;
pub mod run;
mod sessions;
mod status;
mod system;
mod totp;
mod users;
mod visit;

use crate::http::{Access, Routes};
use crate::services::access::Level;

pub use form_view::FormView;
pub use i18n::Lang;
pub use login::ask_to_sign_in;
pub use page::Page;

const ENROLLING: Access = Access::At(&[Level::Enrol, Level::Full]);
const ANY_LEVEL: Access = Access::At(&[Level::First, Level::Totp, Level::Enrol, Level::Full]);

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    system::routes(routes);
    run::routes(routes);
    report::routes(routes);
    resident::routes(routes);
    household::routes(routes);
    event::routes(routes);
    review::routes(routes);
    benefit::routes(routes);
    import::routes(routes);
    export::routes(routes);
    draft::routes(routes);
    visit::routes(routes);
    audit::routes(routes);
    users::routes(routes);
    policy::routes(routes);
    area_history::routes(routes);
    areas::routes(routes);
    status::routes(routes);
    routes.get("/login", Access::Anyone, login::show);
    routes.post("/login", Access::Anyone, login::submit).limited();
    routes.get("/login/totp", Access::At(&[Level::Totp]), totp::ask);
    routes.post("/login/totp", Access::At(&[Level::Totp]), totp::answer).limited();
    routes.get("/password/first", Access::At(&[Level::First]), first_password::show);
    routes.post("/password/first", Access::At(&[Level::First]), first_password::submit);
    routes.post("/logout", ANY_LEVEL, login::sign_out);
    routes.post("/lang", Access::Anyone, preferences::switch_language);
    routes.get("/", Access::SignedIn, home::root);
    routes.get("/home", Access::SignedIn, home::show);
    routes.get("/me", Access::SignedIn, sessions::me);
    routes.get("/me/password", Access::SignedIn, password::show);
    routes.post("/me/password", Access::SignedIn, password::submit);
    routes.get("/me/totp", ENROLLING, totp::show);
    routes.post("/me/totp", ENROLLING, totp::enable);
    routes.post("/me/totp/disable", Access::SignedIn, totp::disable);
    routes.get("/me/confirm", Access::SignedIn, confirm::show);
    routes.post("/me/confirm", Access::SignedIn, confirm::submit).limited();
    routes.get("/me/sessions", Access::SignedIn, sessions::show);
    routes.post("/me/sessions/end", Access::SignedIn, sessions::end);
    routes.post("/me/sessions/end-others", Access::SignedIn, sessions::end_others);
    routes.get("/me/preferences", Access::SignedIn, preferences::show);
    routes.post("/me/preferences", Access::SignedIn, preferences::submit);
    routes.get("/jobs", Access::SignedIn, job::list);
    routes.get("/jobs/{id}", Access::SignedIn, job::show);
    routes.get("/jobs/{id}/progress", Access::SignedIn, job::progress);
    routes.post("/jobs/{id}/cancel", Access::SignedIn, job::cancel);
}
