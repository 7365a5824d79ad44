//! Rounds: a grid that changes hands, visits that plan themselves.

use actix_web::test::init_service;
use mingce::domain::fact::{FactDates, FactKind};
use mingce::domain::household::HouseholdKind;
use mingce::domain::role::{Rights, Role};
use mingce::domain::visit::{Purpose, VisitResult, VisitStatus};
use mingce::services::access::Profile;
use mingce::services::auth::{EditAward, EditRegistry, ViewRegistry};
use mingce::services::fact::{self, FactInput};
use mingce::services::household::{self, HouseholdInput};
use mingce::services::visit::hand_over::{HandOverInput, hand_over};
use mingce::services::visit::plan::{self, PlanInput};
use mingce::services::visit::{self, VisitInput, quarter};

use crate::harness::TestRegistry;
use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, GRID, Office, WEST, day, fields};

/// A grid worker of an area.
fn worker(registry: &TestRegistry, username: &str, scope: &str) {
    use diesel::prelude::*;
    use mingce::store::schema::user_account::dsl;
    add_user(registry, username, Role::Grid);
    registry
        .store
        .maintain(|conn| {
            diesel::update(dsl::user_account.filter(dsl::username.eq(username)))
                .set((dsl::scope_code.eq(scope), dsl::display_name.eq(username)))
                .execute(conn)?;
            Ok(())
        })
        .expect("a scope");
}

fn signed_in(registry: &TestRegistry, username: &str) -> Browser {
    Browser::with_session(&open_session(registry, username, Profile::Demo).0)
}

/// The value of the option that names somebody.
fn option(answer: &Answer, name: &str) -> i64 {
    let before = answer.body.split(&format!("({name})<")).next().expect("an option");
    let value = before.rsplit("value=\"").next().and_then(|rest| rest.split('"').next());
    value.and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no {name}: {}", answer.body))
}

on_both! {
    fn a_grid_is_handed_over_from_a_day_on(registry) {
        let office = Office::new(registry);
        let person = office.person("张三", "1949-01-01", 1);
        let form = office.form(HouseholdKind::Residence, "J-1", &[(person, "02")]);
        let form = HouseholdInput { area_code: GRID.to_owned(), ..form };
        let home = household::open(&registry.store, &office.may(), &form).expect("opened");
        let state = state(registry, Profile::Demo);
        worker(registry, "jia", EAST);
        worker(registry, "yi", WEST);
        add_user(registry, "boss", Role::Supervisor);
        let plan = |on: &str| plan::plan(&registry.store, &office.may::<EditRegistry>(), &PlanInput {
            area_code: GRID.to_owned(),
            building: "淮海花园9幢".to_owned(),
            purpose: mingce::domain::visit::Purpose::Population,
            planned_on: day(on),
            worker: "jia".to_owned(),
            co_visitor: None,
        });
        assert_eq!(plan("2023-11-25").expect("planned"), 1);
        let page = format!("/households/{home}");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let (mut jia, mut yi) = (signed_in(registry, "jia"), signed_in(registry, "yi"));
            assert_eq!(jia.get(&app, &page).await.status, 200);
            assert_eq!(yi.get(&app, &page).await.status, 404);
            let asked = jia.get(&app, "/visits/hand-over").await;
            assert!(asked.body.contains("由社区主管办理") && !asked.body.contains("to_user"), "{}", asked.body);
            let mut boss = signed_in(registry, "boss");
            let asked = boss.get(&app, "/visits/hand-over").await;
            let (from, to) = (option(&asked, "jia"), option(&asked, "yi"));
            let form = |area: &str, from: i64, on: &str| {
                format!("area={area}&from_user={from}&to_user={to}&from={on}")
            };
            for (wrong, field) in [
                (form(GRID, from, "2023-11-19"), "from"),
                (form(GRID, to, "2023-11-22"), "to_user"),
                (form("", from, "2023-11-22"), "area"),
                (form(GRID, 7, "2023-11-22"), "from_user"),
            ] {
                let answer = boss.submit(&app, "/visits/hand-over", "/visits/hand-over", &wrong).await;
                assert!(answer.status == 422, "{wrong}: {}", answer.status);
                assert!(answer.body.contains(&format!("id=\"{field}-error\"")), "{wrong}: {}", answer.body);
            }
            let good = form(GRID, from, "2023-11-22");
            let done = boss.submit(&app, "/visits/hand-over", "/visits/hand-over", &good).await;
            assert_eq!((done.status, done.header("location")), (303, "/visits"), "{}", done.body);
            let list = boss.get(&app, "/visits").await;
            assert!(list.body.contains("· yi"), "{}", list.body);
            assert!(list.body.contains("2023-11-22") && list.body.contains("未生效"), "{}", list.body);
            // Until that day everything is as it was.
            assert_eq!(jia.get(&app, &page).await.status, 200);
            assert_eq!(signed_in(registry, "yi").get(&app, &page).await.status, 404);
            registry.clock.move_to(day("2023-11-22"));
            // Whoever was signed in is asked again, and sees what they keep now.
            for old in [&mut jia, &mut yi] {
                let turned = old.get(&app, "/home").await;
                assert!(turned.status == 303 && turned.header("location").starts_with("/login"));
            }
            assert_eq!(signed_in(registry, "jia").get(&app, &page).await.status, 404);
            let mut yi = signed_in(registry, "yi");
            assert_eq!(yi.get(&app, &page).await.status, 200);
            assert!(yi.get(&app, "/visits").await.body.contains("· yi"));
        });
        let boss = registry.actor("boss", Role::Supervisor);
        let by = boss.authorize::<EditRegistry>().expect("a supervisor");
        let accounts = registry.store.read(|conn| Ok(mingce::store::user::list(conn)?)).expect("read");
        let id = |name: &str| accounts.iter().find(|row| row.username == name).expect("an account").id;
        let back = HandOverInput {
            area_code: GRID.to_owned(),
            from_user: Some(id("yi")),
            to_user: id("jia"),
            from: day("2023-11-23"),
        };
        // Only workers of the caller's own areas.
        let boss_in_west = mingce::services::Actor::new("west".to_owned(), Role::Supervisor,
            mingce::services::Scope::areas(crate::harness::STREET, vec![WEST.to_owned()]));
        let west = boss_in_west.authorize::<EditRegistry>().expect("a supervisor");
        assert_eq!(fields(hand_over(&registry.store, &west, &back)), ["area", "to_user"]);
        let done = hand_over(&registry.store, &by, &back).expect("handed over");
        assert_eq!(done.visits, 1);
        let grid = registry.actor("yi", Role::Grid);
        let by = grid.authorize::<EditRegistry>().expect("an editor");
        assert!(hand_over(&registry.store, &by, &back).is_err());
    }

    fn everybody_on_the_register_is_visited_once_a_quarter(registry) {
        let office = Office::new(registry);
        worker(registry, "jia", EAST);
        add_user(registry, "boss", Role::Supervisor);
        let patient = |name: &str, sequence: u32| {
            let id = office.person(name, "1970-01-01", sequence);
            let input = FactInput {
                dates: FactDates { event_on: Some(day("2022-01-10")), reported_on: Some(day("2022-01-10")),
                    ..FactDates::default() },
                ..FactInput::decided(id, FactKind::MentalRegister, day("2022-01-10"))
            };
            fact::record(&registry.store, &office.may::<EditAward>(), &input).expect("registered");
            id
        };
        let (one, two, three) = (patient("张三", 1), patient("李四", 2), patient("王五", 3));
        office.person("赵六", "1970-01-01", 4);
        // One is no longer on it.
        let ended = FactInput {
            code: Some(FactKind::ENDED.to_owned()),
            dates: FactDates { event_on: Some(day("2023-09-10")), reported_on: Some(day("2023-09-10")),
                ..FactDates::default() },
            ..FactInput::decided(three, FactKind::MentalRegister, day("2023-09-10"))
        };
        fact::record(&registry.store, &office.may::<EditAward>(), &ended).expect("ended");
        let plan = || quarter::plan_quarter(&registry.store).expect("planned");
        assert_eq!((plan(), plan()), (2, 0), "once");
        let seen = |rights: Rights| {
            quarter::list_co_visits(&registry.store, &office.may::<ViewRegistry>(), rights).expect("a list")
        };
        assert_eq!(seen(Rights::default()), []);
        let mental = Rights { mental: true, ..Rights::default() };
        let list = seen(mental);
        let who: Vec<_> = list.iter().map(|visit| visit.resident).collect();
        assert_eq!(who, [one, two]);
        assert!(list.iter().all(|visit| visit.due_on == Some(day("2023-12-31"))
            && visit.worker == "jia" && visit.co_visitor == "精防医生"), "{list:?}");
        // Nobody there: the visit is made, the patient is not seen, somebody comes again in two weeks.
        let visit = |person, result| {
            let input = VisitInput {
                visit_no: mingce::domain::ids::lettered('V', registry.store.next_id()),
                household: None,
                persons: vec![person],
                purpose: Purpose::Mental,
                planned_on: None,
                done_on: Some(day("2023-11-20")),
                worker: "jia".to_owned(),
                co_visitor: Some("精防医生".to_owned()),
                result: Some(result),
                status: VisitStatus::Done,
                reviewed_on: None,
                changed: Vec::new(),
                next_on: None,
                comes_again: false,
            };
            visit::add(&registry.store, &office.may::<EditRegistry>(), &input).expect("a visit")
        };
        visit(one, VisitResult::Absent);
        let days: Vec<_> = seen(mental).iter().map(|visit| (visit.resident, visit.due_on)).collect();
        assert_eq!(days, [(one, Some(day("2023-12-04"))), (two, Some(day("2023-12-31")))]);
        assert_eq!(plan(), 0, "the plan ended with the visit that carried it out, and there is another");
        visit(one, VisitResult::Met);
        visit(two, VisitResult::Family);
        assert_eq!((seen(mental).len(), plan()), (0, 0));
        // The next quarter plans its own.
        registry.clock.move_to(day("2024-01-01"));
        assert_eq!(plan(), 2);
        assert!(seen(mental).iter().all(|visit| visit.due_on == Some(day("2024-03-31"))));
        // On the page only with the right.
        let state = state(registry, Profile::Demo);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            assert!(!signed_in(registry, "boss").get(&app, "/visits").await.body.contains("co-visits"));
            let by = office.may();
            mingce::services::user::set_rights(&registry.store, &by, "boss", mental).expect("the right");
            let page = signed_in(registry, "boss").get(&app, "/visits").await;
            assert!(page.body.contains("本季度联合走访 (2)") && page.body.contains("张三"), "{}", page.body);
        });
    }
}
