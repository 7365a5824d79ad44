//! Workbooks: the template, the error book, and files that must be refused
//! before they cost anything.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::book::{RESIDENT, good_book, head};
use super::{assert_balanced, import, places};
use crate::harness::{STREET, TestRegistry};
use mingce::services::import::{
    BookSource, Cell, ImportOptions, XlsxBook, import_book, open_book, write_errors, write_template,
};
use mingce::store::Backend;
use zip::write::SimpleFileOptions;

fn rows_of(book: &mut dyn BookSource, sheet: &str) -> Vec<Vec<String>> {
    let at = book.sheets().iter().position(|name| name == sheet).expect("the sheet");
    let mut rows = Vec::new();
    book.read(at, &mut |_, cells| {
        rows.push(cells.iter().map(Cell::shown).collect());
        Ok(())
    })
    .expect("read");
    rows
}

#[test]
fn the_template_is_an_empty_book() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let path = registry.dir.path().join("template.xlsx");
    write_template(&path).expect("written");
    let mut book = open_book(&path).expect("a book");
    let rows = rows_of(book.as_mut(), "居民");
    assert_eq!(rows.len(), 2, "header and explanation");
    assert!(rows[0].contains(&"姓名*".to_owned()) && rows[1][0].starts_with('※'));
    let actor = mingce::services::Actor::operator("test", STREET);
    let by = actor.authorize().expect("may import");
    let report = import_book(&registry.store, &by, book.as_mut(), &ImportOptions::default());
    let report = report.expect("read");
    assert_eq!(report.sheets.iter().map(|s| s.rows).sum::<u64>(), 0);
    assert_eq!(report.sheets.len(), mingce::services::import::book::SHEETS.len());
}

#[test]
fn errors_come_back_in_the_same_book() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let mut book = good_book();
    book.sheet("residents", &RESIDENT).row([
        "王五",
        "",
        "320899194901010011",
        "",
        "",
        "",
        "320899001001",
        "",
        "",
    ]);
    let report =
        import(&registry, &mut book, ImportOptions { dry_run: true, ..Default::default() });
    assert_eq!(places(&report), ["居民!2:证件号码"]);
    let path = registry.dir.path().join("errors.xlsx");
    write_errors(&mut book, &report, &path).expect("written");
    let mut errors = open_book(&path).expect("a book");
    assert_eq!(errors.sheets().len(), book.sheets().len());
    let rows = rows_of(errors.as_mut(), "户");
    assert_eq!(rows[0].last().map(String::as_str), Some("错误/Errors"));
    let name = errors.sheets().into_iter().rfind(|n| n.starts_with("居民"));
    let bad = rows_of(errors.as_mut(), &name.expect("the copy"));
    let text = bad[1].last().expect("the error");
    assert!(text.contains("证件号码") && text.contains("校验") && text.contains("match"), "{text}");
}

/// A minimal workbook around the XML of one sheet.
fn workbook(sheet: &[u8], extra: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    let types = br#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"#;
    let book = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="居民" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
    let rels = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
    let root = br#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
    let parts: [(&str, &[u8]); 5] = [
        ("[Content_Types].xml", types),
        ("_rels/.rels", root),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", rels),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    for (name, bytes) in parts.iter().chain(extra) {
        zip.start_file(*name, options).expect("an entry");
        zip.write_all(bytes).expect("written");
    }
    zip.finish().expect("a file").into_inner()
}

fn sheet(rows: &str) -> Vec<u8> {
    format!(r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#).into_bytes()
}

fn cell(at: &str, text: &str) -> String {
    format!(r#"<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

/// Whether the file is refused, at opening or at reading, within a second.
fn refused(bytes: Vec<u8>) -> bool {
    let started = Instant::now();
    let refused = match XlsxBook::from_bytes("x.xlsx".to_owned(), bytes) {
        Err(_) => true,
        Ok(mut book) => book.read(0, &mut |_, _| Ok(())).is_err(),
    };
    // Debug builds inflate slowly; the limit of the release build is a second.
    assert!(started.elapsed().as_secs() < 20, "slow");
    refused
}

#[test]
fn a_plain_workbook_is_read() {
    let rows = format!(
        r#"<row r="1">{}{}{}</row><row r="5">{}{}{}</row>"#,
        cell("A1", "姓名"),
        cell("B1", "证件号码"),
        cell("C1", "区划代码"),
        cell("A5", "张三"),
        cell("B5", &head()),
        cell("C5", "320899001001"),
    );
    let mut book =
        XlsxBook::from_bytes("x.xlsx".to_owned(), workbook(&sheet(&rows), &[])).expect("fine");
    let mut lines = Vec::new();
    book.read(0, &mut |line, _| {
        lines.push(line);
        Ok(())
    })
    .expect("read");
    assert_eq!(lines, [1, 5]);
}

#[test]
fn far_cells_are_refused() {
    for at in ["XFD1048576", "A1048576", "XFD1"] {
        let row: String = at.chars().filter(char::is_ascii_digit).collect();
        let rows = format!(r#"<row r="{row}">{}</row>"#, cell(at, "x"));
        assert!(refused(workbook(&sheet(&rows), &[])), "{at}");
    }
}

#[test]
fn bombs_are_refused() {
    let spaces = vec![b' '; 150 << 20];
    assert!(refused(workbook(&sheet(""), &[("xl/media/a.xml", &spaces)])), "ratio");
    let many: Vec<(String, Vec<u8>)> =
        (0..600).map(|n| (format!("xl/x{n}.xml"), b"<x/>".to_vec())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    assert!(refused(workbook(&sheet(""), &many)), "entries");
    let strings = "<si><t>a</t></si>".repeat(600_000);
    assert!(
        refused(workbook(&sheet(""), &[("xl/sharedStrings.xml", strings.as_bytes())])),
        "strings"
    );
}

#[test]
fn what_is_no_plain_workbook_is_refused() {
    let plain = sheet("");
    assert!(refused(workbook(&plain, &[("xl/vbaProject.bin", b"x")])), "macros");
    assert!(refused(workbook(&plain, &[("xl/externalLinks/externalLink1.xml", b"<x/>")])), "links");
    assert!(refused(workbook(&plain, &[("xl/a.xlsx", b"PK\x03\x04rest")])), "nested");
    let entities = br#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet/>"#;
    assert!(refused(workbook(entities, &[])), "entities");
    assert!(refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 encrypted or old".to_vec()), "ole");
    assert!(refused(b"PK\x03\x04 not a zip".to_vec()), "damaged");
    assert!(refused(Vec::new()), "empty");
    let truncated = workbook(&plain, &[]);
    assert!(refused(truncated[..truncated.len() / 2].to_vec()), "truncated");
}

#[test]
fn a_huge_amount_and_a_rounded_id_in_a_real_workbook() {
    let registry = TestRegistry::new(Backend::Sqlite);
    import(&registry, &mut good_book(), ImportOptions::default());
    let rows = format!(
        r#"<row r="1">{}{}{}</row><row r="2">{}<c r="B2"><v>320899194901010010</v></c>{}</row>"#,
        cell("A1", "姓名"),
        cell("B1", "证件号码"),
        cell("C1", "区划代码"),
        cell("A2", "张三"),
        cell("C2", "320899001001"),
    );
    let path: PathBuf = registry.dir.path().join("rounded.xlsx");
    std::fs::write(&path, workbook(&sheet(&rows), &[])).expect("written");
    let report = import_file(&registry, &path);
    assert_eq!(places(&report), ["居民!2:证件号码"]);
    assert!(report.refusals[0].zh.contains("丢失"));
    assert_balanced(&report);
}

fn import_file(registry: &TestRegistry, path: &Path) -> mingce::services::import::ImportReport {
    let actor = mingce::services::Actor::operator("test", STREET);
    let by = actor.authorize().expect("may import");
    let mut book = open_book(path).expect("a book");
    import_book(&registry.store, &by, book.as_mut(), &ImportOptions::default()).expect("read")
}
