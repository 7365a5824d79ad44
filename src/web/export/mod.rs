//! P-65: files of the registers, each with its purpose, and the record of what
//! was taken.

use actix_web::HttpResponse;
use askama::Template;

use super::form_view::redrawable;
use super::pager::page_address;
use super::report::download::{file_format, file_response, hidden};
use super::{FormView, Page};
use crate::domain::household::HouseholdKind;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Permission as P;
use crate::error::Refusal;
use crate::http::{Access, Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query, Routes};
use crate::services::auth::{ExportMasked, ExportPlain, ExportRegister, Permit, ViewRegistry};
use crate::services::report::register::{
    RegisterQuery, RegisterRight, count_register, export_register,
};
use crate::services::report::render::Format;
use crate::services::report::taken::{TakenFile, fetch_file, list_files};

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let (masked, plain) = (Access::Needs(P::ExportRegister), Access::SteppedUp(P::ExportPlain));
    routes.get("/exports", Access::Needs(P::ExportMasked), list);
    routes.get("/exports/register", masked, ask_masked);
    routes.post("/exports/register", masked, masked_file);
    routes.get("/exports/register/plain", plain, ask_plain);
    routes.post("/exports/register/plain", plain, plain_file);
    routes.get("/exports/{id}/file", Access::Needs(P::ExportMasked), fetch_masked);
    routes.get("/exports/{id}/plain", plain, fetch_plain);
}

#[derive(Template)]
#[template(path = "export/list.html")]
struct ListPage<'a> {
    page: &'a Page,
    files: Vec<TakenFile>,
    older: Option<i64>,
    may_make: bool,
}

impl ListPage<'_> {
    /// Whether the page leads to the file: in full only for whoever may.
    fn can_fetch(&self, file: &TakenFile) -> bool {
        file.is_waiting && (!file.row.plain || self.page.may(P::ExportPlain))
    }
}

/// Files of one page.
const SHOWN: i64 = 100;

/// `?before=ID`.
#[derive(Debug)]
pub struct ListQuery(Option<i64>);

impl FromFields for ListQuery {
    const FIELDS: &'static [&'static str] = &["before"];
    fn from_fields(fields: &mut Fields) -> Option<ListQuery> {
        Some(ListQuery(fields.value("before").parse().ok()))
    }
}

/// `GET /exports`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ExportMasked>, page: Page, query: Query<ListQuery>) -> Outcome {
    let page = page.title("menu.exports");
    let before = query.value.0;
    let (files, more) =
        page.run(move |store| list_files(store, &user.authorized()?, before, SHOWN)).await?;
    let older = files.last().filter(|_| more).map(|file| file.row.id);
    page.show(|page| ListPage { page, files, older, may_make: page.may(P::ExportRegister) })
}

/// `GET /exports/{id}/file`.
///
/// # Errors
/// 404 for another's; 410 after a day.
pub async fn fetch_masked(user: Allowed<ExportMasked>, page: Page, path: Path<i64>) -> Outcome {
    fetch(user, page, path.0, false).await
}

/// `GET /exports/{id}/plain`.
///
/// # Errors
/// 404 for another's; 410 after a day.
pub async fn fetch_plain(user: Allowed<ExportPlain>, page: Page, path: Path<i64>) -> Outcome {
    fetch(user, page, path.0, true).await
}

async fn fetch<Q: Permit + Clone + Send + 'static>(
    user: Allowed<Q>,
    page: Page,
    id: i64,
    plain: bool,
) -> Outcome {
    let file = page.run(move |store| fetch_file(store, &user.authorized()?, id, plain)).await?;
    let format = if file.name.ends_with(".xlsx") { Format::Xlsx } else { Format::Csv };
    Ok(file_response(format, file))
}

/// The fields that narrow a register, as its list names them.
const NARROW: &[&str] =
    &["register", "name", "address", "text", "area", "status", "kind", "closed"];

fn register(fields: &Fields) -> Option<RegisterQuery> {
    let area = fields.text("area");
    Some(match fields.value("register") {
        "residents" => RegisterQuery::Residents {
            name: fields.text("name"),
            address: fields.text("address"),
            area,
            status: ResidentStatus::from_code(fields.value("status")),
        },
        "households" => RegisterQuery::Households {
            text: fields.text("text"),
            area,
            kind: HouseholdKind::from_code(fields.value("kind")),
            closed: fields.has("closed", "1"),
        },
        _ => return None,
    })
}

/// Which register.
#[derive(Debug)]
pub struct AskQuery(RegisterQuery);

impl FromFields for AskQuery {
    const FIELDS: &'static [&'static str] = &[];
    const SHARED: &'static [&'static [&'static str]] = &[NARROW];
    fn from_fields(fields: &mut Fields) -> Option<AskQuery> {
        register(fields).map(AskQuery)
    }
}

/// Which file, and why.
#[derive(Debug)]
pub struct FileForm {
    query: RegisterQuery,
    format: Format,
    purpose: String,
}

impl FromFields for FileForm {
    const FIELDS: &'static [&'static str] = &["format", "purpose"];
    const SHARED: &'static [&'static [&'static str]] = &[NARROW];
    fn from_fields(fields: &mut Fields) -> Option<FileForm> {
        let purpose = fields.required("purpose", "请填写用途。", "Enter the purpose.");
        let format = file_format(fields);
        let query = register(fields)?;
        Some(FileForm { query, format: format?, purpose: purpose? })
    }
}

#[derive(Template)]
#[template(path = "export/new.html")]
struct NewPage<'a> {
    page: &'a Page,
    form: FormView,
    hidden: Vec<(&'static str, String)>,
    count: i64,
    plain: bool,
    other: Option<String>,
}

const PLAIN: &str = "/exports/register/plain";

impl NewPage<'_> {
    fn action(&self) -> &'static str {
        if self.plain { PLAIN } else { "/exports/register" }
    }
}

async fn draw<Q: Permit + Clone + Send + 'static>(
    user: &Allowed<Q>,
    page: Page,
    (query, fields, plain): (RegisterQuery, Fields, bool),
    refusals: Option<Vec<Refusal>>,
) -> Outcome {
    let actor = user.session().actor.clone();
    let count = page
        .run(move |store| count_register(store, &actor.authorize::<ViewRegistry>()?, &query))
        .await?;
    let title = if plain { "export.plain_title" } else { "export.new_title" };
    let page = page.title(title).under("menu.exports", "/exports");
    let hidden = hidden(&fields, NARROW);
    let other =
        (!plain && page.may(P::ExportPlain)).then(|| page_address(PLAIN, &fields, NARROW, &[]));
    let page = if refusals.is_some() { page.with_errors() } else { page };
    let form = match &refusals {
        Some(refusals) => FormView::with_errors(&page, fields, refusals),
        None => FormView::new(&page, fields),
    };
    let template = NewPage { page: &page, form, hidden, count, plain, other };
    if refusals.is_some() { page.again(&template) } else { page.show(|_| template) }
}

/// `GET /exports/register?register=residents&area=…`.
///
/// # Errors
/// 400 without a register.
pub async fn ask_masked(
    user: Allowed<ExportRegister>,
    page: Page,
    query: Query<AskQuery>,
) -> Outcome {
    draw(&user, page, (query.value.0, query.fields, false), None).await
}

/// `GET /exports/register/plain`.
///
/// # Errors
/// 400 without a register.
pub async fn ask_plain(user: Allowed<ExportPlain>, page: Page, query: Query<AskQuery>) -> Outcome {
    draw(&user, page, (query.value.0, query.fields, true), None).await
}

/// `POST /exports/register`.
///
/// # Errors
/// Redrawn without a purpose.
pub async fn masked_file(
    user: Allowed<ExportRegister>,
    page: Page,
    form: Form<FileForm>,
) -> Outcome {
    submit(user, page, form, false).await
}

/// `POST /exports/register/plain`.
///
/// # Errors
/// Redrawn without a purpose.
pub async fn plain_file(user: Allowed<ExportPlain>, page: Page, form: Form<FileForm>) -> Outcome {
    submit(user, page, form, true).await
}

async fn submit<Q: Permit + Clone + Send + 'static>(
    user: Allowed<Q>,
    page: Page,
    form: Form<FileForm>,
    plain: bool,
) -> Outcome {
    let (fields, checked) = form.checked();
    let actor = user.session().actor.clone();
    let outcome = match checked {
        Ok(FileForm { query, format, purpose }) => page
            .run(move |store| {
                let view = actor.authorize::<ViewRegistry>()?;
                let how = (format, purpose.as_str());
                if plain {
                    let right = actor.authorize()?;
                    export_register(store, &view, &RegisterRight::Plain(&right), &query, how)
                } else {
                    let right = actor.authorize()?;
                    export_register(store, &view, &RegisterRight::Masked(&right), &query, how)
                }
            })
            .await
            .map(|file| (format, file)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok((format, file)) => Ok::<HttpResponse, Fault>(file_response(format, file)),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let query = register(&fields).ok_or_else(Fault::not_found)?;
            draw(&user, page, (query, fields, plain), Some(refusals)).await
        }
    }
}
