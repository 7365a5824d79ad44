//! The restricted file of a child or a patient (P6).

use askama::Template;

use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::http::{Allowed, Outcome, Path};
use crate::services::auth::ViewRegistry;
use crate::services::protection::{self, ProtectionFile};
use crate::web::Page;

#[derive(Template)]
#[template(path = "resident/protection.html")]
struct FilePage<'a> {
    page: &'a Page,
    file: ProtectionFile,
}

/// `GET /residents/{id}/protection`.
///
/// # Errors
/// 404 out of scope or without a right.
pub async fn show(user: Allowed<ViewRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let rights = user.session().extra();
    let file = page
        .run(move |store| protection::load_file(store, &user.authorized()?, id, rights))
        .await?;
    let title = format!(
        "{}{}{}",
        page.t("protection.title"),
        page.t("layout.colon"),
        mask::name(&file.name)
    );
    let back = format!("/residents/{id}");
    let page = page.title_text(title).under("resident.list_title", "/residents");
    let page = page.under_text(mask::name(&file.name), &back);
    page.show(|page| FilePage { page, file })
}
