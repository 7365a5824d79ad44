//! A form that was sent after its session had ended (UX-8): its content goes
//! along through the sign-in, so that nobody types it twice. Browsers with
//! scripts keep a draft as well; this works without.

use actix_web::dev::ServiceRequest;

use super::form::{self, CSRF_FIELD};
use super::gate::own_form;
use super::route::RouteRow;
use super::state::AppState;
use super::{body, cookie, keyed};
use crate::services::access::{base64_url, session, token_hash};

/// More is no form that somebody typed.
const LIMIT: usize = 60_000;

/// Where the form was going, and what it said.
#[derive(Debug, Clone)]
pub struct Carried {
    /// Address.
    pub path: String,
    /// Its fields, urlencoded, without the token.
    pub content: String,
}

impl Carried {
    /// Its fields.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        form::pairs(self.content.as_bytes()).unwrap_or_default()
    }
}

/// The form of a request whose session has ended: one of our own pages sent it,
/// with the token of that session.
pub(super) async fn of(
    req: &mut ServiceRequest,
    state: &AppState,
    row: &RouteRow,
) -> Option<Carried> {
    let is_form = row.method == "POST" && !row.upload && !req.path().starts_with("/api/");
    if !is_form || keyed::wants_json(req.headers()) {
        return None;
    }
    let token = cookie::find(req.headers(), cookie::SESSION, state.settings.secure)?;
    let content = body::read(req).await.ok()?;
    let binding = base64_url(&token_hash(&token));
    own_form(req, state, &binding, &content, false).ok()?;
    state.run(move |store| session::owner_of(store, &token)).await.ok()??;
    let mut pairs = form::pairs(&content)?;
    pairs.retain(|(name, _)| name != CSRF_FIELD);
    let content = serde_urlencoded::to_string(&pairs).ok()?;
    (content.len() <= LIMIT).then(|| Carried { path: req.path().to_owned(), content })
}
