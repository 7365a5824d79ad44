//! Headers of the API: `ETag` on what is read, `If-Match` on what is changed
//! (SEC-151), `Idempotency-Key` on what is created (SEC-148).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest};

use crate::http::Fault;

/// The tag of a version.
pub fn tag(version: i32) -> String {
    format!("\"{version}\"")
}

/// The version that the caller read. Missing: 428; none of ours: 412.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i32);

impl FromRequest for IfMatch {
    type Error = Fault;
    type Future = Ready<Result<IfMatch, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = req.headers().get(header::IF_MATCH) else {
            let fault = Fault::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required");
            return ready(Err(fault));
        };
        let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
        let stale = || Fault::new(StatusCode::PRECONDITION_FAILED, "precondition_failed");
        ready(text.parse().map(IfMatch).map_err(|_| stale()))
    }
}
