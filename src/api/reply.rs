//! What a handler of the API gives: the kinds of answers, each with its status.

use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use serde_json::{Value, json};

use super::headers::tag;
use super::shape::{Id, Shape, Types, shapes};
use crate::http::Fault;

/// Shorthand of every handler.
pub type Reply<T> = Result<T, Fault>;

/// A kind of answer.
pub trait Answer {
    /// Its status.
    const STATUS: u16;
    /// Its headers, besides those of every answer.
    const HEADERS: &'static [&'static str] = &[];
    /// Media type of its body.
    const KIND: &'static str = "application/json";
    /// Schema of its body, if it has one.
    fn schema(types: &mut Types) -> Option<Value>;
}

/// 200.
#[derive(Debug)]
pub struct Read<T>(pub T);

impl<T: Shape> Answer for Read<T> {
    const STATUS: u16 = 200;
    fn schema(types: &mut Types) -> Option<Value> {
        Some(T::reference(types))
    }
}

impl<T: Serialize> Responder for Read<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

/// 200 with the record's version as its tag (`rulings.md` P4).
#[derive(Debug)]
pub struct Tagged<T>(pub T, pub i32);

impl<T: Shape> Answer for Tagged<T> {
    const STATUS: u16 = 200;
    const HEADERS: &'static [&'static str] = &["ETag"];
    fn schema(types: &mut Types) -> Option<Value> {
        Some(T::reference(types))
    }
}

impl<T: Serialize> Responder for Tagged<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((header::ETAG, tag(self.1))).json(self.0)
    }
}

shapes! {
    /// What was saved.
    answer Saved {
        /// The record; while it waits for a second person, the change.
        id: Id,
        /// Its version now; 0 while it waits for a second person.
        version: i32,
    }

    /// A job that was queued.
    answer Queued {
        /// The job; see `/api/v1/jobs/{id}`.
        job: Id,
    }
}

impl Answer for Saved {
    const STATUS: u16 = 200;
    const HEADERS: &'static [&'static str] = &["ETag"];
    fn schema(types: &mut Types) -> Option<Value> {
        Some(Saved::reference(types))
    }
}

impl Responder for Saved {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((header::ETAG, tag(self.version))).json(self)
    }
}

/// 201.
#[derive(Debug)]
pub struct Created {
    /// What was made.
    pub saved: Saved,
    /// Whether an earlier request with this key made it.
    pub replayed: bool,
}

impl Answer for Created {
    const STATUS: u16 = 201;
    const HEADERS: &'static [&'static str] = &["ETag", "Idempotent-Replayed"];
    fn schema(types: &mut Types) -> Option<Value> {
        Some(Saved::reference(types))
    }
}

impl Responder for Created {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response.insert_header((header::ETAG, tag(self.saved.version)));
        if self.replayed {
            response.insert_header(("idempotent-replayed", "true"));
        }
        response.json(self.saved)
    }
}

/// 201 with a body of its own.
#[derive(Debug)]
pub struct Made<T>(pub T);

impl<T: Shape> Answer for Made<T> {
    const STATUS: u16 = 201;
    fn schema(types: &mut Types) -> Option<Value> {
        Some(T::reference(types))
    }
}

impl<T: Serialize> Responder for Made<T> {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().json(self.0)
    }
}

impl Answer for Queued {
    const STATUS: u16 = 202;
    fn schema(types: &mut Types) -> Option<Value> {
        Some(Queued::reference(types))
    }
}

impl Responder for Queued {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().json(self)
    }
}

/// 200 with a file as its body, to be saved and never opened by a browser.
#[derive(Debug)]
pub struct FileSent {
    /// Name, made of codes: letters, digits, hyphens.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

impl Answer for FileSent {
    const STATUS: u16 = 200;
    const HEADERS: &'static [&'static str] = &["Content-Disposition"];
    const KIND: &'static str = "application/octet-stream";
    fn schema(_: &mut Types) -> Option<Value> {
        Some(json!({ "type": "string", "format": "binary" }))
    }
}

impl Responder for FileSent {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let disposition = format!("attachment; filename=\"{}\"", self.name);
        HttpResponse::Ok()
            .content_type(FileSent::KIND)
            .insert_header((header::CONTENT_DISPOSITION, disposition))
            .body(self.bytes)
    }
}

/// 204.
#[derive(Debug)]
pub struct Done;

impl Answer for Done {
    const STATUS: u16 = 204;
    fn schema(_: &mut Types) -> Option<Value> {
        None
    }
}

impl Responder for Done {
    type Body = BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}
