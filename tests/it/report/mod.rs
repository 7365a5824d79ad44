//! The month's table and the annual figures, on both backends.

mod figures;
pub mod fixture;
mod people;
mod population;

use diesel::prelude::*;

use mingce::domain::role::Role;
use mingce::domain::summary::{Items, Tally};
use mingce::error::ErrorCode;
use mingce::services::auth::ReadReport;
use mingce::services::report::{close_month_summary, month_summary};
use mingce::store::schema::run;

use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use fixture::{
    Line, PROGRAMS, acceptance, add_attempt, add_run, areas, example_policy, month, pay, yuan,
};

fn summary(registry: &TestRegistry, of: &str) -> mingce::domain::summary::Summary {
    let clerk = registry.actor("clerk", Role::Clerk);
    let by = clerk.authorize::<ReadReport>().expect("a clerk reads reports");
    month_summary(&registry.store, &by, month(of)).expect("a summary")
}

fn refused(registry: &TestRegistry, of: &str) -> mingce::error::AppError {
    let clerk = registry.actor("clerk", Role::Clerk);
    let by = clerk.authorize::<ReadReport>().expect("a clerk reads reports");
    month_summary(&registry.store, &by, month(of)).expect_err("refused")
}

/// October as opening, then November, both as in `domain.md` §9.4.
fn seed_november(registry: &TestRegistry) -> Vec<i64> {
    areas(registry);
    let policy = example_policy(registry);
    for program in PROGRAMS {
        add_run(
            registry,
            policy,
            program,
            month("2023-10"),
            &acceptance(program, month("2023-10")),
        );
    }
    PROGRAMS
        .iter()
        .map(|program| {
            let lines = acceptance(program, month("2023-11"));
            add_run(registry, policy, program, month("2023-11"), &lines)
        })
        .collect()
}

on_both! {
    fn the_acceptance_table_comes_out(registry) {
        seed_november(registry);
        let table = summary(registry, "2023-11");
        assert!(table.illustrative && !table.closed);
        let codes: Vec<&str> =
            table.monthly.iter().map(|block| block.program.code.as_str()).collect();
        assert_eq!(codes, PROGRAMS);
        let due = |program: &str| table.block(program).expect(program).total.due;
        let tally = |households, persons, amount| Tally { households, persons, amount: yuan(amount) };
        assert_eq!(due("dibao"), tally(93, 146, 80_632));
        assert_eq!(due("children"), tally(34, 34, 37_697));
        assert_eq!(due("care"), tally(251, 251, 44_450));
        assert_eq!(due("living"), tally(74, 74, 57_125));
        assert_eq!(due("living_l5"), tally(8, 8, 2_584));
        assert_eq!(table.monthly_total.due.amount, yuan(222_488));
        let rows: Vec<(String, i64, i64, i64, i64)> = table
            .block("dibao")
            .expect("dibao")
            .communities
            .iter()
            .map(|c| {
                let due = c.row.due;
                let name = c.name.trim_end_matches("社区").to_owned();
                (name, due.households, due.persons, due.amount.0 / 100, c.row.supplement.0 / 100)
            })
            .collect();
        let expected = [
            ("东长街", 31, 51, 26_973, 1_053),
            ("三门", 28, 44, 23_717, 1_053),
            ("清淮路", 18, 27, 16_045, 729),
            ("兴隆", 9, 13, 7_647, 243),
            ("工农兵", 7, 11, 6_250, 162),
        ];
        assert_eq!(rows, expected.map(|(n, h, p, a, s)| (n.to_owned(), h, p, a, s)));
    }

    fn who_came_and_who_left_is_told_with_the_reason(registry) {
        areas(registry);
        let policy = example_policy(registry);
        let (sep, oct, nov) = (month("2023-09"), month("2023-10"), month("2023-11"));
        add_run(registry, policy, "dibao", sep, &[Line::regular(4, 0, sep, 716)]);
        add_run(registry, policy, "dibao", oct, &[
            Line::regular(1, 0, oct, 808),
            Line::regular(2, 0, oct, 716).of(2, 0),
            Line::regular(3, 1, oct, 589).of(1, 81),
        ]);
        let run_oct = add_run(registry, policy, "care", oct, &[Line::regular(9, 2, oct, 200)]);
        let run_nov = add_run(registry, policy, "dibao", nov, &[
            Line::regular(1, 0, nov, 808).kind("held", 808),
            Line::regular(2, 1, nov, 997).of(3, 0),
            Line::regular(4, 0, nov, 716),
            Line::regular(4, 0, oct, 716).kind("arrears", 716),
            Line::regular(5, 4, nov, 808),
            Line::regular(5, 4, nov, 0).kind("deduction", -100),
        ]);
        let care_nov = add_run(registry, policy, "care", nov, &[Line::regular(9, 2, nov, 200)]);
        add_attempt(registry, run_oct, 9, run_oct, 1, "returned");
        add_attempt(registry, run_oct, 9, care_nov, 2, "paid");
        add_attempt(registry, run_nov, 5, run_nov, 1, "returned");
        let table = summary(registry, "2023-11");
        let total = &table.block("dibao").expect("dibao").total;
        let one = |persons, amount| Tally { households: 1, persons, amount: yuan(amount) };
        assert_eq!(total.left_by.get("暂缓"), Some(&one(1, 808)));
        assert_eq!(total.left_by.get("暂停"), Some(&one(1, 589)));
        assert_eq!(total.joined_by.get("恢复"), Some(&one(1, 716)));
        assert_eq!(total.joined_by.get("新增"), Some(&one(1, 808)));
        assert_eq!((total.moved_in, total.moved_out), (one(2, 716), one(2, 716)));
        assert_eq!((total.adjusted.up, total.adjusted.persons_up), (yuan(281), 1));
        assert_eq!(total.arrears, Items { count: 1, amount: yuan(716) });
        assert_eq!(total.paid, yuan(997 + 716 + 808 + 716 - 100));
        assert_eq!(total.returned, Items { count: 1, amount: yuan(708) });
        let care = &table.block("care").expect("care").total;
        assert_eq!((care.reissued.amount, care.bank), (yuan(200), yuan(400)));
        assert_eq!(care.due.amount, yuan(200));
        let october = summary(registry, "2023-10");
        assert_eq!(october.block("care").expect("care").total.returned.count, 1);
    }

    fn a_closed_month_is_stored_and_never_recomputed(registry) {
        let runs = seed_november(registry);
        let close = || {
            registry.store.write(STREET, |tx| {
                let now = tx.clock().now();
                close_month_summary(tx.conn, STREET, month("2023-11"), now)
            })
        };
        let stored = close().expect("closed");
        assert!(stored.closed);
        pay(registry, runs[0], "2023-11-25");
        // Even a run that was tampered with below the application changes nothing.
        registry.store.write(STREET, |tx| {
            diesel::update(run::table.filter(run::id.eq(runs[0])))
                .set(run::regular_fen.eq(1_i64))
                .execute(tx.conn)?;
            Ok(())
        }).expect("tampered");
        assert_eq!(summary(registry, "2023-11"), stored);
        assert_eq!(close().expect_err("refused").code(), ErrorCode::MonthClosed);
    }

    fn a_table_that_does_not_balance_is_refused(registry) {
        let runs = seed_november(registry);
        registry.store.write(STREET, |tx| {
            diesel::update(run::table.filter(run::id.eq(runs[0])))
                .set(run::regular_fen.eq(8_063_100_i64))
                .execute(tx.conn)?;
            Ok(())
        }).expect("tampered");
        let error = refused(registry, "2023-11");
        assert_eq!(error.code(), ErrorCode::Integrity);
        let text = error.to_string();
        assert!(text.contains("应发 = Σ花名册应发"), "{text}");
        assert!(text.contains("8063200") && text.contains("8063100"), "{text}");
    }

    fn a_month_without_runs_says_what_to_do(registry) {
        areas(registry);
        let error = refused(registry, "2023-12");
        assert_eq!(error.code(), ErrorCode::NotFound);
        assert!(error.to_string().contains("payout draft 2023-12"), "{error}");
    }

    fn a_missing_program_keeps_the_month_open(registry) {
        areas(registry);
        let policy = example_policy(registry);
        let (oct, nov) = (month("2023-10"), month("2023-11"));
        add_run(registry, policy, "dibao", oct, &[Line::regular(1, 0, oct, 808)]);
        add_run(registry, policy, "care", oct, &[Line::regular(2, 0, oct, 200)]);
        add_run(registry, policy, "dibao", nov, &[Line::regular(1, 0, nov, 808)]);
        assert_eq!(summary(registry, "2023-11").pending, ["护理补贴"]);
        let closed = registry.store.write(STREET, |tx| {
            let now = tx.clock().now();
            close_month_summary(tx.conn, STREET, nov, now)
        });
        assert_eq!(closed.expect_err("refused").code(), ErrorCode::Conflict);
    }

    fn a_quarterly_program_is_held_against_the_quarter_before(registry) {
        areas(registry);
        let policy = example_policy(registry);
        let (jul, oct) = (month("2023-07"), month("2023-10"));
        let (q2, q3) = (month("2023-06"), month("2023-09"));
        add_run(registry, policy, "guardian", jul, &[Line::regular(1, 0, q2, 600)]);
        add_run(registry, policy, "guardian", oct, &[
            Line::regular(1, 0, q3, 600),
            Line::regular(2, 1, q3, 200),
        ]);
        add_run(registry, policy, "temp", oct, &[Line::regular(70, 2, oct, 1_500)]);
        let table = summary(registry, "2023-10");
        assert!(table.monthly.is_empty() && table.monthly_total.due == Tally::default());
        let block = &table.quarterly[0];
        assert_eq!(block.program.zh, "监护补助");
        assert_eq!((block.total.last.amount, block.total.due.amount), (yuan(600), yuan(800)));
        assert_eq!(block.total.joined.households, 1);
        assert_eq!(table.once[0].total.due, Tally { households: 1, persons: 1, amount: yuan(1_500) });
    }
}
