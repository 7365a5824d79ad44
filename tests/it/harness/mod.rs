//! A fresh registry per test, on SQLite (a file in a temporary folder) and on
//! PostgreSQL (a database of its own, copied from a migrated template).
//!
//! `MINGCE_TEST_PG` must hold the address of a PostgreSQL server whose user
//! may create databases; `tests/run.sh` starts one. A test that cannot reach
//! it fails: nothing is skipped.

pub mod http;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::NaiveDate;
use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use mingce::clock::Clock;
use mingce::config::Config;
use mingce::domain::role::Role;
use mingce::services::Actor;
use mingce::services::Scope;
use mingce::store::{Backend, Store};

/// The street of all fixtures: region 320899 is not assigned to anybody.
pub const STREET: &str = "320899001";

/// A registry and what it stands on; dropped with the test.
pub struct TestRegistry {
    pub store: Store,
    pub config: Config,
    pub clock: Clock,
    pub dir: tempfile::TempDir,
    database: Option<String>,
}

/// Both backends, one after the other: `both!(|registry| { … })` in a test
/// body runs it twice and names the backend in a failure.
#[macro_export]
macro_rules! on_both {
    ($(fn $name:ident($registry:ident) $body:block)*) => {$(
        mod $name {
            use super::*;
            fn body($registry: &$crate::harness::TestRegistry) $body

            #[test]
            fn sqlite() {
                body(&$crate::harness::TestRegistry::new(mingce::store::Backend::Sqlite));
            }

            #[test]
            fn postgres() {
                body(&$crate::harness::TestRegistry::new(mingce::store::Backend::Postgres));
            }
        }
    )*};
}

static SERIAL: AtomicU32 = AtomicU32::new(0);
static TEMPLATE: OnceLock<String> = OnceLock::new();

impl TestRegistry {
    /// A fresh registry; its clock shows 2023-09-01.
    pub fn new(backend: Backend) -> TestRegistry {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::set_to(NaiveDate::from_ymd_opt(2023, 9, 1).expect("a date"));
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(copy_template()),
        };
        let url = database.as_deref().map(|name| format!("{}/{name}", server()));
        let config = Config::new(dir.path().join("data"), url.as_deref(), None).expect("settings");
        let store = Store::open(&config, clock.clone()).expect("a registry");
        TestRegistry { store, config, clock, dir, database }
    }

    /// Somebody with a role over the whole test street.
    pub fn actor(&self, username: &str, role: Role) -> Actor {
        Actor::new(username.to_owned(), role, Scope::street(STREET))
    }

    /// Opens the same registry again, as a second process would.
    pub fn reopen(&self) -> Store {
        Store::open(&self.config, self.clock.clone()).expect("the same registry")
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        if let Some(name) = &self.database {
            let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            let _ = admin().batch_execute(&statement);
        }
    }
}

/// A PostgreSQL database with nothing in it; dropped with the test.
pub struct EmptyDatabase(String);

impl EmptyDatabase {
    pub fn new() -> EmptyDatabase {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let name = format!("mingce_empty_{}_{serial}", std::process::id());
        admin().batch_execute(&format!("CREATE DATABASE {name}")).expect("a database");
        EmptyDatabase(name)
    }

    pub fn url(&self) -> String {
        format!("{}/{}", server(), self.0)
    }
}

impl Drop for EmptyDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.0);
        let _ = admin().batch_execute(&statement);
    }
}

/// Address of the server without a database name.
pub fn server() -> String {
    std::env::var("MINGCE_TEST_PG")
        .expect("MINGCE_TEST_PG is not set: run tests through tests/run.sh")
}

fn admin() -> PgConnection {
    PgConnection::establish(&format!("{}/postgres", server())).expect("the test server")
}

/// Migrates once per process, copies per test.
fn copy_template() -> String {
    let template = TEMPLATE.get_or_init(|| {
        let name = format!("mingce_template_{}", std::process::id());
        admin().batch_execute(&format!("CREATE DATABASE {name}")).expect("the template");
        let mut conn = PgConnection::establish(&format!("{}/{name}", server())).expect("template");
        use diesel_migrations::MigrationHarness as _;
        conn.run_pending_migrations(mingce::store::migrate::POSTGRES).expect("migrated");
        name
    });
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let name = format!("mingce_test_{}_{serial}", std::process::id());
    // Copying a template is refused while another copy runs: one at a time.
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE.lock();
    admin()
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
        .expect("a copy of the template");
    name
}
