//! The record of one visit, with its photos. A photo never lies on a device:
//! its form is an upload of its own, for when there is a network.

use actix_web::HttpResponse;
use actix_web::http::header;
use askama::Template;

use crate::domain::role::Permission;
use crate::domain::visit::Finding;
use crate::http::form::Nothing;
use crate::http::{Allowed, Fields, Form, Outcome, Path, Upload};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::visit::photo::{self, MOST, VisitPage};
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "visit/show.html")]
struct RecordPage<'a> {
    page: &'a Page,
    form: FormView,
    visit: VisitPage,
}

impl RecordPage<'_> {
    fn may_edit(&self) -> bool {
        self.page.may(Permission::EditRegistry)
    }

    fn may_add(&self) -> bool {
        self.may_edit() && self.visit.row.status.is_past() && self.visit.photos.len() < MOST
    }

    fn findings(&self) -> String {
        let codes = self.visit.row.changed.split(',').filter_map(Finding::from_code);
        let words: Vec<&str> = codes.map(|f| self.page.either(f.zh(), f.en())).collect();
        words.join(self.page.t("form.list_mark"))
    }
}

async fn load(
    user: &Allowed<ViewRegistry>,
    page: Page,
    id: i64,
) -> Result<(Page, VisitPage), crate::http::Fault> {
    let user = user.clone();
    let visit = page
        .run(move |store| photo::load_visit(store, &user.authorized()?, user.session().extra(), id))
        .await?;
    Ok((page.title("visit.record").under("menu.visits", "/visits"), visit))
}

/// `GET /visits/{id}`.
///
/// # Errors
/// 404 out of scope.
pub async fn show(user: Allowed<ViewRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let (page, visit) = load(&user, page, path.0).await?;
    let form = FormView::new(&page, Fields::default());
    page.show(|page| RecordPage { page, form, visit })
}

/// `POST /visits/{id}/photos`.
///
/// # Errors
/// 404 out of scope; the upload is too large, or not a form.
pub async fn add_photo(
    user: Allowed<EditRegistry>,
    view: Allowed<ViewRegistry>,
    page: Page,
    path: Path<i64>,
    upload: Upload,
) -> Outcome {
    let id = path.0;
    let outcome = page
        .run_hashing(move |store| {
            let rights = user.session().extra();
            photo::add_photo(store, &user.authorized()?, rights, id, &upload.file)
        })
        .await;
    match outcome {
        Ok(_) => page.done(&format!("/visits/{id}"), "photo_added"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, visit) = load(&view, page, id).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, Fields::default(), &refusals);
            page.again(&RecordPage { page: &page, form, visit })
        }
    }
}

/// `GET /visits/{id}/photos/{photo}`: the picture itself, kept by nobody on
/// its way.
///
/// # Errors
/// 404 out of scope.
pub async fn photo(user: Allowed<ViewRegistry>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    let jpeg = page
        .run(move |store| {
            photo::load_photo(store, &user.authorized()?, user.session().extra(), path.0)
        })
        .await?;
    Ok(HttpResponse::Ok()
        .content_type("image/jpeg")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, "inline; filename=\"photo.jpg\""))
        .body(jpeg))
}

/// `POST /visits/{id}/photos/{photo}/remove`.
///
/// # Errors
/// 404 out of scope.
pub async fn remove_photo(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<(i64, i64)>,
    _form: Form<Nothing>,
) -> Outcome {
    let at = path.0;
    page.run(move |store| {
        photo::remove_photo(store, &user.authorized()?, user.session().extra(), at)
    })
    .await?;
    page.done(&format!("/visits/{}", at.0), "photo_removed")
}
