//! Finding people by name and households by address: ranges of an index, then
//! a bounded number of rows by id. Nothing here scans a register.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Db;
use super::coded::insert_batches;
use super::schema::{address_part, household, membership, name_part, resident};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::domain::search::{end_of, parts};

/// Most records that one search may match in the street; a vaguer one needs
/// another character or an area.
pub const MATCHES: usize = 5_000;

/// Ids per `IN (…)`.
const BATCH: usize = 500;

/// What a name is searched by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameMatch {
    /// Part of the name.
    Part(String),
    /// Beginning of the initials or of the full pinyin, in small letters.
    Sound(String),
}

/// A resident as lists are ordered and filtered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Queryable)]
pub struct PersonKey {
    /// Lists go by it.
    pub name_pinyin: String,
    /// Who.
    pub id: ResidentId,
    /// Where.
    pub area_code: String,
    /// State of the record.
    pub status: ResidentStatus,
}

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
#[diesel(table_name = name_part)]
struct NamePart<'a> {
    street_code: &'a str,
    part: String,
    resident_id: ResidentId,
}

#[derive(Insertable)]
#[diesel(table_name = address_part)]
struct AddressPart<'a> {
    street_code: &'a str,
    part: String,
    household_id: HouseholdId,
}

/// Makes names findable.
pub(super) fn insert_names<'a>(
    conn: &mut Db,
    street: &str,
    names: impl Iterator<Item = (ResidentId, &'a str)>,
) -> QueryResult<usize> {
    let rows: Vec<NamePart<'_>> = names
        .flat_map(|(resident_id, name)| {
            parts(name).into_iter().map(move |part| NamePart {
                street_code: street,
                part,
                resident_id,
            })
        })
        .collect();
    insert_batches!(conn, name_part::table, rows)
}

/// Makes addresses findable.
pub(super) fn insert_addresses<'a>(
    conn: &mut Db,
    street: &str,
    addresses: impl Iterator<Item = (HouseholdId, &'a str)>,
) -> QueryResult<usize> {
    let rows: Vec<AddressPart<'_>> = addresses
        .flat_map(|(household_id, address)| {
            parts(address).into_iter().map(move |part| AddressPart {
                street_code: street,
                part,
                household_id,
            })
        })
        .collect();
    insert_batches!(conn, address_part::table, rows)
}

/// A resident will no longer be found by this name.
pub(super) fn delete_name(
    conn: &mut Db,
    street: &str,
    id: ResidentId,
    name: &str,
) -> QueryResult<usize> {
    diesel::delete(
        name_part::table
            .filter(name_part::street_code.eq(street).and(name_part::resident_id.eq(id)))
            .filter(name_part::part.eq_any(parts(name))),
    )
    .execute(conn)
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
            .filter(address_part::part.eq_any(parts(address))),
    )
    .execute(conn)
}

/// Narrows to the caller's areas and to `areas`, both if given.
fn within(scope: &Scope, areas: Option<&[String]>) -> Option<Vec<String>> {
    match (scope.area_codes(), areas) {
        (None, None) => None,
        (Some(own), None) => Some(own.to_vec()),
        (None, Some(areas)) => Some(areas.to_vec()),
        (Some(own), Some(areas)) => {
            Some(areas.iter().filter(|area| own.contains(area)).cloned().collect())
        }
    }
}

/// The residents of a name, in the scope and in `areas`, by pinyin. `None`: too
/// many in the street.
///
/// # Errors
/// The database failed.
pub fn find_named(
    conn: &mut Db,
    scope: &Scope,
    areas: Option<&[String]>,
    name: &NameMatch,
) -> QueryResult<Option<Vec<PersonKey>>> {
    let mut ids = match name {
        NameMatch::Part(part) => named(conn, scope.street_code(), part)?,
        NameMatch::Sound(sound) => sounding(conn, scope.street_code(), sound)?,
    };
    ids.sort_unstable();
    ids.dedup();
    let mut keys = match (within(scope, areas), ids.len() > MATCHES) {
        (None, true) => return Ok(None),
        (Some(areas), true) => list_keys_in(conn, scope.street_code(), &areas, name)?,
        (_, false) => list_person_keys(conn, scope, areas, &ids)?,
    };
    keys.sort_unstable();
    Ok(Some(keys))
}

fn most() -> i64 {
    i64::try_from(MATCHES).unwrap_or(i64::MAX) + 1
}

fn named(conn: &mut Db, street: &str, part: &str) -> QueryResult<Vec<ResidentId>> {
    let part = part.to_ascii_lowercase();
    name_part::table
        .filter(name_part::street_code.eq(street))
        .filter(name_part::part.ge(&part).and(name_part::part.lt(end_of(&part))))
        .select(name_part::resident_id)
        .limit(most())
        .load(conn)
}

fn sounding(conn: &mut Db, street: &str, sound: &str) -> QueryResult<Vec<ResidentId>> {
    let end = end_of(sound);
    let mut ids: Vec<ResidentId> = resident::table
        .filter(resident::street_code.eq(street))
        .filter(resident::name_initials.ge(sound).and(resident::name_initials.lt(&end)))
        .select(resident::id)
        .limit(most())
        .load(conn)?;
    ids.extend(
        resident::table
            .filter(resident::street_code.eq(street))
            .filter(resident::name_pinyin.ge(sound).and(resident::name_pinyin.lt(&end)))
            .select(resident::id)
            .limit(most())
            .load::<ResidentId>(conn)?,
    );
    Ok(ids)
}

macro_rules! person_key {
    () => {
        (resident::name_pinyin, resident::id, resident::area_code, resident::status)
    };
}

/// Those of some residents that lie in the scope and in `areas`, in no order.
///
/// # Errors
/// The database failed.
pub fn list_person_keys(
    conn: &mut Db,
    scope: &Scope,
    areas: Option<&[String]>,
    ids: &[ResidentId],
) -> QueryResult<Vec<PersonKey>> {
    let street = scope.street_code();
    let mut keys: Vec<PersonKey> = Vec::with_capacity(ids.len());
    for some in ids.chunks(BATCH) {
        keys.extend(
            resident::table
                .filter(resident::street_code.eq(street).and(resident::id.eq_any(some)))
                .select(person_key!())
                .load::<PersonKey>(conn)?,
        );
    }
    let areas = within(scope, areas);
    keys.retain(|key| areas.as_ref().is_none_or(|areas| areas.contains(&key.area_code)));
    Ok(keys)
}

/// A vague name in few areas: through the index of the areas.
fn list_keys_in(
    conn: &mut Db,
    street: &str,
    areas: &[String],
    name: &NameMatch,
) -> QueryResult<Vec<PersonKey>> {
    let query = resident::table
        .filter(resident::street_code.eq(street).and(resident::area_code.eq_any(areas)))
        .select(person_key!());
    match name {
        NameMatch::Part(part) => query
            .filter(sql::<Text>("lower(name)").like(format!("%{}%", part.to_ascii_lowercase())))
            .load(conn),
        NameMatch::Sound(sound) => {
            let sound = format!("{sound}%");
            query
                .filter(
                    resident::name_initials
                        .like(sound.clone())
                        .or(resident::name_pinyin.like(sound)),
                )
                .load(conn)
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
        .limit(most())
        .load(conn)?;
    // Per kind: the index of numbers begins with it.
    for kind in HouseholdKind::ALL.iter().copied() {
        ids.extend(
            household::table
                .filter(household::street_code.eq(street).and(household::kind.eq(kind)))
                .filter(household::household_no.ge(text))
                .filter(household::household_no.lt(end_of(text)))
                .select(household::id)
                .limit(most())
                .load::<HouseholdId>(conn)?,
        );
    }
    ids.sort_unstable();
    ids.dedup();
    let columns =
        (household::id, household::area_code, household::kind, household::closed_on.is_not_null());
    let mut keys: Vec<HomeKey> = Vec::with_capacity(ids.len());
    match (areas, ids.len() > MATCHES) {
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
        .limit(most())
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
