//! Damaged books and killed imports: never a panic, never half-saved, counts
//! that add up.

use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::assert_balanced;
use super::book::{good_book, id_number};
use crate::harness::{STREET, TestRegistry};
use mingce::services::import::{
    BookSource, Cell, ImportOptions, ImportReport, MemoryBook, import_book,
};
use mingce::store::Backend;

/// Everything a book holds, to be changed at will.
fn sheets_of(book: &mut MemoryBook) -> Vec<(String, Vec<Vec<Cell>>)> {
    let names = book.sheets();
    names
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let mut rows = Vec::new();
            book.read(at, &mut |_, cells| {
                rows.push(cells);
                Ok(())
            })
            .expect("read");
            (name, rows)
        })
        .collect()
}

fn rebuilt(sheets: &[(String, Vec<Vec<Cell>>)]) -> MemoryBook {
    let mut book = MemoryBook::new("damaged");
    for (name, rows) in sheets {
        let Some((header, rows)) = rows.split_first() else { continue };
        let header: Vec<String> = header.iter().map(Cell::shown).collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        book.sheet(name, &header);
        for row in rows {
            book.cells(row.clone());
        }
    }
    book
}

fn junk() -> impl Strategy<Value = Cell> {
    prop_oneof![
        Just(Cell::Empty),
        Just(Cell::Number(f64::NAN)),
        Just(Cell::Number(-1e300)),
        Just(Cell::Flag(true)),
        Just(Cell::Broken("#REF!".to_owned())),
        any::<String>().prop_map(Cell::text),
        "[0-9X]{0,20}".prop_map(Cell::text),
        "T[0-9-]{1,20}".prop_map(Cell::text),
        (0..3000_i32, 0..14_u32, 0..33_u32)
            .prop_map(|(y, m, d)| Cell::text(format!("{y}-{m:02}-{d:02}"))),
        Just(Cell::text("922337203685477.58")),
    ]
}

/// Sheet, row and column (as fractions), and what is put there.
type Damage = (f64, f64, f64, Cell);

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    prop::collection::vec((0.0..1.0, 0.0..1.0, 0.0..1.0, junk()), 1..6)
}

#[expect(clippy::float_arithmetic, reason = "places in a book, no money")]
fn at(fraction: f64, length: usize) -> usize {
    ((fraction * length as f64) as usize).min(length.saturating_sub(1))
}

fn import(registry: &TestRegistry, book: &mut MemoryBook, skip: bool) -> Option<ImportReport> {
    let actor = mingce::services::Actor::operator("test", STREET);
    let by = actor.authorize().expect("may import");
    let options = ImportOptions { dry_run: false, skip_rejected: skip };
    import_book(&registry.store, &by, book, &options).ok()
}

fn count_residents(registry: &TestRegistry) -> usize {
    let page = |conn: &mut _| {
        Ok(mingce::store::book::page_residents(
            conn,
            STREET,
            mingce::domain::ids::ResidentId(0),
            1_000_000,
        )?)
    };
    registry.store.read(page).expect("read").len()
}

/// 100 books, each damaged in up to five cells, headers included.
#[test]
fn random_damage() {
    let sheets = sheets_of(&mut good_book());
    let seed = Config { cases: 100, rng_seed: RngSeed::Fixed(20_231_101), ..Config::default() };
    let outcome = TestRunner::new(seed).run(&(damages(), any::<bool>()), |(damages, skip)| {
        let mut damaged = sheets.clone();
        for (sheet, row, column, cell) in damages {
            let which = at(sheet, damaged.len());
            let rows = &mut damaged[which].1;
            let row = at(row, rows.len());
            let column = at(column, rows[row].len());
            rows[row][column] = cell;
        }
        let registry = TestRegistry::new(Backend::Sqlite);
        let Some(report) = import(&registry, &mut rebuilt(&damaged), skip) else {
            assert_eq!(count_residents(&registry), 0, "an unreadable book saves nothing");
            return Ok(());
        };
        assert_balanced(&report);
        assert_eq!(report.saved, skip || report.rejected() == 0);
        let people = report.counts("residents").map_or(0, |s| s.inserted);
        let expected = if report.saved { people } else { 0 };
        assert_eq!(count_residents(&registry) as u64, expected);
        Ok(())
    });
    outcome.expect("every damaged book");
}

/// A book of `people` residents as CSV files.
fn csv_book(dir: &std::path::Path, people: u32) {
    use std::fmt::Write as _;
    std::fs::create_dir(dir).expect("a folder");
    std::fs::write(
        dir.join("区划.csv"),
        "区划代码,名称,启用日期\n320899001,测试街道,2000-01-01\n320899001001,东社区,2000-01-01\n",
    )
    .expect("written");
    let mut text = String::from("姓名,证件号码,区划代码\n");
    for n in 0..people {
        let day = chrono::NaiveDate::from_ymd_opt(1930, 1, 1).expect("a day")
            + chrono::Days::new(u64::from(n / 500));
        let id = id_number(n / 5 % 100, &day.format("%Y%m%d").to_string(), n % 5);
        writeln!(text, "张三,{id},320899001001").expect("text");
    }
    std::fs::write(dir.join("居民.csv"), text).expect("written");
}

/// The process is killed while it imports; the next one finds nothing.
#[test]
fn a_killed_import_leaves_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let book = dir.path().join("book");
    csv_book(&book, 20_000);
    let data = dir.path().join("data");
    let command = |book: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mingce"));
        command.arg("--data").arg(&data).arg("import").arg(book);
        command.env_remove("DATABASE_URL").stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let sizes = || std::fs::metadata(data.join("mingce.db-wal")).map_or(0, |m| m.len());
    for wait_kib in [64_u64, 1_024, 4_096] {
        let mut child = command(&book).spawn().expect("started");
        // Killed once this much of the transaction has reached the disk.
        for _ in 0..2_000 {
            if sizes() > wait_kib << 10 || child.try_wait().expect("asked").is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let status = child.wait().expect("ended");
        let config = mingce::config::Config::new(data.clone(), None, None).expect("settings");
        let clock = mingce::clock::Clock::system();
        let Ok(store) = mingce::store::Store::open(&config, clock) else { continue };
        let people =
            store.read(|conn| Ok(mingce::store::book::has_residents(conn, STREET)?)).expect("read");
        assert_eq!(people, status.success(), "whole or not at all");
        if status.success() {
            return;
        }
    }
    let status = command(&book).status().expect("ran");
    assert!(status.success(), "after the kills the import runs");
}
