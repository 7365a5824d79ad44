//! An uploaded file with the fields of its form. The form token is the first
//! part and is checked before the rest of the body is read (SEC-066).

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;

use super::csrf;
use super::fault::Fault;
use super::form::{CSRF_FIELD, Fields};
use super::gate::Binding;
use super::state::AppState;

/// Largest file that a browser may send (`rulings.md` P5).
pub const MAX_FILE: usize = 20 * 1024 * 1024;
/// Fields and boundaries around it.
const AROUND: usize = 64 * 1024;
const TIME: Duration = Duration::from_secs(300);

/// A form with one file.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// The other fields.
    pub fields: Fields,
    /// Name of the file as the browser says it, without any path.
    pub file_name: String,
    /// Its content; empty if no file was chosen.
    pub file: Bytes,
}

impl FromRequest for Upload {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Upload, Fault>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let body = actix_web::rt::time::timeout(TIME, read(&req, payload));
            body.await.map_err(|_| Fault::new(StatusCode::REQUEST_TIMEOUT, "request_timeout"))?
        })
    }
}

fn unreadable() -> Fault {
    Fault::bad_request("上传的内容无法读取。", "The upload cannot be read.")
}

fn too_large() -> Fault {
    Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
}

/// The boundary that the browser chose.
fn boundary(req: &HttpRequest) -> Option<String> {
    let kind = req.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let rest = kind.strip_prefix("multipart/form-data")?;
    let given = rest.split(';').find_map(|part| part.trim().strip_prefix("boundary="))?;
    let given = given.trim_matches('"');
    (!given.is_empty() && given.len() <= 70).then(|| format!("--{given}"))
}

async fn read(req: &HttpRequest, mut payload: Payload) -> Result<Upload, Fault> {
    let limit = MAX_FILE + AROUND;
    let declared = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let boundary = boundary(req)
        .ok_or_else(|| Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"))?;
    let mut trusted = req.headers().contains_key("x-csrf-token");
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk.map_err(|_| unreadable())?);
        if body.len() > limit {
            return Err(too_large());
        }
        if !trusted {
            trusted = check_token(req, &body, &boundary)?;
        }
    }
    if !trusted {
        return Err(Fault::forbidden());
    }
    split(&body.freeze(), &boundary)
}

/// Whether the first part is there and is the session's token.
fn check_token(req: &HttpRequest, body: &[u8], boundary: &str) -> Result<bool, Fault> {
    let mut parts = Parts { rest: body, boundary: boundary.as_bytes() };
    let Some(part) = parts.next() else {
        return if body.len() > AROUND { Err(Fault::forbidden()) } else { Ok(false) };
    };
    let (name, _, content) = part.ok_or_else(unreadable)?;
    let state = req.app_data::<Data<AppState>>().ok_or_else(Fault::forbidden)?;
    let binding = req.extensions().get::<Binding>().map(|b| b.0.clone()).unwrap_or_default();
    let token = std::str::from_utf8(content).map_err(|_| unreadable())?;
    let fits = name == CSRF_FIELD
        && !binding.is_empty()
        && csrf::is_token(state.store.cipher(), &binding, token);
    if fits { Ok(true) } else { Err(Fault::forbidden()) }
}

fn split(body: &Bytes, boundary: &str) -> Result<Upload, Fault> {
    let mut upload = Upload::default();
    let mut has_file = false;
    for part in (Parts { rest: body, boundary: boundary.as_bytes() }).take(50) {
        let (name, file_name, content) = part.ok_or_else(unreadable)?;
        match file_name {
            Some(file) if !has_file => {
                has_file = true;
                if content.len() > MAX_FILE {
                    return Err(too_large());
                }
                let plain = file.rsplit(['/', '\\']).next().unwrap_or_default();
                upload.file_name = plain.chars().filter(|c| !c.is_control()).take(200).collect();
                upload.file = body.slice_ref(content);
            }
            Some(_) => return Err(unreadable()),
            None if name == CSRF_FIELD => {}
            None => {
                let text = std::str::from_utf8(content).map_err(|_| unreadable())?;
                upload.fields.set(&name, text);
            }
        }
    }
    Ok(upload)
}

/// The parts of a body whose end has arrived: name, file name, content;
/// `None` for one that makes no sense.
struct Parts<'a> {
    rest: &'a [u8],
    boundary: &'a [u8],
}

type Part<'a> = (String, Option<String>, &'a [u8]);

impl<'a> Iterator for Parts<'a> {
    type Item = Option<Part<'a>>;

    fn next(&mut self) -> Option<Option<Part<'a>>> {
        let rest = self.rest.strip_prefix(self.boundary)?.strip_prefix(b"\r\n")?;
        let mut end_mark = b"\r\n".to_vec();
        end_mark.extend_from_slice(self.boundary);
        let end = find(rest, &end_mark)?;
        let (part, after) = rest.split_at_checked(end)?;
        self.rest = after.get(2..)?;
        Some(read_part(part))
    }
}

fn read_part(part: &[u8]) -> Option<Part<'_>> {
    let at = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(part.get(..at)?).ok()?;
    let content = part.get(at + 4..)?;
    let line = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
    })?;
    let value = |key: &str| {
        let start = line.find(&format!("; {key}=\""))? + key.len() + 4;
        let rest = line.get(start..)?;
        rest.split('"').next().map(str::to_owned)
    };
    Some((value("name")?, value("filename"), content))
}

/// Searches by the first byte, which skips most of a compressed file.
fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(step) = text.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + step;
        if text.get(at..)?.starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\ntoken\r\n--b\r\n\
        Content-Disposition: form-data; name=\"file\"; filename=\"C:\\\\x\\\\book.xlsx\"\r\n\
        Content-Type: application/octet-stream\r\n\r\nPK\r\n\r\nx\r\n--b\r\n\
        Content-Disposition: form-data; name=\"action\"\r\n\r\ncheck\r\n--b--\r\n";

    #[test]
    fn a_form_with_a_file_is_taken_apart() {
        let upload = split(&Bytes::from_static(BODY.as_bytes()), "--b").expect("an upload");
        assert_eq!(upload.file_name, "book.xlsx");
        assert_eq!(&upload.file[..], b"PK\r\n\r\nx");
        assert_eq!(upload.fields.value("action"), "check");
    }

    #[test]
    fn half_a_body_has_only_its_finished_parts() {
        for end in 0..BODY.len() {
            let half = BODY.get(..end).unwrap_or_default().as_bytes();
            let parts = Parts { rest: half, boundary: b"--b" }.flatten().count();
            assert!(parts <= 3);
        }
    }
}
