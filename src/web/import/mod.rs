//! P-61 … P-64: a book is sent, its columns are named, it is checked as a job
//! and loaded as another, and can be taken out again while nothing has been
//! built on it.

mod book;
mod upload;

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

use super::form_view::redrawable;
use super::{FormView, Page};
use crate::domain::role::Permission;
use crate::error::{AppError, Refusal};
use crate::http::{Access, Allowed, Fields, Outcome, Routes, Upload, fault};
use crate::services::auth::Import;
use crate::services::import::{list_books, list_uploads, receive, template_bytes};
use crate::store::book::ImportBookRow;
use crate::store::import_upload::UploadRow;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let may = Access::Needs(Permission::Import);
    routes.get("/imports", may, ask);
    routes.post("/imports", may, submit).upload();
    routes.get("/imports/template.xlsx", may, template);
    routes.get("/imports/{id}", may, upload::show);
    routes.get("/imports/{id}/columns", may, upload::ask_columns);
    routes.post("/imports/{id}/columns", may, upload::columns);
    routes.post("/imports/{id}/load", may, upload::load);
    routes.get("/imports/{id}/errors.xlsx", may, upload::errors);
    routes.post("/imports/{id}/discard", may, upload::discard);
    routes.get("/imports/books/{id}", may, book::show);
    routes.post("/imports/books/{id}/undo", may, book::undo);
}

#[derive(Template)]
#[template(path = "import/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    form: FormView,
    waiting: Vec<UploadRow>,
    books: Vec<ImportBookRow>,
}

/// The steps, for the stepper above each page.
fn steps(page: &Page) -> Vec<&'static str> {
    ["upload", "columns", "check", "result"]
        .into_iter()
        .map(|step| page.t(&format!("import.step.{step}")))
        .collect()
}

async fn lists(
    user: &Allowed<Import>,
    page: &Page,
) -> Result<(Vec<UploadRow>, Vec<ImportBookRow>), fault::Fault> {
    let user = user.clone();
    page.run(move |store| {
        let by = user.authorized()?;
        Ok((list_uploads(store, &by)?, list_books(store, &by)?))
    })
    .await
}

/// `GET /imports`.
///
/// # Errors
/// The database failed.
pub async fn ask(user: Allowed<Import>, page: Page) -> Outcome {
    let page = page.title("import.title");
    let (waiting, books) = lists(&user, &page).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| ListPage { page, form, waiting, books })
}

/// `POST /imports`.
///
/// # Errors
/// The upload is too large, or not a form.
pub async fn submit(user: Allowed<Import>, page: Page, upload: Upload) -> Outcome {
    let page = page.title("import.title");
    let fields = upload.fields.clone();
    let sender = user.clone();
    let outcome = if upload.file.is_empty() {
        let refusal = Refusal::field("file", "请选择文件。", "Choose a file.");
        Err(AppError::refuse(refusal).into())
    } else {
        page.run(move |store| {
            receive(store, &sender.authorized()?, &upload.file_name, &upload.file)
        })
        .await
    };
    match outcome {
        Ok(id) => Ok(fault::see_other(&format!("/imports/{id}/columns"))),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (waiting, books) = lists(&user, &page).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&ListPage { page: &page, form, waiting, books })
        }
    }
}

/// `GET /imports/template.xlsx`.
///
/// # Errors
/// The workbook cannot be made.
pub async fn template(_user: Allowed<Import>, page: Page) -> Outcome {
    let bytes = page.run(|_| template_bytes()).await?;
    Ok(attachment("mingce-template.xlsx", bytes))
}

/// A workbook to be saved, never opened by the browser itself (SEC-078).
fn attachment(name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(bytes)
}
