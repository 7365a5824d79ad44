//! The import: a good book, the same book again, every kind of bad row.

pub mod book;
mod damage;
mod refused;
mod workbook;

use book::{good_book, id_number};

use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use mingce::domain::role::Role;
use mingce::error::Place;
use mingce::services::import::{ImportOptions, ImportReport, MemoryBook, import_book};

/// Imports with the operator's right.
fn import(registry: &TestRegistry, book: &mut MemoryBook, options: ImportOptions) -> ImportReport {
    let actor = mingce::services::Actor::operator("test", STREET);
    let by = actor.authorize().expect("the operator imports");
    import_book(&registry.store, &by, book, &options).expect("readable")
}

fn assert_balanced(report: &ImportReport) {
    for s in &report.sheets {
        let sum = s.inserted + s.updated + s.unchanged + s.rejected;
        assert_eq!(sum, s.rows, "{}", s.key);
    }
}

/// `sheet!row:column` of every refusal.
fn places(report: &ImportReport) -> Vec<String> {
    report
        .refusals
        .iter()
        .map(|r| r.place.as_ref().map(Place::to_string).unwrap_or_default())
        .collect()
}

fn audit_count(registry: &TestRegistry) -> usize {
    registry
        .store
        .read(|conn| Ok(mingce::store::audit::list_after(conn, STREET, 0, 1000)?.len()))
        .expect("the log")
}

on_both! {
    fn a_good_book_goes_in_and_the_second_time_changes_nothing(registry) {
        let dry = import(registry, &mut good_book(), ImportOptions { dry_run: true, ..Default::default() });
        assert_eq!(dry.refusals, vec![]);
        assert!(dry.saved && audit_count(registry) == 0);

        let first = import(registry, &mut good_book(), ImportOptions::default());
        assert_eq!(first.refusals, vec![]);
        assert_balanced(&first);
        assert!(first.saved && first.import_id.is_some());
        for sheet in &first.sheets {
            assert_eq!(sheet.inserted, sheet.rows, "{}", sheet.key);
            assert!(sheet.rows > 0, "{}", sheet.key);
        }
        // The import, and the opening run of each of two programs.
        assert_eq!(audit_count(registry), 3);

        let second = import(registry, &mut good_book(), ImportOptions::default());
        assert_eq!(second.refusals, vec![]);
        for sheet in &second.sheets {
            assert_eq!(sheet.unchanged, sheet.rows, "{}", sheet.key);
        }
        assert_eq!((second.import_id, audit_count(registry)), (None, 4));
    }

    fn people_of_one_assistance_household_share_a_unit(registry) {
        import(registry, &mut good_book(), ImportOptions::default());
        let units: std::collections::BTreeSet<i64> = registry.store.read(|conn| {
            let homes = mingce::store::book::households_by_no(conn, STREET, &["J001".to_owned()])?;
            let members = mingce::store::book::members_of(conn, STREET, &[homes[0].id])?;
            let ids: Vec<_> = members.iter().map(|m| m.resident_id).collect();
            let people = mingce::store::book::residents_by_id(conn, STREET, &ids)?;
            assert_eq!(people.len(), 2);
            assert!(homes[0].head_id.is_some());
            Ok(people.iter().map(|p| p.unit_id.0)
                .chain(members.iter().map(|m| m.unit_id.0))
                .chain([homes[0].unit_id.0])
                .collect())
        }).expect("read");
        assert_eq!(units.len(), 1);
    }

    fn a_later_book_updates_and_leaves_a_history(registry) {
        import(registry, &mut good_book(), ImportOptions::default());
        let mut book = MemoryBook::new("update");
        book.sheet("residents", &["name", "doc_no", "area", "phone", "marital"])
            .row(["张三丰", &id_number(1, "19490101", 1), "320899001001", "13800009999", ""]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert_eq!((report.counts("residents").expect("counts").updated, &report.refusals), (1, &vec![]));
        let fields: Vec<String> = registry.store.read(|conn| {
            let index = registry.store.cipher().blind(mingce::store::resident::DOC_INDEX, &id_number(1, "19490101", 1));
            let row = mingce::store::book::residents_by_index(conn, STREET, &[index])?.remove(0);
            assert_eq!((row.name.as_str(), row.version), ("张三丰", 2));
            assert!(row.marital.is_some(), "an empty cell leaves the value");
            Ok(mingce::store::history::list_history(conn, STREET, "resident", row.id.0)?
                .into_iter().filter_map(|h| h.field).collect())
        }).expect("read");
        assert_eq!(fields, ["name", "phone"]);
    }

    fn a_program_must_be_one_of_the_policy_in_force(registry) {
        use mingce::services::policy;
        let id = policy::propose(&registry.store, &registry.actor("clerk", Role::Clerk).authorize().expect("may"), policy::EXAMPLE)
            .expect("proposed");
        policy::activate(&registry.store, &registry.actor("boss", Role::Approver).authorize().expect("may"), id)
            .expect("in force");
        let mut book = good_book();
        let award = ["program", "beneficiary", "person", "household_no", "opened_on"];
        book.sheet("待遇", &award).row(["dibaoo", "个人", &id_number(1, "19490101", 1), "", "2023-07-01"]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert!(!report.saved);
        let said = report.refusals.iter().find(|r| r.zh.contains("dibaoo")).expect("a refusal");
        assert_eq!(said.place.as_ref().map(Place::to_string).as_deref(), Some("待遇!2:项目"));
        assert!(said.zh.contains("项目") && said.zh.contains("dibao、"), "{}", said.zh);
        assert!(said.en.contains("no program"), "{}", said.en);
    }

    fn a_person_known_under_another_number_is_remarked_and_a_merged_number_refused(registry) {
        import(registry, &mut good_book(), ImportOptions::default());
        let row = ["name", "doc_no", "area"];
        let again = id_number(7, "19490101", 1);
        let find = |number: &str| registry.store.read(|conn| {
            let index = registry.store.cipher().blind(mingce::store::resident::DOC_INDEX, number);
            Ok(mingce::store::book::residents_by_index(conn, STREET, &[index])?.remove(0))
        }).expect("somebody");
        let name = find(&id_number(1, "19490101", 1)).name;
        let mut book = MemoryBook::new("again");
        book.sheet("居民", &row).row([name.as_str(), &again, "320899001001"]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert!(report.saved, "a warning, not a refusal");
        let [remark] = &report.remarks[..] else { panic!("{:?}", report.remarks) };
        assert_eq!(remark.place.as_ref().map(Place::to_string).as_deref(), Some("居民!2:证件号码"));
        assert!(remark.zh.contains("同一人") && remark.en.contains("same person"));
        // The same book again knows them by the number.
        let mut book = MemoryBook::new("again");
        book.sheet("居民", &row).row([name.as_str(), &again, "320899001001"]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert_eq!((report.remarks.len(), report.counts("residents").expect("counts").unchanged), (0, 1));
        // Merged, the number names the one that stayed: not in the sheet of people.
        let (kept, gone) = (find(&id_number(1, "19490101", 1)), find(&again));
        let (one, two) = (registry.actor("one", Role::Clerk), registry.actor("two", Role::Clerk));
        let merge = mingce::services::change::Proposal::PersonMerge(mingce::services::resident::MergeRecords {
            keep: kept.id, gone: gone.id, versions: (kept.version, gone.version),
            take: vec![], reason: "同一人".to_owned(),
        });
        let id = mingce::services::change::propose(&registry.store, &one.authorize().expect("may"), &merge).expect("proposed");
        mingce::services::change::confirm(&registry.store, &two.authorize().expect("may"), id).expect("confirmed");
        let mut book = MemoryBook::new("merged");
        book.sheet("居民", &row).row([name.as_str(), &again, "320899001001"]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert_eq!((report.saved, places(&report)), (false, vec!["居民!2:证件号码".to_owned()]));
        let mut book = MemoryBook::new("fact");
        book.sheet("收入与情况", &["person", "kind", "code", "amount", "from_month", "decided_on", "known_on"])
            .row([again.as_str(), "收入", "wage", "1200.00", "2023-08", "2023-07-20", "2023-07-20"]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert_eq!(report.refusals, vec![], "the number leads to the record that stayed");
        let facts = registry.store.read(|conn| Ok(mingce::store::fact::list_facts_of(conn, STREET, kept.id)?)).expect("facts");
        assert!(facts.iter().any(|f| f.amount_fen == Some(mingce::domain::money::Fen(120_000))));
    }

    fn nothing_is_saved_if_one_row_is_refused(registry) {
        let mut book = good_book();
        book.sheet("residents", &["name", "doc_no", "area"]).row(["李四", "320899194901010011", "320899001001"]);
        let report = import(registry, &mut book, ImportOptions::default());
        assert_eq!((report.saved, report.rejected(), audit_count(registry)), (false, 1, 0));
        assert_balanced(&report);
        let report = import(registry, &mut book, ImportOptions { skip_rejected: true, ..Default::default() });
        assert_eq!((report.saved, report.rejected(), audit_count(registry)), (true, 1, 3));
    }
}

#[test]
fn a_clerk_may_import_and_an_auditor_may_not() {
    let registry = TestRegistry::new(mingce::store::Backend::Sqlite);
    let auditor = registry.actor("a", Role::Auditor);
    assert!(auditor.authorize::<mingce::services::auth::Import>().is_err());
}
