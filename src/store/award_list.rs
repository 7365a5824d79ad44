//! The awards of a street, a page at a time, as the list of awards reads them.

use diesel::prelude::*;

use super::Db;
use super::decision::DecisionRow;
use super::directory::Place;
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

/// Which awards a list asks for.
#[derive(Debug, Clone)]
pub struct AwardFilter<'a> {
    /// Of people in this scope.
    pub scope: &'a Scope,
    /// Of people in these areas.
    pub areas: Option<&'a [String]>,
    /// Of this program.
    pub program: Option<&'a str>,
    /// Of none of these programs.
    pub hidden: &'a [String],
}

macro_rules! filtered {
    ($filter:expr, $select:expr) => {{
        let mut query = award::table
            .inner_join(
                resident::table.on(resident::street_code
                    .eq(award::street_code)
                    .and(resident::id.eq(award::resident_id))),
            )
            .filter(award::street_code.eq($filter.scope.street_code().to_owned()))
            .filter(award::program.ne_all($filter.hidden.to_vec()))
            .select($select)
            .into_boxed();
        if let Some(codes) = $filter.scope.area_codes() {
            query = query.filter(resident::area_code.eq_any(codes.to_vec()));
        }
        if let Some(codes) = $filter.areas {
            query = query.filter(resident::area_code.eq_any(codes.to_vec()));
        }
        if let Some(code) = $filter.program {
            query = query.filter(award::program.eq(code.to_owned()));
        }
        query
    }};
}

/// A page of the awards, in id order; before a place backwards.
///
/// # Errors
/// The database failed.
pub fn list_award_heads(
    conn: &mut Db,
    filter: &AwardFilter<'_>,
    place: &Place<AwardId>,
    limit: i64,
) -> QueryResult<Vec<AwardHead>> {
    let query = filtered!(filter, (award::id, award::program, award::resident_id)).limit(limit);
    match place {
        Place::Start => query.order(award::id).load(conn),
        Place::After(id) => query.filter(award::id.gt(*id)).order(award::id).load(conn),
        Place::Before(id) => query.filter(award::id.lt(*id)).order(award::id.desc()).load(conn),
    }
}

/// How many awards the list has on all its pages.
///
/// # Errors
/// The database failed.
pub fn count_award_heads(conn: &mut Db, filter: &AwardFilter<'_>) -> QueryResult<i64> {
    filtered!(filter, diesel::dsl::count_star()).get_result(conn)
}

/// The decisions about awards, in id order.
///
/// # Errors
/// The database failed.
pub fn list_decisions_of(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
) -> QueryResult<Vec<DecisionRow>> {
    decision::table
        .filter(decision::street_code.eq(street).and(decision::award_id.eq_any(awards.to_vec())))
        .order(decision::id)
        .select(DecisionRow::as_select())
        .load(conn)
}

/// Holds of awards that nobody released: award and first month.
///
/// # Errors
/// The database failed.
pub fn list_open_holds_of(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
) -> QueryResult<Vec<(AwardId, Month)>> {
    hold::table
        .filter(hold::street_code.eq(street).and(hold::released_on.is_null()))
        .filter(hold::award_id.eq_any(awards.to_vec()))
        .order((hold::from_month.desc(), hold::id))
        .select((hold::award_id, hold::from_month))
        .load(conn)
}
