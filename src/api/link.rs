//! Links of the description: an id that one answer gives is what other
//! operations take. Drawn from the routes; only where an answer holds its ids
//! is written down, and a test holds that against the answers' schemas.

use serde_json::{Map, Value, json};

/// An answer that gives ids.
struct Source {
    /// The operation.
    operation: (&'static str, &'static str),
    /// Where in the body the id stands.
    pointer: &'static str,
    /// The part of an address that takes it, without what follows.
    record: &'static str,
    /// The field of a body that takes it; none if no body does.
    field: Option<&'static str>,
}

const fn source(
    operation: (&'static str, &'static str),
    pointer: &'static str,
    record: &'static str,
    field: Option<&'static str>,
) -> Source {
    Source { operation, pointer, record, field }
}

const FIRST: &str = "/items/0/id";

const SOURCES: &[Source] = &[
    source(("get", "/api/v1/residents"), FIRST, "/api/v1/residents/{id}", Some("resident")),
    source(("post", "/api/v1/residents"), "/id", "/api/v1/residents/{id}", Some("resident")),
    source(("get", "/api/v1/households"), FIRST, "/api/v1/households/{id}", Some("household")),
    source(("post", "/api/v1/households"), "/id", "/api/v1/households/{id}", Some("household")),
    source(("get", "/api/v1/residents/{id}"), "/awards/0/id", "/api/v1/awards/{id}", Some("award")),
    source(("get", "/api/v1/awards"), FIRST, "/api/v1/awards/{id}", Some("award")),
    source(("post", "/api/v1/awards"), "/id", "/api/v1/awards/{id}", Some("award")),
    source(("get", "/api/v1/awards/{id}"), "/holds/0/id", "/api/v1/holds/{id}", None),
    source(("post", "/api/v1/visits"), "/id", "/api/v1/visits/{id}", None),
    source(("get", "/api/v1/events/undecided"), FIRST, "/api/v1/events/{id}", None),
    source(("get", "/api/v1/changes"), FIRST, "/api/v1/changes/{id}", None),
    source(("get", "/api/v1/reviews"), FIRST, "/api/v1/reviews/{id}", None),
    source(("get", "/api/v1/jobs"), FIRST, "/api/v1/jobs/{id}", None),
    source(("get", "/api/v1/months/{month}/runs"), "/programs/0/run/id", "/api/v1/runs/{id}", None),
    source(("get", "/api/v1/runs/{id}/lines"), "/lines/0/id", "/api/v1/lines/{id}", None),
    source(("get", "/api/v1/areas"), "/items/0/code", "/api/v1/areas/{code}", Some("area")),
    source(("get", "/api/v1/users"), FIRST, "/api/v1/users/{id}", None),
    source(("get", "/api/v1/grants"), FIRST, "/api/v1/grants/{id}", None),
    source(("get", "/api/v1/uploads"), FIRST, "/api/v1/uploads/{id}", None),
    source(("post", "/api/v1/uploads"), "/id", "/api/v1/uploads/{id}", None),
    source(("get", "/api/v1/imports"), FIRST, "/api/v1/imports/{id}", None),
    source(("get", "/api/v1/claims"), FIRST, "/api/v1/claims/{id}", None),
    source(("post", "/api/v1/claims"), "/id", "/api/v1/claims/{id}", None),
    source(("get", "/api/v1/exports"), FIRST, "/api/v1/exports/{id}", None),
    source(
        ("get", "/api/v1/duplicates"),
        "/items/0/first",
        "/api/v1/residents/{id}",
        Some("first"),
    ),
    source(("get", "/api/v1/visits"), FIRST, "/api/v1/visits/{id}", None),
    source(("get", "/api/v1/temporary-cases"), FIRST, "/api/v1/temporary-cases/{id}", None),
    source(("post", "/api/v1/temporary-cases"), "/id", "/api/v1/temporary-cases/{id}", None),
    source(("post", "/api/v1/guardians"), "/id", "/api/v1/guardians/{id}", None),
    source(("get", "/api/v1/policies"), FIRST, "/api/v1/policies/{id}", None),
    source(("post", "/api/v1/policies"), "/id", "/api/v1/policies/{id}", None),
    source(("post", "/api/v1/exports/residents"), "/id", "/api/v1/exports/{id}", None),
];

/// The operations of a document: path, method, what is said of it.
fn operations(paths: &Map<String, Value>) -> impl Iterator<Item = (&String, &String, &Value)> {
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method, operation))
    })
}

/// The type of a body, without its references.
fn body<'a>(operation: &Value, schemas: &'a Map<String, Value>) -> Option<&'a Value> {
    let body = operation.pointer("/requestBody/content/application~1json/schema/$ref")?;
    schemas.get(body.as_str()?.rsplit('/').next()?)
}

/// What an operation takes of a source, if anything.
fn link(
    source: &Source,
    (path, operation): (&str, &Value),
    schemas: &Map<String, Value>,
) -> Option<Value> {
    let id = operation.get("operationId")?;
    let value = format!("$response.body#{}", source.pointer);
    let rest = path.strip_prefix(source.record);
    // A second id of the address would be missing.
    if rest.is_some_and(|rest| !rest.contains('{') && (rest.is_empty() || rest.starts_with('/'))) {
        let name = source.record.rsplit('{').next()?.trim_end_matches('}');
        let parameters = json!({ (format!("path.{name}")): value });
        return Some(json!({ "operationId": id, "parameters": parameters }));
    }
    let field = source.field?;
    body(operation, schemas)?.get("properties")?.get(field)?;
    Some(json!({ "operationId": id, "requestBody": { (field): value } }))
}

/// A record that was read, and the changes of it: its own id, and its version
/// where the change asks for it.
fn changes(path: &str, paths: &Map<String, Value>) -> Map<String, Value> {
    let mut links = Map::new();
    if !path.ends_with('}') || path.matches('{').count() != 1 {
        return links;
    }
    let name = path.rsplit('{').next().unwrap_or_default().trim_end_matches('}');
    for (other, method, operation) in operations(paths) {
        let rest = other.strip_prefix(path);
        if method == "get" || !rest.is_some_and(|rest| !rest.contains('{')) {
            continue;
        }
        let mut parameters = json!({ (format!("path.{name}")): format!("$request.path.{name}") });
        let asked = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let versioned = asked
            .filter_map(|parameter| parameter.get("name")?.as_str())
            .any(|parameter| parameter == "If-Match");
        if let (true, Some(parameters)) = (versioned, parameters.as_object_mut()) {
            parameters.insert("header.If-Match".to_owned(), json!("$response.header.ETag"));
        }
        let Some(id) = operation.get("operationId").and_then(Value::as_str) else { continue };
        links.insert(id.to_owned(), json!({ "operationId": id, "parameters": parameters }));
    }
    links
}

/// Adds the links to a document's paths.
pub fn add(paths: &mut Map<String, Value>, schemas: &Map<String, Value>) {
    let mut found: Vec<(String, String, Map<String, Value>)> = Vec::new();
    for (path, method, _) in operations(paths) {
        let mut links = if method == "get" { changes(path, paths) } else { Map::new() };
        for source in SOURCES.iter().filter(|one| one.operation == (method.as_str(), path.as_str()))
        {
            for (other, _, operation) in operations(paths) {
                let id = operation.get("operationId").and_then(Value::as_str);
                if let (Some(id), Some(link)) =
                    (id, link(source, (other.as_str(), operation), schemas))
                {
                    links.insert(id.to_owned(), link);
                }
            }
        }
        found.push((path.clone(), method.clone(), links));
    }
    for (path, method, links) in found.into_iter().filter(|(.., links)| !links.is_empty()) {
        let responses = paths
            .get_mut(&path)
            .and_then(|methods| methods.get_mut(&method)?.get_mut("responses")?.as_object_mut());
        let done = responses
            .and_then(|all| all.iter_mut().find(|(status, _)| status.starts_with('2')))
            .and_then(|(_, done)| done.as_object_mut());
        if let Some(done) = done {
            done.insert("links".to_owned(), json!(links));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a pointer through a schema, as its values would be followed.
    fn follow<'a>(mut schema: &'a Value, pointer: &str, document: &'a Value) -> Option<&'a Value> {
        let named = |schema: &'a Value| match schema.get("$ref").and_then(Value::as_str) {
            Some(to) => document.pointer(to.trim_start_matches('#')),
            None => Some(schema),
        };
        for part in pointer.trim_start_matches('/').split('/') {
            schema = named(schema)?;
            if let Some(inner) = schema.get("anyOf").and_then(|any| any.get(0)) {
                schema = named(inner)?;
            }
            schema = match part {
                "0" => schema.get("items")?,
                name => schema.get("properties")?.get(name)?,
            };
        }
        Some(schema)
    }

    #[test]
    fn every_link_starts_at_a_value_and_leads_to_an_operation() {
        let document = crate::api::openapi::describe();
        for source in SOURCES {
            let (method, path) = source.operation;
            let responses = &document["paths"][path][method]["responses"];
            let status = if responses["200"].is_object() { "200" } else { "201" };
            let done = &responses[status];
            let schema = &done["content"]["application/json"]["schema"];
            assert!(follow(schema, source.pointer, &document).is_some(), "{method} {path}");
            assert!(done["links"].as_object().is_some_and(|links| !links.is_empty()), "{path}");
        }
        let resident = &document["paths"]["/api/v1/residents/{id}"]["get"]["responses"]["200"];
        let patch = &resident["links"]["patch_residents_id"]["parameters"];
        assert_eq!(patch["header.If-Match"], "$response.header.ETag");
    }
}
