//! Errors as RFC 9457 has them.

use serde_json::{Value, json};

use crate::error::{Place, Refusal};
use crate::http::Fault;
use crate::http::edge::RequestInfo;
use crate::web::Lang;

/// The body of a fault.
#[must_use]
pub fn draw(fault: &Fault, info: &RequestInfo, lang: Lang) -> String {
    let said = |refusal: &Refusal| match lang {
        Lang::Zh => refusal.zh.clone(),
        Lang::En => refusal.en.clone(),
    };
    let errors: Vec<Value> = fault
        .refusals
        .iter()
        .map(|refusal| {
            let mut error = json!({ "code": refusal.code, "message": said(refusal) });
            match &refusal.place {
                Some(Place::Field(name)) => error["field"] = json!(name),
                Some(place) => error["place"] = json!(place.to_string()),
                None => {}
            }
            error
        })
        .collect();
    let title = lang.t(&title_key(fault.status.as_u16()));
    let mut body = json!({
        "type": format!("/api/problems#{}", fault.code),
        "title": title,
        "status": fault.status.as_u16(),
        "code": fault.code,
        "request_id": info.id,
    });
    if let Some(first) = fault.refusals.first() {
        body["detail"] = json!(said(first));
        body["errors"] = json!(errors);
    }
    body.to_string()
}

/// Key of a status' title in the catalogue.
#[must_use]
pub fn title_key(status: u16) -> String {
    match status {
        400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 414 | 415 | 422 | 429 | 431 | 500 | 503 => {
            format!("status.{status}")
        }
        _ => "status.500".to_owned(),
    }
}
