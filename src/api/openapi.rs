//! The description of the API: addresses, methods and rights come from the
//! registry of routes, so that none can be missing; this file adds a sentence
//! to each and draws the same for people.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Map, Value, json};

use crate::http::route::RouteRow;
use crate::http::{Access, Outcome, SignedIn};
use crate::web::Page;

/// Method, address, what it does.
const WORDS: &[(&str, &str, &str)] = &[
    ("POST", "/api/v1/session", "Sign in: an access token and a refresh token"),
    ("POST", "/api/v1/session/refresh", "Exchange a refresh token"),
    ("GET", "/api/v1/session", "Who is signed in"),
    ("DELETE", "/api/v1/session", "Sign out; all tokens end"),
    ("GET", "/api/v1/months/{month}/runs", "The programs of a month and their runs"),
    ("POST", "/api/v1/months/{month}/draft", "Draft a month as a job"),
    ("POST", "/api/v1/months/{month}/close", "Close a month whose runs are all paid"),
    ("GET", "/api/v1/runs/{id}", "A run; its version is the ETag"),
    ("GET", "/api/v1/runs/{id}/lines", "Lines of a run: ?after=&limit=, next in the answer"),
    ("GET", "/api/v1/lines/{id}", "A line and how its amount came about"),
    ("POST", "/api/v1/runs/{id}/submit", "Submit a draft (If-Match)"),
    ("POST", "/api/v1/runs/{id}/withdraw", "Take a submitted run back (If-Match)"),
    ("POST", "/api/v1/runs/{id}/return", "Return a run to its maker (If-Match, reason)"),
    ("POST", "/api/v1/runs/{id}/approve", "Approve the content of a hash (If-Match)"),
    ("POST", "/api/v1/runs/{id}/payment", "Record the day of payment (If-Match)"),
    ("POST", "/api/v1/runs/{id}/returns", "Record payments that came back"),
    ("GET", "/api/v1/reports/month/{month}", "The month's official table"),
    ("GET", "/api/v1/reports/annual/{month}", "The annual figures through a month"),
    ("GET", "/api/v1/openapi.json", "This description"),
];

fn operations() -> impl Iterator<Item = (RouteRow, &'static str)> {
    crate::app::routes().into_rows().into_iter().filter(|row| row.path.starts_with("/api/v1/")).map(
        |row| {
            let words =
                WORDS.iter().find(|(method, path, _)| *method == row.method && *path == row.path);
            (row, words.map_or("", |(_, _, text)| *text))
        },
    )
}

fn needs(access: Access) -> String {
    match access {
        Access::Needs(permission) => format!("{permission:?}"),
        Access::SteppedUp(permission) => format!("{permission:?}, confirmed a moment ago"),
        Access::NeedsAny(permissions) => format!("{permissions:?}"),
        Access::SignedIn => "a session".to_owned(),
        _ => "nothing".to_owned(),
    }
}

fn describe() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for (row, words) in operations() {
        let parameters: Vec<Value> = row
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        let open = matches!(row.access, Access::Anyone | Access::Open);
        let operation = json!({
            "summary": words,
            "description": format!("Needs: {}.", needs(row.access)),
            "operationId": format!("{}{}", row.method.to_lowercase(), row.path.replace(['/', '{', '}', '.'], "_")),
            "parameters": parameters,
            "security": if open { json!([]) } else { json!([{ "bearer": [] }]) },
            "responses": {
                "2XX": { "description": "Done" },
                "default": { "description": "RFC 9457", "content": {
                    "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
            },
        });
        let entry = paths.entry(row.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(row.method.to_lowercase(), operation);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Mingce", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": { "Problem": {
                "type": "object",
                "required": ["type", "title", "status", "code", "request_id"],
                "properties": {
                    "type": { "type": "string" }, "title": { "type": "string" },
                    "status": { "type": "integer" }, "code": { "type": "string" },
                    "detail": { "type": "string" }, "request_id": { "type": "string" },
                    "errors": { "type": "array", "items": { "type": "object" } },
                },
            } },
        },
    })
}

/// `GET /api/v1/openapi.json`.
///
/// # Errors
/// None.
pub async fn document(_user: SignedIn) -> Outcome {
    Ok(HttpResponse::Ok().json(describe()))
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage<'a> {
    page: &'a Page,
    rows: Vec<(&'static str, &'static str, &'static str, String)>,
}

/// `GET /api`: the same for people.
///
/// # Errors
/// The template failed.
pub async fn page(_user: SignedIn, page: Page) -> Outcome {
    let page = page.title("api.title");
    let rows =
        operations().map(|(row, words)| (row.method, row.path, words, needs(row.access))).collect();
    page.show(|page| ApiPage { page, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_sentence() {
        for (row, words) in operations() {
            assert!(!words.is_empty(), "{} {}", row.method, row.path);
        }
        assert_eq!(operations().count(), WORDS.len(), "a sentence without a route");
    }
}
