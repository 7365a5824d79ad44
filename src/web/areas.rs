//! P-93: the area tree. What a re-division or an end concerns is shown before
//! it is done, and done only as it was shown.

use askama::Template;
use chrono::NaiveDate;

use super::form_view::redrawable;
use super::resident::required_date;
use super::{FormView, Page};
use crate::domain::area::Level;
use crate::domain::role::Permission;
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Access, Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query, Routes};
use crate::services::area::{self, AreaInput};
use crate::services::area_plan::{self, AreaEffect, AreaNode};
use crate::services::auth::ManageSystem;
use crate::store::Store;
use crate::store::area::AreaRow;

const BASE: &str = "/admin/areas";

/// Registers the pages.
pub fn routes(routes: &mut Routes) {
    let may = Access::Needs(Permission::ManageSystem);
    routes.get(BASE, may, list);
    routes.get("/admin/areas/new", may, ask_new);
    routes.post("/admin/areas/new", may, create);
    routes.get("/admin/areas/{code}/rename", may, ask_rename);
    routes.post("/admin/areas/{code}/rename", may, rename);
    routes.get("/admin/areas/{code}/move", may, ask_move);
    routes.post("/admin/areas/{code}/move", may, move_to);
    routes.get("/admin/areas/{code}/end", may, ask_end);
    routes.post("/admin/areas/{code}/end", may, end);
}

#[derive(Template)]
#[template(path = "admin/areas.html")]
struct TreePage<'a> {
    page: &'a Page,
    nodes: Vec<AreaNode>,
}

impl TreePage<'_> {
    fn can_hold(&self, node: &AreaNode) -> bool {
        node.row.level != Level::Grid && node.row.closed_on.is_none()
    }
}

/// `GET /admin/areas`.
///
/// # Errors
/// The database failed.
pub async fn list(user: Allowed<ManageSystem>, page: Page) -> Outcome {
    let page = page.title("menu.areas");
    let nodes = page.run(move |store| area_plan::list_tree(store, &user.authorized()?)).await?;
    page.show(|page| TreePage { page, nodes })
}

/// What is done to an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    New,
    Rename,
    Move,
    End,
}

impl Kind {
    const fn path(self) -> &'static str {
        match self {
            Kind::New => "new",
            Kind::Rename => "rename",
            Kind::Move => "move",
            Kind::End => "end",
        }
    }
}

#[derive(Template)]
#[template(path = "admin/area_form.html")]
struct AreaPage<'a> {
    page: &'a Page,
    form: FormView,
    kind: Kind,
    action: String,
    area: Option<AreaRow>,
    above: Vec<AreaRow>,
    effect: Option<AreaEffect>,
    seen: String,
}

impl AreaPage<'_> {
    fn is(&self, path: &str) -> bool {
        self.kind.path() == path
    }

    fn parents(&self) -> Vec<(&str, &str)> {
        let all = self.above.iter().map(|row| (row.code.as_str(), row.name.as_str()));
        std::iter::once(("", self.page.t("form.choose"))).chain(all).collect()
    }
}

/// The fields of all four forms; each draws what it needs.
#[derive(Debug, Clone)]
pub struct AreaForm {
    code: String,
    name: String,
    parent: String,
    from: Option<NaiveDate>,
    seen: String,
}

impl FromFields for AreaForm {
    const FIELDS: &'static [&'static str] = &["code", "name", "parent", "from", "seen"];
    fn from_fields(fields: &mut Fields) -> Option<AreaForm> {
        let from = match fields.text("from") {
            Some(_) => Some(required_date(fields, "from")?),
            None => None,
        };
        let text = |name| fields.text(name).unwrap_or_default();
        let (code, name, parent) = (text("code"), text("name"), text("parent"));
        Some(AreaForm { code, name, parent, from, seen: text("seen") })
    }
}

impl AreaForm {
    fn day(&self) -> AppResult<NaiveDate> {
        let missing =
            || AppError::refuse(Refusal::field("from", "请填写日期。", "Enter the date."));
        self.from.ok_or_else(missing)
    }

    /// What was shown: another choice has to be shown again.
    fn sight(&self) -> String {
        format!("{}/{}", self.parent, self.from.map(|day| day.to_string()).unwrap_or_default())
    }
}

/// An area and where it could lie.
fn load(
    store: &Store,
    user: &Allowed<ManageSystem>,
    code: &str,
) -> AppResult<(AreaRow, Vec<AreaRow>)> {
    let by = user.authorized()?;
    let row = area_plan::load_area(store, &by, code)?;
    let above = area_plan::list_above(store, &by, row.level)?;
    Ok((row, above))
}

async fn draw(
    user: &Allowed<ManageSystem>,
    page: Page,
    (kind, code): (Kind, Option<&str>),
    fields: Fields,
    refusals: Option<Vec<Refusal>>,
    shown: Option<(AreaEffect, String)>,
) -> Outcome {
    let page = page.title(match kind {
        Kind::New => "area.new",
        Kind::Rename => "area.rename",
        Kind::Move => "area.move",
        Kind::End => "area.end",
    });
    let mut page = page.under("menu.areas", BASE);
    let (area, above) = match code {
        Some(code) => {
            let (user, code) = (user.clone(), code.to_owned());
            let (row, above) = page.run(move |store| load(store, &user, &code)).await?;
            (Some(row), above)
        }
        None => (None, Vec::new()),
    };
    let action = match code {
        Some(code) => format!("{BASE}/{code}/{}", kind.path()),
        None => format!("{BASE}/new"),
    };
    let (effect, seen) = shown.unzip();
    let seen = seen.unwrap_or_default();
    let Some(refusals) = refusals else {
        let form = FormView::new(&page, fields);
        return page.show(|page| AreaPage { page, form, kind, action, area, above, effect, seen });
    };
    page = page.with_errors();
    let form = FormView::with_errors(&page, fields, &refusals);
    page.again(&AreaPage { page: &page, form, kind, action, area, above, effect, seen })
}

fn today(page: &Page) -> String {
    page.state().store.clock().today().to_string()
}

/// Below which area.
#[derive(Debug)]
pub struct NewQuery(String);

impl FromFields for NewQuery {
    const FIELDS: &'static [&'static str] = &["below"];
    fn from_fields(fields: &mut Fields) -> Option<NewQuery> {
        Some(NewQuery(fields.text("below").unwrap_or_default()))
    }
}

/// `GET /admin/areas/new`.
///
/// # Errors
/// The database failed.
pub async fn ask_new(user: Allowed<ManageSystem>, page: Page, query: Query<NewQuery>) -> Outcome {
    let below = query.value.0;
    // The code of the parent is the beginning of most new codes.
    let fields = Fields::with(&[("code", &below), ("parent", &below), ("from", &today(&page))]);
    draw(&user, page, (Kind::New, None), fields, None, None).await
}

/// `POST /admin/areas/new`.
///
/// # Errors
/// The database failed.
pub async fn create(user: Allowed<ManageSystem>, page: Page, form: Form<AreaForm>) -> Outcome {
    submit(user, page, (Kind::New, None), form, |store, user, _, form| {
        let input = AreaInput {
            code: form.code.clone(),
            name: form.name.clone(),
            parent: Some(form.parent.clone()).filter(|code| !code.is_empty()),
            opened_on: form.day()?,
        };
        area::add_areas(store, &user.authorized()?, &[input])?;
        Ok(None)
    })
    .await
}

/// Does what a form says, or shows its effect first.
async fn submit(
    user: Allowed<ManageSystem>,
    page: Page,
    (kind, code): (Kind, Option<String>),
    form: Form<AreaForm>,
    act: fn(&Store, &Allowed<ManageSystem>, &str, &AreaForm) -> AppResult<Option<AreaEffect>>,
) -> Outcome {
    let (fields, checked) = form.checked();
    let (doer, wanted) = (user.clone(), code.clone().unwrap_or_default());
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let shown = act(store, &doer, &wanted, &form)?;
                Ok(shown.map(|effect| (effect, form.sight())))
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(None) => page.done(BASE, "saved"),
        Ok(shown) => draw(&user, page, (kind, code.as_deref()), fields, None, shown).await,
        Err(fault) => {
            let refusals = redrawable(fault)?;
            draw(&user, page, (kind, code.as_deref()), fields, Some(refusals), None).await
        }
    }
}

async fn ask(
    user: Allowed<ManageSystem>,
    page: Page,
    code: String,
    kind: Kind,
) -> Result<actix_web::HttpResponse, Fault> {
    let (reader, wanted) = (user.clone(), code.clone());
    let (row, _) = page.run(move |store| load(store, &reader, &wanted)).await?;
    let mut fields = Fields::with(&[("name", &row.name)]);
    fields.set("from", &today(&page));
    draw(&user, page, (kind, Some(&code)), fields, None, None).await
}

/// `GET /admin/areas/{code}/rename`.
///
/// # Errors
/// 404.
pub async fn ask_rename(user: Allowed<ManageSystem>, page: Page, path: Path<String>) -> Outcome {
    ask(user, page, path.0, Kind::Rename).await
}

/// `POST /admin/areas/{code}/rename`.
///
/// # Errors
/// 404.
pub async fn rename(
    user: Allowed<ManageSystem>,
    page: Page,
    path: Path<String>,
    form: Form<AreaForm>,
) -> Outcome {
    submit(user, page, (Kind::Rename, Some(path.0)), form, |store, user, code, form| {
        area::rename_area(store, &user.authorized()?, code, &form.name)?;
        Ok(None)
    })
    .await
}

/// `GET /admin/areas/{code}/move`.
///
/// # Errors
/// 404.
pub async fn ask_move(user: Allowed<ManageSystem>, page: Page, path: Path<String>) -> Outcome {
    ask(user, page, path.0, Kind::Move).await
}

/// `POST /admin/areas/{code}/move`.
///
/// # Errors
/// 404.
pub async fn move_to(
    user: Allowed<ManageSystem>,
    page: Page,
    path: Path<String>,
    form: Form<AreaForm>,
) -> Outcome {
    submit(user, page, (Kind::Move, Some(path.0)), form, |store, user, code, form| {
        let (by, from) = (user.authorized()?, form.day()?);
        if form.seen != form.sight() {
            return area_plan::move_effect(store, &by, code, &form.parent, from).map(Some);
        }
        area::move_area(store, &by, code, &form.parent, from)?;
        Ok(None)
    })
    .await
}

/// `GET /admin/areas/{code}/end`.
///
/// # Errors
/// 404.
pub async fn ask_end(user: Allowed<ManageSystem>, page: Page, path: Path<String>) -> Outcome {
    ask(user, page, path.0, Kind::End).await
}

/// `POST /admin/areas/{code}/end`.
///
/// # Errors
/// 404.
pub async fn end(
    user: Allowed<ManageSystem>,
    page: Page,
    path: Path<String>,
    form: Form<AreaForm>,
) -> Outcome {
    submit(user, page, (Kind::End, Some(path.0)), form, |store, user, code, form| {
        let (by, last_day) = (user.authorized()?, form.day()?);
        if form.seen != form.sight() {
            return area_plan::end_effect(store, &by, code).map(Some);
        }
        area::close_area(store, &by, code, last_day)?;
        Ok(None)
    })
    .await
}
