//! Events in the life of people and households.

use mingce::domain::household::{HouseholdKind, LeaveReason};
use mingce::domain::ids::ResidentId;
use mingce::domain::life_event::{Confidence, EventDates, EventKind};
use mingce::domain::resident::ResidentStatus;
use mingce::error::ErrorCode;
use mingce::services::auth::{RegisterEvent, ViewRegistry};
use mingce::services::award::{Beneficiary, ConfirmInput, confirm, load_award};
use mingce::services::event::{
    Arrival, BirthInput, DeathInput, Join, MergeInput, MoveInInput, MoveOutInput, MoveWithinInput,
    Mover, RefuteInput, SplitInput, TransferInput, birth, change_head, death, merge, move_in,
    move_out, move_within, refute, split, transfer,
};
use mingce::services::household::{MemberInput, NewHead, load_household};
use mingce::services::resident::{ResidentInput, find_by_id_number, load_resident};
use mingce::store::life_event::list_life_events_of;
use mingce::store::membership::list_memberships_of;

use crate::harness::STREET;
use crate::on_both;
use crate::registry_office::{
    EAST, OTHER, Office, THERE, WEST, code, day, fields, month, number, relation,
};

fn dates(event: &str, reported: &str, decided: &str) -> EventDates {
    EventDates {
        event_on: day(event),
        reported_on: day(reported),
        decided_on: decided.parse().ok(),
    }
}

fn dead(resident: ResidentId, confidence: Confidence, heads: Vec<NewHead>) -> DeathInput {
    DeathInput {
        resident,
        dates: dates("2023-08-20", "2023-08-22", "2023-09-05"),
        confidence,
        heads,
        note: None,
    }
}

on_both! {
    fn a_birth_counts_from_the_month_after_its_decision(registry) {
        let office = Office::new(registry);
        let mother = office.person("李四", "1990-01-01", 2);
        let hukou = office.household(HouseholdKind::Hukou, "001", &[(mother, "02")]);
        let assist = office.household(HouseholdKind::Assist, "001", &[(mother, "02")]);
        let join = |household| Join { household, relation: relation("21"), counted: true };
        let mut input = BirthInput {
            child: ResidentInput::citizen("李小四", &number("2023-09-05", 1), EAST),
            joins: vec![join(hukou), join(assist)],
            dates: dates("2023-09-04", "2023-09-18", "2023-09-25"),
            named_month: None,
        };
        let by = office.may::<RegisterEvent>();
        assert_eq!(fields(birth(&registry.store, &by, &input)), ["birth_on"]);
        input.dates = dates("2023-09-05", "2023-09-18", "2023-09-25");
        let done = birth(&registry.store, &by, &input).expect("born");
        let child = done.resident.expect("a child");
        assert_eq!(office.row(child).unit_id, office.row(mother).unit_id);
        let rows = registry
            .store
            .read(|conn| Ok(list_memberships_of(conn, STREET, child)?))
            .expect("memberships");
        let counted = rows.iter().find(|m| m.kind == HouseholdKind::Assist).expect("assist");
        assert_eq!((counted.from_month, counted.known_on), (month("2023-10"), day("2023-09-25")));
        assert_eq!(rows.len(), 2);
        assert_eq!(code(birth(&registry.store, &by, &input)), ErrorCode::Duplicate);
    }

    fn a_confirmed_death_closes_and_needs_a_new_head(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let son = office.person("张小三", "2010-03-03", 3);
        let members = [(man, "02"), (wife, "12"), (son, "21")];
        let home = office.household(HouseholdKind::Assist, "001", &members);
        let by = office.may::<RegisterEvent>();
        let input = dead(man, Confidence::Confirmed, vec![]);
        assert_eq!(fields(death(&registry.store, &by, &input)), ["head"]);
        assert_eq!(office.row(man).status, ResidentStatus::Active, "nothing half-saved");
        let mut early = input.clone();
        early.dates = dates("1969-12-31", "2023-08-22", "");
        assert_eq!(fields(death(&registry.store, &by, &early)), ["event_on"]);
        let new_head =
            NewHead { household: home, head: wife, relations: vec![(son, relation("21"))] };
        let input = dead(man, Confidence::Confirmed, vec![new_head]);
        death(&registry.store, &by, &input).expect("registered");
        assert_eq!(office.row(man).status, ResidentStatus::Dead);
        let view = office.may::<ViewRegistry>();
        let (row, members) = load_household(&registry.store, &view, home).expect("a household");
        assert_eq!(row.head_id, Some(wife));
        let his = members.iter().find(|m| m.resident_id == man).expect("kept");
        assert_eq!(
            (his.to_on, his.to_month, his.end_known_on, his.reason_out),
            (
                Some(day("2023-08-20")),
                Some(month("2023-09")),
                Some(day("2023-08-22")),
                Some(LeaveReason::Death)
            )
        );
        assert_eq!(code(death(&registry.store, &by, &input)), ErrorCode::Conflict);
        // The only one left becomes the head, an empty household closes.
        for (who, at) in [(wife, Some(son)), (son, None)] {
            death(&registry.store, &by, &dead(who, Confidence::Reported, vec![])).expect("dead");
            let (row, _) = load_household(&registry.store, &view, home).expect("a household");
            assert_eq!(row.head_id, at);
            assert_eq!(row.closed_on.is_some(), at.is_none());
        }
    }

    fn a_matched_death_only_holds(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1940-01-01", 1);
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02")]);
        let beneficiary = Beneficiary::Household { household: home, applicant: man };
        let input = ConfirmInput {
            from_month: Some(month("2022-01")),
            ..ConfirmInput::new("dibao", beneficiary, day("2021-12-10"))
        };
        let award = confirm(&registry.store, &office.may(), &input).expect("confirmed").award;
        let by = office.may::<RegisterEvent>();
        let lead = death(&registry.store, &by, &dead(man, Confidence::Matched, vec![]))
            .expect("reported");
        assert_eq!(lead.reassess, [award]);
        assert_eq!(office.row(man).status, ResidentStatus::Active);
        let view = office.may::<ViewRegistry>();
        let file = || load_award(&registry.store, &view, award).expect("an award");
        assert_eq!(file().holds.len(), 1);
        assert_eq!(file().holds[0].from_month, month("2023-09"));
        let wrong = RefuteInput {
            event: lead.event,
            on: day("2023-09-08"),
            reason: "入户见到本人".to_owned(),
            relations: vec![],
        };
        refute(&registry.store, &by, &wrong).expect("refuted");
        assert_eq!(file().holds[0].released_on, Some(day("2023-09-08")));
        assert_eq!(code(refute(&registry.store, &by, &wrong)), ErrorCode::Conflict);
        // A second lead is answered by the confirmed death.
        let second = death(&registry.store, &by, &dead(man, Confidence::Matched, vec![]))
            .expect("reported");
        death(&registry.store, &by, &dead(man, Confidence::Confirmed, vec![])).expect("dead");
        assert!(file().holds.iter().all(|h| h.released_on.is_some()));
        let events = registry
            .store
            .read(|conn| Ok(list_life_events_of(conn, STREET, man)?))
            .expect("events");
        let open: Vec<i32> = events
            .iter()
            .filter(|e| e.annulled_on.is_none())
            .map(|e| e.confidence)
            .collect();
        assert_eq!(open, [1]);
        assert!(events.iter().any(|e| e.id == second.event && e.annulled_on.is_some()));
    }

    fn a_wrong_death_is_undone(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02"), (wife, "12")]);
        let by = office.may::<RegisterEvent>();
        let done = death(&registry.store, &by, &dead(man, Confidence::Confirmed, vec![]))
            .expect("registered");
        let mut wrong = RefuteInput {
            event: done.event,
            on: day("2023-09-08"),
            reason: "信息比对错误".to_owned(),
            relations: vec![],
        };
        assert_eq!(fields(refute(&registry.store, &by, &wrong)), ["relation"]);
        wrong.relations = vec![(home, relation("11"))];
        refute(&registry.store, &by, &wrong).expect("undone");
        assert_eq!(office.row(man).status, ResidentStatus::Active);
        let view = office.may::<ViewRegistry>();
        let (row, members) = load_household(&registry.store, &view, home).expect("a household");
        assert_eq!(row.head_id, Some(wife));
        assert!(members.iter().all(|m| m.to_on.is_none() && m.to_month.is_none()));
        wrong.event = 7;
        assert_eq!(code(refute(&registry.store, &by, &wrong)), ErrorCode::NotFound);
    }

    fn people_leave_and_come_back(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let home = office.household(HouseholdKind::Hukou, "001", &[(man, "02"), (wife, "12")]);
        let by = office.may::<RegisterEvent>();
        let out = MoveOutInput {
            residents: vec![man],
            destination: "外市".to_owned(),
            dates: dates("2023-09-01", "2023-09-12", "2023-09-12"),
            confidence: Confidence::Confirmed,
            heads: vec![],
            note: None,
        };
        move_out(&registry.store, &by, &out).expect("left");
        assert_eq!(office.row(man).status, ResidentStatus::Left);
        let view = office.may::<ViewRegistry>();
        let (row, _) = load_household(&registry.store, &view, home).expect("a household");
        assert_eq!(row.head_id, Some(wife), "the only one left");
        assert_eq!(code(move_out(&registry.store, &by, &out)), ErrorCode::Conflict);
        let back = MoveInInput {
            person: Arrival::Returning {
                resident: man,
                area_code: WEST.to_owned(),
                residence_status: mingce::domain::code_table::ResidenceStatus::Here,
            },
            origin: "外市".to_owned(),
            joins: vec![Join { household: home, relation: relation("11"), counted: true }],
            dates: dates("2023-11-01", "2023-11-02", "2023-11-02"),
            named_month: None,
            note: None,
        };
        move_in(&registry.store, &by, &back).expect("returned");
        assert_eq!(code(move_in(&registry.store, &by, &back)), ErrorCode::Conflict);
        let new = MoveInInput {
            person: Arrival::New(ResidentInput::citizen("王五", &number("1980-01-01", 1), EAST)),
            joins: vec![],
            ..back
        };
        let arrived = move_in(&registry.store, &by, &new).expect("arrived");
        let events = registry
            .store
            .read(|conn| Ok(list_life_events_of(conn, STREET, arrived.resident.expect("new"))?))
            .expect("events");
        assert_eq!(events[0].kind, EventKind::MoveIn);
    }

    fn a_move_within_the_street_changes_the_place_only(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let home = office.household(HouseholdKind::Residence, "001", &[(man, "02")]);
        let by = office.may::<RegisterEvent>();
        let mut input = MoveWithinInput {
            residents: vec![],
            households: vec![home],
            to_area: THERE.to_owned(),
            address: "西大街1号".to_owned(),
            dates: dates("2023-09-10", "2023-09-12", "2023-09-12"),
        };
        assert_eq!(fields(move_within(&registry.store, &by, &input)), ["to_area"]);
        input.to_area = WEST.to_owned();
        move_within(&registry.store, &by, &input).expect("moved");
        assert_eq!(office.row(man).area_code, WEST);
        let events = registry
            .store
            .read(|conn| Ok(list_life_events_of(conn, STREET, man)?))
            .expect("events");
        assert_eq!(
            (events[0].from_area.as_deref(), events[0].to_area.as_deref()),
            (Some(EAST), Some(WEST))
        );
    }

    fn the_example_of_a_split_and_a_merge(registry) {
        let office = Office::new(registry);
        let father = office.person("张父", "1950-01-01", 1);
        let mother = office.person("李母", "1952-01-01", 2);
        let son = office.person("张子", "1980-01-01", 1);
        let wife = office.person("王媳", "1982-01-01", 2);
        let members = [(father, "02"), (mother, "12"), (son, "21"), (wife, "38")];
        let home = office.household(HouseholdKind::Hukou, "甲", &members);
        let by = office.may::<RegisterEvent>();
        let movers =
            vec![MemberInput::new(son, relation("02")), MemberInput::new(wife, relation("12"))];
        let mut input = SplitInput {
            household: home,
            movers: vec![movers[0]],
            household_no: "乙".to_owned(),
            area_code: WEST.to_owned(),
            address: "西大街2号".to_owned(),
            head: None,
            dates: dates("2023-09-01", "2023-09-01", "2023-09-01"),
            named_month: None,
        };
        input.movers = movers.iter().map(|m| MemberInput::new(m.resident, relation("12"))).collect();
        assert_eq!(fields(split(&registry.store, &by, &input)), ["head"], "the new one needs a head");
        input.movers = movers;
        let done = split(&registry.store, &by, &input).expect("split");
        let new = done.household.expect("a new household");
        let view = office.may::<ViewRegistry>();
        let (row, old_members) = load_household(&registry.store, &view, home).expect("甲");
        assert_eq!((row.household_no.as_str(), row.head_id), ("甲", Some(father)));
        let closed: Vec<_> = old_members.iter().filter(|m| m.to_on.is_some()).collect();
        assert_eq!(closed.len(), 2);
        assert!(closed.iter().all(|m| m.to_on == Some(day("2023-08-31"))
            && m.reason_out == Some(LeaveReason::Split)));
        let (row, new_members) = load_household(&registry.store, &view, new).expect("乙");
        assert_eq!((row.head_id, new_members.len()), (Some(son), 2));
        assert!(new_members.iter().all(|m| m.from_on == day("2023-09-01")));
        // Everybody cannot leave by a split; and back together again.
        let all = SplitInput {
            household: home,
            movers: vec![
                MemberInput::new(father, relation("02")),
                MemberInput::new(mother, relation("12")),
            ],
            household_no: "丙".to_owned(),
            ..input
        };
        assert_eq!(fields(split(&registry.store, &by, &all)), ["members"]);
        let mut together = MergeInput {
            source: new,
            target: home,
            members: vec![MemberInput::new(son, relation("21"))],
            dates: dates("2023-10-01", "2023-10-01", "2023-10-01"),
            named_month: None,
        };
        assert_eq!(fields(merge(&registry.store, &by, &together)), ["relation"]);
        together.members.push(MemberInput::new(wife, relation("38")));
        merge(&registry.store, &by, &together).expect("merged");
        let (row, _) = load_household(&registry.store, &view, new).expect("乙");
        assert_eq!(row.close_reason.as_deref(), Some("merged"));
        // The mother becomes the head: everybody's relation is given anew.
        let mut head = NewHead {
            household: home,
            head: mother,
            relations: vec![(father, relation("11")), (son, relation("21"))],
        };
        let on = dates("2023-11-01", "2023-11-01", "2023-11-01");
        assert_eq!(fields(change_head(&registry.store, &by, &head, &on)), ["relation"]);
        head.relations.push((wife, relation("38")));
        change_head(&registry.store, &by, &head, &on).expect("changed");
        let (row, members) = load_household(&registry.store, &view, home).expect("甲");
        assert_eq!(row.head_id, Some(mother));
        let open = members.iter().filter(|m| m.to_on.is_none());
        assert_eq!(open.filter(|m| m.relation_code == "02").count(), 1);
    }

    fn a_move_to_another_street_stops_here_and_starts_there(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let stays = office.person("老张", "1945-02-02", 1);
        let members = [(man, "02"), (wife, "12")];
        let assist = office.household(HouseholdKind::Assist, "001", &members);
        let hukou =
            office.household(HouseholdKind::Hukou, "001", &[(stays, "02"), (man, "21"), (wife, "38")]);
        let beneficiary = Beneficiary::Household { household: assist, applicant: man };
        let input = ConfirmInput {
            from_month: Some(month("2022-01")),
            ..ConfirmInput::new("dibao", beneficiary, day("2021-12-10"))
        };
        let award = confirm(&registry.store, &office.may(), &input).expect("confirmed").award;
        let by = office.may::<RegisterEvent>();
        let input = TransferInput {
            movers: vec![
                Mover { resident: man, relation: relation("02") },
                Mover { resident: wife, relation: relation("12") },
            ],
            to_street: OTHER.to_owned(),
            to_area: THERE.to_owned(),
            address: "乙街1号".to_owned(),
            household_no: "T-1".to_owned(),
            heads: vec![],
            dates: dates("2023-09-01", "2023-09-12", "2023-09-12"),
        };
        let wrong = TransferInput { to_area: EAST.to_owned(), ..input.clone() };
        assert_eq!(fields(transfer(&registry.store, &by, &wrong)), ["to_area"]);
        let made = transfer(&registry.store, &by, &input).expect("transferred");
        assert_eq!((made.residents.len(), made.households.len(), made.awards.len()), (2, 2, 1));
        assert_eq!(office.row(man).status, ResidentStatus::Left);
        let view = office.may::<ViewRegistry>();
        let (row, _) = load_household(&registry.store, &view, hukou).expect("stays");
        assert_eq!(row.head_id, Some(stays));
        let old = load_award(&registry.store, &view, award).expect("the old award");
        assert_eq!(old.decisions.last().map(|d| d.from_month), Some(month("2023-10")));
        let other = mingce::services::Actor::new(
            "other".to_owned(),
            mingce::domain::role::Role::Clerk,
            mingce::services::Scope::street(OTHER),
        );
        let there = other.authorize::<ViewRegistry>().expect("may");
        let new = load_award(&registry.store, &there, made.awards[0].1).expect("the new award");
        assert_eq!(new.decisions.len(), 1);
        assert_eq!(new.decisions[0].from_month, month("2023-10"));
        let number = number("1970-01-01", 1);
        let found = find_by_id_number(&registry.store, &there, &number).expect("a search");
        assert_eq!(found.map(|r| r.id), Some(made.residents[0].1));
        let unit = |id| load_resident(&registry.store, &there, id).expect("there").unit_id;
        assert_eq!(unit(made.residents[0].1), unit(made.residents[1].1));
        assert_eq!(code(transfer(&registry.store, &by, &input)), ErrorCode::Conflict);
    }
}
