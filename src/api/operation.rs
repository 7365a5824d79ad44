//! One operation of the API as its handler's own types describe it: what the
//! arguments need, what the answer holds. Nothing is written down twice.

use std::rc::Rc;

use actix_web::web::Data;
use actix_web::{FromRequest, Handler, HttpRequest, Responder};
use serde_json::{Value, json};

use super::headers::IfMatch;
use super::once::Once;
use super::reply::Answer;
use super::shape::{Query, Shape, Types};
use crate::domain::month::Month;
use crate::http::route::RouteRow;
use crate::http::{Access, Allowed, AppState, Fault, Json, Path, Routes, SignedIn};
use crate::services::auth::Permit;

/// What is known of an operation.
#[derive(Debug, Default)]
pub struct Operation {
    /// Schemas of the parts of the address, in order.
    pub path: Vec<Value>,
    /// Parameters besides those.
    pub parameters: Vec<Value>,
    /// Schema of the body.
    pub body: Option<Value>,
    /// Its media type, if it is not JSON.
    pub body_kind: Option<&'static str>,
    /// Schema of the answer.
    pub answer: Option<Value>,
    /// Its media type.
    pub answer_kind: &'static str,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub headers: &'static [&'static str],
    /// Statuses that its arguments can lead to.
    pub refusals: Vec<u16>,
    /// Named schemas.
    pub types: Types,
}

/// An argument of a handler.
pub trait Argument {
    /// What it asks of the caller.
    fn describe(_: &mut Operation) {}
}

impl<P: Permit> Argument for Allowed<P> {}
impl Argument for SignedIn {}
impl Argument for Data<AppState> {}
impl Argument for HttpRequest {}

impl<T: Shape> Argument for Json<T> {
    fn describe(operation: &mut Operation) {
        operation.body = Some(T::reference(&mut operation.types));
        operation.refusals.extend([409, 413, 415, 422]);
    }
}

impl<T: Shape> Argument for Query<T> {
    fn describe(operation: &mut Operation) {
        operation.parameters.extend(T::parameters(&mut operation.types));
    }
}

impl Argument for IfMatch {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(json!({
            "name": "If-Match", "in": "header", "required": true,
            "description": "The version that was read, as its ETag.",
            "schema": { "type": "string", "pattern": "^\"[0-9]{1,9}\"$" },
        }));
        operation.refusals.extend([409, 412, 428]);
    }
}

impl Argument for Once {
    fn describe(operation: &mut Operation) {
        operation.parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "A repeated request with the same key is answered with what the \
                first one made (30 days); with another body it is refused (422).",
            "schema": { "type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$" },
        }));
    }
}

/// The parts of an address.
pub trait Parts {
    /// Their schemas, in order.
    fn schemas(types: &mut Types) -> Vec<Value>;
}

macro_rules! parts {
    ($($type:ty),+) => {$(
        impl Parts for $type {
            fn schemas(types: &mut Types) -> Vec<Value> {
                vec![<$type>::reference(types)]
            }
        }
    )+};
}
parts!(super::shape::Id, Month, String);

impl<A: Shape, B: Shape> Parts for (A, B) {
    fn schemas(types: &mut Types) -> Vec<Value> {
        vec![A::reference(types), B::reference(types)]
    }
}

impl<T: Parts> Argument for Path<T> {
    fn describe(operation: &mut Operation) {
        operation.path = T::schemas(&mut operation.types);
        operation.refusals.push(404);
    }
}

macro_rules! arguments {
    ($($name:ident)*) => {
        impl<$($name: Argument),*> Argument for ($($name,)*) {
            fn describe(_operation: &mut Operation) {
                $($name::describe(_operation);)*
            }
        }
    };
}
arguments!();
arguments!(A);
arguments!(A B);
arguments!(A B C);
arguments!(A B C D);
arguments!(A B C D E);
arguments!(A B C D E F);

/// What a handler gives.
pub trait Outcome {
    /// Notes status, headers and schema.
    fn describe(operation: &mut Operation);
}

impl<T: Answer> Outcome for Result<T, Fault> {
    fn describe(operation: &mut Operation) {
        operation.status = T::STATUS;
        operation.headers = T::HEADERS;
        operation.answer = T::schema(&mut operation.types);
        operation.answer_kind = T::KIND;
    }
}

/// An operation with its route and its sentence.
pub struct Described {
    /// The route.
    pub row: RouteRow,
    /// What it does.
    pub words: &'static str,
    /// Draws the rest.
    pub operation: Rc<dyn Fn() -> Operation>,
}

/// The API while it is put together: every route with its sentence.
pub struct Api<'a> {
    routes: &'a mut Routes,
    /// All operations so far.
    pub described: Vec<Described>,
}

impl<'a> Api<'a> {
    /// Into these routes.
    pub fn new(routes: &'a mut Routes) -> Api<'a> {
        Api { routes, described: Vec::new() }
    }

    /// A read.
    pub fn get<F, Args>(
        &mut self,
        path: &'static str,
        access: Access,
        handler: F,
        words: &'static str,
    ) where
        F: Handler<Args>,
        Args: FromRequest + Argument + 'static,
        F::Output: Responder + Outcome + 'static,
    {
        self.add("GET", path, access, handler, words);
    }

    /// Something is made or done.
    pub fn post<F, Args>(
        &mut self,
        path: &'static str,
        access: Access,
        handler: F,
        words: &'static str,
    ) where
        F: Handler<Args>,
        Args: FromRequest + Argument + 'static,
        F::Output: Responder + Outcome + 'static,
    {
        self.add("POST", path, access, handler, words);
    }

    /// Any method.
    pub fn add<F, Args>(
        &mut self,
        method: &'static str,
        path: &'static str,
        access: Access,
        handler: F,
        words: &'static str,
    ) where
        F: Handler<Args>,
        Args: FromRequest + Argument + 'static,
        F::Output: Responder + Outcome + 'static,
    {
        self.routes.add(method, path, access, handler);
        let row = RouteRow { method, path, access, limited: false, upload: false };
        let operation = Rc::new(|| {
            let mut operation = Operation::default();
            Args::describe(&mut operation);
            F::Output::describe(&mut operation);
            operation
        });
        self.described.push(Described { row, words, operation });
    }

    /// The operation added last takes a file.
    pub fn upload(&mut self) {
        self.routes.upload();
    }

    /// The operation added last is counted per address.
    pub fn limited(&mut self) {
        self.routes.limited();
    }
}
