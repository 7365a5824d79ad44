//! Every route, seen from outside: headers, who may, whose form, which host.

use actix_web::http::Method;
use actix_web::test::init_service;

use mingce::domain::role::Role;
use mingce::http::edge::CSP;
use mingce::http::gate::is_allowed;
use mingce::http::route::RouteRow;
use mingce::http::{Access, csrf};
use mingce::services::access::{Level, Profile, Session};
use mingce::store::Backend;

use crate::harness::TestRegistry;
use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::on_both;

fn rows() -> Vec<RouteRow> {
    mingce::app::routes().into_rows()
}

fn example(row: &RouteRow) -> String {
    let mut path = String::new();
    for part in row.path.split('/').skip(1) {
        path.push('/');
        path.push_str(if part.starts_with('{') { "1" } else { part });
    }
    path
}

fn method(row: &RouteRow) -> Method {
    row.method.parse().expect("a method")
}

/// Sends an empty body of the kind the route expects, with a valid token.
async fn visit<S, B>(
    app: &S,
    browser: &mut Browser,
    row: &RouteRow,
    token: Option<String>,
) -> Answer
where
    S: actix_web::dev::Service<
            actix_http::Request,
            Response = actix_web::dev::ServiceResponse<B>,
            Error = actix_web::Error,
        >,
    B: actix_web::body::MessageBody + 'static,
{
    if row.method == "GET" {
        return browser.get(app, &example(row)).await;
    }
    let mut sender = browser.clone();
    if let Some(token) = token {
        sender = sender.header("x-csrf-token", &token);
    }
    let (kind, body) = if row.path.starts_with("/api/") {
        ("application/json", "{}")
    } else {
        ("application/x-www-form-urlencoded", "")
    };
    sender.send(app, method(row), &example(row), kind, body).await
}

#[test]
fn security_headers_stand_on_every_answer() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let state = state(&registry, Profile::Demo);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let mut answers = Vec::new();
        for row in rows() {
            answers.push((row.path, visit(&app, &mut Browser::default(), &row, None).await));
        }
        let mut other = Browser::default();
        answers.push(("404", other.get(&app, "/nowhere").await));
        answers.push(("405", other.send(&app, Method::TRACE, "/login", "", "").await));
        answers.push(("api 404", other.get(&app, "/api/v1/nowhere").await));
        for (path, answer) in answers {
            assert_eq!(answer.header("content-security-policy"), CSP, "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("x-request-id").len(), 9, "{path}");
            assert!(answer.header("server").is_empty(), "{path}");
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
            let cache = answer.header("cache-control");
            assert!(cache == "no-store" || path.starts_with("/static/"), "{path}: {cache}");
            for banned in ["src/", ".rs:", "SQLITE", "panicked", "diesel", " style=", "onclick="] {
                assert!(!answer.body.contains(banned), "{path}: {banned}");
            }
        }
    });
}

/// Whoever is at a step of the sign-in, as the matrix names them.
struct Visitor {
    name: &'static str,
    role: Role,
    level: Option<Level>,
}

fn visitors() -> Vec<Visitor> {
    let mut all: Vec<Visitor> = Role::ACCOUNT_ROLES
        .into_iter()
        .map(|role| Visitor { name: role.as_str(), role, level: Some(Level::Full) })
        .collect();
    all.push(Visitor { name: "anonymous", role: Role::Clerk, level: None });
    all.push(Visitor { name: "nomfa", role: Role::Clerk, level: Some(Level::Enrol) });
    all
}

fn expected(row: &RouteRow, visitor: &Visitor) -> bool {
    match (row.access, visitor.level) {
        (Access::Open | Access::Monitoring | Access::Anyone, _) => true,
        (_, None) => false,
        (Access::At(levels), Some(level)) => levels.contains(&level),
        (access, Some(level)) => level == Level::Full && is_allowed(access, visitor.role),
    }
}

/// Turned away: to the sign-in, to a step of it, or with 401 or 403.
fn is_turned_away(answer: &Answer, row: &RouteRow) -> bool {
    let to = answer.header("location");
    let gate = ["/login", "/me/totp", "/password/first", "/home"];
    match answer.status {
        401 => !row.path.ends_with("/session") && !row.path.ends_with("/refresh"),
        // Who is let in may still have to enter the password again.
        403 => {
            !answer.body.contains("/me/confirm?next=") && !answer.body.contains("step_up_required")
        }
        303 => match row.access {
            Access::Open | Access::Anyone => false,
            Access::At(_) if row.path == "/logout" => false,
            _ => {
                (to == "/" || gate.iter().any(|page| to.starts_with(page)))
                    && !(row.path == "/" && to == "/home")
            }
        },
        _ => false,
    }
}

on_both! {
    fn every_route_lets_in_whom_the_table_names(registry) {
        let state = state(registry, Profile::Demo);
        for visitor in visitors().iter().filter(|v| v.level.is_some()) {
            add_user(registry, visitor.name, visitor.role);
        }
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for visitor in visitors() {
                let sign_in = || -> Option<(String, Session)> {
                    let profile = match visitor.level? {
                        Level::Full => Profile::Demo,
                        _ => Profile::Standard,
                    };
                    Some(open_session(registry, visitor.name, profile))
                };
                let mut opened = sign_in();
                for row in rows() {
                    let mut browser = opened
                        .as_ref()
                        .map_or_else(Browser::default, |(token, _)| Browser::with_session(token));
                    let token = opened
                        .as_ref()
                        .map(|(_, session)| csrf::token(registry.store.cipher(), &session.binding()));
                    let answer = visit(&app, &mut browser, &row, token).await;
                    let place = format!("{} {} as {}: {}", row.method, row.path, visitor.name, answer.status);
                    if expected(&row, &visitor) {
                        let anonymous_form = visitor.level.is_none() && row.method != "GET";
                        assert!(!is_turned_away(&answer, &row) || anonymous_form, "{place} {}", answer.body);
                        assert_ne!(answer.status, 500, "{place}");
                    } else {
                        // Anonymous programs may not even learn which it is.
                        let refused = is_turned_away(&answer, &row) || matches!(answer.status, 401 | 403)
                            || answer.header("location").starts_with("/login");
                        assert!(refused, "{place}");
                    }
                    if row.path == "/logout" || row.method == "DELETE" {
                        opened = sign_in();
                    }
                }
            }
        });
    }

    fn a_form_counts_only_with_its_own_token(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "other", Role::Clerk);
        let (token, session) = open_session(registry, "clerk", Profile::Demo);
        let (_, other) = open_session(registry, "other", Profile::Demo);
        let cipher = registry.store.cipher();
        let own = csrf::token(cipher, &session.binding());
        let foreign = csrf::token(cipher, &other.binding());
        let mut broken = own.clone();
        broken.pop();
        let table: &[(&str, &[(&'static str, &str)], bool)] = &[
            ("", &[], false),
            (&foreign, &[], false),
            (&broken, &[], false),
            (&own, &[("sec-fetch-site", "cross-site")], false),
            (&own, &[("sec-fetch-site", "same-site")], false),
            (&own, &[("origin", "null")], false),
            (&own, &[("origin", "http://evil.example")], false),
            (&own, &[("origin", "http://localhost")], true),
            (&own, &[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
            (&own, &[], true),
        ];
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for (given, headers, passes) in table {
                let mut browser = Browser::with_session(&token);
                for (name, value) in *headers {
                    browser = browser.header(name, value);
                }
                let body = format!("csrf={given}&lang=en&page_size=20&density=normal");
                let answer = browser.post(&app, "/me/preferences", &body).await;
                assert_eq!(answer.status, if *passes { 303 } else { 403 }, "{given} {headers:?}");
            }
        });
    }
}

#[test]
fn foreign_hosts_and_forged_addresses() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let state = state(&registry, Profile::Demo);
    add_user(&registry, "clerk", Role::Clerk);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        for (host, status) in [
            ("localhost", 200),
            ("127.0.0.1:8080", 200),
            ("evil.example", 400),
            ("localhost.evil", 400),
        ] {
            let mut browser = Browser::default().header("host", host);
            assert_eq!(browser.get(&app, "/login").await.status, status, "{host}");
        }
        let mut browser = Browser::default().header("x-forwarded-for", "1.2.3.4");
        let fields = format!("username=clerk&password={}&next=", crate::harness::http::PASSWORD);
        let answer = browser.submit(&app, "/login", "/login", &fields.replace(' ', "+")).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = browser.get(&app, "/me/sessions").await;
        assert!(page.body.contains("127.0.0.1") && !page.body.contains("1.2.3.4"));
    });
}

#[test]
fn bodies_are_limited_and_methods_declared() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let state = state(&registry, Profile::Demo);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let mut browser = Browser::default();
        let long = "x".repeat(300 * 1024);
        let answer = browser.post(&app, "/api/v1/session", &long).await;
        assert_eq!(answer.status, 413);
        let answer = browser.post(&app, "/api/v1/session", "a=b").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (415, "application/problem+json")
        );
        let unknown = serde_json::json!({ "username": "a", "password": "b", "admin": true });
        let answer = browser.json(&app, Method::POST, "/api/v1/session", &unknown).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("invalid_input")));
        let deep = "[".repeat(64);
        let answer =
            browser.send(&app, Method::POST, "/api/v1/session", "application/json", &deep).await;
        assert_eq!(answer.status, 422);
        let answer = browser.send(&app, Method::PUT, "/login", "", "").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST"));
        let answer = browser.get(&app, &format!("/login?next=/{}", "x".repeat(5000))).await;
        assert_eq!(answer.status, 414);
    });
}
