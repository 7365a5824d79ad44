//! P-22: a new household with its head, on one page.

use askama::Template;
use chrono::NaiveDate;

use crate::domain::household::{HouseholdKind, JoinReason};
use crate::domain::ids::{HouseholdId, lettered};
use crate::error::{AppResult, Refusal};
use crate::http::{Allowed, Fields, Form, FromFields, Outcome};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{AreaOption, list_area_options};
use crate::services::household::{self, HouseholdInput, MemberDates};
use crate::services::resident::ResidentInput;
use crate::store::Store;
use crate::store::household::HouseholdRow;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::resident::{Options, PERSON_FIELDS, choice, person, required_date};
use crate::web::{FormView, Page};

use super::twin;

#[derive(Template)]
#[template(path = "household/new.html")]
struct NewPage<'a> {
    page: &'a Page,
    form: FormView,
    areas: Vec<AreaOption>,
    options: Options,
    twins: Vec<HouseholdRow>,
}

impl NewPage<'_> {
    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }

    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        HouseholdKind::ALL.iter().map(|k| (k.code(), self.page.either(k.zh(), k.en()))).collect()
    }

    fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        reasons(self.page)
    }
}

pub(super) fn reasons(page: &Page) -> Vec<(&'static str, &'static str)> {
    JoinReason::ALL.iter().map(|r| (r.code(), page.either(r.zh(), r.en()))).collect()
}

/// A new household with its head; others join one by one.
#[derive(Debug, Clone)]
pub struct NewForm {
    kind: HouseholdKind,
    number: Option<String>,
    address: String,
    opened_on: NaiveDate,
    decided_on: NaiveDate,
    reason: JoinReason,
    head: ResidentInput,
    then_member: bool,
}

impl FromFields for NewForm {
    const FIELDS: &'static [&'static str] =
        &["kind", "household_no", "address", "opened_on", "decided_on", "reason", "then", "anyway"];
    const SHARED: &'static [&'static [&'static str]] = &[PERSON_FIELDS];

    fn from_fields(fields: &mut Fields) -> Option<NewForm> {
        let kind = choice(fields, "kind", HouseholdKind::from_code);
        if kind.is_none() {
            fields.refuse(Refusal::field("kind", "请选择户类型。", "Choose the kind."));
        }
        let address = fields.required("address", "请填写地址。", "Enter the address.");
        let head = person(fields);
        let opened_on = required_date(fields, "opened_on");
        let decided_on = required_date(fields, "decided_on");
        Some(NewForm {
            kind: kind?,
            number: fields.text("household_no"),
            address: address?,
            opened_on: opened_on?,
            decided_on: decided_on?,
            reason: choice(fields, "reason", JoinReason::from_code).unwrap_or(JoinReason::Opening),
            head: head?,
            then_member: fields.has("then", "member"),
        })
    }
}

fn areas(store: &Store, user: &Allowed<EditRegistry>) -> AppResult<Vec<AreaOption>> {
    list_area_options(store, &user.session().actor.authorize::<ViewRegistry>()?)
}

fn open(store: &Store, user: &Allowed<EditRegistry>, form: NewForm) -> AppResult<HouseholdId> {
    let input = HouseholdInput {
        kind: form.kind,
        household_no: form.number.unwrap_or_else(|| lettered('H', store.next_id())),
        area_code: form.head.area_code.clone(),
        address: form.address,
        opened_on: form.opened_on,
        members: Vec::new(),
        reason: form.reason,
        dates: MemberDates::decided(form.decided_on),
    };
    household::open_with_head(store, &user.authorized()?, &input, &form.head)
}

/// `GET /households/new`, and the blank form for the device.
///
/// # Errors
/// The database failed.
pub async fn ask(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = page.title("household.new_title").under("household.list_title", "/households");
    let today = page.state().store.clock().today().to_string();
    let areas = page.run(move |store| areas(store, &user)).await?;
    let mut fields = Fields::with(&[
        ("kind", "residence"),
        ("reason", "opening"),
        ("doc_kind", "111"),
        ("residence_status", "R1"),
        ("opened_on", &today),
        ("decided_on", &today),
    ]);
    if let [only] = areas.as_slice() {
        fields.set("area", &only.code);
    }
    let form = FormView::new(&page, fields);
    let options = Options::new(&page);
    page.show(|page| NewPage { page, form, areas, options, twins: Vec::new() })
}

/// `POST /households/new`.
///
/// # Errors
/// The database failed.
pub async fn create(user: Allowed<EditRegistry>, page: Page, form: Form<NewForm>) -> Outcome {
    let page = page.title("household.new_title").under("household.list_title", "/households");
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let mut twins = Vec::new();
    if let Ok(form) = &checked {
        twins = twin::find(&page, &user, &fields, form.kind, &form.address).await?;
    }
    let outcome = match checked {
        Ok(_) if !twins.is_empty() => Err(twin::fault()),
        Ok(form) => {
            let then = if form.then_member { "/members/new" } else { "" };
            let made = page.run_once(move |store| open(store, &maker, form)).await;
            made.map(|id| format!("/households/{id}{then}"))
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(to) => page.done(&to, "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let areas = page.run(move |store| areas(store, &user)).await?;
            let form = FormView::with_errors(&page, fields, &refusals);
            let options = Options::new(&page);
            page.again(&NewPage { page: &page, form, areas, options, twins })
        }
    }
}
