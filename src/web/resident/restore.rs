//! P-27: an earlier value of a field comes back.

use askama::Template;

use super::field_name;
use crate::domain::ids::ResidentId;
use crate::error::Refusal;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{self, HistoryLine, PersonPage};
use crate::services::resident;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "resident/restore.html")]
struct RestorePage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
    line: &'a HistoryLine,
    field: String,
}

/// Which version was seen, and why.
#[derive(Debug)]
pub struct RestoreForm {
    pub(in crate::web) version: i32,
    pub(in crate::web) reason: String,
}

impl FromFields for RestoreForm {
    const FIELDS: &'static [&'static str] = &["version", "reason"];
    fn from_fields(fields: &mut Fields) -> Option<RestoreForm> {
        let reason = fields.required("reason", "请填写原因。", "Enter the reason.");
        let version = fields.value("version").parse().unwrap_or(0);
        Some(RestoreForm { version, reason: reason? })
    }
}

async fn open(
    user: &Allowed<EditRegistry>,
    page: Page,
    (id, entry): (ResidentId, i64),
) -> Result<(Page, PersonPage, HistoryLine), Fault> {
    let actor = user.session().actor.clone();
    let person = page
        .run(move |store| directory::load_person(store, &actor.authorize::<ViewRegistry>()?, id))
        .await?;
    let line = person.history.iter().find(|line| line.id == entry).cloned();
    let line = line.filter(can_restore).ok_or_else(Fault::not_found)?;
    let back = format!("/residents/{id}");
    let page = page
        .title("history.restore")
        .under("resident.list_title", "/residents")
        .under_text(person.masked_name.clone(), &back);
    Ok((page, person, line))
}

/// Whether the value before this entry can come back.
pub(super) fn can_restore(line: &HistoryLine) -> bool {
    let field = line.field.as_deref().unwrap_or_default();
    resident::RESTORABLE.contains(&field) && (!line.old.zh.is_empty() || field == "phone")
}

/// `GET /residents/{id}/history/{entry}/restore`.
///
/// # Errors
/// 404 out of scope, or a value that cannot come back.
pub async fn ask(user: Allowed<EditRegistry>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    let id = ResidentId(path.0.0);
    let (page, person, line) = open(&user, page, (id, path.0.1)).await?;
    let fields = Fields::with(&[("version", &person.row.version.to_string())]);
    let form = FormView::new(&page, fields);
    let field = field_name(&page, &line);
    page.show(|page| RestorePage { page, form, id, line: &line, field })
}

/// `POST /residents/{id}/history/{entry}/restore`.
///
/// # Errors
/// 404 out of scope, or a value that cannot come back.
pub async fn restore(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<RestoreForm>,
) -> Outcome {
    let (id, entry) = (ResidentId(path.0.0), path.0.1);
    let (page, _, line) = open(&user, page, (id, entry)).await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let by = user.authorized()?;
                resident::restore(store, &by, id, entry, form.version, &form.reason)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/residents/{id}"), "restored"),
        Err(fault) => {
            // A refused value has no field of its own on this page.
            let refusals: Vec<Refusal> = redrawable(fault)?;
            let page = page.with_errors();
            let field = field_name(&page, &line);
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&RestorePage { page: &page, form, id, line: &line, field })
        }
    }
}
