//! What a benefit stands on, entered in the browser and confirmed by another;
//! events and reveals that had no test of their forms.

use actix_web::test::init_service;
use mingce::domain::household::HouseholdKind;
use mingce::domain::ids::ResidentId;
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::store::Backend;
use mingce::store::report::list_counted_people;

use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::harness::{STREET, TestRegistry};
use crate::http_month::home;
use crate::on_both;
use crate::payout::world::{day, id_number};
use crate::registry_office::{EAST, Office, number};

fn signed_in(registry: &TestRegistry, name: &str, role: Role) -> Browser {
    add_user(registry, name, role);
    Browser::with_session(&open_session(registry, name, Profile::Demo).0)
}

fn people(registry: &TestRegistry) -> Vec<ResidentId> {
    let found = registry.store.read(|c| Ok(list_counted_people(c, STREET, ResidentId(0), 99)?));
    found.expect("people").into_iter().map(|person| person.id).collect()
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    let rest = text.split(mark).nth(1).unwrap_or_else(|| panic!("no {mark}: {text}"));
    rest.split('"').next().expect("an end")
}

on_both! {
    fn a_clerk_enters_and_another_confirms(registry) {
        let world = home(registry, "2023-08");
        registry.clock.move_to(day("2023-09-01"));
        let state = state(registry, Profile::Demo);
        let mut one = signed_in(registry, "one", Role::Clerk);
        let mut two = signed_in(registry, "two", Role::Clerk);
        let person = people(registry)[0];
        let page = format!("/residents/{person}");
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            // An account: every error, then proposed, then confirmed by another.
            let new = format!("{page}/accounts/new");
            let fields = "relation=self&holder_name=&holder_doc=&bank_name=%E5%86%9C%E8%A1%8C&bank_cnaps=\
                &opened_on=2023-09-01&agreement_no=&account_no=";
            let wrong = one.submit(&app, &new, &new, &format!("{fields}12")).await;
            assert!(wrong.status == 422 && wrong.body.contains("account_no-error"), "{}", wrong.body);
            let card = "6228480000000000019";
            let sent = one.submit(&app, &new, &new, &format!("{fields}{card}")).await;
            assert_eq!((sent.status, sent.header("location")), (303, page.as_str()), "{}", sent.body);
            assert!(!one.get(&app, &page).await.body.contains("农行"), "not yet");
            let change = after(&two.get(&app, "/review").await.body, "/review/changes/").to_owned();
            let confirm = format!("/review/changes/{change}/confirm");
            let own = one.post(&app, &confirm, "csrf=").await;
            assert_eq!(own.status, 403);
            let look = format!("/review/changes/{change}");
            assert_eq!(two.submit(&app, &look, &confirm, "").await.status, 303);
            let shown = one.get(&app, &page).await;
            assert!(shown.body.contains("农行") && !shown.body.contains(card), "{}", shown.body);
            // The award of the household: stopped, and the stop annulled.
            let award = format!("/awards/{}", after(&shown.body, "href=\"/awards/"));
            let file = one.get(&app, &award).await;
            assert!(file.status == 200 && file.body.contains("审核确认"), "{}", file.body);
            let stop = format!("{award}/stop");
            let none = one.submit(&app, &award, &stop, "stop_reason=&decided_on=2023-09-01&from_month=&doc_no=").await;
            assert!(none.status == 422 && none.body.contains("stop_reason-error"), "{}", none.body);
            let fields = "stop_reason=income&decided_on=2023-09-01&from_month=&doc_no=1";
            assert_eq!(one.submit(&app, &award, &stop, fields).await.status, 303);
            let stopped = one.get(&app, &award).await;
            assert!(stopped.body.contains("收入超标") && !stopped.body.contains("name=\"stop_reason\""));
            let again = one.submit(&app, &award, &stop, fields).await;
            assert_ne!(again.status, 303, "a second click");
            let annul = format!("{award}/annul");
            let none = one.submit(&app, &award, &annul, "decided_on=2023-09-01&reason=&doc_no=").await;
            assert_eq!(none.status, 422, "{}", none.body);
            let fields = "decided_on=2023-09-01&reason=%E9%94%99%E5%81%9C&doc_no=";
            assert_eq!(one.submit(&app, &award, &annul, fields).await.status, 303);
            assert!(one.get(&app, &award).await.body.contains("name=\"stop_reason\""));
            // Another application of the same household overlaps.
            let new = format!("{page}/awards/new");
            let fields = "applied_on=2023-08-20&decided_on=2023-09-01&from_month=&amount=&account_id=\
                &doc_no=&cert_no=&review_class=&program=";
            for (program, field) in [("", "program"), ("nothing", "program")] {
                let answer = one.submit(&app, &new, &new, &format!("{fields}{program}")).await;
                assert!(answer.status == 422 && answer.body.contains(&format!("{field}-error")), "{program}");
            }
            let twice = one.submit(&app, &new, &new, &format!("{fields}dibao")).await;
            assert!(twice.status == 422 || twice.status == 409, "{}", twice.body);
            // Income in words that are none.
            let new = format!("{page}/facts/new");
            let fields = "kind=income&code=wage&detail=&event_on=&reported_on=&decided_on=2023-09-01\
                &named_from=&to_month=&doc_no=&amount=";
            let wrong = one.submit(&app, &new, &new, &format!("{fields}x")).await;
            assert!(wrong.status == 422 && wrong.body.contains("amount-error"), "{}", wrong.body);
            let sent = one.submit(&app, &new, &new, &format!("{fields}1200.50")).await;
            assert_eq!(sent.status, 303, "{}", sent.body);
            // A certificate whose number is another's.
            let new = format!("{page}/certificates/new");
            let id = id_number(day("1980-03-01"), 1);
            let fields = "issue=first&category=4&grade=2&issued_on=2023-08-01&valid_to=&known_on=2023-09-01&number=";
            let wrong = one.submit(&app, &new, &new, &format!("{fields}{id}")).await;
            assert_eq!(wrong.status, 422);
            let mine = &world.numbers["甲"];
            let sent = one.submit(&app, &new, &new, &format!("{fields}{mine}42")).await;
            assert_eq!(sent.status, 303, "{}", sent.body);
        });
    }
}

#[test]
fn a_grid_worker_enters_a_visit() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let office = Office::new(registry);
    let (one, two) =
        (office.person("甲甲", "1950-01-01", 1), office.person("乙乙", "1960-01-01", 2));
    let home = office.household(HouseholdKind::Residence, "1", &[(one, "02"), (two, "12")]);
    let state = state(registry, Profile::Demo);
    let mut grid = signed_in(registry, "grid", Role::Grid);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let page = format!("/households/{home}/visits/new");
        let fields = "done_on=2023-11-20&purpose=population&result=met&co_visitor=";
        let none = grid.submit(&app, &page, &page, fields).await;
        assert!(none.status == 422 && none.body.contains("persons-error"), "{}", none.body);
        let future = fields.replace("11-20", "12-20");
        let late = grid.submit(&app, &page, &page, &format!("{future}&person={one}")).await;
        assert_eq!(late.status, 422, "{}", late.body);
        let sent =
            grid.submit(&app, &page, &page, &format!("{fields}&person={one}&person={two}")).await;
        assert_eq!(sent.status, 303, "{}", sent.body);
        for page in [format!("/residents/{two}"), format!("/households/{home}")] {
            let shown = grid.get(&app, &page).await;
            assert!(
                shown.body.contains("人口核实") && shown.body.contains("已见面"),
                "{}",
                shown.body
            );
        }
        let new = format!("/residents/{one}/awards/new");
        assert_eq!(grid.get(&app, &new).await.status, 403);
    });
}

#[test]
fn births_arrivals_heads_and_merges_by_form() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let office = Office::new(registry);
    let (man, wife) =
        (office.person("张三", "1970-01-01", 1), office.person("李四", "1972-02-02", 2));
    let other = office.person("王五", "1950-01-01", 3);
    let home = office.household(HouseholdKind::Residence, "甲1", &[(man, "02"), (wife, "12")]);
    let second = office.household(HouseholdKind::Residence, "乙2", &[(other, "02")]);
    let state = state(registry, Profile::Demo);
    let mut clerk = signed_in(registry, "clerk", Role::Clerk);
    let person = |name: &str, number: &str| {
        format!(
            "name={name}&doc_kind=111&doc_no={number}&sex=&birth_on=&mismatch_reason=&phone=&ethnicity=\
             &marital=&education=&residence_status=R1&area={EAST}"
        )
    };
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        // A birth: the day is the child's, the relation is asked for.
        let page = format!("/households/{home}/birth");
        let child = person("%E5%BC%A0%E5%B0%8F", &number("2023-11-01", 5));
        let dates = "event_on=2023-11-01&reported_on=2023-11-10&decided_on=";
        let none = clerk.submit(&app, &page, &page, &format!("{child}&{dates}&relation=")).await;
        assert!(none.status == 422 && none.body.contains("relation-error"), "{}", none.body);
        let wrong = dates.replace("event_on=2023-11-01", "event_on=2023-11-02");
        let wrong = clerk.submit(&app, &page, &page, &format!("{child}&{wrong}&relation=21")).await;
        assert!(wrong.status == 422 && wrong.body.contains("birth_on-error"), "{}", wrong.body);
        let born = clerk.submit(&app, &page, &page, &format!("{child}&{dates}&relation=21")).await;
        assert_eq!(born.status, 303, "{}", born.body);
        // An arrival from elsewhere.
        let page = format!("/households/{home}/move-in");
        let new = person("%E5%BC%A0%E6%9D%A5", &number("1990-05-05", 6));
        let none =
            clerk.submit(&app, &page, &page, &format!("{new}&{dates}&relation=29&origin=")).await;
        assert!(none.status == 422 && none.body.contains("origin-error"), "{}", none.body);
        let came = format!("{new}&{dates}&relation=29&origin=%E5%A4%96%E7%9C%81");
        assert_eq!(clerk.submit(&app, &page, &page, &came).await.status, 303);
        let shown = clerk.get(&app, &format!("/households/{home}")).await;
        assert!(shown.body.contains("张小") && shown.body.contains("张来"), "{}", shown.body);
        // Another head: everybody's relation is given anew.
        let members: Vec<ResidentId> =
            people(registry).into_iter().filter(|id| *id != other).collect();
        let page = format!("/households/{home}/head");
        let rest: Vec<String> = members
            .iter()
            .filter(|id| **id != wife)
            .map(|id| format!("relation={home}:{id}:{}", if *id == man { "11" } else { "21" }))
            .collect();
        let fields = format!("{dates}&head={home}:{wife}&{}", rest.join("&"));
        let part = clerk.submit(&app, &page, &page, &format!("{dates}&head={home}:{wife}")).await;
        assert_eq!(part.status, 422, "without relations: {}", part.body);
        let done = clerk.submit(&app, &page, &page, &fields).await;
        assert_eq!(done.status, 303, "{}", done.body);
        // The second household joins the first.
        let page = format!("/households/{second}/merge");
        let unknown = format!("{dates}&target=nowhere&mover_relation={other}:99");
        let refused = clerk.submit(&app, &page, &page, &unknown).await;
        assert!(refused.status == 422 && refused.body.contains("target-error"), "{}", refused.body);
        let fields = format!("{dates}&target=%E7%94%B21&mover_relation={other}:99");
        let done = clerk.submit(&app, &page, &page, &fields).await;
        assert_eq!(done.status, 303, "{}", done.body);
        let shown = clerk.get(&app, &format!("/households/{home}")).await;
        assert!(shown.body.contains("王五"), "{}", shown.body);
    });
}

#[test]
fn the_quota_of_reveals_is_a_429() {
    let registry = &TestRegistry::new(Backend::Sqlite);
    let office = Office::new(registry);
    let person = office.person("甲甲", "1950-01-01", 1);
    let state = state(registry, Profile::Demo);
    let mut grid = signed_in(registry, "grid", Role::Grid);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let page = format!("/residents/{person}/reveal");
        let ask = format!("{page}?field=doc_no");
        let fields = "field=doc_no&purpose=on_site&reason=";
        for at in 0..50 {
            let shown = grid.submit(&app, &ask, &page, fields).await;
            assert_eq!(shown.status, 200, "{at}: {}", shown.body);
        }
        let refused = grid.submit(&app, &ask, &page, fields).await;
        assert_eq!(refused.status, 429, "{}", refused.body);
        assert!(!refused.body.contains(&number("1950-01-01", 1)));
        assert_eq!(refused.header("retry-after"), "3600");
    });
}

on_both! {
    fn an_earlier_value_comes_back_and_people_move_to_another_street(registry) {
        use crate::registry_office::{OTHER, THERE};
        let office = Office::new(registry);
        let (one, two) = (office.person("甲甲", "1950-01-01", 1), office.person("乙乙", "1960-01-01", 2));
        office.household(HouseholdKind::Hukou, "1", &[(one, "02"), (two, "12")]);
        let state = state(registry, Profile::Demo);
        let mut clerk = signed_in(registry, "clerk", Role::Clerk);
        let mut grid = signed_in(registry, "grid", Role::Grid);
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let page = format!("/residents/{two}");
            let edit = format!("{page}/edit");
            let fields = format!(
                "name=%E4%B9%99%E9%94%99&doc_kind=111&doc_no=&sex=&birth_on=&mismatch_reason=&phone=&ethnicity=\
                 &marital=20&education=&residence_status=R2&area={EAST}&version=1&reason=%E7%AC%94%E8%AF%AF"
            );
            assert_eq!(clerk.submit(&app, &edit, &edit, &fields).await.status, 303);
            // In words, not in codes.
            let shown = clerk.get(&app, &page).await;
            assert!(shown.body.contains("户在人不在") && !shown.body.contains(">R2<"), "{}", shown.body);
            let link = shown.body.split("href=\"").find(|part| part.starts_with(&format!("{page}/history/")));
            let ask = link.and_then(|part| part.split('"').next()).expect("a link").to_owned();
            assert!(!grid.get(&app, &page).await.body.contains("/restore"), "below supervisor level");
            let mut restored = Vec::new();
            for part in shown.body.split("href=\"").filter(|part| part.starts_with(&format!("{page}/history/"))) {
                let href = part.split('"').next().expect("a link");
                let form = clerk.get(&app, href).await;
                let version = after(&form.body, "name=\"version\" value=\"").to_owned();
                let none = clerk.submit(&app, href, href, &format!("version={version}&reason=")).await;
                assert_eq!(none.status, 422);
                let stale = clerk.submit(&app, href, href, "version=1&reason=x").await;
                assert_eq!(stale.status, 422, "an old version");
                let done = clerk.submit(&app, href, href, &format!("version={version}&reason=x")).await;
                assert_eq!(done.status, 303, "{}", done.body);
                restored.push(href.to_owned());
            }
            assert!(restored.contains(&ask) && restored.len() >= 2);
            let row = office.row(two);
            assert_eq!((row.name.as_str(), row.residence_status.code()), ("乙乙", "R1"));
            assert_eq!(clerk.get(&app, &format!("{page}/history/1/restore")).await.status, 404);
            // To the other street; the wife becomes the head of her own household.
            let page = format!("/residents/{two}/transfer");
            let form = clerk.get(&app, &page).await;
            assert!(form.body.contains("乙街道 乙社区"), "{}", form.body);
            let dates = "event_on=2023-11-10&reported_on=2023-11-11&decided_on=";
            let fields = format!("{dates}&address=%E6%96%B0%E8%B7%AF1&household_no=9&mover={two}&mover_relation={two}:02&area=");
            let none = clerk.submit(&app, &page, &page, &fields).await;
            assert!(none.status == 422 && none.body.contains("area-error"), "{}", none.body);
            let moved = clerk.submit(&app, &page, &page, &format!("{fields}{THERE}")).await;
            assert_eq!(moved.status, 303, "{}", moved.body);
            assert_eq!(office.row(two).status.code(), "left");
        });
        let there = registry.store.read(|c| Ok(list_counted_people(c, OTHER, ResidentId(0), 9)?));
        assert_eq!(there.expect("people").len(), 1);
    }
}
