//! P-20 … P-22: households.

mod edit;
mod join;
mod member;
mod new;
mod restore;
mod show;
mod twin;
mod verify;

use askama::Template;

use super::pager::{self, Pager, area_options, page_address};
use super::{FormView, Page};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::HouseholdId;
use crate::domain::normalise;
use crate::domain::role::Permission;
use crate::error::Refusal;
use crate::http::{Access, Allowed, Fields, FromFields, Outcome, Query, Routes};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{self, AreaOption, HomeLine, HomeQuery, Paged, list_area_options};
use crate::store::directory::Place;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let (view, edit) =
        (Access::Needs(Permission::ViewRegistry), Access::Needs(Permission::EditRegistry));
    routes.get("/households", view, list);
    routes.get("/households/new", edit, new::ask);
    routes.post("/households/new", edit, new::create);
    routes.get("/households/{id}", view, show::show);
    routes.get("/households/{id}/history/{entry}/restore", edit, restore::ask);
    routes.post("/households/{id}/history/{entry}/restore", edit, restore::submit);
    routes.get("/shell/households/new", edit, new::ask);
    routes.get("/shell/households/member", edit, member::shell);
    routes.get("/households/{id}/members/new", edit, member::ask);
    routes.post("/households/{id}/members/new", edit, member::add);
    routes.get("/households/{id}/edit", edit, edit::ask);
    routes.post("/households/{id}/edit", edit, edit::save);
    routes.post("/households/{id}/verify", edit, verify::nothing_changed);
    routes.get("/households/{id}/join", edit, join::ask_join);
    routes.post("/households/{id}/join", edit, join::join);
}

/// The query of the list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    text: Option<String>,
    area: Option<String>,
    kind: Option<HouseholdKind>,
    closed: bool,
    place: Place<HouseholdId>,
    first: i64,
}

impl FromFields for ListQuery {
    const FIELDS: &'static [&'static str] = &["text", "area", "kind", "closed"];
    const SHARED: &'static [&'static [&'static str]] = &[pager::PLACE_FIELDS];

    fn from_fields(fields: &mut Fields) -> Option<ListQuery> {
        if normalise::personal_run(fields.value("text")).is_some() {
            fields.refuse(Refusal::field(
                "text",
                "这里不能填证件号或手机号,请在居民页按证件号查找。",
                "Don't type numbers of documents or phones here; search for the resident instead.",
            ));
        }
        Some(ListQuery {
            text: fields.text("text"),
            area: fields.text("area"),
            kind: HouseholdKind::from_code(fields.value("kind")),
            closed: fields.has("closed", "1"),
            place: pager::place(fields, |text| text.parse().ok().map(HouseholdId))?,
            first: pager::first_row(fields),
        })
    }
}

#[derive(Template)]
#[template(path = "household/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    form: FormView,
    areas: Vec<AreaOption>,
    homes: Paged<HomeLine>,
    pager: Pager,
    export: String,
}

impl ListPage<'_> {
    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("table.any")), &self.areas)
    }

    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let all = HouseholdKind::ALL.iter().map(|k| (k.code(), page.either(k.zh(), k.en())));
        std::iter::once(("", page.t("table.any"))).chain(all).collect()
    }
}

/// `GET /households`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ViewRegistry>, page: Page, query: Query<ListQuery>) -> Outcome {
    let page = page.title("household.list_title");
    let limit = user.session().preferences.page_size.clamp(10, 200);
    let Query { fields, value } = query;
    let first = value.first;
    let (areas, homes) = page
        .run(move |store| {
            let by = user.authorized()?;
            let query = HomeQuery {
                text: value.text,
                area: value.area,
                kind: value.kind,
                closed: value.closed,
                place: value.place,
                limit,
            };
            Ok((list_area_options(store, &by)?, directory::list_homes(store, &by, &query)?))
        })
        .await?;
    let kept = ["text", "area", "kind", "closed"];
    let at = ("/households", &fields, kept.as_slice());
    let pager = Pager::new(&page, at, (first, limit), &homes, |home| home.id.to_string());
    let export = page_address("/exports/register", &fields, &kept, &[("register", "households")]);
    let form = FormView::new(&page, fields);
    page.show(|page| ListPage { page, form, areas, homes, pager, export })
}
