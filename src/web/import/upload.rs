//! An uploaded book: what belongs where, what the check found, loading it.

use askama::Template;

use super::{attachment, steps};
use crate::error::{Place, Refusal};
use crate::http::form::Nothing;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, fault};
use crate::jobs::import::ImportBook;
use crate::services::auth::Import;
use crate::services::import::book::{SHEETS, Sheet};
use crate::services::import::{
    ImportReport, SheetMapping, UploadView, discard_upload, load_upload, set_mapping, upload_errors,
};
use crate::services::job;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

/// How many refusals one page lists; all are in the workbook.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "import/columns.html")]
struct ColumnsPage<'a> {
    page: &'a Page,
    form: FormView,
    upload: UploadView,
    steps: Vec<&'static str>,
}

impl ColumnsPage<'_> {
    fn registers(&self) -> Vec<(&'static str, &'static str)> {
        let all = SHEETS.iter().map(|sheet| (sheet.key, self.page.either(sheet.zh, sheet.key)));
        std::iter::once(("", self.page.t("import.leave_out"))).chain(all).collect()
    }

    /// What a column can be: the fields of the register that was chosen, or of
    /// every register while none is.
    fn fields_of(&self, sheet: &usize) -> Vec<(&'static str, &'static str)> {
        let chosen = self.upload.mapping.get(*sheet).and_then(|m| Sheet::find(&m.register));
        let columns = chosen.map(|sheet| sheet.columns).unwrap_or_default().iter();
        let all = columns.map(|column| (column.key, self.page.either(column.zh, column.key)));
        std::iter::once(("", self.page.t("import.leave_out"))).chain(all).collect()
    }

    fn register(&self, sheet: &usize) -> String {
        format!("sheet-{sheet}")
    }

    fn column(&self, sheet: &usize, column: &usize) -> String {
        format!("column-{sheet}-{column}")
    }

    fn sample(&self, sheet: &usize, column: &usize) -> String {
        let rows = self.upload.sheets.get(*sheet).map(|s| s.samples.as_slice()).unwrap_or_default();
        let cells = rows.iter().filter_map(|row| row.get(*column)).filter(|text| !text.is_empty());
        cells.take(3).cloned().collect::<Vec<_>>().join("、")
    }
}

fn titled(page: Page, upload: &UploadView) -> Page {
    page.title_text(upload.file_name.clone()).under("import.title", "/imports")
}

async fn find(user: &Allowed<Import>, page: &Page, id: i64) -> Result<UploadView, Fault> {
    let user = user.clone();
    page.run(move |store| load_upload(store, &user.authorized()?, id)).await
}

/// A mapping as the form's drop-downs send it.
fn as_fields(mapping: &[SheetMapping]) -> Fields {
    let mut fields = Fields::default();
    for (at, sheet) in mapping.iter().enumerate() {
        fields.set(&format!("sheet-{at}"), &sheet.register);
        for (col, key) in sheet.columns.iter().enumerate() {
            fields.set(&format!("column-{at}-{col}"), key);
        }
    }
    fields
}

/// `GET /imports/{id}/columns`.
///
/// # Errors
/// 404 for somebody else's; nothing is shown of a loaded one but its result.
pub async fn ask_columns(user: Allowed<Import>, page: Page, path: Path<i64>) -> Outcome {
    let upload = find(&user, &page, path.0).await?;
    if upload.import_id.is_some() {
        return Ok(fault::see_other(&format!("/imports/{}", upload.id)));
    }
    let page = titled(page, &upload);
    let form = FormView::new(&page, as_fields(&upload.mapping));
    let steps = steps(&page);
    page.show(|page| ColumnsPage { page, form, upload, steps })
}

/// The chosen fields: `0:residents` for a sheet, `0:3:doc_no` for a column.
#[derive(Debug)]
pub struct ColumnsForm {
    sheets: Vec<(usize, String)>,
    columns: Vec<(usize, usize, String)>,
    /// Only draws the form with the fields of another register.
    only_register: bool,
}

impl FromFields for ColumnsForm {
    const FIELDS: &'static [&'static str] = &["sheet", "column", "only_register"];
    const MANY: &'static [&'static str] = &["sheet", "column"];
    fn from_fields(fields: &mut Fields) -> Option<ColumnsForm> {
        let sheet = |text: &str| {
            let (at, key) = text.split_once(':')?;
            Some((at.parse().ok()?, key.to_owned()))
        };
        let column = |text: &str| {
            let (at, rest) = text.split_once(':')?;
            let (col, key) = rest.split_once(':')?;
            Some((at.parse().ok()?, col.parse().ok()?, key.to_owned()))
        };
        Some(ColumnsForm {
            sheets: fields.values("sheet").filter_map(sheet).collect(),
            columns: fields.values("column").filter_map(column).collect(),
            only_register: fields.has("only_register", "1"),
        })
    }
}

impl ColumnsForm {
    /// As a mapping of the file; a column that another register does not know
    /// falls back to what its header says.
    fn mapping(&self, upload: &UploadView) -> Vec<SheetMapping> {
        let register = |at: usize| self.sheets.iter().find(|(sheet, _)| *sheet == at);
        let chosen = |at: usize, col: usize| {
            self.columns.iter().find(|(sheet, column, _)| (*sheet, *column) == (at, col))
        };
        upload
            .sheets
            .iter()
            .enumerate()
            .map(|(at, preview)| {
                let register = register(at).map(|(_, key)| key.clone()).unwrap_or_default();
                let sheet = Sheet::find(&register).filter(|_| !register.is_empty());
                let known =
                    |key: &str| sheet.is_some_and(|s| s.columns.iter().any(|c| c.key == key));
                let by_header = |header: &String| {
                    let column = sheet.and_then(|s| s.columns.get(s.column_at(header)?));
                    column.map_or_else(String::new, |column| column.key.to_owned())
                };
                let columns =
                    preview.headers.iter().enumerate().map(|(col, header)| match chosen(at, col) {
                        Some((_, _, key)) if known(key) => key.clone(),
                        _ if self.only_register => by_header(header),
                        _ => String::new(),
                    });
                SheetMapping { columns: columns.collect(), register }
            })
            .collect()
    }
}

/// `POST /imports/{id}/columns`: keeps the mapping and checks the book as a job.
///
/// # Errors
/// 404 for somebody else's.
pub async fn columns(
    user: Allowed<Import>,
    page: Page,
    path: Path<i64>,
    form: Form<ColumnsForm>,
) -> Outcome {
    let id = path.0;
    let (_, checked) = form.checked();
    let form = checked?;
    let mut upload = find(&user, &page, id).await?;
    let page = titled(page, &upload);
    let mapping = form.mapping(&upload);
    let steps = steps(&page);
    if form.only_register {
        upload.mapping = mapping;
        let form = FormView::new(&page, as_fields(&upload.mapping));
        return page.show(|page| ColumnsPage { page, form, upload, steps });
    }
    let (setter, chosen) = (user.clone(), mapping.clone());
    let set = page.run(move |store| set_mapping(store, &setter.authorized()?, id, &chosen)).await;
    match set {
        Ok(()) => {
            enqueue(user, page, ImportBook { upload: id, dry_run: true, skip_rejected: false })
                .await
        }
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            upload.mapping = mapping;
            let form = FormView::with_errors(&page, as_fields(&upload.mapping), &refusals);
            page.again(&ColumnsPage { page: &page, form, upload, steps })
        }
    }
}

async fn enqueue(user: Allowed<Import>, page: Page, wanted: ImportBook) -> Outcome {
    let job = page.run(move |store| job::enqueue(store, user.session(), &wanted.ask())).await?;
    page.state().jobs.wake();
    Ok(fault::see_other(&format!("/jobs/{job}")))
}

#[derive(Template)]
#[template(path = "import/result.html")]
struct ResultPage<'a> {
    page: &'a Page,
    upload: &'a UploadView,
    report: &'a ImportReport,
    steps: Vec<&'static str>,
}

impl ResultPage<'_> {
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

    fn verdict(&self) -> (&'static str, &'static str) {
        match (self.report.dry_run, self.report.saved, self.report.rejected()) {
            (true, _, 0) => ("green", "import.all_good"),
            (true, ..) => ("amber", "import.has_errors"),
            (false, true, 0) => ("green", "import.saved"),
            (false, true, _) => ("amber", "import.saved_good"),
            (false, false, _) => ("red", "import.not_saved"),
        }
    }

    fn is_loaded(&self) -> bool {
        !self.report.dry_run && self.report.saved
    }

    fn good_rows(&self) -> u64 {
        self.report.sheets.iter().map(|s| s.rows - s.rejected).sum()
    }
}

/// `GET /imports/{id}`: what the last check or loading said.
///
/// # Errors
/// 404 for somebody else's.
pub async fn show(user: Allowed<Import>, page: Page, path: Path<i64>) -> Outcome {
    let upload = find(&user, &page, path.0).await?;
    let Some(report) = &upload.report else {
        return Ok(fault::see_other(&format!("/imports/{}/columns", upload.id)));
    };
    let page = titled(page, &upload);
    let steps = steps(&page);
    page.show(|page| ResultPage { page, upload: &upload, report, steps })
}

/// Whether the good rows are loaded although others are refused.
#[derive(Debug)]
pub struct LoadForm {
    skip_rejected: bool,
}

impl FromFields for LoadForm {
    const FIELDS: &'static [&'static str] = &["rows"];
    fn from_fields(fields: &mut Fields) -> Option<LoadForm> {
        Some(LoadForm { skip_rejected: fields.has("rows", "good") })
    }
}

/// `POST /imports/{id}/load`: loads a book that was checked, as a job.
///
/// # Errors
/// 404 for somebody else's.
pub async fn load(
    user: Allowed<Import>,
    page: Page,
    path: Path<i64>,
    form: Form<LoadForm>,
) -> Outcome {
    let (_, checked) = form.checked();
    let skip_rejected = checked?.skip_rejected;
    let upload = find(&user, &page, path.0).await?;
    let here = format!("/imports/{}", upload.id);
    match &upload.report {
        // A second click, or the back button.
        Some(report) if !report.dry_run && report.saved => page.done(&here, "already_done"),
        Some(_) => {
            enqueue(user, page, ImportBook { upload: upload.id, dry_run: false, skip_rejected })
                .await
        }
        None => Ok(fault::see_other(&here)),
    }
}

/// `GET /imports/{id}/errors.xlsx`.
///
/// # Errors
/// 404 without a report.
pub async fn errors(user: Allowed<Import>, page: Page, path: Path<i64>) -> Outcome {
    let id = path.0;
    let bytes = page.run(move |store| upload_errors(store, &user.authorized()?, id)).await?;
    Ok(attachment("mingce-errors.xlsx", bytes))
}

/// `POST /imports/{id}/discard`.
///
/// # Errors
/// 404 for somebody else's.
pub async fn discard(
    user: Allowed<Import>,
    page: Page,
    path: Path<i64>,
    _form: Form<Nothing>,
) -> Outcome {
    let id = path.0;
    page.run(move |store| discard_upload(store, &user.authorized()?, id)).await?;
    page.done("/imports", "upload_discarded")
}
