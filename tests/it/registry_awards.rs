//! Awards, decisions, holds.

use mingce::domain::award::StopReason;
use mingce::domain::household::{HouseholdKind, LeaveReason};
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::money::Fen;
use mingce::error::ErrorCode;
use mingce::services::account::{self, AccountInput};
use mingce::services::auth::{EditAward, ViewRegistry};
use mingce::services::award::{
    Beneficiary, ConfirmInput, StopInput, annul_stop, confirm, grace, list_awards, load_award,
    place_hold, release_hold, set_account, stop,
};
use mingce::services::event::{DeathInput, death};
use mingce::services::household::{MemberDates, remove_member};

use crate::on_both;
use crate::registry_office::{Office, code, day, fields, month, refused};

fn from(program: &str, beneficiary: Beneficiary, first: &str) -> ConfirmInput {
    ConfirmInput {
        from_month: Some(month(first)),
        ..ConfirmInput::new(program, beneficiary, day("2023-09-25"))
    }
}

on_both! {
    fn an_award_before_birth_or_after_death_is_refused(registry) {
        let office = Office::new(registry);
        let child = office.person("小宝", "2023-06-15", 1);
        let by = office.may::<EditAward>();
        let early = from("children", Beneficiary::Person(child), "2023-05");
        assert_eq!(fields(confirm(&registry.store, &by, &early)), ["from_month"]);
        let fine = from("children", Beneficiary::Person(child), "2023-06");
        confirm(&registry.store, &by, &fine).expect("confirmed");

        let man = office.person("张三", "1949-01-01", 1);
        let dead = DeathInput {
            resident: man,
            dates: EventDates::on(day("2023-08-12")),
            confidence: Confidence::Confirmed,
            heads: vec![],
            note: None,
        };
        death(&registry.store, &office.may(), &dead).expect("registered");
        let late = from("care", Beneficiary::Person(man), "2023-09");
        assert_eq!(fields(confirm(&registry.store, &by, &late)), ["resident"]);
        // What was due until the month of death can still be decided.
        let until = ConfirmInput {
            to_month: Some(month("2023-09")),
            ..from("care", Beneficiary::Person(man), "2023-07")
        };
        confirm(&registry.store, &by, &until).expect("confirmed");
    }

    fn confirmations_do_not_overlap(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditAward>();
        let person = Beneficiary::Person(man);
        let first = ConfirmInput {
            to_month: Some(month("2023-06")),
            ..from("care", person, "2023-01")
        };
        let made = confirm(&registry.store, &by, &first).expect("confirmed");
        assert_eq!(
            refused(confirm(&registry.store, &by, &from("care", person, "2023-05"))),
            [(String::new(), ErrorCode::Duplicate)]
        );
        let next = confirm(&registry.store, &by, &from("care", person, "2023-06"))
            .expect("the next period");
        assert_eq!(next.award, made.award, "one award per beneficiary and program");
        let wrong = ConfirmInput {
            to_month: Some(month("2023-01")),
            applied_on: Some(day("2023-10-01")),
            amount: Some(Fen(0)),
            account_id: Some(5),
            doc_no: Some("320899194901010010".to_owned()),
            ..from("living", person, "2023-01")
        };
        assert_eq!(
            fields(confirm(&registry.store, &by, &wrong)),
            ["applied_on", "to_month", "amount", "doc_no", "account"]
        );
        let future = ConfirmInput::new("living", person, day("2023-12-01"));
        assert_eq!(fields(confirm(&registry.store, &by, &future)), ["decided_on"]);
        let plain = ConfirmInput::new("living", person, day("2023-09-25"));
        let got = confirm(&registry.store, &by, &plain).expect("confirmed");
        assert_eq!(got.from_month, month("2023-10"), "the month after the decision");
        let list = list_awards(&registry.store, &office.may::<ViewRegistry>(), man);
        assert_eq!(list.expect("a list").len(), 2);
    }

    fn a_person_in_two_dibao_households_is_refused(registry) {
        // W22: she left the first household on paper, but it counts her until December.
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let woman = office.person("李四", "1950-01-01", 2);
        let first = office.household(HouseholdKind::Assist, "001", &[(man, "02"), (woman, "12")]);
        let by = office.may::<EditAward>();
        let one = Beneficiary::Household { household: first, applicant: man };
        confirm(&registry.store, &by, &from("dibao", one, "2022-01")).expect("confirmed");
        remove_member(
            &registry.store,
            &office.may(),
            first,
            (woman, LeaveReason::Other),
            day("2023-08-31"),
            MemberDates { decided_on: day("2023-11-05"), named_month: None },
            None,
        )
        .expect("left");
        let mut form = office.form(HouseholdKind::Assist, "002", &[(woman, "02")]);
        form.opened_on = day("2023-09-01");
        form.dates = MemberDates { decided_on: day("2023-09-10"), named_month: None };
        let second = mingce::services::household::open(&registry.store, &office.may(), &form)
            .expect("opened");
        let two = Beneficiary::Household { household: second, applicant: woman };
        let clash = confirm(&registry.store, &by, &from("dibao", two, "2023-10"));
        let error = clash.expect_err("W22");
        assert!(error.to_string().contains("重复保障"), "{error}");
        assert_eq!(error.code(), ErrorCode::Duplicate);
        let single = Beneficiary::Single { household: first, member: woman };
        assert_eq!(
            fields(confirm(&registry.store, &by, &from("dibao", single, "2023-12"))),
            ["resident"],
            "not a member any more"
        );
        confirm(&registry.store, &by, &from("dibao", two, "2023-12")).expect("from December");
        let enrolled = Beneficiary::Single { household: second, member: woman };
        assert_eq!(
            code(confirm(&registry.store, &by, &from("dibao", enrolled, "2024-01"))),
            ErrorCode::Duplicate,
            "counted in her household already"
        );
    }

    fn a_stop_and_its_annulment(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditAward>();
        let person = Beneficiary::Person(man);
        let award = confirm(&registry.store, &by, &from("care", person, "2023-01"))
            .expect("confirmed")
            .award;
        let mut input = StopInput {
            award,
            from_month: Some(month("2022-12")),
            decided_on: day("2023-10-20"),
            reason: StopReason::Other,
            doc_no: None,
        };
        assert_eq!(code(stop(&registry.store, &by, &input)), ErrorCode::Conflict);
        input.from_month = Some(month("2023-06"));
        let wrong = stop(&registry.store, &by, &input).expect("stopped");
        assert_eq!(code(stop(&registry.store, &by, &input)), ErrorCode::Conflict);
        let early = annul_stop(&registry.store, &by, wrong, day("2023-10-19"), "错停", None);
        assert_eq!(fields(early), ["decided_on"]);
        annul_stop(&registry.store, &by, wrong, day("2023-11-08"), "错停", None).expect("annulled");
        assert_eq!(
            code(annul_stop(&registry.store, &by, wrong, day("2023-11-08"), "错停", None)),
            ErrorCode::Conflict
        );
        assert_eq!(
            fields(grace(&registry.store, &by, award, day("2023-11-10"), None, 0, None)),
            ["months"]
        );
        grace(&registry.store, &by, award, day("2023-11-10"), None, 6, None).expect("granted");
        let file = load_award(&registry.store, &office.may::<ViewRegistry>(), award).expect("file");
        let last = file.decisions.last().expect("a decision");
        assert_eq!((last.from_month, last.to_month), (month("2023-12"), Some(month("2024-06"))));
        assert_eq!(file.decisions.len(), 4);
    }

    fn a_hold_is_placed_and_released(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditAward>();
        let person = Beneficiary::Person(man);
        let award = confirm(&registry.store, &by, &from("care", person, "2023-01"))
            .expect("confirmed")
            .award;
        let place = |reason: &str| {
            place_hold(&registry.store, &by, award, month("2023-11"), day("2023-11-01"), reason)
        };
        assert_eq!(fields(place("")), ["reason"]);
        assert_eq!(fields(place("卡号6229990000000000019")), ["reason"]);
        let hold = place("复核未完成").expect("held");
        assert_eq!(code(place("又一次")), ErrorCode::Duplicate);
        let release = |on: &str| release_hold(&registry.store, &by, hold, day(on), "复核完成");
        assert_eq!(fields(release("2023-10-31")), ["released_on"]);
        release("2023-11-10").expect("released");
        assert_eq!(code(release("2023-11-10")), ErrorCode::Conflict);
    }

    fn the_account_of_an_award_can_change(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditAward>();
        let award = confirm(&registry.store, &by, &from("care", Beneficiary::Person(man), "2023-01"))
            .expect("confirmed")
            .award;
        let input = AccountInput::own(man, "农商银行", "6229990000000000019", day("2023-01-01"));
        let id = account::add(&registry.store, &by, &input).expect("an account");
        assert_eq!(set_account(&registry.store, &by, award, id, 1, "换卡").expect("set"), 2);
        assert_eq!(
            code(set_account(&registry.store, &by, award, id, 1, "换卡")),
            ErrorCode::Conflict
        );
        assert_eq!(fields(set_account(&registry.store, &by, award, 9, 2, "换卡")), ["account"]);
    }
}
