//! Backup and restore, from each backend into each.

use std::path::{Path, PathBuf};

use mingce::config::Config;
use mingce::error::{AppResult, ErrorCode};
use mingce::services::Actor;
use mingce::services::backup::{self, Backup};
use mingce::services::verify;
use mingce::store::{Backend, Store, dump};

use crate::harness::{EmptyDatabase, STREET, TestRegistry};
use crate::on_both;
use crate::verify::filled;

fn back_up(registry: &TestRegistry, name: &str) -> AppResult<(PathBuf, Backup)> {
    let operator = Actor::operator("test", STREET);
    let out = registry.dir.path().join(name);
    let by = operator.authorize().expect("an operator may");
    let made = backup::create(&registry.store, &by, &registry.config, &out)?;
    Ok((out, made))
}

/// Settings of a new registry in its own folder, with the old key.
fn target(registry: &TestRegistry, name: &str, url: Option<&str>) -> Config {
    let key = Some(registry.config.key_file.clone());
    Config::new(registry.dir.path().join(name), url, key).expect("settings")
}

fn restore(registry: &TestRegistry, config: &Config, file: &Path) -> AppResult<Store> {
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    backup::restore(config, registry.clock.clone(), &by, file).map(|(store, _)| store)
}

fn restore_and_check(registry: &TestRegistry, config: &Config, file: &Path, made: &Backup) {
    let store = restore(registry, config, file).expect("restored");
    let differing = backup::compare(&store, &made.manifest).expect("compared");
    assert!(differing.is_empty(), "{differing:?}");
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    let report = verify::run(&store, &by, true).expect("a report");
    assert!(report.is_clean(), "{:?}", report.failed());
    let sums = store.read(|conn| Ok(dump::line_sums(conn)?)).expect("sums");
    assert_eq!(sums.iter().map(|sum| sum.fen).sum::<i64>(), 5 * 80_800);
    // The protection of approved lines is back.
    let refused = store.write(STREET, |tx| {
        use diesel::RunQueryDsl;
        diesel::sql_query("UPDATE line SET amount_fen = 0").execute(tx.conn)?;
        Ok(())
    });
    assert!(refused.expect_err("protected").to_string().contains("approved"));
}

on_both! {
    fn a_drill_restores_aside_and_is_noted(registry) {
        filled(registry);
        let (file, made) = back_up(registry, "drill.mcb").expect("backed up");
        let operator = Actor::operator("test", STREET);
        let by = operator.authorize().expect("an operator may");
        let done = backup::drill(&registry.store, &operator, &by, &registry.config, &file);
        let done = done.expect("a drill");
        assert_eq!((done.rows, done.failed.as_slice()), (made.rows, [].as_slice()));
        let status = mingce::services::status::load(&registry.store, &by).expect("the status");
        assert_eq!(status.drilled.expect("noted").1, "");
        assert!(status.restored.is_none(), "this registry itself was not restored");
        let left = std::fs::read_dir(&registry.config.data_dir).expect("the data folder");
        assert!(!left.flatten().any(|e| e.file_name().to_string_lossy().starts_with("drill-")));
    }

    fn a_backup_restores_into_either_backend(registry) {
        filled(registry);
        let (file, made) = back_up(registry, "a.mcb").expect("backed up");
        assert!(made.rows > 50, "{}", made.rows);
        restore_and_check(registry, &target(registry, "lite", None), &file, &made);
        let empty = EmptyDatabase::new();
        restore_and_check(registry, &target(registry, "pg", Some(&empty.url())), &file, &made);
    }

    fn nothing_in_a_backup_can_be_read(registry) {
        filled(registry);
        let (file, _) = back_up(registry, "a.mcb").expect("backed up");
        let bytes = std::fs::read(&file).expect("the backup");
        let key = std::fs::read(&registry.config.key_file).expect("the key");
        let contains = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
        assert!(!contains(&key), "the key-encryption key is in the backup");
        for word in ["resident", "张三", "淮海花园", "13800001234", "320899"] {
            assert!(!contains(word.as_bytes()), "{word}");
        }
    }

    fn a_backup_is_a_snapshot_while_others_write(registry) {
        filled(registry);
        // Stops the writer also when an assertion fails: a scope waits for it.
        struct Stop<'a>(&'a std::sync::atomic::AtomicBool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.store(true, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let stop = std::sync::atomic::AtomicBool::new(false);
        let writes = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    write_something(registry);
                    writes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
            });
            let _stop = Stop(&stop);
            for round in 0..3 {
                while writes.load(std::sync::atomic::Ordering::Relaxed) < 5 * (round + 1) {
                    std::thread::yield_now();
                }
                let (file, made) = back_up(registry, &format!("{round}.mcb")).expect("backed up");
                restore_and_check(registry, &target(registry, &format!("to{round}"), None), &file, &made);
            }
        });
    }
}

fn write_something(registry: &TestRegistry) {
    use mingce::store::audit::Entry;
    let entry = Entry {
        actor: "test",
        action: "test.write",
        object_kind: "test",
        object_id: None,
        reason: None,
        detail: None,
    };
    registry.store.write(STREET, |tx| Ok(tx.audit(&entry)?)).expect("written");
}

#[test]
fn both_backends_have_one_content() {
    // The same rows give the same digests on both: restore into the other
    // backend, back that up, compare the manifests.
    let registry = TestRegistry::new(Backend::Sqlite);
    filled(&registry);
    let (file, made) = back_up(&registry, "a.mcb").expect("backed up");
    let empty = EmptyDatabase::new();
    let config = target(&registry, "pg", Some(&empty.url()));
    let store = restore(&registry, &config, &file).expect("restored");
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    let out = registry.dir.path().join("b.mcb");
    let again = backup::create(&store, &by, &config, &out).expect("backed up");
    assert_eq!(made.manifest.line_sums, again.manifest.line_sums);
    for (table, digest) in &made.manifest.tables {
        if !matches!(table.as_str(), "audit" | "chain_head") {
            assert_eq!(Some(digest), again.manifest.tables.get(table), "{table}");
        }
    }
}

#[test]
fn a_damaged_backup_restores_nothing() {
    let registry = TestRegistry::new(Backend::Sqlite);
    filled(&registry);
    let (file, _) = back_up(&registry, "a.mcb").expect("backed up");
    let good = std::fs::read(&file).expect("the backup");
    let damaged = registry.dir.path().join("damaged.mcb");
    let refuse = |bytes: &[u8], what: &str| {
        std::fs::write(&damaged, bytes).expect("written");
        let config = target(&registry, "into", None);
        let error = restore(&registry, &config, &damaged).map(|_| ()).expect_err(what);
        assert!(matches!(error.code(), ErrorCode::Integrity | ErrorCode::Setup), "{what}: {error}");
        let left: Vec<_> = std::fs::read_dir(&config.data_dir)
            .map(|entries| entries.map(|e| e.expect("an entry").file_name()).collect())
            .unwrap_or_default();
        assert!(left.is_empty(), "{what} left {left:?}");
    };
    for place in 0..20 {
        // From the first byte to the last one.
        let at = place * (good.len() - 1) / 19;
        let mut bytes = good.clone();
        bytes[at] ^= 0x40;
        refuse(&bytes, &format!("byte {at} of {}", good.len()));
    }
    for length in [0, 5, 200, good.len() / 2, good.len() - 1] {
        refuse(&good[..length], &format!("cut to {length}"));
    }
    let mut longer = good.clone();
    longer.push(0);
    refuse(&longer, "something appended");
    let config = target(&registry, "into", None);
    restore(&registry, &config, &file).expect("the good one still restores");
}

#[test]
fn another_key_is_refused_and_told() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let (file, made) = back_up(&registry, "a.mcb").expect("backed up");
    let other = TestRegistry::new(Backend::Sqlite);
    let key = Some(other.config.key_file.clone());
    let config = Config::new(registry.dir.path().join("into"), None, key).expect("settings");
    let error = restore(&registry, &config, &file).map(|_| ()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::Setup);
    assert!(error.to_string().contains(&made.kek), "{error}");
    let config = Config::new(registry.dir.path().join("into"), None, None).expect("settings");
    let error = restore(&registry, &config, &file).map(|_| ()).expect_err("no key file");
    assert_eq!(error.code(), ErrorCode::Setup);
}

#[test]
fn a_target_with_anything_in_it_is_refused() {
    let registry = TestRegistry::new(Backend::Sqlite);
    let (file, _) = back_up(&registry, "a.mcb").expect("backed up");
    let folder = registry.dir.path().join("into");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("letter.txt"), "x").expect("a file");
    let config = target(&registry, "into", None);
    let error = restore(&registry, &config, &file).map(|_| ()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::Conflict);
    // A PostgreSQL database that is in use.
    let used = TestRegistry::new(Backend::Postgres);
    let mingce::config::Database::Postgres(url) = &used.config.database else {
        panic!("not PostgreSQL")
    };
    let config = target(&registry, "other", Some(url));
    let error = restore(&registry, &config, &file).map(|_| ()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::Conflict);
    // And no backup is overwritten.
    let error = back_up(&registry, "a.mcb").map(|_| ()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::Conflict);
}

#[test]
fn a_backup_of_a_newer_version_is_refused() {
    use diesel::RunQueryDsl;
    let registry = TestRegistry::new(Backend::Sqlite);
    registry
        .store
        .maintain(|conn| {
            diesel::sql_query(
                "INSERT INTO __diesel_schema_migrations (version, run_on)
                 VALUES ('29990101000000', '2999-01-01 00:00:00')",
            )
            .execute(conn)?;
            Ok(())
        })
        .expect("marked");
    let (file, _) = back_up(&registry, "a.mcb").expect("backed up");
    let config = target(&registry, "into", None);
    let error = restore(&registry, &config, &file).map(|_| ()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::NewerDatabase);
}

#[test]
fn every_table_is_backed_up() {
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Name {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let registry = TestRegistry::new(Backend::Sqlite);
    let names: Vec<Name> = registry
        .store
        .read(|conn| {
            let query = "SELECT name FROM sqlite_master WHERE type = 'table'
                         AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '__diesel%' ORDER BY rowid";
            Ok(diesel::sql_query(query).load(conn)?)
        })
        .expect("the tables");
    let names: Vec<String> = names
        .into_iter()
        .map(|row| row.name)
        .filter(|name| !dump::NOT_BACKED_UP.contains(&name.as_str()))
        .collect();
    assert_eq!(names, dump::TABLES, "in the order in which they were created");
}
