//! The import wizard: upload, columns, check, load, undo.

use actix_web::http::Method;
use actix_web::test::init_service;
use mingce::domain::role::Role;
use mingce::jobs::run_taken;
use mingce::services::access::Profile;
use mingce::services::auth::Import;
use mingce::services::import::{load_book, undo_import};
use mingce::services::job;

use crate::harness::TestRegistry;
use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, number};

/// A form with a file, as a browser sends it.
pub fn multipart(token: &str, name: &str, file: &str) -> String {
    let part = |name: &str, more: &str, value: &str| {
        format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let file = part("file", &format!("; filename=\"{name}\""), file);
    format!("{}{file}--xx--\r\n", part("csrf", "", token))
}

pub fn token(page: &Answer) -> String {
    let rest = page.body.split("name=\"csrf\" value=\"").nth(1).expect("a form");
    rest.split('"').next().expect("a token").to_owned()
}

/// Runs the job that an answer leads to, and returns where its result is.
fn work(registry: &TestRegistry) -> String {
    let taken = job::take(&registry.store, "worker").expect("read").expect("a job");
    run_taken(&registry.store, &taken, "worker").expect("run");
    let ended = registry.store.read(|conn| Ok(mingce::store::job::find(conn, taken.id)?));
    let ended = ended.expect("read").expect("the job");
    assert_eq!(ended.state, "done", "{:?}", ended.error_text);
    ended.result_url.expect("a result")
}

/// Two good rows and a wrong one, under headers of the office's own.
fn book() -> String {
    let (one, two) = (number("1950-01-01", 1), number("1960-01-01", 2));
    format!(
        "居民姓名,号码,区划代码,随便\n甲甲,{one},{EAST},x\n乙乙,{two},{EAST},y\n丙丙,123,{EAST},z\n"
    )
}

const COLUMNS: &str = "sheet=0%3Aresidents&column=0%3A0%3Aname&column=0%3A1%3Adoc_no&column=0%3A2%3Aarea&column=0%3A3%3A";

on_both! {
    fn a_book_with_headers_of_its_own_is_mapped_checked_and_loaded(registry) {
        let _areas = Office::new(registry);
        add_user(registry, "clerk", Role::Clerk);
        add_user(registry, "other", Role::Clerk);
        let state = state(registry, Profile::Demo);
        let mut browser = Browser::with_session(&open_session(registry, "clerk", Profile::Demo).0);
        let mut other = Browser::with_session(&open_session(registry, "other", Profile::Demo).0);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let form = browser.get(&app, "/imports").await;
            assert!(form.body.contains("还没有导入过"));
            let kind = "multipart/form-data; boundary=xx";
            let body = multipart(&token(&form), "名单.csv", &book());
            let answer = browser.send(&app, Method::POST, "/imports", kind, &body).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let columns = answer.header("location").to_owned();
            let here = columns.replace("/columns", "");
            // Nobody else's, and nothing of it is shown in full.
            assert_eq!(other.get(&app, &columns).await.status, 404);
            let page = browser.get(&app, &columns).await;
            assert!(page.body.contains("名单.csv") && !page.body.contains(&number("1950-01-01", 1)));
            // A register without its required columns.
            let wrong = browser.submit(&app, &columns, &columns, "sheet=0%3Aresidents&column=0%3A0%3Aname").await;
            assert_eq!(wrong.status, 422, "{}", wrong.body);
            assert!(wrong.body.contains("sheet-0-error"), "{}", wrong.body);
            let chosen = browser.submit(&app, &columns, &columns, "sheet=0%3Aresidents&only_register=1").await;
            assert!(chosen.status == 200 && chosen.body.contains("0:1:doc_no"), "{}", chosen.body);
            let answer = browser.submit(&app, &columns, &columns, COLUMNS).await;
            assert!(answer.header("location").starts_with("/jobs/"), "{}", answer.body);
            assert_eq!(work(registry), here);
            let result = browser.get(&app, &here).await;
            assert!(result.body.contains("有错误，未保存") && result.body.contains("第 4 行"), "{}", result.body);
            assert!(result.body.contains("只导入可用的 2 行"));
            let errors = browser.get(&app, &format!("{here}/errors.xlsx")).await;
            assert!(errors.status == 200 && errors.body.starts_with("PK"));
            let load = format!("{here}/load");
            browser.submit(&app, &here, &load, "rows=good").await;
            work(registry);
            let result = browser.get(&app, &here).await;
            assert!(result.body.contains("已导入可用的行"), "{}", result.body);
            // A second click does nothing.
            let again = browser.post(&app, &load, &format!("csrf={}&rows=good", token(&result))).await;
            assert_eq!(again.header("location"), here);
            let people = browser.get(&app, "/residents").await;
            assert!(people.body.contains("甲甲") && people.body.contains("乙乙") && !people.body.contains("丙丙"));
            // The same headers are known the next time.
            let form = browser.get(&app, "/imports").await;
            let body = multipart(&token(&form), "名单.csv", &book());
            let answer = browser.send(&app, Method::POST, "/imports", kind, &body).await;
            let page = browser.get(&app, answer.header("location")).await;
            assert!(page.body.contains("value=\"0:1:doc_no\" selected"), "{}", page.body);
            let discard = format!("{}/discard", answer.header("location").replace("/columns", ""));
            assert_eq!(browser.submit(&app, "/imports", &discard, "").await.status, 303);
            // Taken out again, with a reason.
            let list = browser.get(&app, "/imports").await;
            let book = list.body.split("href=\"/imports/books/").nth(1).expect("a book");
            let book = format!("/imports/books/{}", book.split('"').next().expect("an id"));
            let undo = format!("{book}/undo");
            assert_eq!(browser.submit(&app, &book, &undo, "reason=").await.status, 422);
            assert_eq!(browser.submit(&app, &book, &undo, "reason=%E9%94%99").await.status, 303);
            assert!(browser.get(&app, &book).await.body.contains("已经撤销"));
            assert!(!browser.get(&app, "/residents").await.body.contains("甲甲"));
        });
    }

    fn a_book_that_was_built_on_stays(registry) {
        let office = Office::new(registry);
        let mut book = mingce::services::import::MemoryBook::new("b.xlsx");
        book.sheet("residents", &["name", "doc_no", "area"]);
        book.row(["甲甲", &number("1950-01-01", 1), EAST]);
        let actor = registry.actor("clerk", Role::Clerk);
        let by = actor.authorize::<Import>().expect("a clerk");
        let load = |book: &mut mingce::services::import::MemoryBook| {
            mingce::services::import::import_book(&registry.store, &by, book, &Default::default())
                .expect("imported").import_id.expect("saved")
        };
        let first = load(&mut book);
        assert!(load_book(&registry.store, &by, first).expect("a book").obstacle.is_none());
        let person = registry.store.read(|conn| {
            Ok(mingce::store::report::list_counted_people(conn, crate::harness::STREET, mingce::domain::ids::ResidentId(0), 9)?)
        }).expect("people")[0].id;
        office.household(mingce::domain::household::HouseholdKind::Hukou, "1", &[(person, "02")]);
        let refused = undo_import(&registry.store, &by, first, "错");
        assert_eq!(refused.expect_err("built on").code(), mingce::error::ErrorCode::Conflict);
        // Another book of its own still goes, and only once.
        let mut book = mingce::services::import::MemoryBook::new("c.xlsx");
        book.sheet("residents", &["name", "doc_no", "area"]);
        book.row(["乙乙", &number("1960-01-01", 2), EAST]);
        let second = load(&mut book);
        assert_eq!(undo_import(&registry.store, &by, second, "错").expect("taken out"), 1);
        assert!(undo_import(&registry.store, &by, second, "错").is_err());
        // The number is free again.
        load(&mut book);
        let operator = registry.actor("setup", Role::Operator);
        let by = operator.authorize().expect("an operator");
        let report = mingce::services::verify::run(&registry.store, &by, true).expect("a report");
        assert!(report.checks.iter().all(|check| check.faults.is_empty()), "{report:?}");
    }
}
