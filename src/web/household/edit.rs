//! P-22: what was entered wrong about a household itself. Members change by
//! their own forms.

use askama::Template;
use chrono::NaiveDate;

use crate::domain::household::HouseholdKind;
use crate::domain::ids::HouseholdId;
use crate::error::{AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{AreaOption, list_area_options};
use crate::services::household::{self, HouseholdPatch};
use crate::store::household::HouseholdRow;
use crate::web::conflict::{self, Compared};
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::resident::{area_text, choice, required_date};
use crate::web::{FormView, Page};

use super::twin;

#[derive(Template)]
#[template(path = "household/edit.html")]
struct EditPage<'a> {
    page: &'a Page,
    form: FormView,
    id: HouseholdId,
    areas: Vec<AreaOption>,
    twins: Vec<HouseholdRow>,
}

impl EditPage<'_> {
    fn base_names(&self) -> &'static [&'static str] {
        BASE_NAMES
    }

    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }

    /// An assistance household stays one, and no other becomes one.
    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        let is_assist = self.form.is("base_kind", HouseholdKind::Assist.code());
        let fits = |k: &&HouseholdKind| (**k == HouseholdKind::Assist) == is_assist;
        let fitting = HouseholdKind::ALL.iter().filter(fits);
        fitting.map(|k| (k.code(), self.page.either(k.zh(), k.en()))).collect()
    }
}

const BASE_NAMES: &[&str] =
    &["base_address", "base_kind", "base_household_no", "base_area", "base_opened_on"];

/// A correction beside what somebody else saved.
struct Home<'a> {
    areas: &'a [AreaOption],
}

impl Compared for Home<'_> {
    const PLAIN: &'static [&'static str] =
        &["address", "kind", "household_no", "area", "opened_on"];
    const SECRET: &'static [&'static str] = &[];
    const TYPED: &'static [&'static str] = &["reason", "anyway"];
    const KIND: &'static str = "household";

    fn label(&self, page: &Page, name: &str) -> &'static str {
        page.t(match name {
            "address" => "resident.address",
            "kind" => "household.kind",
            "household_no" => "household.number",
            "area" => "resident.area_field",
            _ => "household.opened_on",
        })
    }

    fn text(&self, page: &Page, name: &str, code: &str) -> String {
        match name {
            "kind" => HouseholdKind::from_code(code)
                .map_or_else(|| code.to_owned(), |k| page.either(k.zh(), k.en()).to_owned()),
            "area" => area_text(self.areas, code),
            _ => code.to_owned(),
        }
    }
}

/// A correction.
#[derive(Debug, Clone)]
pub struct EditForm {
    patch: HouseholdPatch,
    kind: HouseholdKind,
    address: String,
    reason: String,
    version: i32,
}

impl FromFields for EditForm {
    const FIELDS: &'static [&'static str] =
        &["address", "kind", "household_no", "area", "opened_on", "reason", "version", "anyway"];
    const SHARED: &'static [&'static [&'static str]] = &[BASE_NAMES];

    fn from_fields(fields: &mut Fields) -> Option<EditForm> {
        let address = fields.required("address", "请填写地址。", "Enter the address.");
        let kind = choice(fields, "kind", HouseholdKind::from_code);
        if kind.is_none() {
            fields.refuse(Refusal::field("kind", "请选择户类型。", "Choose the kind."));
        }
        let number = fields.required("household_no", "请填写户号。", "Enter the number.");
        let area = fields.required("area", "请选择社区或网格。", "Choose a community or a grid.");
        let opened_on: Option<NaiveDate> = required_date(fields, "opened_on");
        let reason = fields.required("reason", "请填写修改原因。", "Enter the reason.");
        Some(EditForm {
            kind: kind?,
            address: address.clone()?,
            patch: HouseholdPatch {
                kind,
                household_no: Some(number?),
                area_code: Some(area?),
                address,
                opened_on: Some(opened_on?),
            },
            reason: reason?,
            version: fields.value("version").parse().unwrap_or(0),
        })
    }
}

/// The record as its form shows it.
fn of_row(row: &HouseholdRow) -> Fields {
    let mut fields = Fields::with(&[
        ("address", &row.address),
        ("kind", row.kind.code()),
        ("household_no", &row.household_no),
        ("area", &row.area_code),
        ("opened_on", &row.opened_on.to_string()),
        ("version", &row.version.to_string()),
    ]);
    conflict::remember::<Home<'_>>(&mut fields);
    fields
}

async fn load(
    page: Page,
    user: &Allowed<EditRegistry>,
    id: HouseholdId,
) -> Result<(Page, HouseholdRow, Vec<AreaOption>), Fault> {
    let user = user.clone();
    let (row, areas) = page
        .run(move |store| {
            let by = user.session().actor.authorize::<ViewRegistry>()?;
            Ok((household::load_household(store, &by, id)?.0, list_area_options(store, &by)?))
        })
        .await?;
    let title = page.fill("household.title", "no", &row.household_no);
    let page = page
        .title("household.edit")
        .under("household.list_title", "/households")
        .under_text(title, &format!("/households/{id}"));
    Ok((page, row, areas))
}

/// `GET /households/{id}/edit`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<EditRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let id = HouseholdId(path.0);
    let (page, row, areas) = load(page, &user, id).await?;
    let form = FormView::new(&page, of_row(&row));
    page.show(|page| EditPage { page, form, id, areas, twins: Vec::new() })
}

/// `POST /households/{id}/edit`.
///
/// # Errors
/// 404 out of scope.
pub async fn save(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<EditForm>,
) -> Outcome {
    let id = HouseholdId(path.0);
    let (page, row, areas) = load(page, &user, id).await?;
    let (mut fields, mut checked) = form.checked();
    let mut said = "saved";
    if checked.is_ok() && conflict::is_stale(&fields, row.version) {
        let merged = conflict::merge(&page, &Home { areas: &areas }, &of_row(&row), &fields);
        if !merged.is_whole() {
            let back = format!("/households/{id}");
            return conflict::show::<Home<'_>>(&page, &user, (&back, id.0), &merged).await;
        }
        (fields, checked) = Form::of(merged.fields).checked();
        said = "saved_merged";
    }
    let mut twins = Vec::new();
    let outcome = match checked {
        Ok(form) => {
            if row.address != form.address {
                twins = twin::find(&page, &user, &fields, form.kind, &form.address).await?;
            }
            if twins.is_empty() { correct(&page, user, id, form).await } else { Err(twin::fault()) }
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/households/{id}"), said),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&EditPage { page: &page, form, id, areas, twins })
        }
    }
}

async fn correct(
    page: &Page,
    user: Allowed<EditRegistry>,
    id: HouseholdId,
    form: EditForm,
) -> Result<i32, Fault> {
    page.run_once(move |store| -> AppResult<i32> {
        let by = user.authorized()?;
        household::correct(store, &by, id, form.version, &form.patch, &form.reason)
    })
    .await
}
