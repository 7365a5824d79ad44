//! P-31: what waits for a person. Changes that a second one confirms
//! (`rulings.md` P10), reports that somebody decides on, awards to look at.

mod change;
mod duplicates;
mod report;
mod task;

use askama::Template;

use super::Page;
use crate::domain::life_event::Confidence;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, Outcome, Routes};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::change::{ChangeLine, list_changes};
use crate::services::event::{self, Undecided};
use crate::services::review::{self, TaskLine};

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let edit = Access::Needs(Permission::EditRegistry);
    routes.get("/review", edit, list);
    routes.get("/review/changes/{id}", edit, change::show);
    routes.post("/review/changes/{id}/confirm", edit, change::confirm);
    routes.post("/review/changes/{id}/reject", edit, change::reject);
    routes.post("/review/changes/{id}/withdraw", edit, change::withdraw);
    routes.get("/review/duplicates", edit, duplicates::list);
    routes.get("/review/duplicates/{first}/{second}", edit, duplicates::show);
    routes.post("/review/duplicates/{first}/{second}", edit, duplicates::merge);
    routes.post("/review/duplicates/{first}/{second}/apart", edit, duplicates::apart);
    let register = Access::Needs(Permission::RegisterEvent);
    routes.get("/review/reports/{id}", register, report::ask);
    routes.post("/review/reports/{id}", register, report::decide);
    let award = Access::Needs(Permission::EditAward);
    routes.get("/review/tasks/{id}", award, task::ask);
    routes.post("/review/tasks/{id}", award, task::finish);
}

#[derive(Template)]
#[template(path = "review/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    changes: Vec<ChangeLine>,
    reports: Vec<Undecided>,
    tasks: Vec<TaskLine>,
    me: String,
    is_second: bool,
}

impl ListPage<'_> {
    fn is_mine(&self, change: &ChangeLine) -> bool {
        change.proposed_by == self.me
    }

    fn confidence(&self, number: &i32) -> &'static str {
        self.page.t(match Confidence::from_number(*number) {
            Some(Confidence::Matched) => "event.matched",
            Some(Confidence::Reported) => "event.reported",
            _ => "event.confirmed",
        })
    }

    fn may_finish(&self) -> bool {
        self.page.may(Permission::EditAward)
    }
}

/// `GET /review`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = page.title("review.title");
    let actor = user.session().actor.clone();
    let (me, is_second) = (actor.username().to_owned(), actor.role().is_second_person());
    let rights = user.session().extra();
    let (changes, reports, tasks) = page
        .run(move |store| {
            let by = actor.authorize::<ViewRegistry>()?;
            Ok((
                list_changes(store, &by, rights)?,
                event::list_undecided(store, &by)?,
                review::list_lines(store, &by, rights)?,
            ))
        })
        .await?;
    page.show(|page| ListPage { page, changes, reports, tasks, me, is_second })
}
