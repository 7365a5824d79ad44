//! P-60: how far a job is. Without scripts one reloads; nothing refreshes by
//! itself behind a screen reader's back.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::json;

use super::Page;
use crate::http::form::Nothing;
use crate::http::{Fault, Form, Outcome, Path, SignedIn};
use crate::services::job;
use crate::store::job::JobRow;

#[derive(Template)]
#[template(path = "job/show.html")]
struct JobPage<'a> {
    page: &'a Page,
    job: JobView,
}

#[derive(Template)]
#[template(path = "job/list.html")]
struct JobsPage<'a> {
    page: &'a Page,
    rows: Vec<JobView>,
}

/// A job as it is shown.
struct JobView {
    row: JobRow,
    kind: &'static str,
    state: &'static str,
    phase: &'static str,
}

impl JobView {
    fn new(page: &Page, row: JobRow) -> JobView {
        let text = |key: String| page.lang().find(&key);
        JobView {
            kind: text(format!("job.kind.{}", row.kind)).unwrap_or(page.t("job.kind.other")),
            state: text(format!("job.state.{}", row.state)).unwrap_or_default(),
            phase: text(format!("job.phase.{}", row.phase)).unwrap_or(page.t("job.phase.other")),
            row,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.row.state.as_str(), "queued" | "running")
    }

    fn tag(&self) -> &'static str {
        match self.row.state.as_str() {
            "done" => "green",
            "failed" => "red",
            "cancelled" => "grey",
            _ => "blue",
        }
    }
}

/// `GET /jobs`.
///
/// # Errors
/// The database failed.
pub async fn list(user: SignedIn, page: Page) -> Outcome {
    let page = page.title("job.list_title");
    let rows = page.run(move |store| job::list(store, &user)).await?;
    let rows = rows.into_iter().map(|row| JobView::new(&page, row)).collect();
    page.show(|page| JobsPage { page, rows })
}

/// The job, as far as it is by now.
async fn load(user: SignedIn, page: &Page, id: i64) -> Result<JobRow, Fault> {
    let mut row = page.run(move |store| job::load(store, &user, id)).await?;
    if let Some(now) = page.state().jobs.live().of(id).filter(|_| row.state == "running") {
        (row.phase, row.total, row.done) = (now.phase, now.total, now.done);
    }
    Ok(row)
}

/// `GET /jobs/{id}`.
///
/// # Errors
/// 404 for somebody else's.
pub async fn show(user: SignedIn, page: Page, path: Path<i64>) -> Outcome {
    let row = load(user, &page, path.0).await?;
    let job = JobView::new(&page, row);
    let page = page.title_text(job.kind.to_owned()).under("job.list_title", "/jobs");
    page.show(|page| JobPage { page, job })
}

/// `GET /jobs/{id}/progress`: for the script of the page.
///
/// # Errors
/// 404 for somebody else's.
pub async fn progress(user: SignedIn, page: Page, path: Path<i64>) -> Outcome {
    let row = load(user, &page, path.0).await?;
    let job = JobView::new(&page, row);
    let row = &job.row;
    Ok(HttpResponse::Ok().json(json!({
        "state": row.state,
        "state_text": job.state,
        "phase": job.phase,
        "total": row.total,
        "done": row.done,
        "result_url": row.result_url,
    })))
}

/// `POST /jobs/{id}/cancel`.
///
/// # Errors
/// 409 if it has ended.
pub async fn cancel(user: SignedIn, page: Page, path: Path<i64>, _form: Form<Nothing>) -> Outcome {
    let id = path.0;
    page.run(move |store| job::cancel(store, &user, id)).await?;
    page.done(&format!("/jobs/{id}"), "cancel_asked")
}
