//! Sign-in as browsers and programs live it.

use actix_web::http::Method;
use actix_web::test::init_service;
use chrono::NaiveDate;
use serde_json::json;

use mingce::domain::role::Role;
use mingce::services::access::invite::{self, Invitation};
use mingce::services::access::{Level, Profile, totp};
use mingce::services::user::{self, PasswordCost};

use crate::harness::http::{Browser, PASSWORD, add_user, open_session, policy, run, state};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;

fn login(username: &str, password: &str, next: &str) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    format!("username={}&password={}&next={}", encode(username), encode(password), encode(next))
}

/// The part of a page that may differ: numbers, tokens, what was typed.
fn without_noise(body: &str) -> String {
    body.split('"').filter(|part| part.len() < 40).collect::<Vec<_>>().join("\"")
}

on_both! {
    fn a_new_session_on_every_sign_in_and_none_after_signing_out(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let planted = "A".repeat(43);
            let mut browser = Browser::with_session(&planted);
            let answer = browser.submit(&app, "/login", "/login", &login("clerk", PASSWORD, "/jobs")).await;
            assert_eq!((answer.status, answer.header("location")), (303, "/jobs"));
            let token = browser.jar["sid"].clone();
            assert_ne!(token, planted);
            assert_eq!(browser.get(&app, "/home").await.status, 200);
            assert_eq!(Browser::with_session(&planted).get(&app, "/home").await.status, 303);
            let answer = browser.submit(&app, "/home", "/logout", "").await;
            assert_eq!(answer.header("clear-site-data"), "\"cache\"");
            let back = Browser::with_session(&token).get(&app, "/home").await;
            assert_eq!((back.status, back.header("location")), (303, "/login?next=%2Fhome"));
        });
    }

    fn redirects_stay_on_this_service(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for next in ["//evil.example", "https://evil.example", "/\\evil.example", "/%5cevil", "/x\r\ny"] {
                let mut browser = Browser::default();
                let answer = browser.submit(&app, "/login", "/login", &login("clerk", PASSWORD, next)).await;
                assert_eq!((answer.status, answer.header("location")), (303, "/home"), "{next:?}");
            }
        });
    }

    fn five_failures_lock_and_every_failure_looks_alike(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "gone", Role::Clerk);
        let admin = registry.actor("root", Role::Admin);
        let by = admin.authorize().expect("an administrator");
        user::disable(&registry.store, &by, "gone").expect("disabled");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut known = Browser::default();
            known.submit(&app, "/login", "/login", &login("clerk", PASSWORD, "")).await;
            known.submit(&app, "/home", "/logout", "").await;
            let mut bodies = Vec::new();
            for (name, password) in [("clerk", "x"), ("nobody", "x"), ("gone", PASSWORD)] {
                let mut browser = Browser::default();
                let answer = browser.submit(&app, "/login", "/login", &login(name, password, "")).await;
                assert_eq!(answer.status, 401, "{name}");
                bodies.push(without_noise(&answer.body).replace(name, ""));
            }
            assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
            for _ in 0..4 {
                Browser::default().submit(&app, "/login", "/login", &login("clerk", "x", "")).await;
            }
            let right = login("clerk", PASSWORD, "");
            let answer = Browser::default().submit(&app, "/login", "/login", &right).await;
            assert_eq!(answer.status, 401, "locked, even with the right password");
            let answer = known.submit(&app, "/login", "/login", &right).await;
            assert_eq!(answer.status, 303, "the owner's own device has a counter of its own");
            registry.clock.move_to(NaiveDate::from_ymd_opt(2023, 9, 2).expect("a date"));
            let answer = Browser::default().submit(&app, "/login", "/login", &right).await;
            assert_eq!(answer.status, 303, "the lock has ended");
        });
    }

    fn whatever_changes_an_account_ends_its_sessions_at_once(registry) {
        let state = state(registry, Profile::Demo);
        let admin = registry.actor("root", Role::Admin);
        for name in ["disabled", "reset", "promoted"] {
            add_user(registry, name, Role::Clerk);
        }
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            for name in ["disabled", "reset", "promoted"] {
                let (token, _) = open_session(registry, name, Profile::Demo);
                let mut browser = Browser::with_session(&token);
                assert_eq!(browser.get(&app, "/home").await.status, 200);
                let by = admin.authorize().expect("an administrator");
                match name {
                    "disabled" => user::disable(&registry.store, &by, name).expect("disabled"),
                    "reset" => user::set_password(
                        &registry.store, &by, name, "another long sentence", PasswordCost::FLOOR,
                    ).expect("reset"),
                    _ => registry.store.maintain(|conn| {
                        use diesel::prelude::*;
                        use mingce::store::schema::user_account;
                        diesel::update(user_account::table.filter(user_account::username.eq(name)))
                            .set(user_account::role.eq("approver"))
                            .execute(conn)?;
                        Ok(())
                    }).expect("another role"),
                }
                assert_eq!(browser.get(&app, "/home").await.status, 303, "{name}");
            }
        });
    }

    fn idle_sessions_end(registry) {
        add_user(registry, "clerk", Role::Clerk);
        let state = state(registry, Profile::Demo);
        let (token, _) = open_session(registry, "clerk", Profile::Demo);
        registry.clock.move_to(NaiveDate::from_ymd_opt(2023, 9, 2).expect("a date"));
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            assert_eq!(Browser::with_session(&token).get(&app, "/home").await.status, 303);
        });
    }

    fn a_form_of_an_ended_session_goes_along_through_the_sign_in(registry) {
        let state = state(registry, Profile::Demo);
        let _areas = crate::registry_office::Office::new(registry);
        for name in ["clerk", "other"] {
            add_user(registry, name, Role::Clerk);
        }
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let field = |body: &str, name: &str| {
                let mark = format!("name=\"{name}\" value=\"");
                let rest = body.split(&mark).nth(1).unwrap_or_else(|| panic!("{name}: {body}"));
                rest.split('"').next().expect("a value").replace("&#38;", "&")
            };
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            for (comes_back, goes_on) in [("clerk", true), ("other", false)] {
                registry.clock.move_to("2023-11-20".parse().expect("a date"));
                let mut browser = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
                let open = browser.get(&app, "/residents/new").await;
                let typed = format!(
                    "draft={}&name={}&doc_kind=111&doc_no=1&residence_status=R1&area=x",
                    field(&open.body, "draft"), encode("欧阳试"),
                );
                let body = format!("csrf={}&{typed}", field(&open.body, "csrf"));
                registry.clock.move_to("2023-11-21".parse().expect("a date"));
                // Without the token of that session nothing is carried.
                let forged = browser.post(&app, "/residents/new", &format!("csrf=x.y&{typed}")).await;
                assert_eq!((forged.status, forged.header("location")), (303, "/login"));
                let asked = browser.post(&app, "/residents/new", &body).await;
                assert_eq!(asked.status, 401, "{}", asked.body);
                assert!(asked.body.contains("您填写的内容没有丢失"), "{}", asked.body);
                let form = format!("csrf={}&carry_path={}&carry_content={}&{}", field(&asked.body, "csrf"),
                    encode(&field(&asked.body, "carry_path")), encode(&field(&asked.body, "carry_content")),
                    login(comes_back, PASSWORD, ""));
                let back = browser.post(&app, "/login", &form).await;
                if !goes_on {
                    assert_eq!((back.status, back.header("location")), (303, "/home"), "another's form");
                    continue;
                }
                assert_eq!(back.status, 200, "{}", back.body);
                assert_eq!(field(&back.body, "name"), "欧阳试");
                assert!(back.body.contains("action=\"/residents/new\""), "{}", back.body);
                // Sent on, it is the same form with what is wrong, under the same number.
                let on = format!("csrf={}&{typed}", field(&back.body, "csrf"));
                let again = browser.post(&app, "/residents/new", &on).await;
                assert_eq!(again.status, 422, "{}", again.body);
                assert_eq!(field(&again.body, "draft"), field(&open.body, "draft"));
            }
        });
    }

    fn a_form_of_an_ended_session_goes_along_through_the_second_factor(registry) {
        let state = state(registry, Profile::Standard);
        let _areas = crate::registry_office::Office::new(registry);
        add_user(registry, "clerk", Role::Clerk);
        let rules = policy(Profile::Standard);
        let (_, session) = open_session(registry, "clerk", Profile::Standard);
        let enrolment = totp::begin(&registry.store, &session).expect("a seed");
        let code = |registry: &TestRegistry| totp::code_at(&enrolment.secret, registry.clock.now()).expect("a code");
        let (token, codes) =
            totp::confirm(&registry.store, &rules, &session, PASSWORD, &code(registry)).expect("enrolled");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let field = |body: &str, name: &str| {
                let mark = format!("name=\"{name}\" value=\"");
                let rest = body.split(&mark).nth(1).unwrap_or_else(|| panic!("{name}: {body}"));
                rest.split('"').next().expect("a value").replace("&#38;", "&")
            };
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
            };
            let waiting = |body: &str| format!("csrf={}&carry_path={}&carry_content={}", field(body, "csrf"),
                encode(&field(body, "carry_path")), encode(&field(body, "carry_content")));
            let mut browser = Browser::with_session(&token);
            for (day, with_recovery) in [("2023-11-21", false), ("2023-11-22", true)] {
                let open = browser.get(&app, "/residents/new").await;
                let typed = format!("draft={}&name={}&doc_kind=111&doc_no=1&residence_status=R1&area=x",
                    field(&open.body, "draft"), encode("欧阳试"));
                let body = format!("csrf={}&{typed}", field(&open.body, "csrf"));
                registry.clock.move_to(day.parse().expect("a date"));
                let asked = browser.post(&app, "/residents/new", &body).await;
                assert_eq!(asked.status, 401, "{}", asked.body);
                let form = format!("{}&{}", waiting(&asked.body), login("clerk", PASSWORD, ""));
                let second = browser.post(&app, "/login", &form).await;
                assert!(second.status == 200 && second.body.contains("action=\"/login/totp\""), "{}", second.body);
                // A wrong code keeps what waits.
                let wrong = browser.post(&app, "/login/totp", &format!("{}&code=000000", waiting(&second.body))).await;
                assert_eq!(wrong.status, 422, "{}", wrong.body);
                let right = if with_recovery { codes[0].clone() } else { code(registry) };
                let body = format!("{}&code={}", waiting(&wrong.body), encode(&right));
                let back = browser.post(&app, "/login/totp", &body).await;
                assert_eq!(back.status, 200, "{}", back.body);
                assert!(field(&back.body, "name") == "欧阳试" && back.body.contains("action=\"/residents/new\""));
                let on = format!("csrf={}&{typed}", field(&back.body, "csrf"));
                let again = browser.post(&app, "/residents/new", &on).await;
                assert_eq!(again.status, 422, "{}", again.body);
                assert_eq!(field(&again.body, "draft"), field(&open.body, "draft"));
            }
            // A page that was asked for is reached behind the second factor too.
            registry.clock.move_to("2023-11-23".parse().expect("a date"));
            let mut fresh = Browser::default();
            let second = fresh.submit(&app, "/login", "/login", &login("clerk", PASSWORD, "/outbox")).await;
            assert_eq!(second.status, 200, "{}", second.body);
            let form = second.body.split("action=\"/login/totp\"").nth(1).expect("a form");
            let body = format!("csrf={}&next={}&code={}", field(form, "csrf"),
                encode(&field(form, "next")), code(registry));
            let there = fresh.post(&app, "/login/totp", &body).await;
            assert_eq!((there.status, there.header("location")), (303, "/outbox"));
        });
    }

    fn a_one_time_code_opens_nothing_but_the_choice_of_a_password(registry) {
        let state = state(registry, Profile::Demo);
        let operator = registry.actor("root", Role::Admin);
        let by = operator.authorize().expect("an administrator");
        let new = Invitation { username: "first", display_name: "首任", role: Role::Admin, scope_code: STREET };
        let code = invite::invite(&registry.store, &by, &new, PasswordCost::FLOOR).expect("a code");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut browser = Browser::default();
            let answer = browser.submit(&app, "/login", "/login", &login("first", &code, "")).await;
            assert_eq!((answer.status, answer.header("location")), (303, "/password/first"));
            for page in ["/home", "/me", "/jobs", "/me/totp"] {
                let answer = browser.get(&app, page).await;
                assert_eq!((answer.status, answer.header("location")), (303, "/password/first"), "{page}");
            }
            let api = browser.get(&app, "/api/v1/session").await;
            assert_eq!((api.status, api.json()["code"].as_str()), (403, Some("password_change_required")));
            let again = Browser::default().submit(&app, "/login", "/login", &login("first", &code, "")).await;
            assert_eq!(again.status, 401, "a code is good once");
            let weak = browser.submit(&app, "/password/first", "/password/first", "password=password1234").await;
            assert_eq!(weak.status, 422);
            assert!(weak.body.contains("error-summary") && weak.body.contains("错误："));
            let set = browser.submit(&app, "/password/first", "/password/first", "password=山青水绿桃花开又落春风里去").await;
            assert_eq!((set.status, set.header("location")), (303, "/home"));
            let home = browser.get(&app, "/home").await;
            assert!(home.status == 200 && home.body.contains("密码已设置"));
        });
    }

    fn a_code_of_the_second_factor_is_good_once(registry) {
        add_user(registry, "clerk", Role::Clerk);
        let rules = policy(Profile::Standard);
        let (_, session) = open_session(registry, "clerk", Profile::Standard);
        assert_eq!(session.level, Level::Enrol);
        let enrolment = totp::begin(&registry.store, &session).expect("a seed");
        let now = registry.clock.now();
        let code = totp::code_at(&enrolment.secret, now).expect("a code");
        assert!(totp::confirm(&registry.store, &rules, &session, PASSWORD, "000000").is_err());
        let (_, codes) =
            totp::confirm(&registry.store, &rules, &session, PASSWORD, &code).expect("enrolled");
        assert_eq!(codes.len(), 10);
        let (_, waiting) = open_session(registry, "clerk", Profile::Standard);
        assert_eq!(waiting.level, Level::Totp);
        assert!(totp::complete(&registry.store, &waiting, &code).is_err(), "used at the enrolment");
        let later = now + chrono::Duration::seconds(30);
        let next = totp::code_at(&enrolment.secret, later).expect("a code");
        assert!(totp::complete(&registry.store, &waiting, &next).is_ok());
        let (_, waiting) = open_session(registry, "clerk", Profile::Standard);
        let successes = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| totp::complete(&registry.store, &waiting, &codes[0]).is_ok()))
                .collect();
            tries.into_iter().filter_map(|t| t.join().ok()).filter(|ok| *ok).count()
        });
        assert_eq!(successes, 1, "a recovery code, four times at once");
        let state = state(registry, Profile::Standard);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (token, _) = open_session(registry, "clerk", Profile::Standard);
            let answer = Browser::with_session(&token).get(&app, "/home").await;
            assert_eq!((answer.status, answer.header("location")), (303, "/login/totp"));
        });
    }

    fn refresh_tokens_rotate_and_reuse_ends_the_family(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "robot", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let mut program = Browser::default();
            let body = json!({ "username": "robot", "password": PASSWORD });
            let first = program.json(&app, Method::POST, "/api/v1/session", &body).await;
            assert_eq!(first.status, 201, "{}", first.body);
            let r1 = first.json()["refresh_token"].clone();
            let refresh = async |token: &serde_json::Value| {
                let body = json!({ "refresh_token": token });
                Browser::default().json(&app, Method::POST, "/api/v1/session/refresh", &body).await
            };
            let second = refresh(&r1).await.json();
            let again = refresh(&r1).await.json();
            assert_eq!(second["refresh_token"], again["refresh_token"], "a lost answer");
            let third = refresh(&second["refresh_token"]).await;
            assert_eq!(third.status, 200);
            let access = third.json()["access_token"].as_str().expect("a token").to_owned();
            let bearer = format!("Bearer {access}");
            let mut program = Browser::default().header("authorization", &bearer);
            assert_eq!(program.get(&app, "/api/v1/session").await.status, 200);
            assert_eq!(program.get(&app, "/home").await.status, 303, "no tokens on pages");
            assert_eq!(refresh(&r1).await.status, 401, "an old token comes back");
            assert_eq!(program.get(&app, "/api/v1/session").await.status, 401, "the family is dead");
            assert_eq!(refresh(&third.json()["refresh_token"]).await.status, 401);
        });
    }

    fn only_our_own_tokens_are_believed(registry) {
        let state = state(registry, Profile::Demo);
        add_user(registry, "robot", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let body = json!({ "username": "robot", "password": PASSWORD });
            let grant = Browser::default().json(&app, Method::POST, "/api/v1/session", &body).await;
            let token = grant.json()["access_token"].as_str().expect("a token").to_owned();
            let parts: Vec<&str> = token.split('.').collect();
            let header = |text: &str| {
                let head = mingce::services::access::base64_url(text.as_bytes());
                format!("{head}.{}.{}", parts[1], parts[2])
            };
            let mut forged = vec![
                header(r#"{"alg":"none","typ":"at+jwt","kid":"x"}"#),
                header(r#"{"alg":"HS256","typ":"at+jwt","kid":"x"}"#),
                header(r#"{"alg":"RS256","typ":"at+jwt","kid":"x"}"#),
                header(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"../../dev/null"}"#),
                header(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"' OR 1"}"#),
                header(r#"{"alg":"EdDSA","typ":"at+jwt"}"#),
                header(r#"{"alg":"EdDSA","typ":"JWT","kid":"x"}"#),
                header(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"x","crit":["b64"],"b64":false}"#),
                header(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"x","jku":"https://evil.example"}"#),
                format!("{}.{}.", parts[0], parts[1]),
                format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
                grant.json()["refresh_token"].as_str().expect("a token").to_owned(),
                "x".repeat(5000),
            ];
            let mut bodies = Vec::new();
            let now = registry.clock.now();
            forged.push(token.clone());
            for (at, forged) in forged.iter().enumerate() {
                if *forged == token {
                    let mut good = Browser::default().header("authorization", &format!("Bearer {token}"));
                    assert_eq!(good.get(&app, "/api/v1/session").await.status, 200);
                    registry.clock.move_to(now.date() + chrono::Duration::days(1));
                }
                let mut program = Browser::default().header("authorization", &format!("Bearer {forged}"));
                let answer = program.get(&app, "/api/v1/session").await;
                assert_eq!(answer.status, 401, "{at}");
                let mut body = answer.json();
                body["request_id"] = json!(null);
                bodies.push(body);
            }
            assert!(bodies.iter().all(|body| *body == bodies[0]));
        });
    }
}
