//! Finding households by address: ranges of an index, then a bounded number of
//! rows by id. Nothing here scans a register. Names: `search_name`.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Db;
use super::coded::insert_batches;
use super::schema::{address_part, household, membership};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::scope::Scope;
use crate::domain::search::{address_parts, end_of};

/// Most households that one address may match in the street; a vaguer one needs
/// another character or an area.
const MATCHES: i64 = 5_000;

/// Ids per `IN (…)`.
pub(super) const BATCH: usize = 500;

/// A household as lists are ordered and filtered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct HomeKey {
    /// Lists go by it.
    pub id: HouseholdId,
    /// Where.
    pub area_code: String,
    /// Which grouping.
    pub kind: HouseholdKind,
    /// Whether it is closed.
    pub closed: bool,
}

#[derive(Insertable)]
#[diesel(table_name = address_part)]
struct AddressPart<'a> {
    street_code: &'a str,
    part: String,
    household_id: HouseholdId,
}

/// Makes addresses findable.
pub(super) fn insert_addresses<'a>(
    conn: &mut Db,
    street: &str,
    addresses: impl Iterator<Item = (HouseholdId, &'a str)>,
) -> QueryResult<usize> {
    let rows: Vec<AddressPart<'_>> = addresses
        .flat_map(|(household_id, address)| {
            address_parts(address).into_iter().map(move |part| AddressPart {
                street_code: street,
                part,
                household_id,
            })
        })
        .collect();
    insert_batches!(conn, address_part::table, rows)
}

/// A household will no longer be found by this address.
pub(super) fn delete_address(
    conn: &mut Db,
    street: &str,
    id: HouseholdId,
    address: &str,
) -> QueryResult<usize> {
    diesel::delete(
        address_part::table
            .filter(address_part::street_code.eq(street).and(address_part::household_id.eq(id)))
            .filter(address_part::part.eq_any(address_parts(address))),
    )
    .execute(conn)
}

/// Narrows to the caller's areas and to `areas`, both if given.
pub(super) fn within(scope: &Scope, areas: Option<&[String]>) -> Option<Vec<String>> {
    match (scope.area_codes(), areas) {
        (None, None) => None,
        (Some(own), None) => Some(own.to_vec()),
        (None, Some(areas)) => Some(areas.to_vec()),
        (Some(own), Some(areas)) => {
            Some(areas.iter().filter(|area| own.contains(area)).cloned().collect())
        }
    }
}

/// The households with this part in their address or at the beginning of their
/// number, in the scope and in `areas`, by id. `None`: too many in the street.
///
/// # Errors
/// The database failed.
pub fn find_at(
    conn: &mut Db,
    scope: &Scope,
    areas: Option<&[String]>,
    text: &str,
) -> QueryResult<Option<Vec<HomeKey>>> {
    let street = scope.street_code();
    let areas = within(scope, areas);
    let part = text.to_ascii_lowercase();
    let mut ids: Vec<HouseholdId> = address_part::table
        .filter(address_part::street_code.eq(street))
        .filter(address_part::part.ge(&part).and(address_part::part.lt(end_of(&part))))
        .select(address_part::household_id)
        .limit(MATCHES + 1)
        .load(conn)?;
    // Per kind: the index of numbers begins with it.
    for kind in HouseholdKind::ALL.iter().copied() {
        ids.extend(
            household::table
                .filter(household::street_code.eq(street).and(household::kind.eq(kind)))
                .filter(household::household_no.ge(text))
                .filter(household::household_no.lt(end_of(text)))
                .select(household::id)
                .limit(MATCHES + 1)
                .load::<HouseholdId>(conn)?,
        );
    }
    ids.sort_unstable();
    ids.dedup();
    let columns =
        (household::id, household::area_code, household::kind, household::closed_on.is_not_null());
    let mut keys: Vec<HomeKey> = Vec::with_capacity(ids.len());
    match (areas, i64::try_from(ids.len()).is_ok_and(|n| n > MATCHES)) {
        (None, true) => return Ok(None),
        (Some(areas), true) => {
            let like = format!("%{part}%");
            keys = household::table
                .filter(household::street_code.eq(street).and(household::area_code.eq_any(areas)))
                .filter(sql::<Text>("lower(address)").like(like))
                .select(columns)
                .load(conn)?;
        }
        (areas, false) => {
            for some in ids.chunks(BATCH) {
                keys.extend(
                    household::table
                        .filter(household::street_code.eq(street).and(household::id.eq_any(some)))
                        .select(columns)
                        .load::<HomeKey>(conn)?,
                );
            }
            keys.retain(|key| areas.as_ref().is_none_or(|areas| areas.contains(&key.area_code)));
        }
    }
    keys.sort_unstable();
    Ok(Some(keys))
}

/// The households whose address is this text, or ends with it.
///
/// # Errors
/// The database failed.
pub fn list_ending_like(
    conn: &mut Db,
    street: &str,
    address: &str,
) -> QueryResult<Vec<HouseholdId>> {
    address_part::table
        .filter(address_part::street_code.eq(street))
        .filter(address_part::part.eq(address.to_ascii_lowercase()))
        .select(address_part::household_id)
        .limit(MATCHES + 1)
        .load(conn)
}

/// Who lives in these households.
///
/// # Errors
/// The database failed.
pub fn list_people_in(
    conn: &mut Db,
    street: &str,
    homes: &[HouseholdId],
) -> QueryResult<Vec<ResidentId>> {
    let mut people = Vec::new();
    for some in homes.chunks(BATCH) {
        people.extend(
            membership::table
                .filter(membership::street_code.eq(street))
                .filter(membership::household_id.eq_any(some).and(membership::to_on.is_null()))
                .select(membership::resident_id)
                .load::<ResidentId>(conn)?,
        );
    }
    people.sort_unstable();
    people.dedup();
    Ok(people)
}
