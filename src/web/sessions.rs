//! P-06: my sessions, and the page behind "me".

use askama::Template;

use super::Page;
use crate::http::form::Nothing;
use crate::http::{Fields, Form, FromFields, Outcome, SignedIn};
use crate::services::access::listed::{self, Listed};
use crate::services::access::own::{self, Security};

#[derive(Template)]
#[template(path = "access/sessions.html")]
struct SessionsPage<'a> {
    page: &'a Page,
    rows: Vec<Listed>,
}

impl SessionsPage<'_> {
    /// Browser and system, as far as the browser tells them.
    fn device(&self, row: &Listed) -> String {
        device_name(&row.device)
    }
}

/// `Chrome · Windows` out of a user agent; what is unknown stays as it is.
pub(super) fn device_name(agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let browser = named(&[
        ("Edg", "Edge"),
        ("Firefox", "Firefox"),
        ("MicroMessenger", "WeChat"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ]);
    let system = named(&[
        ("Windows", "Windows"),
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => agent.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "access/me.html")]
struct MePage<'a> {
    page: &'a Page,
    has_totp: bool,
    security: Security,
}

/// `GET /me`.
///
/// # Errors
/// The database failed.
pub async fn me(user: SignedIn, page: Page) -> Outcome {
    let page = page.title("me.title");
    let has_totp = user.has_totp;
    let security = page.run(move |store| own::security(store, &user)).await?;
    page.show(|page| MePage { page, has_totp, security })
}

/// `GET /me/sessions`.
///
/// # Errors
/// The database failed.
pub async fn show(user: SignedIn, page: Page) -> Outcome {
    let page = page.title("sessions.title").under("menu.me", "/me");
    let rows = page.run(move |store| listed::list(store, &user)).await?;
    page.show(|page| SessionsPage { page, rows })
}

/// Which one.
#[derive(Debug)]
pub struct EndForm {
    id: i64,
}

impl FromFields for EndForm {
    const FIELDS: &'static [&'static str] = &["id"];
    fn from_fields(fields: &mut Fields) -> Option<EndForm> {
        let id = fields.parsed("id", "没有该会话。", "No such session.")?;
        Some(EndForm { id })
    }
}

/// `POST /me/sessions/end`.
///
/// # Errors
/// 404 if it is nobody's or somebody else's.
pub async fn end(user: SignedIn, page: Page, form: Form<EndForm>) -> Outcome {
    let (_, form) = form.checked();
    let id = form.map_err(|_| crate::http::Fault::not_found())?.id;
    page.run(move |store| listed::end_one(store, &user, id)).await?;
    page.done("/me/sessions", "session_ended")
}

/// `POST /me/sessions/end-others`.
///
/// # Errors
/// The database failed.
pub async fn end_others(user: SignedIn, page: Page, _form: Form<Nothing>) -> Outcome {
    page.run(move |store| listed::end_others(store, &user)).await?;
    page.done("/me/sessions", "sessions_ended")
}
