//! The outermost layer: request number, load shedding, host, panics, the two
//! faces of a fault, security headers, one line in the log per request.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use futures_util::FutureExt as _;

use super::fault::{Drawn, Fault};
use super::state::AppState;
use super::{address, cookie};
use crate::clock::random_bytes;
use crate::services::access::Session;
use crate::web::Lang;

/// What is known of every request.
#[derive(Debug, Clone)]
pub struct RequestInfo {
    /// Eight hexadecimal digits, for people to quote.
    pub id: String,
    /// The client.
    pub address: IpAddr,
    /// By cookie or `Accept-Language`; a session's preference goes first.
    pub lang: Lang,
}

/// SEC-070, the same on every answer.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'; report-uri /csp-report";

const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

const MAX_URI: usize = 4096;
const MAX_HEADERS: usize = 100;

/// The middleware.
///
/// # Errors
/// None: everything becomes an answer.
pub async fn edge(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let started = Instant::now();
    let Some(state) = req.app_data::<Data<AppState>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("no state"));
    };
    let info = RequestInfo {
        id: request_id(),
        address: address::client(&req, &state.settings.proxies),
        lang: Lang::of_request(req.headers()),
    };
    req.extensions_mut().insert(info.clone());
    let method = req.method().clone();
    let route = req.match_pattern();
    let path = req.path().to_owned();
    let under_way = state.in_flight.fetch_add(1, Relaxed);
    let answer = handle(req, next, &state, under_way, &info).await;
    state.in_flight.fetch_sub(1, Relaxed);

    let finish = |response: HttpResponse, lang: Lang| {
        let mut response = draw_fault(response, &path, &info, lang);
        secure(response.headers_mut(), state.settings.secure, &info.id);
        response
    };
    let answer = match answer {
        Ok(response) => {
            let (request, response) = response.into_parts();
            let preferred = request
                .extensions()
                .get::<std::sync::Arc<Session>>()
                .and_then(|session| Lang::parse(session.preferences.lang.as_deref()?));
            let response = finish(response, preferred.unwrap_or(info.lang));
            Ok(ServiceResponse::new(request, response))
        }
        Err(fault) => Err(Struck(Mutex::new(Some(finish(fault.error_response(), info.lang))))),
    };
    let status = answer.as_ref().map_or(500, |response| response.status().as_u16());
    let time = started.elapsed();
    state.metrics.count(status, time);
    tracing::info!(
        request = info.id,
        method = method.as_str(),
        // The pattern, never the address: that may name a person.
        route = route.as_deref().unwrap_or("-"),
        status,
        micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    answer.map_err(Into::into)
}

/// The finished answer of a request whose handler panicked. The request itself
/// is gone with the handler, so the answer goes out as an error.
struct Struck(Mutex<Option<HttpResponse>>);

impl std::fmt::Debug for Struck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Struck")
    }
}

impl std::fmt::Display for Struck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a handler panicked")
    }
}

impl ResponseError for Struck {
    fn error_response(&self) -> HttpResponse {
        let drawn = self.0.lock().ok().and_then(|mut response| response.take());
        drawn.unwrap_or_else(|| HttpResponse::InternalServerError().finish())
    }
}

async fn handle(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    state: &AppState,
    under_way: usize,
    info: &RequestInfo,
) -> Result<ServiceResponse<BoxBody>, Fault> {
    if let Err(fault) = acceptable(&req, state, under_way) {
        return Ok(req.into_response(fault.error_response()));
    }
    let outcome = AssertUnwindSafe(next.call(req)).catch_unwind().await;
    let system = || Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "system");
    match outcome {
        Ok(Ok(response)) => Ok(response.map_into_boxed_body()),
        Ok(Err(_)) => Err(system()),
        Err(_) => {
            state.metrics.panics.fetch_add(1, Relaxed);
            tracing::error!(request = info.id, "a handler panicked");
            Err(system())
        }
    }
}

fn acceptable(req: &ServiceRequest, state: &AppState, under_way: usize) -> Result<(), Fault> {
    let reserved = matches!(req.path(), "/health" | "/ready");
    if under_way >= state.settings.max_in_flight && !reserved {
        state.metrics.shed.fetch_add(1, Relaxed);
        return Err(Fault::busy());
    }
    let uri = req.uri().path_and_query().map_or(0, |at| at.as_str().len());
    if uri > MAX_URI {
        return Err(Fault::new(StatusCode::URI_TOO_LONG, "uri_too_long"));
    }
    if req.headers().len() > MAX_HEADERS {
        let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        return Err(Fault::new(status, "too_many_headers"));
    }
    // Two lengths of one body: a proxy may have taken the other one (SEC-166).
    let both = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    if both.iter().all(|name| req.headers().contains_key(name)) {
        return Err(Fault::bad_request(
            "请求同时给出 Content-Length 和 Transfer-Encoding。",
            "The request has both a Content-Length and a Transfer-Encoding.",
        ));
    }
    // HTTP/2 carries the host in the address, HTTP/1.1 in one header.
    let mut hosts = req.headers().get_all(header::HOST).filter_map(|v| v.to_str().ok());
    let named = req.uri().authority().map(|authority| authority.as_str()).or_else(|| hosts.next());
    let own = named.is_some_and(|host| state.settings.is_own_host(host)) && hosts.next().is_none();
    if !own {
        return Err(Fault::bad_request(
            "请使用本系统登记的网址访问。",
            "Use the address that this service is known by.",
        ));
    }
    Ok(())
}

/// Draws the body of an answer that has none: a page, or problem+json.
fn draw_fault(response: HttpResponse, path: &str, info: &RequestInfo, lang: Lang) -> HttpResponse {
    let status = response.status();
    let is_fault = status.is_client_error() || status.is_server_error();
    if !is_fault || response.extensions().get::<Drawn>().is_some() {
        return response;
    }
    let noted = response.extensions().get::<Fault>().cloned();
    let fault = noted.unwrap_or_else(|| Fault::new(status, plain_code(status)));
    let (body, kind) = if path.starts_with("/api/") {
        (crate::api::problem::draw(&fault, info, lang), "application/problem+json")
    } else {
        (crate::web::error_page::draw(&fault, path, info, lang), "text/html; charset=utf-8")
    };
    let mut response = response.set_body(BoxBody::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn plain_code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
        StatusCode::BAD_REQUEST => "invalid_input",
        _ => "system",
    }
}

/// SEC-070, SEC-071, SEC-072.
fn secure(headers: &mut HeaderMap, https: bool, request_id: &str) {
    let mut set = |name: &'static str, value: &'static str| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    };
    set("content-security-policy", CSP);
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", PERMISSIONS);
    if https {
        set("strict-transport-security", "max-age=31536000; includeSubDomains");
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
}

fn request_id() -> String {
    let mut bytes = [0; 4];
    // Without randomness every request has the same number; nothing depends on it.
    let _ = random_bytes(&mut bytes);
    let [a, b, c, d] = bytes;
    format!("{a:02X}{b:02X}-{c:02X}{d:02X}")
}

/// The message left for the next page, if there is one.
#[must_use]
pub fn flash(headers: &HeaderMap, secure: bool) -> Option<String> {
    cookie::find(headers, cookie::FLASH, secure)
}
