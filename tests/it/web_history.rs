//! What was comes back or is shown: a household's address, an area's names and
//! places; a transfer that is refused keeps what was typed; the disk.

use actix_web::test::init_service;
use mingce::domain::household::HouseholdKind;
use mingce::domain::life_event::EventDates;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::services::auth::RegisterEvent;
use mingce::services::event::{MoveWithinInput, move_within};

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::payout::world::day;
use crate::registry_office::{EAST, GRID, Office, THERE, WEST};

fn signed_in(registry: &TestRegistry, name: &str, role: Role) -> Browser {
    add_user(registry, name, role);
    Browser::with_session(&open_session(registry, name, Profile::Demo).0)
}

fn links<'a>(body: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    let hrefs = body.split("href=\"").skip(1).filter_map(|part| part.split('"').next());
    hrefs.filter(|href| href.starts_with(start) && href.ends_with(end)).collect()
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let rest = text.split(mark).nth(1).unwrap_or_else(|| panic!("no {mark}: {text}"));
    rest.split('"').next().expect("an end")
}

on_both! {
    fn a_households_address_comes_back_for_a_supervisor(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let home = office.household(HouseholdKind::Residence, "001", &[(man, "02")]);
        let moved = |area: &str, address: &str, on: &str| {
            let dates = EventDates { event_on: day(on), reported_on: day(on), decided_on: Some(day(on)) };
            let input = MoveWithinInput { residents: vec![], households: vec![home], to_area: area.to_owned(), address: address.to_owned(), dates };
            move_within(&registry.store, &office.may::<RegisterEvent>(), &input).expect("moved");
        };
        moved(EAST, "西大街1号", "2023-09-10");
        let state = state(registry, Profile::Demo);
        let mut clerk = signed_in(registry, "boss", Role::Supervisor);
        let mut grid = signed_in(registry, "grid", Role::Grid);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let page = format!("/households/{home}");
            let shown = clerk.get(&app, &page).await.body;
            assert!(shown.contains("西大街1号") && shown.contains("淮海花园9幢2单元301室"), "{shown}");
            let found = links(&shown, &format!("{page}/history/"), "/restore");
            let [href] = found.as_slice() else { panic!("one address: {found:?}") };
            let href = (*href).to_owned();
            assert!(links(&grid.get(&app, &page).await.body, &format!("{page}/history/"), "/restore").is_empty());
            let form = clerk.get(&app, &href).await;
            let version = after(&form.body, "name=\"version\" value=\"").to_owned();
            let silent = clerk.submit(&app, &href, &href, &format!("version={version}&reason=")).await;
            assert!(silent.status == 422 && silent.body.contains("reason-error"), "{}", silent.body);
            let stale = clerk.submit(&app, &href, &href, "version=99&reason=x").await;
            assert_eq!(stale.status, 422, "{}", stale.body);
            let early = grid.submit(&app, &href, &href, &format!("version={version}&reason=x")).await;
            assert_eq!(early.status, 403, "{}", early.body);
            let done = clerk.submit(&app, &href, &href, &format!("version={version}&reason=%E5%BD%95%E9%94%99")).await;
            assert_eq!((done.status, done.header("location")), (303, page.as_str()), "{}", done.body);
            let heading = clerk.get(&app, &page).await.body;
            let heading = heading.split("<section class=\"card\"><h2>").nth(1).expect("a heading").split('<').next().expect("text").to_owned();
            assert!(heading.contains("淮海花园9幢2单元301室"), "{heading}");
            // Found by it again, and nothing else of the household comes back.
            let list = clerk.get(&app, "/households?text=%E6%B7%AE%E6%B5%B7%E8%8A%B1%E5%9B%AD").await.body;
            assert!(list.contains(&page), "{list}");
            assert_eq!(clerk.get(&app, &format!("{page}/history/1/restore")).await.status, 404);
        });
        // To another community: that is moved back by an event.
        moved(WEST, "西大街2号", "2023-10-10");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let page = format!("/households/{home}");
            let shown = clerk.get(&app, &page).await.body;
            let href = links(&shown, &format!("{page}/history/"), "/restore")[0].to_owned();
            let form = clerk.get(&app, &href).await;
            let version = after(&form.body, "name=\"version\" value=\"").to_owned();
            let refused = clerk.submit(&app, &href, &href, &format!("version={version}&reason=x")).await;
            assert!(refused.status == 422 && refused.body.contains("迁回"), "{}", refused.body);
        });
    }

    fn an_area_tells_what_became_of_it(registry) {
        let _office = Office::new(registry);
        let state = state(registry, Profile::Demo);
        let mut admin = signed_in(registry, "admin", Role::Admin);
        let mut clerk = signed_in(registry, "clerk", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let here = format!("/admin/areas/{GRID}");
            let tree = admin.get(&app, "/admin/areas").await.body;
            assert!(tree.contains(&format!("href=\"{here}\"")), "{tree}");
            let before = admin.get(&app, &here).await.body;
            assert!(before.contains("东社区") && !before.contains("改名</td>"), "{before}");
            let rename = format!("{here}/rename");
            assert_eq!(admin.submit(&app, &rename, &rename, "name=%E4%B8%83").await.status, 303);
            let seen = format!("parent={WEST}&from=2023-12-01&seen={WEST}%2F2023-12-01");
            let page = format!("{here}/move");
            assert_eq!(admin.submit(&app, &page, &page, &seen).await.status, 303);
            let after = admin.get(&app, &here).await.body;
            for said in ["from=第1网格 to=七", "改名", "改划", "2023-11-30", "2023-12-01", "西社区"] {
                assert!(after.contains(said), "{said}: {after}");
            }
            assert_eq!(clerk.get(&app, &here).await.status, 403);
            assert_eq!(admin.get(&app, "/admin/areas/999").await.status, 404);
            // The same through the API.
            let record = admin.get(&app, &format!("/api/v1/areas/{GRID}")).await.json();
            assert_eq!(record["name"].as_str(), Some("七"), "{record}");
            assert_eq!(record["periods"].as_array().map(Vec::len), Some(2), "{record}");
            assert_eq!(record["changes"][0]["action"].as_str(), Some("area.move"), "{record}");
            assert_eq!(record["changes"][1]["detail"].as_str(), Some("from=第1网格 to=七"), "{record}");
            // Room on the disk is told.
            let status = admin.get(&app, "/admin/status").await.body;
            assert!(status.contains("磁盘空间") && status.contains("GiB"), "{status}");
        });
    }

    fn a_refused_transfer_keeps_what_was_typed(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-01-01", 2);
        office.household(HouseholdKind::Residence, "001", &[(man, "02"), (wife, "10")]);
        let state = state(registry, Profile::Demo);
        let mut clerk = signed_in(registry, "clerk", Role::Clerk);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let page = format!("/residents/{wife}/transfer");
            let dates = "event_on=2023-11-10&reported_on=2023-11-11&decided_on=";
            let typed = format!("{dates}&mover={wife}&mover_relation={wife}:02");
            let empty = clerk.submit(&app, &page, &page, &format!("{typed}&area={THERE}&address=&household_no=")).await;
            assert_eq!(empty.status, 422, "{}", empty.body);
            for said in ["address-error", "household_no-error", "value=\"2023-11-10\"", &format!("value=\"{THERE}\" selected"), &format!("value=\"{wife}\" checked"), &format!("value=\"{wife}:02\" selected")] {
                assert!(empty.body.contains(said), "{said}: {}", empty.body);
            }
            // A place that is not offered, nobody who moves, no head: at their fields.
            let rest = "address=%E6%96%B0%E8%B7%AF1&household_no=9";
            let wrong = clerk.submit(&app, &page, &page, &format!("{typed}&area={WEST}&{rest}")).await;
            assert!(wrong.status == 422 && wrong.body.contains("area-error") && wrong.body.contains("新路1"), "{}", wrong.body);
            let nobody = clerk.submit(&app, &page, &page, &format!("{dates}&area={THERE}&{rest}")).await;
            assert!(nobody.status == 422 && nobody.body.contains("href=\"#mover\""), "{}", nobody.body);
            let headless = clerk.submit(&app, &page, &page, &format!("{dates}&mover={wife}&mover_relation={wife}:10&area={THERE}&{rest}")).await;
            assert_eq!(headless.status, 422, "{}", headless.body);
            assert_eq!(office.row(wife).status.code(), "active", "nothing was saved");
        });
    }
}
