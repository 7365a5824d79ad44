//! P-80 to P-82: the audit log, who looked at whom, verification.

mod verify;
mod views;

use askama::Template;
use chrono::NaiveDate;

use crate::domain::role::Permission;
use crate::http::{Access, Allowed, Fields, FromFields, Outcome, Query, Routes};
use crate::services::audit_search::{self, AuditQuery};
use crate::services::auth::ReadAudit;
use crate::store::audit::AuditRow;
use crate::web::form_view::redrawable;
use crate::web::pager::page_address;
use crate::web::{FormView, Page};

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let read = Access::Needs(Permission::ReadAudit);
    routes.get("/audit", read, list);
    routes.get("/audit/views", read, views::list);
    routes.get("/audit/reveals", read, views::reveals);
    routes.get("/audit/verify", read, verify::show);
    routes.post("/audit/verify", read, verify::start);
}

/// The query of the log; without dates the last week.
#[derive(Debug, Clone)]
pub struct LogQuery {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    actor: Option<String>,
    action: Option<String>,
    object_id: Option<i64>,
    registry: bool,
    before: Option<i64>,
}

impl FromFields for LogQuery {
    const FIELDS: &'static [&'static str] =
        &["from", "to", "actor", "action", "object_id", "chain", "before"];

    fn from_fields(fields: &mut Fields) -> Option<LogQuery> {
        Some(LogQuery {
            from: crate::web::resident::date(fields, "from"),
            to: crate::web::resident::date(fields, "to"),
            actor: fields.text("actor"),
            action: fields.text("action"),
            object_id: fields.parsed("object_id", "编号应为数字。", "The id is a number."),
            registry: fields.has("chain", "registry"),
            before: fields.value("before").parse().ok(),
        })
    }
}

#[derive(Template)]
#[template(path = "audit/list.html")]
struct LogPage<'a> {
    page: &'a Page,
    form: FormView,
    rows: Vec<AuditRow>,
    following: String,
}

impl LogPage<'_> {
    fn chains(&self) -> Vec<(&'static str, &'static str)> {
        vec![("", self.page.t("audit.street")), ("registry", self.page.t("audit.registry"))]
    }

    fn object(&self, row: &AuditRow) -> String {
        row.object_id
            .map_or_else(|| row.object_kind.clone(), |id| format!("{} {id}", row.object_kind))
    }
}

/// `GET /audit`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ReadAudit>, page: Page, query: Query<LogQuery>) -> Outcome {
    let page = page.title("audit.title");
    let limit = user.session().preferences.page_size.clamp(10, 200);
    let Query { mut fields, value } = query;
    let (from, to) = views::days(&page, &mut fields, value.from, value.to);
    let found = page
        .run(move |store| {
            let query = AuditQuery {
                from,
                to,
                actor: value.actor,
                action: value.action,
                object_id: value.object_id,
                registry: value.registry,
                before: value.before,
                limit,
            };
            audit_search::search(store, &user.authorized()?, &query)
        })
        .await;
    match found {
        Ok((rows, more)) => {
            let last = rows.last().filter(|_| more).map(|row| row.seq.to_string());
            let kept = ["from", "to", "actor", "action", "object_id", "chain"];
            let following = last.map_or_else(String::new, |seq| {
                page_address("/audit", &fields, &kept, &[("before", &seq)])
            });
            let form = FormView::new(&page, fields);
            page.show(|page| LogPage { page, form, rows, following })
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&LogPage { page: &page, form, rows: Vec::new(), following: String::new() })
        }
    }
}
