//! P-10 … P-15: what a role sees first.

use actix_web::HttpResponse;
use askama::Template;

use super::Page;
use super::run::words;
use crate::domain::money::Fen;
use crate::domain::role::{Permission, Role};
use crate::http::{Outcome, SignedIn, fault};
use crate::services::overview::{self, Overview};
use crate::services::visit::round::{Day, Progress};

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    page: &'a Page,
    role: &'static str,
    month: String,
    overview: Overview,
}

/// `GET /`.
///
/// # Errors
/// None.
pub async fn root(_user: SignedIn) -> Outcome {
    Ok::<HttpResponse, _>(fault::see_other("/home"))
}

/// `GET /home`.
///
/// # Errors
/// The database failed.
pub async fn show(user: SignedIn, page: Page) -> Outcome {
    let role = user.actor.role();
    let page = page.title("home.title");
    let overview = page.run(move |store| overview::load(store, &user)).await?;
    let today = page.state().store.clock().today();
    let month = page.month(crate::domain::month::Month::of(today));
    page.show(|page| HomePage { page, role: role.as_str(), month, overview })
}

impl HomePage<'_> {
    fn households(&self) -> i64 {
        self.overview.areas.iter().map(|area| area.households).sum()
    }

    fn residents(&self) -> i64 {
        self.overview.areas.iter().map(|area| area.residents).sum()
    }

    fn month_of(&self, month: &crate::domain::month::Month) -> String {
        self.page.month(*month)
    }

    fn amount(&self, fen: &i64) -> String {
        Fen(*fen).to_string()
    }

    fn sum(&self, one: &Fen, two: &Fen) -> String {
        Fen(one.0.saturating_add(two.0)).to_string()
    }

    fn is_quiet(&self, day: &Day) -> bool {
        let waiting = self.overview.undecided_events + self.overview.pending_changes;
        day.due + day.incomplete + day.returned == 0 && waiting == 0
    }

    /// The buildings or grids with the most left to do.
    fn first_rows<'d>(&self, day: &'d Day) -> &'d [Progress] {
        day.progress.get(..12).unwrap_or(&day.progress)
    }

    fn program<'a>(&'a self, code: &'a str) -> &'a str {
        let label = self.overview.labels.iter().find(|label| label.code == code);
        label.map_or(code, |label| self.page.either(&label.zh, &label.en))
    }

    fn has_runs(&self) -> bool {
        self.page.state().routes_of("/runs/{id}").is_some()
    }

    fn stage(&self, state: &str) -> &'static str {
        self.page.lang().find(&format!("stage.{state}")).unwrap_or_default()
    }

    fn stage_color(&self, state: &str) -> &'static str {
        words::stage_color(state)
    }

    fn job_state(&self, state: &str) -> &'static str {
        self.page.lang().find(&format!("job.state.{state}")).unwrap_or_default()
    }

    fn is(&self, role: &str) -> bool {
        self.role == role
    }

    fn may_review(&self) -> bool {
        self.page.may(Permission::EditRegistry)
    }

    fn has_registry(&self) -> bool {
        [Role::Grid, Role::Supervisor, Role::Clerk, Role::Auditor]
            .iter()
            .any(|role| role.as_str() == self.role)
    }
}
