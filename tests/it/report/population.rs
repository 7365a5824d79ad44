//! The population of a period, through the services that move people.

use actix_web::test::init_service;
use mingce::domain::ids::ResidentId;
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::population::{Band, Basis, Flow, Late};
use mingce::domain::role::Role;
use mingce::services::access::Profile;
use mingce::services::auth::{ExportMasked, RegisterEvent};
use mingce::services::event::{
    Arrival, BirthInput, DeathInput, MoveInInput, MoveOutInput, MoveWithinInput, birth, death,
    move_in, move_out, move_within,
};
use mingce::services::report::render::Format;
use mingce::services::report::{
    PopulationCell, PopulationQuery, PopulationTable, Wanted, export_population, population,
    population_rows,
};
use mingce::services::resident::ResidentInput;

use crate::harness::TestRegistry;
use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, GRID, Office, WEST, day, month, number};

fn dates(event: &str, reported: &str) -> EventDates {
    EventDates { event_on: day(event), reported_on: day(reported), decided_on: None }
}

fn dead(resident: ResidentId, event: &str, reported: &str) -> DeathInput {
    let dates = dates(event, reported);
    DeathInput { resident, dates, confidence: Confidence::Confirmed, heads: vec![], note: None }
}

const AUTUMN: (&str, &str) = ("2023-09", "2023-10");

fn query((from, to): (&str, &str)) -> PopulationQuery {
    PopulationQuery { from: month(from), to: month(to), basis: Basis::Register }
}

/// Six people: one stays, one is born, one arrives, one dies (and is reported
/// late), one leaves, one changes community.
fn people(office: &Office<'_>) -> Vec<ResidentId> {
    let store = &office.registry.store;
    let by = office.may::<RegisterEvent>();
    let stays = office.person("甲甲", "1950-01-01", 1);
    let dies = office.person("乙乙", "1940-01-01", 2);
    let leaves = office.person("丙丙", "1990-01-01", 3);
    let changes = office.person("丁丁", "1980-01-01", 4);
    let born = BirthInput {
        child: ResidentInput::citizen("戊戊", &number("2023-09-05", 5), EAST),
        joins: vec![],
        dates: dates("2023-09-05", "2023-09-18"),
        named_month: None,
    };
    let born = birth(store, &by, &born).expect("born").resident.expect("a child");
    let arrives = MoveInInput {
        person: Arrival::New(ResidentInput::citizen("己己", &number("1970-01-01", 6), WEST)),
        origin: "外省".to_owned(),
        joins: vec![],
        dates: dates("2023-10-02", "2023-10-03"),
        named_month: None,
        note: None,
    };
    let arrives = move_in(store, &by, &arrives).expect("arrived").resident.expect("somebody");
    death(store, &by, &dead(dies, "2023-10-20", "2023-11-02")).expect("dead");
    let out = MoveOutInput {
        residents: vec![leaves],
        destination: "外省".to_owned(),
        dates: dates("2023-09-10", "2023-09-11"),
        confidence: Confidence::Confirmed,
        heads: vec![],
        note: None,
    };
    move_out(store, &by, &out).expect("left");
    let within = MoveWithinInput {
        residents: vec![changes],
        households: vec![],
        to_area: WEST.to_owned(),
        address: "西路1号".to_owned(),
        dates: dates("2023-10-10", "2023-10-10"),
    };
    move_within(store, &by, &within).expect("moved");
    vec![stays, dies, leaves, changes, born, arrives]
}

/// The street's and one community's figures, in the order of the columns.
fn figures(table: &PopulationTable, community: &str) -> Vec<i64> {
    let row = table.communities.iter().find(|row| row.code == community).expect("a community");
    Flow::ALL.iter().map(|flow| row.total().get(*flow)).collect()
}

fn cell(wanted: Wanted) -> PopulationCell {
    PopulationCell { community: None, band: None, wanted }
}

fn masked(registry: &TestRegistry) -> mingce::services::Actor {
    registry.actor("clerk", Role::Clerk)
}

on_both! {
    fn it_balances_by_the_day_it_happened(registry) {
        let office = Office::new(registry);
        let people = people(&office);
        let actor = masked(registry);
        let by = actor.authorize::<ExportMasked>().expect("a clerk");
        let table = population(&registry.store, &by, query(AUTUMN)).expect("a table");
        assert_eq!(table.broken(), []);
        // opening, births, in, over, deaths, out, over, closing
        assert_eq!(figures(&table, EAST), [4, 1, 0, 0, 1, 1, 1, 2]);
        assert_eq!(figures(&table, WEST), [0, 0, 1, 1, 0, 0, 0, 2]);
        let all = table.all.total();
        assert_eq!((all.get(Flow::Opening), all.get(Flow::Closing), all.gap()), (4, 4, 0));
        assert_eq!(table.late, [(Late::After, mingce::domain::life_event::EventKind::Death, 1)]);
        // The month after knows the death only as a late report.
        let later = population(&registry.store, &by, query(("2023-11", "2023-11"))).expect("a table");
        assert_eq!(later.all.total().get(Flow::Death), 0);
        assert_eq!(later.all.total().get(Flow::Opening), 4);
        assert_eq!(later.late.first().map(|late| late.0), Some(Late::Before));
        // Every figure opens its people.
        for flow in Flow::ALL {
            let rows = population_rows(&registry.store, &by, query(AUTUMN), &cell(Wanted::Flow(*flow)))
                .expect("rows");
            assert_eq!(rows.len() as i64, all.get(*flow), "{flow:?}");
        }
        let only = PopulationCell { band: Some(Band::Aged), ..cell(Wanted::Flow(Flow::Death)) };
        let rows = population_rows(&registry.store, &by, query(AUTUMN), &only).expect("rows");
        assert_eq!((rows[0].id, rows[0].name.as_str()), (people[1], "乙*"));
        assert_eq!(rows[0].reported_on, Some(day("2023-11-02")));
        let back = PopulationQuery { from: month("2023-10"), to: month("2023-09"), ..query(AUTUMN) };
        assert!(population(&registry.store, &by, back).is_err());
    }

    fn a_broken_identity_is_shown_and_its_record_found(registry) {
        let office = Office::new(registry);
        people(&office);
        let forgotten = office.person("庚庚", "2023-09-30", 7);
        let actor = masked(registry);
        let by = actor.authorize::<ExportMasked>().expect("a clerk");
        let table = population(&registry.store, &by, query(AUTUMN)).expect("a table");
        let broken: Vec<_> = table.broken().iter().map(|(row, band, gap)| (row.code.clone(), *band, *gap)).collect();
        assert_eq!(broken, [(EAST.to_owned(), Band::Infant, 1)]);
        let rows = population_rows(&registry.store, &by, query(AUTUMN), &cell(Wanted::Broken))
            .expect("rows");
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [forgotten]);
        let file = export_population(&registry.store, &by, query(AUTUMN), None, Format::Csv, "上报")
            .expect("a file");
        let text = String::from_utf8(file.bytes).expect("UTF-8");
        assert!(text.contains("勾稽不平:东社区"), "{text}");
        assert!(export_population(&registry.store, &by, query(AUTUMN), None, Format::Xlsx, " ").is_err());
    }
}

#[test]
fn a_supervisor_sees_the_own_community_on_the_page() {
    let registry = &TestRegistry::new(mingce::store::Backend::Sqlite);
    let office = Office::new(registry);
    people(&office);
    let supervisor = office.in_area(Role::Supervisor, &[WEST]);
    let by = supervisor.authorize::<ExportMasked>().expect("a supervisor");
    let table = population(&registry.store, &by, query(AUTUMN)).expect("a table");
    assert_eq!(table.communities.len(), 1);
    assert_eq!(figures(&table, WEST), [0, 0, 1, 1, 0, 0, 0, 2]);
    let grid = office.in_area(Role::Grid, &[GRID]);
    assert!(grid.authorize::<ExportMasked>().is_err());
    add_user(registry, "auditor", Role::Auditor);
    let state = state(registry, Profile::Demo);
    let mut browser = Browser::with_session(&open_session(registry, "auditor", Profile::Demo).0);
    run(async {
        let app = init_service(mingce::app!(&state)).await;
        let base = "/reports/population?from=2023-09&to=2023-10&basis=register";
        let page = browser.get(&app, base).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.contains("东社区") && page.body.contains("figure=death"));
        let rows = "/reports/population/rows?from=2023-09&to=2023-10&basis=register&figure=death";
        let page = browser.get(&app, rows).await;
        assert!(page.body.contains("乙*") && !page.body.contains("乙乙"), "{}", page.body);
        assert_eq!(browser.get(&app, &rows.replace("death", "x")).await.status, 400);
        let wrong = browser.get(&app, "/reports/population?from=2023-11&to=2023-10").await;
        assert_eq!(wrong.status, 422);
        let fields = "from=2023-09&to=2023-10&basis=register&format=csv&purpose=";
        let download = "/reports/population/download";
        let refused = browser.submit(&app, base, download, fields).await;
        assert_eq!(refused.status, 422);
        for kept in
            ["href=\"#purpose\"", "name=\"from\" value=\"2023-09\"", "from=2023-09&#38;to=2023-10"]
        {
            assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
        }
        let file =
            browser.submit(&app, base, download, &format!("{fields}%E4%B8%8A%E6%8A%A5")).await;
        assert_eq!((file.status, file.header("x-content-sha256").len()), (200, 64));
    });
}
