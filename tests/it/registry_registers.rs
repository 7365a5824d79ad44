//! Facts, certificates, guardians, accounts, cases, visits.

use mingce::domain::account::HolderRelation;
use mingce::domain::certificate::{Category, CertificateDetail, Grade};
use mingce::domain::fact::{FactDates, FactKind};
use mingce::domain::guardian::{GuardianBasis, GuardianKind};
use mingce::domain::ids::ResidentId;
use mingce::domain::money::Fen;
use mingce::domain::temp_case::{CaseCaps, CaseKind, CaseLevel, Cause};
use mingce::domain::visit::{Purpose, VisitResult, VisitStatus};
use mingce::error::ErrorCode;
use mingce::services::account::{self, AccountInput};
use mingce::services::auth::{EditAward, EditRegistry, ViewRegistry};
use mingce::services::award::load_award;
use mingce::services::certificate::{self, CertificateInput, Issue};
use mingce::services::fact::{self, FactInput};
use mingce::services::guardian::{self, GuardianInput};
use mingce::services::temp_case::{self, CaseInput};
use mingce::services::visit::{self, VisitInput};
use mingce::store::certificate::list_certificates_of;
use mingce::store::fact::list_facts_of;
use mingce::store::recheck::list_rechecks_of;

use crate::harness::STREET;
use crate::on_both;
use crate::registry_office::{Office, code, day, fields, month, number};

fn certificate(resident: ResidentId, birth: &str, digits: &str, issue: Issue) -> CertificateInput {
    CertificateInput {
        resident,
        number: format!("{}{digits}", number(birth, 1)),
        detail: CertificateDetail {
            category: Category::from_code(&digits[..1]).expect("a category"),
            grade: Grade::from_code(&digits[1..2]).expect("a grade"),
            parts: vec![],
        },
        issued_on: day("2013-10-01"),
        valid_to: Some(day("2023-09-30")),
        known_on: day("2023-01-10"),
        issue,
    }
}

fn visit_of(no: &str, person: ResidentId, status: VisitStatus) -> VisitInput {
    VisitInput {
        visit_no: no.to_owned(),
        household: None,
        persons: vec![person],
        purpose: Purpose::Population,
        planned_on: Some(day("2023-10-01")),
        done_on: None,
        worker: "网格员甲".to_owned(),
        co_visitor: None,
        result: None,
        status,
        reviewed_on: None,
        changed: Vec::new(),
        next_on: None,
        comes_again: false,
    }
}

on_both! {
    fn facts_take_their_month_from_m4(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditAward>();
        let income = FactInput {
            code: Some("pension".to_owned()),
            amount: Some(Fen::from_yuan(8_400)),
            ..FactInput::decided(man, FactKind::Income, day("2023-09-10"))
        };
        let id = fact::record(&registry.store, &by, &income).expect("recorded");
        let rows = || {
            registry.store.read(|conn| Ok(list_facts_of(conn, STREET, man)?)).expect("facts")
        };
        assert_eq!((rows()[0].from_month, rows()[0].known_on), (month("2023-10"), day("2023-09-10")));
        let named = FactInput {
            dates: FactDates { named_from: Some(month("2023-06")), ..income.dates },
            ..income.clone()
        };
        fact::record(&registry.store, &by, &named).expect("recorded");
        assert_eq!(rows()[0].from_month, month("2023-06"));
        let appraisal = FactInput {
            code: Some("pass".to_owned()),
            dates: FactDates {
                named_from: Some(month("2023-08")),
                reported_on: Some(day("2023-10-05")),
                ..FactDates::default()
            },
            ..FactInput::decided(man, FactKind::Appraisal, day("2023-10-05"))
        };
        fact::record(&registry.store, &by, &appraisal).expect("recorded");
        let quarter = rows().into_iter().find(|f| f.kind == FactKind::Appraisal).expect("it");
        assert_eq!((quarter.from_month, quarter.to_month), (month("2023-07"), Some(month("2023-10"))));
        let marks = registry
            .store
            .read(|conn| Ok(list_rechecks_of(conn, STREET, office.row(man).unit_id)?))
            .expect("marks");
        let months: Vec<String> = marks.iter().map(|m| m.from_month.to_string()).collect();
        assert_eq!(months, ["2023-10", "2023-06", "2023-07"]);
        // Annulled: the months it covered are marked again.
        assert_eq!(fields(fact::annul(&registry.store, &by, id, day("2023-09-09"), "错")), ["annulled_on"]);
        fact::annul(&registry.store, &by, id, day("2023-11-01"), "录入错误").expect("annulled");
        assert_eq!(
            code(fact::annul(&registry.store, &by, id, day("2023-11-01"), "再次")),
            ErrorCode::Conflict
        );
    }

    fn wrong_facts_are_refused(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let by = office.may::<EditAward>();
        let bare = FactInput {
            dates: FactDates::default(),
            amount: Some(Fen(-1)),
            ..FactInput::decided(man, FactKind::Income, day("2023-09-10"))
        };
        assert_eq!(
            fields(fact::record(&registry.store, &by, &bare)),
            ["code", "amount", "decided_on"]
        );
        let unknown = FactInput {
            code: Some("C9".to_owned()),
            detail: Some("身份证320899194901010010".to_owned()),
            dates: FactDates { decided_on: Some(day("2024-01-01")), ..FactDates::default() },
            ..FactInput::decided(man, FactKind::ChildClass, day("2023-09-10"))
        };
        assert_eq!(
            fields(fact::record(&registry.store, &by, &unknown)),
            ["decided_on", "code", "detail"]
        );
        let unborn = FactInput {
            code: Some("illness".to_owned()),
            to_month: Some(month("1948-01")),
            ..FactInput::decided(man, FactKind::Category, day("1948-12-31"))
        };
        assert_eq!(
            fields(fact::record(&registry.store, &by, &unborn)),
            ["decided_on", "to_month"]
        );
    }

    fn a_certificate_is_issued_renewed_and_cancelled(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let by = office.may::<EditAward>();
        let renewal = |delay| CertificateInput {
            number: format!("{}62B1", number("1970-01-01", 1)),
            issued_on: day("2023-11-10"),
            valid_to: Some(day("2033-11-09")),
            known_on: day("2023-11-12"),
            ..certificate(man, "1970-01-01", "62", Issue::Renewal { official_delay: delay })
        };
        assert_eq!(fields(certificate::issue(&registry.store, &by, &renewal(false))), ["issue"]);
        let first = certificate(man, "1970-01-01", "62", Issue::First);
        let id = certificate::issue(&registry.store, &by, &first).expect("issued");
        assert_eq!(fields(certificate::issue(&registry.store, &by, &first)), ["issue"]);
        certificate::issue(&registry.store, &by, &renewal(false)).expect("renewed");
        assert_eq!(
            code(certificate::issue(&registry.store, &by, &renewal(false))),
            ErrorCode::Duplicate
        );
        certificate::issue(&registry.store, &by, &renewal(true)).expect("from the gap on");
        let rows = registry
            .store
            .read(|conn| Ok(list_certificates_of(conn, STREET, man)?))
            .expect("certificates");
        let months: Vec<String> = rows.iter().map(|c| c.from_month.to_string()).collect();
        // W17b: from the month of application; with official delay from the gap on.
        assert_eq!(months, ["2013-10", "2023-10", "2023-11"]);
        let detail = certificate::open_detail(registry.store.cipher(), &rows[0]).expect("opens");
        assert_eq!((detail.category, detail.grade), (Category::Mental, Grade::G2));
        let cancel = |on: &str| {
            certificate::cancel(&registry.store, &by, id, day(on), day("2023-11-15"), "注销")
        };
        assert_eq!(fields(cancel("2013-09-30")), ["cancelled_on"]);
        cancel("2023-11-14").expect("cancelled");
        assert_eq!(code(cancel("2023-11-14")), ErrorCode::Conflict);
    }

    fn a_certificate_agrees_with_its_owner_and_its_digits(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let other = office.person("李四", "1971-01-01", 1);
        let by = office.may::<EditAward>();
        let of_other = certificate(other, "1970-01-01", "62", Issue::First);
        assert_eq!(fields(certificate::issue(&registry.store, &by, &of_other)), ["cert_no"]);
        let mut disagrees = certificate(man, "1970-01-01", "62", Issue::First);
        disagrees.detail.grade = Grade::G3;
        disagrees.valid_to = Some(day("2013-09-30"));
        assert_eq!(
            fields(certificate::issue(&registry.store, &by, &disagrees)),
            ["valid_to", "grade"]
        );
    }

    fn guardians(registry) {
        let office = Office::new(registry);
        let child = office.person("小宝", "2015-01-01", 1);
        let aunt = office.person("张姨", "1980-01-01", 2);
        let by = office.may::<EditAward>();
        let mut input = GuardianInput {
            ward: child,
            guardian: Some(child),
            name: None,
            phone: Some("1".to_owned()),
            kind: GuardianKind::Relative,
            basis: GuardianBasis::Appointed,
            from_on: day("2014-12-31"),
        };
        assert_eq!(
            fields(guardian::add(&registry.store, &by, &input)),
            ["guardian", "from_on", "name", "phone"]
        );
        input.guardian = Some(aunt);
        input.phone = Some("13800001234".to_owned());
        input.from_on = day("2020-01-01");
        let id = guardian::add(&registry.store, &by, &input).expect("added");
        assert_eq!(
            fields(guardian::end(&registry.store, &by, id, day("2019-12-31"), "变更")),
            ["to_on"]
        );
        guardian::end(&registry.store, &by, id, day("2023-10-31"), "变更").expect("ended");
        assert_eq!(
            code(guardian::end(&registry.store, &by, id, day("2023-10-31"), "变更")),
            ErrorCode::Conflict
        );
    }

    fn the_payee_may_be_somebody_else(registry) {
        let office = Office::new(registry);
        let child = office.person("小宝", "2015-01-01", 1);
        let by = office.may::<EditAward>();
        let own = AccountInput::own(child, "农商银行", "6229990000000000019", day("2023-01-01"));
        let id = account::add(&registry.store, &by, &own).expect("added");
        assert_eq!(code(account::add(&registry.store, &by, &own)), ErrorCode::Duplicate);
        let mut held = AccountInput {
            relation: HolderRelation::Guardian,
            account_no: "12".to_owned(),
            bank_cnaps: Some("1".to_owned()),
            ..own.clone()
        };
        assert_eq!(
            fields(account::add(&registry.store, &by, &held)),
            ["account_no", "holder_name", "holder_doc", "bank_cnaps"]
        );
        held.account_no = "6229990000000000018".to_owned(); // Luhn is a warning only
        held.bank_cnaps = Some("314308000001".to_owned());
        held.holder_name = Some("张姨".to_owned());
        held.holder_doc = Some(number("1980-01-01", 2));
        account::add(&registry.store, &by, &held).expect("a guardian's account");
        let committee = AccountInput {
            relation: HolderRelation::Committee,
            holder_name: Some("东社区居委会".to_owned()),
            account_no: "1234567890".to_owned(),
            ..own
        };
        assert_eq!(fields(account::add(&registry.store, &by, &committee)), ["agreement_no"]);
        let close = |on: &str| account::close(&registry.store, &by, id, day(on), "销户");
        assert_eq!(fields(close("2022-12-31")), ["closed_on"]);
        close("2023-11-01").expect("closed");
        assert_eq!(code(close("2023-11-01")), ErrorCode::Conflict);
    }

    fn the_street_helps_the_same_cause_once_a_year(registry) {
        // W21
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let by = office.may::<EditAward>();
        let caps = CaseCaps {
            street: Fen::from_yuan(2_000),
            district: Fen::from_yuan(9_696),
            same_cause_months: 12,
        };
        let case = |no: &str, level, on: &str, yuan: i64| CaseInput {
            program: "temp".to_owned(),
            case_no: no.to_owned(),
            resident: man,
            household: None,
            kind: CaseKind::Expenditure,
            cause: Cause::Illness,
            level,
            category: None,
            self_paid: Some(Fen::from_yuan(20_000)),
            asked: Fen::from_yuan(yuan),
            approved: Fen::from_yuan(yuan),
            applied_on: day(on),
            decided_on: day(on),
            doc_no: None,
            account_id: None,
        };
        let first = case("临-1", CaseLevel::Street, "2023-05-20", 1_500);
        let made = temp_case::register(&registry.store, &by, &first, &caps).expect("granted");
        let file = load_award(&registry.store, &office.may::<ViewRegistry>(), made.award);
        let decision = file.expect("an award").decisions.remove(0);
        assert_eq!(
            (decision.from_month, decision.to_month, decision.amount_fen),
            (month("2023-05"), Some(month("2023-06")), Some(Fen::from_yuan(1_500)))
        );
        let again = case("临-2", CaseLevel::Street, "2023-08-10", 1_500);
        assert_eq!(fields(temp_case::register(&registry.store, &by, &again, &caps)), ["level"]);
        let district = case("临-2", CaseLevel::District, "2023-08-10", 1_500);
        temp_case::register(&registry.store, &by, &district, &caps).expect("by the district");
        let mut above = case("临-1", CaseLevel::Street, "2023-08-10", 2_424);
        above.cause = Cause::Fire;
        assert_eq!(
            fields(temp_case::register(&registry.store, &by, &above, &caps)),
            ["", "approved"],
            "a known number and an amount above the cap"
        );
    }

    fn a_visit_goes_its_way(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1970-01-01", 1);
        let by = office.may::<EditRegistry>();
        let store = &registry.store;
        // A reviewed visit without a result, without a day.
        let wrong = visit_of("走-0", man, VisitStatus::Reviewed);
        assert_eq!(fields(visit::add(store, &by, &wrong)), ["done_on", "result", "reviewed_on"]);
        let nobody = VisitInput { persons: vec![], ..visit_of("", man, VisitStatus::Planned) };
        assert_eq!(fields(visit::add(store, &by, &nobody)), ["visit_no", "persons"]);
        let id = visit::add(store, &by, &visit_of("走-1", man, VisitStatus::Planned)).expect("planned");
        assert_eq!(
            code(visit::add(store, &by, &visit_of("走-1", man, VisitStatus::Planned))),
            ErrorCode::Duplicate
        );
        let done = |on: &str| visit::complete(store, &by, id, day(on), VisitResult::Met);
        assert_eq!(code(done("2023-10-02")), ErrorCode::Conflict, "not assigned yet");
        visit::assign(store, &by, id, "网格员乙").expect("assigned");
        assert_eq!(fields(done("2023-12-02")), ["done_on"]);
        done("2023-10-02").expect("done");
        assert_eq!(fields(visit::review(store, &by, id, day("2023-10-01"))), ["reviewed_on"]);
        visit::review(store, &by, id, day("2023-10-05")).expect("reviewed");
        assert_eq!(code(visit::review(store, &by, id, day("2023-10-05"))), ErrorCode::Conflict);
    }
}
