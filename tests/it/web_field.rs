//! The grid worker's forms: once, together with others, and on a device.

use actix_web::test::init_service;
use mingce::domain::citizen_id::{CitizenId, IdError};
use mingce::domain::role::Role;
use mingce::services::access::{Profile, draft_key};
use mingce::services::auth::{EditRegistry, ManageUsers, ViewRegistry};
use mingce::services::visit::{plan, round};

use crate::harness::TestRegistry;
use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, WEST};

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn person(name: &str, number: &str) -> String {
    format!(
        "name={}&doc_kind=111&doc_no={number}&sex=&birth_on=&mismatch_reason=&phone=&ethnicity=\
         &marital=&education=&residence_status=R1&area={EAST}",
        encoded(name)
    )
}

fn worker(registry: &TestRegistry) -> Browser {
    let _areas = Office::new(registry);
    add_user(registry, "worker", Role::Supervisor);
    Browser::with_session(&open_session(registry, "worker", Profile::Demo).0)
}

fn home(name: &str, number: &str, then: &str) -> String {
    format!(
        "{}&kind=residence&household_no=&address={}&opened_on=2020-01-01&decided_on=2020-01-01\
         &reason=opening&then={then}",
        person(name, number),
        encoded("测试路9号2幢301室")
    )
}

fn hidden<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = answer.body.split(&mark).nth(1).unwrap_or_else(|| panic!("{name}: {}", answer.body));
    rest.split('"').next().expect("a value")
}

/// The page of a stored household or resident.
fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").to_owned()
}

const NUMBERS: [&str; 3] = ["320899194901010010", "320899201506150024", "32089920050815004X"];

on_both! {
    fn a_family_is_registered_member_by_member_and_a_second_click_changes_nothing(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let form = browser.get(&app, "/households/new").await;
            assert!(form.body.contains("data-draft-form") && form.body.len() <= 60_000, "{}", form.body.len());
            let (csrf, draft) = (hidden(&form, "csrf").to_owned(), hidden(&form, "draft").to_owned());
            // What is wrong is named, what was typed and the draft's number stay.
            let wrong = format!("csrf={csrf}&draft={draft}&{}", home("", NUMBERS[0], "member"));
            let again = browser.post(&app, "/households/new", &wrong).await;
            assert_eq!((again.status, hidden(&again, "draft")), (422, draft.as_str()));
            let good = format!("csrf={csrf}&draft={draft}&{}", home("张三", NUMBERS[0], "member"));
            let to = location(&browser.post(&app, "/households/new", &good).await);
            assert!(to.ends_with("/members/new"), "{to}");
            for _ in 0..3 {
                assert_eq!(location(&browser.post(&app, "/households/new", &good).await), to);
            }
            // The same number with other content leads to the record as it is.
            let other = format!("csrf={csrf}&draft={draft}&{}", home("李四", NUMBERS[1], ""));
            let page = to.replace("/members/new", "");
            assert_eq!(location(&browser.post(&app, "/households/new", &other).await), page);
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains("此前已经提交"), "{}", shown.body);
            let form = browser.get(&app, &to).await;
            assert!(form.body.contains("沿用上一位"), "{}", form.body);
            let member = format!("{}&relation=21&reason=opening&from_on=2020-01-01&decided_on=2020-01-01\
                &carried=1", person("张小", NUMBERS[1]));
            let none = member.replace("relation=21", "relation=");
            let wrong = browser.submit(&app, &to, &to, &format!("{none}&then=")).await;
            assert!(wrong.status == 422 && wrong.body.contains("relation-error"), "{}", wrong.body);
            assert_eq!(location(&browser.submit(&app, &to, &to, &format!("{member}&then=")).await), page);
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains("张三") && shown.body.contains("张小"), "{}", shown.body);
            // A known number under another name is nobody's second record.
            let taken = home("王五", NUMBERS[1], "").replace("301", "302");
            let refused = browser.submit(&app, "/households/new", "/households/new", &taken).await;
            assert!(refused.status == 422 && refused.body.contains("另一姓名"), "{}", refused.body);
            // Nothing has changed: one button, and the figure grows by two.
            let verify = format!("{page}/verify");
            let (csrf, draft) = (hidden(&shown, "csrf").to_owned(), hidden(&shown, "draft").to_owned());
            for _ in 0..2 {
                let body = format!("csrf={csrf}&draft={draft}");
                assert_eq!(location(&browser.post(&app, &verify, &body).await), page);
            }
            let visits = browser.get(&app, "/visits").await;
            assert!(visits.body.contains("本月已核实 2 人"), "{}", visits.body);
            let start = browser.get(&app, "/home").await;
            assert!(start.body.contains("今日待办") && start.body.contains("测试路9号2幢"), "{}", start.body);
        });
        registry.store.read(|conn| {
            assert_eq!(mingce::store::dump::count(conn, "household")?, 1);
            assert_eq!(mingce::store::dump::count(conn, "resident")?, 2);
            assert_eq!(mingce::store::dump::count(conn, "visit")?, 1);
            Ok(())
        }).expect("read");
    }

    fn two_clicks_at_once_make_one_record(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let form = browser.get(&app, "/residents/new").await;
            let body = format!("csrf={}&draft={}&{}", hidden(&form, "csrf"), hidden(&form, "draft"),
                person("张三", NUMBERS[0]));
            let clicks = (0..8).map(|_| {
                let (mut browser, body, app) = (browser.clone(), body.clone(), &app);
                async move { browser.post(app, "/residents/new", &body).await }
            });
            let answers = futures_util::future::join_all(clicks).await;
            let places: std::collections::BTreeSet<String> = answers.iter().map(location).collect();
            assert_eq!(places.len(), 1, "{places:?}");
        });
        let residents = registry.store.read(|conn| Ok(mingce::store::dump::count(conn, "resident")?));
        assert_eq!(residents.expect("read"), 1);
    }

    fn an_outbox_is_told_what_became_of_each_item(registry) {
        let state = state(registry, Profile::Demo);
        let browser = worker(registry);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut box_ = browser.header("accept", "application/json");
            let keys = box_.get(&app, "/drafts/keys").await.json();
            assert_eq!(keys["keys"].as_array().map(Vec::len), Some(0));
            let token = keys["csrf"].as_str().expect("a token").to_owned();
            let mut box_ = box_.header("x-csrf-token", &token);
            let (public, private) = ("B".repeat(87), "m".repeat(184));
            let bad = box_.post(&app, "/drafts/keys", "public=x&private=y").await;
            assert_eq!(bad.status, 422);
            let offer = format!("public={public}&private={private}");
            let kept = box_.post(&app, "/drafts/keys", &offer).await.json();
            assert_eq!(kept["keys"][0]["private"].as_str(), Some(private.as_str()));
            // A second device gets the same pair.
            let second = format!("public={}&private={private}", "C".repeat(87));
            let same = box_.post(&app, "/drafts/keys", &second).await.json();
            assert_eq!(same["keys"], kept["keys"]);

            let body = |name: &str| format!("draft=draft-0000-0001&{}", person(name, NUMBERS[0]));
            let wrong = box_.post(&app, "/residents/new", &body("")).await;
            assert_eq!((wrong.status, wrong.json()["errors"][0]["field"].as_str()), (422, Some("name")));
            let sent = box_.post(&app, "/residents/new", &body("张三")).await;
            assert_eq!(sent.status, 200, "{}", sent.body);
            let (id, at) = (sent.json()["id"].clone(), sent.json()["location"].clone());
            assert_eq!(at.as_str(), Some(format!("/residents/{}", id.as_str().expect("an id")).as_str()));
            // The answer was lost: the same item is sent again.
            let again = box_.post(&app, "/residents/new", &body("张三")).await;
            assert_eq!((again.status, again.json()["id"].clone()), (200, id));
            let other = box_.post(&app, "/residents/new", &body("李四")).await;
            assert_eq!((other.status, other.json()["code"].as_str()), (409, Some("idempotency_key_reused")));
            // Signed out: the queue waits, and a key is handed to nobody.
            let mut nobody = Browser::default().header("accept", "application/json");
            assert_eq!(nobody.post(&app, "/residents/new", &body("张三")).await.status, 401);
            assert_eq!(nobody.get(&app, "/drafts/keys").await.status, 401);
        });
    }

    fn a_lost_phone_gets_no_key_until_it_is_found(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "worker", Role::Grid);
        let store = &registry.store;
        let (_, session) = open_session(registry, "worker", Profile::Demo);
        draft_key::keep(store, &session, &"B".repeat(87), &"m".repeat(184)).expect("kept");
        let first = draft_key::list(store, &session).expect("keys");
        let admin = registry.actor("root", Role::Admin);
        let by = admin.authorize::<ManageUsers>().expect("an administrator");
        assert_eq!(draft_key::withhold(store, &by, session.user_id).expect("withheld"), 1);
        assert!(draft_key::list(store, &session).expect("keys").is_empty());
        // The next phone gets a pair of its own; the old one comes back beside it.
        draft_key::keep(store, &session, &"D".repeat(87), &"n".repeat(184)).expect("kept");
        assert_eq!(draft_key::release(store, &by, session.user_id).expect("released"), 1);
        let both = draft_key::list(store, &session).expect("keys");
        assert!(both.len() == 2 && both[1] == first[0] && both[0].private.starts_with('n'));
    }

    fn two_people_and_one_record_lose_nothing(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry);
        let reason = encoded("走访核对");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let made = browser.submit(&app, "/residents/new", "/residents/new", &person("张三", NUMBERS[0])).await;
            let page = location(&made);
            let edit = format!("{page}/edit");
            let opened = browser.get(&app, &edit).await;
            let names = ["name", "doc_kind", "sex", "birth_on", "ethnicity", "marital", "education",
                "residence_status", "area", "doc_no", "phone"];
            let base: String = names.iter()
                .map(|name| format!("&base_{name}={}", encoded(hidden(&opened, &format!("base_{name}")))))
                .collect();
            let form = |marital: &str, education: &str, phone: &str| {
                format!("name={}&doc_kind=111&doc_no=&sex=1&birth_on=1949-01-01&mismatch_reason=&phone={phone}\
                    &ethnicity=&marital={marital}&education={education}&residence_status=R1&area={EAST}\
                    &reason={reason}&version=1{base}", encoded("张三"))
            };
            location(&browser.submit(&app, &edit, &edit, &form("20", "", "13800001111")).await);
            // Another field: put together without a word lost.
            let joined = browser.submit(&app, &edit, &edit, &form("", "60", "")).await;
            assert_eq!(location(&joined), page);
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains("已婚") && shown.body.contains("普通高级中学"), "{}", shown.body);
            // The same fields: base, theirs and mine are shown, nothing is saved.
            let choose = browser.submit(&app, &edit, &edit, &form("40", "", "13900002222")).await;
            assert_eq!(choose.status, 409, "{}", choose.body);
            assert!(choose.body.contains("conflict-form") && choose.body.contains("已婚"), "{}", choose.body);
            assert!(choose.body.contains("离婚") && choose.body.contains("value=\"13900002222\""));
            assert!(!choose.body.contains("13800001111"), "a number nobody revealed");
            assert_eq!(hidden(&choose, "education"), "60", "theirs is kept");
            // The choice is a plain form with the new version in it.
            let kept: String = names.iter().map(|name| format!("base_{name}"))
                .chain(["name", "doc_kind", "doc_no", "sex", "birth_on", "ethnicity", "education",
                    "residence_status", "area", "mismatch_reason", "reason", "version"].map(str::to_owned))
                .map(|name| format!("&{name}={}", encoded(hidden(&choose, &name))))
                .collect();
            let chosen = format!("marital=40&phone={kept}");
            assert_eq!(location(&browser.submit(&app, &edit, &edit, &chosen).await), page);
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains("离婚") && shown.body.contains("普通高级中学"), "{}", shown.body);
        });
    }

    fn a_building_is_planned_and_verified(registry) {
        let office = Office::new(registry);
        let state = state(registry, Profile::Demo);
        add_user(registry, "worker", Role::Supervisor);
        let mut browser = Browser::with_session(&open_session(registry, "worker", Profile::Demo).0);
        let today = registry.store.clock().today();
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for (name, number, door) in [("张三", NUMBERS[0], "301"), ("李四", NUMBERS[2], "302")] {
                let fields = home(name, number, "").replace("301", door);
                location(&browser.submit(&app, "/households/new", "/households/new", &fields).await);
            }
            // Registered behind the same door as the household that lives there.
            let hukou = home("王五", NUMBERS[1], "").replace("kind=residence", "kind=hukou");
            let other = browser.submit(&app, "/households/new", "/households/new", &format!("{hukou}&anyway=1")).await;
            location(&other);
            let plan = |building: &str| format!(
                "area={EAST}&building={}&purpose=population&planned_on={today}&worker=%E7%94%B2&co_visitor=",
                encoded(building));
            let nowhere = browser.submit(&app, "/visits/plan", "/visits/plan", &plan("别处")).await;
            assert!(nowhere.status == 422 && nowhere.body.contains("building-error"), "{}", nowhere.body);
            let to = browser.submit(&app, "/visits/plan", "/visits/plan", &plan("测试路9号2幢")).await;
            assert_eq!(location(&to), "/visits");
            // Planned again: each door keeps its one visit.
            location(&browser.submit(&app, "/visits/plan", "/visits/plan", &plan("测试路9号2幢")).await);
            let list = browser.get(&app, "/visits").await;
            assert!(list.body.contains("待走访 (2)"), "{}", list.body);
        });
        let by = office.may::<ViewRegistry>();
        let due = round::list(&registry.store, &by).expect("rounds");
        let home = due.buildings[0].1[0].household;
        plan::verify_home(&registry.store, &office.may::<EditRegistry>(), home, "乙").expect("verified");
        let left = round::list(&registry.store, &by).expect("rounds");
        assert_eq!((left.total, left.people), (1, 1));
        // The other household behind that door was asked at the same time; who of it was met is open.
        assert_eq!((left.progress[0].homes, left.progress[0].verified), (3, 2));
    }
}

on_both! {
    fn a_visit_that_met_nobody_is_made_again(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry);
        let today = registry.store.clock().today();
        let due = run(async {
            let app = init_service(mingce::app!(&state)).await;
            let made = browser.submit(&app, "/households/new", "/households/new", &home("张三", NUMBERS[0], "")).await;
            let page = location(&made);
            let form = format!("{page}/visits/new");
            let opened = browser.get(&app, &form).await;
            let person = opened.body.split("name=\"person\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
            let visit = |result: &str, more: &str| format!(
                "done_on={today}&purpose=population&result={result}&person={}&co_visitor=&{more}",
                person.expect("a member"));
            location(&browser.submit(&app, &form, &form, &visit("absent", "next_on=")).await);
            // Planned by itself, two weeks from now, and once: the worker says it again.
            location(&browser.submit(&app, &form, &form, &visit("moved_away", "next_on=")).await);
            let due = today + chrono::Duration::days(14);
            let list = browser.get(&app, "/visits").await;
            assert!(!list.body.contains(&due.to_string()), "the second visit carried the plan out");
            location(&browser.submit(&app, &form, &form, &visit("met", "again=1&next_on=")).await);
            let list = browser.get(&app, "/visits").await;
            assert!(list.body.contains("待走访 (1)") && list.body.contains(&due.to_string()), "{}", list.body);
            assert!(!browser.get(&app, "/home").await.body.contains("其中逾期"));
            due
        });
        registry.clock.move_to(due + chrono::Duration::days(1));
        let mut browser = Browser::with_session(&open_session(registry, "worker", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let home = browser.get(&app, "/home").await;
            assert!(home.body.contains("其中逾期 1"), "{}", home.body);
            assert!(browser.get(&app, "/visits").await.body.contains("逾期"));
        });
    }

    fn a_household_and_a_person_move_within_the_street(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry);
        let today = registry.store.clock().today();
        let events = |registry: &TestRegistry| registry.store
            .read(|conn| Ok(mingce::store::dump::count(conn, "life_event")?)).expect("read");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let made = browser.submit(&app, "/households/new", "/households/new", &home("张三", NUMBERS[0], "")).await;
            let page = location(&made);
            let to = format!("{page}/move-within");
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains(&format!("href=\"{to}\"")), "{}", shown.body);
            let person = shown.body.split("href=\"/residents/").nth(1).and_then(|rest| rest.split('"').next());
            let person = person.expect("a member").to_owned();
            let form = |area: &str, address: &str, more: &str| format!(
                "event_on={today}&reported_on={today}&area={area}&address={}{more}", encoded(address));
            for (wrong, field) in [
                (form("", "西大街1号", &format!("&mover={person}")), "area"),
                (form(WEST, "", &format!("&mover={person}")), "address"),
                (form(WEST, "西大街1号", ""), "mover"),
            ] {
                let again = browser.submit(&app, &to, &to, &wrong).await;
                assert!(again.status == 422 && again.body.contains(&format!("href=\"#{field}\"")), "{field}: {}", again.body);
            }
            assert_eq!(events(registry), 0);
            let opened = browser.get(&app, &to).await;
            let (csrf, draft) = (hidden(&opened, "csrf"), hidden(&opened, "draft"));
            let good = format!("csrf={csrf}&draft={draft}&{}", form(WEST, "西大街1号", &format!("&mover={person}")));
            for _ in 0..2 {
                assert_eq!(location(&browser.post(&app, &to, &good).await), page);
            }
            assert_eq!(events(registry), 2, "one of the household, one of its member, once");
            // The new place, and in the history the old one.
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains("西大街1号") && shown.body.contains("测试路9号2幢301室"), "{}", shown.body);
            // Somebody alone: the household stays where it is.
            let alone = format!("/residents/{person}/move-within");
            let moved = browser.submit(&app, &alone, &alone, &form(EAST, "", &format!("&mover={person}"))).await;
            assert_eq!(location(&moved), format!("/residents/{person}"));
            let shown = browser.get(&app, &format!("/residents/{person}")).await;
            assert!(shown.body.contains("街道内迁移"), "{}", shown.body);
        });
        let at = registry.store.read(|conn| {
            use diesel::prelude::*;
            use mingce::store::schema::{household, resident};
            let home: String = household::table.select(household::area_code).first(conn)?;
            let person: String = resident::table.select(resident::area_code).first(conn)?;
            Ok((home, person))
        });
        assert_eq!(at.expect("read"), (WEST.to_owned(), EAST.to_owned()));
    }

    fn a_date_of_birth_stands_in_three_boxes(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = worker(registry);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let new = "/residents/new";
            let typed = |name: &str, boxes: [&str; 3]| {
                let [year, month, day] = boxes.map(encoded);
                person(name, "").replace("doc_kind=111", "doc_kind=00").replace("sex=", "sex=2").replace(
                    "birth_on=", &format!("birth_on={year}&birth_on_month={month}&birth_on_day={day}"))
            };
            let wrong = [
                (["1949", "2", "30"], "不是真实日期"),
                (["1949", "", ""], "还缺月和日"),
                (["1949", "3", ""], "还缺日"),
                (["49", "3", "7"], "四位数字"),
                (["2026-2-30", "", ""], "还缺"),
            ];
            for (boxes, said) in wrong {
                let again = browser.submit(&app, new, new, &typed("张三", boxes)).await;
                assert_eq!(again.status, 422, "{boxes:?}");
                assert!(again.body.contains("href=\"#birth_on\"") && again.body.contains(said), "{boxes:?}: {}", again.body);
                for (at, name) in ["birth_on", "birth_on_month", "birth_on_day"].into_iter().enumerate() {
                    assert!(again.body.contains(&format!("name=\"{name}\" inputmode=\"numeric\"")));
                    let shown = format!("value=\"{}\" aria-invalid", boxes[at]);
                    assert!(again.body.contains(&shown), "{boxes:?} {name}: {}", again.body);
                }
            }
            let good = [["1949", "3", "7"], ["19490307", "", ""], ["1949-3-7", "", ""], ["1949年3月7日", "", ""],
                ["１９４９", "０３", "７"]];
            for (at, boxes) in good.into_iter().enumerate() {
                let name = ["张一", "张二", "张三", "张四", "张五"][at];
                // Something else is wrong first: what was understood stands in its boxes.
                let phone = typed(name, boxes).replace("phone=", "phone=5");
                let again = browser.submit(&app, new, new, &phone).await;
                assert!(again.status == 422 && again.body.contains("class=\"year\" value=\"1949\">"), "{}", again.body);
                let page = location(&browser.submit(&app, new, new, &typed(name, boxes)).await);
                let shown = browser.get(&app, &page).await;
                assert!(shown.body.contains("1949-03-07"), "{boxes:?}: {}", shown.body);
            }
        });
    }
}

#[test]
fn blank_forms_name_nobody_and_the_worker_knows_the_files() {
    let registry = &TestRegistry::new(mingce::store::Backend::Sqlite);
    let state = state(registry, Profile::Demo);
    let mut browser = worker(registry);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        for shell in ["households/new", "households/member", "residents/new", "outbox"] {
            let blank = browser.get(&app, &format!("/shell/{shell}")).await;
            assert_eq!(blank.status, 200, "{shell}");
            assert!(!blank.body.contains("class=\"who\""), "{shell}");
            assert_eq!(hidden(&blank, "csrf"), "", "{shell}");
            assert_eq!(
                browser.get(&app, &format!("/shell/{shell}")).await.body,
                blank.body,
                "{shell}"
            );
        }
        let worker = Browser::default().get(&app, "/sw.js").await;
        assert_eq!(worker.status, 200);
        let css = mingce::web::assets::address("app.css");
        assert!(worker.body.contains(&css), "{}", worker.body);
    });
}

#[test]
fn rust_and_the_browser_agree_on_id_numbers() {
    let text = std::fs::read_to_string("tests/vectors/citizen_id.json").expect("vectors");
    let vectors: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let today = vectors["today"].as_str().expect("a day").parse().expect("a day");
    for good in vectors["good"].as_array().expect("a list") {
        let id =
            CitizenId::parse(good[0].as_str().expect("a number"), today).expect("a good number");
        assert_eq!(Some(id.birth_on().to_string().as_str()), good[1].as_str());
        assert_eq!(Some(id.sex().code()), good[2].as_str());
    }
    for bad in vectors["bad"].as_array().expect("a list") {
        let error = CitizenId::parse(bad[0].as_str().expect("a number"), today).expect_err("bad");
        let name = match error {
            IdError::Length(_) => "length",
            IdError::Charset(_) => "charset",
            IdError::Date(_) => "date",
            IdError::TooEarly(_) => "too_early",
            IdError::Future(_) => "future",
            IdError::Checksum => "checksum",
            _ => "other",
        };
        assert_eq!(Some(name), bad[1].as_str(), "{bad}");
    }
    let script = "require('./src/web/static/id.js');
        const v = require('./tests/vectors/citizen_id.json');
        for (const [n, birth, sex] of v.good) { const f = citizenId.check(n, v.today);
          if (f.birth !== birth || f.sex !== sex) throw new Error(n + JSON.stringify(f)); }
        for (const [n, error] of v.bad) if (citizenId.check(n, v.today).error !== error) throw new Error(n);";
    // Where there is no node, tests/browser runs the same vectors in Chromium.
    if let Ok(done) = std::process::Command::new("node").args(["-e", script]).output() {
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}
