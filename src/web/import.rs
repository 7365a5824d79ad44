//! P-61 … P-64: a book is sent, checked, and loaded. Nothing of it stays on
//! the server between the steps: a book is personal data, so whoever has
//! mended it sends it again.

use std::path::Path;

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

use super::form_view::redrawable;
use super::{FormView, Page};
use crate::domain::role::Permission;
use crate::error::{AppError, AppResult, Place, Refusal};
use crate::http::{Access, Allowed, Fields, Outcome, Routes, Upload};
use crate::services::auth::Import;
use crate::services::import::{
    BookSource, ImportOptions, ImportReport, XlsxBook, errors_bytes, import_book, template_bytes,
};
use crate::store::Store;

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let may = Access::Needs(Permission::Import);
    routes.get("/imports", may, ask);
    routes.post("/imports", may, submit).upload();
    routes.get("/imports/template.xlsx", may, template);
}

/// What to do with the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Check,
    Errors,
    Load,
    LoadGood,
}

impl Action {
    fn of(text: &str) -> Option<Action> {
        match text {
            "check" => Some(Action::Check),
            "errors" => Some(Action::Errors),
            "load" => Some(Action::Load),
            "load_good" => Some(Action::LoadGood),
            _ => None,
        }
    }
}

/// How many refusals one page lists; all are in the workbook.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "import/new.html")]
struct ImportPage<'a> {
    page: &'a Page,
    form: FormView,
    report: Option<ImportReport>,
}

impl ImportPage<'_> {
    fn actions(&self) -> Vec<(&'static str, &'static str)> {
        ["check", "errors", "load", "load_good"]
            .into_iter()
            .map(|action| (action, self.page.t(&format!("import.action.{action}"))))
            .collect()
    }

    fn place(&self, refusal: &Refusal) -> String {
        match &refusal.place {
            Some(Place::Cell { sheet, row, column }) => {
                let row = self.page.fill("import.row", "n", row);
                format!("{sheet} · {row} · {column}")
            }
            Some(place) => place.to_string(),
            None => String::new(),
        }
    }

    fn shown<'a>(&self, refusals: &'a [Refusal]) -> &'a [Refusal] {
        refusals.get(..SHOWN).unwrap_or(refusals)
    }

    fn verdict(&self, report: &ImportReport) -> (&'static str, &'static str) {
        match (report.dry_run, report.saved, report.rejected()) {
            (true, _, 0) => ("green", "import.all_good"),
            (true, ..) => ("amber", "import.has_errors"),
            (false, true, 0) => ("green", "import.saved"),
            (false, true, _) => ("amber", "import.saved_good"),
            (false, false, _) => ("red", "import.not_saved"),
        }
    }
}

fn titled(page: Page) -> Page {
    page.title("import.title")
}

/// `GET /imports`.
///
/// # Errors
/// The template failed.
pub async fn ask(_user: Allowed<Import>, page: Page) -> Outcome {
    let page = titled(page);
    let form = FormView::new(&page, Fields::with(&[("action", "check")]));
    page.show(|page| ImportPage { page, form, report: None })
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
pub(super) fn attachment(name: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(bytes)
}

/// What an upload brought back.
enum Answer {
    Report(ImportReport),
    Workbook(Vec<u8>),
}

fn open(name: &str, bytes: Vec<u8>) -> AppResult<Box<dyn BookSource>> {
    let extension = Path::new(name).extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    let at_file = |error| match error {
        AppError::Refused(refusals) => AppError::Refused(
            refusals.into_iter().map(|r| Refusal::field("file", r.zh, r.en)).collect(),
        ),
        other => other,
    };
    match extension.as_deref() {
        Some("xlsx") => {
            Ok(Box::new(XlsxBook::from_bytes(name.to_owned(), bytes).map_err(at_file)?))
        }
        _ => Err(AppError::refuse(Refusal::field(
            "file",
            "只接受 .xlsx 工作簿。旧版 .xls、带宏或加密的文件请先另存为普通 .xlsx。",
            "Only .xlsx workbooks. Save old, macro or encrypted files as plain .xlsx first.",
        ))),
    }
}

fn perform(
    store: &Store,
    user: &Allowed<Import>,
    upload: &Upload,
    action: Action,
) -> AppResult<Answer> {
    let mut source = open(&upload.file_name, upload.file.to_vec())?;
    let options = ImportOptions {
        dry_run: matches!(action, Action::Check | Action::Errors),
        skip_rejected: action == Action::LoadGood,
    };
    let report = import_book(store, &user.authorized()?, source.as_mut(), &options)?;
    if action == Action::Errors {
        return Ok(Answer::Workbook(errors_bytes(source.as_mut(), &report)?));
    }
    Ok(Answer::Report(report))
}

/// `POST /imports`.
///
/// # Errors
/// The upload is too large, or not a form.
pub async fn submit(user: Allowed<Import>, page: Page, upload: Upload) -> Outcome {
    let page = titled(page);
    let mut fields = upload.fields.clone();
    let action = Action::of(fields.value("action"));
    if action.is_none() {
        fields.refuse(Refusal::field("action", "请选择操作。", "Choose what to do."));
    }
    if upload.file.is_empty() {
        fields.refuse(Refusal::field("file", "请选择文件。", "Choose a file."));
    }
    let outcome = match action {
        Some(action) if fields.errors().is_empty() => {
            page.run(move |store| perform(store, &user, &upload, action)).await
        }
        _ => Err(AppError::Refused(fields.errors().to_vec()).into()),
    };
    match outcome {
        Ok(Answer::Workbook(bytes)) => Ok(attachment("mingce-errors.xlsx", bytes)),
        Ok(Answer::Report(report)) => {
            let form = FormView::new(&page, fields);
            page.show(|page| ImportPage { page, form, report: Some(report) })
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&ImportPage { page: &page, form, report: None })
        }
    }
}
