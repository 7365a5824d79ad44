//! One connection type over two backends, and what differs between them.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::r2d2::{ManageConnection, R2D2Connection};
use diesel::sql_types::BigInt;
use diesel::sqlite::SqliteConnection;

use super::connection::Db;
use crate::config::Database;

/// Which database the registry lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The embedded default.
    Sqlite,
    /// What a district or a city grows into.
    Postgres,
}

/// Runs the same diesel expression on the concrete connection. The tokens are
/// written once and type-checked per backend, so the two cannot drift; batch
/// inserts, `on_conflict` and `as_returning` work only this way.
#[macro_export]
macro_rules! per_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::Db::Lite($c) => $body,
            $crate::store::Db::Pg($c) => $body,
        }
    };
}
pub use per_backend;

/// Opens connections by the kind of database; never by trying one after the
/// other (diesel would open a file named like a mistyped address).
#[derive(Debug)]
pub struct Manager {
    database: Database,
    read_only: bool,
}

impl Manager {
    /// Connections for reading or for writing.
    #[must_use]
    pub fn new(database: Database, read_only: bool) -> Manager {
        Manager { database, read_only }
    }
}

impl ManageConnection for Manager {
    type Connection = Db;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Db, Self::Error> {
        let wrap = diesel::r2d2::Error::ConnectionError;
        match &self.database {
            Database::Sqlite(path) => {
                let mut conn =
                    SqliteConnection::establish(&path.to_string_lossy()).map_err(wrap)?;
                prepare_sqlite(&mut conn, self.read_only)
                    .map_err(diesel::r2d2::Error::QueryError)?;
                Ok(Db::Lite(conn))
            }
            Database::Postgres(url) => {
                let mut conn = PgConnection::establish(url).map_err(wrap)?;
                prepare_postgres(&mut conn, self.read_only)
                    .map_err(diesel::r2d2::Error::QueryError)?;
                Ok(Db::Pg(conn))
            }
        }
    }

    fn is_valid(&self, conn: &mut Db) -> Result<(), Self::Error> {
        match conn {
            // A file does not go away; asking costs more than it tells.
            Db::Lite(_) => Ok(()),
            Db::Pg(conn) => conn.ping().map_err(diesel::r2d2::Error::QueryError),
        }
    }

    fn has_broken(&self, conn: &mut Db) -> bool {
        std::thread::panicking()
            || match conn {
                Db::Lite(conn) => conn.is_broken(),
                Db::Pg(conn) => conn.is_broken(),
            }
    }
}

fn prepare_sqlite(conn: &mut SqliteConnection, read_only: bool) -> QueryResult<()> {
    // Each its own statement: diesel sees only the first error of a batch.
    for pragma in [
        "PRAGMA busy_timeout=30000",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL", // an acknowledged write survives a power cut
        "PRAGMA foreign_keys=ON",
        "PRAGMA cache_size=-32768",
        "PRAGMA temp_store=MEMORY",
    ] {
        conn.batch_execute(pragma)?;
    }
    if read_only {
        conn.batch_execute("PRAGMA query_only=ON")?;
    }
    Ok(())
}

fn prepare_postgres(conn: &mut PgConnection, read_only: bool) -> QueryResult<()> {
    conn.batch_execute("SET TIME ZONE 'UTC'")?;
    if read_only {
        conn.batch_execute("SET default_transaction_read_only = on")?;
    }
    Ok(())
}

/// Starts a read: one snapshot for everything that follows.
pub(super) fn begin_read(conn: &mut Db) -> QueryResult<()> {
    match conn {
        Db::Lite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN"),
        Db::Pg(c) => AnsiTransactionManager::begin_transaction_sql(
            c,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        ),
    }
}

/// Starts a write. SQLite must take the lock now: a read that turns into a
/// write later fails at once with "database is locked".
pub(super) fn begin_write(conn: &mut Db) -> QueryResult<()> {
    match conn {
        Db::Lite(c) => AnsiTransactionManager::begin_transaction_sql(c, "BEGIN IMMEDIATE"),
        Db::Pg(c) => {
            AnsiTransactionManager::begin_transaction_sql(c, "BEGIN ISOLATION LEVEL READ COMMITTED")
        }
    }
}

/// Commits.
pub(super) fn commit(conn: &mut Db) -> QueryResult<()> {
    per_backend!(conn, |c| AnsiTransactionManager::commit_transaction(c))
}

/// Rolls back. A failure leaves the connection broken, and the pool drops it.
pub(super) fn rollback(conn: &mut Db) {
    let outcome = per_backend!(conn, |c| AnsiTransactionManager::rollback_transaction(c));
    if let Err(error) = outcome {
        tracing::warn!(%error, "rollback failed; the connection is dropped");
    }
}

/// Renews the statistics that the planner works by.
///
/// On SQLite a connection reads them with the schema and never again, so the
/// old ones are dropped: that changes the schema, and every open connection
/// reads both anew at its next statement.
pub(super) fn refresh_statistics(conn: &mut Db) -> QueryResult<()> {
    match conn {
        Db::Lite(c) => c.immediate_transaction(|c| {
            c.batch_execute("PRAGMA analysis_limit=100000")?;
            c.batch_execute("DROP TABLE IF EXISTS sqlite_stat1")?;
            c.batch_execute("ANALYZE")
        }),
        Db::Pg(c) => c.batch_execute("ANALYZE"),
    }
}

/// `SUM` over fen that stays a whole number on both backends. Diesel's own
/// `sum` of BIGINT is a Numeric, which SQLite hands over as a float.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct SumFen<E>(pub E);

impl<E: Expression<SqlType = BigInt>> Expression for SumFen<E> {
    type SqlType = BigInt;
}

impl<E, GB> ValidGrouping<GB> for SumFen<E> {
    type IsAggregate = is_aggregate::Yes;
}

impl<E: SelectableExpression<QS>, QS> SelectableExpression<QS> for SumFen<E> where
    Self: AppearsOnTable<QS>
{
}

impl<E: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for SumFen<E> where Self: Expression {}

impl<DB: diesel::backend::Backend, E: QueryFragment<DB>> QueryFragment<DB> for SumFen<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("CAST(COALESCE(SUM(");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql("), 0) AS BIGINT)");
        Ok(())
    }
}
