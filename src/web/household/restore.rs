//! P-27 of a household: an earlier address comes back.

use askama::Template;

use crate::domain::ids::HouseholdId;
use crate::http::{Allowed, Fault, Fields, Form, Outcome, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{self, HistoryLine, HomePage};
use crate::services::household::{is_restorable, restore};
use crate::web::form_view::redrawable;
use crate::web::resident::{RestoreForm, field_name};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "household/restore.html")]
struct RestorePage<'a> {
    page: &'a Page,
    form: FormView,
    id: HouseholdId,
    line: &'a HistoryLine,
    field: String,
}

/// Whether the value before this entry can come back.
pub(super) fn can_restore(line: &HistoryLine) -> bool {
    is_restorable(line.field.as_deref()) && !line.old.zh.is_empty()
}

async fn open(
    user: &Allowed<EditRegistry>,
    page: Page,
    (id, entry): (HouseholdId, i64),
) -> Result<(Page, HomePage, HistoryLine), Fault> {
    let actor = user.session().actor.clone();
    let home = page
        .run(move |store| directory::load_home(store, &actor.authorize::<ViewRegistry>()?, id))
        .await?;
    let line = home.history.iter().find(|line| line.id == entry).cloned();
    let line = line.filter(can_restore).ok_or_else(Fault::not_found)?;
    let title = page.fill("household.title", "no", &home.row.household_no);
    let page = page
        .title("history.restore")
        .under("household.list_title", "/households")
        .under_text(title, &format!("/households/{id}"));
    Ok((page, home, line))
}

/// `GET /households/{id}/history/{entry}/restore`.
///
/// # Errors
/// 404 out of scope, or a value that cannot come back.
pub async fn ask(user: Allowed<EditRegistry>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    let id = HouseholdId(path.0.0);
    let (page, home, line) = open(&user, page, (id, path.0.1)).await?;
    let fields = Fields::with(&[("version", &home.row.version.to_string())]);
    let form = FormView::new(&page, fields);
    let field = field_name(&page, &line);
    page.show(|page| RestorePage { page, form, id, line: &line, field })
}

/// `POST /households/{id}/history/{entry}/restore`.
///
/// # Errors
/// 404 out of scope, or a value that cannot come back.
pub async fn submit(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<RestoreForm>,
) -> Outcome {
    let (id, entry) = (HouseholdId(path.0.0), path.0.1);
    let (page, _, line) = open(&user, page, (id, entry)).await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let by = user.authorized()?;
                restore(store, &by, id, entry, form.version, &form.reason)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/households/{id}"), "restored"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let field = field_name(&page, &line);
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&RestorePage { page: &page, form, id, line: &line, field })
        }
    }
}
