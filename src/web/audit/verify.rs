//! P-81: holding the registry against itself; each verification is an entry of
//! the registry's own chain.

use askama::Template;
use chrono::Duration;

use crate::http::form::Nothing;
use crate::http::{Allowed, Form, Outcome};
use crate::jobs::verify::VerifyRegistry;
use crate::services::audit_search::{self, AuditQuery, MAX_DAYS};
use crate::services::auth::ReadAudit;
use crate::services::job;
use crate::store::audit::AuditRow;
use crate::web::Page;

#[derive(Template)]
#[template(path = "audit/verify.html")]
struct VerifyPage<'a> {
    page: &'a Page,
    rows: Vec<AuditRow>,
    chains: Vec<(String, i64)>,
}

impl VerifyPage<'_> {
    /// `failed=…` of an entry; empty if nothing failed.
    fn failed<'b>(&self, row: &'b AuditRow) -> &'b str {
        let detail = row.detail.as_deref().unwrap_or_default();
        detail.split("failed=").nth(1).unwrap_or_default()
    }

    fn is_full(&self, row: &AuditRow) -> bool {
        row.detail.as_deref().is_some_and(|detail| detail.contains("full=true"))
    }
}

/// `GET /audit/verify`.
///
/// # Errors
/// The database failed.
pub async fn show(user: Allowed<ReadAudit>, page: Page) -> Outcome {
    let page = page.title("audit.verify_title").under("audit.title", "/audit");
    let today = page.state().store.clock().today();
    let (rows, chains) = page
        .run(move |store| {
            let query = AuditQuery {
                from: today - Duration::days(MAX_DAYS - 1),
                to: today,
                actor: None,
                action: Some("registry.verify".to_owned()),
                object_id: None,
                registry: true,
                before: None,
                limit: 20,
            };
            let by = user.authorized()?;
            let (rows, _) = audit_search::search(store, &by, &query)?;
            Ok((rows, audit_search::chains(store, &by)?))
        })
        .await?;
    page.show(|page| VerifyPage { page, rows, chains })
}

/// `POST /audit/verify`: as a job.
///
/// # Errors
/// Too many open jobs.
pub async fn start(user: Allowed<ReadAudit>, page: Page, _form: Form<Nothing>) -> Outcome {
    let id =
        page.run(move |store| job::enqueue(store, user.session(), &VerifyRegistry::ask())).await?;
    page.state().jobs.wake();
    Ok(crate::http::fault::see_other(&format!("/jobs/{id}")))
}
