//! A book that was imported, and taking it out again.

use askama::Template;

use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::Import;
use crate::services::import::{BookView, load_book, undo_import};
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "import/book.html")]
struct BookPage<'a> {
    page: &'a Page,
    form: FormView,
    book: BookView,
}

async fn find(user: &Allowed<Import>, page: Page, id: i64) -> Result<(Page, BookView), Fault> {
    let user = user.clone();
    let book = page.run(move |store| load_book(store, &user.authorized()?, id)).await?;
    Ok((page.title_text(book.row.file_name.clone()).under("import.title", "/imports"), book))
}

/// `GET /imports/books/{id}`.
///
/// # Errors
/// 404 for a book that the caller does not see.
pub async fn show(user: Allowed<Import>, page: Page, path: Path<i64>) -> Outcome {
    let (page, book) = find(&user, page, path.0).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| BookPage { page, form, book })
}

/// Why.
#[derive(Debug)]
pub struct UndoForm {
    reason: String,
}

impl FromFields for UndoForm {
    const FIELDS: &'static [&'static str] = &["reason"];
    fn from_fields(fields: &mut Fields) -> Option<UndoForm> {
        let reason = fields.required("reason", "请填写原因。", "Enter the reason.")?;
        Some(UndoForm { reason })
    }
}

/// `POST /imports/books/{id}/undo`.
///
/// # Errors
/// 404 for a book that the caller does not see.
pub async fn undo(
    user: Allowed<Import>,
    page: Page,
    path: Path<i64>,
    form: Form<UndoForm>,
) -> Outcome {
    let id = path.0;
    let (fields, checked) = form.checked();
    let doer = user.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| undo_import(store, &doer.authorized()?, id, &form.reason)).await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/imports/books/{id}"), "import_undone"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, book) = find(&user, page, id).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&BookPage { page: &page, form, book })
        }
    }
}
