//! Children's awards: who sees the class, and why one ends at the age limit.

use mingce::domain::fact::{FactDates, FactKind};
use mingce::domain::role::Rights;
use mingce::services::protection::load_file;
use mingce::services::report::render::{Format, renderer};
use mingce::services::report::{RosterQuery, RosterRight, month_summary, write_roster};

use super::world::{EAST, World, day, month};
use crate::on_both;

/// A child of class C2 born on 15 August 2005, paid in August 2023 (W16).
fn child<'a>(registry: &'a crate::harness::TestRegistry) -> World<'a> {
    let mut world = World::new(registry, &[]);
    world.person("孩子", day("2005-08-15"), EAST).expect("a child");
    world.on(day("2023-07-10"));
    let dates = FactDates { decided_on: Some(day("2023-07-10")), ..FactDates::default() };
    world.fact("孩子", FactKind::ChildClass, Some("C2"), dates).expect("the class");
    world.grant("children", "孩子", None).expect("award");
    for which in ["2023-08", "2023-09"].map(month) {
        world.on(which.day(16));
        world.draft(which).expect("drafted");
        world.approve(which).expect("approved");
        world.on(which.day(25));
        world.pay(which).expect("paid");
        if which == month("2023-08") {
            world.close(which).expect("closed");
        }
    }
    world
}

on_both! {
    fn past_the_age_limit_the_condition_is_no_longer_met(registry) {
        let world = child(registry);
        let clerk = world.clerk();
        let by = clerk.authorize().expect("may");
        let summary = month_summary(&registry.store, &by, month("2023-09")).expect("a table");
        let block = summary.monthly.iter().find(|b| b.program.code == "children").expect("a block");
        let left: Vec<(&str, i64)> =
            block.total.left_by.iter().map(|(why, tally)| (why.as_str(), tally.persons)).collect();
        assert_eq!(left, [("不再符合条件", 1)], "not 暂停: this condition is not met again");
    }

    fn the_class_of_a_child_needs_the_right(registry) {
        let world = child(registry);
        let clerk = world.clerk();
        let by = clerk.authorize().expect("may");
        let roster = |child: bool| {
            let rights = Rights { child, mental: false };
            let query =
                RosterQuery { program: "children".to_owned(), month: month("2023-08"), rights };
            let mut bytes = Vec::new();
            let mut out = renderer(Format::Json, &mut bytes);
            write_roster(&registry.store, &RosterRight::Masked(&by), &query, out.as_mut())
                .expect("a roster");
            drop(out);
            let json: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            json["tables"][0]["rows"][0].clone()
        };
        let (shown, hidden) = (roster(true), roster(false));
        assert!(!shown["tier"].as_str().expect("text").is_empty(), "{shown}");
        assert_eq!(hidden["tier"], "");
        assert_eq!(hidden["regular"], shown["regular"], "that it is paid is ordinary");
        // The file itself: not there without the right.
        let view = clerk.authorize().expect("may");
        let id = world.person_id("孩子");
        let file = |rights| load_file(&registry.store, &view, id, rights);
        let none = file(Rights::default()).expect_err("no such file");
        assert_eq!(none.code(), mingce::error::ErrorCode::NotFound);
        let open = file(Rights { child: true, mental: false }).expect("a file");
        assert_eq!(open.facts.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["C2"]);
        let other = file(Rights { child: false, mental: true }).expect("the other domain");
        assert!(other.facts.is_empty());
    }
}
