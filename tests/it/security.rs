//! Requirements of `security.md` that belong to no single page: what every page
//! has, what none shows, what happens too often.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::SET_COOKIE;
use actix_web::test::{TestRequest, init_service};
use serde_json::json;

use mingce::domain::household::HouseholdKind;
use mingce::domain::role::Role;
use mingce::http::gate::is_allowed;
use mingce::http::{Access, AppState, Settings};
use mingce::jobs::Runner;
use mingce::services::access::{Level, Profile};
use mingce::services::household;
use mingce::store::Backend;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, PASSWORD, add_user, open_session, policy, run, state};
use crate::on_both;
use crate::registry_office::{Office, number};

fn sign_in(password: &str) -> String {
    format!("username=clerk&password={}&next=", password.replace(' ', "+"))
}

#[test]
fn every_page_can_be_left_and_none_shows_the_session() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let state = state(&registry, Profile::Demo);
    let mut seen = 0;
    for role in Role::ACCOUNT_ROLES {
        add_user(&registry, role.as_str(), role);
        let (token, _) = open_session(&registry, role.as_str(), Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut browser = Browser::with_session(&token);
            for row in mingce::app::routes().into_rows() {
                let page = row.method == "GET" && !row.path.starts_with("/api/");
                let own = !matches!(row.access, Access::Open | Access::Monitoring | Access::Anyone);
                // The blank forms for work without a network belong to nobody.
                let blank = row.path.starts_with("/shell/") || row.path.contains('{');
                if !page || !own || !is_allowed(row.access, role) || blank {
                    continue;
                }
                let answer = browser.get(&app, row.path).await;
                assert!(!answer.body.contains(&token), "{}", row.path);
                if answer.status == 200 && answer.header("content-type").starts_with("text/html") {
                    assert!(answer.body.contains("action=\"/logout\""), "{} as {role:?}", row.path);
                    seen += 1;
                }
            }
        });
    }
    assert!(seen > 60, "{seen} pages");
}

#[test]
fn cookies_are_closed_to_scripts_and_to_other_hosts() {
    let registry = TestRegistry::new(Backend::Sqlite);
    add_user(&registry, "clerk", Role::Clerk);
    let mut settings = Settings::loopback(policy(Profile::Demo));
    settings.secure = true;
    let state = AppState::new(registry.store.clone(), settings, Runner::default());
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let mut browser = Browser::default();
        let form = browser.get(&app, "/login").await;
        let answer = browser.submit(&app, "/login", "/login", &sign_in(PASSWORD)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let set = form.headers.get_all(SET_COOKIE).chain(answer.headers.get_all(SET_COOKIE));
        let set: Vec<String> = set.map(|value| value.to_str().expect("text").to_owned()).collect();
        assert!(set.iter().any(|cookie| cookie.starts_with("__Host-sid=")), "{set:?}");
        for cookie in &set {
            assert!(cookie.contains("; Secure") && cookie.contains("; Path=/"), "{cookie}");
            assert!(
                cookie.contains("SameSite=Lax") || cookie.contains("SameSite=Strict"),
                "{cookie}"
            );
            assert!(!cookie.contains("Domain="), "{cookie}");
            let readable = cookie.starts_with("lang=");
            assert!(readable || cookie.contains("; HttpOnly"), "{cookie}");
            assert!(
                cookie.starts_with("__Host-") || readable || cookie.starts_with("flash="),
                "{cookie}"
            );
        }
    });
}

on_both! {
    fn what_was_stored_is_text_on_every_page(registry) {
        const SLY: &str = "\"><svg/onload=alert(1)>{{7*7}}";
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let mut form = office.form(HouseholdKind::Residence, "H-1", &[(man, "02")]);
        form.address = SLY.to_owned();
        let home = household::open(&registry.store, &office.may(), &form).expect("a household");
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        let mut browser = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let visit = format!("/residents/{man}/visits/new");
            let asked = browser.get(&app, &visit).await;
            assert_eq!(asked.status, 200);
            let mut shown = 0;
            for page in ["/households".to_owned(), format!("/households/{home}"), "/residents".to_owned(), format!("/residents/{man}"),
                format!("/residents/{man}/death"), format!("/households/{home}/split"), "/visits".to_owned(), "/home".to_owned()] {
                let body = browser.get(&app, &page).await.body;
                assert!(!body.contains("<svg/onload") && !body.contains("alert(1)>"), "{page}: {body}");
                shown += usize::from(body.contains("svg/onload"));
            }
            assert!(shown >= 2, "shown as text on {shown} pages");
            // Nor is what is searched for anything but text.
            for (typed, total) in [("%E6%9D%8E%25", 0), ("%E6%9D%8E_", 0), ("%E6%9D%8E%27+OR+%271%27%3D%271", 0), ("%E5%BC%A0", 1)] {
                let found = browser.get(&app, &format!("/api/v1/residents?name={typed}")).await;
                assert_eq!(found.json()["total"].as_i64(), Some(total), "{typed}: {}", found.body);
                let list = browser.get(&app, &format!("/residents?name={typed}")).await;
                assert!(list.status == 200 && list.body.contains("张三") == (total == 1), "{typed}");
            }
        });
    }

    fn an_account_has_five_sessions_and_the_oldest_ends(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        let sessions: Vec<String> = (0..6).map(|_| open_session(registry, "clerk", Profile::Demo).0).collect();
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for (at, token) in sessions.iter().enumerate() {
                let answer = Browser::with_session(token).get(&app, "/home").await;
                assert_eq!(answer.status, if at == 0 { 303 } else { 200 }, "session {at}");
            }
        });
    }

    fn wrong_passwords_are_told_and_count_everywhere(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut stranger = Browser::default();
            let wrong = stranger.submit(&app, "/login", "/login", &sign_in("falsches Wort")).await;
            assert_eq!(wrong.status, 401, "{}", wrong.body);
            let mut browser = Browser::default();
            let entered = browser.submit(&app, "/login", "/login", &sign_in(PASSWORD)).await;
            assert_eq!(entered.status, 303);
            assert!(browser.get(&app, "/home").await.body.contains("失败的登录尝试"), "the owner is told");
            // Guessing the current password on the own page locks as well.
            let fields = "current=falsch&password=vuorikotka+ja+meri+2";
            for _ in 0..5 {
                let refused = browser.submit(&app, "/me/password", "/me/password", fields).await;
                assert_eq!(refused.status, 422, "{}", refused.body);
            }
            let right = format!("current={0}&password=vuorikotka+ja+meri+2", PASSWORD.replace(' ', "+"));
            let locked = browser.submit(&app, "/me/password", "/me/password", &right).await;
            assert_eq!(locked.status, 422, "locked: {}", locked.body);
        });
    }

    fn a_password_of_more_than_ninety_days_is_changed_first(registry) {
        add_user(registry, "grid", Role::Grid);
        let level = || open_session(registry, "grid", Profile::Djbh3).1.level;
        let today = registry.store.clock().today();
        assert_ne!(level(), Level::First);
        registry.clock.move_to(today + chrono::Days::new(89));
        assert_ne!(level(), Level::First);
        registry.clock.move_to(today + chrono::Days::new(92));
        assert_eq!(level(), Level::First);
        assert_ne!(open_session(registry, "grid", Profile::Standard).1.level, Level::First, "no rotation in the other profile");
    }

    fn thirty_searches_by_number_in_a_minute(registry) {
        let office = Office::new(registry);
        office.person("张三", "1970-01-01", 1);
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "other", Role::Clerk);
        let mut clerk = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
        let mut other = Browser::with_session(&open_session(registry, "other", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let fields = format!("doc_no={}", number("1970-01-01", 1));
            for time in 0..30 {
                let found = clerk.submit(&app, "/residents", "/residents/find", &fields).await;
                assert_eq!(found.status, 303, "{time}: {}", found.body);
            }
            let much = clerk.submit(&app, "/residents", "/residents/find", &fields).await;
            assert_eq!((much.status, much.header("retry-after")), (429, "60"), "{}", much.body);
            let theirs = other.submit(&app, "/residents", "/residents/find", &fields).await;
            assert_eq!(theirs.status, 303, "each has their own");
        });
    }
}

#[test]
fn a_body_with_two_lengths_is_refused() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let state = state(&registry, Profile::Demo);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        for (with, status) in [("chunked", 400), ("", 401)] {
            let mut browser = Browser::default().header("content-length", "49");
            if !with.is_empty() {
                browser = browser.header("transfer-encoding", with);
            }
            let body = json!({ "username": "nobody", "password": "falsches Wort" });
            let answer = browser.json(&app, Method::POST, "/api/v1/session", &body).await;
            assert_eq!(answer.status, status, "{}", answer.body);
        }
    });
}

#[test]
fn sign_ins_are_counted_by_the_peers_address_whatever_it_claims() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let settings = Settings::loopback(policy(Profile::Demo));
    let state: Arc<AppState> = AppState::new(registry.store.clone(), settings, Runner::default());
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let body = json!({ "username": "nobody", "password": "falsches Wort" }).to_string();
        let mut codes = Vec::new();
        for (count, peer) in (0..40).map(|n| (n, "192.0.2.7:4000")).chain([(99, "192.0.2.8:4000")])
        {
            let request = TestRequest::with_uri("/api/v1/session")
                .method(Method::POST)
                .peer_addr(peer.parse().expect("an address"))
                .insert_header(("host", "localhost"))
                .insert_header(("content-type", "application/json"))
                .insert_header(("x-forwarded-for", format!("198.51.100.{count}")))
                .set_payload(body.clone());
            let answer = actix_web::test::call_service(&app, request.to_request()).await;
            let wait = answer.headers().contains_key("retry-after");
            codes.push((answer.status().as_u16(), wait));
        }
        let last = codes.pop().expect("the other address");
        assert_eq!(last.0, 401, "another address has its own bucket");
        let turned_away = codes.iter().filter(|(code, wait)| *code == 429 && *wait).count();
        assert!((10..=20).contains(&turned_away), "a burst of 20 passes: {codes:?}");
    });
}
