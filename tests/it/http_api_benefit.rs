//! Events and benefit-bearing changes through the API: what waits for a second
//! person says so, and only a second person makes it true.

use actix_web::http::Method;
use actix_web::test::init_service;
use serde_json::{Value, json};

use mingce::domain::role::Role;
use mingce::services::access::Profile;

use crate::harness::http::{Browser, PASSWORD, add_user, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office};

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

fn fact(resident: &str) -> Value {
    json!({ "resident": resident, "kind": "income", "code": "wage", "amount_fen": 1_200_000,
            "decided_on": "2023-11-10" })
}

on_both! {
    fn a_fact_waits_for_a_second_person(registry) {
        let office = Office::new(registry);
        let person = office.person("王五", "1950-02-02", 1).0.to_string();
        for name in ["first", "second"] {
            add_user(registry, name, Role::Clerk);
        }
        add_user(registry, "grid", Role::Grid);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let first = program!(&app, "first");
            let mut keyed = first.clone().header("idempotency-key", "fact-0001");
            let made = keyed.json(&app, Method::POST, "/api/v1/changes/fact", &fact(&person)).await;
            // Version 0: it waits.
            assert_eq!((made.status, made.json()["version"].as_i64()), (201, Some(0)), "{}", made.body);
            let again = keyed.json(&app, Method::POST, "/api/v1/changes/fact", &fact(&person)).await;
            assert_eq!((again.status, again.json()), (201, made.json()));
            let id = made.json()["id"].as_str().expect("an id").to_owned();
            let mut first = first;
            let listed = first.get(&app, "/api/v1/changes").await.json();
            assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
            let at = format!("/api/v1/changes/{id}");
            let own = first.json(&app, Method::POST, &format!("{at}/confirm"), &json!({})).await;
            assert_eq!((own.status, own.json()["code"].as_str()), (403, Some("separation_of_duties")));
            let mut second = program!(&app, "second");
            let done = second.json(&app, Method::POST, &format!("{at}/confirm"), &json!({})).await;
            assert_eq!(done.status, 204, "{}", done.body);
            let seen = second.get(&app, &at).await.json();
            assert_eq!(seen["state"].as_str(), Some("confirmed"), "{seen}");
            let late = second.json(&app, Method::POST, &format!("{at}/reject"), &json!({ "reason": "晚了" })).await;
            assert_eq!(late.status, 409, "{}", late.body);
            // Another is rejected, with a reason.
            let made = first.json(&app, Method::POST, "/api/v1/changes/fact", &fact(&person)).await;
            let at = format!("/api/v1/changes/{}", made.json()["id"].as_str().expect("an id"));
            let silent = second.json(&app, Method::POST, &format!("{at}/reject"), &json!({ "reason": "" })).await;
            assert_eq!((silent.status, silent.json()["errors"][0]["field"].as_str()), (422, Some("reason")));
            let done = second.json(&app, Method::POST, &format!("{at}/reject"), &json!({ "reason": "与核查不符" })).await;
            assert_eq!(done.status, 204, "{}", done.body);
            // A grid worker may not enter income at all.
            let mut grid = program!(&app, "grid");
            let refused = grid.json(&app, Method::POST, "/api/v1/changes/fact", &fact(&person)).await;
            assert_eq!(refused.status, 403, "{}", refused.body);
        });
    }

    fn births_and_deaths_are_events_of_the_record(registry) {
        let office = Office::new(registry);
        let head = office.person("王五", "1950-02-02", 1).0.to_string();
        add_user(registry, "first", Role::Clerk);
        add_user(registry, "second", Role::Clerk);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut first = program!(&app, "first");
            let home = json!({ "kind": "residence", "number": "JZ-1", "area": EAST, "address": "淮海路1号",
                "opened_on": "2023-01-01", "reason": "opening",
                "members": [{ "resident": head, "relation": "02", "counted": true }] });
            let home = first.json(&app, Method::POST, "/api/v1/households", &home).await.json();
            let home = home["id"].as_str().expect("a household").to_owned();
            let dates = json!({ "event_on": "2023-11-02", "reported_on": "2023-11-06", "decided_on": null });
            let birth = json!({
                "child": { "area": EAST, "name": "王六", "doc_kind": "00", "sex": "2", "residence_status": "R1" },
                "joins": [{ "household": home, "relation": "20", "counted": true }], "dates": dates });
            let born = first.json(&app, Method::POST, "/api/v1/events/birth", &birth).await;
            assert_eq!((born.status, born.json()["version"].as_i64()), (201, Some(1)), "{}", born.body);
            let record = first.get(&app, &format!("/api/v1/households/{home}")).await.json();
            assert_eq!(record["members"].as_array().map(Vec::len), Some(2), "{record}");
            // A match of data only: nobody decides it who reported it.
            let death = json!({ "resident": head, "dates": dates, "confidence": 3, "heads": [] });
            let reported = first.json(&app, Method::POST, "/api/v1/events/death", &death).await;
            assert_eq!(reported.status, 201, "{}", reported.body);
            let waiting = first.get(&app, "/api/v1/events/undecided").await.json();
            let event = waiting["items"][0]["id"].as_str().expect("a report").to_owned();
            let wrong = json!({ "on": "2023-11-10", "reason": "本人在世", "relations": [] });
            let at = format!("/api/v1/events/{event}/reject");
            let own = first.json(&app, Method::POST, &at, &wrong).await;
            assert_eq!(own.status, 403, "{}", own.body);
            let mut second = program!(&app, "second");
            let done = second.json(&app, Method::POST, &at, &wrong).await;
            assert_eq!(done.status, 204, "{}", done.body);
            let waiting = second.get(&app, "/api/v1/events/undecided").await.json();
            assert_eq!(waiting["items"].as_array().map(Vec::len), Some(0), "{waiting}");
            for wrong in [json!({ "resident": head, "dates": dates, "confidence": 4, "heads": [] }),
                          json!({ "resident": 7, "dates": dates, "confidence": 1, "heads": [] }),
                          json!({ "resident": head, "dates": dates, "confidence": 1, "heads": [], "why": "x" })] {
                let answer = second.json(&app, Method::POST, "/api/v1/events/death", &wrong).await;
                assert_eq!(answer.status, 422, "{wrong}: {}", answer.body);
            }
        });
    }
}
