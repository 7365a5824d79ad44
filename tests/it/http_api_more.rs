//! Imports, claims, population and moves between streets through the API.

use actix_web::http::Method;
use actix_web::test::init_service;
use serde_json::json;

use mingce::domain::role::Role;
use mingce::jobs::run_taken;
use mingce::services::access::Profile;
use mingce::services::job;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, PASSWORD, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, number};

/// A program with an account of its own.
macro_rules! program {
    ($app:expr, $name:expr) => {{
        let account = json!({ "username": $name, "password": PASSWORD });
        let mut browser = Browser::default();
        let grant = browser.json($app, Method::POST, "/api/v1/session", &account).await;
        let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
        Browser::default().header("authorization", &format!("Bearer {token}"))
    }};
}

/// Runs the job that waits.
fn work(registry: &TestRegistry) {
    let taken = job::take(&registry.store, "worker").expect("read").expect("a job");
    run_taken(&registry.store, &taken, "worker").expect("run");
}

const BYTES: &str = "application/octet-stream";

on_both! {
    fn a_program_sends_a_book_checks_loads_and_undoes_it(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "other", Role::Clerk);
        let state = state(registry, Profile::Demo);
        let mut browser = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut clerk, mut other) = (program!(&app, "clerk"), program!(&app, "other"));
            let doc_no = number("1950-01-01", 1);
            let book = format!("居民姓名,号码,区划代码\n甲甲,{doc_no},{EAST}\n丙丙,123,{EAST}\n");
            let to = "/api/v1/uploads?name=book.csv";
            // A cookie alone, as another site could send it.
            let forged = browser.send(&app, Method::POST, to, BYTES, &book).await;
            assert_eq!(forged.status, 403, "{}", forged.body);
            let named = clerk.send(&app, Method::POST, "/api/v1/uploads?name=book.exe", BYTES, &book).await;
            assert_eq!(named.status, 400, "{}", named.body);
            let typed = clerk.send(&app, Method::POST, to, "text/csv", &book).await;
            assert_eq!(typed.status, 415, "{}", typed.body);
            let made = clerk.send(&app, Method::POST, to, BYTES, &book).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let here = format!("/api/v1/uploads/{}", made.json()["id"].as_str().expect("an id"));
            assert_eq!(other.get(&app, &here).await.status, 404);
            let seen = clerk.get(&app, &here).await;
            assert_eq!(seen.json()["sheets"][0]["headers"][0].as_str(), Some("居民姓名"), "{}", seen.body);
            assert!(!seen.body.contains(&doc_no), "the whole number: {}", seen.body);
            let load = json!({ "skip_rejected": true });
            let early = clerk.json(&app, Method::POST, &format!("{here}/load"), &load).await;
            assert_eq!(early.status, 409, "{}", early.body);
            let columns = |first: &str| json!({ "sheets": [{ "register": "residents", "columns": [first, "doc_no", "area"] }] });
            let wrong = clerk.json(&app, Method::PUT, &format!("{here}/columns"), &columns("")).await;
            assert_eq!((wrong.status, wrong.json()["errors"][0]["field"].as_str()), (422, Some("sheet-0")));
            let set = clerk.json(&app, Method::PUT, &format!("{here}/columns"), &columns("name")).await;
            assert_eq!(set.status, 204, "{}", set.body);
            let queued = clerk.json(&app, Method::POST, &format!("{here}/check"), &json!({})).await;
            assert_eq!(queued.status, 202, "{}", queued.body);
            work(registry);
            let report = clerk.get(&app, &here).await.json()["report"].clone();
            assert_eq!((report["dry_run"].as_bool(), report["refusal_count"].as_i64()), (Some(true), Some(1)), "{report}");
            assert_eq!(report["sheets"][0]["rejected"].as_i64(), Some(1), "{report}");
            let queued = clerk.json(&app, Method::POST, &format!("{here}/load"), &load).await;
            assert_eq!(queued.status, 202, "{}", queued.body);
            work(registry);
            let again = clerk.json(&app, Method::POST, &format!("{here}/load"), &load).await;
            assert_eq!(again.status, 409, "{}", again.body);
            let people = clerk.get(&app, "/api/v1/residents").await.json();
            assert_eq!((people["total"].as_i64(), people["items"][0]["name"].as_str()), (Some(1), Some("甲甲")), "{people}");
            let books = clerk.get(&app, "/api/v1/imports").await.json();
            let book = format!("/api/v1/imports/{}", books["items"][0]["id"].as_str().expect("a book"));
            let undo = format!("{book}/undo");
            let silent = clerk.json(&app, Method::POST, &undo, &json!({ "reason": "" })).await;
            assert_eq!((silent.status, silent.json()["errors"][0]["field"].as_str()), (422, Some("reason")));
            let undone = clerk.json(&app, Method::POST, &undo, &json!({ "reason": "导错" })).await;
            assert_eq!((undone.status, undone.json()["records"].as_i64()), (200, Some(1)), "{}", undone.body);
            let seen = clerk.get(&app, &book).await.json();
            assert_eq!(seen["book"]["undone_by"].as_str(), Some("clerk"), "{seen}");
            assert_eq!(clerk.get(&app, "/api/v1/residents").await.json()["total"].as_i64(), Some(0));
        });
    }

    fn the_population_is_counted_and_its_people_named(registry) {
        let office = Office::new(registry);
        office.person("王五", "1950-02-02", 1);
        office.person("李四", "1990-02-02", 2);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "grid", Role::Grid);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut clerk = program!(&app, "clerk");
            let at = "/api/v1/reports/population";
            let table = clerk.get(&app, &format!("{at}?from=2023-01&to=2023-11")).await;
            assert_eq!(table.status, 200, "{}", table.body);
            let total = table.json()["total"]["total"].clone();
            assert_eq!(total["closing"].as_i64(), Some(2), "{}", table.body);
            let older = "figure=closing&band=15-59";
            let people = clerk.get(&app, &format!("{at}/people?from=2023-01&to=2023-11&{older}")).await;
            assert_eq!(people.json()["count"].as_i64(), Some(1), "{}", people.body);
            assert_eq!(people.json()["items"][0]["name"].as_str(), Some("李*"), "{}", people.body);
            let turned = clerk.get(&app, &format!("{at}?from=2023-11&to=2023-01")).await;
            assert_eq!((turned.status, turned.json()["errors"][0]["field"].as_str()), (422, Some("to")));
            let strange = clerk.get(&app, &format!("{at}?from=2023-01&to=2023-11&basis=all")).await;
            assert_eq!(strange.status, 400, "{}", strange.body);
            assert_eq!(program!(&app, "grid").get(&app, at).await.status, 403);
        });
    }

    fn claims_and_moves_answer_what_is_wrong_with_them(registry) {
        let office = Office::new(registry);
        let person = office.person("王五", "1950-02-02", 1).0.to_string();
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "approver", Role::Approver);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut clerk, mut approver) = (program!(&app, "clerk"), program!(&app, "approver"));
            let list = clerk.get(&app, "/api/v1/claims?all=true").await;
            assert_eq!((list.status, list.json()["items"].as_array().map(Vec::len)), (200, Some(0)), "{}", list.body);
            let claim = |fen: i64| json!({ "award": "7", "amount_fen": fen, "reason": "错发", "doc_no": "1号" });
            let nothing = clerk.json(&app, Method::POST, "/api/v1/claims", &claim(0)).await;
            assert_eq!((nothing.status, nothing.json()["errors"][0]["field"].as_str()), (422, Some("amount")));
            let unknown = clerk.json(&app, Method::POST, "/api/v1/claims", &claim(100)).await;
            assert_eq!(unknown.status, 404, "{}", unknown.body);
            let plan = json!({ "cap_percent": -1, "from_month": "2023-11", "doc_no": "1号" });
            let plan = clerk.json(&app, Method::POST, "/api/v1/claims/7/plan", &plan).await;
            assert_eq!((plan.status, plan.json()["errors"][0]["field"].as_str()), (422, Some("cap_percent")));
            let off = approver.json(&app, Method::POST, "/api/v1/claims/7/write-off", &json!({ "reason": "无力偿还" })).await;
            assert_eq!((off.status, off.json()["code"].as_str()), (403, Some("step_up_required")), "{}", off.body);
            let dates = json!({ "event_on": "2023-11-02", "reported_on": "2023-11-06", "decided_on": null });
            let transfer = |area: &str| json!({ "movers": [{ "resident": person, "relation": "02" }],
                "to_area": area, "address": "新村1号", "number": "X-1", "heads": [], "dates": dates });
            for (area, field) in [("短", "to_area"), (EAST, "to_street")] {
                let answer = clerk.json(&app, Method::POST, "/api/v1/events/transfer", &transfer(area)).await;
                assert_eq!((answer.status, answer.json()["errors"][0]["field"].as_str()), (422, Some(field)), "{}", answer.body);
            }
        });
    }
}
