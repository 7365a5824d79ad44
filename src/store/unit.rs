//! 核算单元: everybody who was ever in one assistance household, because what
//! is due to one can depend on the others.

use diesel::prelude::*;

use super::Db;
use super::schema::{
    award, certificate, decision, fact, hold, household, life_event, membership, resident,
};
use crate::domain::ids::UnitId;

macro_rules! move_rows {
    ($conn:expr, $street:expr, $from:expr, $into:expr, $($table:ident),*) => {{
        let mut moved = 0;
        $(
            moved += diesel::update(
                $table::table
                    .filter($table::street_code.eq($street).and($table::unit_id.eq($from))),
            )
            .set($table::unit_id.eq($into))
            .execute($conn)?;
        )*
        Ok(moved)
    }};
}

/// Puts everything of unit `from` into unit `into`. Returns how many rows
/// moved. The marks of `recheck` stay (append-only): the caller repeats them.
///
/// # Errors
/// The database failed.
pub fn mark_units_merged(
    conn: &mut Db,
    street: &str,
    from: UnitId,
    into: UnitId,
) -> QueryResult<usize> {
    move_rows!(
        conn,
        street,
        from,
        into,
        resident,
        household,
        membership,
        life_event,
        fact,
        certificate,
        award,
        decision,
        hold
    )
}
