//! The description of the API, drawn from the routes and their handlers'
//! types, and the same for people.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Map, Value, json};

use super::operation::{Described, Operation};
use super::shape::{Shape, Types, shapes};
use super::{described, link};
use crate::http::{Access, Outcome, SignedIn};
use crate::web::Page;

shapes! {
    /// An error as RFC 9457 has it.
    answer Problem {
        /// Address of the code's explanation.
        r#type: String,
        /// What the status means, in the language of the request.
        title: String,
        /// The status.
        status: i32,
        /// Stable code, for programs.
        code: String,
        /// The first error, in the language of the request.
        detail: Option<String>,
        /// For the administrator, who finds the request in the log by it.
        request_id: String,
        /// Every error.
        errors: Option<Vec<ProblemItem>>,
    }

    /// One thing that was refused.
    answer ProblemItem {
        /// Stable code.
        code: String,
        /// In the language of the request.
        message: String,
        /// The field, if it is about one.
        field: Option<String>,
        /// The cell or record, if it is about one.
        place: Option<String>,
    }
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

/// Parameters in the address: their names stand in the pattern, their schemas
/// in the handler's type.
fn path_parameters(path: &str, operation: &Operation) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .zip(&operation.path)
        .map(|(name, schema)| {
            json!({ "name": name, "in": "path", "required": true, "schema": schema })
        })
        .collect()
}

fn responses(access: Access, operation: &Operation) -> Value {
    let mut responses = Map::new();
    let mut done = json!({ "description": "Done" });
    if let (Some(schema), Some(object)) = (&operation.answer, done.as_object_mut()) {
        let content = json!({ (operation.answer_kind): { "schema": schema } });
        object.insert("content".to_owned(), content);
        let headers: Map<String, Value> = operation
            .headers
            .iter()
            .map(|name| ((*name).to_owned(), json!({ "schema": { "type": "string" } })))
            .collect();
        object.insert("headers".to_owned(), json!(headers));
    }
    responses.insert(operation.status.to_string(), done);
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let mut statuses = operation.refusals.clone();
    statuses.extend([400, 401, 429, 503]);
    if !matches!(access, Access::Anyone) {
        statuses.push(403);
    }
    for status in statuses {
        responses.insert(status.to_string(), problem.clone());
    }
    responses.insert("default".to_owned(), problem);
    json!(responses)
}

fn draw(one: &Described, types: &mut Types) -> Value {
    let operation = (one.operation)();
    types.0.extend(operation.types.0.clone());
    let row = one.row;
    let mut parameters = path_parameters(row.path, &operation);
    parameters.extend(operation.parameters.iter().cloned());
    let tag = row.path.split('/').nth(3).unwrap_or_default();
    let mut drawn = json!({
        "summary": one.words, "tags": [tag],
        "description": format!("Needs: {}.", needs(row.access)),
        "operationId": id_of(row.method, row.path),
        "parameters": parameters,
        "security": if row.access == Access::Anyone { json!([]) } else { json!([{ "bearer": [] }]) },
        "responses": responses(row.access, &operation),
    });
    if let (Some(body), Some(object)) = (operation.body, drawn.as_object_mut()) {
        let content =
            json!({ (operation.body_kind.unwrap_or("application/json")): { "schema": body } });
        object.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    drawn
}

/// `get_runs_id_lines`.
fn id_of(method: &str, path: &str) -> String {
    let parts = path.trim_start_matches("/api/v1/").split(['/', '.']);
    let words = parts.map(|part| part.trim_matches(['{', '}']));
    std::iter::once(method.to_lowercase().as_str()).chain(words).collect::<Vec<_>>().join("_")
}

/// The whole description.
pub fn describe() -> Value {
    let mut types = Types::default();
    let mut paths: Map<String, Value> = Map::new();
    for one in described() {
        let operation = draw(&one, &mut types);
        let entry = paths.entry(one.row.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(methods) = entry.as_object_mut() {
            methods.insert(one.row.method.to_lowercase(), operation);
        }
    }
    let problem = Problem::reference(&mut types);
    link::add(&mut paths, &types.0);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mingce", "version": env!("CARGO_PKG_VERSION"),
            "description": "Amounts are whole fen. Ids are text. Months are YYYY-MM.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": types.0,
            "responses": { "Problem": {
                "description": "Refused, or failed", "content": {
                    "application/problem+json": { "schema": problem } },
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

/// An operation as the page shows it.
struct PageRow {
    method: &'static str,
    path: &'static str,
    words: &'static str,
    needs: String,
    parameters: Vec<String>,
    body: Option<String>,
    answer: String,
}

/// A named schema as the page shows it.
struct PageType {
    name: String,
    words: String,
    fields: Vec<(String, String, String)>,
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage<'a> {
    page: &'a Page,
    rows: Vec<PageRow>,
    types: Vec<PageType>,
}

/// A schema in a word: the type's name, or what it is.
fn word(schema: &Value) -> String {
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(name) = text("$ref") {
        return name.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(inner) = schema.get("anyOf").and_then(|any| any.get(0)) {
        return format!("{}?", word(inner));
    }
    match text("type") {
        Some("array") => format!("[{}]", schema.get("items").map(word).unwrap_or_default()),
        Some(kind) => text("format").unwrap_or(kind).to_owned(),
        None => String::new(),
    }
}

fn page_row(one: &Described) -> PageRow {
    let operation = (one.operation)();
    let name = |parameter: &Value| {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        let required = parameter.get("required").and_then(Value::as_bool) == Some(true);
        format!("{name}{}", if required { "" } else { "?" })
    };
    PageRow {
        method: one.row.method,
        path: one.row.path,
        words: one.words,
        needs: needs(one.row.access),
        parameters: operation.parameters.iter().map(name).collect(),
        body: operation.body.as_ref().map(word),
        answer: format!(
            "{} {}",
            operation.status,
            operation.answer.as_ref().map(word).unwrap_or_default()
        ),
    }
}

fn page_type((name, schema): (String, Value)) -> PageType {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    PageType {
        words: format!("{} {}", text(&schema, "description"), text(&schema, "title")),
        fields: fields
            .map(|(field, inner)| (field.clone(), word(inner), text(inner, "description")))
            .collect(),
        name,
    }
}

/// `GET /api`: the same for people.
///
/// # Errors
/// The template failed.
pub async fn page(_user: SignedIn, page: Page) -> Outcome {
    let page = page.title("api.title");
    let mut types = Types::default();
    let rows = described()
        .iter()
        .map(|one| {
            types.0.extend((one.operation)().types.0);
            page_row(one)
        })
        .collect();
    let types = types.0.into_iter().map(page_type).collect();
    page.show(|page| ApiPage { page, rows, types })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` of a description.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, inner) in fields {
                    match inner {
                        Value::String(to) if name == "$ref" => found.push(to.clone()),
                        other => references(other, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_route_is_described_and_every_reference_leads_somewhere() {
        let document = describe();
        let mut rows = crate::app::routes().into_rows();
        rows.retain(|row| row.path.starts_with("/api/v1/") && !row.path.ends_with("openapi.json"));
        assert!(rows.len() > 30);
        for row in rows {
            let method = row.method.to_lowercase();
            let operation = &document["paths"][row.path][&method];
            assert!(operation["summary"].is_string(), "{method} {}", row.path);
            let parameters = operation["parameters"].as_array().expect("parameters");
            let named = row.path.matches('{').count();
            let in_path = parameters.iter().filter(|one| one["in"] == "path").count();
            assert_eq!(in_path, named, "{method} {}", row.path);
        }
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some_and(Value::is_object), "{reference}");
        }
    }
}
