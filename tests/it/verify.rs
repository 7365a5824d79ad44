//! Whatever somebody with full rights on the database changes is found and
//! named.

use diesel::connection::SimpleConnection;

use mingce::services::Actor;
use mingce::services::verify::{self, Report};
use mingce::store::{Backend, Db};

use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::registry_office::{Office, month};
use crate::registry_privacy::fill;
use crate::report::fixture::{Line, add_run, example_policy, pay};

/// A registry with something in every register, a paid run and a stored table.
pub fn filled(registry: &TestRegistry) {
    fill(&Office::new(registry));
    let policy = example_policy(registry);
    let lines: Vec<Line> = (1..=5).map(|id| Line::regular(id, 0, month("2023-10"), 808)).collect();
    let run = add_run(registry, policy, "dibao", month("2023-10"), &lines);
    pay(registry, run, "2023-10-20");
    dba(
        registry,
        "UPDATE run SET origin = 'opening';
         INSERT INTO summary (street_code, month, body, digest, closed_at)
         VALUES ('320899001', 24273, 'abc', {abc}, '2023-11-01 00:00:00');",
    );
}

/// SHA-256 of `abc`.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// Runs statements as the owner of the database would, triggers off.
fn dba(registry: &TestRegistry, statements: &str) {
    let backend = registry.store.backend();
    let digest = match backend {
        Backend::Sqlite => format!("x'{ABC}'"),
        Backend::Postgres => format!("'\\x{ABC}'::bytea"),
    };
    let statements = statements.replace("{abc}", &digest);
    registry
        .store
        .maintain(|conn| {
            match conn {
                Db::Lite(c) => c.batch_execute(&statements)?,
                Db::Pg(c) => c.batch_execute(&statements)?,
            }
            Ok(())
        })
        .expect("the statements of the test");
}

/// Takes the protecting triggers of a table away.
fn unprotect(registry: &TestRegistry, table: &str, triggers: &[&str]) {
    match registry.store.backend() {
        Backend::Sqlite => {
            for name in triggers {
                dba(registry, &format!("DROP TRIGGER {name};"));
            }
        }
        Backend::Postgres => dba(registry, &format!("ALTER TABLE {table} DISABLE TRIGGER USER;")),
    }
}

fn report(registry: &TestRegistry) -> Report {
    let operator = Actor::operator("test", STREET);
    let by = operator.authorize().expect("an operator may");
    verify::run(&registry.store, &by, true).expect("a report")
}

/// The records that a check names.
fn named(report: &Report, check: &str) -> Vec<String> {
    let found = report.checks.iter().find(|c| c.name == check).expect("the check");
    found.faults.iter().map(|fault| fault.record.clone()).collect()
}

/// Bytes as the backend writes them in a statement.
fn changed_last_byte(registry: &TestRegistry, column: &str) -> String {
    match registry.store.backend() {
        Backend::Sqlite => {
            format!("CAST(substr({column}, 1, length({column}) - 1) || x'00' AS BLOB)")
        }
        Backend::Postgres => format!("set_byte({column}, length({column}) - 1, 0)"),
    }
}

on_both! {
    fn an_untouched_registry_is_clean(registry) {
        filled(registry);
        let report = report(registry);
        assert!(report.is_clean(), "{:#?}", report.checks.iter().filter(|c| !c.faults.is_empty()).collect::<Vec<_>>());
        let examined = |name: &str| {
            report.checks.iter().find(|c| c.name == name).and_then(|c| c.examined).unwrap_or(0)
        };
        assert!(examined("audit_chains") > 10);
        assert!(examined("sealed_fields") > 10 && examined("blind_indexes") > 4);
        assert_eq!(examined("summaries"), 1);
    }

    fn an_edited_entry_is_named(registry) {
        filled(registry);
        unprotect(registry, "audit", &["audit_no_update"]);
        dba(registry, "UPDATE audit SET actor = 'somebody else' WHERE street_code = '320899001' AND seq = 3;");
        let report = report(registry);
        assert_eq!(named(&report, "audit_chains"), ["audit 320899001#3"]);
        assert_eq!(named(&report, "triggers").is_empty(), false);
    }

    fn an_entry_deleted_in_the_middle_is_named(registry) {
        filled(registry);
        unprotect(registry, "audit", &["audit_no_delete"]);
        dba(registry, "DELETE FROM audit WHERE street_code = '320899001' AND seq = 4;");
        assert_eq!(named(&report(registry), "audit_chains"), ["audit 320899001#4"]);
    }

    fn a_cut_tail_is_named(registry) {
        filled(registry);
        unprotect(registry, "audit", &["audit_no_delete"]);
        dba(registry, "DELETE FROM audit WHERE street_code = '320899001' AND seq > 5;");
        assert_eq!(named(&report(registry), "audit_chains"), ["audit 320899001#6"]);
    }

    fn an_inserted_entry_is_named(registry) {
        filled(registry);
        dba(registry, "INSERT INTO audit SELECT street_code, seq + 1000, at, actor, action, object_kind, object_id, result, reason, detail, prev_hash, hash FROM audit WHERE street_code = '320899001' AND seq = 2;");
        let found = named(&report(registry), "audit_chains");
        assert_eq!(found.len(), 1, "{found:?}");
    }

    fn a_removed_head_is_named(registry) {
        filled(registry);
        dba(registry, "DELETE FROM chain_head WHERE street_code = '320899001';");
        assert_eq!(named(&report(registry), "audit_chains"), ["chain 320899001"]);
    }

    fn every_other_change_is_named_at_once(registry) {
        filled(registry);
        unprotect(registry, "line", &["line_no_update", "line_no_insert", "line_no_delete"]);
        unprotect(registry, "summary", &["summary_no_update"]);
        // An edited amount, a second regular line, an edited stored table.
        let run_line = "(SELECT min(id) FROM line)";
        dba(registry, &format!("UPDATE line SET amount_fen = amount_fen + 1 WHERE id = {run_line};"));
        dba(registry, "UPDATE summary SET body = 'abd';");
        // Two persons' numbers swapped; a telephone number's last byte.
        dba(
            registry,
            "UPDATE resident SET doc_no_enc = (SELECT o.doc_no_enc FROM resident o WHERE o.name = '张小三')
             WHERE name = '张三';",
        );
        let byte = changed_last_byte(registry, "phone_enc");
        dba(registry, &format!("UPDATE guardian SET phone_enc = {byte};"));
        // A blind index of somebody else, a head who left, a foreign unit.
        dba(registry, "UPDATE account SET account_index = (SELECT phone_index FROM resident WHERE phone_index IS NOT NULL ORDER BY id LIMIT 1);");
        dba(registry, "UPDATE household SET head_id = 7 WHERE closed_on IS NULL;");
        dba(registry, "UPDATE certificate SET unit_id = 7;");
        dba(registry, "DELETE FROM identity_claim WHERE resident_id = (SELECT id FROM resident WHERE name = '张小三');");
        let report = report(registry);
        for (check, record) in [
            ("run_totals", "run "),
            ("summaries", "summary 2022-10 (320899001)"),
            ("sealed_fields", "resident "),
            ("sealed_fields", "guardian "),
            ("blind_indexes", "account "),
            ("one_head", "household "),
            ("units", "certificate "),
            ("identity", "resident "),
        ] {
            let found = named(&report, check);
            assert!(found.iter().any(|r| r.starts_with(record)), "{check}: {record} in {found:?}");
        }
        assert!(named(&report, "audit_chains").is_empty(), "the log itself was not touched");
    }

    fn a_second_regular_line_is_named(registry) {
        filled(registry);
        unprotect(registry, "line", &["line_no_update", "line_no_insert", "line_no_delete"]);
        dba(registry, "DROP INDEX line_regular; DROP INDEX line_run;");
        dba(registry, "INSERT INTO line SELECT id + 1000000, street_code, run_id, program, beneficiary_id, award_id, month, kind, amount_fen, base_fen, supplement_fen, persons, area_code, tier, reason, void, inputs FROM line WHERE id = (SELECT min(id) FROM line);");
        let report = report(registry);
        assert_eq!(named(&report, "regular_once").len(), 1);
        assert_eq!(named(&report, "run_totals").len(), 1);
    }

    fn an_approver_who_took_part_is_named(registry) {
        filled(registry);
        dba(registry, "UPDATE run SET origin = 'engine', approved_by = 'clerk', approved_at = '2023-10-19 00:00:00', content_hash = {abc};");
        let found = named(&report(registry), "separation");
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[test]
fn every_encrypted_column_is_in_the_list() {
    use mingce::store::dump::{TABLES, columns};
    use mingce::store::sealed::SEALED;
    let registry = TestRegistry::new(Backend::Sqlite);
    for table in TABLES {
        let columns = registry.store.read(|conn| Ok(columns(conn, table)?)).expect("columns");
        for column in columns.iter().filter(|c| c.name.ends_with("_enc")) {
            let listed = SEALED.iter().any(|s| s.table == *table && s.column == column.name);
            assert!(listed, "{table}.{}", column.name);
        }
    }
}
