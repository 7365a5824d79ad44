//! What a benefit depends on takes no effect by one person's hand
//! (`rulings.md` P10): every way in, and the pages of the second person.

use actix_web::test::init_service;

use mingce::domain::code_table::Relation;
use mingce::domain::fact::FactKind;
use mingce::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use mingce::domain::ids::{AwardId, HouseholdId, ResidentId};
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::money::Fen;
use mingce::domain::resident::ResidentStatus;
use mingce::domain::role::{Rights, Role};
use mingce::error::ErrorCode;
use mingce::services::access::Profile;
use mingce::services::account::{self, AccountInput};
use mingce::services::award::{
    Beneficiary, ConfirmInput, confirm, load_award, release_hold, set_account,
};
use mingce::services::change::{self, Proposal};
use mingce::services::event::{
    BirthInput, DeathInput, Join, MergeInput, MoveOutInput, RefuteInput, SplitInput, birth, death,
    list_undecided, merge, move_out, refute, split,
};
use mingce::services::fact::{self, FactInput};
use mingce::services::household::{
    MemberDates, MemberInput, add_member, load_household, remove_member,
};
use mingce::services::resident::ResidentInput;

use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, code, day, fields, month, number, relation};

fn wage(who: ResidentId, yuan: i64) -> FactInput {
    FactInput {
        code: Some("wage".to_owned()),
        amount: Some(Fen(yuan * 100)),
        ..FactInput::decided(who, FactKind::Income, day("2023-11-10"))
    }
}

fn on(text: &str) -> EventDates {
    EventDates { event_on: day(text), reported_on: day(text), decided_on: Some(day(text)) }
}

fn dibao(office: &Office<'_>, home: HouseholdId, who: ResidentId) -> AwardId {
    let beneficiary = Beneficiary::Household { household: home, applicant: who };
    let input = ConfirmInput {
        from_month: Some(month("2022-01")),
        ..ConfirmInput::new("dibao", beneficiary, day("2021-12-10"))
    };
    confirm(&office.registry.store, &office.may(), &input).expect("confirmed").award
}

fn size(office: &Office<'_>, home: HouseholdId) -> usize {
    let (_, members) =
        load_household(&office.registry.store, &office.may(), home).expect("a household");
    members.iter().filter(|m| m.to_on.is_none()).count()
}

on_both! {
    fn nobody_changes_it_alone(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let (man, wife) = (office.person("张三", "1970-01-01", 1), office.person("李四", "1972-02-02", 2));
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02"), (wife, "12")]);
        let award = dibao(&office, home, man);
        let two = ErrorCode::SeparationOfDuties;
        let known = fact::record(store, &office.may(), &wage(man, 100)).expect("by the operator");
        assert_eq!(code(fact::record(store, &office.clerk_may(), &wage(man, 200))), two);
        assert_eq!(code(fact::annul(store, &office.clerk_may(), known, day("2023-11-20"), "错")), two);
        let own = AccountInput::own(man, "测试银行", "6229990000000000017", day("2022-01-01"));
        assert_eq!(code(account::add(store, &office.clerk_may(), &own)), two);
        let bank = account::add(store, &office.may(), &own).expect("by the operator");
        assert_eq!(code(set_account(store, &office.clerk_may(), award, bank, 1, "换卡")), two);
        let child = office.person("张小三", "2010-03-03", 3);
        let member = MemberInput::new(child, relation("21"));
        let dates = MemberDates::decided(day("2023-11-10"));
        let join = |home| {
            let reason = JoinReason::MoveIn;
            add_member(store, &office.clerk_may(), home, &member, day("2023-11-01"), reason, dates)
        };
        assert_eq!(code(join(home)), two);
        let gone = (wife, LeaveReason::Marriage);
        let leave = remove_member(store, &office.clerk_may(), home, gone, day("2023-11-01"), dates, None);
        assert_eq!(code(leave), two);
        let split_off = SplitInput {
            household: home,
            movers: vec![MemberInput::new(wife, Relation::HEAD)],
            household_no: "009".to_owned(),
            area_code: EAST.to_owned(),
            address: "测试路1号".to_owned(),
            head: None,
            dates: on("2023-11-10"),
            named_month: None,
        };
        assert_eq!(code(split(store, &office.clerk_may(), &split_off)), two);
        let alone = office.household(HouseholdKind::Assist, "002", &[(child, "02")]);
        let together = MergeInput {
            source: alone,
            target: home,
            members: vec![member],
            dates: on("2023-11-10"),
            named_month: None,
        };
        assert_eq!(code(merge(store, &office.clerk_may(), &together)), two);
        // Who lives where is nobody's money.
        let rooms = office.household(HouseholdKind::Residence, "R1", &[(man, "02")]);
        join(rooms).expect("joined");
        // Proposed and confirmed, a split and a merge are made.
        let other = registry.actor("supervisor", Role::Supervisor);
        let by = other.authorize().expect("may");
        for proposal in [Proposal::Merge(together), Proposal::Split(split_off)] {
            let id = change::propose(store, &office.clerk_may(), &proposal).expect("proposed");
            let line = change::load_change(store, &office.may(), id, Rights::default()).expect("one");
            assert!(line.parts.iter().any(|p| p.before != p.after), "{line:?}");
            change::confirm(store, &by, id).expect("confirmed");
        }
        assert_eq!(size(&office, home), 2, "the child came, the wife went");
    }

    fn a_newborn_is_registered_at_once_and_counted_after_the_second(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let mother = office.person("李四", "1992-02-02", 2);
        let assist = office.household(HouseholdKind::Assist, "001", &[(mother, "02")]);
        let rooms = office.household(HouseholdKind::Residence, "R1", &[(mother, "02")]);
        let joins = [assist, rooms].map(|household| Join {
            household,
            relation: relation("20"),
            counted: true,
        });
        let mut input = BirthInput {
            child: ResidentInput::citizen("李小", &number("2023-11-01", 5), EAST),
            joins: joins.to_vec(),
            dates: EventDates { event_on: day("2023-11-01"), ..on("2023-11-10") },
            named_month: None,
        };
        let done = birth(store, &office.clerk_may(), &input).expect("born");
        assert_eq!((size(&office, rooms), size(&office, assist)), (2, 1));
        let [waiting] = done.pending[..] else { panic!("{done:?}") };
        let other = registry.actor("supervisor", Role::Supervisor);
        let by = other.authorize().expect("may");
        assert_eq!(code(change::confirm(store, &office.clerk_may(), waiting)), ErrorCode::SeparationOfDuties);
        change::confirm(store, &by, waiting).expect("confirmed");
        assert_eq!(size(&office, assist), 2);
        // What would not fit is refused with the birth: two heads.
        input.child = ResidentInput::citizen("李二", &number("2023-11-01", 7), EAST);
        input.joins = vec![Join { household: assist, relation: Relation::HEAD, counted: true }];
        assert_eq!(fields(birth(store, &office.clerk_may(), &input)), ["head"]);
    }

    fn a_departure_holds_until_the_second_decides(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let other = registry.actor("supervisor", Role::Supervisor);
        for (at, confirmed) in [(1, true), (2, false)] {
            let man = office.person("张三", "1970-01-01", at);
            let home = office.household(HouseholdKind::Assist, &format!("00{at}"), &[(man, "02")]);
            let award = dibao(&office, home, man);
            let input = MoveOutInput {
                residents: vec![man],
                destination: "外区".to_owned(),
                dates: on("2023-11-15"),
                confidence: Confidence::Confirmed,
                heads: Vec::new(),
                note: None,
            };
            let done = move_out(store, &office.clerk_may(), &input).expect("reported");
            assert_eq!(office.row(man).status, ResidentStatus::Active);
            let held = || {
                let file = load_award(store, &office.may(), award).expect("an award");
                file.holds.into_iter().find(|h| h.released_on.is_none())
            };
            let hold = held().expect("held at once");
            let [waiting] = done.pending[..] else { panic!("{done:?}") };
            // Whoever reported it lifts nothing.
            let two = ErrorCode::SeparationOfDuties;
            let mine = office.clerk_may();
            assert_eq!(code(change::withdraw(store, &mine, waiting, "误报")), two);
            let lift = release_hold(store, &office.clerk_may(), hold.id, day("2023-11-20"), "误报");
            assert_eq!(code(lift), two);
            let by = other.authorize().expect("may");
            if confirmed {
                change::confirm(store, &by, waiting).expect("confirmed");
                assert_eq!(office.row(man).status, ResidentStatus::Left);
            } else {
                change::reject(store, &by, waiting, "仍居住").expect("rejected");
                assert_eq!(office.row(man).status, ResidentStatus::Active);
            }
            assert_eq!(held(), None);
            let left = list_undecided(store, &office.may()).expect("reports");
            assert_eq!(left, [], "the report is answered");
        }
    }

    fn an_assistance_household_moves_street_as_a_whole(registry) {
        use mingce::services::event::{Mover, TransferInput, transfer};
        let office = Office::new(registry);
        let store = &registry.store;
        let (man, wife) = (office.person("张三", "1970-01-01", 1), office.person("李四", "1972-02-02", 2));
        office.household(HouseholdKind::Assist, "001", &[(man, "02"), (wife, "12")]);
        let mover = |resident, code| Mover { resident, relation: relation(code) };
        let mut input = TransferInput {
            movers: vec![mover(wife, "02")],
            to_street: crate::registry_office::OTHER.to_owned(),
            to_area: crate::registry_office::THERE.to_owned(),
            address: "乙街1号".to_owned(),
            household_no: "T-1".to_owned(),
            heads: vec![],
            dates: on("2023-11-15"),
        };
        assert_eq!(fields(transfer(store, &office.clerk_may(), &input)), ["movers"]);
        input.movers = vec![mover(man, "02"), mover(wife, "12")];
        transfer(store, &office.clerk_may(), &input).expect("moved together");
    }

    fn the_reporter_decides_nothing(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let man = office.person("张三", "1940-01-01", 1);
        let mut input = DeathInput {
            resident: man,
            dates: on("2023-11-15"),
            confidence: Confidence::Matched,
            heads: Vec::new(),
            note: None,
        };
        assert_eq!(fields(death(store, &office.clerk_may(), &input)), ["decided_on"]);
        input.dates.decided_on = None;
        let told = death(store, &office.clerk_may(), &input).expect("reported");
        let wrong = RefuteInput {
            event: told.event,
            on: day("2023-11-20"),
            reason: "误报".to_owned(),
            relations: Vec::new(),
        };
        assert_eq!(code(refute(store, &office.clerk_may(), &wrong)), ErrorCode::SeparationOfDuties);
        let listed = list_undecided(store, &office.may()).expect("reports");
        assert_eq!(listed.iter().map(|r| r.event).collect::<Vec<_>>(), [told.event]);
        assert_eq!(listed[0].reported_by.as_deref(), Some("clerk"));
        let other = registry.actor("supervisor", Role::Supervisor);
        refute(store, &other.authorize().expect("may"), &wrong).expect("refuted");
        assert_eq!(list_undecided(store, &office.may()).expect("reports"), []);
    }

    fn the_pages_of_the_second_person(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let state = state(registry, Profile::Demo);
        for (name, role) in [("clerk", Role::Clerk), ("second", Role::Clerk)] {
            add_user(registry, name, role);
        }
        let man = office.person("张三", "1970-01-01", 1);
        let son = office.person("张小三", "2010-03-03", 3);
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02")]);
        let open = |name| Browser::with_session(&open_session(registry, name, Profile::Demo).0);
        let (mut clerk, mut second) = (open("clerk"), open("second"));
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let join = format!("/households/{home}/join");
            let form = format!(
                "resident={son}&relation=21&reason=other&from_on=2023-11-01&decided_on=2023-11-10"
            );
            let answer = clerk.submit(&app, &join, &join, &form).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            assert_eq!(size(&office, home), 1);
            let start = clerk.get(&app, "/home").await;
            assert!(start.body.contains("待确认变更"), "{}", start.body);
            let list = second.get(&app, "/review").await;
            assert_eq!(list.status, 200, "{}", list.body);
            let id = list.body.split("/review/changes/").nth(1).and_then(|t| t.split('"').next());
            let page = format!("/review/changes/{}", id.expect("a change"));
            let shown = clerk.get(&app, &page).await;
            assert!(!shown.body.contains("确认生效") && shown.body.contains("撤回"), "{}", shown.body);
            assert!(shown.body.contains("张三(户主)、张小三("), "{}", shown.body);
            // By hand, the one who entered it is refused.
            let own = clerk.submit(&app, &page, &format!("{page}/confirm"), "").await;
            assert_eq!(own.status, 403, "{}", own.body);
            let bare = second.submit(&app, &page, &format!("{page}/reject"), "reason=").await;
            assert_eq!(bare.status, 422);
            let done = second.submit(&app, &page, &format!("{page}/confirm"), "").await;
            assert_eq!((done.status, done.header("location")), (303, "/review"), "{}", done.body);
            assert_eq!(size(&office, home), 2);
            let late = second.get(&app, &page).await;
            assert!(late.body.contains("已确认") && !late.body.contains("确认生效"));
            assert!(second.get(&app, "/review").await.body.contains("没有待确认的变更"));
            // A death: reported by one, decided by the other.
            let death = format!("/residents/{man}/death");
            let told = "event_on=2023-11-01&reported_on=2023-11-02&confidence=3&note=";
            let answer = clerk.submit(&app, &death, &death, told).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let event = list_undecided(store, &office.may()).expect("reports")[0].event;
            let page = format!("/review/reports/{event}");
            assert!(!clerk.get(&app, &page).await.body.contains("name=\"outcome\""));
            let none = second.submit(&app, &page, &page, "outcome=&on=2023-11-03&reason=").await;
            assert_eq!(none.status, 422);
            let bare =
                second.submit(&app, &page, &page, "outcome=rejected&on=2023-11-03&reason=").await;
            assert_eq!(bare.status, 422, "a reason is needed: {}", bare.body);
            let done = second
                .submit(&app, &page, &page, "outcome=rejected&on=2023-11-03&reason=alive")
                .await;
            assert_eq!(done.status, 303, "{}", done.body);
            assert_eq!(second.get(&app, &page).await.status, 404);
        });
    }
}
