//! The layers, held by a test: `domain ← store ← services ← cli`. Nothing
//! points the other way, and `domain` knows of no IO.

use std::path::{Path, PathBuf};

/// Every Rust file below `dir`, with its text.
fn sources(dir: &str) -> Vec<(PathBuf, String)> {
    files(dir, "rs")
}

/// Every file below `dir` with this ending, with its text.
fn files(dir: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(dir)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{dir} has no sources");
    found
}

fn assert_never(dir: &str, forbidden: &[&str]) {
    for (path, text) in sources(dir) {
        for (at, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in forbidden {
                assert!(!code.contains(word), "{}:{}: {word}", path.display(), at + 1);
            }
        }
    }
}

#[test]
fn domain_is_pure() {
    assert_never(
        "src/domain",
        &[
            "crate::store",
            "crate::services",
            "crate::cli",
            "crate::clock",
            "std::fs",
            "std::net",
            "std::env",
            "std::time",
            "getrandom",
            "diesel::prelude",
            "diesel::insert_into",
            "schema::",
        ],
    );
}

#[test]
fn store_knows_no_use_case() {
    assert_never("src/store", &["crate::services", "crate::cli"]);
}

#[test]
fn services_know_no_front_end() {
    let front = ["crate::cli", "crate::http", "crate::web", "crate::api", "actix_web"];
    assert_never("src/services", &front);
    assert_never("src/services", &["println!", "eprintln!"]);
    assert_never("src/store", &front);
    assert_never("src/domain", &front);
}

#[test]
fn front_ends_do_not_query() {
    for dir in ["src/cli", "src/http", "src/web", "src/api", "src/jobs"] {
        assert_never(dir, &["diesel::", "schema::"]);
    }
}

#[test]
fn files_stay_readable() {
    const LIMIT: usize = 400;
    let generated = Path::new("src/store/schema.rs");
    for (path, text) in sources("src") {
        assert!(text.starts_with("//!") || path == generated, "{}: no header", path.display());
        let lines = text.lines().count();
        assert!(lines <= LIMIT || path == generated, "{}: {lines} lines", path.display());
    }
}

#[test]
fn every_text_that_a_page_names_is_in_the_catalogue() {
    let mut seen = 0;
    for (path, text) in files("src/web/templates", "html") {
        for call in [".t(\"", ".fill(\"", ".fill2(\""] {
            for key in text.split(call).skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(mingce::web::Lang::Zh.find(key).is_some(), "{}: {key}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 500, "{seen} texts");
}

/// The script sorts what is on the page; of a list in pages that is not the list.
#[test]
fn no_list_in_pages_is_sorted_by_its_heads() {
    let pages = files("src/web/templates", "html");
    let lists: Vec<_> = pages.iter().filter(|(_, text)| text.contains("m::pager(")).collect();
    assert!(lists.len() >= 4, "{} lists", lists.len());
    for (path, text) in lists {
        assert!(!text.contains("sortable"), "{}", path.display());
    }
}

#[test]
fn fixtures_use_the_unassigned_region_only() {
    // An 18-digit number that starts with a real province and city and ends in
    // a plausible birth date could belong to somebody.
    for dir in ["src", "tests"] {
        for (path, text) in sources(dir) {
            for run in digit_runs(&text).filter(|run| run.len() == 18 || run.len() == 17) {
                let fictitious = ["320899", "81", "82", "83", "9", "0", "6"];
                let birth_year = run.get(6..8).unwrap_or_default();
                assert!(
                    fictitious.iter().any(|prefix| run.starts_with(prefix))
                        || !matches!(birth_year, "19" | "20"),
                    "{}: {run}",
                    path.display()
                );
            }
        }
    }
}

fn digit_runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
}
