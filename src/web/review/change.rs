//! One change: before and after, and what can be done with it.

use askama::Template;

use crate::domain::pending::{ChangeKind, ChangeState};
use crate::error::AppResult;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{Authorized, EditRegistry, ViewRegistry};
use crate::services::change::{self, ChangeLine};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "review/change.html")]
struct ChangePage<'a> {
    page: &'a Page,
    line: &'a ChangeLine,
    form: FormView,
    is_mine: bool,
    is_second: bool,
}

impl ChangePage<'_> {
    fn is_pending(&self) -> bool {
        self.line.state == ChangeState::Pending
    }

    /// A reported departure holds money: whoever reported it does not lift it.
    fn can_withdraw(&self) -> bool {
        self.line.kind != ChangeKind::MoveOut
    }

    /// Name of a part, for example `review.part.fact`.
    fn part(&self, key: &str) -> &'static str {
        self.page.t(&format!("review.part.{key}"))
    }
}

/// Why a change is rejected or withdrawn.
#[derive(Debug, Clone)]
pub struct ReasonForm(String);

impl FromFields for ReasonForm {
    const FIELDS: &'static [&'static str] = &["reason"];

    fn from_fields(fields: &mut Fields) -> Option<ReasonForm> {
        fields.required("reason", "请填写原因。", "Enter the reason.").map(ReasonForm)
    }
}

async fn load(
    user: &Allowed<EditRegistry>,
    page: Page,
    id: i64,
) -> Result<(Page, ChangeLine), Fault> {
    let user = user.clone();
    let line = page
        .run(move |store| {
            let by = user.session().actor.authorize::<ViewRegistry>()?;
            change::load_change(store, &by, id, user.session().extra())
        })
        .await?;
    let title = page.either(line.kind.zh(), line.kind.en()).to_owned();
    Ok((page.title_text(title).under("review.title", "/review"), line))
}

fn template<'a>(
    page: &'a Page,
    user: &Allowed<EditRegistry>,
    line: &'a ChangeLine,
    form: FormView,
) -> ChangePage<'a> {
    let actor = &user.session().actor;
    let is_mine = line.proposed_by == actor.username();
    ChangePage { page, line, form, is_mine, is_second: actor.role().is_second_person() }
}

/// `GET /review/changes/{id}`.
///
/// # Errors
/// 404 out of scope.
pub async fn show(user: Allowed<EditRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let (page, line) = load(&user, page, path.0).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| template(page, &user, &line, form))
}

/// What is done with a change, and the message afterwards.
type Step = fn(&Store, &Authorized<'_, EditRegistry>, i64, &str) -> AppResult<()>;

async fn end(
    user: Allowed<EditRegistry>,
    page: Page,
    id: i64,
    form: Form<ReasonForm>,
    (step, done): (Step, &'static str),
) -> Outcome {
    // What the caller may not see they may not decide either.
    let (page, line) = load(&user, page, id).await?;
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(ReasonForm(reason)) => {
            page.run(move |store| step(store, &maker.authorized()?, id, &reason)).await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done("/review", done),
        Err(fault) => again(&user, page, &line, fields, fault),
    }
}

fn again(
    user: &Allowed<EditRegistry>,
    page: Page,
    line: &ChangeLine,
    fields: Fields,
    fault: Fault,
) -> Outcome {
    let refusals = redrawable(fault)?;
    let page = page.with_errors();
    let form = FormView::with_errors(&page, fields, &refusals);
    page.again(&template(&page, user, line, form))
}

/// A form without fields of its own.
#[derive(Debug, Clone, Copy)]
pub struct NoFields;

impl FromFields for NoFields {
    const FIELDS: &'static [&'static str] = &[];

    fn from_fields(_: &mut Fields) -> Option<NoFields> {
        Some(NoFields)
    }
}

/// `POST /review/changes/{id}/confirm`.
///
/// # Errors
/// 404 out of scope; 403 for whoever entered it.
pub async fn confirm(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    _form: Form<NoFields>,
) -> Outcome {
    let id = path.0;
    let (page, line) = load(&user, page, id).await?;
    let maker = user.clone();
    let outcome = page.run(move |store| change::confirm(store, &maker.authorized()?, id)).await;
    match outcome {
        Ok(()) => page.done("/review", "change_confirmed"),
        Err(fault) => again(&user, page, &line, Fields::default(), fault),
    }
}

/// `POST /review/changes/{id}/reject`.
///
/// # Errors
/// 404 out of scope; 403 for whoever entered it.
pub async fn reject(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<ReasonForm>,
) -> Outcome {
    end(user, page, path.0, form, (change::reject, "change_rejected")).await
}

/// `POST /review/changes/{id}/withdraw`.
///
/// # Errors
/// 404 out of scope; 403 for anybody else.
pub async fn withdraw(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<ReasonForm>,
) -> Outcome {
    end(user, page, path.0, form, (change::withdraw, "change_withdrawn")).await
}
