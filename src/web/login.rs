//! P-01: sign-in, and the way out.

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue, USER_AGENT};
use actix_web::{FromRequest, HttpRequest};
use askama::Template;

use super::{FormView, Page, next};
use crate::error::{AppResult, ErrorCode, Refusal};
use crate::http::carried::Carried;
use crate::http::form::Nothing;
use crate::http::{Fault, Fields, Form, FromFields, Outcome, Query, SignedIn, cookie, fault};
use crate::services::access::session::{self, Origin};
use crate::services::access::sign_in::{self, Attempt};
use crate::services::access::{Kind, Level, base64_url, token_hash};
use crate::store::Cipher;

#[derive(Template)]
#[template(path = "access/login.html")]
struct LoginPage<'a> {
    page: &'a Page,
    form: FormView,
}

/// `?next=`.
#[derive(Debug)]
pub struct NextQuery {
    next: String,
}

impl FromFields for NextQuery {
    const FIELDS: &'static [&'static str] = &["next"];
    fn from_fields(fields: &mut Fields) -> Option<NextQuery> {
        Some(NextQuery { next: next::safe(fields.value("next")).to_owned() })
    }
}

impl NextQuery {
    pub(super) fn into_next(self) -> String {
        self.next
    }
}

/// The form.
#[derive(Debug)]
pub struct LoginForm {
    username: String,
    password: String,
}

impl FromFields for LoginForm {
    const FIELDS: &'static [&'static str] = &["username", "password"];
    const SHARED: &'static [&'static [&'static str]] = &[CARRY_FIELDS];
    fn from_fields(fields: &mut Fields) -> Option<LoginForm> {
        let username = fields.required("username", "请填写用户名。", "Enter your username.");
        let password = fields.value("password").to_owned();
        if password.is_empty() {
            fields.refuse(Refusal::field("password", "请填写密码。", "Enter your password."));
        }
        Some(LoginForm { username: username?, password })
    }
}

/// `GET /login`.
///
/// # Errors
/// The template failed.
pub async fn show(req: HttpRequest, page: Page, query: Query<NextQuery>) -> Outcome {
    if let Some(session) = page.session() {
        return Ok(fault::see_other(page_of(session.level)));
    }
    let fields = Fields::with(&[("next", &query.value.into_next())]);
    draw(&req, page, fields, StatusCode::OK)
}

fn draw(req: &HttpRequest, page: Page, fields: Fields, status: StatusCode) -> Outcome {
    let secure = page.state().settings.secure;
    let known = cookie::find(req.headers(), cookie::BEFORE, secure);
    let (page, fresh) = match known {
        Some(known) => (page.bound_to(&known), None),
        None => {
            let value = noise();
            (page.bound_to(&value), Some(value))
        }
    };
    let page = page.title("login.title");
    let form = FormView::new(&page, fields);
    let mut response = page.draw(status, &LoginPage { page: &page, form })?;
    if let Some(value) = fresh {
        set_cookie(&mut response, &cookie::make(cookie::BEFORE, &value, secure));
    }
    Ok(response)
}

/// The sign-in in the place of a form whose session has ended, with its content.
///
/// # Errors
/// The template failed.
pub async fn ask_to_sign_in(req: &HttpRequest, carried: &Carried) -> Outcome {
    let page = Page::from_request(req, &mut Payload::None).await?;
    let fields =
        Fields::with(&[("carry_path", &carried.path), ("carry_content", &carried.content)]);
    draw(req, page, fields, StatusCode::UNAUTHORIZED)
}

#[derive(Template)]
#[template(path = "access/carried.html")]
struct CarriedPage<'a> {
    page: &'a Page,
    carried: &'a Carried,
}

/// What waits for the sign-in, in the fields of its forms.
pub(super) const CARRY_FIELDS: &[&str] = &["next", "carry_path", "carry_content"];

/// The page that sends a form on that waited for the sign-in.
///
/// # Errors
/// The template failed.
pub(super) fn show_carried(page: Page, token: &str, carried: &Carried) -> Outcome {
    let page = page.bound_to(&base64_url(&token_hash(token))).title("login.carried_title");
    page.show(|page| CarriedPage { page, carried })
}

/// The form that waited for the sign-in, out of the fields of one of its pages.
pub(super) fn carried_in(fields: &Fields) -> Option<Carried> {
    let path = fields.text("carry_path").filter(|path| next::safe(path) == path)?;
    Some(Carried { path, content: fields.value("carry_content").to_owned() })
}

/// The form that waited for the sign-in, if the same person came back.
async fn carried(
    req: &HttpRequest,
    page: &Page,
    fields: &Fields,
    signed_in: &sign_in::SignedIn,
) -> Option<Carried> {
    let carried = carried_in(fields)?;
    let dead = cookie::find(req.headers(), cookie::SESSION, page.state().settings.secure)?;
    let token = signed_in.token.clone();
    let owners = page
        .run(move |store| Ok((session::owner_of(store, &dead)?, session::owner_of(store, &token)?)))
        .await
        .ok()?;
    let same = owners.0.is_some() && owners.0 == owners.1;
    same.then_some(carried)
}

fn noise() -> String {
    let mut bytes = [0; 16];
    // Only a name for a form that nobody is signed in to yet.
    let _ = crate::clock::random_bytes(&mut bytes);
    base64_url(&bytes)
}

pub(super) fn set_cookie(
    response: &mut actix_web::HttpResponse,
    cookie: &actix_web::cookie::Cookie<'_>,
) {
    if let Err(error) = response.add_cookie(cookie) {
        tracing::error!(%error, "a cookie could not be set");
    }
}

/// Where a session stands.
pub(super) fn page_of(level: Level) -> &'static str {
    match level {
        Level::First => "/password/first",
        Level::Totp => "/login/totp",
        Level::Enrol => "/me/totp",
        Level::Full => "/home",
    }
}

/// `POST /login`.
///
/// # Errors
/// The database failed.
pub async fn submit(req: HttpRequest, page: Page, form: Form<LoginForm>) -> Outcome {
    let page = page.title("login.title");
    let (mut fields, checked) = form.checked();
    let next = next::safe(fields.value("next")).to_owned();
    fields.set("next", &next);
    let entered = match checked {
        Ok(form) => form,
        Err(error) => return refused(page, fields, &Fault::from(error)),
    };
    let state = page.state().clone();
    let origin = origin(&req, &page);
    let known = known_device(&req, &page, &entered.username);
    let (policy, name) = (state.settings.policy, entered.username.clone());
    let known_for = known.clone();
    let outcome: Result<sign_in::SignedIn, Fault> = page
        .run_hashing(move |store| {
            let attempt = Attempt {
                username: &entered.username,
                password: &entered.password,
                known_device: known_for.as_deref(),
                origin: &origin,
                kind: Kind::Browser,
                code: None,
            };
            sign_in::sign_in(store, &policy, &attempt)
        })
        .await;
    use std::sync::atomic::Ordering::Relaxed;
    match outcome {
        Ok(signed_in) => {
            state.metrics.signed_in.fetch_add(1, Relaxed);
            let carried = carried(&req, &page, &fields, &signed_in).await;
            let mut response = match (signed_in.level, carried) {
                (Level::Full, Some(carried)) => show_carried(page, &signed_in.token, &carried)?,
                // The second factor is asked for right here: what waits goes along.
                (Level::Totp, carried) if carried.is_some() || next != "/home" => {
                    super::totp::ask_with(page, &signed_in.token, &next, carried)?
                }
                (Level::Full, None) => fault::see_other(&next),
                (level, _) => fault::see_other(page_of(level)),
            };
            let secure = state.settings.secure;
            set_cookie(&mut response, &cookie::make(cookie::SESSION, &signed_in.token, secure));
            set_cookie(&mut response, &cookie::unmake(cookie::BEFORE, secure));
            if known.is_none() {
                let value = device_value(state.store.cipher(), &name);
                let device = cookie::make_lasting(cookie::DEVICE, &value, secure, 180);
                set_cookie(&mut response, &device);
            }
            if signed_in.failures_since > 0 {
                let seen = cookie::make(cookie::FLASH, "failures_since", secure);
                set_cookie(&mut response, &seen);
            }
            Ok(response)
        }
        Err(fault) if fault.code == ErrorCode::SignInFailed.as_str() => {
            state.metrics.sign_in_failed.fetch_add(1, Relaxed);
            fields.forget(&["password"]);
            refused(page, fields, &fault)
        }
        Err(fault) => Err(fault),
    }
}

fn refused(page: Page, mut fields: Fields, fault: &Fault) -> Outcome {
    fields.forget(&["password"]);
    let page = page.with_errors();
    let form = FormView::with_errors(&page, fields, &fault.refusals);
    let status = if fault.code == ErrorCode::SignInFailed.as_str() {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    page.draw(status, &LoginPage { page: &page, form })
}

pub(super) fn origin(req: &HttpRequest, page: &Page) -> Origin {
    let device = req.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    Origin {
        address: page.info().address.to_string(),
        device: device.unwrap_or_default().chars().take(120).collect(),
    }
}

/// A device cookie is noise and a keyed hash of noise and name: nothing is
/// stored, and nobody can make one for another name (SEC-010).
fn device_value(cipher: &Cipher, username: &str) -> String {
    let noise = noise();
    format!("{noise}.{}", device_mac(cipher, username, &noise))
}

fn device_mac(cipher: &Cipher, username: &str, noise: &str) -> String {
    let name = crate::domain::password::username_key(username.trim());
    base64_url(&cipher.blind("device", &format!("{noise}/{name}")))
}

fn known_device(req: &HttpRequest, page: &Page, username: &str) -> Option<String> {
    use subtle::ConstantTimeEq;
    let state = page.state();
    let value = cookie::find(req.headers(), cookie::DEVICE, state.settings.secure)?;
    let (noise, mac) = value.split_once('.')?;
    let expected = device_mac(state.store.cipher(), username, noise);
    (expected.as_bytes().ct_eq(mac.as_bytes()).unwrap_u8() == 1).then(|| noise.to_owned())
}

/// `POST /logout`.
///
/// # Errors
/// The database failed.
pub async fn sign_out(user: SignedIn, page: Page, _form: Form<Nothing>) -> Outcome {
    page.run(move |store| -> AppResult<()> { session::end(store, &user) }).await?;
    let mut response = page.done("/login", "signed_out")?;
    let secure = page.state().settings.secure;
    set_cookie(&mut response, &cookie::unmake(cookie::SESSION, secure));
    response.headers_mut().insert(
        header::HeaderName::from_static("clear-site-data"),
        HeaderValue::from_static("\"cache\""),
    );
    Ok(response)
}
