//! Go-live of a program in a street: earlier months are outside the ledger.

use diesel::prelude::*;

use super::schema::program_start;
use super::{Db, per_backend};
use crate::domain::month::Month;

/// `(program, first month)` of a street.
///
/// # Errors
/// The database failed.
pub fn list_program_starts(conn: &mut Db, street: &str) -> QueryResult<Vec<(String, Month)>> {
    program_start::table
        .filter(program_start::street_code.eq(street))
        .order(program_start::program)
        .select((program_start::program, program_start::first_month))
        .load(conn)
}

/// Sets the first month unless it is set. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn insert_program_start(
    conn: &mut Db,
    street: &str,
    program: &str,
    first_month: Month,
) -> QueryResult<usize> {
    let values = (
        program_start::street_code.eq(street),
        program_start::program.eq(program),
        program_start::first_month.eq(first_month),
    );
    per_backend!(conn, |c| diesel::insert_into(program_start::table)
        .values(values)
        .on_conflict_do_nothing()
        .execute(c))
}
