//! PostgreSQL over TLS from the statically linked client: the server's
//! certificate is verified, and one that does not fit is refused.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use mingce::config::Config;
use mingce::error::ErrorCode;
use mingce::store::{Backend, Db, Store};

use crate::harness::TestRegistry;

#[derive(QueryableByName)]
struct Encryption {
    #[diesel(sql_type = Bool)]
    ssl: bool,
    #[diesel(sql_type = Text)]
    version: String,
}

fn certificate() -> String {
    std::env::var("MINGCE_TEST_PG_CA")
        .expect("MINGCE_TEST_PG_CA is not set: run tests through tests/run.sh")
}

/// The registry's address with TLS options behind it.
fn with_tls(registry: &TestRegistry, root: &str) -> Config {
    let mingce::config::Database::Postgres(url) = &registry.config.database else {
        panic!("not PostgreSQL")
    };
    let url = format!("{url}?sslmode=verify-full&sslrootcert={root}");
    let key_file = Some(registry.config.key_file.clone());
    Config::new(registry.config.data_dir.clone(), Some(&url), key_file).expect("settings")
}

#[test]
fn the_connection_is_encrypted_and_the_server_verified() {
    let registry = TestRegistry::new(Backend::Postgres);
    let config = with_tls(&registry, &certificate());
    let store = Store::open(&config, registry.clock.clone()).expect("opened over TLS");
    let seen: Encryption = store
        .read(|conn| {
            let Db::Pg(conn) = conn else { panic!("not PostgreSQL") };
            let query = "SELECT ssl, coalesce(version, '') AS version
                         FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            Ok(diesel::sql_query(query).get_result(conn)?)
        })
        .expect("the state of the connection");
    assert!(seen.ssl, "the server sees an unencrypted connection");
    assert!(seen.version.starts_with("TLSv1."), "{}", seen.version);
}

#[test]
fn a_server_with_another_certificate_is_refused() {
    let registry = TestRegistry::new(Backend::Postgres);
    let other = registry.dir.path().join("other.crt");
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=other"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(registry.dir.path().join("other.key"))
        .arg("-out")
        .arg(&other)
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = with_tls(&registry, &other.to_string_lossy());
    let error = Store::open(&config, registry.clock.clone()).map(|_| ()).expect_err("refused");
    assert_eq!(error.code(), ErrorCode::System);
    assert!(error.to_string().contains("certificate verify failed"), "{error}");
}
