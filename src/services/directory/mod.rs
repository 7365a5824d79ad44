//! The registry as its pages show it: lists, a person's page, a household's
//! page. Numbers are masked here, before any front end sees them (SEC-117).

mod awards;
mod history;
mod home;
mod people;
mod person;

pub use awards::{AwardItem, AwardList, AwardQuery, list_street_awards};
pub use history::{HistoryLine, LastChange, Said, last_change};
pub use home::{
    HomeLine, HomeMembers, HomePage, HomeQuery, Member, list_homes, load_home, load_home_members,
};
pub use people::{PeopleQuery, PersonLine, count_people, list_people};
pub use person::{
    AwardLine, CertificateLine, EventLine, FactLine, Membership, PersonPage, VisitLine, load_person,
};

use super::auth::{Authorized, Permit, ViewRegistry};
use super::record::open_opt;
use crate::domain::area::Level;
use crate::domain::mask;
use crate::domain::role::Permission;
use crate::error::AppResult;
use crate::store::area::{self, AreaTree};
use crate::store::directory::Place;
use crate::store::resident::{DOC_NO, PHONE, ResidentRow};
use crate::store::{Db, Store};

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Paged<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// How many rows there are on all pages; `None`: too many to be counted for
    /// every page.
    pub total: Option<i64>,
    /// Whether there are rows before.
    pub has_previous: bool,
    /// Whether there are rows after.
    pub has_next: bool,
    /// Whether the search matches too much to be shown: there are no rows then.
    pub vague: bool,
}

impl<T> Paged<T> {
    /// The page of a search that matches too much.
    fn too_vague() -> Paged<T> {
        Paged { rows: Vec::new(), total: None, has_previous: false, has_next: false, vague: true }
    }

    /// The same page with other rows.
    fn with<U>(&self, rows: Vec<U>) -> Paged<U> {
        let Paged { total, has_previous, has_next, vague, .. } = *self;
        Paged { rows, total, has_previous, has_next, vague }
    }
}

/// A page out of keys that are all known and in order.
fn cut<K: Clone, P: Ord>(
    keys: &[K],
    place: &Place<P>,
    limit: i64,
    place_of: impl Fn(&K) -> P,
) -> Paged<K> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (first, last) = match place {
        Place::Start => (0, limit),
        Place::After(place) => {
            let first = keys.partition_point(|key| place_of(key) <= *place);
            (first, first.saturating_add(limit))
        }
        Place::Before(place) => {
            let last = keys.partition_point(|key| place_of(key) < *place);
            (last.saturating_sub(limit), last)
        }
    };
    let last = last.min(keys.len());
    Paged {
        rows: keys.get(first..last).unwrap_or_default().to_vec(),
        total: i64::try_from(keys.len()).ok(),
        has_previous: first > 0,
        has_next: last < keys.len(),
        vague: false,
    }
}

/// Cuts the extra row that says whether there is another page, and puts rows
/// that were read backwards in order.
fn paged<T>(mut rows: Vec<T>, place: &PageAt, limit: i64, total: Option<i64>) -> Paged<T> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let (has_previous, has_next) = match place {
        PageAt::Start => (false, more),
        PageAt::After => (true, more),
        PageAt::Before => (more, true),
    };
    if *place == PageAt::Before {
        rows.reverse();
    }
    Paged { rows, total, has_previous, has_next, vague: false }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PageAt {
    Start,
    After,
    Before,
}

impl<K> From<&Place<K>> for PageAt {
    fn from(place: &Place<K>) -> PageAt {
        match place {
            Place::Start => PageAt::Start,
            Place::After(_) => PageAt::After,
            Place::Before(_) => PageAt::Before,
        }
    }
}

/// An area that a list can be narrowed to, or a person entered in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AreaOption {
    /// Code.
    pub code: String,
    /// Name, with the community's in front of a grid's.
    pub name: String,
}

/// The communities and grids of the caller's scope, in code order.
///
/// # Errors
/// The database failed.
pub fn list_area_options(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<AreaOption>> {
    let mut options = list_street_areas(store, by)?;
    options.retain(|option| by.scope().contains(&option.code));
    Ok(options)
}

/// Those of the caller's whole street: where somebody can move to.
///
/// # Errors
/// The database failed.
pub fn list_street_areas(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<AreaOption>> {
    let today = store.clock().today();
    store.read(|conn| {
        let tree = area::load_tree(conn, today)?;
        let codes = [Level::Community, Level::Grid].map(|level| tree.codes_at(level)).concat();
        let mut options: Vec<AreaOption> = codes
            .into_iter()
            .filter(|code| tree.street_of(code) == Some(by.street()))
            .map(|code| AreaOption { name: area_name(&tree, &code), code })
            .collect();
        options.sort_by(|a, b| a.code.cmp(&b.code));
        Ok(options)
    })
}

/// The communities of the other streets of the registry, each with its street
/// in front: where somebody can move to.
///
/// # Errors
/// The database failed.
pub fn list_other_areas(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
) -> AppResult<Vec<AreaOption>> {
    let today = store.clock().today();
    store.read(|conn| {
        let tree = area::load_tree(conn, today)?;
        let named = |code: String| {
            let street = tree.street_of(&code).filter(|street| *street != by.street())?;
            let street = tree.area(street)?.name.clone();
            Some(AreaOption { name: format!("{street} {}", area_name(&tree, &code)), code })
        };
        Ok(tree.codes_at(Level::Community).into_iter().filter_map(named).collect())
    })
}

/// `淮海社区 第一网格`.
pub(crate) fn area_name(tree: &AreaTree, code: &str) -> String {
    let Some(row) = tree.area(code) else { return code.to_owned() };
    if row.level != Level::Grid {
        return row.name.clone();
    }
    match tree.at_level(code, Level::Community) {
        // Many offices name the community in the grid's name already.
        Some(above) if !row.name.starts_with(&above.name) => {
            format!("{} {}", above.name, row.name)
        }
        _ => row.name.clone(),
    }
}

/// An area and everything below it, as a filter.
fn below(conn: &mut Db, store: &Store, code: Option<&str>) -> AppResult<Option<Vec<String>>> {
    let Some(code) = code else { return Ok(None) };
    let tree = area::load_tree(conn, store.clock().today())?;
    Ok(Some(tree.below(code)))
}

/// Whether names and addresses are shown in full: to whoever keeps the
/// records, not to who only reads them.
pub(crate) fn sees_names<P: Permit>(by: &Authorized<'_, P>) -> bool {
    by.role().may(Permission::EditRegistry)
}

pub(crate) fn shown_name(name: &str, plain: bool) -> String {
    if plain { name.to_owned() } else { mask::name(name) }
}

pub(crate) fn shown_address(address: &str, plain: bool) -> String {
    if plain { address.to_owned() } else { mask::address(address) }
}

pub(crate) fn masked_number(store: &Store, row: &ResidentRow) -> AppResult<String> {
    let number = open_opt(store.cipher(), DOC_NO, row.id.0, row.doc_no_enc.as_deref())?;
    Ok(match number {
        Some(number) => mask::id_number(&number),
        None => row.temp_no.clone().unwrap_or_default(),
    })
}

pub(crate) fn masked_phone(store: &Store, row: &ResidentRow) -> AppResult<String> {
    let phone = open_opt(store.cipher(), PHONE, row.id.0, row.phone_enc.as_deref())?;
    Ok(phone.map(|phone| mask::phone(&phone)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_cut_on_either_side_of_a_key() {
        let keys = [1, 2, 3, 4, 5];
        let page = |place: Place<i32>| {
            let page = cut(&keys, &place, 2, |key| *key);
            (page.rows, page.has_previous, page.has_next)
        };
        assert_eq!(page(Place::Start), (vec![1, 2], false, true));
        assert_eq!(page(Place::After(2)), (vec![3, 4], true, true));
        assert_eq!(page(Place::After(4)), (vec![5], true, false));
        assert_eq!(page(Place::After(9)), (vec![], true, false));
        assert_eq!(page(Place::Before(4)), (vec![2, 3], true, true));
        assert_eq!(page(Place::Before(2)), (vec![1], false, true));
        assert_eq!(cut(&keys, &Place::Start, 9, |key| *key).total, Some(5));
    }
}
