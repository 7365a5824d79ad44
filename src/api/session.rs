//! Sign-in of programs.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Deserialize;
use serde_json::json;

use crate::http::edge::RequestInfo;
use crate::http::{AppState, Fault, Json, Outcome, SignedIn};
use crate::services::access::session::{self, Origin};
use crate::services::access::sign_in::{self, Attempt};
use crate::services::access::{Kind, Level, token};

/// `POST /api/v1/session`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionJson {
    username: String,
    password: String,
    /// Second factor, for accounts that have one.
    code: Option<String>,
    /// What the program calls itself, for the list of sessions.
    client: Option<String>,
}

/// `POST /api/v1/session/refresh`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshJson {
    refresh_token: String,
}

/// Signs a program in.
///
/// # Errors
/// 401; 403 if the account has to do something in a browser first.
pub async fn create(state: Data<AppState>, req: HttpRequest, body: Json<SessionJson>) -> Outcome {
    let Json(body) = body;
    let origin = Origin {
        address: info(&req)?.address.to_string(),
        device: body.client.unwrap_or_default(),
    };
    let (policy, keys) = (state.settings.policy, state.token_keys.clone());
    let grant = state
        .run_hashing(move |store| {
            let attempt = Attempt {
                username: &body.username,
                password: &body.password,
                known_device: None,
                origin: &origin,
                kind: Kind::Program,
                code: body.code.as_deref(),
            };
            let signed_in = sign_in::sign_in(store, &policy, &attempt)?;
            let Some(session) = session::find_by_id(store, signed_in.session_id)? else {
                return Ok(Err(Level::Full));
            };
            if signed_in.level != Level::Full {
                session::end(store, &session)?;
                return Ok(Err(signed_in.level));
            }
            token::grant(store, &keys, session.user_id, session.id).map(Ok)
        })
        .await?;
    match grant {
        Ok(grant) => Ok(HttpResponse::Created().json(grant)),
        Err(level) => Err(unfinished(level)),
    }
}

fn unfinished(level: Level) -> Fault {
    let code = match level {
        Level::First => "password_change_required",
        Level::Totp => "second_factor_required",
        Level::Enrol | Level::Full => "second_factor_enrolment_required",
    };
    Fault { code, ..Fault::forbidden() }
}

fn info(req: &HttpRequest) -> Result<RequestInfo, Fault> {
    use actix_web::HttpMessage as _;
    req.extensions().get::<RequestInfo>().cloned().ok_or_else(Fault::forbidden)
}

/// Exchanges a refresh token.
///
/// # Errors
/// 401.
pub async fn refresh(state: Data<AppState>, body: Json<RefreshJson>) -> Outcome {
    let keys = state.token_keys.clone();
    let grant = state.run(move |store| token::refresh(store, &keys, &body.0.refresh_token)).await?;
    Ok(HttpResponse::Ok().json(grant))
}

/// Who is signed in.
///
/// # Errors
/// None of its own.
pub async fn show(user: SignedIn) -> Outcome {
    let scope = user.actor.scope();
    Ok(HttpResponse::Ok().json(json!({
        "username": user.actor.username(),
        "display_name": user.display_name,
        "role": user.actor.role().as_str(),
        "street": scope.street_code(),
        "areas": scope.area_codes(),
        "rights": user.rights,
        "expires_at": user.expires_at.and_utc().to_rfc3339(),
    })))
}

/// Signs out: the session and all its tokens end.
///
/// # Errors
/// The database failed.
pub async fn delete(user: SignedIn, state: Data<AppState>) -> Outcome {
    state.run(move |store| session::end(store, &user)).await?;
    Ok(HttpResponse::NoContent().finish())
}
