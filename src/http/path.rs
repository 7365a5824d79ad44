//! Parts of the address. One that does not parse is a page that does not
//! exist; an unknown id and one out of scope look the same.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::fault::Fault;

/// The parts of the address, by their names in the pattern or as a tuple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Path<T> {
    type Error = Fault;
    type Future = Ready<Result<Path<T>, Fault>>;

    #[expect(clippy::disallowed_types, reason = "the one place that reads parts of an address")]
    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parts = actix_web::web::Path::<T>::from_request(req, payload).into_inner();
        ready(parts.map(|parts| Path(parts.into_inner())).map_err(|_| Fault::not_found()))
    }
}
