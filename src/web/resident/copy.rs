//! A resident's own copy, to be printed and handed over.

use askama::Template;

use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{ExportPlain, ViewRegistry};
use crate::services::resident::{self, OwnCopy};
use crate::web::form_view::redrawable;
use crate::web::page::money;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "resident/copy_ask.html")]
struct AskPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
}

#[derive(Template)]
#[template(path = "resident/copy.html")]
struct CopyPage<'a> {
    page: &'a Page,
    copy: OwnCopy,
    sex: &'static str,
    at: String,
}

impl CopyPage<'_> {
    fn amount(&self, amount: &crate::domain::money::Fen) -> String {
        money(*amount)
    }

    fn kind(&self, kind: &crate::domain::payout::LineKind) -> &'static str {
        self.page.either(kind.zh(), kind.en())
    }
}

/// On whose request, seen how.
#[derive(Debug)]
pub struct CopyForm {
    purpose: String,
}

impl FromFields for CopyForm {
    const FIELDS: &'static [&'static str] = &["purpose"];
    fn from_fields(fields: &mut Fields) -> Option<CopyForm> {
        let (zh, en) = ("请写明谁申请、如何核验身份。", "Say who asks and how they proved it.");
        Some(CopyForm { purpose: fields.required("purpose", zh, en)? })
    }
}

async fn titled(user: &Allowed<ExportPlain>, page: Page, id: ResidentId) -> Result<Page, Fault> {
    let actor = user.session().actor.clone();
    let row = page
        .run(move |store| resident::load_resident(store, &actor.authorize::<ViewRegistry>()?, id))
        .await?;
    let back = format!("/residents/{id}");
    let title = page.t("resident.copy").to_owned();
    Ok(page
        .title_text(title)
        .under("resident.list_title", "/residents")
        .under_text(mask::name(&row.name), &back))
}

/// `GET /residents/{id}/copy`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<ExportPlain>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let page = titled(&user, page, id).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| AskPage { page, form, id })
}

/// `POST /residents/{id}/copy`.
///
/// # Errors
/// 404 out of scope.
pub async fn show(
    user: Allowed<ExportPlain>,
    page: Page,
    path: Path<i64>,
    form: Form<CopyForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let page = titled(&user, page, id).await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let view = user.session().actor.authorize::<ViewRegistry>()?;
                resident::own_copy(store, &user.authorized()?, &view, id, &form.purpose)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(copy) => {
            let sex = super::sex_text(&page, copy.person.row.sex);
            let at = page.time(page.state().store.clock().now());
            page.show(|page| CopyPage { page, copy, sex, at })
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&AskPage { page: &page, form, id })
        }
    }
}
