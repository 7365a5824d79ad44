//! A phone that was lost, and found again (SEC-112).

use crate::http::form::Nothing;
use crate::http::{Allowed, Form, Outcome, Path};
use crate::services::access::draft_key;
use crate::services::auth::ManageUsers;
use crate::web::Page;

/// `POST /admin/users/{id}/phone-lost`: what lies on it is readable no longer.
///
/// # Errors
/// One's own account.
pub async fn lost(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    page.run(move |store| draft_key::withhold(store, &admin.authorized()?, id)).await?;
    page.done(&format!("/admin/users/{id}"), "phone_lost")
}

/// `POST /admin/users/{id}/phone-found`: it can be read again.
///
/// # Errors
/// One's own account.
pub async fn found(
    admin: Allowed<ManageUsers>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    page.run(move |store| draft_key::release(store, &admin.authorized()?, id)).await?;
    page.done(&format!("/admin/users/{id}"), "phone_found")
}
