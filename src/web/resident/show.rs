//! P-24: a person's page.

use askama::Template;

use super::{sex_text, status_color};
use crate::domain::award::DecisionKind;
use crate::domain::code_table::{Ethnicity, Relation};
use crate::domain::fact::FactKind;
use crate::domain::ids::ResidentId;
use crate::domain::life_event::Confidence;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Permission;
use crate::http::{Allowed, Outcome, Path};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{self, HistoryLine, PersonPage};
use crate::web::Page;
use crate::web::page::money;

#[derive(Template)]
#[template(path = "resident/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    person: PersonPage,
}

impl ShowPage<'_> {
    fn sex(&self) -> &'static str {
        sex_text(self.page, self.person.row.sex)
    }

    fn status_color(&self) -> &'static str {
        status_color(self.person.row.status)
    }

    fn ethnicity(&self) -> &'static str {
        let found = self.person.row.ethnicity.as_deref().and_then(Ethnicity::parse);
        found.map_or("—", |e| self.page.either(e.zh(), e.en()))
    }

    fn relation(&self, relation: &Option<Relation>) -> &'static str {
        relation.map_or("", |r| self.page.either(r.zh(), r.en()))
    }

    fn decision(&self, last: &(DecisionKind, Month)) -> String {
        format!("{} {}", self.page.either(last.0.zh(), last.0.en()), self.page.month(last.1))
    }

    /// Where the value before this entry is brought back; empty if it is not.
    fn restore_href(&self, line: &HistoryLine) -> String {
        let person = self.person.row.id;
        let may = self.can_edit() && self.page.may_be_second();
        if may && super::restore::can_restore(line) {
            return format!("/residents/{person}/history/{}/restore", line.id);
        }
        String::new()
    }

    fn field_name(&self, line: &HistoryLine) -> String {
        field_name(self.page, line)
    }

    fn confidence(&self, number: &i32) -> &'static str {
        confidence_text(self.page, *number)
    }

    fn can_edit(&self) -> bool {
        self.page.may(Permission::EditRegistry) && self.person.row.status != ResidentStatus::Merged
    }

    /// Whether the caller decides on this person's awards.
    fn decides(&self) -> bool {
        self.page.may(Permission::EditAward) && self.person.row.status != ResidentStatus::Merged
    }

    fn code<'a>(&self, kind: &FactKind, code: &'a str) -> &'a str {
        kind.code_name(code).map_or(code, |(zh, en)| self.page.either(zh, en))
    }

    fn amount(&self, amount: &Option<Fen>) -> String {
        amount.map_or_else(|| "—".to_owned(), money)
    }

    fn has_events(&self) -> bool {
        self.page.may(Permission::RegisterEvent)
            && self.person.row.status == ResidentStatus::Active
            && self.page.state().has_page("/residents/{id}/death")
    }
}

/// How sure, as text.
fn confidence_text(page: &Page, number: i32) -> &'static str {
    match Confidence::from_number(number) {
        Some(Confidence::Confirmed) => page.t("event.confirmed"),
        Some(Confidence::Reported) => page.t("event.reported"),
        _ => page.t("event.matched"),
    }
}

/// Name of a changed field.
pub(crate) fn field_name(page: &Page, line: &HistoryLine) -> String {
    match &line.field {
        None => page.t("history.created").to_owned(),
        Some(field) => page
            .lang()
            .find(&format!("history.field.{field}"))
            .map_or_else(|| field.clone(), str::to_owned),
    }
}

/// `GET /residents/{id}`.
///
/// # Errors
/// 404 out of scope.
pub async fn show(user: Allowed<ViewRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let person =
        page.run(move |store| directory::load_person(store, &user.authorized()?, id)).await?;
    // Tabs and history of the browser show titles to whoever looks.
    let page =
        page.title_text(person.masked_name.clone()).under("resident.list_title", "/residents");
    page.show(|page| ShowPage { page, person })
}
