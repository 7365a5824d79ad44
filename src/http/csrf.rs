//! Form tokens: a keyed hash of the session and of fresh noise, so that it
//! differs on every page (compression cannot leak it) and fits one session
//! only (SEC-066); and the headers by which browsers say where a request comes
//! from (SEC-067).

use actix_web::http::header::{HeaderMap, ORIGIN};
use subtle::ConstantTimeEq;

use super::settings::Settings;
use crate::clock::random_bytes;
use crate::services::access::base64_url;
use crate::store::Cipher;

/// A token for the forms of one page.
#[must_use]
pub fn token(cipher: &Cipher, binding: &str) -> String {
    let mut noise = [0; 12];
    // Without noise the token is still bound to the session.
    let _ = random_bytes(&mut noise);
    let noise = base64_url(&noise);
    format!("{noise}.{}", mac(cipher, binding, &noise))
}

/// Whether a token belongs to the session.
#[must_use]
pub fn is_token(cipher: &Cipher, binding: &str, token: &str) -> bool {
    let Some((noise, given)) = token.split_once('.') else { return false };
    noise.len() == 16
        && mac(cipher, binding, noise).as_bytes().ct_eq(given.as_bytes()).unwrap_u8() == 1
}

fn mac(cipher: &Cipher, binding: &str, noise: &str) -> String {
    base64_url(&cipher.blind("csrf", &format!("{noise}/{binding}")))
}

/// Whether the browser says that one of our own pages sent this. Programs send
/// neither header; the token decides then.
#[must_use]
pub fn is_own_page(headers: &HeaderMap, settings: &Settings) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match text(ORIGIN.as_str()) {
        None => true,
        Some(origin) => {
            let scheme = if settings.secure { "https://" } else { "http://" };
            origin.strip_prefix(scheme).is_some_and(|host| settings.is_own_host(host))
        }
    }
}
