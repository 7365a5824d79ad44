//! Who asks, as handlers see it. [`Allowed`] stands first in the arguments of a
//! handler: without the permission nothing after it is looked at, not even
//! the body.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::fault::Fault;
use crate::error::AppResult;
use crate::services::access::{Level, Session};
use crate::services::auth::{Authorized, Permit};

/// Somebody who is signed in, whatever their role.
#[derive(Debug, Clone)]
pub struct SignedIn(Arc<Session>);

impl std::ops::Deref for SignedIn {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.0
    }
}

impl FromRequest for SignedIn {
    type Error = Fault;
    type Future = Ready<Result<SignedIn, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = req.extensions().get::<Arc<Session>>().cloned();
        ready(session.map(SignedIn).ok_or_else(Fault::forbidden))
    }
}

/// Somebody who is fully signed in and may do `P`.
#[derive(Debug, Clone)]
pub struct Allowed<P: Permit> {
    session: Arc<Session>,
    permission: PhantomData<P>,
}

impl<P: Permit> Allowed<P> {
    /// The proof that services ask for.
    ///
    /// # Errors
    /// Never for a value that an extractor made; the table is asked again.
    pub fn authorized(&self) -> AppResult<Authorized<'_, P>> {
        self.session.actor.authorize()
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }
}

impl<P: Permit> FromRequest for Allowed<P> {
    type Error = Fault;
    type Future = Ready<Result<Allowed<P>, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = req.extensions().get::<Arc<Session>>().cloned();
        ready(match session {
            Some(session)
                if session.level == Level::Full && session.actor.authorize::<P>().is_ok() =>
            {
                Ok(Allowed { session, permission: PhantomData })
            }
            _ => Err(Fault::forbidden()),
        })
    }
}
