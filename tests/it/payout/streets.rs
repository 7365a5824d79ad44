//! W14c in both streets: the old one pays the month of the registration, the
//! new one from the next on. Never both, never neither.

use mingce::domain::code_table::Relation;
use mingce::domain::ids::ResidentId;
use mingce::domain::life_event::EventDates;
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::domain::payout::LineKind;
use mingce::domain::role::Role;
use mingce::services::area::{AreaInput, add_areas};
use mingce::services::event::{Mover, TransferInput, transfer};
use mingce::services::payout::{self, DraftOptions};
use mingce::services::{Actor, Scope};
use mingce::store::line::list_lines_of_run;

use super::world::{EAST, World, day, month, yuan};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;

const OTHER: &str = "320899002";
const THERE: &str = "320899002001";

/// What a street pays for a month: regular lines of dibao.
fn paid(registry: &TestRegistry, street: &str, which: Month) -> Vec<Fen> {
    let clerk = Actor::new(format!("clerk {street}"), Role::Clerk, Scope::street(street));
    let store = &registry.store;
    payout::draft(store, &clerk.authorize().expect("may"), which, DraftOptions::default())
        .expect("drafted");
    let approver = Actor::new(format!("approver {street}"), Role::Approver, Scope::street(street));
    let runs = store.read(|conn| payout::list_month(conn, street, which)).expect("runs");
    let mut found = Vec::new();
    for run in runs {
        let lines = store
            .read(|conn| Ok(list_lines_of_run(conn, street, run.id, None, 1_000)?))
            .expect("lines");
        if run.program == "dibao" {
            let regular = lines.iter().filter(|line| line.kind == LineKind::Regular);
            found.extend(regular.map(|line| line.amount_fen).filter(|fen| fen.0 != 0));
        }
        payout::submit(store, &clerk.authorize().expect("may"), run.id, Some("无账户"))
            .expect("submitted");
        let hash = run.content_hash.unwrap_or_default();
        payout::approve(store, &approver.authorize().expect("may"), run.id, &hash)
            .expect("approved");
    }
    found
}

on_both! {
    fn a_home_that_moves_is_paid_by_one_street_each_month(registry) {
        let mut world = World::new(registry, &[]);
        let setup = Actor::operator("test", STREET);
        let areas = [(OTHER, "乙街道"), (THERE, "乙社区")].map(|(code, name)| AreaInput {
            code: code.to_owned(),
            name: name.to_owned(),
            parent: None,
            opened_on: day("2020-01-01"),
        });
        add_areas(&registry.store, &setup.authorize().expect("may"), &areas).expect("areas");
        let august = month("2023-08");
        world.person("甲", day("1980-03-01"), EAST).expect("甲");
        world.person("乙", day("1982-05-01"), EAST).expect("乙");
        world.on(day("2023-07-10"));
        world.home("甲家", &["甲", "乙"], august, EAST).expect("home");
        world.income("甲", Fen(1_080_000), Some(august)).expect("income");
        world.grant("dibao", "甲家", Some(august)).expect("award");
        world.on(day("2023-08-16"));
        assert_eq!(paid(registry, STREET, august), [yuan("716.00")]);
        world.on(day("2023-09-12"));
        let mover = |who: ResidentId, code: &str| Mover {
            resident: who,
            relation: Relation::parse(code).expect("a relation"),
        };
        let input = TransferInput {
            movers: vec![mover(world.person_id("甲"), "02"), mover(world.person_id("乙"), "97")],
            to_street: OTHER.to_owned(),
            to_area: THERE.to_owned(),
            address: "乙街1号".to_owned(),
            household_no: "T-1".to_owned(),
            heads: vec![],
            dates: EventDates {
                event_on: day("2023-09-10"),
                reported_on: day("2023-09-12"),
                decided_on: Some(day("2023-09-12")),
            },
        };
        transfer(&registry.store, &setup.authorize().expect("may"), &input).expect("moved");
        let once = [yuan("716.00")];
        for (which, here, there) in [
            ("2023-09", &once[..], &[][..]),
            ("2023-10", &[][..], &once[..]),
            ("2023-11", &[][..], &once[..]),
        ] {
            let which = month(which);
            world.on(which.day(16));
            assert_eq!(paid(registry, STREET, which), here, "{which} here");
            assert_eq!(paid(registry, OTHER, which), there, "{which} there");
        }
    }
}
