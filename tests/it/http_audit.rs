//! The auditor's pages: the log, who looked at whom, statistics, verification.

use actix_web::http::Method;
use actix_web::test::init_service;
use diesel::prelude::*;
use serde_json::json;

use mingce::domain::ids::ResidentId;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::services::auth::{ReadAudit, ViewRegistry};
use mingce::services::directory::load_person;
use mingce::services::verify;
use mingce::services::view_log::{self, Flag, ViewQuery};

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{Office, day};

/// People with different names.
fn people(office: &Office<'_>, count: u32) -> Vec<ResidentId> {
    let digits = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛", "壬", "癸"];
    (0..count)
        .map(|n| {
            let name = format!("测{}{}", digits[(n / 10 % 10) as usize], digits[(n % 10) as usize]);
            office.person(&name, "1950-02-02", n + 1)
        })
        .collect()
}

fn look(registry: &TestRegistry, who: &str, whom: &[ResidentId]) {
    let actor = registry.actor(who, Role::Clerk);
    let by = actor.authorize::<ViewRegistry>().expect("a clerk");
    for id in whom {
        load_person(&registry.store, &by, *id).expect("a page");
    }
}

fn failed(registry: &TestRegistry) -> Vec<&'static str> {
    let auditor = registry.actor("auditor", Role::Auditor);
    let by = auditor.authorize::<ReadAudit>().expect("an auditor");
    verify::run(&registry.store, &by, false).expect("a report").failed()
}

on_both! {
    fn an_auditor_catches_a_curious_colleague(registry) {
        let office = Office::new(registry);
        let all = people(&office, 70);
        for name in ["zhou", "wu", "auditor"] {
            add_user(registry, name, if name == "auditor" { Role::Auditor } else { Role::Clerk });
        }
        // Two clerks at their work, by day; one of them comes back at night.
        registry.clock.move_to(day("2023-11-20"));
        look(registry, "zhou", &all[..8]);
        look(registry, "wu", &all[..10]);
        registry.clock.move_to(day("2023-11-21"));
        look(registry, "wu", &all[..9]);
        registry.clock.move_to(day("2023-11-22"));
        look(registry, "wu", &all);
        let auditor = registry.actor("auditor", Role::Auditor);
        let by = auditor.authorize::<ReadAudit>().expect("an auditor");
        let days = view_log::watch(&registry.store, &by, day("2023-11-20"), day("2023-11-22")).expect("days");
        assert_eq!((days[0].day.actor.as_str(), days[0].day.objects), ("wu", 70));
        assert!(days[0].flags.contains(&Flag::Many), "{days:?}");
        assert!(days[1..].iter().all(|day| !day.flags.contains(&Flag::Many)), "{days:?}");
        // Who looked at the last of them? Only wu.
        let query = ViewQuery {
            from: day("2023-11-20"), to: day("2023-11-22"), actor: None,
            resident: all.last().copied(), before: None, limit: 10,
        };
        let (views, more) = view_log::search(&registry.store, &by, &query).expect("views");
        assert_eq!((views.len(), more), (1, false));
        assert_eq!((views[0].actor.as_str(), views[0].name.as_str()), ("wu", "测**"));
        assert!(failed(registry).is_empty(), "the groups are in the chain");
        // The same on the pages.
        let state = state(registry, Profile::Demo);
        let (token, _) = open_session(registry, "auditor", Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut browser = Browser::with_session(&token);
            let stats = browser.get(&app, "/audit/reveals?from=2023-11-20&to=2023-11-22").await;
            assert_eq!(stats.status, 200, "{}", stats.body);
            assert!(stats.body.contains("远多于同事"), "{}", stats.body);
            let wanted = "/audit/views?from=2023-11-22&#38;to=2023-11-22&#38;actor=wu";
            assert!(stats.body.contains(wanted), "{}", stats.body);
            let list = browser.get(&app, "/audit/views?from=2023-11-22&to=2023-11-22&actor=wu").await;
            assert!(list.body.contains("测**") && list.body.contains("before="), "{}", list.body);
            let none = browser.get(&app, "/audit/views?from=2023-11-22&to=2023-11-22&actor=zhou").await;
            assert!(none.body.contains("没有人查看过"));
            let wide = browser.get(&app, "/audit/views?from=2023-01-01&to=2023-11-22").await;
            assert_eq!(wide.status, 422);
            assert!(wide.body.contains("1 至 31 天"));
            let log = browser.get(&app, "/audit?from=2023-11-20&to=2023-11-22&action=view_log").await;
            assert!(log.body.contains("view_log.group"), "{}", log.body);
        });
    }

    fn a_changed_read_log_is_found(registry) {
        let office = Office::new(registry);
        let all = people(&office, 3);
        look(registry, "wu", &all);
        assert_eq!(view_log::flush(&registry.store).expect("written"), 3);
        assert_eq!(view_log::flush(&registry.store).expect("nothing waits"), 0);
        assert!(failed(registry).is_empty());
        let change = |statement: &str| {
            registry.store.maintain(|conn| Ok(diesel::sql_query(statement).execute(conn)?))
        };
        for statement in ["DELETE FROM view_log", "UPDATE view_log SET actor = 'zhou'"] {
            assert!(change(statement).is_err(), "{statement}");
        }
        // Whoever owns the database can take the trigger away; that shows too.
        let drop = match registry.store.backend() {
            mingce::store::Backend::Sqlite => "DROP TRIGGER view_log_no_update",
            mingce::store::Backend::Postgres => "DROP TRIGGER view_log_no_update ON view_log",
        };
        change(drop).expect("dropped");
        change("UPDATE view_log SET actor = 'zhou'").expect("changed");
        assert_eq!(failed(registry), ["triggers", "read_log"]);
    }

    fn verification_runs_from_its_page(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "auditor", Role::Auditor);
        let state = state(registry, Profile::Demo);
        let (token, _) = open_session(registry, "auditor", Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut browser = Browser::with_session(&token);
            let empty = browser.get(&app, "/audit/verify").await;
            assert!(empty.body.contains("没有校验过"), "{}", empty.body);
            let answer = browser.submit(&app, "/audit/verify", "/audit/verify", "").await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let again = browser.submit(&app, "/audit/verify", "/audit/verify", "").await;
            assert_eq!(answer.header("location"), again.header("location"), "one at a time");
            let job = mingce::services::job::take(&registry.store, "w").expect("read").expect("a job");
            mingce::jobs::run_taken(&registry.store, &job, "w").expect("run");
            let shown = browser.get(&app, answer.header("location")).await;
            assert!(shown.body.contains("/audit/verify"), "{}", shown.body);
            let listed = browser.get(&app, "/audit/verify").await;
            assert!(listed.body.contains("没有发现问题"), "{}", listed.body);
        });
    }
}

#[test]
fn views_reach_the_auditor_through_the_api() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    let office = Office::new(&registry);
    let all = people(&office, 2);
    look(&registry, "wu", &all);
    add_user(&registry, "auditor", Role::Auditor);
    let state = state(&registry, Profile::Demo);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let account = json!({ "username": "auditor", "password": crate::harness::http::PASSWORD });
        let mut browser = Browser::default();
        let grant = browser.json(&app, Method::POST, "/api/v1/session", &account).await;
        let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
        let mut auditor = Browser::default().header("authorization", &format!("Bearer {token}"));
        let page = auditor.get(&app, "/api/v1/audit/views?limit=1").await.json();
        let next = page["next"].as_str().expect("more").to_owned();
        let rest = auditor.get(&app, &format!("/api/v1/audit/views?limit=1&before={next}")).await;
        assert_eq!(rest.json()["items"].as_array().map(Vec::len), Some(1));
        assert!(rest.json()["next"].is_null());
        let log = auditor.get(&app, "/api/v1/audit?action=resident.register").await.json();
        assert_eq!(log["items"].as_array().map(Vec::len), Some(2), "{log}");
        let queued = auditor.json(&app, Method::POST, "/api/v1/audit/verify", &json!({})).await;
        assert_eq!(queued.status, 202, "{}", queued.body);
    });
}
