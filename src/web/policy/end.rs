//! A proposal that does not come into force: withdrawn by its maker, rejected
//! by the second person, each with a reason.

use askama::Template;

use super::show::load;
use crate::error::AppResult;
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{ActivatePolicy, Permit, ProposePolicy};
use crate::services::policy;
use crate::store::Store;
use crate::store::policy::PolicyRow;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "policy/end.html")]
struct EndPage<'a> {
    page: &'a Page,
    form: FormView,
    row: &'a PolicyRow,
    action: String,
}

/// The reason.
#[derive(Debug)]
pub struct EndForm(String);

impl FromFields for EndForm {
    const FIELDS: &'static [&'static str] = &["reason"];
    fn from_fields(fields: &mut Fields) -> Option<EndForm> {
        fields.required("reason", "请填写原因。", "Enter the reason.").map(EndForm)
    }
}

async fn open<Q: Permit + Clone + Send + 'static>(
    user: &Allowed<Q>,
    page: Page,
    id: i64,
    title: &str,
) -> Result<(Page, PolicyRow), crate::http::Fault> {
    let (page, found) = load(user, page, id).await?;
    let above = page.heading().to_owned();
    let page = page.under_text(above, &format!("/policies/{id}")).title(title);
    Ok((page, found.version.row))
}

async fn ask<Q: Permit + Clone + Send + 'static>(
    user: Allowed<Q>,
    page: Page,
    id: i64,
    (step, title): (&str, &str),
) -> Outcome {
    let (page, row) = open(&user, page, id, title).await?;
    let form = FormView::new(&page, Fields::default());
    let action = format!("/policies/{id}/{step}");
    page.show(|page| EndPage { page, form, row: &row, action })
}

async fn submit<Q: Permit + Clone + Send + 'static>(
    user: Allowed<Q>,
    page: Page,
    (id, form): (i64, Form<EndForm>),
    (step, title, said): (&str, &str, &'static str),
    end: fn(&Store, &Allowed<Q>, i64, &str) -> AppResult<()>,
) -> Outcome {
    let (page, row) = open(&user, page, id, title).await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(EndForm(reason)) => page.run(move |store| end(store, &user, id, &reason)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done(&format!("/policies/{id}"), said),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            let action = format!("/policies/{id}/{step}");
            page.again(&EndPage { page: &page, form, row: &row, action })
        }
    }
}

const WITHDRAW: (&str, &str) = ("withdraw", "policy.withdraw");
const REJECT: (&str, &str) = ("reject", "policy.reject");

/// `GET /policies/{id}/withdraw`.
///
/// # Errors
/// 404.
pub async fn ask_withdraw(user: Allowed<ProposePolicy>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, path.0, WITHDRAW).await
}

/// `POST /policies/{id}/withdraw`.
///
/// # Errors
/// 403 for another's proposal; 404.
pub async fn withdraw(
    user: Allowed<ProposePolicy>,
    page: Page,
    path: Path<i64>,
    form: Form<EndForm>,
) -> Outcome {
    let words = (WITHDRAW.0, WITHDRAW.1, "policy_withdrawn");
    submit(user, page, (path.0, form), words, |store, user, id, reason| {
        policy::withdraw(store, &user.authorized()?, id, reason)
    })
    .await
}

/// `GET /policies/{id}/reject`.
///
/// # Errors
/// 404.
pub async fn ask_reject(user: Allowed<ActivatePolicy>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, path.0, REJECT).await
}

/// `POST /policies/{id}/reject`.
///
/// # Errors
/// 403 for one's own proposal; 404.
pub async fn reject(
    user: Allowed<ActivatePolicy>,
    page: Page,
    path: Path<i64>,
    form: Form<EndForm>,
) -> Outcome {
    let words = (REJECT.0, REJECT.1, "policy_rejected");
    submit(user, page, (path.0, form), words, |store, user, id, reason| {
        policy::reject(store, &user.authorized()?, id, reason)
    })
    .await
}
