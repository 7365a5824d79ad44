//! The export: what it writes comes back as the same registry.

use std::collections::BTreeMap;
use std::path::Path;

use crate::harness::{STREET, TestRegistry};
use crate::import::book::good_book;
use crate::on_both;
use mingce::services::Actor;
use mingce::services::export::{ExportReport, export_book};
use mingce::services::import::{BookSource, ImportOptions, MemoryBook, import_book, open_book};
use mingce::store::Backend;

fn export(registry: &TestRegistry, target: &Path) -> ExportReport {
    let actor = Actor::operator("test", STREET);
    let by = actor.authorize().expect("the operator exports");
    export_book(&registry.store, &by, target, "搬到新系统").expect("exported")
}

fn import(registry: &TestRegistry, book: &mut dyn BookSource) {
    let actor = Actor::operator("test", STREET);
    let by = actor.authorize().expect("the operator imports");
    let report = import_book(&registry.store, &by, book, &ImportOptions::default()).expect("read");
    assert_eq!(report.refusals, vec![]);
    assert!(report.saved);
}

fn files(dir: &Path) -> BTreeMap<String, String> {
    std::fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("text"))
        })
        .collect()
}

/// A book with text that a spreadsheet would take for a formula.
fn sly_book() -> MemoryBook {
    let mut book = good_book();
    book.sheet("households", &["kind", "household_no", "area", "address", "opened_on"]).row([
        "居住户",
        "=1+1",
        "320899001001",
        "=cmd|' /C calc'!A0",
        "2001-01-01",
    ]);
    book.sheet("members", &["kind", "household_no", "person", "relation", "from_on"]).row([
        "居住户",
        "=1+1",
        "414:E12345678",
        "户主",
        "2001-01-01",
    ]);
    book
}

on_both! {
    fn csv_comes_back_as_the_same_registry(registry) {
        import(registry, &mut sly_book());
        let first = registry.dir.path().join("first");
        let report = export(registry, &first);
        assert!(report.sheets.iter().all(|(_, rows)| *rows > 0), "{:?}", report.sheets);

        let other = TestRegistry::new(registry.store.backend());
        import(&other, open_book(&first).expect("a book").as_mut());
        let second = other.dir.path().join("second");
        assert_eq!(export(&other, &second).sheets, report.sheets);
        assert_eq!(files(&first), files(&second));

        let households = &files(&first)["户.csv"];
        assert!(households.contains("'=cmd|"), "{households}");
        assert!(households.starts_with('\u{feff}') && households.contains("\r\n"));
    }

    fn a_workbook_comes_back_as_the_same_registry(registry) {
        import(registry, &mut sly_book());
        let first = registry.dir.path().join("first.xlsx");
        export(registry, &first);

        // The same registry again: nothing changes.
        let actor = Actor::operator("test", STREET);
        let by = actor.authorize().expect("may import");
        let mut book = open_book(&first).expect("a book");
        let again = import_book(&registry.store, &by, book.as_mut(), &ImportOptions::default()).expect("read");
        assert_eq!((again.refusals.as_slice(), again.changed()), (&[][..], 0));

        // An empty one: the same CSV comes out.
        let other = TestRegistry::new(registry.store.backend());
        import(&other, book.as_mut());
        let (left, right) = (registry.dir.path().join("left"), other.dir.path().join("right"));
        export(registry, &left);
        export(&other, &right);
        assert_eq!(files(&left), files(&right));
    }
}

#[test]
fn an_export_needs_a_purpose_and_is_logged() {
    let registry = TestRegistry::new(Backend::Sqlite);
    import(&registry, &mut good_book());
    let actor = Actor::operator("test", STREET);
    let by = actor.authorize().expect("may export");
    let target = registry.dir.path().join("book.xlsx");
    assert!(export_book(&registry.store, &by, &target, " ").is_err());
    assert!(!target.exists());
    let report = export_book(&registry.store, &by, &target, "年度移交").expect("exported");
    assert!(export_book(&registry.store, &by, &target, "年度移交").is_err(), "exists");
    let log = registry
        .store
        .read(|conn| Ok(mingce::store::audit::list_after(conn, STREET, 0, 100)?))
        .expect("the log");
    let entry = log.last().expect("an entry");
    assert_eq!((entry.action.as_str(), entry.reason.as_deref()), ("export.book", Some("年度移交")));
    assert!(entry.detail.as_deref().expect("detail").contains(&report.digest));
}

#[test]
fn a_workbook_holds_no_formula() {
    let registry = TestRegistry::new(Backend::Sqlite);
    import(&registry, &mut sly_book());
    let target = registry.dir.path().join("book.xlsx");
    export(&registry, &target);
    let file = std::fs::File::open(&target).expect("a file");
    let mut archive = zip::ZipArchive::new(file).expect("a workbook");
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).expect("an entry");
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut text).expect("inflated");
        assert!(!String::from_utf8_lossy(&text).contains("<f>"), "a formula");
    }
}
