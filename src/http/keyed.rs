//! Forms that carry the number of their draft are carried out once (`ux.md`
//! F-40, SEC-148): a second click, a refreshed answer and a device that never
//! heard the first answer all get the record that the first one made. The
//! device's outbox asks for JSON and is told status, record and address.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::edge::RequestInfo;
use super::fault::{Drawn, Fault};
use super::form::{CSRF_FIELD, DRAFT_FIELD};
use super::state::AppState;
use super::{cookie, form};
use crate::services::access::Session;
use crate::services::once::{self, Replay, Request};
use crate::web::{Lang, kept};

/// The request of a form with a number, in the extensions.
#[derive(Debug, Clone)]
pub struct Keyed {
    /// Number and digest.
    pub request: Request,
    /// Where the record of a request like this is, by its id.
    home: kept::Home,
}

/// What a page said about the fields of a form, for an answer in JSON.
#[derive(Debug, Clone)]
pub struct Told(pub Vec<(String, String)>);

/// Whether the caller is a script of ours that wants no page.
#[must_use]
pub fn wants_json(headers: &header::HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|value| value.as_bytes() == b"application/json")
}

/// The number of a form and a digest of what it asks for. The form token is no
/// part of it: it differs from page to page.
///
/// # Errors
/// A number that could be none of ours.
pub(super) fn of_form(path: &str, content: &[u8]) -> Result<Option<Keyed>, Fault> {
    let pairs = form::pairs(content).unwrap_or_default();
    let Some((_, key)) = pairs.iter().find(|(name, _)| name == DRAFT_FIELD) else {
        return Ok(None);
    };
    let fits = (8..=64).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !fits {
        return Err(Fault::bad_request("表单编号不正确。", "The form's number is not correct."));
    }
    let mut digest = Sha256::new();
    digest.update(path.as_bytes());
    for (name, value) in pairs.iter().filter(|(name, _)| name != CSRF_FIELD) {
        for part in [name, value] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    let request = Request { key: key.clone(), digest: digest.finalize().to_vec() };
    Ok(Some(Keyed { request, home: kept::Home::of(path, &pairs) }))
}

/// Calls the handler, unless the form was carried out already.
///
/// # Errors
/// What the handler throws.
pub(super) async fn carry_out(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    keyed: Keyed,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let parts = {
        let session = req.extensions().get::<Arc<Session>>().cloned();
        let info = req.extensions().get::<RequestInfo>().cloned();
        req.app_data::<Data<AppState>>().cloned().zip(session).zip(info)
    };
    let Some(((state, session), info)) = parts else {
        return Ok(next.call(req).await?.map_into_boxed_body());
    };
    let again =
        Again { state: state.into_inner(), session, keyed, json: wants_json(req.headers()) };
    match again.told(false).await {
        Ok(None) => {}
        Ok(Some(answer)) => return Ok(req.into_response(answer)),
        Err(fault) => {
            let answer = actix_web::ResponseError::error_response(&fault);
            return Ok(req.into_response(answer));
        }
    }
    let response = next.call(req).await?.map_into_boxed_body();
    // Of two clicks at once the second is refused by what the first one made.
    if response.status().is_client_error()
        && let Ok(Some(answer)) = again.told(true).await
    {
        return Ok(response.into_response(answer));
    }
    if !again.json {
        return Ok(response);
    }
    let lang = again.lang(info.lang);
    let answer = again.as_json(response.response(), &info, lang).await;
    Ok(response.into_response(answer))
}

struct Again {
    state: Arc<AppState>,
    session: Arc<Session>,
    keyed: Keyed,
    json: bool,
}

impl Again {
    fn lang(&self, by_browser: Lang) -> Lang {
        let preferred = self.session.preferences.lang.as_deref();
        preferred.and_then(Lang::parse).unwrap_or(by_browser)
    }

    async fn find(&self) -> Result<Replay, Fault> {
        let (session, request) = (Arc::clone(&self.session), self.keyed.request.clone());
        self.state.run(move |store| once::find(store, &session, &request)).await
    }

    /// The answer to a form that was carried out already. With `same` only to
    /// the very same form: another one was refused for reasons of its own.
    async fn told(&self, same: bool) -> Result<Option<HttpResponse>, Fault> {
        let (id, flash, status) = match self.find().await? {
            Replay::Not => return Ok(None),
            Replay::Other(_) if same => return Ok(None),
            Replay::Made { id, .. } => (id, "saved", StatusCode::OK),
            Replay::Other(id) => (id, "saved_before", StatusCode::CONFLICT),
        };
        let location = self.keyed.home.of_record(id);
        if self.json {
            let code = (status == StatusCode::CONFLICT).then_some("idempotency_key_reused");
            let body = json!({ "id": id.to_string(), "location": location, "code": code });
            return Ok(Some(drawn(status, &body)));
        }
        let mut response = super::fault::see_other(&location);
        let cookie = cookie::make(cookie::FLASH, flash, self.state.settings.secure);
        // The value is a key of the catalogue: always a valid cookie.
        let _ = response.add_cookie(&cookie);
        Ok(Some(response))
    }

    /// What a handler answered, without a page around it.
    async fn as_json(
        &self,
        response: &HttpResponse,
        info: &RequestInfo,
        lang: Lang,
    ) -> HttpResponse {
        let status = response.status();
        if status == StatusCode::SEE_OTHER {
            let location = response.headers().get(header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok()).unwrap_or("/home");
            let made = match self.find().await {
                Ok(Replay::Made { id, .. }) => Some(id.to_string()),
                _ => None,
            };
            return drawn(StatusCode::OK, &json!({ "id": made, "location": location }));
        }
        let fault = response.extensions().get::<Fault>().cloned();
        if let Some(fault) = fault {
            let body = crate::api::problem::draw(&fault, info, lang);
            return drawn(status, &serde_json::from_str(&body).unwrap_or(Value::Null));
        }
        let told = response.extensions().get::<Told>().cloned();
        let errors: Vec<Value> = told
            .map(|told| told.0)
            .unwrap_or_default()
            .into_iter()
            .map(|(field, message)| json!({ "field": field, "message": message }))
            .collect();
        drawn(status, &json!({ "status": status.as_u16(), "errors": errors }))
    }
}

fn drawn(status: StatusCode, body: &Value) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    let mut response = response.content_type("application/json").body(body.to_string());
    response.extensions_mut().insert(Drawn);
    response
}
