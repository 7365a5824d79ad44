//! The steps of a run that one page asks about and one button takes: submit,
//! withdraw, return, void, record the payment. A second click finds the step
//! taken and says so.

use askama::Template;
use chrono::NaiveDate;

use super::show::{Check, checks};
use super::words::RunWords;
use crate::domain::chinese_amount::chinese_amount;
use crate::domain::ids::RunId;
use crate::domain::payout::RunState;
use crate::error::{AppError, AppResult};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, SignedIn};
use crate::services::auth::{ApproveRun, MakeRun};
use crate::services::payout::{self, RunView};
use crate::services::{Actor, access::Session};
use crate::store::Store;
use crate::store::run::RunRow;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "run/step.html")]
struct StepPage<'a> {
    page: &'a Page,
    run: RunWords,
    words: String,
    form: FormView,
    step: Step,
    checks: Vec<Check>,
    action: String,
}

/// Which step a page asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Submit,
    Withdraw,
    Return,
    Void,
    Payment,
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Step::Submit => "submit",
            Step::Withdraw => "withdraw",
            Step::Return => "return",
            Step::Void => "void",
            Step::Payment => "payment",
        }
    }

    /// Where the run stands when the step was taken.
    const fn target(self) -> RunState {
        match self {
            Step::Submit => RunState::Submitted,
            Step::Withdraw | Step::Return => RunState::Draft,
            Step::Void => RunState::Void,
            Step::Payment => RunState::Paid,
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Step::Submit => "run_submitted",
            Step::Withdraw => "run_withdrawn",
            Step::Return => "run_returned",
            Step::Void => "run_voided",
            Step::Payment => "run_paid",
        }
    }

    const fn action(self) -> &'static str {
        match self {
            Step::Return => "approvals",
            _ => "runs",
        }
    }

    /// Templates ask by name.
    fn is(self, name: &str) -> bool {
        self.name() == name
    }

    fn key(self, part: &str) -> String {
        format!("step.{}_{part}", self.name())
    }
}

/// What the forms carry; a step takes what it needs.
#[derive(Debug)]
pub struct StepForm {
    reason: Option<String>,
    paid_on: Option<NaiveDate>,
}

impl FromFields for StepForm {
    const FIELDS: &'static [&'static str] = &["reason", "paid_on"];
    fn from_fields(fields: &mut Fields) -> Option<StepForm> {
        let paid_on =
            fields.parsed("paid_on", "日期应写作 2026-10-05。", "Write the date as 2026-10-05.");
        Some(StepForm { reason: fields.text("reason"), paid_on })
    }
}

/// `GET /runs/{id}/submit`.
///
/// # Errors
/// 404.
pub async fn ask_submit(user: Allowed<MakeRun>, page: Page, path: Path<i64>) -> Outcome {
    ask(user.session(), page, path.0, Step::Submit).await
}

/// `GET /runs/{id}/withdraw`.
///
/// # Errors
/// 404.
pub async fn ask_withdraw(user: Allowed<MakeRun>, page: Page, path: Path<i64>) -> Outcome {
    ask(user.session(), page, path.0, Step::Withdraw).await
}

/// `GET /approvals/{id}/return`.
///
/// # Errors
/// 404.
pub async fn ask_return(user: Allowed<ApproveRun>, page: Page, path: Path<i64>) -> Outcome {
    ask(user.session(), page, path.0, Step::Return).await
}

/// `GET /runs/{id}/void`.
///
/// # Errors
/// 404.
pub async fn ask_void(user: SignedIn, page: Page, path: Path<i64>) -> Outcome {
    ask(&user, page, path.0, Step::Void).await
}

/// `GET /runs/{id}/payment`.
///
/// # Errors
/// 404.
pub async fn ask_payment(user: Allowed<MakeRun>, page: Page, path: Path<i64>) -> Outcome {
    ask(user.session(), page, path.0, Step::Payment).await
}

async fn ask(session: &Session, page: Page, id: i64, step: Step) -> Outcome {
    let view = load(session, &page, id).await?;
    let today = page.state().store.clock().today().to_string();
    let page = titled(page, &view, step);
    let form = FormView::new(&page, Fields::with(&[("paid_on", &today)]));
    page.show(|page| template(page, &view, step, form))
}

async fn load(session: &Session, page: &Page, id: i64) -> Result<RunView, Fault> {
    let actor = session.actor.clone();
    page.run(move |store| payout::view_run(store, &actor.authorize()?, RunId(id))).await
}

fn titled(page: Page, view: &RunView, step: Step) -> Page {
    let run = RunWords::new(&page, &view.label, &view.run);
    let title = page.lang().find(&step.key("title")).unwrap_or_default().to_owned();
    let board = format!("/runs?month={}", view.run.month);
    page.title_text(title).under("run.board_title", &board).under_text(run.title(), &run.href)
}

fn template<'a>(page: &'a Page, view: &RunView, step: Step, form: FormView) -> StepPage<'a> {
    let run = &view.run;
    StepPage {
        page,
        words: chinese_amount(run.regular_fen + run.arrears_fen + run.deduction_fen),
        run: RunWords::new(page, &view.label, run),
        form,
        step,
        checks: checks(page, view),
        action: format!("/{}/{}/{}", step.action(), run.id, step.name()),
    }
}

impl StepPage<'_> {
    fn text(&self, part: &str) -> &'static str {
        self.page.lang().find(&self.step.key(part)).unwrap_or_default()
    }

    fn needs_reason(&self) -> bool {
        !matches!(self.step, Step::Submit | Step::Payment)
    }

    fn button(&self) -> &'static str {
        match self.step {
            Step::Submit | Step::Payment => "primary",
            _ => "danger",
        }
    }
}

/// `POST /runs/{id}/submit`.
///
/// # Errors
/// 404; 409 if the run is no draft any more.
pub async fn submit(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    form: Form<StepForm>,
) -> Outcome {
    take(user.session(), page, path.0, form, Step::Submit, |store, actor, id, form| {
        payout::submit(store, &actor.authorize()?, id, form.reason.as_deref())
    })
    .await
}

/// `POST /runs/{id}/withdraw`.
///
/// # Errors
/// 404; 409 if the run is not submitted.
pub async fn withdraw(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    form: Form<StepForm>,
) -> Outcome {
    take(user.session(), page, path.0, form, Step::Withdraw, |store, actor, id, form| {
        payout::withdraw(store, &actor.authorize()?, id, &required_reason(&form)?)
    })
    .await
}

/// `POST /approvals/{id}/return`.
///
/// # Errors
/// 404; 409 if the run is not submitted.
pub async fn return_run(
    user: Allowed<ApproveRun>,
    page: Page,
    path: Path<i64>,
    form: Form<StepForm>,
) -> Outcome {
    take(user.session(), page, path.0, form, Step::Return, |store, actor, id, form| {
        payout::return_run(store, &actor.authorize()?, id, &required_reason(&form)?)
    })
    .await
}

/// `POST /runs/{id}/void`: by its maker; an approved one by an approver.
///
/// # Errors
/// 403; 404; 409 if it is paid or a later run counts on it.
pub async fn void(user: SignedIn, page: Page, path: Path<i64>, form: Form<StepForm>) -> Outcome {
    take(&user, page, path.0, form, Step::Void, |store, actor, id, form| {
        let reason = required_reason(&form)?;
        let run = payout::view_run(store, &actor.authorize()?, id)?.run;
        match run.state {
            RunState::Approved => payout::void_approved(store, &actor.authorize()?, id, &reason),
            _ => payout::void(store, &actor.authorize()?, id, &reason),
        }
    })
    .await
}

/// `POST /runs/{id}/payment`.
///
/// # Errors
/// 404; 409 if the run is not approved.
pub async fn payment(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    form: Form<StepForm>,
) -> Outcome {
    take(user.session(), page, path.0, form, Step::Payment, |store, actor, id, form| {
        let paid_on = form.paid_on.ok_or_else(|| {
            AppError::refuse(crate::error::Refusal::field(
                "paid_on",
                "请填写发放日期。",
                "Enter the date of payment.",
            ))
        })?;
        payout::record_payment(store, &actor.authorize()?, id, paid_on)
    })
    .await
}

fn required_reason(form: &StepForm) -> AppResult<String> {
    form.reason.clone().ok_or_else(|| {
        AppError::refuse(crate::error::Refusal::field(
            "reason",
            "请填写原因。",
            "Enter the reason.",
        ))
    })
}

async fn take(
    session: &Session,
    page: Page,
    id: i64,
    form: Form<StepForm>,
    step: Step,
    service: impl FnOnce(&Store, &Actor, RunId, StepForm) -> AppResult<RunRow> + Send + 'static,
) -> Outcome {
    let (fields, checked) = form.checked();
    let actor = session.actor.clone();
    let outcome = match checked {
        Ok(form) => page.run(move |store| service(store, &actor, RunId(id), form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/runs/{id}"), step.done()),
        Err(fault) if fault.status.as_u16() == 409 => {
            // The second click of the same step: it is taken already.
            let view = load(session, &page, id).await?;
            if view.run.state == step.target() {
                return page.done(&format!("/runs/{id}"), "already_done");
            }
            Err(fault)
        }
        Err(fault) if fault.status.as_u16() == 422 => {
            let view = load(session, &page, id).await?;
            let page = titled(page, &view, step).with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&template(&page, &view, step, form))
        }
        Err(fault) => Err(fault),
    }
}
