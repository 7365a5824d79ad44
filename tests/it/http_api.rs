//! The registry through the API, as another program sees it.

use actix_web::http::Method;
use actix_web::test::init_service;
use serde_json::json;

use mingce::domain::role::Role;
use mingce::services::access::Profile;

use crate::harness::http::{Browser, PASSWORD, add_user, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, number};

/// A program with an account of its own.
macro_rules! program {
    ($app:expr, $name:expr) => {{
        let account = json!({ "username": $name, "password": PASSWORD });
        let mut browser = Browser::default();
        let grant = browser.json($app, Method::POST, "/api/v1/session", &account).await;
        assert_eq!(grant.status, 201, "{}", grant.body);
        let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
        Browser::default().header("authorization", &format!("Bearer {token}"))
    }};
}

fn resident(name: &str, doc_no: &str) -> serde_json::Value {
    json!({ "area": EAST, "name": name, "doc_kind": "111", "doc_no": doc_no,
            "residence_status": "R1" })
}

on_both! {
    fn a_program_registers_corrects_and_finds(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "auditor", Role::Auditor);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut clerk = program!(&app, "clerk");
            let doc_no = number("1949-01-01", 1);
            let made = clerk.json(&app, Method::POST, "/api/v1/residents", &resident("王五", &doc_no)).await;
            assert_eq!((made.status, made.header("etag")), (201, "\"1\""), "{}", made.body);
            let id = made.json()["id"].as_str().expect("an id").to_owned();
            let at = format!("/api/v1/residents/{id}");
            let seen = clerk.get(&app, &at).await;
            assert_eq!((seen.status, seen.json()["name"].as_str()), (200, Some("王五")));
            assert!(!seen.body.contains(&doc_no), "the whole number: {}", seen.body);
            let patch = json!({ "reason": "录错", "name": "王伍" });
            let answer = clerk.json(&app, Method::PATCH, &at, &patch).await;
            assert_eq!(answer.status, 428, "{}", answer.body);
            let mut first = clerk.clone().header("if-match", "\"1\"");
            let answer = first.json(&app, Method::PATCH, &at, &patch).await;
            assert_eq!((answer.status, answer.header("etag")), (200, "\"2\""), "{}", answer.body);
            let late = first.json(&app, Method::PATCH, &at, &json!({ "reason": "再改", "name": "王武" })).await;
            assert_eq!((late.status, late.json()["code"].as_str()), (412, Some("precondition_failed")));
            let history = clerk.get(&app, &format!("{at}/history")).await.json();
            assert_eq!(history["items"][0]["field"].as_str(), Some("name"), "{history}");
            let found = clerk.json(&app, Method::POST, "/api/v1/residents/find", &json!({ "doc_no": doc_no })).await;
            assert_eq!(found.json()["resident"].as_str(), Some(id.as_str()));
            let part = clerk.json(&app, Method::POST, "/api/v1/residents/find", &json!({ "doc_no": "3208991949" })).await;
            assert_eq!(part.status, 422, "part of a number is no search");
            let asked = json!({ "field": "doc_no", "purpose": "on_site" });
            let shown = clerk.json(&app, Method::POST, &format!("{at}/reveal"), &asked).await;
            assert_eq!(shown.json()["value"].as_str(), Some(doc_no.as_str()));
            // A reader sees the record, masked, and may not write.
            let mut auditor = program!(&app, "auditor");
            let masked = auditor.get(&app, &at).await;
            assert_eq!((masked.status, masked.json()["birth"].as_str()), (200, Some("1949")), "{}", masked.body);
            assert!(!masked.body.contains("王伍"));
            let refused = auditor.json(&app, Method::POST, "/api/v1/residents", &resident("赵六", &doc_no)).await;
            assert_eq!(refused.status, 403);
        });
    }

    fn a_household_comes_with_its_members_and_lists_page_by_key(registry) {
        let office = Office::new(registry);
        let people: Vec<_> = ["一", "二", "三", "四", "五"]
            .iter()
            .zip(1..)
            .map(|(name, n)| office.person(&format!("测{name}"), "1950-02-02", n)).collect();
        add_user(registry, "clerk", Role::Clerk);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut clerk = program!(&app, "clerk");
            let members = json!([
                { "resident": people[0].0.to_string(), "relation": "02", "counted": true },
                { "resident": people[1].0.to_string(), "relation": "10", "counted": true },
            ]);
            let home = json!({ "kind": "residence", "number": "JZ-1", "area": EAST, "address": "淮海路1号",
                "opened_on": "2023-11-01", "members": members, "reason": "opening" });
            let made = clerk.json(&app, Method::POST, "/api/v1/households", &home).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let at = format!("/api/v1/households/{}", made.json()["id"].as_str().expect("an id"));
            let seen = clerk.get(&app, &at).await;
            let record = seen.json();
            assert_eq!((seen.status, seen.header("etag"), seen.header("cache-control")), (200, "\"1\"", "no-store"));
            assert_eq!(record["members"].as_array().map(Vec::len), Some(2), "{record}");
            assert_eq!(record["members"][0]["relation"].as_str(), Some("02"));
            let listed = clerk.get(&app, "/api/v1/households?text=%E6%B7%AE%E6%B5%B7").await.json();
            assert_eq!(listed["total"].as_i64(), Some(1), "{listed}");
            // Every resident once, two at a time.
            let (mut seen, mut next) = (Vec::new(), String::new());
            loop {
                let page = clerk.get(&app, &format!("/api/v1/residents?limit=2{next}")).await.json();
                let items = page["items"].as_array().expect("items");
                seen.extend(items.iter().map(|row| row["id"].as_str().expect("an id").to_owned()));
                match page["next"].as_str() {
                    Some(after) => next = format!("&after={after}"),
                    None => break,
                }
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), people.len());
            for wrong in ["?limit=0", "?limit=201", "?nick=1", "?status=gone", "?after=x", "?name=%00", "?limit=1&limit=2"] {
                let answer = clerk.get(&app, &format!("/api/v1/residents{wrong}")).await;
                assert_eq!(answer.status, 400, "{wrong}: {}", answer.body);
            }
            for wrong in ["0", "01", "-1", "x", "9223372036854775808"] {
                let answer = clerk.get(&app, &format!("/api/v1/households/{wrong}")).await;
                assert_eq!(answer.status, 404, "{wrong}");
            }
        });
    }

    fn a_request_with_a_key_is_carried_out_once(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "other", Role::Clerk);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let clerk = program!(&app, "clerk");
            let mut keyed = clerk.clone().header("idempotency-key", "phone-0001");
            let body = resident("王五", &number("1949-01-01", 1));
            // A refused request leaves the key free.
            let wrong = json!({ "area": EAST, "name": "", "doc_kind": "00", "residence_status": "R1" });
            assert_eq!(keyed.json(&app, Method::POST, "/api/v1/residents", &wrong).await.status, 422);
            let made = keyed.json(&app, Method::POST, "/api/v1/residents", &body).await;
            assert_eq!((made.status, made.header("idempotent-replayed")), (201, ""), "{}", made.body);
            for _ in 0..3 {
                let again = keyed.json(&app, Method::POST, "/api/v1/residents", &body).await;
                assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
                assert_eq!(again.json(), made.json());
            }
            let people = clerk.clone().get(&app, "/api/v1/residents").await.json();
            assert_eq!(people["total"].as_i64(), Some(1));
            let other = resident("赵六", &number("1950-01-01", 2));
            let answer = keyed.json(&app, Method::POST, "/api/v1/residents", &other).await;
            assert_eq!((answer.status, answer.json()["code"].as_str()), (422, Some("idempotency_key_reused")));
            let bad = clerk.clone().header("idempotency-key", "a b").json(&app, Method::POST, "/api/v1/residents", &other).await;
            assert_eq!(bad.status, 400);
            // Another account's key is another key.
            let mut second = program!(&app, "other").header("idempotency-key", "phone-0001");
            let answer = second.json(&app, Method::POST, "/api/v1/residents", &other).await;
            assert_eq!((answer.status, answer.header("idempotent-replayed")), (201, ""), "{}", answer.body);
        });
        // It outlives the process: the key stands beside what it made.
        assert!(registry.reopen().read(|conn| Ok(mingce::store::dump::count(conn, "idempotency_key")?)).expect("read") == 2);
    }
}

#[test]
fn parallel_requests_with_one_key_make_one_record() {
    let registry = crate::harness::TestRegistry::new(mingce::store::Backend::Postgres);
    let _areas = Office::new(&registry);
    add_user(&registry, "clerk", Role::Clerk);
    let state = state(&registry, Profile::Demo);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let clerk = program!(&app, "clerk").header("idempotency-key", "phone-0002");
        let body = json!({ "area": EAST, "name": "王五", "doc_kind": "00", "sex": "1",
            "birth_on": "1950-01-01", "residence_status": "R1" });
        let mut senders = vec![clerk; 12];
        let sent = senders
            .iter_mut()
            .map(|sender| sender.json(&app, Method::POST, "/api/v1/residents", &body));
        let answers = futures_util::future::join_all(sent).await;
        let mut ids: Vec<String> = Vec::new();
        for answer in answers {
            match answer.status {
                201 => ids.push(answer.json()["id"].as_str().expect("an id").to_owned()),
                409 => {}
                other => panic!("{other}: {}", answer.body),
            }
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "one record, told to everybody");
    });
}
