//! Steps and refusals: who may do what when, what a killed or doubled step
//! leaves, what a closed month is.

use diesel::prelude::*;

use mingce::domain::ids::LineId;
use mingce::domain::money::Fen;
use mingce::domain::month::Month;
use mingce::domain::payout::{LineKind, ReturnReason, RunState};
use mingce::domain::role::Role;
use mingce::error::{AppResult, ErrorCode};
use mingce::services::award;
use mingce::services::event::{self, DeathInput};
use mingce::services::payout::{self, DraftOptions, OpeningLine, ReturnedLine};
use mingce::store::schema::{line, run};
use mingce::store::{attempt, claim};

use super::world::{EAST, World, day, month, yuan};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;

/// A home of two with 716.00 from `from`, decided a month before.
fn home<'a>(registry: &'a TestRegistry, from: &str) -> World<'a> {
    let mut world = World::new(registry, &[]);
    let first = month(from);
    world.person("甲", day("1980-03-01"), EAST).expect("甲");
    world.person("乙", day("1982-05-01"), EAST).expect("乙");
    world.on(first.prev().day(10));
    world.home("甲家", &["甲", "乙"], first, EAST).expect("home");
    world.income("甲", Fen(1_080_000), Some(first)).expect("income");
    world.grant("dibao", "甲家", Some(first)).expect("award");
    world
}

fn code<T>(result: AppResult<T>) -> Option<ErrorCode> {
    result.err().map(|e| e.code())
}

/// Runs a month to its end.
fn play(world: &World<'_>, which: Month) {
    world.on(which.day(16));
    world.draft(which).expect("drafted");
    world.approve(which).expect("approved");
    world.on(which.day(25));
    world.pay(which).expect("paid");
    world.close(which).expect("closed");
    world.check(which);
}

on_both! {
    fn makers_do_not_approve_and_the_hash_is_the_one_seen(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        world.draft(august).expect("drafted");
        let run = world.run_of("dibao", august);
        let store = &registry.store;
        let (clerk, approver) = (world.clerk(), world.approver());
        let hash = run.content_hash.clone().expect("a hash");
        // Not submitted yet.
        let early = payout::approve(store, &approver.authorize().expect("may"), run.id, &hash);
        assert_eq!(code(early), Some(ErrorCode::Conflict));
        payout::submit(store, &clerk.authorize().expect("may"), run.id, None).expect("submitted");
        // A submitted run is not drafted again.
        assert_eq!(code(world.draft(august)), Some(ErrorCode::Conflict));
        let other = payout::approve(store, &approver.authorize().expect("may"), run.id, b"else");
        assert_eq!(code(other), Some(ErrorCode::Conflict));
        // The same person under the approver's role.
        let same = registry.actor("clerk", Role::Approver);
        let own = payout::approve(store, &same.authorize().expect("may"), run.id, &hash);
        assert_eq!(code(own), Some(ErrorCode::SeparationOfDuties));
        payout::return_run(store, &approver.authorize().expect("may"), run.id, "请核对").expect("returned");
        payout::submit(store, &clerk.authorize().expect("may"), run.id, None).expect("submitted");
        payout::withdraw(store, &clerk.authorize().expect("may"), run.id, "补充").expect("withdrawn");
        payout::submit(store, &clerk.authorize().expect("may"), run.id, None).expect("submitted");
        let done = payout::approve(store, &approver.authorize().expect("may"), run.id, &hash);
        assert_eq!(done.expect("approved").state, RunState::Approved);
    }

    fn a_line_without_an_account_is_not_submitted(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        let accounts = registry.store.read(|conn| {
            Ok(mingce::store::account::list_accounts_of(conn, STREET, world.person_id("甲"))?)
        }).expect("accounts");
        let clerk = world.clerk();
        mingce::services::account::close(
            &registry.store, &clerk.authorize().expect("may"), accounts[0].id, world.today(), "销户",
        ).expect("closed");
        world.draft(august).expect("drafted");
        let run = world.run_of("dibao", august);
        let by = clerk.authorize().expect("may");
        let refused = payout::submit(&registry.store, &by, run.id, None).expect_err("refused");
        assert!(refused.to_string().contains("账户"), "{refused}");
        payout::submit(&registry.store, &by, run.id, Some("现金发放")).expect("submitted");
    }

    fn a_killed_draft_leaves_nothing_to_see_and_the_next_sweeps_it(registry) {
        let mut world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        let clerk = world.clerk();
        let options = DraftOptions { stop_after_chunks: Some(1), ..DraftOptions::default() };
        let killed = payout::draft(&registry.store, &clerk.authorize().expect("may"), august, options);
        assert!(killed.is_err());
        assert!(world.runs(august).is_empty());
        let left: i64 = registry.store.read(|conn| Ok(line::table.count().get_result(conn)?)).expect("count");
        assert_eq!(left, 1, "the chunk was written, to rows that nobody sees");
        world.draft(august).expect("drafted");
        assert_eq!(world.lines(august).len(), 1);
        let all: i64 = registry.store.read(|conn| Ok(line::table.count().get_result(conn)?)).expect("count");
        assert_eq!(all, 1);
        // Killed while a draft was made anew.
        world.person("丙", day("1990-01-01"), EAST).expect("丙");
        world.on(august.day(17));
        let home = world.homes["甲家"];
        let third = world.person_id("丙");
        let member = mingce::services::household::MemberInput::new(
            third, mingce::domain::code_table::Relation::parse("20").expect("a relation"));
        let dates = mingce::services::household::MemberDates {
            decided_on: august.day(12), named_month: Some(august),
        };
        mingce::services::household::add_member(
            &registry.store, &world.setup().authorize().expect("may"), home, &member, august.day(1),
            mingce::domain::household::JoinReason::Other, dates,
        ).expect("joined");
        let killed = payout::draft(&registry.store, &clerk.authorize().expect("may"), august, options);
        assert!(killed.is_err());
        world.draft(august).expect("drafted");
        let lines = world.lines(august);
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].amount_fen, yuan("1524.00"));
    }

    fn fifty_at_once_draft_and_approve_once(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        std::thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| world.draft(august).map(|_| ()).ok());
            }
        });
        world.draft(august).expect("drafted");
        let runs = world.runs(august);
        assert!(runs.iter().all(|r| r.state == RunState::Draft), "{runs:?}");
        assert_eq!(world.lines(august).len(), 1);
        let run = world.run_of("dibao", august);
        let clerk = world.clerk();
        payout::submit(&registry.store, &clerk.authorize().expect("may"), run.id, None).expect("submitted");
        let hash = run.content_hash.clone().expect("a hash");
        let approved: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..50).map(|_| scope.spawn(|| {
                let approver = world.approver();
                let by = approver.authorize().expect("may");
                usize::from(payout::approve(&registry.store, &by, run.id, &hash).is_ok())
            })).collect();
            threads.into_iter().map(|t| t.join().expect("joined")).sum()
        });
        assert_eq!(approved, 1);
        assert_eq!(world.lines(august).len(), 1);
    }

    fn an_approved_line_and_a_closed_month_cannot_be_changed(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        play(&world, august);
        let before = world.lines(august);
        let tries = [
            "UPDATE line SET amount_fen = 1",
            "DELETE FROM line",
            "UPDATE run SET note = 'x' WHERE state = 'closed'",
            "DELETE FROM run",
            "DELETE FROM claim_entry",
        ];
        for statement in &tries[..4] {
            let refused = registry.store.write(STREET, |tx| {
                diesel::sql_query(*statement).execute(tx.conn)?;
                Ok(())
            });
            assert!(refused.is_err(), "{statement}");
        }
        assert_eq!(code(world.draft(august)), Some(ErrorCode::MonthClosed));
        assert_eq!(code(world.close(august)), Some(ErrorCode::MonthClosed));
        // What becomes known later changes later months only.
        world.on(day("2023-09-05"));
        world.income("甲", Fen(600_000), Some(august)).expect("income");
        play(&world, month("2023-09"));
        assert_eq!(world.lines(august), before, "byte for byte");
        let said: Vec<String> = world.lines(month("2023-09")).iter().map(|l| world.say(l)).collect();
        assert_eq!(said, ["dibao 甲家 2023-08 arrears 400.00", "dibao 甲家 2023-09 regular 1116.00"]);
    }

    fn holds_keep_money_and_a_release_pays_it(registry) {
        let world = home(registry, "2023-08");
        let (august, september, october) = (month("2023-08"), month("2023-09"), month("2023-10"));
        play(&world, august);
        world.on(september.day(16));
        world.draft(september).expect("drafted");
        let clerk = world.clerk();
        let award = world.award_id("dibao 甲家");
        let by = clerk.authorize().expect("may");
        let hold = award::place_hold(&registry.store, &by, award, september, world.today(), "核实")
            .expect("held");
        play(&world, september);
        let said: Vec<String> = world.lines(september).iter().map(|l| world.say(l)).collect();
        assert_eq!(said, ["dibao 甲家 2023-09 held 716.00"]);
        assert_eq!(world.run_of("dibao", september).regular_fen, Fen::ZERO);
        // Still held: both months are information of the latest run.
        play(&world, october);
        let said: Vec<String> = world.lines(october).iter().map(|l| world.say(l)).collect();
        assert_eq!(said, ["dibao 甲家 2023-09 held 716.00", "dibao 甲家 2023-10 held 716.00"]);
        world.on(day("2023-11-03"));
        let by = clerk.authorize().expect("may");
        award::release_hold(&registry.store, &by, hold, world.today(), "已核实").expect("released");
        let november = month("2023-11");
        play(&world, november);
        let mut said: Vec<String> = world.lines(november).iter().map(|l| world.say(l)).collect();
        said.sort();
        assert_eq!(said, [
            "dibao 甲家 2023-09 arrears 716.00",
            "dibao 甲家 2023-10 arrears 716.00",
            "dibao 甲家 2023-11 regular 716.00",
        ]);
        assert!(world.lines(november).iter().filter(|l| l.kind == LineKind::Arrears)
            .all(|l| l.reason.as_deref() == Some("released")));
    }

    fn a_death_confirmed_after_the_cut_off_holds_and_blocks(registry) {
        let mut world = World::new(registry, &[]);
        world.person("甲", day("1960-03-01"), EAST).expect("甲");
        world.on(day("2023-07-10"));
        let august = month("2023-08");
        world.home("甲家", &["甲"], august, EAST).expect("home");
        world.grant("dibao", "甲家", Some(august)).expect("award");
        play(&world, august);
        let september = month("2023-09");
        world.on(day("2023-09-16"));
        world.draft(september).expect("drafted");
        let run = world.run_of("dibao", september);
        let (clerk, approver) = (world.clerk(), world.approver());
        payout::submit(&registry.store, &clerk.authorize().expect("may"), run.id, None).expect("submitted");
        world.on(day("2023-09-18"));
        let input = DeathInput {
            resident: world.person_id("甲"),
            dates: mingce::domain::life_event::EventDates {
                event_on: day("2023-08-30"), reported_on: day("2023-09-18"), decided_on: None,
            },
            confidence: mingce::domain::life_event::Confidence::Confirmed,
            heads: Vec::new(),
            note: None,
        };
        event::death(&registry.store, &clerk.authorize().expect("may"), &input).expect("registered");
        let hash = run.content_hash.clone().expect("a hash");
        let by = approver.authorize().expect("may");
        let refused = payout::approve(&registry.store, &by, run.id, &hash).expect_err("refused");
        assert!(refused.to_string().contains("死亡"), "{refused}");
        payout::return_run(&registry.store, &by, run.id, "重新编制").expect("returned");
        world.draft(september).expect("drafted again");
        world.approve(september).expect("approved");
        world.on(day("2023-09-25"));
        world.pay(september).expect("paid");
        world.close(september).expect("closed");
        let said: Vec<String> = world.lines(september).iter().map(|l| world.say(l)).collect();
        assert_eq!(said, ["dibao 甲家 2023-09 held 808.00"]);
        // The next run knows it: nothing is due, nothing was paid, nothing is claimed.
        play(&world, month("2023-10"));
        assert!(world.lines(month("2023-10")).is_empty());
        let claims = registry.store.read(|conn| Ok(claim::list_claims(conn, STREET, false)?)).expect("claims");
        assert!(claims.is_empty());
    }

    fn money_that_came_back_is_cancelled_not_claimed(registry) {
        let world = home(registry, "2023-08");
        let (august, september) = (month("2023-08"), month("2023-09"));
        play(&world, august);
        let line = world.lines(august)[0].clone();
        let clerk = world.clerk();
        world.on(day("2023-08-28"));
        let returned = ReturnedLine { line: line.id, reason: ReturnReason::AccountClosed, returned_on: world.today() };
        let by = clerk.authorize().expect("may");
        payout::record_returns(&registry.store, &by, line.run_id, &[returned]).expect("recorded");
        // Twice is refused, and so is a line that nobody knows.
        assert_eq!(code(payout::record_returns(&registry.store, &by, line.run_id, &[returned])), Some(ErrorCode::Conflict));
        let nobody = ReturnedLine { line: LineId(1), ..returned };
        assert_eq!(code(payout::record_returns(&registry.store, &by, line.run_id, &[nobody])), Some(ErrorCode::Conflict));
        // The entitlement falls away for August.
        world.on(day("2023-09-05"));
        let stop = award::StopInput {
            award: world.award_id("dibao 甲家"),
            from_month: Some(august),
            decided_on: world.today(),
            reason: mingce::domain::award::StopReason::Fraud,
            doc_no: None,
        };
        award::stop(&registry.store, &clerk.authorize().expect("may"), &stop).expect("stopped");
        play(&world, september);
        let said: Vec<String> = world.lines(september).iter().map(|l| world.say(l)).collect();
        assert_eq!(said, ["dibao 甲家 2023-08 claim -716.00"]);
        let (claims, attempts) = registry.store.read(|conn| Ok((
            claim::list_claims(conn, STREET, false)?,
            attempt::list_attempts_of(conn, STREET, line.id)?,
        ))).expect("claims");
        assert!(claims.is_empty());
        let states: Vec<&str> = attempts.iter().map(|a| a.state.code()).collect();
        assert_eq!(states, ["returned", "cancelled"]);
    }

    fn a_void_run_gives_everything_back(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        world.draft(august).expect("drafted");
        world.approve(august).expect("approved");
        let run = world.run_of("dibao", august);
        let (clerk, approver) = (world.clerk(), world.approver());
        let by = clerk.authorize().expect("may");
        assert_eq!(code(payout::void(&registry.store, &by, run.id, "错")), Some(ErrorCode::Forbidden));
        let by = approver.authorize().expect("may");
        payout::void_approved(&registry.store, &by, run.id, "银行拒收").expect("void");
        world.draft_of(august, &["dibao".to_owned()]).expect("drafted again");
        assert_eq!(world.lines(august).len(), 1);
        let again = world.run_of("dibao", august);
        payout::submit(&registry.store, &clerk.authorize().expect("may"), again.id, None)
            .expect("submitted");
        let hash = again.content_hash.clone().expect("a hash");
        payout::approve(&registry.store, &by, again.id, &hash).expect("approved");
        world.on(august.day(25));
        world.pay(august).expect("paid");
        world.close(august).expect("closed");
        play(&world, month("2023-09"));
        assert_eq!(world.lines(month("2023-09")).len(), 1);
    }

    fn months_come_in_order(registry) {
        let world = home(registry, "2023-08");
        let (august, september) = (month("2023-08"), month("2023-09"));
        world.on(august.day(16));
        world.draft(august).expect("drafted");
        world.on(september.day(16));
        // August is not approved: September would count it again.
        assert_eq!(code(world.draft(september)), Some(ErrorCode::Conflict));
        // Before its first month a program does not run; the quarter before is one of its own.
        world.draft(month("2023-07")).expect("drafted");
        let july = world.runs(month("2023-07"));
        assert!(july.iter().all(|r| r.program == "guardian"), "{july:?}");
        let clerk = world.clerk();
        let named = DraftOptions { programs: Some(&["dibao"]), ..DraftOptions::default() };
        let by = clerk.authorize().expect("may");
        let early = payout::draft(&registry.store, &by, month("2023-07"), named);
        assert_eq!(code(early), Some(ErrorCode::InvalidInput));
    }

    fn opening_lines_begin_the_ledger(registry) {
        let world = home(registry, "2023-08");
        let (august, september) = (month("2023-08"), month("2023-09"));
        world.on(day("2023-08-31"));
        let award = registry.store.read(|conn| {
            Ok(mingce::store::award::find_award(conn, STREET, world.award_id("dibao 甲家"))?.expect("award"))
        }).expect("award");
        let opening = OpeningLine {
            program: "dibao".to_owned(),
            award: award.id,
            beneficiary: award.beneficiary_id,
            amount: yuan("700.00"),
            supplement: Fen::ZERO,
            persons: 2,
            area_code: EAST.to_owned(),
            tier: None,
        };
        let clerk = world.clerk();
        let by = clerk.authorize().expect("may");
        let lines = [opening.clone()];
        let added = payout::post_opening(&registry.store, &by, august, &["dibao"], &lines).expect("posted");
        assert_eq!(added, 1);
        let again = payout::post_opening(&registry.store, &by, august, &["dibao"], &lines).expect("same");
        assert_eq!(again, 0);
        let changed = [OpeningLine { amount: yuan("701.00"), ..opening }];
        let other = payout::post_opening(&registry.store, &by, august, &["dibao"], &changed);
        assert_eq!(code(other), Some(ErrorCode::MonthClosed));
        play(&world, september);
        let said: Vec<String> = world.lines(september).iter().map(|l| world.say(l)).collect();
        assert_eq!(said, ["dibao 甲家 2023-09 regular 716.00"], "the month before is outside the ledger");
        let states: Vec<String> = registry.store.read(|conn| {
            Ok(run::table.filter(run::origin.eq("opening")).select(run::state).load(conn)?)
        }).expect("states");
        assert_eq!(states, ["closed"]);
    }

    fn every_line_explains_itself_and_notices_a_change(registry) {
        let world = home(registry, "2023-08");
        let august = month("2023-08");
        world.on(august.day(16));
        world.draft(august).expect("drafted");
        let line = world.lines(august)[0].clone();
        let clerk = world.clerk();
        let by = clerk.authorize().expect("may");
        let said = payout::explain_line(&registry.store, &by, line.id).expect("explained");
        assert_eq!(said.due, Some(yuan("716.00")));
        assert!(!said.steps.is_empty());
        assert_eq!(said.policy.as_deref(), Some("js-ill-2023@1"));
        registry.store.write(STREET, |tx| {
            diesel::update(line::table).set(line::amount_fen.eq(99_900)).execute(tx.conn)?;
            Ok(())
        }).expect("tampered");
        let refused = payout::explain_line(&registry.store, &by, line.id);
        assert_eq!(code(refused), Some(ErrorCode::Integrity));
        let run = world.run_of("dibao", august);
        let by = clerk.authorize().expect("may");
        assert_eq!(code(payout::submit(&registry.store, &by, run.id, None)), Some(ErrorCode::Integrity));
    }

    fn a_standard_entered_late_is_waived_not_claimed(registry) {
        // A standard falls; the office enters it only after September's cut-off,
        // with the date of its decision, which lies before it.
        let mut world = World::new(registry, &[]);
        world.person("祖母", day("1960-05-01"), EAST).expect("grandmother");
        world.person("孩子", day("2014-05-01"), EAST).expect("child");
        world.on(day("2023-08-10"));
        let september = month("2023-09");
        world.home("甲家", &["祖母", "孩子"], september, EAST).expect("home");
        world.income("祖母", Fen(720_000), Some(september)).expect("income");
        let dates = mingce::domain::fact::FactDates {
            decided_on: Some(world.today()), ..mingce::domain::fact::FactDates::default()
        };
        world.fact("孩子", mingce::domain::fact::FactKind::ChildClass, Some("C2"), dates).expect("class");
        world.grant("dibao", "甲家", Some(september)).expect("dibao");
        world.grant("children", "孩子", Some(september)).expect("children");
        play(&world, september);
        world.on(day("2023-09-28"));
        let value = "    { from = \"2022-07\", amount = \"1508.00\"";
        let lower = "    { from = \"2023-09\", amount = \"1408.00\", decided_on = \"2023-09-05\", doc_no = \"3\" },\n";
        world.policy(&[(value.to_owned(), format!("{lower}{value}"))]);
        let october = month("2023-10");
        play(&world, october);
        let mut said: Vec<String> = world.lines(october).iter().map(|l| world.say(l)).collect();
        said.sort();
        assert_eq!(said, [
            "children 孩子 2023-09 waived -100.00",
            "children 孩子 2023-10 regular 900.00",
            "dibao 甲家 2023-10 regular 1016.00",
        ]);
    }

    fn a_full_draft_agrees_with_the_marked_one(registry) {
        let world = home(registry, "2023-08");
        let (august, september) = (month("2023-08"), month("2023-09"));
        play(&world, august);
        world.on(day("2023-09-05"));
        world.income("甲", Fen(600_000), Some(august)).expect("income");
        world.on(september.day(16));
        world.draft(september).expect("drafted");
        let marked: Vec<_> = world.runs(september).into_iter().map(|r| r.content_hash).collect();
        let clerk = world.clerk();
        let options = DraftOptions { full: true, ..DraftOptions::default() };
        let by = clerk.authorize().expect("may");
        let full = payout::draft(&registry.store, &by, september, options).expect("drafted");
        assert!(full.iter().all(|d| !d.changed));
        let hashes: Vec<_> = full.into_iter().map(|d| d.run.content_hash).collect();
        assert_eq!(marked, hashes);
    }

    fn a_record_that_was_paid_is_the_one_that_stays(registry) {
        use mingce::services::change::{self, Proposal};
        let mut world = home(registry, "2023-08");
        world.grant("care", "甲", Some(month("2023-08"))).expect("award");
        world.certificate(
            "甲", mingce::domain::certificate::Category::Body,
            mingce::domain::certificate::Grade::G1, None,
            mingce::services::certificate::Issue::First, day("2023-07-01"),
        ).expect("a certificate");
        let twin = world.person("丁", day("1980-03-01"), EAST).expect("丁");
        play(&world, month("2023-08"));
        let paid = world.person_id("甲");
        let merge = |keep, gone, versions| {
            let clerk = world.clerk();
            let input = mingce::services::resident::MergeRecords {
                keep, gone, versions, take: Vec::new(), reason: "同一人".to_owned(),
            };
            let by = clerk.authorize().expect("may");
            change::propose(&registry.store, &by, &Proposal::PersonMerge(input))
        };
        let version = |id| registry.store.read(|conn| {
            let rows = mingce::store::resident::list_residents_by_id(conn, STREET, &[id])?;
            Ok(rows[0].version)
        }).expect("a version");
        let versions = (version(twin), version(paid));
        let refused = merge(twin, paid, versions).expect_err("the paid record ends");
        assert!(refused.to_string().contains("保留"), "{refused}");
        let id = merge(paid, twin, (versions.1, versions.0)).expect("proposed");
        let other = registry.actor("second", Role::Supervisor);
        change::confirm(&registry.store, &other.authorize().expect("may"), id).expect("confirmed");
        play(&world, month("2023-09"));
    }

    fn a_preview_says_what_a_raise_costs(registry) {
        let world = home(registry, "2023-08");
        world.on(day("2023-08-16"));
        let raised = mingce::services::policy::EXAMPLE.replacen("\"808.00\", decided_on", "\"908.00\", decided_on", 1);
        let proposed = mingce::domain::policy::Policy::parse(&raised).expect("a policy");
        let clerk = world.clerk();
        let by = clerk.authorize().expect("may");
        let preview = payout::preview(&registry.store, &by, &proposed, month("2023-08"), &mut |_, _| Ok(())).expect("preview");
        let row = preview.rows[&("dibao".to_owned(), EAST.to_owned())];
        assert_eq!((row.count_now, row.amount_now), (1, yuan("716.00")));
        assert_eq!((row.count_then, row.amount_then), (1, yuan("916.00")));
        assert_eq!(row.difference(), yuan("200.00"));
        assert!(world.runs(month("2023-08")).is_empty());
    }
}
