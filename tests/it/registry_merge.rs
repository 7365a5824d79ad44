//! Two records of one person become one, or are told apart for good.

use actix_web::test::init_service;

use mingce::domain::fact::FactKind;
use mingce::domain::household::{HouseholdKind, LeaveReason};
use mingce::domain::ids::ResidentId;
use mingce::domain::money::Fen;
use mingce::domain::resident::{MergeField, ResidentStatus};
use mingce::domain::role::{Rights, Role};
use mingce::error::ErrorCode;
use mingce::services::access::Profile;
use mingce::services::account::{self, AccountInput};
use mingce::services::award::{Beneficiary, ConfirmInput, confirm};
use mingce::services::change::{self, Proposal};
use mingce::services::fact::{self, FactInput};
use mingce::services::household::load_household;
use mingce::services::resident::{
    Likeness, MergeRecords, compare, find_by_id_number, keep_apart, list_duplicates, list_history,
};
use mingce::services::verify;
use mingce::store::{account as accounts, fact as facts};

use crate::harness::STREET;
use crate::harness::http::{Browser, add_user, open_session, run, state};
use crate::on_both;
use crate::registry_office::{EAST, Office, code, day, month, number};

fn wage(who: ResidentId, yuan: i64) -> FactInput {
    FactInput {
        code: Some("wage".to_owned()),
        amount: Some(Fen(yuan * 100)),
        ..FactInput::decided(who, FactKind::Income, day("2023-11-10"))
    }
}

fn merge(office: &Office<'_>, keep: ResidentId, gone: ResidentId, take: &[MergeField]) -> Proposal {
    Proposal::PersonMerge(MergeRecords {
        keep,
        gone,
        versions: (office.row(keep).version, office.row(gone).version),
        take: take.to_vec(),
        reason: "核对户口簿,系同一人".to_owned(),
    })
}

on_both! {
    fn one_id_stays_and_everything_moves_to_it(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let (keep, gone) = (office.person("张三", "1970-01-01", 1), office.person("张三", "1970-01-01", 3));
        let wife = office.person("李四", "1972-02-02", 2);
        let assist = office.household(HouseholdKind::Assist, "001", &[(gone, "02"), (wife, "12")]);
        let rooms = office.household(HouseholdKind::Residence, "R1", &[(keep, "02"), (gone, "97")]);
        fact::record(store, &office.may(), &wage(gone, 900)).expect("recorded");
        let own = AccountInput::own(gone, "测试银行", "6229990000000000017", day("2022-01-01"));
        account::add(store, &office.may(), &own).expect("an account");
        let wanted = merge(&office, keep, gone, &[MergeField::Document]);
        let grid = office.in_area(Role::Grid, &[EAST]);
        let low = change::propose(store, &grid.authorize().expect("may"), &wanted);
        assert_eq!(code(low), ErrorCode::Forbidden);
        let id = change::propose(store, &office.clerk_may(), &wanted).expect("proposed");
        assert_eq!(office.row(gone).status, ResidentStatus::Active, "nothing yet");
        let line = change::load_change(store, &office.may(), id, Rights::default()).expect("one");
        assert!(line.parts.iter().any(|part| part.key == "document"), "{line:?}");
        let other = registry.actor("supervisor", Role::Supervisor);
        change::confirm(store, &other.authorize().expect("may"), id).expect("confirmed");

        let (one, two) = (office.row(keep), office.row(gone));
        assert_eq!((two.status, two.merged_into), (ResidentStatus::Merged, Some(keep.0)));
        assert_eq!((one.status, one.unit_id), (ResidentStatus::Active, two.unit_id));
        let known = store
            .read(|conn| {
                let facts = facts::list_facts_of(conn, STREET, keep)?.len();
                let accounts = accounts::list_accounts_of(conn, STREET, keep)?.len();
                Ok((facts, accounts, facts::list_facts_of(conn, STREET, gone)?.len()))
            })
            .expect("read");
        assert_eq!(known, (1, 1, 0));
        // The head of the assistance household is the same person by another id.
        let (home, members) = load_household(store, &office.may(), assist).expect("a household");
        assert_eq!(home.head_id, Some(keep));
        assert_eq!(members.iter().filter(|m| m.resident_id == keep && m.to_on.is_none()).count(), 1);
        // In one household twice: the second membership ends.
        let (_, members) = load_household(store, &office.may(), rooms).expect("a household");
        let ended = members.iter().find(|m| m.resident_id == gone).expect("it stays in the past");
        assert_eq!(ended.reason_out, Some(LeaveReason::Correction));
        // Both numbers find the one record.
        for sequence in [1, 3] {
            let found = find_by_id_number(store, &office.may(), &number("1970-01-01", sequence));
            assert_eq!(found.expect("read").expect("somebody").id, keep);
        }
        let history = list_history(store, &office.may(), "resident", gone.0).expect("history");
        assert!(history.iter().any(|entry| entry.field.as_deref() == Some("merged_into")));
        let operator = mingce::services::Actor::operator("test", STREET);
        let report = verify::run(store, &operator.authorize().expect("may"), false);
        assert_eq!(report.expect("a report").failed(), Vec::<&str>::new());
        assert_eq!(code(change::propose(store, &office.clerk_may(), &wanted)), ErrorCode::Conflict);
    }

    fn what_would_break_an_invariant_is_refused(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let (keep, gone) = (office.person("张三", "1970-01-01", 1), office.person("张三", "1970-01-01", 3));
        let refused = || {
            let wanted = merge(&office, keep, gone, &[]);
            change::propose(store, &office.clerk_may(), &wanted).expect_err("refused")
        };
        for who in [keep, gone] {
            let input = ConfirmInput {
                from_month: Some(month("2022-01")),
                ..ConfirmInput::new("care", Beneficiary::Person(who), day("2021-12-10"))
            };
            confirm(store, &office.may(), &input).expect("confirmed");
        }
        assert!(refused().to_string().contains("care"), "both have the award");
        for (at, who) in [keep, gone].into_iter().enumerate() {
            office.household(HouseholdKind::Assist, &format!("00{at}"), &[(who, "02")]);
        }
        let both = refused().to_string();
        assert!(both.contains("care") && both.contains("救助家庭"), "every reason at once: {both}");
        let waiting = Proposal::Fact(wage(gone, 100));
        change::propose(store, &office.clerk_may(), &waiting).expect("proposed");
        assert!(refused().to_string().contains("待确认"));
        let stale = Proposal::PersonMerge(MergeRecords {
            keep,
            gone,
            versions: (9, 1),
            take: vec![],
            reason: "同一人".to_owned(),
        });
        assert_eq!(code(change::propose(store, &office.clerk_may(), &stale)), ErrorCode::Conflict);
    }

    fn candidates_are_found_and_told_apart(registry) {
        let office = Office::new(registry);
        let store = &registry.store;
        let (one, two) = (office.person("张三", "1970-01-01", 1), office.person("张三", "1970-01-01", 3));
        office.person("张三", "1970-01-02", 5);
        let mut other = mingce::services::resident::ResidentInput::citizen("张山", "", EAST);
        other.doc_kind = mingce::domain::document::DocKind::Other;
        other.doc_no = Some(number("1970-01-02", 5));
        other.sex = Some(mingce::domain::code_table::Sex::Male);
        other.birth_on = Some(day("1970-01-02"));
        mingce::services::resident::register(store, &office.may(), &other).expect("registered");
        let pairs = list_duplicates(store, &office.may()).expect("pairs");
        let mut why: Vec<Likeness> = pairs.iter().map(|pair| pair.why).collect();
        why.sort_by_key(|why| *why == Likeness::Number);
        assert_eq!(why, [Likeness::NameAndBirth, Likeness::Number]);
        let side = compare(store, &office.may(), (two, one)).expect("side by side");
        let differs: Vec<MergeField> =
            side.fields.iter().filter(|f| f.differs).map(|f| f.field).collect();
        assert_eq!((side.first.id, differs), (one, vec![MergeField::Document]));
        assert!(side.fields.iter().all(|f| !f.first.zh.contains(&number("1970-01-01", 1))));
        let apart = |reason: &str| keep_apart(store, &office.clerk_may(), (one, two), reason);
        assert_eq!(code(apart(" ")), ErrorCode::InvalidInput);
        apart("身份证号不同,系两人").expect("settled");
        assert_eq!(code(apart("再次")), ErrorCode::Conflict);
        let left = list_duplicates(store, &office.may()).expect("pairs");
        assert_eq!(left.iter().map(|pair| pair.why).collect::<Vec<_>>(), [Likeness::Number]);
        let west = office.in_area(Role::Supervisor, &[crate::registry_office::WEST]);
        let there = list_duplicates(store, &west.authorize().expect("may")).expect("pairs");
        assert!(there.is_empty(), "out of scope");
    }

    fn the_page_side_by_side(registry) {
        let office = Office::new(registry);
        let state = state(registry, Profile::Demo);
        for name in ["clerk", "second"] {
            add_user(registry, name, Role::Clerk);
        }
        let (one, two) = (office.person("张三", "1970-01-01", 1), office.person("张三", "1970-01-01", 3));
        let open = |name| Browser::with_session(&open_session(registry, name, Profile::Demo).0);
        let (mut clerk, mut second) = (open("clerk"), open("second"));
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let list = clerk.get(&app, "/review/duplicates").await;
            let page = format!("/review/duplicates/{one}/{two}");
            assert!(list.body.contains(&page), "{}", list.body);
            let bare = clerk.submit(&app, &page, &page, "keep=&reason=").await;
            assert_eq!(bare.status, 422, "{}", bare.body);
            let form = format!("keep={two}&take=document&reason=same");
            let sent = clerk.submit(&app, &page, &page, &form).await;
            assert_eq!(sent.status, 303, "{}", sent.body);
            let list = second.get(&app, "/review").await;
            let id = list.body.split("/review/changes/").nth(1).and_then(|t| t.split('"').next());
            let change = format!("/review/changes/{}", id.expect("a change"));
            let done = second.submit(&app, &change, &format!("{change}/confirm"), "").await;
            assert_eq!(done.status, 303, "{}", done.body);
            let ended = clerk.get(&app, &format!("/residents/{one}")).await;
            assert!(ended.body.contains(&format!("href=\"/residents/{two}\"")), "{}", ended.body);
            assert_eq!(clerk.get(&app, &page).await.status, 404);
        });
    }
}
