//! P-94: the state of the installation.

use askama::Template;

use super::Page;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, Outcome, Routes};
use crate::services::auth::ManageSystem;
use crate::services::status::{self, Status};
use crate::store::Backend;

/// Registers the page.
pub fn routes(routes: &mut Routes) {
    routes.get("/admin/status", Access::Needs(Permission::ManageSystem), show);
}

#[derive(Template)]
#[template(path = "admin/status.html")]
struct StatusPage<'a> {
    page: &'a Page,
    status: Status,
}

impl StatusPage<'_> {
    fn backend(&self) -> &'static str {
        match self.status.backend {
            Backend::Sqlite => "SQLite",
            Backend::Postgres => "PostgreSQL",
        }
    }

    fn state(&self, code: &str) -> &'static str {
        self.page.lang().find(&format!("job.state.{code}")).unwrap_or_default()
    }
}

/// `GET /admin/status`.
///
/// # Errors
/// The database failed.
pub async fn show(admin: Allowed<ManageSystem>, page: Page) -> Outcome {
    let page = page.title("menu.status");
    let status = page.run(move |store| status::load(store, &admin.authorized()?)).await?;
    page.show(|page| StatusPage { page, status })
}
