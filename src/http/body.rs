//! Reads a body once, within limits of size and time, before anything looks
//! at it (SEC-164, SEC-165).

use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, BytesMut};

use super::fault::Fault;

/// Largest body of a form or a JSON request.
pub const LIMIT: usize = 256 * 1024;
const TIME: Duration = Duration::from_secs(60);

/// The body of a request, in its extensions.
#[derive(Debug, Clone)]
pub struct Body(Bytes);

impl Body {
    /// The body; empty if there was none.
    #[must_use]
    pub fn of(req: &HttpRequest) -> Bytes {
        req.extensions().get::<Body>().map(|body| body.0.clone()).unwrap_or_default()
    }
}

/// Reads the body into the request's extensions.
///
/// # Errors
/// Too large (413), too slow (408), or the connection broke (400).
pub async fn read(req: &mut ServiceRequest) -> Result<Bytes, Fault> {
    let declared = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > LIMIT) {
        return Err(too_large());
    }
    let mut payload = req.take_payload();
    let collect = async {
        use futures_util::StreamExt as _;
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| {
                Fault::bad_request("请求没有发送完整。", "The request was not sent completely.")
            })?;
            if body.len() + chunk.len() > LIMIT {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    let body = actix_web::rt::time::timeout(TIME, collect)
        .await
        .map_err(|_| Fault::new(StatusCode::REQUEST_TIMEOUT, "request_timeout"))??;
    req.extensions_mut().insert(Body(body.clone()));
    Ok(body)
}

fn too_large() -> Fault {
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
}
