//! Cookies. Over HTTPS their names carry `__Host-`, which browsers accept only
//! from this very host (SEC-073); plain HTTP on loopback cannot have that.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{COOKIE, HeaderMap};

/// The session.
pub const SESSION: &str = "sid";
/// Before the sign-in: what the form token is bound to.
pub const BEFORE: &str = "pre";
/// A device that a name signed in from before.
pub const DEVICE: &str = "dev";
/// Chosen language; readable by scripts.
pub const LANG: &str = "lang";
/// Message for the next page: a key of the catalogue.
pub const FLASH: &str = "flash";

fn name(short: &'static str, secure: bool) -> String {
    if secure && short != LANG && short != FLASH {
        format!("__Host-{short}")
    } else {
        short.to_owned()
    }
}

/// A cookie for the session of the browser.
#[must_use]
pub fn make(short: &'static str, value: &str, secure: bool) -> Cookie<'static> {
    Cookie::build(name(short, secure), value.to_owned())
        .path("/")
        .secure(secure)
        .http_only(short != LANG)
        .same_site(if short == BEFORE { SameSite::Strict } else { SameSite::Lax })
        .finish()
}

/// A cookie that outlives the browser.
#[must_use]
pub fn make_lasting(short: &'static str, value: &str, secure: bool, days: i64) -> Cookie<'static> {
    let mut cookie = make(short, value, secure);
    cookie.set_max_age(Duration::days(days));
    cookie
}

/// Removes a cookie.
#[must_use]
pub fn unmake(short: &'static str, secure: bool) -> Cookie<'static> {
    let mut cookie = make(short, "", secure);
    cookie.set_max_age(Duration::ZERO);
    cookie
}

/// The value of a cookie; none if it is there twice (somebody planted one).
#[must_use]
pub fn find(headers: &HeaderMap, short: &'static str, secure: bool) -> Option<String> {
    let wanted = name(short, secure);
    let mut found = None;
    let values = headers.get_all(COOKIE).filter_map(|value| value.to_str().ok());
    for pair in values.flat_map(|value| value.split(';')) {
        if let Some((key, value)) = pair.trim().split_once('=')
            && key == wanted
        {
            if found.is_some() {
                return None;
            }
            found = Some(value.to_owned());
        }
    }
    found.filter(|value: &String| value.len() <= 200)
}
