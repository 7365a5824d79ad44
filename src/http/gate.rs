//! Before any handler: is there such a route, who asks, may they, did one of
//! our own pages send it. One place, by the rows of [`super::route`].

use std::sync::Arc;

use actix_web::HttpMessage;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};

use super::carried::Carried;
use super::edge::RequestInfo;
use super::fault::Fault;
use super::form::{self, CSRF_FIELD};
use super::keyed::{self, Keyed};
use super::route::{Access, RouteRow};
use super::state::AppState;
use super::{body, carried, cookie, csrf};
use crate::domain::role::Role;
use crate::error::AppError;
use crate::services::access::{Kind, Level, Session, session, token};

/// What the form tokens of a page are bound to.
#[derive(Debug, Clone)]
pub struct Binding(pub String);

/// The middleware.
///
/// # Errors
/// None of its own: refusals become answers.
pub async fn gate(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match admit(&mut req).await {
        Ok(()) => {
            let keyed = req.extensions().get::<Keyed>().cloned();
            match keyed {
                Some(keyed) => keyed::carry_out(req, next, keyed).await,
                None => Ok(next.call(req).await?.map_into_boxed_body()),
            }
        }
        Err(fault) => {
            let carried = req.extensions().get::<Carried>().cloned();
            let response = match carried {
                Some(carried) => crate::web::ask_to_sign_in(req.request(), &carried).await,
                None => Err(fault),
            };
            let response =
                response.unwrap_or_else(|fault| actix_web::ResponseError::error_response(&fault));
            Ok(req.into_response(response))
        }
    }
}

async fn admit(req: &mut ServiceRequest) -> Result<(), Fault> {
    let state = state(req)?;
    let row = find_row(req, &state)?;
    let info = req.extensions().get::<RequestInfo>().cloned().ok_or_else(Fault::forbidden)?;
    match row.access {
        Access::Open => {
            limit(&row, &state, &info)?;
            if row.method != "GET" {
                body::read(req).await?;
            }
            return Ok(());
        }
        Access::Monitoring => return monitoring(req, &state, &info),
        _ => {}
    }
    let is_api = req.path().starts_with("/api/");
    let session = find_session(req, &state, is_api).await?;
    let bearer = session.as_ref().is_some_and(|session| session.kind == Kind::Program);
    if let Some(session) = &session {
        req.extensions_mut().insert(Arc::clone(session));
    }
    if session.is_none()
        && row.access != Access::Anyone
        && let Some(carried) = carried::of(req, &state, &row).await
    {
        req.extensions_mut().insert(carried);
    }
    permitted(req, &row, session.as_deref(), &state, is_api)?;
    limit(&row, &state, &info)?;
    let content =
        if row.method == "GET" || row.upload { Bytes::new() } else { body::read(req).await? };
    let binding = binding(req, session.as_deref(), &state);
    if row.method != "GET" && !bearer && !(is_api && session.is_none()) {
        own_form(req, &state, &binding, &content, row.upload)?;
    }
    if row.method == "POST"
        && !is_api
        && session.is_some()
        && let Some(keyed) = keyed::of_form(req.path(), &content)?
    {
        req.extensions_mut().insert(keyed);
    }
    req.extensions_mut().insert(Binding(binding));
    Ok(())
}

/// Counts a request of a limited route per address (SEC-011).
fn limit(row: &RouteRow, state: &AppState, info: &RequestInfo) -> Result<(), Fault> {
    if !row.limited {
        return Ok(());
    }
    let taken = state.sign_in_buckets.take(info.address, std::time::Instant::now());
    taken.map_err(|seconds| Fault {
        retry_after: Some(seconds),
        ..Fault::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests")
    })
}

fn state(req: &ServiceRequest) -> Result<Arc<AppState>, Fault> {
    let data = req.app_data::<Data<AppState>>().cloned();
    data.map(Data::into_inner)
        .ok_or_else(|| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "system"))
}

fn find_row(req: &ServiceRequest, state: &AppState) -> Result<RouteRow, Fault> {
    let pattern = req.match_pattern().ok_or_else(Fault::not_found)?;
    let rows = state.routes_of(&pattern).ok_or_else(Fault::not_found)?;
    let found = rows.iter().find(|row| row.method == req.method().as_str());
    found.copied().ok_or_else(|| {
        let methods: Vec<&str> = rows.iter().map(|row| row.method).collect();
        Fault {
            allow: Some(methods.join(", ")),
            ..Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
        }
    })
}

fn monitoring(req: &ServiceRequest, state: &AppState, info: &RequestInfo) -> Result<(), Fault> {
    use subtle::ConstantTimeEq;
    let given = bearer(req.headers()).unwrap_or_default();
    let token = state.settings.monitoring_token.as_deref();
    let fits = token.is_some_and(|token| token.as_bytes().ct_eq(given.as_bytes()).unwrap_u8() == 1);
    // A proxy's own address is loopback often enough: only without one does
    // loopback mean the machine itself.
    let local = info.address.is_loopback() && state.settings.proxies.is_empty();
    if fits || local { Ok(()) } else { Err(Fault::not_found()) }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// A browser's session by its cookie; on the API also a program's by its
/// token. A token is never looked at on pages (SEC-042).
async fn find_session(
    req: &ServiceRequest,
    state: &AppState,
    is_api: bool,
) -> Result<Option<Arc<Session>>, Fault> {
    if is_api && let Some(token) = bearer(req.headers()) {
        let (token, keys) = (token.to_owned(), state.token_keys.clone());
        let session = state.run(move |store| token::verify(store, &keys, &token)).await?;
        return Ok(Some(Arc::new(session)));
    }
    let Some(token) = cookie::find(req.headers(), cookie::SESSION, state.settings.secure) else {
        return Ok(None);
    };
    let session = state
        .run(move |store| {
            let found = session::find(store, &token)?;
            if let Some(session) = &found {
                session::touch(store, session)?;
            }
            Ok(found)
        })
        .await?;
    Ok(session.map(Arc::new))
}

fn permitted(
    req: &ServiceRequest,
    row: &RouteRow,
    session: Option<&Session>,
    state: &AppState,
    is_api: bool,
) -> Result<(), Fault> {
    if row.access == Access::Anyone {
        return Ok(());
    }
    let Some(session) = session else {
        return Err(sign_in_first(req, is_api));
    };
    let levels = match row.access {
        Access::At(levels) => levels,
        _ => &[Level::Full],
    };
    if !levels.contains(&session.level) {
        return Err(finish_first(session.level, is_api));
    }
    if is_allowed(row.access, session.actor.role()) {
        let stepped_up = !matches!(row.access, Access::SteppedUp(_))
            || session.is_stepped_up(state.store.clock().now());
        return if stepped_up { Ok(()) } else { Err(confirm_first(req, is_api)) };
    }
    Err(Fault::forbidden())
}

/// Whether the table lets a role pass.
#[must_use]
pub fn is_allowed(access: Access, role: Role) -> bool {
    match access {
        Access::Needs(permission) | Access::SteppedUp(permission) => role.may(permission),
        Access::NeedsAny(permissions) => permissions.iter().any(|p| role.may(*p)),
        Access::Open | Access::Monitoring | Access::Anyone | Access::At(_) | Access::SignedIn => {
            true
        }
    }
}

fn sign_in_first(req: &ServiceRequest, is_api: bool) -> Fault {
    if is_api || keyed::wants_json(req.headers()) {
        return Fault::new(StatusCode::UNAUTHORIZED, "sign_in_required");
    }
    let wanted = req.uri().path_and_query().map_or("/", |at| at.as_str());
    if req.method() == "GET" && wanted != "/" {
        Fault::see_other(format!("/login?next={}", encode(wanted)))
    } else {
        Fault::see_other("/login")
    }
}

fn finish_first(level: Level, is_api: bool) -> Fault {
    let (code, page) = match level {
        Level::First => ("password_change_required", "/password/first"),
        Level::Totp => ("second_factor_required", "/login/totp"),
        Level::Enrol => ("second_factor_enrolment_required", "/me/totp"),
        Level::Full => ("already_signed_in", "/"),
    };
    if is_api { Fault::new(StatusCode::FORBIDDEN, code) } else { Fault::see_other(page) }
}

fn confirm_first(req: &ServiceRequest, is_api: bool) -> Fault {
    if is_api || req.method() != "GET" {
        return crate::services::access::own::step_up_required().into();
    }
    let wanted = req.uri().path_and_query().map_or("/", |at| at.as_str());
    Fault::see_other(format!("/me/confirm?next={}", encode(wanted)))
}

fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// A session's own value; before the sign-in the value of a cookie of its own.
fn binding(req: &ServiceRequest, session: Option<&Session>, state: &AppState) -> String {
    match session {
        Some(session) => session.binding(),
        None => {
            cookie::find(req.headers(), cookie::BEFORE, state.settings.secure).unwrap_or_default()
        }
    }
}

/// The form token in a header or in the form, and the browser's own word.
pub(super) fn own_form(
    req: &ServiceRequest,
    state: &AppState,
    binding: &str,
    content: &[u8],
    upload: bool,
) -> Result<(), Fault> {
    let refused = || {
        use std::sync::atomic::Ordering::Relaxed;
        state.metrics.csrf_refused.fetch_add(1, Relaxed);
        let mut fault = Fault::new(StatusCode::FORBIDDEN, "form_expired");
        fault.refusals = match AppError::coded(
            crate::error::ErrorCode::Forbidden,
            "页面已过期,没有保存。请返回上一页,刷新后重试。",
            "The page has expired and nothing was saved. Go back, reload the page and try again.",
        ) {
            AppError::Refused(refusals) => refusals,
            _ => Vec::new(),
        };
        fault
    };
    if !csrf::is_own_page(req.headers(), &state.settings) {
        return Err(refused());
    }
    let in_header = req.headers().get("x-csrf-token").and_then(|value| value.to_str().ok());
    let in_form = match in_header {
        Some(token) => Some(token.to_owned()),
        // An upload is too long to be read here: its address carries nothing,
        // its first part does, and `Upload` checks it.
        None if upload => return Ok(()),
        None => form::pairs(content)
            .and_then(|pairs| pairs.into_iter().find(|(name, _)| name == CSRF_FIELD))
            .map(|(_, token)| token),
    };
    let fits = !binding.is_empty()
        && in_form.is_some_and(|token| csrf::is_token(state.store.cipher(), binding, &token));
    if fits { Ok(()) } else { Err(refused()) }
}
