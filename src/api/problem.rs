//! Errors as RFC 9457 has them.

use serde_json::{Map, Value, json};

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
            let mut error = Map::new();
            error.insert("code".to_owned(), json!(refusal.code));
            error.insert("message".to_owned(), json!(said(refusal)));
            match &refusal.place {
                Some(Place::Field(name)) => error.insert("field".to_owned(), json!(name)),
                Some(place) => error.insert("place".to_owned(), json!(place.to_string())),
                None => None,
            };
            Value::Object(error)
        })
        .collect();
    let mut body = Map::new();
    body.insert("type".to_owned(), json!(format!("/api/problems#{}", fault.code)));
    body.insert("title".to_owned(), json!(lang.t(&title_key(fault.status.as_u16()))));
    body.insert("status".to_owned(), json!(fault.status.as_u16()));
    body.insert("code".to_owned(), json!(fault.code));
    body.insert("request_id".to_owned(), json!(info.id));
    if let Some(first) = fault.refusals.first() {
        body.insert("detail".to_owned(), json!(said(first)));
        body.insert("errors".to_owned(), json!(errors));
    }
    Value::Object(body).to_string()
}

/// Key of a status' title in the catalogue.
#[must_use]
pub fn title_key(status: u16) -> String {
    match status {
        400 | 401 | 403 | 404 | 405 | 408 | 409 | 410 | 412 | 413 | 414 | 415 | 422 | 428 | 429
        | 431 | 500 | 503 => {
            format!("status.{status}")
        }
        _ => "status.500".to_owned(),
    }
}
