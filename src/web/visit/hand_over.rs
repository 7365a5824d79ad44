//! A supervisor hands a grid over: its visits and what its worker sees, from a
//! day on.

use askama::Template;
use chrono::NaiveDate;

use super::areas;
use crate::error::Refusal;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome};
use crate::services::auth::EditRegistry;
use crate::services::directory::AreaOption;
use crate::services::visit::hand_over::{self, HandOverInput, Worker};
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::resident::required_date;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "visit/hand_over.html")]
struct HandOverPage<'a> {
    page: &'a Page,
    form: FormView,
    areas: Vec<AreaOption>,
    workers: Vec<Worker>,
}

impl HandOverPage<'_> {
    fn may_hand_over(&self) -> bool {
        self.page.session().is_some_and(|session| session.actor.role().is_second_person())
    }

    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }

    fn names(&self, first: &str) -> Vec<(String, String)> {
        let workers = self.workers.iter();
        let named = workers.map(|w| (w.id.to_string(), format!("{}({})", w.name, w.username)));
        std::iter::once((String::new(), self.page.t(first).to_owned())).chain(named).collect()
    }
}

/// Who takes which grid over, from whom, and when.
#[derive(Debug, Clone)]
pub struct HandOverForm {
    area: String,
    from: NaiveDate,
    from_user: Option<i64>,
    to_user: i64,
}

impl FromFields for HandOverForm {
    const FIELDS: &'static [&'static str] = &["area", "from", "from_user", "to_user"];

    fn from_fields(fields: &mut Fields) -> Option<HandOverForm> {
        let area = fields.required("area", "请选择社区或网格。", "Choose a community or a grid.");
        let from = required_date(fields, "from");
        let to_user = fields.value("to_user").parse().ok();
        if to_user.is_none() {
            let (zh, en) = ("请选择接手的网格员。", "Choose who takes over.");
            fields.refuse(Refusal::field("to_user", zh, en));
        }
        let from_user = fields.value("from_user").parse().ok();
        Some(HandOverForm { area: area?, from: from?, from_user, to_user: to_user? })
    }
}

fn titled(page: Page) -> Page {
    page.title("visit.hand_over").under("menu.visits", "/visits")
}

async fn workers(page: &Page, user: &Allowed<EditRegistry>) -> Result<Vec<Worker>, Fault> {
    let actor = user.session().actor.clone();
    page.run(move |store| hand_over::list_workers(store, &actor.authorize()?)).await
}

/// `GET /visits/hand-over`.
///
/// # Errors
/// The database failed.
pub async fn ask(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = titled(page);
    let (areas, workers) = (areas(&page, &user).await?, workers(&page, &user).await?);
    let today = page.state().store.clock().today().to_string();
    let form = FormView::new(&page, Fields::with(&[("from", &today)]));
    page.show(|page| HandOverPage { page, form, areas, workers })
}

/// `POST /visits/hand-over`.
///
/// # Errors
/// 403 below supervisor level.
pub async fn submit(user: Allowed<EditRegistry>, page: Page, form: Form<HandOverForm>) -> Outcome {
    let page = titled(page);
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run_once(move |store| {
                let HandOverForm { area, from, from_user, to_user } = form;
                let input = HandOverInput { area_code: area, from_user, to_user, from };
                hand_over::hand_over(store, &maker.authorized()?, &input)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done("/visits", "handed_over"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let (areas, workers) = (areas(&page, &user).await?, workers(&page, &user).await?);
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&HandOverPage { page: &page, form, areas, workers })
        }
    }
}
