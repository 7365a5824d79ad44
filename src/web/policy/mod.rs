//! P-92: policies. A clerk proposes a file, which counts only if every worked
//! case comes out; everybody who reads reports can read it in plain language
//! and see what it would cost; an approver puts it in force.

mod cost;
mod end;
mod show;

use askama::Template;

use super::form_view::redrawable;
use super::page::money;
use super::{FormView, Page};
use crate::domain::month::Month;
use crate::domain::policy::{Policy, Standard};
use crate::domain::role::Permission as P;
use crate::error::{AppError, AppResult, Place, Refusal};
use crate::http::{Access, Allowed, Fault, Fields, Outcome, Routes, Upload};
use crate::services::auth::{Permit, ProposePolicy, ReadReport};
use crate::services::policy::{self, PolicyBoard};
use crate::store::policy::PolicyRow;

/// Largest policy file in bytes; the example has 30,000.
const MAX_POLICY: usize = 1024 * 1024;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let (read, activate) = (Access::Needs(P::ReadReport), Access::SteppedUp(P::ActivatePolicy));
    routes.get("/policies", read, list);
    routes.post("/policies", Access::Needs(P::ProposePolicy), submit).upload();
    routes.get("/policies/{id}", read, show::show);
    routes.get("/policies/{id}/file", read, show::file);
    routes.get("/policies/{id}/cost", read, cost::show);
    routes.post("/policies/{id}/cost", read, cost::start);
    let (propose, reject) = (Access::Needs(P::ProposePolicy), Access::Needs(P::ActivatePolicy));
    routes.get("/policies/{id}/withdraw", propose, end::ask_withdraw);
    routes.post("/policies/{id}/withdraw", propose, end::withdraw);
    routes.get("/policies/{id}/reject", reject, end::ask_reject);
    routes.post("/policies/{id}/reject", reject, end::reject);
    routes.get("/policies/{id}/activate", activate, show::ask_activate);
    routes.post("/policies/{id}/activate", activate, show::activate);
}

#[derive(Template)]
#[template(path = "policy/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    form: FormView,
    rows: &'a [PolicyRow],
    in_force: Option<&'a PolicyRow>,
    programs: Vec<ProgramWords>,
    may_propose: bool,
}

impl ListPage<'_> {
    fn state(&self, row: &PolicyRow) -> (&'static str, &'static str) {
        state(self.page, row)
    }
}

/// A program of the policy in force.
struct ProgramWords {
    name: String,
    standards: Vec<String>,
}

/// Colour and word of a version's state.
fn state(page: &Page, row: &PolicyRow) -> (&'static str, &'static str) {
    match row.status.as_str() {
        "active" => ("green", page.t("policy.state.active")),
        "proposed" => ("amber", page.t("policy.state.proposed")),
        "withdrawn" => ("grey", page.t("policy.state.withdrawn")),
        "rejected" => ("red", page.t("policy.state.rejected")),
        _ => ("grey", page.t("policy.state.superseded")),
    }
}

/// A standard with the value that holds this month.
fn standard_words(page: &Page, standard: &Standard) -> String {
    let name = page.either(&standard.zh, &standard.en);
    match standard.value(this_month(page), chrono::NaiveDate::MAX) {
        Some(value) => {
            let from = page.fill("policy.since", "month", page.month(value.from));
            format!("{name} {} · {from} · {}", money(value.amount), value.doc_no)
        }
        None => name.to_owned(),
    }
}

fn this_month(page: &Page) -> Month {
    Month::of(page.state().store.clock().today())
}

fn program_words(page: &Page, policy: &Policy) -> Vec<ProgramWords> {
    let words = policy.programs.iter().map(|program| ProgramWords {
        name: page.either(&program.zh, &program.en).to_owned(),
        standards: policy
            .pays_by(program)
            .into_iter()
            .filter_map(|at| policy.standards.get(usize::from(at)))
            .map(|standard| standard_words(page, standard))
            .collect(),
    });
    words.collect()
}

async fn load<Q: Permit + Clone + Send + 'static>(
    user: &Allowed<Q>,
    page: &Page,
) -> Result<PolicyBoard, Fault> {
    let actor = user.session().actor.clone();
    page.run(move |store| policy::board(store, &actor.authorize::<ReadReport>()?)).await
}

fn template<'a>(page: &'a Page, board: &'a PolicyBoard, form: FormView) -> ListPage<'a> {
    ListPage {
        form,
        rows: &board.rows,
        in_force: board.in_force.as_ref().map(|found| &found.row),
        programs: board
            .in_force
            .as_ref()
            .map(|found| program_words(page, &found.policy))
            .unwrap_or_default(),
        may_propose: page.may(P::ProposePolicy),
        page,
    }
}

/// `GET /policies`.
///
/// # Errors
/// A stored policy cannot be read.
pub async fn list(user: Allowed<ReadReport>, page: Page) -> Outcome {
    let page = page.title("policy.title");
    let board = load(&user, &page).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| template(page, &board, form))
}

/// The text of an uploaded file.
fn text_of(file: &[u8]) -> AppResult<String> {
    let refuse = |zh: &str, en: &str| AppError::refuse(Refusal::field("file", zh, en));
    if file.is_empty() {
        return Err(refuse("请选择政策文件。", "Choose the policy file."));
    }
    if file.len() > MAX_POLICY {
        return Err(refuse("政策文件不能超过 1 MB。", "A policy file has at most 1 MB."));
    }
    String::from_utf8(file.to_vec()).map_err(|_| {
        refuse(
            "文件不是 UTF-8 编码的文本,请另存为 UTF-8 的 TOML 文件。",
            "The file is no UTF-8 text. Save it as TOML in UTF-8.",
        )
    })
}

/// Faults of the file stand at the one field that the form has, each with the
/// place in the file before it.
fn at_file(refusal: Refusal) -> Refusal {
    let place = match &refusal.place {
        Some(Place::Field(name)) if name == "file" => return refusal,
        Some(place) => place.to_string(),
        None => String::new(),
    };
    Refusal {
        zh: format!("{place} {}", refusal.zh).trim().to_owned(),
        en: format!("{place} {}", refusal.en).trim().to_owned(),
        ..refusal
    }
    .at(Place::Field("file".to_owned()))
}

/// `POST /policies`.
///
/// # Errors
/// The upload is too large, or not a form.
pub async fn submit(user: Allowed<ProposePolicy>, page: Page, upload: Upload) -> Outcome {
    let page = page.title("policy.title");
    let (sender, fields) = (user.clone(), upload.fields.clone());
    let outcome = page
        .run(move |store| policy::propose(store, &sender.authorized()?, &text_of(&upload.file)?))
        .await;
    match outcome {
        Ok(id) => page.done(&format!("/policies/{id}"), "policy_proposed"),
        Err(fault) => {
            let refusals: Vec<_> = redrawable(fault)?.into_iter().map(at_file).collect();
            let board = load(&user, &page).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, &board, form))
        }
    }
}
