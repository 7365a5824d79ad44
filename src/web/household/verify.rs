//! "Nothing has changed": a household verified with one button.

use crate::domain::ids::HouseholdId;
use crate::http::form::Nothing;
use crate::http::{Allowed, Form, Outcome, Path};
use crate::services::auth::EditRegistry;
use crate::services::visit::plan;
use crate::web::Page;

/// `POST /households/{id}/verify`.
///
/// # Errors
/// 404 out of scope.
pub async fn nothing_changed(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = HouseholdId(path.0);
    page.run_once(move |store| {
        let worker = user.session().display_name.clone();
        plan::verify_home(store, &user.authorized()?, id, &worker)
    })
    .await?;
    page.done(&format!("/households/{id}"), "home_verified")
}
