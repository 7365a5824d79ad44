//! Residents whose record lacks what a visit would find out.

use chrono::NaiveDate;
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::Db;
use super::round::in_scope;
use super::schema::resident;
use crate::domain::ids::ResidentId;
use crate::domain::scope::Scope;

/// Somebody whose record lacks a number or a telephone.
#[derive(Debug, Clone, Queryable)]
pub struct Incomplete {
    /// Who.
    pub id: ResidentId,
    /// Name.
    pub name: String,
    /// Community or grid.
    pub area_code: String,
    /// Blind index of the number, if there is one.
    pub doc_no_index: Option<Vec<u8>>,
    /// Blind index of the telephone, if there is one.
    pub phone_index: Option<Vec<u8>>,
}

/// Active residents without a document number, or of age without a phone.
macro_rules! incomplete {
    ($scope:expr, $adult:expr) => {
        resident::table
            .filter(resident::street_code.eq($scope.street_code()))
            .filter(resident::status.eq("active"))
            .filter(
                resident::doc_no_index
                    .is_null()
                    .or(resident::phone_index.is_null().and(resident::birth_on.le($adult))),
            )
    };
}

/// Adults (born until `adult`) without a telephone, and everybody without a
/// document's number, by area and id, after the area and id `after`.
///
/// # Errors
/// The database failed.
pub fn list_incomplete(
    conn: &mut Db,
    scope: &Scope,
    adult: NaiveDate,
    after: Option<&(String, ResidentId)>,
    limit: i64,
) -> QueryResult<Vec<Incomplete>> {
    let mut query = incomplete!(scope, adult)
        .order((resident::area_code, resident::id))
        .select((
            resident::id,
            resident::name,
            resident::area_code,
            resident::doc_no_index,
            resident::phone_index,
        ))
        .limit(limit)
        .into_boxed();
    if let Some((area, id)) = after {
        let same = resident::area_code.eq(area.clone()).and(resident::id.gt(*id));
        query = query.filter(resident::area_code.gt(area.clone()).or(same));
    }
    in_scope!(query, scope, resident::area_code).load(conn)
}

/// How many [`list_incomplete`] would list.
///
/// # Errors
/// The database failed.
pub fn count_incomplete(conn: &mut Db, scope: &Scope, adult: NaiveDate) -> QueryResult<i64> {
    let query = incomplete!(scope, adult).select(count_star()).into_boxed();
    in_scope!(query, scope, resident::area_code).get_result(conn)
}
