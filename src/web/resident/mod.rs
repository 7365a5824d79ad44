//! P-23 … P-25, P-32: residents.

mod copy;
mod edit;
mod form;
mod protection;
mod restore;
mod reveal;
mod show;

use askama::Template;

pub(super) use form::{Options, PERSON_FIELDS, area_text, choice, date, person, required_date};
pub(super) use restore::RestoreForm;
pub(super) use show::field_name;

use super::pager::{self, Pager, area_options, page_address};
use super::{FormView, Page};
use crate::domain::code_table::Sex;
use crate::domain::document::Document;
use crate::domain::ids::ResidentId;
use crate::domain::normalise;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Permission;
use crate::error::Refusal;
use crate::http::{Access, Allowed, Fields, Form, FromFields, Outcome, Query, Routes, fault};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{
    self, AreaOption, Paged, PeopleQuery, PersonLine, list_area_options,
};
use crate::services::resident;
use crate::store::directory::Place;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let (view, edit) =
        (Access::Needs(Permission::ViewRegistry), Access::Needs(Permission::EditRegistry));
    routes.get("/residents", view, list);
    routes.post("/residents/find", view, find);
    routes.get("/residents/new", edit, edit::new);
    routes.get("/shell/residents/new", edit, edit::new);
    routes.post("/residents/new", edit, edit::create);
    routes.get("/residents/{id}", view, show::show);
    routes.get("/residents/{id}/edit", edit, edit::edit);
    routes.post("/residents/{id}/edit", edit, edit::save);
    routes.get("/residents/{id}/protection", view, protection::show);
    routes.get("/residents/{id}/reveal", view, reveal::ask);
    routes.post("/residents/{id}/reveal", view, reveal::submit);
    routes.get("/residents/{id}/history/{entry}/restore", edit, restore::ask);
    routes.post("/residents/{id}/history/{entry}/restore", edit, restore::restore);
    let copy = Access::SteppedUp(Permission::ExportPlain);
    routes.get("/residents/{id}/copy", copy, copy::ask);
    routes.post("/residents/{id}/copy", copy, copy::show);
}

/// The query of the list.
#[derive(Debug, Clone)]
pub struct ListQuery {
    name: Option<String>,
    address: Option<String>,
    area: Option<String>,
    status: Option<ResidentStatus>,
    place: Place<(String, ResidentId)>,
    first: i64,
}

impl FromFields for ListQuery {
    const FIELDS: &'static [&'static str] = &["name", "address", "area", "status"];
    const SHARED: &'static [&'static [&'static str]] = &[pager::PLACE_FIELDS];

    fn from_fields(fields: &mut Fields) -> Option<ListQuery> {
        for name in ["name", "address"] {
            // Addresses of pages stay in the browser's history.
            if normalise::personal_run(fields.value(name)).is_some() {
                fields.refuse(Refusal::field(
                    name,
                    "这里不能填证件号或手机号,请用“按证件号查找”。",
                    "Don't type numbers of documents or phones here; use the search by ID number.",
                ));
            }
        }
        Some(ListQuery {
            name: fields.text("name"),
            address: fields.text("address"),
            area: fields.text("area"),
            status: ResidentStatus::from_code(fields.value("status")),
            place: pager::place(fields, key)?,
            first: pager::first_row(fields),
        })
    }
}

/// `wangfang~42`.
fn key(text: &str) -> Option<(String, ResidentId)> {
    let (sound, id) = text.rsplit_once('~')?;
    Some((sound.to_owned(), ResidentId(id.parse().ok()?)))
}

#[derive(Template)]
#[template(path = "resident/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    form: FormView,
    find: FormView,
    areas: Vec<AreaOption>,
    people: Paged<PersonLine>,
    pager: Pager,
    export: String,
}

impl ListPage<'_> {
    fn statuses(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let all = ResidentStatus::ALL.iter().map(|s| (s.code(), page.either(s.zh(), s.en())));
        std::iter::once(("", page.t("table.any"))).chain(all).collect()
    }

    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("table.any")), &self.areas)
    }

    fn color(&self, status: &ResidentStatus) -> &'static str {
        status_color(*status)
    }

    fn sex(&self, person: &PersonLine) -> &'static str {
        sex_text(self.page, person.sex)
    }
}

/// Sex as text.
pub(super) fn sex_text(page: &Page, number: i32) -> &'static str {
    Sex::from_number(number).map_or("", |sex| page.either(sex.zh(), sex.en()))
}

/// Color of a record's state.
pub(super) fn status_color(status: ResidentStatus) -> &'static str {
    match status {
        ResidentStatus::Active => "green",
        _ => "grey",
    }
}

/// `GET /residents`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ViewRegistry>, page: Page, query: Query<ListQuery>) -> Outcome {
    draw(user, page, query.fields, query.value, None).await
}

async fn draw(
    user: Allowed<ViewRegistry>,
    page: Page,
    fields: Fields,
    query: ListQuery,
    find: Option<FormView>,
) -> Outcome {
    let page = page.title("resident.list_title");
    let limit = user.session().preferences.page_size.clamp(10, 200);
    let first = query.first;
    let (areas, people) = page
        .run(move |store| {
            let by = user.authorized()?;
            let query = PeopleQuery {
                name: query.name,
                address: query.address,
                area: query.area,
                status: query.status,
                place: query.place,
                limit,
            };
            Ok((list_area_options(store, &by)?, directory::list_people(store, &by, &query)?))
        })
        .await?;
    let kept = ["name", "address", "area", "status"];
    let at = ("/residents", &fields, kept.as_slice());
    let pager = Pager::new(&page, at, (first, limit), &people, |person| {
        format!("{}~{}", person.name_pinyin, person.id)
    });
    let export = page_address("/exports/register", &fields, &kept, &[("register", "residents")]);
    let has_errors = find.is_some();
    let page = if has_errors { page.with_errors() } else { page };
    let form = FormView::new(&page, fields);
    let find = find.unwrap_or_default();
    let template = ListPage { page: &page, form, find, areas, people, pager, export };
    if has_errors { page.again(&template) } else { page.show(|_| template) }
}

/// A whole ID number.
#[derive(Debug)]
pub struct FindForm {
    number: String,
}

impl FromFields for FindForm {
    const FIELDS: &'static [&'static str] = &["doc_no"];
    fn from_fields(fields: &mut Fields) -> Option<FindForm> {
        let number =
            fields.required("doc_no", "请填写完整的证件号。", "Enter the whole ID number.")?;
        Some(FindForm { number })
    }
}

/// `POST /residents/find`: by the whole ID number, which never stands in an
/// address; the search is logged (SEC-120).
///
/// # Errors
/// The database failed.
pub async fn find(user: Allowed<ViewRegistry>, page: Page, form: Form<FindForm>) -> Outcome {
    let (mut fields, checked) = form.checked();
    let searcher = user.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let by = searcher.authorized()?;
                // The form of the number is refused before the search is logged.
                Document::from_id(&form.number, store.clock().today()).map_err(|e| {
                    crate::error::AppError::refuse(Refusal::field("doc_no", e.zh(), e.en()))
                })?;
                resident::search_by_id_number(store, &by, &form.number)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    let refusals = match outcome {
        Ok(Some(found)) => return Ok(fault::see_other(&format!("/residents/{}", found.id))),
        Ok(None) => vec![Refusal::field(
            "doc_no",
            "没有该证件号的居民,或不在您的范围内。",
            "Nobody with this number, or outside your scope.",
        )],
        Err(fault) => super::form_view::redrawable(fault)?,
    };
    fields.forget(&["doc_no"]);
    let find = FormView::with_errors(&page, fields, &refusals);
    let mut none = Fields::default();
    let query = ListQuery::from_fields(&mut none).ok_or_else(crate::http::Fault::not_found)?;
    draw(user, page, none, query, Some(find)).await
}
