//! Opening connections to a registry.

use diesel::r2d2::{ManageConnection as _, Pool};

use super::Backend;
use super::cipher::KeySource;
use super::db::Manager;
use super::keys;
use crate::config::{Config, Database};
use crate::error::{AppError, AppResult};

/// A connection of a pool, lent out.
pub(super) type Connection = diesel::r2d2::PooledConnection<Manager>;

/// A connection from a pool.
pub(super) fn checkout(pool: &Pool<Manager>) -> AppResult<Connection> {
    pool.get().map_err(|error| AppError::Connection(error.to_string()))
}

/// A connection of its own: one that asks may hold the pool's last one.
pub(super) fn key_source(config: &Config) -> KeySource {
    let manager = Manager::new(config.database.clone(), true);
    let key_file = config.key_file.clone();
    Box::new(move || {
        let mut conn = manager.connect().ok()?;
        keys::load_live_keys(&mut conn, &key_file).ok()
    })
}

/// Readers, writers and the kind of database.
pub(super) fn pools(config: &Config) -> AppResult<(Pool<Manager>, Pool<Manager>, Backend)> {
    let backend = match &config.database {
        Database::Sqlite(path) => {
            if let Some(dir) = path.parent() {
                std::fs::create_dir_all(dir).map_err(AppError::io(dir))?;
                // SQLite writes beside its file even to read; the pool would say
                // only after its time-out that it cannot.
                tempfile::tempfile_in(dir).map_err(AppError::io(dir))?;
            }
            Backend::Sqlite
        }
        Database::Postgres(_) => Backend::Postgres,
    };
    let build = |read_only: bool, size: u32| {
        Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .connection_timeout(std::time::Duration::from_secs(10))
            .build(Manager::new(config.database.clone(), read_only))
            .map_err(|error| AppError::Connection(error.to_string()))
    };
    // SQLite has one writer; a second connection would only wait for the first.
    let writers = if backend == Backend::Sqlite { 1 } else { 8 };
    Ok((build(true, 8)?, build(false, writers)?, backend))
}
