//! JSON bodies: declared as such, of limited size and depth, without unknown
//! or repeated fields (SEC-069, SEC-165).

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::body::Body;
use super::fault::Fault;
use crate::error::{ErrorCode, Refusal};

const MAX_DEPTH: usize = 32;

/// A parsed body. `T` derives `Deserialize` with `deny_unknown_fields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Json<T> {
    type Error = Fault;
    type Future = Ready<Result<Json<T>, Fault>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(req))
    }
}

fn parse<T: DeserializeOwned>(req: &HttpRequest) -> Result<Json<T>, Fault> {
    let declared = req.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"));
    }
    let body = Body::of(req);
    if depth(&body) > MAX_DEPTH {
        return Err(refused("嵌套过深。", "The JSON is nested too deeply."));
    }
    if has_control(&body) {
        return Err(refused("内容含有控制字符。", "The JSON has control characters."));
    }
    serde_json::from_slice(&body).map(Json).map_err(|error| {
        // The message of a data error names the field and what was expected;
        // it quotes at most the name of an unknown field.
        match error.classify() {
            serde_json::error::Category::Data => refused(
                format!("内容不符合要求(第 {} 行第 {} 列)。", error.line(), error.column()),
                data_message(&error),
            ),
            _ => Fault::bad_request("不是完整的 JSON。", "This is not complete JSON."),
        }
    })
}

fn data_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // "invalid value: string \"…\", expected …" would repeat what was sent.
    match text.split_once(':') {
        Some((kind, _)) if kind.starts_with("invalid") => {
            format!("{kind} at line {} column {}", error.line(), error.column())
        }
        _ => text,
    }
}

fn refused(zh: impl Into<String>, en: impl Into<String>) -> Fault {
    Fault {
        refusals: vec![Refusal::new(ErrorCode::InvalidInput, zh, en)],
        ..Fault::new(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::InvalidInput.as_str())
    }
}

/// A control character that no name or note has; NUL is one that a database
/// refuses.
pub fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// Whether a text has one, as itself or as an escape.
fn has_control(bytes: &[u8]) -> bool {
    let escaped = |rest: &[u8]| match rest {
        [b'b' | b'f', ..] => true,
        [b'u', digits @ ..] => digits
            .get(..4)
            .and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            .and_then(char::from_u32)
            .is_some_and(is_control),
        _ => false,
    };
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == b'\\' {
            if escaped(after) {
                return true;
            }
            rest = after.get(1..).unwrap_or_default();
        }
    }
    String::from_utf8_lossy(bytes).chars().any(is_control)
}

/// Deepest nesting outside of strings.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert_eq!(depth(br#"{"a":["[[[\"[["]}"#), 2);
        assert_eq!(depth(&b"[".repeat(40)), 40);
    }

    #[test]
    fn control_characters_are_found_however_they_are_written() {
        for wrong in [r#""\u0000""#, r#""a\bc""#, r#""\u009F""#, "\"\u{85}\""] {
            assert!(has_control(wrong.as_bytes()), "{wrong}");
        }
        for right in [r#""\\u0000 \\b""#, r#""\n\t\u00e9""#, "\"陈\"\n"] {
            assert!(!has_control(right.as_bytes()), "{right}");
        }
    }
}
