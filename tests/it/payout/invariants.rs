//! Any sequence of facts, decisions and holds: at every close the ledger adds
//! up, closed months stay as they were, and the same facts entered all at once
//! afterwards replay to the same lines.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use mingce::domain::award::StopReason;
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::error::AppResult;
use mingce::services::award::{self, StopInput};
use mingce::services::event::{self, DeathInput};
use mingce::store::Backend;

use super::world::{EAST, World, day, month};
use crate::harness::{STREET, TestRegistry};

/// Something that happens on a day of a month; numbers choose among people,
/// amounts and earlier months.
#[derive(Debug, Clone)]
struct Happening {
    month: i32,
    day: u32,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Income { who: usize, yuan_a_month: i64, back: i32 },
    Stop { award: usize, back: i32 },
    AnnulStop { award: usize },
    Hold { award: usize, back: i32 },
    Release { award: usize },
    Death { decided: bool },
    Renewed { grade: usize },
}

const MONTHS: i32 = 5;
const AWARDS: [&str; 3] = ["dibao 甲家", "living 乙", "children 丙"];

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let what = prop_oneof![
        3 => (0..2_usize, 0_i64..2_000, 0..4).prop_map(|(who, yuan_a_month, back)| What::Income { who, yuan_a_month, back }),
        2 => (0..3_usize, -1..4).prop_map(|(award, back)| What::Stop { award, back }),
        2 => (0..3_usize).prop_map(|award| What::AnnulStop { award }),
        2 => (0..3_usize, 0..3).prop_map(|(award, back)| What::Hold { award, back }),
        2 => (0..3_usize).prop_map(|award| What::Release { award }),
        1 => any::<bool>().prop_map(|decided| What::Death { decided }),
        1 => (0..4_usize).prop_map(|grade| What::Renewed { grade }),
    ];
    let one =
        (0..MONTHS, 1_u32..28, what).prop_map(|(month, day, what)| Happening { month, day, what });
    prop::collection::vec(one, 1..10).prop_map(|mut all| {
        all.sort_by_key(|h| (h.month, h.day));
        all
    })
}

fn first() -> Month {
    month("2023-06")
}

fn founded(registry: &TestRegistry) -> World<'_> {
    let raise = "amount = \"808.00\", decided_on = \"2023-06-20\"".to_owned();
    let late = "amount = \"808.00\", decided_on = \"2023-09-05\"".to_owned();
    let mut world = World::new(registry, &[(raise, late)]);
    for (name, born) in [("甲", "1960-03-01"), ("乙", "1985-05-01"), ("丙", "2012-06-01")] {
        world.person(name, day(born), EAST).expect("a person");
    }
    world.on(day("2023-05-10"));
    world.home("甲家", &["甲", "乙", "丙"], first(), EAST).expect("home");
    world.income("甲", Fen(1_200_000), Some(first())).expect("income");
    let dates = mingce::domain::fact::FactDates {
        decided_on: Some(world.today()),
        named_from: Some(first()),
        ..mingce::domain::fact::FactDates::default()
    };
    world.fact("丙", mingce::domain::fact::FactKind::ChildClass, Some("C3"), dates).expect("class");
    use mingce::domain::certificate::{Category, Grade};
    use mingce::services::certificate::Issue;
    world
        .certificate(
            "乙",
            Category::Body,
            Grade::G2,
            Some(day("2023-08-31")),
            Issue::Existing,
            day("2023-05-01"),
        )
        .expect("certificate");
    for (program, who) in [("dibao", "甲家"), ("living", "乙"), ("children", "丙")] {
        world.grant(program, who, Some(first())).expect("award");
    }
    world
}

/// Enters one happening; what the services refuse is simply not entered.
fn enter(world: &World<'_>, happening: &Happening) {
    let on = first().plus(happening.month).day(happening.day);
    let back = |months: i32| Some(Month::of(on).plus(-months).max(first()));
    let clerk = world.setup();
    let store = &world.registry.store;
    let outcome: AppResult<()> = (|| match &happening.what {
        What::Income { who, yuan_a_month, back: months } => {
            let input = mingce::services::fact::FactInput {
                code: Some("wage".to_owned()),
                amount: Some(Fen(yuan_a_month * 1_200)),
                dates: mingce::domain::fact::FactDates {
                    decided_on: Some(on),
                    named_from: back(*months),
                    ..mingce::domain::fact::FactDates::default()
                },
                ..mingce::services::fact::FactInput::decided(
                    world.person_id(["甲", "乙"][*who]),
                    mingce::domain::fact::FactKind::Income,
                    on,
                )
            };
            mingce::services::fact::record(store, &clerk.authorize()?, &input).map(|_| ())
        }
        What::Stop { award, back: months } => {
            let input = StopInput {
                award: world.award_id(AWARDS[*award]),
                from_month: back(*months),
                decided_on: on,
                reason: StopReason::Other,
                doc_no: None,
            };
            award::stop(store, &clerk.authorize()?, &input).map(|_| ())
        }
        What::AnnulStop { award } => {
            let id = world.award_id(AWARDS[*award]);
            let decisions = store
                .read(|conn| Ok(mingce::store::decision::list_decisions_of(conn, STREET, id)?))?;
            let stop = decisions
                .iter()
                .rfind(|d| d.kind == mingce::domain::award::DecisionKind::Stop && d.known_on <= on);
            match stop {
                Some(stop) => {
                    award::annul_stop(store, &clerk.authorize()?, stop.id, on, "错停", None)
                        .map(|_| ())
                }
                None => Ok(()),
            }
        }
        What::Hold { award, back: months } => {
            let id = world.award_id(AWARDS[*award]);
            let from = back(*months).expect("a month");
            award::place_hold(store, &clerk.authorize()?, id, from, on, "核实").map(|_| ())
        }
        What::Release { award } => {
            let id = world.award_id(AWARDS[*award]);
            let holds =
                store.read(|conn| Ok(mingce::store::hold::list_holds_of(conn, STREET, id)?))?;
            match holds.iter().find(|h| h.released_on.is_none()) {
                Some(open) => {
                    award::release_hold(store, &clerk.authorize()?, open.id, on, "已核实")
                }
                None => Ok(()),
            }
        }
        What::Death { decided } => {
            let died = day("2023-06-01").max(on - chrono::Duration::days(40));
            let input = DeathInput {
                resident: world.person_id("乙"),
                dates: EventDates {
                    event_on: died,
                    reported_on: on,
                    decided_on: decided.then_some(on),
                },
                confidence: Confidence::Confirmed,
                heads: Vec::new(),
                note: None,
            };
            event::death(store, &clerk.authorize()?, &input).map(|_| ())
        }
        What::Renewed { grade } => {
            use mingce::domain::certificate::{Category, Grade};
            use mingce::services::certificate::{CertificateInput, Issue};
            let grade = [Grade::G1, Grade::G2, Grade::G3, Grade::G4][*grade];
            let number = format!("{}4{}B1", world.numbers["乙"], grade.code());
            let input = CertificateInput {
                resident: world.person_id("乙"),
                number,
                detail: mingce::domain::certificate::CertificateDetail {
                    category: Category::Body,
                    grade,
                    parts: Vec::new(),
                },
                issued_on: on,
                valid_to: None,
                known_on: on,
                issue: Issue::Renewal { official_delay: *decided_delay(happening) },
            };
            mingce::services::certificate::issue(store, &clerk.authorize()?, &input).map(|_| ())
        }
    })();
    drop(outcome);
}

/// Every second day of the month the office was late.
fn decided_delay(happening: &Happening) -> &'static bool {
    if happening.day % 2 == 0 { &true } else { &false }
}

fn run(world: &World<'_>, which: Month) {
    world.draft(which).expect("drafted");
    world.approve(which).expect("approved");
    world.pay(which).expect("paid");
    world.close(which).expect("closed");
    world.check(which);
}

fn lines(world: &World<'_>, which: Month) -> Vec<String> {
    let mut said: Vec<String> = world
        .lines(which)
        .iter()
        .map(|l| format!("{} {:?} {:?}", world.say(l), l.tier, l.persons))
        .collect();
    said.sort();
    said
}

fn holds_for(backend: Backend, happenings: &[Happening]) {
    let registry = TestRegistry::new(backend);
    let world = founded(&registry);
    let mut closed: Vec<Vec<mingce::store::line::LineRow>> = Vec::new();
    for number in 0..=MONTHS {
        let which = first().plus(number);
        let (before, after): (Vec<_>, Vec<_>) =
            happenings.iter().filter(|h| h.month == number).partition(|h| h.day <= 16);
        for happening in before {
            world.on(which.day(happening.day));
            enter(&world, happening);
        }
        world.on(which.day(16));
        run(&world, which);
        for happening in after {
            world.on(which.day(happening.day));
            enter(&world, happening);
        }
        closed.push(world.lines(which));
        for (at, lines) in closed.iter().enumerate() {
            assert_eq!(*lines, world.lines(first().plus(at as i32)), "a closed month changed");
        }
    }

    // The same facts, all entered before the first run.
    let other = TestRegistry::new(backend);
    let replay = founded(&other);
    replay.on(first().plus(MONTHS).last_day());
    for happening in happenings {
        enter(&replay, happening);
    }
    for number in 0..=MONTHS {
        let which = first().plus(number);
        replay.on(which.day(16));
        run(&replay, which);
        assert_eq!(lines(&world, which), lines(&replay, which), "{which} replays differently");
    }
}

fn try_out(backend: Backend, cases: u32) {
    let cases =
        std::env::var("MINGCE_PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    runner
        .run(&happenings(), |happenings| {
            holds_for(backend, &happenings);
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn the_ledger_adds_up_whatever_happens_sqlite() {
    try_out(Backend::Sqlite, 6);
}

#[test]
fn the_ledger_adds_up_whatever_happens_postgres() {
    try_out(Backend::Postgres, 3);
}
