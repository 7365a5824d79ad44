//! P-23: the list of residents.

use super::{
    Paged, area_name, below, cut, masked_number, paged, sees_names, shown_address, shown_name,
};
use crate::domain::citizen_id::age_on;
use crate::domain::code_table::{Relation, ResidenceStatus};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::resident::ResidentStatus;
use crate::error::AppResult;
use crate::services::auth::{Authorized, ViewRegistry};
use crate::store::directory::{self as rows, PersonFilter, Place};
use crate::store::search::{find_at, list_people_in};
use crate::store::search_name::{self as names, NameMatch, Named, PersonKey};
use crate::store::{Db, Store, area, resident};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct PeopleQuery {
    /// Part of a name, or the beginning of its pinyin or initials.
    pub name: Option<String>,
    /// Part of an address.
    pub address: Option<String>,
    /// Community or grid.
    pub area: Option<String>,
    /// State of the record.
    pub status: Option<ResidentStatus>,
    /// Where the page begins: pinyin and id.
    pub place: Place<(String, ResidentId)>,
    /// Rows per page.
    pub limit: i64,
}

/// One row of the list.
#[derive(Debug, Clone)]
pub struct PersonLine {
    /// Id.
    pub id: ResidentId,
    /// For the next page's key.
    pub name_pinyin: String,
    /// Name; masked for readers.
    pub name: String,
    /// Masked number.
    pub number: String,
    /// GB/T 2261.1.
    pub sex: i32,
    /// In years.
    pub age: i32,
    /// Name of the area.
    pub area: String,
    /// Address of the dwelling, else of another household.
    pub address: String,
    /// To the head of that household.
    pub relation: Option<Relation>,
    /// R1–R7.
    pub residence: ResidenceStatus,
    /// State of the record.
    pub status: ResidentStatus,
}

/// What a search for a name, an address or both comes to.
enum Searched {
    /// Nothing is searched for.
    Not,
    /// An address that says too little.
    Vague,
    /// A name that many bear.
    Common(NameMatch),
    /// In the order of lists.
    Found(Vec<PersonKey>),
}

fn searched(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    query: &PeopleQuery,
    areas: Option<&[String]>,
) -> AppResult<Searched> {
    let name = query.name.as_deref().and_then(name_match);
    let address = query.address.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let Some(address) = address else {
        let Some(name) = name else { return Ok(Searched::Not) };
        return Ok(match names::find_named(conn, by.scope(), areas, &name)? {
            Named::All(keys) => Searched::Found(keys),
            Named::Many => Searched::Common(name),
        });
    };
    let Some(homes) = find_at(conn, by.scope(), None, address)? else {
        return Ok(Searched::Vague);
    };
    let homes: Vec<HouseholdId> = homes.iter().filter(|h| !h.closed).map(|h| h.id).collect();
    let people = list_people_in(conn, by.street(), &homes)?;
    let mut keys = names::list_person_keys(conn, by.scope(), areas, name.as_ref(), &people)?;
    keys.sort_unstable();
    Ok(Searched::Found(keys))
}

/// How a typed name is searched for: letters are a sound, anything else a part.
fn name_match(text: &str) -> Option<NameMatch> {
    let text: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '%' | '_')).collect();
    if text.is_empty() {
        return None;
    }
    if text.chars().all(|c| c.is_ascii_alphabetic()) {
        return Some(NameMatch::Sound(text.to_ascii_lowercase()));
    }
    Some(NameMatch::Part(text))
}

/// A page of residents by pinyin, within the scope.
///
/// # Errors
/// A sealed number that does not open; the database failed.
pub fn list_people(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    query: &PeopleQuery,
) -> AppResult<Paged<PersonLine>> {
    let today = store.clock().today();
    let plain = sees_names(by);
    store.read(|conn| {
        let areas = below(conn, store, query.area.as_deref())?;
        let page = match searched(conn, by, query, areas.as_deref())? {
            Searched::Not => {
                let filter = PersonFilter { areas, status: query.status, sound: None };
                let total = rows::count_found(conn, by.scope(), &filter)?;
                let found = rows::search_residents(
                    conn,
                    by.scope(),
                    &filter,
                    &query.place,
                    query.limit + 1,
                )?;
                paged(found, &(&query.place).into(), query.limit, Some(total))
            }
            Searched::Common(name) => {
                let filter = PersonFilter { areas, status: query.status, sound: None };
                let found = names::search_named(
                    conn,
                    by.scope(),
                    &filter,
                    &name,
                    &query.place,
                    query.limit + 1,
                )?;
                paged(found, &(&query.place).into(), query.limit, None)
            }
            Searched::Vague => Paged::too_vague(),
            Searched::Found(mut keys) => {
                keys.retain(|key| query.status.is_none_or(|status| key.status == status));
                let page =
                    cut(&keys, &query.place, query.limit, |key| (key.name_pinyin.clone(), key.id));
                let ids: Vec<ResidentId> = page.rows.iter().map(|key| key.id).collect();
                let mut people = resident::list_residents_by_id(conn, by.street(), &ids)?;
                people.sort_by(|a, b| (&a.name_pinyin, a.id).cmp(&(&b.name_pinyin, b.id)));
                page.with(people)
            }
        };
        let ids: Vec<ResidentId> = page.rows.iter().map(|row| row.id).collect();
        let homes = rows::list_homes_of(conn, by.street(), &ids)?;
        let tree = area::load_tree(conn, today)?;
        let mut lines = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            let mine = || homes.iter().filter(|(id, ..)| *id == row.id);
            let home = mine()
                .find(|(_, _, home)| home.kind == HouseholdKind::Residence)
                .or_else(|| mine().next());
            lines.push(PersonLine {
                id: row.id,
                name: shown_name(&row.name, plain),
                number: masked_number(store, row)?,
                sex: row.sex,
                age: age_on(row.birth_on, today),
                area: area_name(&tree, &row.area_code),
                address: home.map(|h| shown_address(&h.2.address, plain)).unwrap_or_default(),
                relation: home.and_then(|h| Relation::parse(&h.1)),
                residence: row.residence_status,
                status: row.status,
                name_pinyin: row.name_pinyin.clone(),
            });
        }
        Ok(page.with(lines))
    })
}

/// How many residents the query finds, however many they are.
///
/// # Errors
/// The database failed.
pub fn count_people(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    query: &PeopleQuery,
) -> AppResult<i64> {
    let first = PeopleQuery { place: Place::Start, limit: 1, ..query.clone() };
    let page = list_people(store, by, &first)?;
    match (page.total, query.name.as_deref().and_then(name_match)) {
        (None, Some(name)) if !page.vague => store.read(|conn| {
            let areas = below(conn, store, query.area.as_deref())?;
            let filter = PersonFilter { areas, status: query.status, sound: None };
            Ok(names::count_named(conn, by.scope(), &filter, &name)?)
        }),
        (total, _) => Ok(total.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_a_sound_and_wildcards_are_nothing() {
        assert_eq!(name_match("ZS"), Some(NameMatch::Sound("zs".to_owned())));
        assert_eq!(name_match("三丰"), Some(NameMatch::Part("三丰".to_owned())));
        assert_eq!(name_match(" %_ "), None);
    }
}
