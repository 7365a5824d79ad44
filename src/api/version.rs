//! Versions of records in headers: `ETag` on what is read, `If-Match` on what
//! is changed (SEC-151).

use actix_web::HttpRequest;
use actix_web::http::{StatusCode, header};

use crate::http::Fault;

/// The tag of a version.
pub fn tag(version: i32) -> String {
    format!("\"{version}\"")
}

/// The version that the caller read.
///
/// # Errors
/// 428 without the header; 412 if it is none of ours.
pub fn wanted(req: &HttpRequest) -> Result<i32, Fault> {
    let Some(value) = req.headers().get(header::IF_MATCH) else {
        return Err(Fault::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required"));
    };
    let text = value.to_str().unwrap_or_default().trim().trim_matches('"');
    text.parse().map_err(|_| stale())
}

/// 412.
pub fn stale() -> Fault {
    Fault::new(StatusCode::PRECONDITION_FAILED, "precondition_failed")
}
