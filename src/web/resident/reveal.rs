//! P-32: one masked field in plain, for a reason.

use actix_web::http::StatusCode;
use askama::Template;

use super::form::choice;
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::domain::reveal::{RevealField, RevealPurpose};
use crate::error::{ErrorCode, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query};
use crate::services::auth::ViewRegistry;
use crate::services::resident::{self, daily_quota, revealed_today};
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "resident/reveal.html")]
struct RevealPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
    field: RevealField,
    used: i64,
    quota: i64,
    shown: Option<String>,
}

impl RevealPage<'_> {
    fn purposes(&self) -> Vec<(&'static str, &'static str)> {
        RevealPurpose::ALL.iter().map(|p| (p.code(), self.page.either(p.zh(), p.en()))).collect()
    }

    fn field_name(&self) -> &'static str {
        self.page.either(self.field.zh(), self.field.en())
    }
}

/// Which field.
#[derive(Debug)]
pub struct FieldQuery(RevealField);

impl FromFields for FieldQuery {
    const FIELDS: &'static [&'static str] = &["field"];
    fn from_fields(fields: &mut Fields) -> Option<FieldQuery> {
        Some(FieldQuery(
            choice(fields, "field", RevealField::from_code).unwrap_or(RevealField::DocNo),
        ))
    }
}

/// Which field and why.
#[derive(Debug, Clone)]
pub struct RevealForm {
    field: RevealField,
    purpose: RevealPurpose,
    reason: String,
}

impl FromFields for RevealForm {
    const FIELDS: &'static [&'static str] = &["field", "purpose", "reason"];
    fn from_fields(fields: &mut Fields) -> Option<RevealForm> {
        let purpose = choice(fields, "purpose", RevealPurpose::from_code);
        if purpose.is_none() {
            fields.refuse(Refusal::field("purpose", "请选择用途。", "Choose the purpose."));
        }
        Some(RevealForm {
            field: choice(fields, "field", RevealField::from_code).unwrap_or(RevealField::DocNo),
            purpose: purpose?,
            reason: fields.text("reason").unwrap_or_default(),
        })
    }
}

async fn prepare(
    user: &Allowed<ViewRegistry>,
    page: Page,
    id: ResidentId,
) -> Result<(Page, i64, i64), Fault> {
    let quota = daily_quota(user.session().actor.role());
    let user = user.clone();
    let (name, used) = page
        .run(move |store| {
            let by = user.authorized()?;
            Ok((resident::load_resident(store, &by, id)?.name, revealed_today(store, &by)?))
        })
        .await?;
    let page = page.title_text(mask::name(&name)).under("resident.list_title", "/residents");
    Ok((page, used, quota))
}

/// `GET /residents/{id}/reveal`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(
    user: Allowed<ViewRegistry>,
    page: Page,
    path: Path<i64>,
    query: Query<FieldQuery>,
) -> Outcome {
    let id = ResidentId(path.0);
    let (page, used, quota) = prepare(&user, page, id).await?;
    let form = FormView::new(&page, Fields::default());
    let field = query.value.0;
    page.show(|page| RevealPage { page, form, id, field, used, quota, shown: None })
}

/// `POST /residents/{id}/reveal`.
///
/// # Errors
/// 404 out of scope; 429 when the quota is used up.
pub async fn submit(
    user: Allowed<ViewRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<RevealForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let (fields, checked) = form.checked();
    let asker = user.clone();
    let field = choice(&fields, "field", RevealField::from_code).unwrap_or(RevealField::DocNo);
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let by = asker.authorized()?;
                resident::reveal_field(store, &by, id, form.field, form.purpose, &form.reason)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(value) => {
            let (page, used, quota) = prepare(&user, page, id).await?;
            let form = FormView::new(&page, fields);
            page.show(|page| RevealPage { page, form, id, field, used, quota, shown: Some(value) })
        }
        Err(fault) if fault.code == ErrorCode::Forbidden.as_str() && !fault.refusals.is_empty() => {
            Err(Fault {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: "reveal_quota",
                retry_after: Some(3600),
                ..fault
            })
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, used, quota) = prepare(&user, page, id).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&RevealPage { page: &page, form, id, field, used, quota, shown: None })
        }
    }
}
