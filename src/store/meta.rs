//! Facts about the database itself.

use diesel::prelude::*;

use super::schema::{area, meta, resident, user_account};
use super::{Db, per_backend};

/// Key of the mark that a database is a demo's. It is never removed.
pub const DEMO: &str = "demo";

/// The value of a key.
///
/// # Errors
/// The database failed.
pub fn find_meta(conn: &mut Db, key: &str) -> QueryResult<Option<String>> {
    meta::table.find(key).select(meta::value).first(conn).optional()
}

/// Sets the value of a key.
///
/// # Errors
/// The database failed.
pub fn save_meta(conn: &mut Db, key: &str, value: &str) -> QueryResult<usize> {
    per_backend!(conn, |c| diesel::insert_into(meta::table)
        .values((meta::key.eq(key), meta::value.eq(value)))
        .on_conflict(meta::key)
        .do_update()
        .set(meta::value.eq(value))
        .execute(c))
}

/// Whether nobody has used the registry yet: no areas, accounts or residents.
///
/// # Errors
/// The database failed.
pub fn is_unused(conn: &mut Db) -> QueryResult<bool> {
    let areas: i64 = area::table.count().get_result(conn)?;
    let users: i64 = user_account::table.count().get_result(conn)?;
    let first: Option<i64> = resident::table.select(resident::id).first(conn).optional()?;
    Ok(areas == 0 && users == 0 && first.is_none())
}
