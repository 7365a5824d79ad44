//! P-21: a household's page.

use askama::Template;

use crate::domain::code_table::Relation;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::HouseholdId;
use crate::domain::role::Permission;
use crate::http::{Allowed, Outcome, Path};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{self, HistoryLine, HomePage};
use crate::web::Page;
use crate::web::resident::{field_name, sex_text};

#[derive(Template)]
#[template(path = "household/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    home: HomePage,
}

impl ShowPage<'_> {
    fn relation(&self, relation: &Option<Relation>) -> &'static str {
        relation.map_or("", |r| self.page.either(r.zh(), r.en()))
    }

    fn sex(&self, number: &i32) -> &'static str {
        sex_text(self.page, *number)
    }

    /// Where the address before this entry is brought back; everything else of a
    /// household changes by its events.
    fn restore_href(&self, line: &HistoryLine) -> String {
        let may = self.can_edit() && self.page.may_be_second();
        if may && super::restore::can_restore(line) {
            let home = self.home.row.id;
            return format!("/households/{home}/history/{}/restore", line.id);
        }
        String::new()
    }

    fn field_name(&self, line: &HistoryLine) -> String {
        field_name(self.page, line)
    }

    fn can_edit(&self) -> bool {
        self.page.may(Permission::EditRegistry) && self.home.row.closed_on.is_none()
    }

    /// Whom an assistance household counts is for two people to say.
    fn is_assist(&self) -> bool {
        self.home.row.kind == HouseholdKind::Assist
    }

    fn has_events(&self) -> bool {
        self.can_edit() && self.page.state().has_page("/households/{id}/head")
    }
}

/// `GET /households/{id}`.
///
/// # Errors
/// 404 out of scope.
pub async fn show(user: Allowed<ViewRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let id = HouseholdId(path.0);
    let home = page.run(move |store| directory::load_home(store, &user.authorized()?, id)).await?;
    let title = page.fill("household.title", "no", &home.row.household_no);
    let page = page.title_text(title).under("household.list_title", "/households");
    page.show(|page| ShowPage { page, home })
}
