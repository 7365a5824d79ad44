//! Decisions about an award that have a page of their own: hold, release a
//! hold, grace.

use askama::Template;
use chrono::NaiveDate;

use super::award::open;
use super::{application::month, finish, today};
use crate::domain::ids::AwardId;
use crate::domain::month::Month;
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{Authorized, EditAward};
use crate::services::award::{self, AwardPage};
use crate::store::Store;
use crate::web::resident::required_date;
use crate::web::{FormView, Page};

/// Which decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Hold,
    Release(i64),
    Grace,
}

impl Step {
    const fn title(self) -> &'static str {
        match self {
            Step::Hold => "benefit.hold",
            Step::Release(_) => "benefit.release",
            Step::Grace => "benefit.grace",
        }
    }

    fn path(self, award: AwardId) -> String {
        match self {
            Step::Hold => format!("/awards/{award}/hold"),
            Step::Release(hold) => format!("/awards/{award}/holds/{hold}/release"),
            Step::Grace => format!("/awards/{award}/grace"),
        }
    }

    /// Name of the field with the day, as the service calls it.
    const fn day(self) -> &'static str {
        match self {
            Step::Hold => "placed_on",
            Step::Release(_) => "released_on",
            Step::Grace => "decided_on",
        }
    }

    /// A released or foreign hold cannot be released.
    fn check(self, award: &AwardPage) -> AppResult<()> {
        let Step::Release(hold) = self else { return Ok(()) };
        let open = |h: &&crate::store::hold::HoldRow| h.id == hold && h.released_on.is_none();
        match award.file.holds.iter().find(open) {
            Some(_) => Ok(()),
            None => Err(AppError::not_found("暂缓", "hold")),
        }
    }
}

#[derive(Template)]
#[template(path = "benefit/step.html")]
struct StepPage<'a> {
    page: &'a Page,
    form: FormView,
    award: &'a AwardPage,
    step: Step,
}

impl StepPage<'_> {
    fn hint(&self) -> &'static str {
        self.page.t(match self.step {
            Step::Hold => "benefit.hold_hint",
            Step::Release(_) => "benefit.release_hint",
            Step::Grace => "benefit.grace_hint",
        })
    }

    fn is_hold(&self) -> bool {
        self.step == Step::Hold
    }

    fn is_grace(&self) -> bool {
        self.step == Step::Grace
    }

    fn path(&self) -> String {
        self.step.path(self.award.file.award.id)
    }
}

/// The fields of the three; each page draws what it needs.
#[derive(Debug, Clone)]
pub struct StepForm {
    on: NaiveDate,
    from_month: Option<Month>,
    months: Option<u32>,
    reason: String,
    doc_no: Option<String>,
}

impl FromFields for StepForm {
    const FIELDS: &'static [&'static str] =
        &["placed_on", "released_on", "decided_on", "from_month", "months", "reason", "doc_no"];
    fn from_fields(fields: &mut Fields) -> Option<StepForm> {
        let names = ["placed_on", "released_on", "decided_on"];
        let given = names.into_iter().find(|name| fields.values(name).next().is_some());
        let on = required_date(fields, given.unwrap_or("decided_on"));
        let (zh, en) = ("月数应为整数。", "Enter a number of months.");
        Some(StepForm {
            from_month: month(fields, "from_month"),
            months: fields.parsed("months", zh, en),
            reason: fields.text("reason").unwrap_or_default(),
            doc_no: fields.text("doc_no"),
            on: on?,
        })
    }
}

async fn ask(user: Allowed<EditAward>, page: Page, id: AwardId, step: Step) -> Outcome {
    let (page, award) = prepare(&user, page, id, step).await?;
    step.check(&award)?;
    let mut fields = Fields::with(&[(step.day(), &today(&page))]);
    if step == Step::Hold {
        let next = Month::of(page.state().store.clock().today()).next();
        fields.set("from_month", &next.to_string());
    }
    let form = FormView::new(&page, fields);
    page.show(|page| StepPage { page, form, award: &award, step })
}

async fn prepare(
    user: &Allowed<EditAward>,
    page: Page,
    id: AwardId,
    step: Step,
) -> Result<(Page, AwardPage), crate::http::Fault> {
    let (page, award) = open(user, page, id).await?;
    let above = page.heading().to_owned();
    Ok((page.under_text(above, &format!("/awards/{id}")).title(step.title()), award))
}

async fn submit(
    user: Allowed<EditAward>,
    page: Page,
    id: AwardId,
    step: Step,
    form: Form<StepForm>,
) -> Outcome {
    let (page, award) = prepare(&user, page, id, step).await?;
    let (fields, checked) = form.checked();
    let seen = award.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                step.check(&seen)?;
                decide(store, &user.authorized()?, id, step, &form).map(|()| "saved")
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    finish(page, &format!("/awards/{id}"), fields, outcome, |page, fields, refusals| {
        let form = FormView::with_errors(page, fields, refusals);
        page.again(&StepPage { page, form, award: &award, step })
    })
}

fn decide(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    id: AwardId,
    step: Step,
    form: &StepForm,
) -> AppResult<()> {
    match step {
        Step::Hold => {
            let from = form.from_month.ok_or_else(|| {
                let (zh, en) = ("请填写起始月。", "Enter the first month.");
                AppError::refuse(Refusal::field("from_month", zh, en))
            })?;
            award::place_hold(store, by, id, from, form.on, &form.reason).map(|_| ())
        }
        Step::Release(hold) => award::release_hold(store, by, hold, form.on, &form.reason),
        Step::Grace => {
            let months = form.months.unwrap_or(0);
            let doc_no = form.doc_no.as_deref();
            award::grace(store, by, id, form.on, form.from_month, months, doc_no).map(|_| ())
        }
    }
}

/// `GET /awards/{id}/hold`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_hold(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, AwardId(path.0), Step::Hold).await
}

/// `POST /awards/{id}/hold`.
///
/// # Errors
/// 404 out of scope.
pub async fn hold(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<StepForm>,
) -> Outcome {
    submit(user, page, AwardId(path.0), Step::Hold, form).await
}

/// `GET /awards/{id}/holds/{hold}/release`.
///
/// # Errors
/// 404 out of scope, or released already.
pub async fn ask_release(user: Allowed<EditAward>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    ask(user, page, AwardId(path.0.0), Step::Release(path.0.1)).await
}

/// `POST /awards/{id}/holds/{hold}/release`.
///
/// # Errors
/// 403 for whoever reported what it was placed for; 404.
pub async fn release(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<StepForm>,
) -> Outcome {
    submit(user, page, AwardId(path.0.0), Step::Release(path.0.1), form).await
}

/// `GET /awards/{id}/grace`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_grace(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, AwardId(path.0), Step::Grace).await
}

/// `POST /awards/{id}/grace`.
///
/// # Errors
/// 404 out of scope.
pub async fn grace(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<StepForm>,
) -> Outcome {
    submit(user, page, AwardId(path.0), Step::Grace, form).await
}
