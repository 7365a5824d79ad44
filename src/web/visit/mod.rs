//! P-30: rounds. What is due, by building; planning a building; how far the
//! month has come; handing a grid over.

mod hand_over;
mod record;

use askama::Template;
use chrono::NaiveDate;

use super::form_view::redrawable;
use super::pager::area_options;
use super::resident::{choice, required_date};
use super::{FormView, Page};
use crate::domain::mask;
use crate::domain::role::Permission;
use crate::domain::visit::Purpose;
use crate::error::Refusal;
use crate::http::{Access, Allowed, Fields, Form, FromFields, Outcome, Routes};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{AreaOption, list_area_options};
use crate::services::visit::hand_over::{HandOverLine, list_hand_overs};
use crate::services::visit::plan::{self, PlanInput};
use crate::services::visit::quarter::{CoVisit, list_co_visits};
use crate::services::visit::round::{self, Rounds};
use crate::store::incomplete::Incomplete;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let (view, edit) =
        (Access::Needs(Permission::ViewRegistry), Access::Needs(Permission::EditRegistry));
    routes.get("/visits", view, list);
    routes.get("/visits/missing", view, missing);
    routes.get("/visits/plan", edit, ask_plan);
    routes.post("/visits/plan", edit, submit_plan);
    routes.get("/visits/hand-over", edit, hand_over::ask);
    routes.post("/visits/hand-over", edit, hand_over::submit);
    routes.get("/visits/{id}", view, record::show);
    routes.post("/visits/{id}/photos", edit, record::add_photo).upload();
    routes.get("/visits/{id}/photos/{photo}", view, record::photo);
    routes.post("/visits/{id}/photos/{photo}/remove", edit, record::remove_photo);
}

#[derive(Template)]
#[template(path = "visit/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    rounds: Rounds,
    today: NaiveDate,
    may_edit: bool,
    may_hand_over: bool,
    hand_overs: Vec<HandOverLine>,
    co_visits: Vec<CoVisit>,
}

impl ListPage<'_> {
    fn is_late(&self, planned: &Option<NaiveDate>) -> bool {
        planned.is_some_and(|on| on < self.today)
    }

    fn homes(&self) -> (usize, usize) {
        let rows = &self.rounds.progress;
        (rows.iter().map(|p| p.homes).sum(), rows.iter().map(|p| p.verified).sum())
    }
}

/// `GET /visits`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ViewRegistry>, page: Page) -> Outcome {
    let page = page.title("menu.visits");
    let may_edit = page.may(Permission::EditRegistry);
    let may_hand_over = may_edit && user.session().actor.role().is_second_person();
    let rights = user.session().extra();
    let (rounds, hand_overs, co_visits) = page
        .run(move |store| {
            let by = user.authorized()?;
            let co_visits = list_co_visits(store, &by, rights)?;
            Ok((round::list(store, &by)?, list_hand_overs(store, &by)?, co_visits))
        })
        .await?;
    let today = page.state().store.clock().today();
    page.show(|page| ListPage {
        page,
        rounds,
        today,
        may_edit,
        may_hand_over,
        hand_overs,
        co_visits,
    })
}

#[derive(Template)]
#[template(path = "visit/missing.html")]
struct MissingPage<'a> {
    page: &'a Page,
    rows: Vec<Incomplete>,
    total: i64,
}

impl MissingPage<'_> {
    fn name(&self, row: &Incomplete) -> String {
        if self.page.may(Permission::EditRegistry) {
            row.name.clone()
        } else {
            mask::name(&row.name)
        }
    }
}

/// `GET /visits/missing`.
///
/// # Errors
/// The database failed.
pub async fn missing(user: Allowed<ViewRegistry>, page: Page) -> Outcome {
    let page = page.title("visit.missing").under("menu.visits", "/visits");
    let (rows, total) = page
        .run(move |store| round::incomplete(store, &user.authorized()?, None, round::LIMIT))
        .await?;
    page.show(|page| MissingPage { page, rows, total })
}

/// The form of a plan.
#[derive(Template)]
#[template(path = "visit/plan.html")]
struct PlanPage<'a> {
    page: &'a Page,
    form: FormView,
    areas: Vec<AreaOption>,
}

impl PlanPage<'_> {
    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }

    fn purposes(&self) -> Vec<(&'static str, &'static str)> {
        let open = Purpose::ALL.iter().filter(|p| !matches!(p, Purpose::Child | Purpose::Mental));
        open.map(|p| (p.code(), self.page.either(p.zh(), p.en()))).collect()
    }
}

/// What is planned.
#[derive(Debug, Clone)]
pub struct PlanForm {
    input: PlanInput,
}

impl FromFields for PlanForm {
    const FIELDS: &'static [&'static str] =
        &["area", "building", "purpose", "planned_on", "worker", "co_visitor"];

    fn from_fields(fields: &mut Fields) -> Option<PlanForm> {
        let area = fields.required("area", "请选择社区或网格。", "Choose a community or a grid.");
        let building = fields.required("building", "请填写楼栋。", "Enter the building.");
        let purpose = choice(fields, "purpose", Purpose::from_code);
        if purpose.is_none() {
            fields.refuse(Refusal::field("purpose", "请选择走访目的。", "Choose the purpose."));
        }
        let planned_on = required_date(fields, "planned_on");
        let worker = fields.required("worker", "请填写走访人。", "Enter who goes.");
        Some(PlanForm {
            input: PlanInput {
                area_code: area?,
                building: building?,
                purpose: purpose?,
                planned_on: planned_on?,
                worker: worker?,
                co_visitor: fields.text("co_visitor"),
            },
        })
    }
}

fn titled(page: Page) -> Page {
    page.title("visit.plan").under("menu.visits", "/visits")
}

async fn areas(
    page: &Page,
    user: &Allowed<EditRegistry>,
) -> Result<Vec<AreaOption>, crate::http::Fault> {
    let user = user.clone();
    page.run(move |store| list_area_options(store, &user.session().actor.authorize()?)).await
}

/// `GET /visits/plan`.
///
/// # Errors
/// The database failed.
pub async fn ask_plan(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = titled(page);
    let today = page.state().store.clock().today().to_string();
    let worker = user.session().display_name.clone();
    let mut fields = Fields::with(&[
        ("purpose", Purpose::Population.code()),
        ("planned_on", &today),
        ("worker", &worker),
    ]);
    let areas = areas(&page, &user).await?;
    if let [only] = areas.as_slice() {
        fields.set("area", &only.code);
    }
    let form = FormView::new(&page, fields);
    page.show(|page| PlanPage { page, form, areas })
}

/// `POST /visits/plan`.
///
/// # Errors
/// The database failed.
pub async fn submit_plan(user: Allowed<EditRegistry>, page: Page, form: Form<PlanForm>) -> Outcome {
    let page = titled(page);
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run_once(move |store| plan::plan(store, &maker.authorized()?, &form.input)).await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(0) => page.done("/visits", "visits_none"),
        Ok(_) => page.done("/visits", "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let areas = areas(&page, &user).await?;
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&PlanPage { page: &page, form, areas })
        }
    }
}
