//! Schema versions. Both trees carry the same folder names.

use diesel::migration::{Migration, MigrationSource, MigrationVersion};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::Db;
use crate::error::{AppError, AppResult, ErrorCode};

/// The embedded migrations for SQLite.
pub const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
/// The embedded migrations for PostgreSQL.
pub const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

#[derive(QueryableByName)]
struct AppliedVersion {
    #[diesel(sql_type = diesel::sql_types::Text)]
    version: String,
}

/// How a database stands to this binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing in it yet.
    Empty,
    /// Exactly what this binary knows.
    Current,
    /// Older: so many migrations are pending.
    Behind(usize),
    /// It has a migration this binary does not know.
    Newer(String),
}

/// Compares the database with the embedded migrations.
///
/// # Errors
/// The database failed.
pub fn schema_state(conn: &mut Db) -> AppResult<SchemaState> {
    let known = known_versions()?;
    let applied: Vec<String> = match conn {
        Db::Lite(c) => MigrationHarness::<Sqlite>::applied_migrations(c),
        Db::Pg(c) => MigrationHarness::<Pg>::applied_migrations(c),
    }
    .map_err(migration_failed)?
    .iter()
    .map(ToString::to_string)
    .collect();
    if let Some(newer) = applied.iter().find(|version| !known.contains(version)) {
        return Ok(SchemaState::Newer(newer.clone()));
    }
    Ok(match (applied.len(), known.len() - applied.len()) {
        (0, _) => SchemaState::Empty,
        (_, 0) => SchemaState::Current,
        (_, pending) => SchemaState::Behind(pending),
    })
}

/// Sets up an empty database; refuses one that is older or newer.
///
/// # Errors
/// What to do about it.
pub fn ensure_current(conn: &mut Db) -> AppResult<()> {
    match schema_state(conn)? {
        SchemaState::Current => Ok(()),
        SchemaState::Empty => run_pending(conn).map(|_| ()),
        // No data key yet: the first start was interrupted, nothing is in it.
        SchemaState::Behind(_) if data_keys(conn)? == 0 => run_pending(conn).map(|_| ()),
        SchemaState::Behind(pending) => Err(AppError::coded(
            ErrorCode::Setup,
            format!("登记库的结构较旧(差 {pending} 步)。请先备份,再执行 mingce migrate。"),
            format!(
                "The database schema is {pending} step(s) behind. Back up, then run mingce migrate."
            ),
        )),
        SchemaState::Newer(version) => Err(newer(&version)),
    }
}

fn data_keys(conn: &mut Db) -> QueryResult<i64> {
    super::schema::data_key::table.count().get_result(conn)
}

/// Applies what is pending, each migration in a transaction of its own.
/// Returns how many were applied.
///
/// # Errors
/// A migration failed; it left nothing behind.
pub fn run_pending(conn: &mut Db) -> AppResult<usize> {
    let applied = match conn {
        Db::Lite(c) => c.run_pending_migrations(SQLITE).map(|v| v.len()),
        Db::Pg(c) => c.run_pending_migrations(POSTGRES).map(|v| v.len()),
    };
    applied.map_err(migration_failed)
}

/// The newest version that the database has; empty if it has none.
///
/// # Errors
/// The database failed.
pub fn version(conn: &mut Db) -> AppResult<String> {
    // Diesel's own question would make its table first, which a read-only
    // transaction refuses.
    let newest: Option<AppliedVersion> = diesel::sql_query(
        "SELECT version FROM __diesel_schema_migrations ORDER BY version DESC LIMIT 1",
    )
    .get_result(conn)
    .optional()?;
    Ok(newest.map(|row| row.version).unwrap_or_default())
}

/// Sets up an empty database as far as `version`, for data of that version.
///
/// # Errors
/// This program does not know the version; a migration failed.
pub fn run_through(conn: &mut Db, version: &str) -> AppResult<()> {
    if !known_versions()?.iter().any(|known| known == version) {
        return Err(newer(version));
    }
    loop {
        let next = match conn {
            Db::Lite(c) => c.run_next_migration(SQLITE).map(|done| done.to_string()),
            Db::Pg(c) => c.run_next_migration(POSTGRES).map(|done| done.to_string()),
        }
        .map_err(migration_failed)?;
        if next == version {
            return Ok(());
        }
    }
}

fn newer(version: &str) -> AppError {
    AppError::coded(
        ErrorCode::NewerDatabase,
        format!("登记库由更新版本的程序写入(结构 {version})。请使用新版程序。"),
        format!(
            "The database was written by a newer version (schema {version}). Use the newer program."
        ),
    )
}

fn known_versions() -> AppResult<Vec<String>> {
    let migrations: Vec<Box<dyn Migration<Sqlite>>> =
        MigrationSource::<Sqlite>::migrations(&SQLITE).map_err(migration_failed)?;
    Ok(migrations.iter().map(|m| version_text(&m.name().version())).collect())
}

fn version_text(version: &MigrationVersion<'_>) -> String {
    version.to_string()
}

fn migration_failed(error: Box<dyn std::error::Error + Send + Sync>) -> AppError {
    AppError::coded(
        ErrorCode::System,
        format!("数据库结构升级失败:{error}"),
        format!("Migrating the database failed: {error}"),
    )
}
