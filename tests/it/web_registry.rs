//! The pages of residents and households, as a browser sees them.

use actix_web::test::init_service;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::store::Backend;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office};

/// A valid fictitious number.
fn number(born: &str, serial: &str) -> String {
    let body = format!("320899{born}{serial}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        body.chars().filter_map(|c| c.to_digit(10)).zip(weights).map(|(d, w)| d * w).sum();
    let check = "10X98765432".chars().nth((sum % 11) as usize).expect("a digit");
    format!("{body}{check}")
}

fn clerk(registry: &TestRegistry) -> Browser {
    let _areas = Office::new(registry);
    add_user(registry, "clerk", Role::Clerk);
    Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0)
}

fn person(name: &str, number: &str, area: &str) -> String {
    format!(
        "name={}&doc_kind=111&doc_no={number}&sex=&birth_on=&mismatch_reason=&phone=&ethnicity=\
         &marital=&education=&residence_status=R1&area={area}",
        percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC)
    )
}

on_both! {
    fn a_clerk_registers_finds_corrects_and_reveals(registry) {
        let state = state(registry, Profile::Demo);
        let mut browser = clerk(registry);
        let area = EAST.to_owned();
        let id_number = number("19490101", "001");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            // Every error at once, and everything typed stays.
            let wrong = format!("name=&doc_kind=111&doc_no=123&sex=&birth_on=&phone=5&ethnicity=\
                &mismatch_reason=&marital=&education=&residence_status=R1&area={area}");
            let answer = browser.submit(&app, "/residents/new", "/residents/new", &wrong).await;
            assert_eq!(answer.status, 422, "{}", answer.body);
            assert!(answer.body.contains("error-summary") && answer.body.contains("value=\"123\""));
            let good = person("欧阳测试", &id_number, &area);
            let answer = browser.submit(&app, "/residents/new", "/residents/new", &good).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let page = answer.header("location").to_owned();
            let shown = browser.get(&app, &page).await;
            assert_eq!(shown.status, 200, "{}", shown.body);
            assert!(!shown.body.contains(&id_number), "the whole number on a page");
            assert!(shown.body.contains("320***********"), "{}", shown.body);
            assert!(!shown.body.contains("<title>欧阳测试"), "the name in the title");
            // Again: a known number, named at its field.
            let answer = browser.submit(&app, "/residents/new", "/residents/new", &good).await;
            assert_eq!(answer.status, 422);
            for query in ["name=oycs", "name=%E6%B5%8B%E8%AF%95", "name=ouyang"] {
                let list = browser.get(&app, &format!("/residents?{query}")).await;
                assert_eq!(list.status, 200);
                assert!(list.body.contains("欧阳测试"), "{query}: {}", list.body);
                assert!(!list.body.contains(&id_number));
            }
            let list = browser.get(&app, "/residents?name=zz").await;
            assert!(list.body.contains("没有符合条件的居民"));
            assert_eq!(browser.get(&app, &format!("/residents?name={id_number}")).await.status, 400);
            let found = browser
                .submit(&app, "/residents", "/residents/find", &format!("doc_no={id_number}"))
                .await;
            assert_eq!(found.header("location"), page);
            let part = browser.submit(&app, "/residents", "/residents/find", "doc_no=320899").await;
            assert_eq!(part.status, 422);
            // A correction leaves the number alone and is in the history.
            let edit = format!("{page}/edit");
            let fields = format!("{}&version=1&reason={}", person("欧阳更正", "", &area), "%E7%AC%94%E8%AF%AF");
            let answer = browser.submit(&app, &edit, &edit, &fields).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let other = fields.replace("residence_status=R1", "residence_status=R2");
            let stale = browser.submit(&app, &edit, &edit, &other).await;
            assert_eq!(stale.status, 409, "an old version");
            let shown = browser.get(&app, &page).await;
            assert!(shown.body.contains("欧阳更正") && shown.body.contains("欧阳测试"));
            // A reveal needs a purpose, and shows one field.
            let reveal = format!("{page}/reveal");
            let ask = format!("{reveal}?field=doc_no");
            let none = browser.submit(&app, &ask, &reveal, "field=doc_no&reason=").await;
            assert_eq!(none.status, 422);
            let shown =
                browser.submit(&app, &ask, &reveal, "field=doc_no&purpose=on_site&reason=").await;
            assert!(shown.status == 200 && shown.body.contains(&id_number), "{}", shown.body);
        });
    }
}

#[test]
fn a_household_is_opened_and_joined() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let state = state(registry, Profile::Demo);
    let mut browser = clerk(registry);
    let area = EAST.to_owned();
    let (head, child) = (number("19800101", "001"), number("20100101", "002"));
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        for (name, number) in [("张三", &head), ("张小", &child)] {
            let fields = person(name, number, &area);
            let answer = browser.submit(&app, "/residents/new", "/residents/new", &fields).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
        }
        let fields = format!(
            "kind=residence&household_no=H1&address=%E6%B5%8B%E8%AF%95%E8%B7%AF9%E5%8F%B7\
             &opened_on=2020-01-01&decided_on=2020-01-01&reason=opening&then=&{}",
            person("张三", &head, &area)
        );
        let answer = browser.submit(&app, "/households/new", "/households/new", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = answer.header("location").to_owned();
        let join = format!("{page}/join");
        let fields = format!(
            "doc_no={child}&relation=&reason=birth&from_on=2020-01-01&decided_on=2020-01-01"
        );
        assert_eq!(browser.submit(&app, &join, &join, &fields).await.status, 422);
        let fields = fields.replace("relation=&", "relation=21&");
        let answer = browser.submit(&app, &join, &join, &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let shown = browser.get(&app, &page).await;
        assert!(shown.body.contains("张三") && shown.body.contains("张小"), "{}", shown.body);
        let list = browser.get(&app, "/households?text=%E6%B5%8B%E8%AF%95%E8%B7%AF").await;
        assert!(list.body.contains("测试路9号"), "{}", list.body);
        let people = browser.get(&app, "/residents?address=%E6%B5%8B%E8%AF%95%E8%B7%AF").await;
        assert!(people.body.contains("张小"), "{}", people.body);
    });
}

#[test]
fn a_death_needs_a_new_head_and_a_split_makes_a_household() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let state = state(registry, Profile::Demo);
    let mut browser = clerk(registry);
    let people = ["19500101", "19550101", "19800101"].map(|born| number(born, "001"));
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let mut ids = Vec::new();
        for (at, number) in people.iter().enumerate() {
            let fields = person(["张老", "李婆", "张大"][at], number, EAST);
            let answer = browser.submit(&app, "/residents/new", "/residents/new", &fields).await;
            ids.push(answer.header("location").replace("/residents/", ""));
        }
        let fields = format!(
            "kind=residence&household_no=H2&address=%E6%B5%8B%E8%AF%95%E8%B7%AF\
             &opened_on=2020-01-01&decided_on=2020-01-01&reason=opening&then=&{}",
            person("张老", &people[0], EAST)
        );
        let answer = browser.submit(&app, "/households/new", "/households/new", &fields).await;
        let page = answer.header("location").to_owned();
        let home = page.replace("/households/", "");
        for (at, relation) in [(1, "12"), (2, "21")] {
            let fields = format!(
                "resident={}&relation={relation}&reason=other&from_on=2020-01-01&decided_on=2020-01-01",
                ids[at]
            );
            let join = format!("{page}/join");
            assert_eq!(browser.submit(&app, &join, &join, &fields).await.status, 303);
        }
        let death = format!("/residents/{}/death", ids[0]);
        let dates = "event_on=2023-08-01&reported_on=2023-08-02&decided_on=&confidence=1&note=";
        let none = browser.submit(&app, &death, &death, &format!("{dates}&head=")).await;
        assert_eq!(none.status, 422, "a household without a head: {}", none.body);
        let heads = format!("{dates}&head={home}:{}&relation={home}:{}:21", ids[1], ids[2]);
        let answer = browser.submit(&app, &death, &death, &heads).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let split = format!("{page}/split");
        let fields = format!(
            "event_on=2023-08-20&reported_on=2023-08-20&decided_on=&mover={0}&mover_relation={0}:02\
             &household_no=H3&area={EAST}&address=%E6%96%B0%E8%B7%AF&head=&relation=",
            ids[2]
        );
        let answer = browser.submit(&app, &split, &split, &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let shown = browser.get(&app, answer.header("location")).await;
        assert!(shown.body.contains("H3") && shown.body.contains("张大"), "{}", shown.body);
    });
}

/// A form with a file, as a browser sends it.
fn upload(token: &str, name: &str, file: &str) -> String {
    let part = |name: &str, more: &str, value: &str| {
        format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let file = part("file", &format!("; filename=\"{name}\""), file);
    format!("{}{file}{}--xx--\r\n", part("csrf", "", token), part("action", "", "check"))
}

#[test]
fn an_upload_is_believed_only_with_its_token() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let state = state(registry, Profile::Demo);
    let mut browser = clerk(registry);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let form = browser.get(&app, "/imports").await;
        let token = form.body.split("name=\"csrf\" value=\"").nth(1).expect("a form");
        let token = token.split('"').next().expect("a token").to_owned();
        let (post, kind) = (actix_web::http::Method::POST, "multipart/form-data; boundary=xx");
        let wrong = upload("wrong", "book.xlsx", "PK");
        assert_eq!(browser.send(&app, post.clone(), "/imports", kind, &wrong).await.status, 403);
        for (name, file) in [("book.xlsx", "PK no book"), ("book.xls", "x"), ("book.xlsx", "")] {
            let body = upload(&token, name, file);
            let answer = browser.send(&app, post.clone(), "/imports", kind, &body).await;
            assert_eq!(answer.status, 422, "{name}: {}", answer.body);
            assert!(answer.body.contains("file-error"), "{}", answer.body);
        }
        let template = browser.get(&app, "/imports/template.xlsx").await;
        assert!(template.header("content-disposition").starts_with("attachment"));
    });
}
