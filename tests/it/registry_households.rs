//! Households and the invariants of `domain.md` §2.5.

use mingce::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use mingce::domain::ids::ResidentId;
use mingce::error::ErrorCode;
use mingce::services::auth::{EditRegistry, ViewRegistry};
use mingce::services::household::{
    MemberDates, MemberInput, NewHead, add_member, load_household, open, remove_member,
};
use mingce::store::recheck::list_rechecks_of;

use crate::harness::STREET;
use crate::on_both;
use crate::registry_office::{Office, code, day, fields, month, refused, relation};

on_both! {
    fn three_groupings_are_kept_apart(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        for kind in [HouseholdKind::Hukou, HouseholdKind::Residence, HouseholdKind::Assist] {
            let id = office.household(kind, "001", &[(man, "02"), (wife, "12")]);
            let (row, members) = load_household(&registry.store, &office.may::<ViewRegistry>(), id)
                .expect("a household");
            assert_eq!((row.head_id, members.len()), (Some(man), 2));
        }
        // The same kind again: both are members already, and the number is taken.
        let form = office.form(HouseholdKind::Hukou, "001", &[(man, "02"), (wife, "12")]);
        assert_eq!(
            code(open(&registry.store, &office.may(), &form)),
            ErrorCode::Duplicate
        );
        let form = office.form(HouseholdKind::Hukou, "002", &[(man, "02"), (wife, "12")]);
        assert_eq!(
            fields(open(&registry.store, &office.may(), &form)),
            ["from_on", "from_on"]
        );
    }

    fn exactly_one_head(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let try_open = |members: &[(ResidentId, &str)]| {
            let form = office.form(HouseholdKind::Hukou, "001", members);
            fields(open(&registry.store, &office.may(), &form))
        };
        assert_eq!(try_open(&[(man, "02"), (wife, "02")]), ["head"]);
        assert_eq!(try_open(&[(man, "10"), (wife, "12")]), ["head"]);
        assert_eq!(try_open(&[]), ["members"]);
        assert_eq!(try_open(&[(man, "02"), (man, "12")]), ["from_on"]);
        let mut form = office.form(HouseholdKind::Hukou, "001", &[(man, "02")]);
        form.opened_on = day("2023-12-01");
        assert_eq!(fields(open(&registry.store, &office.may(), &form)), ["opened_on"]);
        form.opened_on = day("2020-01-01");
        form.address = "电话13800001234".to_owned();
        assert_eq!(fields(open(&registry.store, &office.may(), &form)), ["address"]);
    }

    fn members_come_and_go_in_order(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let son = office.person("张小三", "2021-03-03", 3);
        let home = office.household(HouseholdKind::Assist, "001", &[(man, "02"), (wife, "12")]);
        let by = office.may::<EditRegistry>();
        let join = |who, from: &str| {
            add_member(
                &registry.store,
                &by,
                home,
                &MemberInput::new(who, relation("21")),
                day(from),
                JoinReason::Birth,
                MemberDates::decided(day("2023-09-25")),
            )
        };
        assert_eq!(fields(join(son, "2021-03-02")), ["from_on"]);
        assert_eq!(fields(join(son, "2023-12-01")), ["date"]);
        join(son, "2021-03-03").expect("joined");
        assert_eq!(fields(join(son, "2023-01-01")), ["from_on"], "a member already");
        // The head cannot leave two others without a successor.
        let gone = |head: Option<&NewHead>| {
            remove_member(
                &registry.store,
                &by,
                home,
                (man, LeaveReason::Prison),
                day("2023-10-31"),
                MemberDates { decided_on: day("2023-11-05"), named_month: Some(month("2023-11")) },
                head,
            )
        };
        assert_eq!(fields(gone(None)), ["head"]);
        let incomplete = NewHead { household: home, head: wife, relations: vec![] };
        assert_eq!(fields(gone(Some(&incomplete))), ["relation"]);
        let wife_heads =
            NewHead { household: home, head: wife, relations: vec![(son, relation("21"))] };
        gone(Some(&wife_heads)).expect("left");
        let view = office.may::<ViewRegistry>();
        let (row, members) = load_household(&registry.store, &view, home).expect("a household");
        assert_eq!(row.head_id, Some(wife));
        let left = members.iter().find(|m| m.resident_id == man).expect("kept");
        assert_eq!((left.to_on, left.to_month), (Some(day("2023-10-31")), Some(month("2023-11"))));
        let son_row = members.iter().find(|m| m.resident_id == son).expect("kept");
        assert_eq!(son_row.from_month, month("2023-10"), "the month after the decision");
        assert_eq!(code(gone(Some(&wife_heads))), ErrorCode::InvalidInput, "not a member any more");
    }

    fn who_shares_an_assistance_household_is_one_unit(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let wife = office.person("李四", "1972-02-02", 2);
        let friend = office.person("王五", "1975-05-05", 1);
        office.household(HouseholdKind::Hukou, "001", &[(friend, "02"), (wife, "99")]);
        assert_ne!(office.row(friend).unit_id, office.row(wife).unit_id, "only assistance counts");
        let home = office.household(HouseholdKind::Assist, "001", &[(wife, "02")]);
        let marks = |unit| {
            registry.store.read(|conn| Ok(list_rechecks_of(conn, STREET, unit)?)).expect("marks")
        };
        assert_eq!(marks(office.row(wife).unit_id)[0].from_month, month("2022-01"));
        let by = office.may::<EditRegistry>();
        add_member(
            &registry.store,
            &by,
            home,
            &MemberInput::new(man, relation("11")),
            day("2023-05-01"),
            JoinReason::Marriage,
            MemberDates::decided(day("2023-05-20")),
        )
        .expect("joined");
        let unit = office.row(man).unit_id;
        assert_eq!(unit, office.row(wife).unit_id);
        let (row, members) =
            load_household(&registry.store, &office.may::<ViewRegistry>(), home).expect("home");
        assert_eq!(row.unit_id, unit);
        assert!(members.iter().all(|m| m.unit_id == unit));
        // The mark of the unit that ended was repeated for the one that stays.
        let months: Vec<_> = marks(unit).iter().map(|m| m.from_month).collect();
        assert!(months.contains(&month("2022-01")) && months.contains(&month("2023-06")), "{months:?}");
    }

    fn two_clerks_cannot_overwrite_each_other(registry) {
        let office = Office::new(registry);
        let people: Vec<ResidentId> =
            (1..=8).map(|n| office.person("张三", "1970-01-01", n)).collect();
        let home = office.household(HouseholdKind::Hukou, "001", &[(people[0], "02")]);
        std::thread::scope(|scope| {
            for &person in &people[1..] {
                let office = &office;
                scope.spawn(move || {
                    add_member(
                        &office.registry.store,
                        &office.may(),
                        home,
                        &MemberInput::new(person, relation("99")),
                        day("2023-01-01"),
                        JoinReason::Other,
                        MemberDates::decided(day("2023-01-01")),
                    )
                    .expect("joined");
                });
            }
        });
        let (_, members) =
            load_household(&registry.store, &office.may::<ViewRegistry>(), home).expect("home");
        assert_eq!(members.len(), 8);
        // The same person into two households at once: one of them wins.
        let one = office.person("李四", "1980-01-01", 1);
        let results: Vec<bool> = std::thread::scope(|scope| {
            let spawn = |no: &'static str| {
                let office = &office;
                scope.spawn(move || {
                    let form = office.form(HouseholdKind::Assist, no, &[(one, "02")]);
                    open(&office.registry.store, &office.may(), &form).is_ok()
                })
            };
            let both = [spawn("A"), spawn("B")];
            both.into_iter().map(|t| t.join().expect("no panic")).collect()
        });
        assert_eq!(results.iter().filter(|won| **won).count(), 1);
        let unknown = ResidentId(5);
        let form = office.form(HouseholdKind::Assist, "C", &[(unknown, "02")]);
        assert_eq!(refused(open(&registry.store, &office.may(), &form))[0].1, ErrorCode::NotFound);
    }
}
