//! The administrator's pages: one account, its sessions, the second
//! administrator.

use actix_web::http::Method;
use actix_web::test::init_service;
use serde_json::json;

use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::services::access::session;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, PASSWORD, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office};

fn id_of(registry: &TestRegistry, username: &str) -> i64 {
    let found = registry.store.read(|conn| Ok(mingce::store::user::find(conn, username)?));
    found.expect("read").expect("an account").id
}

/// A browser that just entered its password again.
async fn admin<S, B>(app: &S, registry: &TestRegistry, username: &str) -> Browser
where
    S: actix_web::dev::Service<
            actix_http::Request,
            Response = actix_web::dev::ServiceResponse<B>,
            Error = actix_web::Error,
        >,
    B: actix_web::body::MessageBody + 'static,
{
    let mut browser = Browser::with_session(&open_session(registry, username, Profile::Demo).0);
    let fields = format!("password={}&next=/admin/users", PASSWORD.replace(' ', "+"));
    let answer = browser.submit(app, "/me/confirm", "/me/confirm", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    browser
}

on_both! {
    fn scope_lock_code_and_sessions_of_an_account(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "root", Role::Admin);
        add_user(registry, "wang", Role::Supervisor);
        let (token, _) = open_session(registry, "wang", Profile::Demo);
        let id = id_of(registry, "wang");
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut root = admin(&app, registry, "root").await;
            let list = root.get(&app, "/admin/users").await;
            let at = format!("/admin/users/{id}");
            assert!(list.body.contains(&at), "{}", list.body);
            // An area that does not suit stays in the form, with the reason.
            let wrong = root.submit(&app, &at, &format!("{at}/scope"), "scope=99").await;
            assert_eq!(wrong.status, 422, "{}", wrong.body);
            assert!(wrong.body.contains("value=\"99\"") && wrong.body.contains("范围应为"));
            let moved = root.submit(&app, &at, &format!("{at}/scope"), &format!("scope={EAST}")).await;
            assert_eq!((moved.status, moved.header("location")), (303, at.as_str()), "{}", moved.body);
            assert!(session::find(&registry.store, &token).expect("read").is_none(), "signed out");
            let (token, _) = open_session(registry, "wang", Profile::Demo);
            let shown = root.get(&app, &at).await;
            assert!(shown.body.contains(EAST) && shown.body.contains("name=\"session\""), "{}", shown.body);
            let all = root.submit(&app, &at, &format!("{at}/sessions/end"), "").await;
            assert_eq!(all.status, 303, "{}", all.body);
            assert!(session::find(&registry.store, &token).expect("read").is_none());
            // Six wrong passwords lock; the administrator sees and ends it.
            for _ in 0..6 {
                let account = json!({ "username": "wang", "password": "falsch" });
                Browser::default().json(&app, Method::POST, "/api/v1/session", &account).await;
            }
            let right = json!({ "username": "wang", "password": PASSWORD });
            let locked = Browser::default().json(&app, Method::POST, "/api/v1/session", &right).await;
            assert_eq!(locked.status, 401);
            assert!(root.get(&app, &at).await.body.contains("锁定至"));
            let unlocked = root.submit(&app, &at, &format!("{at}/unlock"), "").await;
            assert_eq!(unlocked.status, 303, "{}", unlocked.body);
            let open = Browser::default().json(&app, Method::POST, "/api/v1/session", &right).await;
            assert_eq!(open.status, 201, "{}", open.body);
            let code = root.submit(&app, &at, &format!("{at}/code"), "").await;
            assert!(code.status == 200 && code.body.contains("一次性登录码"), "{}", code.body);
            let off = root.submit(&app, &at, &format!("{at}/disable"), "").await;
            assert_eq!(off.status, 303, "{}", off.body);
            assert!(root.get(&app, "/admin/users").await.body.contains("停用"));
            // Never one's own account; nothing without the password again.
            let own = format!("/admin/users/{}", id_of(registry, "root"));
            assert!(!root.get(&app, &own).await.body.contains("/disable"));
            let refused = root.submit(&app, "/me/preferences", &format!("{own}/disable"), "").await;
            assert_eq!(refused.status, 403, "{}", refused.body);
            let mut late = Browser::with_session(&open_session(registry, "root", Profile::Demo).0);
            let asked = late.submit(&app, &at, &format!("{at}/unlock"), "").await;
            assert!(asked.body.contains("/me/confirm"), "{} {}", asked.status, asked.body);
            assert_eq!(root.get(&app, "/admin/users/1").await.status, 404);
        });
    }

    fn approvers_and_rights_need_two_administrators(registry) {
        let _areas = Office::new(registry);
        for name in ["root", "second"] {
            add_user(registry, name, Role::Admin);
        }
        add_user(registry, "zhou", Role::Clerk);
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut root = admin(&app, registry, "root").await;
            let new = "username=li&name=%E6%9D%8E&role=approver&scope=320899001";
            let asked = root.submit(&app, "/admin/users/new", "/admin/users/new", new).await;
            assert_eq!((asked.status, asked.header("location")), (303, "/admin/users"), "{}", asked.body);
            let again = root.submit(&app, "/admin/users/new", "/admin/users/new", new).await;
            assert_eq!(again.status, 422, "asked twice: {}", again.body);
            let at = format!("/admin/users/{}", id_of(registry, "zhou"));
            let none = root.submit(&app, &at, &format!("{at}/rights"), "").await;
            assert_eq!(none.status, 422, "{}", none.body);
            let rights = root.submit(&app, &at, &format!("{at}/rights"), "rights=child&rights=mental").await;
            assert_eq!(rights.status, 303, "{}", rights.body);
            let page = root.get(&app, "/admin/users").await;
            assert!(page.body.contains("/refuse") && !page.body.contains("/grant\""), "{}", page.body);
            let grants: Vec<i64> = registry.store.read(|conn| {
                Ok(mingce::store::grant::list_waiting(conn)?.into_iter().map(|row| row.id).collect())
            }).expect("read");
            let own = root.submit(&app, "/admin/users", &format!("/admin/grants/{}/grant", grants[0]), "").await;
            assert_eq!(own.status, 403, "{}", own.body);
            // The other one hands over the code.
            let mut second = admin(&app, registry, "second").await;
            let code = second.submit(&app, "/admin/users", &format!("/admin/grants/{}/grant", grants[0]), "").await;
            assert_eq!(code.status, 200, "{}", code.body);
            assert!(id_of(registry, "li") > 0);
            let done = second.submit(&app, "/admin/users", &format!("/admin/grants/{}/grant", grants[1]), "").await;
            assert_eq!(done.status, 303, "{}", done.body);
            let (_, session) = open_session(registry, "zhou", Profile::Demo);
            assert!(session.has_right("child") && session.has_right("mental"));
            let twice = second.submit(&app, "/admin/users/new", &format!("/admin/grants/{}/grant", grants[1]), "").await;
            assert_eq!(twice.status, 404);
            let gone = root.submit(&app, &at, &format!("{at}/rights/drop"), "").await;
            assert_eq!(gone.status, 303, "{}", gone.body);
            let (_, session) = open_session(registry, "zhou", Profile::Demo);
            assert!(!session.has_right("child"));
        });
    }
}

#[test]
fn administrators_work_through_the_api_too() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    let _areas = Office::new(&registry);
    add_user(&registry, "root", Role::Admin);
    let state = state(&registry, Profile::Demo);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let account = json!({ "username": "root", "password": PASSWORD });
        let grant = Browser::default().json(&app, Method::POST, "/api/v1/session", &account).await;
        let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
        let mut root = Browser::default().header("authorization", &format!("Bearer {token}"));
        let new = json!({ "username": "zhao", "display_name": "赵", "role": "clerk", "scope": "320899001" });
        let early = root.json(&app, Method::POST, "/api/v1/users", &new).await;
        assert_eq!(early.json()["code"].as_str(), Some("step_up_required"), "{}", early.body);
        let confirm = json!({ "password": PASSWORD });
        let done = root.json(&app, Method::POST, "/api/v1/session/confirm", &confirm).await;
        assert_eq!(done.status, 204, "{}", done.body);
        let made = root.json(&app, Method::POST, "/api/v1/users", &new).await;
        assert_eq!((made.status, made.json()["code"].is_string()), (201, true), "{}", made.body);
        let with_password = json!({ "username": "qian", "display_name": "钱", "role": "clerk",
            "scope": "320899001", "password": "x" });
        let refused = root.json(&app, Method::POST, "/api/v1/users", &with_password).await;
        assert_eq!(refused.status, 422, "nobody sets another's password");
        let auditor = json!({ "username": "sun", "display_name": "孙", "role": "auditor", "scope": "320899001" });
        let asked = root.json(&app, Method::POST, "/api/v1/users", &auditor).await;
        assert!(
            asked.json()["grant"].is_string() && asked.json()["code"].is_null(),
            "{}",
            asked.body
        );
        let waiting = root.get(&app, "/api/v1/grants").await.json();
        assert_eq!(waiting["items"][0]["username"].as_str(), Some("sun"), "{waiting}");
    });
}
