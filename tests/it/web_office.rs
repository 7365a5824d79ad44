//! Areas and files of the registers, as a browser sees them.

use actix_web::test::init_service;
use mingce::domain::household::HouseholdKind;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::services::area;
use mingce::services::auth::{ExportPlain, ExportRegister, ManageSystem, ViewRegistry};
use mingce::services::report::register::{RegisterQuery, RegisterRight, export_register};
use mingce::services::report::render::Format;
use mingce::store::Backend;
use mingce::store::area::load_tree;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, PASSWORD, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, GRID, OTHER, Office, WEST, day, fields, number};

fn signed_in(registry: &TestRegistry, name: &str, role: Role) -> Browser {
    add_user(registry, name, role);
    Browser::with_session(&open_session(registry, name, Profile::Demo).0)
}

on_both! {
    fn an_area_is_divided_anew_only_as_its_effect_was_shown(registry) {
        let office = Office::new(registry);
        let person = office.person("甲甲", "1950-01-01", 1);
        office.household(HouseholdKind::Hukou, "1", &[(person, "02")]);
        let state = state(registry, Profile::Demo);
        let mut browser = signed_in(registry, "admin", Role::Admin);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let tree = browser.get(&app, "/admin/areas").await;
            assert!(tree.body.contains("东社区") && tree.body.contains("第1网格"), "{}", tree.body);
            let page = format!("/admin/areas/{GRID}/move");
            let fields = format!("parent={WEST}&from=2023-12-01");
            let shown = browser.submit(&app, &page, &page, &fields).await;
            assert!(shown.status == 200 && shown.body.contains("从 东社区 改属 西社区"), "{}", shown.body);
            assert!(shown.body.contains("2023年12月"));
            let before = registry.store.read(|conn| Ok(load_tree(conn, day("2023-12-02"))?)).expect("a tree");
            assert_eq!(before.parent(GRID), Some(EAST), "shown, not done");
            // Another date than the one shown is shown again.
            let other = format!("parent={WEST}&from=2023-12-05&seen={WEST}%2F2023-12-01");
            assert_eq!(browser.submit(&app, &page, &page, &other).await.status, 200);
            let seen = format!("{fields}&seen={WEST}%2F2023-12-01");
            assert_eq!(browser.submit(&app, &page, &page, &seen).await.status, 303);
            for (on, parent) in [("2023-11-30", EAST), ("2023-12-01", WEST)] {
                let tree = registry.store.read(|conn| Ok(load_tree(conn, day(on))?)).expect("a tree");
                assert_eq!(tree.parent(GRID), Some(parent), "{on}");
            }
            let again = browser.submit(&app, &page, &page, &seen).await;
            assert_eq!(again.status, 422, "a second click: {}", again.body);
            // New, renamed.
            let new = format!("code={EAST}007&name=%E6%96%B0%E7%BD%91%E6%A0%BC&parent=&from=2023-11-20");
            assert_eq!(browser.submit(&app, "/admin/areas/new", "/admin/areas/new", &new).await.status, 303);
            let again = browser.submit(&app, "/admin/areas/new", "/admin/areas/new", &new).await;
            assert_eq!(again.status, 422);
            let rename = format!("/admin/areas/{EAST}007/rename");
            assert_eq!(browser.submit(&app, &rename, &rename, "name=").await.status, 422);
            assert_eq!(browser.submit(&app, &rename, &rename, "name=%E4%B8%83").await.status, 303);
            assert!(browser.get(&app, "/admin/areas").await.body.contains("七"));
            // Nobody's place ends under them.
            let end = format!("/admin/areas/{EAST}/end");
            let seen = "from=2023-11-20&seen=%2F2023-11-20";
            let refused = browser.submit(&app, &end, &end, seen).await;
            assert!(refused.status == 422 && refused.body.contains("1 名在册居民"), "{}", refused.body);
            let end = format!("/admin/areas/{EAST}007/end");
            assert_eq!(browser.submit(&app, &end, &end, "from=2023-11-20").await.status, 200);
            assert_eq!(browser.submit(&app, &end, &end, seen).await.status, 303);
            assert_eq!(browser.get(&app, "/admin/areas/999/end").await.status, 404);
        });
        let operator = registry.actor("setup", Role::Operator);
        let by = operator.authorize::<ManageSystem>().expect("an operator");
        let there = area::move_area(&registry.store, &by, EAST, OTHER, day("2024-01-01"));
        assert_eq!(fields(there), ["parent"], "records never change their street");
    }

    fn a_register_is_masked_unless_in_full(registry) {
        let office = Office::new(registry);
        office.person("=cmd甲", "1950-01-01", 1);
        office.person("乙乙", "1960-01-01", 2);
        let clerk = registry.actor("clerk", Role::Clerk);
        let view = clerk.authorize::<ViewRegistry>().expect("a clerk");
        let (masked, plain) = (
            clerk.authorize::<ExportRegister>().expect("a clerk"),
            clerk.authorize::<ExportPlain>().expect("a clerk"),
        );
        let all = RegisterQuery::Residents { name: None, address: None, area: None, status: None };
        let how = (Format::Csv, "核对");
        let file = export_register(&registry.store, &view, &RegisterRight::Masked(&masked), &all, how).expect("a file");
        let text = String::from_utf8(file.bytes).expect("UTF-8");
        assert_eq!(file.rows, 2);
        assert!(!text.contains(&number("1950-01-01", 1)) && !text.contains("乙乙"), "{text}");
        let file = export_register(&registry.store, &view, &RegisterRight::Plain(&plain), &all, how).expect("a file");
        let text = String::from_utf8(file.bytes).expect("UTF-8");
        assert!(text.contains(&number("1950-01-01", 1)) && text.contains("乙乙"), "{text}");
        assert!(text.contains("'=cmd甲"), "no formula: {text}");
        assert!(export_register(&registry.store, &view, &RegisterRight::Plain(&plain), &all, (Format::Csv, " ")).is_err());
        let named = RegisterQuery::Residents { name: Some("乙".into()), address: None, area: None, status: None };
        let file = export_register(&registry.store, &view, &RegisterRight::Masked(&masked), &named, (Format::Xlsx, "核对")).expect("a file");
        assert!(file.rows == 1 && file.bytes.starts_with(b"PK"));
        let log = registry.store.read(|conn| {
            Ok(mingce::store::export_log::list_exports(conn, crate::harness::STREET, Some("clerk"), None, 9)?)
        }).expect("the log");
        let logged: Vec<_> = log.iter().map(|row| (row.row_count, row.plain, row.filter.as_str(), row.digest == file.digest)).collect();
        assert_eq!(logged, [(1, false, "name=*", true), (2, true, "", false), (2, false, "", false)]);
    }
}

#[test]
fn files_and_copies_ask_for_the_purpose_and_full_ones_for_the_password() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let office = Office::new(registry);
    let person = office.person("甲甲", "1950-01-01", 1);
    let state = state(registry, Profile::Demo);
    let mut clerk = signed_in(registry, "clerk", Role::Clerk);
    let mut auditor = signed_in(registry, "auditor", Role::Auditor);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        assert!(clerk.get(&app, "/exports").await.body.contains("没有导出记录"));
        let list = clerk.get(&app, "/residents?name=jj").await;
        assert!(
            list.body.contains("/exports/register?name=jj&#38;register=residents"),
            "{}",
            list.body
        );
        let ask = "/exports/register?register=residents";
        let file = "/exports/register";
        let none = clerk.submit(&app, ask, file, "register=residents&format=csv&purpose=").await;
        assert!(none.status == 422 && none.body.contains("purpose-error"), "{}", none.body);
        let wanted = "register=residents&format=csv&purpose=%E6%A0%B8%E5%AF%B9";
        let answer = clerk.submit(&app, ask, file, wanted).await;
        assert!(
            answer.status == 200 && answer.header("content-disposition").starts_with("attachment")
        );
        assert!(!answer.body.contains("甲甲"));
        assert!(auditor.get(&app, "/exports").await.body.contains("核对"), "an auditor sees all");
        // In full: only after the password, and not for readers.
        let plain = "/exports/register/plain?register=residents";
        assert_eq!(auditor.get(&app, plain).await.status, 403);
        let copy = format!("/residents/{person}/copy");
        for page in [plain, copy.as_str()] {
            let asked = clerk.get(&app, page).await;
            assert!(
                asked.header("location").contains("/me/confirm")
                    || asked.body.contains("/me/confirm"),
                "{} {}",
                asked.status,
                asked.body
            );
        }
        let password = PASSWORD.replace(' ', "+");
        let fields = format!("next=%2Fexports&password={password}&code=");
        let step = clerk.submit(&app, "/me/confirm?next=/exports", "/me/confirm", &fields).await;
        assert_eq!(step.status, 303, "{}", step.body);
        let answer = clerk.submit(&app, plain, "/exports/register/plain", wanted).await;
        assert!(answer.status == 200 && answer.body.contains("甲甲"), "{}", answer.body);
        assert_eq!(clerk.submit(&app, &copy, &copy, "purpose=").await.status, 422);
        let shown = clerk.submit(&app, &copy, &copy, "purpose=%E6%9C%AC%E4%BA%BA").await;
        assert!(
            shown.status == 200 && shown.body.contains(&number("1950-01-01", 1)),
            "{}",
            shown.body
        );
    });
}
