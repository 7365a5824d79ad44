//! Transactions, the audit chain and its triggers, keys.

use diesel::prelude::*;

use mingce::error::{AppError, AppResult, ErrorCode};
use mingce::store::audit::{self, Entry};
use mingce::store::schema::meta;
use mingce::store::{Cipher, Db, Store, Tx};

use crate::harness::STREET;
use crate::on_both;

fn entry(action: &str) -> Entry<'_> {
    Entry {
        actor: "test",
        action,
        object_kind: "meta",
        object_id: None,
        reason: None,
        detail: None,
    }
}

fn chain(store: &Store) -> Vec<audit::AuditRow> {
    store.read(|conn| Ok(audit::list_after(conn, STREET, 0, 1_000)?)).expect("the chain")
}

on_both! {
    fn a_refused_change_leaves_nothing_behind(registry) {
        let refused: AppResult<()> = registry.store.write(STREET, |tx: &mut Tx<'_>| {
            diesel::insert_into(meta::table)
                .values((meta::key.eq("a"), meta::value.eq("b")))
                .execute(tx.conn)?;
            tx.audit(&entry("meta.set"))?;
            Err(AppError::coded(ErrorCode::InvalidInput, "不行", "no"))
        });
        assert!(refused.is_err());
        let count: i64 = registry
            .store
            .read(|conn| Ok(meta::table.filter(meta::key.eq("a")).count().get_result(conn)?))
            .expect("a count");
        assert_eq!(count, 0);
        assert!(chain(&registry.store).is_empty());
    }

    fn the_chain_is_gap_free_under_parallel_writers(registry) {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        registry
                            .store
                            .write(STREET, |tx| Ok(tx.audit(&entry("test.write"))?))
                            .expect("written");
                    }
                });
            }
        });
        let rows = chain(&registry.store);
        assert_eq!(rows.len(), 40);
        let mut previous = vec![0; 32];
        for (at, row) in rows.iter().enumerate() {
            assert_eq!(row.seq, at as i64 + 1);
            assert_eq!(row.prev_hash, previous);
            let hash = registry.store.cipher().chain(&previous, &audit::canonical(row));
            assert_eq!(row.hash, hash);
            previous = row.hash.clone();
        }
    }

    fn the_audit_log_refuses_to_be_changed(registry) {
        registry.store.write(STREET, |tx| Ok(tx.audit(&entry("test.write"))?)).expect("written");
        for statement in ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"] {
            let outcome = registry.store.write(STREET, |tx| {
                diesel::sql_query(statement).execute(tx.conn)?;
                Ok(())
            });
            let error = outcome.expect_err(statement).to_string();
            assert!(error.contains("append-only"), "{error}");
        }
    }

    fn a_read_connection_cannot_write(registry) {
        let outcome = registry.store.read(|conn: &mut Db| {
            diesel::insert_into(meta::table)
                .values((meta::key.eq("a"), meta::value.eq("b")))
                .execute(conn)?;
            Ok(())
        });
        assert!(outcome.is_err());
    }

    fn a_second_process_unlocks_the_same_keys(registry) {
        let sealed = registry.store.cipher().seal("a.b", 1, b"text").expect("sealed");
        let again = registry.reopen();
        let cipher: &Cipher = again.cipher();
        assert_eq!(cipher.open("a.b", 1, &sealed).expect("opened"), b"text");
    }

    fn a_lost_key_file_is_said_plainly(registry) {
        std::fs::remove_file(&registry.config.key_file).expect("removed");
        let error = Store::open(&registry.config, registry.clock.clone()).map(|_| ()).expect_err("refused");
        assert_eq!(error.code(), ErrorCode::Setup);
        assert!(error.to_string().contains("kek"), "{error}");
    }

    fn a_newer_database_is_refused(registry) {
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
        let error = Store::open(&registry.config, registry.clock.clone()).map(|_| ()).expect_err("refused");
        assert_eq!(error.code(), ErrorCode::NewerDatabase);
    }
}
