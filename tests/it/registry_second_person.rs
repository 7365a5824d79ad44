//! What one person enters and a second decides: deaths, benefit-bearing
//! changes; what is flagged for somebody to look at.

use mingce::domain::account::HolderRelation;
use mingce::domain::fact::{FactDates, FactKind};
use mingce::domain::household::{HouseholdKind, JoinReason};
use mingce::domain::ids::{AwardId, ResidentId};
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::money::Fen;
use mingce::domain::pending::{ChangeKind, ChangeState};
use mingce::domain::resident::ResidentStatus;
use mingce::domain::role::Role;
use mingce::error::ErrorCode;
use mingce::services::account::{self, AccountInput};
use mingce::services::award::{Beneficiary, ConfirmInput, confirm, load_award};
use mingce::services::change::{self, Proposal};
use mingce::services::event::{
    DeathInput, DeathOutcome, DecideDeathInput, change_head, death, decide_death,
};
use mingce::services::fact::{self, FactInput};
use mingce::services::household::{MemberDates, MemberInput, NewHead, load_household};
use mingce::services::resident::list_history;
use mingce::services::{Actor, review};
use mingce::store::{fact as facts, life_event, pending_change};

use crate::harness::STREET;
use crate::on_both;
use crate::registry_office::{EAST, GRID, Office, WEST, code, day, month, relation};

/// Another person of the office.
fn second(office: &Office<'_>) -> Actor {
    office.registry.actor("supervisor", Role::Supervisor)
}

fn reported(resident: ResidentId, confidence: Confidence) -> DeathInput {
    DeathInput {
        resident,
        dates: EventDates {
            event_on: day("2023-08-20"),
            reported_on: day("2023-08-22"),
            decided_on: None,
        },
        confidence,
        heads: vec![],
        note: None,
    }
}

fn decision(event: i64, outcome: DeathOutcome) -> DecideDeathInput {
    DecideDeathInput { event, on: day("2023-09-05"), outcome }
}

fn alive() -> DeathOutcome {
    DeathOutcome::Rejected { reason: "入户见到本人".to_owned(), relations: vec![] }
}

fn dead() -> DeathOutcome {
    DeathOutcome::Confirmed { heads: vec![] }
}

fn dibao(office: &Office<'_>, who: ResidentId, account_id: Option<i64>) -> AwardId {
    let home =
        office.household(HouseholdKind::Assist, &format!("A{}", who.0 % 10_000), &[(who, "02")]);
    let beneficiary = Beneficiary::Household { household: home, applicant: who };
    let input = ConfirmInput {
        from_month: Some(month("2022-01")),
        account_id,
        ..ConfirmInput::new("dibao", beneficiary, day("2021-12-10"))
    };
    confirm(&office.registry.store, &office.may(), &input).expect("confirmed").award
}

fn own_account(office: &Office<'_>, who: ResidentId, number: &str) -> i64 {
    let input = AccountInput::own(who, "测试银行", number, day("2022-01-01"));
    account::add(&office.registry.store, &office.may(), &input).expect("an account")
}

fn wage(who: ResidentId, yuan: i64) -> FactInput {
    FactInput {
        code: Some("wage".to_owned()),
        amount: Some(Fen(yuan * 100)),
        ..FactInput::decided(who, FactKind::Income, day("2023-11-10"))
    }
}

on_both! {
    fn a_lead_that_is_confirmed_ends_the_person_from_the_decision_on(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1940-01-01", 1);
        let award = dibao(&office, man, None);
        let lead = death(&registry.store, &office.may(), &reported(man, Confidence::Matched))
            .expect("reported");
        let input = decision(lead.event, dead());
        // Neither the reporter nor a grid worker decides.
        let own = decide_death(&registry.store, &office.may(), &input);
        assert_eq!(code(own), ErrorCode::SeparationOfDuties);
        let grid = office.in_area(Role::Grid, &[EAST]);
        let by_grid = decide_death(&registry.store, &grid.authorize().expect("may"), &input);
        assert_eq!(code(by_grid), ErrorCode::Forbidden);
        let other = second(&office);
        let by = other.authorize().expect("may");
        let mut early = input.clone();
        early.on = day("2023-08-21");
        assert_eq!(code(decide_death(&registry.store, &by, &early)), ErrorCode::InvalidInput);
        let done = decide_death(&registry.store, &by, &input).expect("decided");
        assert_ne!(done.event, lead.event);
        assert_eq!(office.row(man).status, ResidentStatus::Dead);
        let file = load_award(&registry.store, &office.may(), award).expect("an award");
        assert!(file.holds.iter().all(|h| h.released_on == Some(day("2023-09-05"))));
        let rows = registry
            .store
            .read(|conn| Ok(life_event::list_life_events_of(conn, STREET, man)?))
            .expect("events");
        let made = rows.iter().find(|e| e.id == done.event).expect("the death");
        assert_eq!(made.reported_on, day("2023-09-05"), "known from the decision on");
        assert_eq!((made.event_on, made.confidence), (day("2023-08-20"), 1));
        assert_eq!(code(decide_death(&registry.store, &by, &input)), ErrorCode::Conflict);
    }

    fn a_death_that_counts_already_gets_its_decision_once(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1940-01-01", 1);
        dibao(&office, man, None);
        let told = death(&registry.store, &office.may(), &reported(man, Confidence::Reported))
            .expect("reported");
        let other = second(&office);
        let by = other.authorize().expect("may");
        let input = decision(told.event, dead());
        decide_death(&registry.store, &by, &input).expect("decided");
        let row = registry
            .store
            .read(|conn| Ok(life_event::find_life_event(conn, STREET, told.event)?))
            .expect("read")
            .expect("the death");
        assert_eq!(row.decided_on, Some(day("2023-09-05")));
        assert_eq!(code(decide_death(&registry.store, &by, &input)), ErrorCode::Conflict);
    }

    fn a_death_that_is_rejected_restores_everything(registry) {
        let office = Office::new(registry);
        for (at, confidence) in [(1, Confidence::Matched), (2, Confidence::Reported)] {
            let man = office.person("张三", "1940-01-01", at);
            let award = dibao(&office, man, None);
            let told = death(&registry.store, &office.may(), &reported(man, confidence))
                .expect("reported");
            let other = second(&office);
            let by = other.authorize().expect("may");
            let input = decision(told.event, alive());
            decide_death(&registry.store, &by, &input).expect("rejected");
            assert_eq!(office.row(man).status, ResidentStatus::Active);
            let file = load_award(&registry.store, &office.may(), award).expect("an award");
            assert!(file.holds.iter().all(|h| h.released_on.is_some()));
            assert_eq!(code(decide_death(&registry.store, &by, &input)), ErrorCode::Conflict);
        }
    }

    fn a_patient_who_dies_leaves_the_register(registry) {
        let office = Office::new(registry);
        let ill = office.person("张三", "1975-05-01", 1);
        let entered = FactInput {
            dates: FactDates {
                event_on: Some(day("2022-01-10")),
                reported_on: Some(day("2022-01-10")),
                ..FactDates::default()
            },
            ..FactInput::decided(ill, FactKind::MentalRegister, day("2022-01-10"))
        };
        fact::record(&registry.store, &office.may(), &entered).expect("registered");
        let told = death(&registry.store, &office.may(), &reported(ill, Confidence::Reported))
            .expect("reported");
        let ends = || {
            registry
                .store
                .read(|conn| Ok(facts::list_facts_of(conn, STREET, ill)?))
                .expect("facts")
                .into_iter()
                .find(|f| f.code.as_deref() == Some(FactKind::ENDED))
                .expect("an end")
        };
        let end = ends();
        assert_eq!((end.from_month, end.known_on), (month("2023-09"), day("2023-08-22")));
        assert_eq!(end.annulled_on, None);
        let other = second(&office);
        let input = decision(told.event, alive());
        decide_death(&registry.store, &other.authorize().expect("may"), &input).expect("rejected");
        assert_eq!(ends().annulled_on, Some(day("2023-09-05")), "back on the register");
    }

    fn a_new_head_flags_the_old_heads_account(registry) {
        let office = Office::new(registry);
        let (man, wife) = (office.person("张三", "1970-01-01", 1), office.person("李四", "1972-02-02", 2));
        let account_id = own_account(&office, man, "6229990000000000017");
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02"), (wife, "12")]);
        let beneficiary = Beneficiary::Household { household: home, applicant: man };
        let input = ConfirmInput {
            account_id: Some(account_id),
            ..ConfirmInput::new("dibao", beneficiary, day("2023-10-10"))
        };
        let award = confirm(&registry.store, &office.may(), &input).expect("confirmed").award;
        let head = NewHead { household: home, head: wife, relations: vec![(man, relation("11"))] };
        let dates = EventDates::on(day("2023-11-01"));
        change_head(&registry.store, &office.may(), &head, &dates).expect("changed");
        let file = load_award(&registry.store, &office.may(), award).expect("an award");
        assert_eq!(file.award.account_id, Some(account_id), "not switched silently");
        let tasks = review::list_open(&registry.store, &office.may()).expect("tasks");
        assert_eq!(tasks.iter().map(|t| t.award_id).collect::<Vec<_>>(), [award]);
        // Back and forth opens no second task; the wife's account is nobody's.
        let back = NewHead { household: home, head: man, relations: vec![(wife, relation("12"))] };
        change_head(&registry.store, &office.may(), &back, &dates).expect("changed");
        change_head(&registry.store, &office.may(), &head, &dates).expect("changed");
        assert_eq!(review::list_open(&registry.store, &office.may()).expect("tasks").len(), 1);
        let west = office.in_area(Role::Grid, &[WEST]);
        let there = review::list_open(&registry.store, &west.authorize().expect("may"));
        assert_eq!(there.expect("tasks"), []);
        let id = tasks[0].id;
        assert_eq!(code(review::finish(&registry.store, &office.may(), id, " ")), ErrorCode::InvalidInput);
        review::finish(&registry.store, &office.may(), id, "改由配偶领取").expect("done");
        assert_eq!(code(review::finish(&registry.store, &office.may(), id, "再")), ErrorCode::Conflict);
        assert_eq!(review::list_open(&registry.store, &office.may()).expect("tasks"), []);
    }

    fn a_change_takes_effect_when_a_second_person_confirms(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let known = || {
            registry
                .store
                .read(|conn| Ok(facts::list_facts_of(conn, STREET, man)?))
                .expect("facts")
        };
        let by = office.may();
        let wrong = Proposal::Fact(wage(man, -1));
        assert_eq!(code(change::propose(&registry.store, &by, &wrong)), ErrorCode::InvalidInput);
        let id = change::propose(&registry.store, &by, &Proposal::Fact(wage(man, 10_800)))
            .expect("proposed");
        assert_eq!(known(), [], "nothing takes effect yet");
        let listed = change::list_pending(&registry.store, &office.may()).expect("listed");
        assert_eq!(listed.len(), 1);
        assert_eq!((listed[0].row.id, listed[0].row.kind), (id, ChangeKind::Fact));
        assert_eq!(code(change::confirm(&registry.store, &by, id)), ErrorCode::SeparationOfDuties);
        assert_eq!(code(change::reject(&registry.store, &by, id, "不符")), ErrorCode::SeparationOfDuties);
        let grid = office.in_area(Role::Grid, &[EAST]);
        let low = grid.authorize().expect("may");
        assert_eq!(code(change::confirm(&registry.store, &low, id)), ErrorCode::Forbidden);
        let far = Actor::new(
            "west".to_owned(),
            Role::Supervisor,
            mingce::services::Scope::areas(STREET, vec![WEST.to_owned(), GRID.to_owned()]),
        );
        let outside = change::confirm(&registry.store, &far.authorize().expect("may"), id);
        assert_eq!(code(outside), ErrorCode::NotFound);
        let other = second(&office);
        let two = other.authorize().expect("may");
        change::confirm(&registry.store, &two, id).expect("confirmed");
        assert_eq!(known()[0].amount_fen, Some(Fen(1_080_000)));
        assert_eq!(change::list_pending(&registry.store, &office.may()).expect("listed").len(), 0);
        assert_eq!(code(change::confirm(&registry.store, &two, id)), ErrorCode::Conflict);
        // Both names stand in the history of what was made.
        let entries = list_history(&registry.store, &office.may(), "fact", known()[0].id)
            .expect("history");
        assert_eq!(entries[0].actor, "supervisor");
        assert!(entries[0].reason.as_deref().is_some_and(|r| r.contains("clerk")));
    }

    fn every_kind_of_change_waits(registry) {
        let office = Office::new(registry);
        let (man, son) = (office.person("张三", "1970-01-01", 1), office.person("张小三", "2010-03-03", 3));
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02")]);
        let view = office.may();
        let by = office.may();
        let other = second(&office);
        let two = other.authorize().expect("may");
        let join = Proposal::MemberAdd {
            household: home,
            member: MemberInput::new(son, relation("21")),
            from_on: day("2023-11-01"),
            reason: JoinReason::MoveIn,
            dates: MemberDates::decided(day("2023-11-10")),
        };
        let id = change::propose(&registry.store, &by, &join).expect("proposed");
        let size = || load_household(&registry.store, &view, home).expect("a home").1.len();
        assert_eq!(size(), 1);
        change::confirm(&registry.store, &two, id).expect("confirmed");
        assert_eq!(size(), 2);
        // Confirmed too late: it no longer fits, and nothing is half-saved.
        assert_eq!(code(change::propose(&registry.store, &by, &join)), ErrorCode::InvalidInput);
        // A supervisor has no right on awards and enters none of their changes.
        let account = Proposal::Account(AccountInput {
            relation: HolderRelation::Oneself,
            ..AccountInput::own(man, "测试银行", "6229990000000000017", day("2022-01-01"))
        });
        assert_eq!(code(change::propose(&registry.store, &two, &account)), ErrorCode::Forbidden);
        let id = change::propose(&registry.store, &by, &account).expect("proposed");
        let not_mine = change::withdraw(&registry.store, &two, id, "误录");
        assert_eq!(code(not_mine), ErrorCode::Forbidden);
        change::withdraw(&registry.store, &by, id, "误录").expect("withdrawn");
        let id = change::propose(&registry.store, &by, &account).expect("proposed");
        change::reject(&registry.store, &two, id, "户名不符").expect("rejected");
        let id = change::propose(&registry.store, &by, &account).expect("proposed");
        change::confirm(&registry.store, &two, id).expect("confirmed");
    }

    fn the_database_refuses_a_confirmation_by_oneself(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let proposal = Proposal::Fact(wage(man, 100));
        let id = change::propose(&registry.store, &office.may(), &proposal).expect("proposed");
        let forced = registry.store.write(STREET, |tx| {
            let now = tx.clock().now();
            let done = ChangeState::Confirmed;
            pending_change::mark_change_decided(tx.conn, (STREET, id), done, "clerk", now, None)?;
            Ok(())
        });
        assert!(forced.is_err());
    }
}
