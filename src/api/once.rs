//! `Idempotency-Key` (SEC-148, SEC-149): a creation that is sent again, because
//! its answer was lost, is answered with what the first one made. What is kept
//! – status, id, version, no body – is written in the transaction of the
//! effect (`rulings.md` P11).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use sha2::{Digest, Sha256};

use super::reply::{Answer, Created, Reply, Saved};
use super::shape::Id;
use crate::error::AppResult;
use crate::http::body::Body;
use crate::http::{Allowed, AppState, Fault};
use crate::services::auth::{Authorized, Permit};
use crate::services::once::{self, Replay, Request};
use crate::store::Store;

/// The key of a request and a digest of what it asks for, if it has a key.
#[derive(Debug, Clone)]
pub struct Once(Option<Request>);

impl FromRequest for Once {
    type Error = Fault;
    type Future = Ready<Result<Once, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = req.headers().get("idempotency-key") else {
            return ready(Ok(Once(None)));
        };
        let key = value.to_str().unwrap_or_default();
        let fits = (8..=64).contains(&key.len())
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if !fits {
            return ready(Err(Fault::bad_request(
                "Idempotency-Key 应为 8–64 个字母、数字、- 或 _。",
                "An Idempotency-Key has 8 to 64 letters, digits, - or _.",
            )));
        }
        let mut digest = Sha256::new();
        digest.update(req.path().as_bytes());
        digest.update([0]);
        digest.update(Body::of(req));
        let digest = digest.finalize().to_vec();
        ready(Ok(Once(Some(Request { key: key.to_owned(), digest }))))
    }
}

/// What a request made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// A record.
    Made(i64),
    /// A change that waits for a second person (`rulings.md` P10).
    Waits(i64),
}

/// Makes something once.
///
/// # Errors
/// What `make` refuses; 422 for a key that was used for something else; 409
/// while the first request is under way.
pub async fn create<P: Permit>(
    user: Allowed<P>,
    state: &AppState,
    once: Once,
    make: impl FnOnce(&Store, &Authorized<'_, P>) -> AppResult<Effect> + Send + 'static,
) -> Reply<Created> {
    let outcome = state
        .run(move |store| {
            let by = user.authorized()?;
            let Some(request) = once.0 else {
                return Ok(Ok(new(make(store, &by)?, false)));
            };
            match once::find(store, user.session(), &request)? {
                Replay::Other(_) => Ok(Err(())),
                Replay::Made { id, waits: false } => Ok(Ok(new(Effect::Made(id), true))),
                Replay::Made { id, waits: true } => Ok(Ok(new(Effect::Waits(id), true))),
                Replay::Not => {
                    let status = i32::from(Created::STATUS);
                    let store = once::noting(store, user.session(), request, status);
                    Ok(Ok(new(make(&store, &by)?, false)))
                }
            }
        })
        .await?;
    outcome.map_err(|()| Fault {
        refusals: vec![once::reused()],
        ..Fault::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused")
    })
}

fn new(effect: Effect, replayed: bool) -> Created {
    let (id, version) = match effect {
        Effect::Made(id) => (id, 1),
        Effect::Waits(id) => (id, 0),
    };
    Created { saved: Saved { id: Id(id), version }, replayed }
}
