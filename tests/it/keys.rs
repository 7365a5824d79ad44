//! New keys in the place of old ones: nothing becomes unreadable, nobody has to
//! stop working, search still finds.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mingce::services::Actor;
use mingce::services::keys;
use mingce::services::verify;
use mingce::store::sealed::{OFFICE_SEALED, SEALED, count_by_key};
use mingce::store::{REGISTRY_CHAIN, Store, audit, keys as key_rows};

use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::verify::filled;

fn assert_clean(store: &Store) {
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    let report = verify::run(store, &by, true).expect("a report");
    assert!(report.is_clean(), "{:?}", report.failed());
}

fn rotate(registry: &TestRegistry) -> keys::Rotation {
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    keys::rotate(&registry.store, &by, &registry.config.key_file, &mut |_| {}).expect("rotated")
}

fn rotate_kek(registry: &TestRegistry) -> PathBuf {
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    keys::rotate_kek(&registry.store, &by, &registry.config.key_file).expect("rotated").1
}

/// Ids of the keys that seal what may change.
fn sealing(store: &Store) -> Vec<u16> {
    let columns = SEALED.iter().filter(|column| !column.append_only).chain(OFFICE_SEALED);
    let mut ids: Vec<u16> = columns
        .flat_map(|column| store.read(|conn| Ok(count_by_key(conn, column)?)).expect("counted"))
        .map(|(id, _)| id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn actions(store: &Store, action: &str) -> usize {
    let entries = store.read(|conn| Ok(audit::list_after(conn, REGISTRY_CHAIN, 0, 1_000)?));
    entries.expect("the log").iter().filter(|entry| entry.action == action).count()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}.{ending}", path.display()))
}

on_both! {
    fn every_value_that_may_change_gets_the_new_key(registry) {
        filled(registry);
        let operator = Actor::operator("test", STREET);
        let by = operator.authorize().expect("an operator may");
        mingce::services::access::token::rotate_key(&registry.store, &by).expect("a token key");
        let other = registry.reopen();
        assert_eq!(sealing(&registry.store), [1]);
        let done = rotate(registry);
        assert_eq!((done.key, done.resumed, done.destroyed), (4, false, 0));
        assert_eq!(done.resealed, 10, "nine in the registers, one signing key");
        assert_eq!(sealing(&registry.store), [4]);
        assert_eq!(actions(&registry.store, "key.rotate"), 1);
        assert_clean(&registry.store);
        // A process that was running all the time reads the new values, and
        // seals with the new key from its next write on.
        assert_clean(&other);
        other.write(STREET, |tx| { assert_eq!(tx.cipher().newest(), Some(4)); Ok(()) }).expect("written");
        assert_clean(&registry.reopen());
    }

    fn an_old_key_goes_when_nothing_needs_it(registry) {
        filled(registry);
        rotate(registry);
        let second = rotate(registry);
        assert_eq!((second.key, second.destroyed), (5, 0), "retired just now");
        registry.clock.move_to(chrono::NaiveDate::from_ymd_opt(2024, 6, 1).expect("a date"));
        let third = rotate(registry);
        // Key 4 seals nothing; key 1 still seals the history.
        assert_eq!((third.key, third.destroyed), (6, 1));
        let ids: Vec<i32> = registry.store.read(|conn| Ok(key_rows::list_data_keys(conn)?))
            .expect("keys").into_iter().map(|row| row.id).collect();
        assert_eq!(ids, [6, 5, 3, 2, 1]);
        assert_clean(&registry.reopen());
    }

    fn a_new_key_file_takes_the_place_of_the_old_one(registry) {
        filled(registry);
        let file = &registry.config.key_file;
        let before = std::fs::read(file).expect("the key");
        let kept = rotate_kek(registry);
        assert_ne!(std::fs::read(file).expect("the key"), before);
        assert_eq!(std::fs::read(&kept).expect("the old key"), before);
        assert_eq!(std::fs::metadata(file).expect("the key").permissions().mode() & 0o777, 0o400);
        assert_eq!(actions(&registry.store, "key.rotate_kek"), 1);
        assert_clean(&registry.reopen());
        assert_clean(&registry.store);
        // Killed between the database and the file: the next start finishes.
        let fingerprint = key_rows::fingerprint(file).expect("a fingerprint");
        std::fs::rename(file, beside(file, "new")).expect("moved");
        std::fs::rename(&kept, file).expect("moved");
        assert_clean(&registry.reopen());
        assert_eq!(key_rows::fingerprint(file).expect("a fingerprint"), fingerprint);
        assert!(!beside(file, "new").exists());
        // Killed before the database: the old key stays, the next change goes on.
        let next = beside(file, "new");
        std::fs::write(&next, [7; 32]).expect("written");
        std::fs::set_permissions(&next, std::fs::Permissions::from_mode(0o400)).expect("mode");
        assert_clean(&registry.reopen());
        assert_eq!(key_rows::fingerprint(file).expect("a fingerprint"), fingerprint);
        rotate_kek(registry);
        assert_eq!(std::fs::read(file).expect("the key"), [7; 32]);
        assert_clean(&registry.reopen());
    }

    fn others_write_while_keys_rotate(registry) {
        filled(registry);
        let other = registry.reopen();
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for sequence in 0..20 {
                    let id = other.next_id();
                    let sealed = other.cipher().seal("a.b", id, b"text").expect("sealed");
                    assert!(other.cipher().open("a.b", id, &sealed).is_ok(), "{sequence}");
                    assert!(registry.store.cipher().open("a.b", id, &sealed).is_ok(), "{sequence}");
                    other.write(STREET, |_| Ok(())).expect("written");
                }
            });
            rotate(registry);
            rotate(registry);
            writer.join().expect("the writer");
        });
        assert_eq!(sealing(&registry.store), [5]);
        assert_clean(&registry.store);
    }

    fn a_new_index_key_finds_everybody_and_keeps_numbers_unique(registry) {
        use mingce::services::index_keys::rotate_index;
        use mingce::services::resident::{self, ResidentInput};
        filled(registry);
        let operator = Actor::operator("test", STREET);
        let office_number = crate::registry_office::number("1961-02-03", 77);
        let input = ResidentInput::citizen("周七", &office_number, crate::registry_office::EAST);
        let first = resident::register(&registry.store, &operator.authorize().expect("may"), &input).expect("registered");
        // Another process that knows the old key only.
        let other = registry.reopen();
        let old = registry.store.cipher().blind("a", "b");
        let key_file = &registry.config.key_file;
        let mut told = 0;
        let by = operator.authorize().expect("may");
        let done = rotate_index(&registry.store, &by, key_file, &mut |n| told = n).expect("rotated");
        assert!(done.indexes >= 2 && done.claims >= 1 && told == done.indexes, "{done:?}");
        assert_eq!(actions(&registry.store, "key.rotate_index"), 1);
        assert_ne!(registry.store.cipher().blind("a", "b"), old);
        for store in [&other, &registry.store, &registry.reopen()] {
            let found = resident::find_by_id_number(store, &operator.authorize().expect("may"), &office_number);
            assert_eq!(found.expect("a search").map(|row| row.id), Some(first));
            assert_eq!(store.cipher().blind("a", "b"), registry.store.cipher().blind("a", "b"));
            let twice = resident::register(store, &operator.authorize().expect("may"), &input);
            assert!(twice.is_err(), "one person once");
            assert_clean(store);
        }
        // Again: the old key is gone, the ids go on.
        let again = rotate_index(&registry.store, &by, key_file, &mut |_| {}).expect("rotated");
        assert!(again.key > done.key && again.claims == done.claims, "{again:?}");
        let keys = keys::list(&registry.store, &by).expect("keys");
        assert_eq!(keys.iter().filter(|key| key.purpose == "blind").count(), 1);
    }

    fn an_index_key_stays_when_an_index_is_wrong(registry) {
        use mingce::services::index_keys::rotate_index;
        filled(registry);
        registry.store.maintain(|conn| {
            use diesel::prelude::*;
            use mingce::store::schema::account;
            diesel::update(account::table).set(account::account_index.eq(vec![1_u8; 32])).execute(conn)?;
            Ok(())
        }).expect("spoiled");
        let operator = Actor::operator("test", STREET);
        let by = operator.authorize().expect("may");
        let before = registry.store.cipher().blind("a", "b");
        let refused = rotate_index(&registry.store, &by, &registry.config.key_file, &mut |_| {});
        assert_eq!(refused.expect_err("refused").code(), mingce::error::ErrorCode::Integrity);
        registry.store.cipher().refresh();
        assert_eq!(registry.store.cipher().blind("a", "b"), before, "nothing was changed");
        assert_eq!(actions(&registry.store, "key.rotate_index"), 0);
    }
}
