//! One policy in plain language, and putting it in force.

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;
use chrono::NaiveDate;

use super::{state, this_month};
use crate::domain::policy::{CaseResult, PlainProgram, Program, Sentence};
use crate::domain::role::Permission as P;
use crate::error::Refusal;
use crate::http::form::Nothing;
use crate::http::{Allowed, Fault, Fields, Form, Outcome, Path};
use crate::services::auth::{ActivatePolicy, Permit, ReadReport};
use crate::services::policy::{self, PolicyPage};
use crate::store::policy::PolicyRow;
use crate::web::form_view::redrawable;
use crate::web::page::money;
use crate::web::{FormView, Page};

/// One value of a standard.
struct ValueWords {
    name: String,
    from: String,
    amount: String,
    decided_on: NaiveDate,
    doc_no: String,
    is_new: bool,
}

/// One program.
struct ProgramWords<'a> {
    program: &'a Program,
    plain: PlainProgram,
    is_new: bool,
}

/// One worked case.
struct CaseWords<'a> {
    case: &'a CaseResult,
    figures: Vec<String>,
}

#[derive(Template)]
#[template(path = "policy/show.html")]
struct ShowPage<'a> {
    page: &'a Page,
    row: &'a PolicyRow,
    state: (&'static str, &'static str),
    digest: String,
    values: Vec<ValueWords>,
    settings: Vec<Sentence>,
    programs: Vec<ProgramWords<'a>>,
    cases: Vec<CaseWords<'a>>,
    can_compare: bool,
    can_activate: bool,
    can_withdraw: bool,
    is_mine: bool,
}

impl ShowPage<'_> {
    fn say<'b>(&self, sentence: &'b Sentence) -> &'b str {
        self.page.either(&sentence.zh, &sentence.en)
    }

    /// The rules of a program that are one word each.
    fn rules(&self, program: &Program) -> String {
        let page = self.page;
        let (kind, period) = (program.beneficiary, program.period);
        let mut all = vec![
            page.either(kind.zh(), kind.en()),
            page.either(period.zh(), period.en()),
            page.either(program.start.zh(), program.start.en()),
            page.either(program.stop.zh(), program.stop.en()),
        ];
        if !program.public_notice {
            all.push(page.t("policy.no_notice"));
        }
        if program.restricted.is_some() {
            all.push(page.t("policy.restricted"));
        }
        all.join(" · ")
    }

    fn has_codes(&self, plain: &PlainProgram) -> bool {
        plain.pays.iter().any(|pay| !pay.code.is_empty())
    }
}

pub(super) async fn load<Q: Permit + Clone + Send + 'static>(
    user: &Allowed<Q>,
    page: Page,
    id: i64,
) -> Result<(Page, PolicyPage), Fault> {
    let actor = user.session().actor.clone();
    let found = page
        .run(move |store| policy::load_page(store, &actor.authorize::<ReadReport>()?, id))
        .await?;
    let row = &found.version.row;
    let title = format!("{} v{}", row.title, row.version);
    Ok((page.title_text(title).under("policy.title", "/policies"), found))
}

fn values(page: &Page, found: &PolicyPage) -> Vec<ValueWords> {
    let is_new = |code: &str, month, amount| {
        found.present.as_ref().is_some_and(|present| {
            let same = present.standards.iter().filter(|s| s.code == code);
            !same.flat_map(|s| &s.values).any(|v| v.from == month && v.amount == amount)
        })
    };
    let standards = found.version.policy.standards.iter();
    standards
        .flat_map(|standard| standard.values.iter().rev().map(move |value| (standard, value)))
        .map(|(standard, value)| ValueWords {
            name: page.either(&standard.zh, &standard.en).to_owned(),
            from: page.month(value.from),
            amount: money(value.amount),
            decided_on: value.decided_on,
            doc_no: value.doc_no.clone(),
            is_new: is_new(&standard.code, value.from, value.amount),
        })
        .collect()
}

fn cases<'a>(page: &Page, found: &'a PolicyPage) -> Vec<CaseWords<'a>> {
    let policy = &found.version.policy;
    let figure = |f: &crate::domain::policy::CaseFigure| {
        let program = policy.program_index(&f.program).and_then(|at| policy.program(at));
        let name = program.map_or(f.program.as_str(), |p| page.either(&p.zh, &p.en));
        let why = if f.actual.is_positive() { "" } else { page.either(&f.why.0, &f.why.1) };
        format!("{name} {} {why}", money(f.actual)).trim_end().to_owned()
    };
    let words = found
        .cases
        .iter()
        .map(|case| CaseWords { case, figures: case.figures.iter().map(figure).collect() });
    words.collect()
}

/// `GET /policies/{id}`.
///
/// # Errors
/// 404.
pub async fn show(user: Allowed<ReadReport>, page: Page, path: Path<i64>) -> Outcome {
    let (page, found) = load(&user, page, path.0).await?;
    let (row, policy) = (&found.version.row, &found.version.policy);
    let rates = policy.rates(this_month(&page), NaiveDate::MAX);
    let is_proposed = row.status == "proposed";
    page.show(|page| ShowPage {
        state: state(page, row),
        digest: row.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        values: values(page, &found),
        settings: policy.plain_settings(),
        programs: policy
            .programs
            .iter()
            .map(|program| ProgramWords {
                plain: policy.plain(program, &rates),
                is_new: found
                    .present
                    .as_ref()
                    .is_some_and(|present| present.program_index(&program.code).is_none()),
                program,
            })
            .collect(),
        cases: cases(page, &found),
        can_compare: is_proposed && found.present.is_some(),
        can_activate: is_proposed && page.may(P::ActivatePolicy),
        can_withdraw: is_proposed && page.may(P::ProposePolicy),
        is_mine: row.proposed_by == user.session().actor.username(),
        row,
        page,
    })
}

/// `GET /policies/{id}/file`: the file as it was proposed, to change and
/// propose again.
///
/// # Errors
/// 404.
pub async fn file(user: Allowed<ReadReport>, page: Page, path: Path<i64>) -> Outcome {
    let (_, found) = load(&user, page, path.0).await?;
    let row = found.version.row;
    let name = format!("attachment; filename=\"mingce-policy-v{}.toml\"", row.version);
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, name))
        .body(row.body))
}

#[derive(Template)]
#[template(path = "policy/activate.html")]
struct ActivatePage<'a> {
    page: &'a Page,
    form: FormView,
    row: &'a PolicyRow,
    present: Option<String>,
}

fn activate_template<'a>(
    page: &'a Page,
    found: &'a PolicyPage,
    form: FormView,
) -> ActivatePage<'a> {
    let present = found.present.as_ref().map(|policy| policy.label());
    ActivatePage { page, form, row: &found.version.row, present }
}

async fn load_activation(
    user: &Allowed<ActivatePolicy>,
    page: Page,
    id: i64,
) -> Result<(Page, PolicyPage), Fault> {
    let (page, found) = load(user, page, id).await?;
    let above = page.heading().to_owned();
    let page = page.under_text(above, &format!("/policies/{id}")).title("policy.activate");
    Ok((page, found))
}

/// `GET /policies/{id}/activate`: the last look, after the password or code
/// was entered again.
///
/// # Errors
/// 404.
pub async fn ask_activate(user: Allowed<ActivatePolicy>, page: Page, path: Path<i64>) -> Outcome {
    let (page, found) = load_activation(&user, page, path.0).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| activate_template(page, &found, form))
}

/// `POST /policies/{id}/activate`.
///
/// # Errors
/// 403 for whoever proposed it; 404.
pub async fn activate(
    user: Allowed<ActivatePolicy>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    let (page, found) = load_activation(&user, page, id).await?;
    let here = format!("/policies/{id}");
    if found.version.row.status == "active" {
        // A second click, or the back button.
        return page.done(&here, "already_done");
    }
    let outcome = page.run(move |store| policy::activate(store, &user.authorized()?, id)).await;
    match outcome {
        Ok(()) => page.done(&here, "policy_activated"),
        Err(fault) => {
            let refusals: Vec<Refusal> = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, Fields::default(), &refusals);
            page.again(&activate_template(&page, &found, form))
        }
    }
}
