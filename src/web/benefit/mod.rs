//! P-41: what a benefit stands on, entered at a person's page: awards and the
//! decisions about them, certificates, accounts, income. What changes money
//! for somebody in receipt waits for a second person (`rulings.md` P10).

mod account;
mod application;
mod award;
mod certificate;
mod end;
mod fact;
mod list;
mod step;
mod visit;

use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::domain::role::Permission;
use crate::error::Refusal;
use crate::http::{Access, Allowed, Fault, Fields, Outcome, Routes};
use crate::services::auth::{Permit, ViewRegistry};
use crate::services::resident;
use crate::web::Page;
use crate::web::form_view::redrawable;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let award = Access::Needs(Permission::EditAward);
    let view = Access::Needs(Permission::ViewRegistry);
    routes.get("/residents/{id}/awards/new", award, application::ask_new);
    routes.post("/residents/{id}/awards/new", award, application::create);
    routes.get("/entitlements", view, list::show);
    routes.get("/awards/{id}", view, award::show);
    routes.post("/awards/{id}/stop", award, award::stop);
    routes.post("/awards/{id}/annul", award, award::annul);
    routes.post("/awards/{id}/account", award, award::account);
    routes.get("/awards/{id}/hold", award, step::ask_hold);
    routes.post("/awards/{id}/hold", award, step::hold);
    routes.get("/awards/{id}/holds/{hold}/release", award, step::ask_release);
    routes.post("/awards/{id}/holds/{hold}/release", award, step::release);
    routes.get("/awards/{id}/grace", award, step::ask_grace);
    routes.post("/awards/{id}/grace", award, step::grace);
    routes.get("/residents/{id}/accounts/{account}/close", award, end::ask_account);
    routes.post("/residents/{id}/accounts/{account}/close", award, end::close_account);
    routes.get("/residents/{id}/facts/{fact}/annul", award, end::ask_fact);
    routes.post("/residents/{id}/facts/{fact}/annul", award, end::annul_fact);
    routes.get("/residents/{id}/accounts/new", award, account::ask);
    routes.post("/residents/{id}/accounts/new", award, account::submit);
    routes.get("/residents/{id}/certificates/new", award, certificate::ask);
    routes.post("/residents/{id}/certificates/new", award, certificate::submit);
    routes.get("/residents/{id}/certificates/{certificate}/cancel", award, certificate::ask_cancel);
    routes.post("/residents/{id}/certificates/{certificate}/cancel", award, certificate::cancel);
    routes.get("/residents/{id}/facts/new", award, fact::ask);
    routes.post("/residents/{id}/facts/new", award, fact::submit);
    let edit = Access::Needs(Permission::EditRegistry);
    routes.get("/residents/{id}/visits/new", edit, visit::ask_person);
    routes.post("/residents/{id}/visits/new", edit, visit::of_person);
    routes.get("/households/{id}/visits/new", edit, visit::ask_home);
    routes.post("/households/{id}/visits/new", edit, visit::of_home);
}

/// A page about a person: titled, below the person's own page.
async fn open_person<P: Permit + Clone + Send + 'static>(
    user: &Allowed<P>,
    page: Page,
    id: ResidentId,
    title: &str,
) -> Result<Page, Fault> {
    let actor = user.session().actor.clone();
    let row = page
        .run(move |store| resident::load_resident(store, &actor.authorize::<ViewRegistry>()?, id))
        .await?;
    let title = page.t(title).to_owned();
    Ok(page
        .title_text(title)
        .under("resident.list_title", "/residents")
        .under_text(mask::name(&row.name), &format!("/residents/{id}")))
}

/// Back to the person with a word about what was done, or the form again.
fn finish(
    page: Page,
    back: &str,
    fields: Fields,
    outcome: Result<&'static str, Fault>,
    again: impl FnOnce(&Page, Fields, &[Refusal]) -> Outcome,
) -> Outcome {
    match outcome {
        Ok(said) => page.done(back, said),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            again(&page, fields, &refusals)
        }
    }
}

fn today(page: &Page) -> String {
    page.state().store.clock().today().to_string()
}
