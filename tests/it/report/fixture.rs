//! Runs and lines put in by hand, among them the table of `domain.md` §9.4.

use chrono::NaiveDate;
use diesel::prelude::*;

use mingce::domain::area::Level;
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::store::area::{AreaParentRow, AreaRow, insert_area_parents, insert_areas};
use mingce::store::per_backend;
use mingce::store::schema::{attempt, line, policy, run};

use crate::harness::{STREET, TestRegistry};

pub const COMMUNITIES: [&str; 5] =
    ["东长街社区", "三门社区", "清淮路社区", "兴隆社区", "工农兵社区"];

pub fn community(at: usize) -> String {
    format!("{STREET}{:03}", at + 1)
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub fn month(text: &str) -> Month {
    text.parse().expect("a month")
}

/// One line of a run.
#[derive(Debug, Clone)]
pub struct Line {
    pub beneficiary: i64,
    pub award: i64,
    pub community: usize,
    pub month: Month,
    pub kind: &'static str,
    pub fen: i64,
    pub supplement: i64,
    pub persons: i32,
}

impl Line {
    pub fn regular(beneficiary: i64, community: usize, at: Month, yuan: i64) -> Line {
        Line {
            beneficiary,
            award: beneficiary,
            community,
            month: at,
            kind: "regular",
            fen: yuan * 100,
            supplement: 0,
            persons: 1,
        }
    }

    pub fn of(mut self, persons: i32, supplement_yuan: i64) -> Line {
        self.persons = persons;
        self.supplement = supplement_yuan * 100;
        self
    }

    pub fn kind(mut self, kind: &'static str, yuan: i64) -> Line {
        self.kind = kind;
        self.fen = yuan * 100;
        self
    }
}

/// The street with its five communities.
pub fn areas(registry: &TestRegistry) {
    let opened_on = day("2020-01-01");
    let area = |code: String, level: Level, name: &str| AreaRow {
        code,
        level,
        name: name.into(),
        opened_on,
        closed_on: None,
    };
    let mut rows = vec![area(STREET.into(), Level::Street, "长东街道")];
    let mut parents = Vec::new();
    for (at, name) in COMMUNITIES.iter().enumerate() {
        rows.push(area(community(at), Level::Community, name));
        parents.push(AreaParentRow {
            code: community(at),
            parent_code: STREET.into(),
            valid_from: opened_on,
            valid_to: None,
        });
    }
    registry
        .store
        .write(STREET, |tx| {
            insert_areas(tx.conn, &rows)?;
            insert_area_parents(tx.conn, &parents)?;
            Ok(())
        })
        .expect("areas");
}

/// The example policy, as a run pins it.
pub fn example_policy(registry: &TestRegistry) -> i64 {
    let id = registry.store.next_id();
    let body = include_str!("../../../policies/js-ill-2023.toml");
    registry
        .store
        .write(STREET, |tx| {
            diesel::insert_into(policy::table)
                .values((
                    policy::id.eq(id),
                    policy::code.eq("js-ill-2023"),
                    policy::version.eq(1),
                    policy::title.eq("示例"),
                    policy::digest.eq(vec![0_u8; 32]),
                    policy::body.eq(body),
                    policy::illustrative.eq(true),
                    policy::status.eq("active"),
                    policy::proposed_by.eq("clerk"),
                    policy::created_at.eq(registry.clock.now()),
                ))
                .execute(tx.conn)?;
            Ok(())
        })
        .expect("a policy");
    id
}

/// A run in state draft with its lines; its totals are those of the lines.
pub fn add_run(
    registry: &TestRegistry,
    policy_id: i64,
    program: &str,
    at: Month,
    lines: &[Line],
) -> i64 {
    let run_id = registry.store.next_id();
    let sum = |kind: &str| -> i64 {
        lines.iter().filter(|line| line.kind == kind).map(|line| line.fen).sum()
    };
    registry
        .store
        .write(STREET, |tx| {
            diesel::insert_into(run::table)
                .values((
                    (
                        run::id.eq(run_id),
                        run::street_code.eq(STREET),
                        run::program.eq(program),
                        run::month.eq(at),
                        run::state.eq("draft"),
                        run::origin.eq("engine"),
                        run::policy_id.eq(policy_id),
                        run::cut_off.eq(at.day(15)),
                        run::marks_through.eq(0_i64),
                    ),
                    (
                        run::line_count.eq(i32::try_from(lines.len()).expect("few")),
                        run::regular_fen.eq(sum("regular")),
                        run::arrears_fen.eq(sum("arrears")),
                        run::claim_fen.eq(sum("claim")),
                        run::deduction_fen.eq(sum("deduction")),
                        run::drafted_by.eq("clerk"),
                        run::drafted_at.eq(registry.clock.now()),
                        run::version.eq(1),
                    ),
                ))
                .execute(tx.conn)?;
            for some in lines.chunks(200) {
                let rows: Vec<_> = some
                    .iter()
                    .map(|l| {
                        (
                            line::id.eq(registry.store.next_id()),
                            line::street_code.eq(STREET),
                            line::run_id.eq(run_id),
                            line::program.eq(program),
                            line::beneficiary_id.eq(l.beneficiary),
                            line::award_id.eq(l.award),
                            line::month.eq(l.month),
                            line::kind.eq(l.kind),
                            line::amount_fen.eq(l.fen),
                            line::base_fen.eq(l.fen - l.supplement),
                            line::supplement_fen.eq(l.supplement),
                            line::persons.eq(l.persons),
                            line::area_code.eq(community(l.community)),
                            line::void.eq(false),
                            line::inputs.eq(Vec::<u8>::new()),
                        )
                    })
                    .collect();
                per_backend!(&mut *tx.conn, |c| diesel::insert_into(line::table)
                    .values(rows)
                    .execute(c))?;
            }
            Ok(())
        })
        .expect("a run");
    run_id
}

/// Moves a run to paid with a day of payment.
pub fn pay(registry: &TestRegistry, run_id: i64, on: &str) {
    registry
        .store
        .write(STREET, |tx| {
            diesel::update(run::table.filter(run::id.eq(run_id)))
                .set((run::state.eq("paid"), run::payment_on.eq(day(on))))
                .execute(tx.conn)?;
            Ok(())
        })
        .expect("paid");
}

/// A payment attempt of the beneficiary's regular line of `line_run`.
pub fn add_attempt(
    registry: &TestRegistry,
    line_run: i64,
    beneficiary: i64,
    run_id: i64,
    attempt_no: i32,
    state: &str,
) {
    registry
        .store
        .write(STREET, |tx| {
            let line_id: i64 = line::table
                .filter(line::run_id.eq(line_run).and(line::beneficiary_id.eq(beneficiary)))
                .filter(line::kind.eq("regular"))
                .select(line::id)
                .first(tx.conn)?;
            diesel::insert_into(attempt::table)
                .values((
                    attempt::id.eq(registry.store.next_id()),
                    attempt::street_code.eq(STREET),
                    attempt::line_id.eq(line_id),
                    attempt::run_id.eq(run_id),
                    attempt::attempt_no.eq(attempt_no),
                    attempt::state.eq(state),
                ))
                .execute(tx.conn)?;
            Ok(())
        })
        .expect("an attempt");
}

/// §9.4: (program, amount, top-up, persons, count per community).
const TABLE: &[(&str, i64, i64, i32, [i64; 5])] = &[
    ("dibao", 808, 0, 1, [10, 9, 6, 4, 3]),
    ("dibao", 589, 81, 1, [5, 5, 3, 2, 1]),
    ("dibao", 1_016, 0, 2, [4, 4, 3, 1, 1]),
    ("dibao", 997, 81, 2, [4, 4, 2, 1, 1]),
    ("dibao", 1_224, 0, 3, [4, 2, 2, 1, 1]),
    ("dibao", 970, 162, 1, [2, 2, 2, 0, 0]),
    ("dibao", 530, 0, 3, [2, 2, 0, 0, 0]),
    ("children", 1_508, 0, 1, [2, 2, 0, 0, 0]),
    ("children", 1_206, 0, 1, [5, 4, 3, 2, 1]),
    ("children", 905, 0, 1, [5, 4, 3, 2, 1]),
    ("care", 200, 0, 1, [41, 35, 27, 20, 13]),
    ("care", 150, 0, 1, [35, 29, 23, 17, 11]),
    ("living", 808, 0, 1, [21, 18, 14, 10, 6]),
    ("living", 323, 0, 1, [1, 1, 1, 0, 0]),
    ("living", 202, 0, 1, [1, 1, 0, 0, 0]),
    ("living_l5", 323, 0, 1, [3, 3, 1, 1, 0]),
];

pub const PROGRAMS: [&str; 5] = ["dibao", "children", "care", "living", "living_l5"];

/// The lines of the acceptance table for one program. Beneficiaries are
/// numbered from 1 within the program.
pub fn acceptance(program: &str, at: Month) -> Vec<Line> {
    let mut lines = Vec::new();
    for (code, yuan, top_up, persons, counts) in TABLE {
        if *code != program {
            continue;
        }
        for (place, count) in counts.iter().enumerate() {
            for _ in 0..*count {
                let id = lines.len() as i64 + 1;
                lines.push(Line::regular(id, place, at, *yuan).of(*persons, *top_up));
            }
        }
    }
    lines
}

/// Fen of so many yuan.
pub fn yuan(amount: i64) -> Fen {
    Fen::from_yuan(amount)
}
