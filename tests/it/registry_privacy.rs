//! What is sealed stays sealed, what is recorded stays recorded.

use diesel::prelude::*;

use mingce::domain::award::StopReason;
use mingce::domain::certificate::{Category, CertificateDetail, Grade};
use mingce::domain::citizen_id::CitizenId;
use mingce::domain::fact::FactKind;
use mingce::domain::guardian::{GuardianBasis, GuardianKind};
use mingce::domain::household::HouseholdKind;
use mingce::domain::life_event::{Confidence, EventDates};
use mingce::domain::role::Role;
use mingce::error::ErrorCode;
use mingce::services::account::{self, AccountInput};
use mingce::services::auth::ViewRegistry;
use mingce::services::award::{Beneficiary, ConfirmInput, StopInput, confirm, stop};
use mingce::services::certificate::{self, CertificateInput, Issue};
use mingce::services::event::{DeathInput, death};
use mingce::services::fact::{self, FactInput};
use mingce::services::guardian::{self, GuardianInput};
use mingce::services::resident::{
    ResidentInput, ResidentPatch, correct, list_history, register, reveal,
};
use mingce::store::schema::resident;
use mingce::store::{Backend, audit};

use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::registry_office::{EAST, Office, code, day, month, number};

/// Something in every register that holds personal data.
pub fn fill(office: &Office<'_>) {
    let store = &office.registry.store;
    let baby = ResidentInput {
        doc_kind: mingce::domain::document::DocKind::Nothing,
        doc_no: None,
        birth_on: Some(day("2023-11-01")),
        ..ResidentInput::citizen("小宝", "", EAST)
    };
    register(store, &office.may(), &baby).expect("a baby");
    let man = ResidentInput {
        phone: Some("13800001234".to_owned()),
        ..ResidentInput::citizen("张三", &number("1949-01-01", 1), EAST)
    };
    let man = register(store, &office.may(), &man).expect("a man");
    let child = office.person("张小三", "2015-06-15", 2);
    let patch = ResidentPatch { phone: Some("13900005678".to_owned()), ..ResidentPatch::default() };
    correct(store, &office.may(), man, 1, &patch, "换号").expect("corrected");
    let home = office.household(HouseholdKind::Assist, "001", &[(man, "02"), (child, "21")]);
    let certificate = CertificateInput {
        resident: man,
        number: format!("{}62", number("1949-01-01", 1)),
        detail: CertificateDetail { category: Category::Mental, grade: Grade::G2, parts: vec![] },
        issued_on: day("2020-01-01"),
        valid_to: None,
        known_on: day("2020-01-10"),
        issue: Issue::First,
    };
    certificate::issue(store, &office.may(), &certificate).expect("a certificate");
    let illness = FactInput {
        code: Some("illness".to_owned()),
        detail: Some("病情说明".to_owned()),
        ..FactInput::decided(man, FactKind::Category, day("2023-01-10"))
    };
    fact::record(store, &office.may(), &illness).expect("a fact");
    let guardian = GuardianInput {
        ward: child,
        guardian: Some(man),
        name: None,
        phone: Some("13800001234".to_owned()),
        kind: GuardianKind::Grandparent,
        basis: GuardianBasis::Law,
        from_on: day("2020-01-01"),
    };
    guardian::add(store, &office.may(), &guardian).expect("a guardian");
    let bank = AccountInput::own(man, "农商银行", "6229990000000000019", day("2023-01-01"));
    let bank = account::add(store, &office.may(), &bank).expect("an account");
    let input = ConfirmInput {
        from_month: Some(month("2022-01")),
        account_id: Some(bank),
        ..ConfirmInput::new(
            "dibao",
            Beneficiary::Household { household: home, applicant: man },
            day("2021-12-10"),
        )
    };
    let award = confirm(store, &office.may(), &input).expect("an award").award;
    let lead = DeathInput {
        resident: man,
        dates: EventDates::on(day("2023-10-01")),
        confidence: Confidence::Matched,
        heads: vec![],
        note: None,
    };
    death(store, &office.may(), &lead).expect("a lead");
    let end = StopInput {
        award,
        from_month: None,
        decided_on: day("2023-11-10"),
        reason: StopReason::Voluntary,
        doc_no: None,
    };
    stop(store, &office.may(), &end).expect("a stop");
}

/// Windows of 18 characters that are a valid ID number. (SQLite stores the text
/// columns of a row without a gap: two area codes side by side are a long run
/// of digits, but no number of a person.)
fn id_numbers(bytes: &[u8]) -> Vec<String> {
    bytes
        .windows(18)
        .filter(|w| w[..17].iter().all(u8::is_ascii_digit))
        .filter_map(|w| std::str::from_utf8(w).ok())
        .filter(|text| CitizenId::parse(text, day("2023-11-20")).is_ok())
        .map(str::to_owned)
        .collect()
}

#[test]
fn no_number_of_a_person_lies_in_the_database_file() {
    let registry = TestRegistry::new(Backend::Sqlite);
    fill(&Office::new(&registry));
    assert_eq!(id_numbers("前320899194901010010后".as_bytes()).len(), 1, "the search finds one");
    let mut searched = 0;
    for entry in std::fs::read_dir(&registry.config.data_dir).expect("the data folder") {
        let path = entry.expect("an entry").path();
        if !path.is_file() {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        searched += bytes.len();
        assert_eq!(id_numbers(&bytes), Vec::<String>::new(), "{}", path.display());
        for secret in
            ["13800001234", "13900005678", "6229990000000000019", "病情说明", "\"category\""]
        {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} in {}", path.display());
        }
    }
    assert!(searched > 100_000, "the database and its log were searched");
}

on_both! {
    fn a_value_moved_to_another_record_does_not_open(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let other = office.person("李四", "1950-01-01", 2);
        let sealed = office.row(man).doc_no_enc;
        registry
            .store
            .write(STREET, |tx| {
                diesel::update(resident::table.find((other, STREET)))
                    .set(resident::doc_no_enc.eq(sealed))
                    .execute(tx.conn)?;
                Ok(())
            })
            .expect("swapped behind the back");
        let view = office.may::<ViewRegistry>();
        reveal(&registry.store, &view, man, "核对").expect("still opens");
        assert_eq!(code(reveal(&registry.store, &view, other, "核对")), ErrorCode::Sealed);
    }

    fn the_registers_refuse_to_forget(registry) {
        let office = Office::new(registry);
        fill(&office);
        for statement in [
            "UPDATE history SET actor = 'x'",
            "DELETE FROM history",
            "UPDATE audit SET actor = 'x'",
            "DELETE FROM audit",
        ] {
            let outcome = registry.store.write(STREET, |tx| {
                diesel::sql_query(statement).execute(tx.conn)?;
                Ok(())
            });
            let error = outcome.expect_err(statement).to_string();
            assert!(error.contains("append-only"), "{error}");
        }
    }

    fn every_change_has_one_audit_entry_and_no_values(registry) {
        let office = Office::new(registry);
        fill(&office);
        let rows = registry
            .store
            .read(|conn| Ok(audit::list_after(conn, STREET, 0, 100)?))
            .expect("the chain");
        let actions: Vec<&str> = rows.iter().map(|r| r.action.as_str()).collect();
        assert_eq!(
            actions,
            [
                "resident.register",
                "resident.register",
                "resident.register",
                "resident.correct",
                "household.open",
                "certificate.issue",
                "fact.record",
                "guardian.add",
                "account.add",
                "award.confirm",
                "event.death",
                "award.stop"
            ]
        );
        for row in &rows {
            let text = format!("{row:?}");
            assert!(!text.contains("320899194901010010") && !text.contains("13900005678"));
            assert!(!text.contains("张三"), "{text}");
        }
        // Refused changes leave none.
        let wrong = ResidentInput::citizen("", "1", EAST);
        register(&registry.store, &office.may(), &wrong).expect_err("refused");
        let after = registry
            .store
            .read(|conn| Ok(audit::list_after(conn, STREET, 0, 100)?.len()))
            .expect("the chain");
        assert_eq!(after, rows.len());
    }

    fn the_history_tells_every_field_of_a_household(registry) {
        let office = Office::new(registry);
        let man = office.person("张三", "1949-01-01", 1);
        let wife = office.person("李四", "1950-01-01", 2);
        let home = office.household(HouseholdKind::Hukou, "001", &[(man, "02"), (wife, "12")]);
        let dead = DeathInput {
            resident: man,
            dates: EventDates::on(day("2023-10-01")),
            confidence: Confidence::Confirmed,
            heads: vec![],
            note: None,
        };
        death(&registry.store, &office.may(), &dead).expect("registered");
        let view = office.may::<ViewRegistry>();
        let history = |kind: &str, id: i64| {
            list_history(&registry.store, &view, kind, id)
                .expect("history")
                .into_iter()
                .map(|h| (h.field.unwrap_or_default(), h.old, h.new))
                .collect::<Vec<_>>()
        };
        let text = |id: i64| Some(id.to_string());
        assert_eq!(
            history("household", home.0),
            [
                (String::new(), None, None),
                ("head_id".to_owned(), text(man.0), text(wife.0))
            ]
        );
        let changed = history("resident", man.0);
        assert_eq!(changed[1], (
            "status".to_owned(),
            Some("active".to_owned()),
            Some("dead".to_owned())
        ));
        let auditor = registry.actor("auditor", Role::Auditor);
        assert!(auditor.authorize::<ViewRegistry>().is_ok());
        assert!(auditor.authorize::<mingce::services::auth::EditRegistry>().is_err());
    }
}
