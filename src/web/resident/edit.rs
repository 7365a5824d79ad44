//! P-25: a new resident, and the correction of a record.

use askama::Template;

use super::form::{Options, Person, PersonForm, base_names, of_row};
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::error::{AppError, ErrorCode};
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path, Query};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{AreaOption, list_area_options};
use crate::services::resident::{self, ResidentInput, ResidentPatch};
use crate::store::resident::ResidentRow;
use crate::web::conflict;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "resident/edit.html")]
struct EditPage<'a> {
    page: &'a Page,
    form: FormView,
    options: Options,
    areas: Vec<AreaOption>,
    action: String,
    is_new: bool,
}

impl EditPage<'_> {
    fn base_names(&self) -> &'static [&'static str] {
        base_names()
    }

    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }
}

/// For whom the form is opened.
#[derive(Debug)]
pub struct NewQuery {
    household: Option<i64>,
}

impl FromFields for NewQuery {
    const FIELDS: &'static [&'static str] = &["household"];
    fn from_fields(fields: &mut Fields) -> Option<NewQuery> {
        Some(NewQuery { household: fields.value("household").parse().ok() })
    }
}

/// `GET /residents/new`.
///
/// # Errors
/// The database failed.
pub async fn new(user: Allowed<EditRegistry>, page: Page, query: Query<NewQuery>) -> Outcome {
    let page = page.title("resident.new_title").under("resident.list_title", "/residents");
    let mut fields = Fields::with(&[("doc_kind", "111"), ("residence_status", "R1")]);
    if let Some(household) = query.value.household {
        fields.set("household", &household.to_string());
    }
    let areas = page.run(move |store| areas(store, &user)).await?;
    if let [only] = areas.as_slice() {
        fields.set("area", &only.code);
    }
    let form = FormView::new(&page, fields);
    let options = Options::new(&page);
    let action = "/residents/new".to_owned();
    page.show(|page| EditPage { page, form, options, areas, action, is_new: true })
}

fn areas(
    store: &crate::store::Store,
    user: &Allowed<EditRegistry>,
) -> crate::error::AppResult<Vec<AreaOption>> {
    list_area_options(store, &user.session().actor.authorize::<ViewRegistry>()?)
}

/// `POST /residents/new`.
///
/// # Errors
/// The database failed.
pub async fn create(user: Allowed<EditRegistry>, page: Page, form: Form<PersonForm>) -> Outcome {
    let page = page.title("resident.new_title").under("resident.list_title", "/residents");
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => {
            let household = form.household;
            let made = page
                .run_once(move |store| resident::register(store, &maker.authorized()?, &form.input))
                .await;
            made.map(|id| (id, household))
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((id, Some(household))) => {
            page.done(&format!("/households/{household}/join?resident={id}"), "saved")
        }
        Ok((id, None)) => page.done(&format!("/residents/{id}"), "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let areas = page.run(move |store| areas(store, &user)).await?;
            let form = FormView::with_errors(&page, fields, &refusals);
            let (options, action) = (Options::new(&page), "/residents/new".to_owned());
            page.again(&EditPage { page: &page, form, options, areas, action, is_new: true })
        }
    }
}

fn titled(page: Page, row: &ResidentRow) -> Page {
    page.title_text(page_title(row))
}

fn page_title(row: &ResidentRow) -> String {
    mask::name(&row.name)
}

async fn load(
    page: &Page,
    user: &Allowed<EditRegistry>,
    id: ResidentId,
) -> Result<(ResidentRow, Vec<AreaOption>), crate::http::Fault> {
    let user = user.clone();
    page.run(move |store| {
        let by = user.session().actor.authorize::<ViewRegistry>()?;
        Ok((resident::load_resident(store, &by, id)?, list_area_options(store, &by)?))
    })
    .await
}

/// `GET /residents/{id}/edit`.
///
/// # Errors
/// 404 out of scope.
pub async fn edit(user: Allowed<EditRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let (row, areas) = load(&page, &user, id).await?;
    let page = titled(page, &row).under("resident.list_title", "/residents");
    let form = FormView::new(&page, of_row(page.state().store.cipher(), &row));
    let (options, action) = (Options::new(&page), format!("/residents/{id}/edit"));
    page.show(|page| EditPage { page, form, options, areas, action, is_new: false })
}

/// Only what differs from the record: a number that was left empty stays.
fn patch(row: &ResidentRow, input: &ResidentInput) -> ResidentPatch {
    let document = input.doc_no.clone().map(|number| (input.doc_kind, number));
    ResidentPatch {
        name: Some(input.name.clone()),
        document,
        sex: input.sex.filter(|sex| sex.number() != row.sex),
        birth_on: input.birth_on.filter(|born| *born != row.birth_on),
        phone: input.phone.clone(),
        ethnicity: input.ethnicity,
        marital: input.marital,
        education: input.education,
        residence_status: Some(input.residence_status),
        area_code: Some(input.area_code.clone()).filter(|code| *code != row.area_code),
    }
}

/// `POST /residents/{id}/edit`.
///
/// # Errors
/// 404 out of scope.
pub async fn save(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<PersonForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let (row, areas) = load(&page, &user, id).await?;
    let page = titled(page, &row).under("resident.list_title", "/residents");
    let (mut fields, mut checked) = form.checked();
    let mut said = "saved";
    if checked.is_ok() && conflict::is_stale(&fields, row.version) {
        let now = of_row(page.state().store.cipher(), &row);
        let merged = conflict::merge(&page, &Person { areas: &areas }, &now, &fields);
        if !merged.is_whole() {
            let at = (format!("/residents/{id}"), id.0);
            return conflict::show::<Person<'_>>(&page, &user, (&at.0, at.1), &merged).await;
        }
        (fields, checked) = Form::of(merged.fields).checked();
        said = "saved_merged";
    }
    let before = row.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run_once(move |store| {
                let patch = patch(&before, &form.input);
                if form.input.doc_no.is_none() && form.input.doc_kind != before.doc_kind {
                    return Err(AppError::refuse(
                        crate::error::Refusal::field(
                            "doc_no",
                            "更换证件类型时请填写新的证件号。",
                            "With another kind of document enter its number.",
                        )
                        .with_code(ErrorCode::InvalidInput),
                    ));
                }
                let by = user.authorized()?;
                resident::correct(store, &by, id, form.version, &patch, &form.reason)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/residents/{id}"), said),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            let (options, action) = (Options::new(&page), format!("/residents/{id}/edit"));
            page.again(&EditPage { page: &page, form, options, areas, action, is_new: false })
        }
    }
}
