//! Finding people by name: by one part of it, in the order of lists. The key of
//! `name_part` ends with the pinyin, so a page ends the reading however many
//! there are.

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::Db;
use super::coded::insert_batches;
use super::directory::{PersonFilter, Place, by_pinyin, search_residents};
use super::resident::ResidentRow;
use super::schema::{name_part, resident};
use super::search::{BATCH, within};
use crate::domain::ids::ResidentId;
use crate::domain::resident::ResidentStatus;
use crate::domain::scope::Scope;
use crate::domain::search::{end_of, name_parts, part_of, part_of_initials};

/// Up to here the people that a name matches are counted.
pub const COUNTED: i64 = 1_000;

/// Up to here the people of some areas are gone through for a common name.
const FEW: i64 = 5_000;

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

/// The people of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// All of them, by pinyin.
    All(Vec<PersonKey>),
    /// More than [`COUNTED`] in the street: to be read by the page.
    Many,
}

/// What a resident is found by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    /// Who.
    pub id: ResidentId,
    /// As written.
    pub name: &'a str,
    /// In full.
    pub pinyin: &'a str,
    /// Initials of it.
    pub initials: &'a str,
}

impl<'a> Name<'a> {
    /// That of a row.
    pub(super) fn of(row: &'a ResidentRow) -> Name<'a> {
        Name { id: row.id, name: &row.name, pinyin: &row.name_pinyin, initials: &row.name_initials }
    }
}

#[derive(Insertable)]
#[diesel(table_name = name_part)]
struct NamePart<'a> {
    street_code: &'a str,
    part: String,
    name_pinyin: &'a str,
    resident_id: ResidentId,
}

/// Makes names findable.
pub(super) fn insert_names<'a>(
    conn: &mut Db,
    street: &str,
    names: impl Iterator<Item = Name<'a>>,
) -> QueryResult<usize> {
    let rows: Vec<NamePart<'_>> = names
        .flat_map(|name| {
            name_parts(name.name, name.initials).into_iter().map(move |part| NamePart {
                street_code: street,
                part,
                name_pinyin: name.pinyin,
                resident_id: name.id,
            })
        })
        .collect();
    insert_batches!(conn, name_part::table, rows)
}

/// A resident will no longer be found by this name.
pub(super) fn delete_name(conn: &mut Db, street: &str, name: &Name<'_>) -> QueryResult<usize> {
    diesel::delete(
        name_part::table
            .filter(name_part::street_code.eq(street))
            .filter(name_part::part.eq_any(name_parts(name.name, name.initials)))
            .filter(name_part::name_pinyin.eq(name.pinyin))
            .filter(name_part::resident_id.eq(name.id)),
    )
    .execute(conn)
}

/// The resident of a part.
macro_rules! same_resident {
    () => {
        resident::table.on(resident::street_code
            .eq(name_part::street_code)
            .and(resident::id.eq(name_part::resident_id)))
    };
}

/// Narrows a query of residents to a name.
macro_rules! of_name {
    ($query:expr, $name:expr) => {
        match $name {
            NameMatch::Part(text) => $query.filter(sql::<Text>("lower(name)").like(anywhere(text))),
            NameMatch::Sound(sound) => {
                let begins = format!("{sound}%");
                $query.filter(
                    resident::name_initials
                        .like(begins.clone())
                        .or(resident::name_pinyin.like(begins)),
                )
            }
        }
    };
}

fn anywhere(text: &str) -> String {
    format!("%{}%", text.to_ascii_lowercase())
}

/// The ids of those whose pinyin begins so.
macro_rules! sounding {
    ($street:expr, $sound:expr) => {
        resident::table
            .filter(resident::street_code.eq($street))
            .filter(resident::name_pinyin.ge($sound).and(resident::name_pinyin.lt(end_of($sound))))
            .select(resident::id)
    };
}

/// The ids of those who have a part in their name or initials.
macro_rules! of_part {
    ($street:expr, $part:expr) => {
        name_part::table
            .filter(name_part::street_code.eq($street).and(name_part::part.eq($part)))
            .select(name_part::resident_id)
    };
}

/// The residents of a name in the scope and in `areas`.
///
/// # Errors
/// The database failed.
pub fn find_named(
    conn: &mut Db,
    scope: &Scope,
    areas: Option<&[String]>,
    name: &NameMatch,
) -> QueryResult<Named> {
    let street = scope.street_code();
    if is_common(conn, street, name)? {
        return match within(scope, areas) {
            Some(areas) if few(conn, street, &areas)? => {
                let mut keys = list_keys_in(conn, street, &areas, name)?;
                keys.sort_unstable();
                Ok(Named::All(keys))
            }
            _ => Ok(Named::Many),
        };
    }
    let mut ids = match name {
        NameMatch::Part(text) => ids_of_part(conn, street, Some(part_of(text)), name)?,
        NameMatch::Sound(sound) => {
            let mut ids = ids_of_part(conn, street, part_of_initials(sound), name)?;
            ids.extend(sounding!(street, sound).load::<ResidentId>(conn)?);
            ids
        }
    };
    ids.sort_unstable();
    ids.dedup();
    let mut keys = list_person_keys(conn, scope, areas, None, &ids)?;
    keys.sort_unstable();
    Ok(Named::All(keys))
}

/// Whether more than [`COUNTED`] in the street bear the name or sound so. The
/// database steps over them: they are not read.
fn is_common(conn: &mut Db, street: &str, name: &NameMatch) -> QueryResult<bool> {
    let part = match name {
        NameMatch::Part(text) => Some(part_of(text)),
        NameMatch::Sound(sound) => {
            let beyond = sounding!(street, sound).offset(COUNTED).first::<ResidentId>(conn);
            if beyond.optional()?.is_some() {
                return Ok(true);
            }
            part_of_initials(sound)
        }
    };
    let Some((part, whole)) = part else { return Ok(false) };
    let of_part = of_part!(street, part);
    let beyond = if whole {
        of_part.offset(COUNTED).first::<ResidentId>(conn)
    } else {
        of_name!(of_part.inner_join(same_resident!()).into_boxed(), name)
            .offset(COUNTED)
            .first(conn)
    };
    Ok(beyond.optional()?.is_some())
}

fn ids_of_part(
    conn: &mut Db,
    street: &str,
    part: Option<(String, bool)>,
    name: &NameMatch,
) -> QueryResult<Vec<ResidentId>> {
    let Some((part, whole)) = part else { return Ok(Vec::new()) };
    let of_part = of_part!(street, part);
    if whole {
        return of_part.load(conn);
    }
    of_name!(of_part.inner_join(same_resident!()).into_boxed(), name).load(conn)
}

/// Whether so few live there that each can be looked at.
fn few(conn: &mut Db, street: &str, areas: &[String]) -> QueryResult<bool> {
    let beyond: Option<ResidentId> = resident::table
        .filter(resident::street_code.eq(street).and(resident::area_code.eq_any(areas)))
        .select(resident::id)
        .offset(FEW)
        .first(conn)
        .optional()?;
    Ok(beyond.is_none())
}

/// A page of the residents of a common name, by pinyin; a page before comes
/// nearest first.
///
/// # Errors
/// The database failed.
pub fn search_named(
    conn: &mut Db,
    scope: &Scope,
    filter: &PersonFilter,
    name: &NameMatch,
    place: &Place<(String, ResidentId)>,
    limit: i64,
) -> QueryResult<Vec<ResidentRow>> {
    let part = match name {
        NameMatch::Part(text) => Some(part_of(text)),
        NameMatch::Sound(sound) => part_of_initials(sound),
    };
    let mut rows = match part {
        Some(part) => search_part(conn, scope, filter, (part, name), place, limit)?,
        None => Vec::new(),
    };
    if let NameMatch::Sound(sound) = name {
        let filter = PersonFilter { sound: Some(sound.clone()), ..filter.clone() };
        rows.extend(search_residents(conn, scope, &filter, place, limit)?);
        rows.sort_unstable_by(|a, b| (&a.name_pinyin, a.id).cmp(&(&b.name_pinyin, b.id)));
        if matches!(place, Place::Before(_)) {
            rows.reverse();
        }
        rows.dedup_by_key(|row| row.id);
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    Ok(rows)
}

/// How many residents of a common name there are: goes through everybody in
/// the areas.
///
/// # Errors
/// The database failed.
pub fn count_named(
    conn: &mut Db,
    scope: &Scope,
    filter: &PersonFilter,
    name: &NameMatch,
) -> QueryResult<i64> {
    let mut query = resident::table
        .filter(resident::street_code.eq(scope.street_code()))
        .select(count_star())
        .into_boxed();
    if let Some(areas) = within(scope, filter.areas.as_deref()) {
        query = query.filter(resident::area_code.eq_any(areas));
    }
    if let Some(status) = filter.status {
        query = query.filter(resident::status.eq(status));
    }
    of_name!(query, name).get_result(conn)
}

fn search_part(
    conn: &mut Db,
    scope: &Scope,
    filter: &PersonFilter,
    ((part, whole), name): ((String, bool), &NameMatch),
    place: &Place<(String, ResidentId)>,
    limit: i64,
) -> QueryResult<Vec<ResidentRow>> {
    let mut query = name_part::table
        .inner_join(same_resident!())
        .filter(name_part::street_code.eq(scope.street_code()))
        .filter(name_part::part.eq(part))
        .select(ResidentRow::as_select())
        .limit(limit)
        .into_boxed();
    if let Some(areas) = within(scope, filter.areas.as_deref()) {
        query = query.filter(resident::area_code.eq_any(areas));
    }
    if let Some(status) = filter.status {
        query = query.filter(resident::status.eq(status));
    }
    if !whole {
        query = of_name!(query, name);
    }
    by_pinyin!(query, place, name_part::name_pinyin, name_part::resident_id).load(conn)
}

macro_rules! person_key {
    () => {
        (resident::name_pinyin, resident::id, resident::area_code, resident::status)
    };
}

/// Those of some residents that lie in the scope and in `areas` and bear the
/// name, in no order.
///
/// # Errors
/// The database failed.
pub fn list_person_keys(
    conn: &mut Db,
    scope: &Scope,
    areas: Option<&[String]>,
    name: Option<&NameMatch>,
    ids: &[ResidentId],
) -> QueryResult<Vec<PersonKey>> {
    let street = scope.street_code();
    let mut keys: Vec<PersonKey> = Vec::with_capacity(ids.len());
    for some in ids.chunks(BATCH) {
        let mut query = resident::table
            .filter(resident::street_code.eq(street).and(resident::id.eq_any(some)))
            .select(person_key!())
            .into_boxed();
        if let Some(name) = name {
            query = of_name!(query, name);
        }
        keys.extend(query.load::<PersonKey>(conn)?);
    }
    let areas = within(scope, areas);
    keys.retain(|key| areas.as_ref().is_none_or(|areas| areas.contains(&key.area_code)));
    Ok(keys)
}

/// A common name in few areas: through the index of the areas.
fn list_keys_in(
    conn: &mut Db,
    street: &str,
    areas: &[String],
    name: &NameMatch,
) -> QueryResult<Vec<PersonKey>> {
    let query = resident::table
        .filter(resident::street_code.eq(street).and(resident::area_code.eq_any(areas)))
        .select(person_key!())
        .into_boxed();
    of_name!(query, name).load(conn)
}
