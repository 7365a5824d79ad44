//! What a page knows about its request, and what its template can use.
//!
//! A template extends `layout.html` and its struct has a field `page: &Page`:
//!
//! ```text
//! #[derive(askama::Template)]
//! #[template(path = "household/list.html")]
//! struct HouseholdsPage<'a> { page: &'a Page, rows: Vec<Row> }
//!
//! pub async fn list(user: Allowed<ViewRegistry>, page: Page, query: Query<Filter>) -> Outcome {
//!     let rows = page.run(move |store| household::list(store, &user.authorized()?, …)).await?;
//!     page.title(KEY).show(|page| HouseholdsPage { page, rows })
//! }
//! ```

mod draft;
mod layout;
mod values;
mod words;

use std::fmt::Display;
use std::future::{Ready, ready};
use std::sync::{Arc, OnceLock};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, HttpResponse};
use askama::Template;

use super::assets;
use super::form_view::FieldError;
use super::i18n::{self, Lang};
use super::menu::{self, Group};
use crate::domain::role::Permission;
use crate::error::AppResult;
use crate::http::edge::{self, RequestInfo};
use crate::http::fault::{Drawn, Fault, Outcome};
use crate::http::gate::Binding;
use crate::http::keyed::{Keyed, Told};
use crate::http::{AppState, cookie};
use crate::services::access::{Level, Session};
use crate::services::once::Request;
use crate::store::Store;

pub use values::{Count, Instant};
pub use words::money;

/// A step of the breadcrumb.
#[derive(Debug, Clone)]
pub struct Crumb {
    /// Text.
    pub text: String,
    /// Where it leads; none for the page itself.
    pub href: Option<String>,
}

/// One page while it is made.
#[derive(Debug, Clone)]
pub struct Page {
    state: Arc<AppState>,
    session: Option<Arc<Session>>,
    info: RequestInfo,
    lang: Lang,
    path: String,
    address: String,
    binding: String,
    flash: Option<String>,
    title: String,
    crumbs: Vec<Crumb>,
    has_errors: bool,
    pub(super) once: Option<Request>,
    pub(super) told: Arc<OnceLock<Vec<FieldError>>>,
}

impl FromRequest for Page {
    type Error = Fault;
    type Future = Ready<Result<Page, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            Page::of_request(req)
                .ok_or_else(|| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "system")),
        )
    }
}

impl Page {
    fn of_request(req: &HttpRequest) -> Option<Page> {
        let state = req.app_data::<Data<AppState>>()?.clone().into_inner();
        let info = req.extensions().get::<RequestInfo>().cloned()?;
        let session = req.extensions().get::<Arc<Session>>().cloned();
        let binding = req.extensions().get::<Binding>().map(|b| b.0.clone()).unwrap_or_default();
        let preferred = session.as_ref().and_then(|s| Lang::parse(s.preferences.lang.as_deref()?));
        let flash = edge::flash(req.headers(), state.settings.secure);
        Some(Page {
            lang: preferred.unwrap_or(info.lang),
            path: req.path().to_owned(),
            address: req.uri().path_and_query().map_or("/", |at| at.as_str()).to_owned(),
            state,
            session,
            info,
            binding,
            flash,
            title: String::new(),
            crumbs: Vec::new(),
            has_errors: false,
            once: req.extensions().get::<Keyed>().map(|keyed| keyed.request.clone()),
            told: Arc::default(),
        })
    }

    /// The page for a visitor whose cookie is only now being set.
    pub(super) fn bound_to(mut self, value: &str) -> Page {
        value.clone_into(&mut self.binding);
        self
    }

    /// Title by its key; also the last step of the breadcrumb.
    #[must_use]
    pub fn title(self, key: &str) -> Page {
        let text = self.lang.t(key).to_owned();
        self.title_text(text)
    }

    /// Title that is no text of the catalogue (a person's masked name).
    #[must_use]
    pub fn title_text(mut self, text: String) -> Page {
        self.title = text;
        self
    }

    /// A step of the breadcrumb above the page itself.
    #[must_use]
    pub fn under(mut self, key: &str, href: &str) -> Page {
        let text = self.lang.t(key).to_owned();
        self.crumbs.push(Crumb { text, href: Some(href.to_owned()) });
        self
    }

    /// Runs a use case; see [`AppState::run`].
    ///
    /// # Errors
    /// What the use case refuses.
    pub async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> AppResult<T> + Send + 'static,
    ) -> Result<T, Fault> {
        self.state.run(f).await
    }

    /// Runs a use case that computes a password hash.
    ///
    /// # Errors
    /// What the use case refuses; busy if too many wait.
    pub async fn run_hashing<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> AppResult<T> + Send + 'static,
    ) -> Result<T, Fault> {
        self.state.run_hashing(f).await
    }

    /// The finished page.
    ///
    /// # Errors
    /// The template failed.
    pub fn show<'a, T: Template>(&'a self, template: impl FnOnce(&'a Page) -> T) -> Outcome {
        self.draw(StatusCode::OK, &template(self))
    }

    /// The page again with the errors of its form: 422. Make the page
    /// [`Page::with_errors`] first, for its title.
    ///
    /// # Errors
    /// The template failed.
    pub fn again<T: Template>(&self, template: &T) -> Outcome {
        self.draw(StatusCode::UNPROCESSABLE_ENTITY, template)
    }

    /// The page with another status.
    ///
    /// # Errors
    /// The template failed.
    pub fn draw<T: Template>(&self, status: StatusCode, template: &T) -> Outcome {
        self.answer(status, template.render())
    }

    /// Marks the page as one with errors, for its title.
    #[must_use]
    pub fn with_errors(mut self) -> Page {
        self.has_errors = true;
        self
    }

    fn answer(&self, status: StatusCode, html: Result<String, askama::Error>) -> Outcome {
        let html = html.map_err(|error| {
            tracing::error!(path = self.path, %error, "a template failed");
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "system")
        })?;
        let mut response = HttpResponse::build(status);
        response.content_type("text/html; charset=utf-8");
        if self.flash.is_some() {
            response.cookie(cookie::unmake(cookie::FLASH, self.state.settings.secure));
        }
        let mut response = response.body(html);
        response.extensions_mut().insert(Drawn);
        if let Some(told) = self.told.get() {
            let told = told.iter().map(|error| (error.field.clone(), error.text.clone()));
            response.extensions_mut().insert(Told(told.collect()));
        }
        Ok(response)
    }

    /// 303 to another page, which shows the message `flash.<key>` once.
    ///
    /// # Errors
    /// None.
    pub fn done(&self, location: &str, flash: &'static str) -> Outcome {
        let mut response = crate::http::fault::see_other(location);
        let cookie = cookie::make(cookie::FLASH, flash, self.state.settings.secure);
        // The value is a key of the catalogue: always a valid cookie.
        let _ = response.add_cookie(&cookie);
        Ok(response)
    }

    /// The state of the service.
    #[must_use]
    pub fn state(&self) -> &Arc<AppState> {
        &self.state
    }

    /// The session, if somebody is signed in.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<Session>> {
        self.session.as_ref()
    }

    /// The request, for people to quote.
    #[must_use]
    pub fn info(&self) -> &RequestInfo {
        &self.info
    }
}

/// What templates use.
impl Page {
    /// Text of a key.
    #[must_use]
    pub fn t(&self, key: &str) -> &'static str {
        self.lang.t(key)
    }

    /// Text of a key with one placeholder.
    pub fn fill(&self, key: &str, name: &str, value: impl Display) -> String {
        self.lang.fill(key, name, value)
    }

    /// Text of a key with two placeholders.
    pub fn fill2(
        &self,
        key: &str,
        name: &str,
        value: impl Display,
        name2: &str,
        value2: impl Display,
    ) -> String {
        self.fill(key, name, value).replace(&format!("{{{name2}}}"), &value2.to_string())
    }

    /// Chinese or English of a pair.
    #[must_use]
    pub fn either<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    /// `1,284`.
    pub fn number(&self, value: impl Count) -> String {
        self.lang.number(value.count())
    }

    /// An instant as local date and time.
    pub fn time(&self, utc: impl Instant) -> String {
        i18n::local_time(utc.instant())
    }

    /// The language.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Tag of the other language.
    #[must_use]
    pub fn other_lang(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "en",
            Lang::En => "zh-CN",
        }
    }

    /// Address of this page, to come back to.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Address of a static file, with its hash.
    #[must_use]
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The title.
    #[must_use]
    pub fn heading(&self) -> &str {
        &self.title
    }

    /// Title of the browser's tab.
    #[must_use]
    pub fn tab_title(&self) -> String {
        let error = if self.has_errors { self.lang.t("layout.error_prefix") } else { "" };
        format!("{error}{} - {}", self.title, self.lang.t("layout.product"))
    }

    /// Steps above this page.
    #[must_use]
    pub fn crumbs(&self) -> &[Crumb] {
        &self.crumbs
    }

    /// Message of the page before, if it left one.
    #[must_use]
    pub fn flash(&self) -> Option<&'static str> {
        let key = self.flash.as_deref()?;
        self.lang.find(&format!("flash.{key}"))
    }

    /// Whether somebody is fully signed in: shows the menu.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.level == Level::Full)
    }

    /// Whether anybody is signed in: shows the way out.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Name and role of who is signed in.
    #[must_use]
    pub fn who(&self) -> String {
        match &self.session {
            Some(session) => {
                let role = session.actor.role().as_str();
                format!("{} · {}", session.display_name, self.lang.t(&format!("role.{role}")))
            }
            None => String::new(),
        }
    }

    /// Whether the role may do it: pages hide what is forbidden.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.session.as_ref().is_some_and(|session| session.actor.role().may(permission))
    }

    /// The left menu.
    #[must_use]
    pub fn menu(&self) -> Vec<Group> {
        match &self.session {
            Some(session) => menu::groups(&self.state, session.actor.role(), &self.path),
            None => Vec::new(),
        }
    }

    /// The bottom bar of the phone.
    #[must_use]
    pub fn bottom_bar(&self) -> Vec<menu::Item> {
        match &self.session {
            Some(session) => menu::bottom(&self.state, session.actor.role(), &self.path),
            None => Vec::new(),
        }
    }
}
