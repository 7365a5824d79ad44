//! P-93: what became of an area.

use askama::Template;

use super::Page;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, Outcome, Path, Routes};
use crate::services::area_history::{AreaHistory, load_history, what};
use crate::services::auth::ManageSystem;
use crate::store::audit::AuditRow;

/// Registers the page.
pub fn routes(routes: &mut Routes) {
    routes.get("/admin/areas/{code}", Access::Needs(Permission::ManageSystem), show);
}

#[derive(Template)]
#[template(path = "admin/area_history.html")]
struct HistoryPage<'a> {
    page: &'a Page,
    history: AreaHistory,
}

impl HistoryPage<'_> {
    fn action(&self, entry: &AuditRow) -> &'static str {
        match entry.action.as_str() {
            "area.rename" => self.page.t("area.rename"),
            "area.move" => self.page.t("area.move"),
            _ => self.page.t("area.end"),
        }
    }

    fn what<'b>(&self, entry: &'b AuditRow) -> &'b str {
        what(entry)
    }
}

/// `GET /admin/areas/{code}`.
///
/// # Errors
/// 404.
pub async fn show(user: Allowed<ManageSystem>, page: Page, path: Path<String>) -> Outcome {
    let code = path.0;
    let history = page.run(move |store| load_history(store, &user.authorized()?, &code)).await?;
    let page = page.title_text(history.row.name.clone()).under("menu.areas", "/admin/areas");
    page.show(|page| HistoryPage { page, history })
}
