//! All awards of a street, as the list of awards reads them.

use diesel::prelude::*;

use super::Db;
use super::decision::DecisionRow;
use super::schema::{award, decision, hold, resident};
use crate::domain::ids::{AwardId, ResidentId};
use crate::domain::month::Month;
use crate::domain::scope::Scope;

/// What sorts and filters an award.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct AwardHead {
    /// Its id.
    pub id: AwardId,
    /// Code of the program.
    pub program: String,
    /// Whom it is about.
    pub resident_id: ResidentId,
}

/// The awards of people in scope, in id order.
///
/// # Errors
/// The database failed.
pub fn list_award_heads(
    conn: &mut Db,
    scope: &Scope,
    areas: Option<&[String]>,
    program: Option<&str>,
) -> QueryResult<Vec<AwardHead>> {
    let mut query = award::table
        .inner_join(resident::table.on(
            resident::street_code.eq(award::street_code).and(resident::id.eq(award::resident_id)),
        ))
        .filter(award::street_code.eq(scope.street_code().to_owned()))
        .order(award::id)
        .select((award::id, award::program, award::resident_id))
        .into_boxed();
    if let Some(codes) = scope.area_codes() {
        query = query.filter(resident::area_code.eq_any(codes.to_vec()));
    }
    if let Some(codes) = areas {
        query = query.filter(resident::area_code.eq_any(codes.to_vec()));
    }
    if let Some(code) = program {
        query = query.filter(award::program.eq(code.to_owned()));
    }
    query.load(conn)
}

/// Every decision of a street, in id order.
///
/// # Errors
/// The database failed.
pub fn list_decisions(conn: &mut Db, street: &str) -> QueryResult<Vec<DecisionRow>> {
    decision::table
        .filter(decision::street_code.eq(street))
        .order(decision::id)
        .select(DecisionRow::as_select())
        .load(conn)
}

/// Holds of a street that nobody released: award and first month.
///
/// # Errors
/// The database failed.
pub fn list_open_holds(conn: &mut Db, street: &str) -> QueryResult<Vec<(AwardId, Month)>> {
    hold::table
        .filter(hold::street_code.eq(street).and(hold::released_on.is_null()))
        .order((hold::from_month.desc(), hold::id))
        .select((hold::award_id, hold::from_month))
        .load(conn)
}
