//! Files, policies, temporary cases, guardians and rounds through the API.

use actix_web::http::Method;
use actix_web::test::init_service;
use serde_json::json;

use mingce::domain::household::HouseholdKind;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::services::household;
use mingce::services::policy::EXAMPLE;

use crate::harness::http::{Answer, Browser, PASSWORD, add_user, open_session, run, state};
use crate::http_month::{home, work};
use crate::on_both;
use crate::payout::world::day;
use crate::registry_office::{EAST, Office, number};

/// A program with an account of its own; `confirmed`: the password was just
/// entered again.
macro_rules! program {
    ($app:expr, $name:expr) => {{
        let account = json!({ "username": $name, "password": PASSWORD });
        let mut browser = Browser::default();
        let grant = browser.json($app, Method::POST, "/api/v1/session", &account).await;
        let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
        Browser::default().header("authorization", &format!("Bearer {token}"))
    }};
    ($app:expr, $name:expr, confirmed) => {{
        let mut program = program!($app, $name);
        let again = json!({ "password": PASSWORD });
        let done = program.json($app, Method::POST, "/api/v1/session/confirm", &again).await;
        assert!(done.status < 300, "{} {}", done.status, done.body);
        program
    }};
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {}", answer.body)).to_owned()
}

fn field(answer: &Answer) -> (u16, String) {
    let field = answer.json()["errors"][0]["field"].as_str().unwrap_or_default().to_owned();
    (answer.status, field)
}

on_both! {
    fn a_file_waits_a_day_for_whoever_made_it(registry) {
        let office = Office::new(registry);
        office.person("王五", "1950-02-02", 1);
        office.person("李四", "1990-02-02", 2);
        for (name, role) in [("clerk", Role::Clerk), ("other", Role::Clerk), ("aud", Role::Auditor), ("boss", Role::Supervisor)] {
            add_user(registry, name, role);
        }
        let state = state(registry, Profile::Demo);
        let mut browser = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut clerk, mut other) = (program!(&app, "clerk"), program!(&app, "other"));
            let mut aud = program!(&app, "aud");
            let at = "/api/v1/exports";
            let wanted = |purpose: &str| json!({ "format": "csv", "purpose": purpose });
            let silent = clerk.json(&app, Method::POST, "/api/v1/exports/residents", &wanted(" ")).await;
            assert_eq!(field(&silent), (422, "purpose".to_owned()), "{}", silent.body);
            let mut keyed = clerk.clone().header("idempotency-key", "file-0001");
            let made = keyed.json(&app, Method::POST, "/api/v1/exports/residents", &wanted("核对")).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let again = keyed.json(&app, Method::POST, "/api/v1/exports/residents", &wanted("核对")).await;
            assert_eq!(id(&again), id(&made), "made once");
            let number = id(&made);
            let here = format!("{at}/{number}");
            let record = clerk.get(&app, &here).await.json();
            assert_eq!((record["rows"].as_i64(), record["purpose"].as_str(), record["waiting"].as_bool()), (Some(2), Some("核对"), Some(true)), "{record}");
            let file = clerk.get(&app, &format!("{here}/file")).await;
            assert_eq!((file.status, file.header("content-type")), (200, "application/octet-stream"), "{}", file.body);
            assert!(file.header("content-disposition").starts_with("attachment"));
            assert!(file.body.contains(&format!("导出编号 {number} · clerk")) && !file.body.contains("王五"), "{}", file.body);
            use sha2::Digest as _;
            let digest: String = sha2::Sha256::digest(file.body.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(record["sha256"].as_str(), Some(digest.as_str()));
            // Nobody else's: not even the record, except for the auditor.
            assert_eq!(other.get(&app, &here).await.status, 404);
            assert_eq!(other.get(&app, &format!("{here}/file")).await.status, 404);
            assert_eq!(aud.get(&app, &here).await.json()["waiting"].as_bool(), Some(false));
            assert_eq!(aud.get(&app, &format!("{here}/file")).await.status, 404);
            // In full only after the password was entered again, and by its own address.
            let plain = "/api/v1/exports/residents-plain";
            let refused = clerk.json(&app, Method::POST, plain, &wanted("核对")).await;
            assert_eq!((refused.status, refused.json()["code"].as_str()), (403, Some("step_up_required")));
            let mut sure = program!(&app, "clerk", confirmed);
            let full = sure.json(&app, Method::POST, plain, &wanted("核对")).await;
            assert_eq!(full.status, 201, "{}", full.body);
            let full = format!("{at}/{}", id(&full));
            assert_eq!(clerk.get(&app, &format!("{full}/file")).await.status, 404, "not by the other right");
            assert!(sure.get(&app, &format!("{full}/plain")).await.body.contains("王五"));
            // By key, the latest first.
            let first = clerk.get(&app, &format!("{at}?limit=1")).await.json();
            assert_eq!(format!("{at}/{}", first["items"][0]["id"].as_str().expect("an id")), full, "{first}");
            let next = clerk.get(&app, &format!("{at}?limit=1&before={}", first["next"].as_str().expect("more"))).await.json();
            assert_eq!((next["items"][0]["id"].as_str(), next["next"].as_str()), (Some(number.as_str()), None), "{next}");
            let page = browser.get(&app, "/exports").await.body;
            assert!(page.contains(&format!("/exports/{number}/file")), "{page}");
            // A workbook carries the number in its footer and properties.
            let book = json!({ "format": "xlsx", "purpose": "核对" });
            let book = clerk.json(&app, Method::POST, "/api/v1/exports/households", &book).await;
            assert_eq!(book.status, 201, "{}", book.body);
            let table = json!({ "from": "2023-01", "to": "2023-11", "format": "csv", "purpose": "核对" });
            let table = clerk.json(&app, Method::POST, "/api/v1/exports/population", &table).await;
            assert_eq!(table.status, 201, "{}", table.body);
            let report = json!({ "report": "roll", "month": "2023-11", "format": "csv", "purpose": "核对" });
            let report = clerk.json(&app, Method::POST, "/api/v1/exports/report", &report).await;
            assert_eq!(field(&report), (422, "program".to_owned()), "{}", report.body);
        });
        registry.clock.move_to(day("2023-11-22"));
        let mut browser = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut clerk = program!(&app, "clerk");
            let list = clerk.get(&app, "/api/v1/exports").await.json();
            let last = list["items"].as_array().expect("rows").last().expect("a row").clone();
            assert_eq!(last["waiting"].as_bool(), Some(false), "{last}");
            let file = format!("/api/v1/exports/{}/file", last["id"].as_str().expect("an id"));
            let gone = clerk.get(&app, &file).await;
            assert_eq!((gone.status, gone.json()["code"].as_str()), (410, Some("gone")), "{}", gone.body);
            let page = browser.get(&app, &file.replace("/api/v1", "")).await;
            assert!(page.status == 410 && page.body.contains("已过期"), "{}", page.body);
            assert!(browser.get(&app, "/exports").await.body.contains("已过期"));
            // The next one sweeps what has expired.
            let again = json!({ "format": "csv", "purpose": "核对" });
            assert_eq!(clerk.json(&app, Method::POST, "/api/v1/exports/residents", &again).await.status, 201);
        });
        let kept: i64 = registry.store.read(|conn| {
            use diesel::prelude::*;
            Ok(mingce::store::schema::export_file::table.count().get_result(conn)?)
        }).expect("read");
        assert_eq!(kept, 1);
    }

    fn a_policy_is_proposed_costed_rejected_and_put_in_force(registry) {
        let _world = home(registry, "2023-08");
        registry.clock.move_to(day("2023-09-01"));
        for (name, role) in [("one", Role::Clerk), ("two", Role::Clerk), ("boss", Role::Approver), ("aud", Role::Auditor)] {
            add_user(registry, name, role);
        }
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut one, mut two) = (program!(&app, "one"), program!(&app, "two"));
            let (mut boss, mut aud) = (program!(&app, "boss"), program!(&app, "aud"));
            let at = "/api/v1/policies";
            let file = |text: &str| json!({ "text": text });
            let wrong = EXAMPLE.replacen("dibao = \"530.00\"", "dibao = \"531.00\"", 1);
            let refused = one.json(&app, Method::POST, at, &file(&wrong)).await;
            assert!(refused.status == 422 && refused.body.contains("W01"), "{}", refused.body);
            assert_eq!(aud.json(&app, Method::POST, at, &file(EXAMPLE)).await.status, 403);
            let text = format!("{EXAMPLE}\n# 第二稿\n");
            let made = one.json(&app, Method::POST, at, &file(&text)).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let here = format!("{at}/{}", id(&made));
            let record = aud.get(&app, &here).await.json();
            assert_eq!((record["policy"]["status"].as_str(), record["policy"]["proposed_by"].as_str()), (Some("proposed"), Some("one")), "{record}");
            assert!(record["cases"].as_array().expect("cases").iter().all(|case| case["passed"] == true), "{record}");
            assert_eq!(record["text"].as_str(), Some(text.as_str()));
            let cost = format!("{here}/cost?month=2023-09");
            assert_eq!(boss.get(&app, &cost).await.status, 404, "not computed yet");
            let queued = boss.json(&app, Method::POST, &format!("{here}/cost"), &json!({ "month": "2023-09" })).await;
            assert_eq!(queued.status, 202, "{}", queued.body);
            work(registry);
            let answer = boss.get(&app, &cost).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let items = answer.json()["items"].clone();
            let dibao = items.as_array().expect("items").iter().find(|item| item["program"] == "dibao" && item["area"].is_null()).expect("dibao").clone();
            assert_eq!((dibao["count_now"].as_i64(), dibao["amount_now_fen"].as_i64()), (Some(1), Some(71_600)), "{dibao}");
            let reason = json!({ "reason": "标准有误" });
            assert_eq!(two.json(&app, Method::POST, &format!("{here}/withdraw"), &reason).await.status, 403);
            let silent = boss.json(&app, Method::POST, &format!("{here}/reject"), &json!({ "reason": "" })).await;
            assert_eq!(field(&silent), (422, "reason".to_owned()));
            let rejected = boss.json(&app, Method::POST, &format!("{here}/reject"), &reason).await;
            assert_eq!(rejected.status, 204, "{}", rejected.body);
            let record = one.get(&app, &here).await.json();
            assert_eq!((record["policy"]["status"].as_str(), record["policy"]["end_reason"].as_str()), (Some("rejected"), Some("标准有误")));
            // The same file can be proposed anew; in force by the second person, confirmed.
            let anew = one.json(&app, Method::POST, at, &file(&text)).await;
            let anew = format!("{at}/{}", id(&anew));
            assert_ne!(anew, here);
            let activate = format!("{anew}/activate");
            let early = boss.json(&app, Method::POST, &activate, &json!({})).await;
            assert_eq!((early.status, early.json()["code"].as_str()), (403, Some("step_up_required")));
            let mut boss = program!(&app, "boss", confirmed);
            assert_eq!(boss.json(&app, Method::POST, &activate, &json!({})).await.status, 204);
            let list = aud.get(&app, at).await.json();
            assert_eq!((list["items"][0]["status"].as_str(), list["items"][0]["activated_by"].as_str()), (Some("active"), Some("boss")), "{list}");
        });
    }

    fn a_temporary_case_is_granted_within_the_caps(registry) {
        let world = home(registry, "2023-08");
        registry.clock.move_to(day("2023-09-05"));
        let person = world.person_id("乙").0.to_string();
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "grid", Role::Grid);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut clerk, mut grid) = (program!(&app, "clerk"), program!(&app, "grid"));
            let at = "/api/v1/temporary-cases";
            let case = |no: &str, level: &str, fen: i64| json!({ "program": "temp", "case_no": no, "resident": person,
                "kind": "emergency", "cause": "fire", "level": level, "asked_fen": fen, "approved_fen": fen,
                "applied_on": "2023-09-01", "decided_on": "2023-09-04" });
            assert_eq!(grid.json(&app, Method::POST, at, &case("L-1", "street", 10_000)).await.status, 403);
            let much = clerk.json(&app, Method::POST, at, &case("L-1", "street", 90_000_000)).await;
            assert_eq!(much.status, 422, "{}", much.body);
            let made = clerk.json(&app, Method::POST, at, &case("L-1", "street", 10_000)).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let soon = clerk.json(&app, Method::POST, at, &case("L-2", "street", 10_000)).await;
            assert!(soon.status == 422 && soon.body.contains("12 个月内"), "{}", soon.body);
            let shown = grid.get(&app, &format!("{at}/{}", id(&made))).await.json();
            assert_eq!((shown["case_no"].as_str(), shown["approved_fen"].as_i64(), shown["cause"].as_str()), (Some("L-1"), Some(10_000), Some("fire")), "{shown}");
            let list = clerk.get(&app, &format!("{at}?limit=1")).await.json();
            assert_eq!((list["items"][0]["case_no"].as_str(), list["next"].as_str()), (Some("L-1"), None), "{list}");
            assert_eq!(clerk.get(&app, &format!("{at}/1")).await.status, 404);
        });
    }

    fn guardians_and_rounds_through_the_api(registry) {
        let office = Office::new(registry);
        let child = office.person("小丙", "2015-03-01", 1);
        let adult = office.person("丁丁", "1985-03-01", 2);
        let form = office.form(HouseholdKind::Residence, "H-1", &[(adult, "02"), (child, "20")]);
        let house = household::open(&registry.store, &office.may(), &form).expect("a household").0.to_string();
        for (name, role) in [("clerk", Role::Clerk), ("plain", Role::Clerk), ("aud", Role::Auditor)] {
            add_user(registry, name, role);
        }
        registry.store.maintain(|conn| {
            use diesel::prelude::*;
            use mingce::store::schema::user_account;
            diesel::update(user_account::table.filter(user_account::username.eq("clerk"))).set(user_account::rights.eq("child")).execute(conn)?;
            Ok(())
        }).expect("the right");
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut clerk, mut plain) = (program!(&app, "clerk"), program!(&app, "plain"));
            let mut aud = program!(&app, "aud");
            let ward = |ward: &str| json!({ "ward": ward, "name": "王母", "kind": "mother", "basis": "law", "from_on": "2015-03-01" });
            let made = clerk.json(&app, Method::POST, "/api/v1/guardians", &ward(&child.0.to_string())).await;
            assert_eq!(made.status, 201, "{}", made.body);
            let file = format!("/api/v1/residents/{child}/protection");
            assert_eq!(plain.get(&app, &file).await.status, 404, "no such file without the right");
            let record = clerk.get(&app, &file).await.json();
            assert_eq!((record["guardians"][0]["id"].as_str(), record["guardians"][0]["name"].as_str()), (Some(id(&made).as_str()), Some("王母")), "{record}");
            let end = format!("/api/v1/guardians/{}/end", id(&made));
            let over = json!({ "to_on": "2023-11-01", "reason": "变更监护人" });
            assert_eq!(plain.json(&app, Method::POST, &end, &over).await.status, 404);
            let early = clerk.json(&app, Method::POST, &end, &json!({ "to_on": "2014-01-01", "reason": "x" })).await;
            assert_eq!(field(&early), (422, "to_on".to_owned()), "{}", early.body);
            assert_eq!(clerk.json(&app, Method::POST, &end, &over).await.status, 204);
            assert_eq!(clerk.get(&app, &file).await.json()["guardians"][0]["to_on"].as_str(), Some("2023-11-01"));
            // Rounds: a building is planned, verified, handed over.
            let building = |purpose: &str| json!({ "area": EAST, "building": "淮海花园9幢", "purpose": purpose,
                "planned_on": "2023-11-25", "worker": "周" });
            let hidden = clerk.json(&app, Method::POST, "/api/v1/visits/plan", &building("mental")).await;
            assert_eq!(field(&hidden), (422, "purpose".to_owned()), "{}", hidden.body);
            for visits in [1, 0] {
                let planned = clerk.json(&app, Method::POST, "/api/v1/visits/plan", &building("population")).await;
                assert_eq!(planned.json()["visits"].as_i64(), Some(visits), "{}", planned.body);
            }
            let given = json!({ "area": EAST, "from": "2023-11-21", "to_user": "1" });
            let given = clerk.json(&app, Method::POST, "/api/v1/visits/hand-over", &given).await;
            assert_eq!(given.status, 422, "nobody is account 1: {}", given.body);
            assert_eq!(clerk.get(&app, "/api/v1/visits/workers").await.json()["items"].as_array().map(Vec::len), Some(0));
            let list = aud.get(&app, "/api/v1/visits?status=assigned").await.json();
            assert_eq!((list["items"][0]["worker"].as_str(), list["items"][0]["household"].as_str()), (Some("周"), Some(house.as_str())), "{list}");
            let verify = format!("/api/v1/households/{house}/verify");
            assert_eq!(clerk.json(&app, Method::POST, &verify, &json!({})).await.status, 201);
            let all = clerk.get(&app, "/api/v1/visits?limit=1").await.json();
            assert_eq!(all["items"][0]["status"].as_str(), Some("done"), "{all}");
            let older = clerk.get(&app, &format!("/api/v1/visits?limit=1&before={}", all["next"].as_str().expect("more"))).await.json();
            assert_eq!((older["items"][0]["status"].as_str(), older["next"].as_str()), (Some("done"), None), "the plan is done with it: {older}");
            let progress = clerk.get(&app, "/api/v1/visits/progress").await.json();
            assert_eq!((progress["items"][0]["homes"].as_i64(), progress["items"][0]["verified"].as_i64()), (Some(1), Some(1)), "{progress}");
            // A protection visit is in nobody's list without the right.
            let visit = json!({ "visit_no": "V-9", "persons": [child.0.to_string()], "purpose": "child", "worker": "周", "status": "planned", "planned_on": "2023-12-01" });
            assert_eq!(clerk.json(&app, Method::POST, "/api/v1/visits", &visit).await.status, 201);
            assert_eq!(plain.get(&app, "/api/v1/visits?purpose=child").await.json()["items"].as_array().map(Vec::len), Some(0));
            assert_eq!(clerk.get(&app, "/api/v1/visits?purpose=child").await.json()["items"].as_array().map(Vec::len), Some(1));
            // Nobody here has a telephone; of the child none is asked.
            let missing = aud.get(&app, "/api/v1/visits/missing?limit=1").await.json();
            assert_eq!((missing["total"].as_i64(), missing["items"][0]["no_phone"].as_bool(), missing["items"][0]["no_number"].as_bool()), (Some(1), Some(true), Some(false)), "{missing}");
            assert_eq!(missing["items"][0]["name"].as_str(), Some("丁*"), "{missing}");
            assert!(number("1985-03-01", 2).len() == 18);
        });
    }
}
