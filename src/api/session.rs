//! Sign-in of programs.

use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};

use super::operation::Api;
use super::reply::{Done, Made, Read, Reply};
use super::shape::{Instant, shapes};
use crate::error::{AppError, ErrorCode};
use crate::http::edge::RequestInfo;
use crate::http::{Access, AppState, Fault, Json, SignedIn};
use crate::services::access::session::{self, Origin};
use crate::services::access::sign_in::{self, Attempt};
use crate::services::access::{Kind, Level, token};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let anyone = Access::Anyone;
    api.post("/api/v1/session", anyone, create, "Sign in: an access token and a refresh token");
    api.limited();
    api.post("/api/v1/session/refresh", anyone, refresh, "Exchange a refresh token");
    api.limited();
    api.get("/api/v1/session", Access::SignedIn, show, "Who is signed in");
    api.add("DELETE", "/api/v1/session", Access::SignedIn, delete, "Sign out; all tokens end");
    let words = "Enter password or code again, as approvals ask (good for five minutes)";
    api.post("/api/v1/session/confirm", Access::SignedIn, confirm, words);
    api.limited();
}

shapes! {
    /// Name and password of an account.
    request Credentials {
        /// User name.
        username: String,
        /// Password.
        password: String,
        /// Second factor, for accounts that have one.
        code: Option<String>,
        /// What the program calls itself, for the list of sessions.
        client: Option<String>,
    }

    /// A refresh token, good once.
    request RefreshAsked {
        /// The token.
        refresh_token: String,
    }

    /// Tokens.
    answer Grant {
        /// For the header `Authorization: Bearer …`.
        access_token: String,
        /// Always `Bearer`.
        token_type: String,
        /// Seconds.
        expires_in: i64,
        /// Good once, for the next tokens.
        refresh_token: String,
    }

    /// Who is there, again.
    request Confirmation {
        /// Password.
        password: Option<String>,
        /// Code of the second factor, where the account has one.
        code: Option<String>,
    }

    /// Who is signed in.
    answer Identity {
        /// User name.
        username: String,
        /// Name on screens.
        display_name: String,
        /// Role.
        role: String,
        /// Street of the scope.
        street: String,
        /// Areas of the scope; none is the whole street.
        areas: Option<Vec<String>>,
        /// Extra rights.
        rights: Vec<String>,
        /// The session ends then in any case.
        expires_at: Instant,
    }
}

impl From<token::Grant> for Grant {
    fn from(grant: token::Grant) -> Grant {
        Grant {
            access_token: grant.access_token,
            token_type: grant.token_type.to_owned(),
            expires_in: grant.expires_in,
            refresh_token: grant.refresh_token,
        }
    }
}

async fn create(
    state: Data<AppState>,
    req: HttpRequest,
    body: Json<Credentials>,
) -> Reply<Made<Grant>> {
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
    grant.map(|grant| Made(grant.into())).map_err(unfinished)
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
    req.extensions().get::<RequestInfo>().cloned().ok_or_else(Fault::forbidden)
}

async fn refresh(state: Data<AppState>, body: Json<RefreshAsked>) -> Reply<Read<Grant>> {
    let keys = state.token_keys.clone();
    let grant = state.run(move |store| token::refresh(store, &keys, &body.0.refresh_token)).await?;
    Ok(Read(grant.into()))
}

/// A browser confirms on its own page, where its cookie is renewed with it.
async fn confirm(user: SignedIn, state: Data<AppState>, body: Json<Confirmation>) -> Reply<Done> {
    if user.kind != Kind::Program {
        let (zh, en) = ("浏览器请在“再次验证”页面上验证。", "A browser confirms on its own page.");
        return Err(AppError::coded(ErrorCode::Conflict, zh, en).into());
    }
    let (policy, asked) = (state.settings.policy, body.0);
    state
        .run_hashing(move |store| {
            let (password, code) = (asked.password.as_deref(), asked.code.as_deref());
            sign_in::step_up(store, &policy, &user, password, code)
        })
        .await?;
    Ok(Done)
}

async fn show(user: SignedIn) -> Reply<Read<Identity>> {
    let scope = user.actor.scope();
    Ok(Read(Identity {
        username: user.actor.username().to_owned(),
        display_name: user.display_name.clone(),
        role: user.actor.role().as_str().to_owned(),
        street: scope.street_code().to_owned(),
        areas: scope.area_codes().map(<[String]>::to_vec),
        rights: user.rights.clone(),
        expires_at: Instant(user.expires_at),
    }))
}

async fn delete(user: SignedIn, state: Data<AppState>) -> Reply<Done> {
    state.run(move |store| session::end(store, &user)).await?;
    Ok(Done)
}
