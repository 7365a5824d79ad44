//! P-20 and P-21: the list of households and a household's page.

use chrono::NaiveDate;

use super::history::history_lines;
use super::person::visit_lines;
use super::{
    HistoryLine, Paged, VisitLine, area_name, below, cut, masked_number, paged, sees_names,
    shown_address, shown_name,
};
use crate::domain::citizen_id::age_on;
use crate::domain::code_table::{Relation, ResidenceStatus};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::resident::ResidentStatus;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::view_log::{self, Viewed};
use crate::store::directory::{self as rows, HomeFilter, Place};
use crate::store::household::{self, HouseholdRow};
use crate::store::{Db, Store, area, membership, resident, search};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct HomeQuery {
    /// Part of the address or of the number.
    pub text: Option<String>,
    /// Community or grid.
    pub area: Option<String>,
    /// Which grouping.
    pub kind: Option<HouseholdKind>,
    /// Closed ones too.
    pub closed: bool,
    /// Where the page begins.
    pub place: Place<HouseholdId>,
    /// Rows per page.
    pub limit: i64,
}

/// One row of the list.
#[derive(Debug, Clone)]
pub struct HomeLine {
    /// Id.
    pub id: HouseholdId,
    /// 户号.
    pub number: String,
    /// Kind.
    pub kind: HouseholdKind,
    /// Address; masked for readers.
    pub address: String,
    /// Name of the head; masked for readers.
    pub head: String,
    /// Open members.
    pub members: i64,
    /// Name of the area.
    pub area: String,
    /// Last day.
    pub closed_on: Option<NaiveDate>,
}

/// A page of households within the scope.
///
/// # Errors
/// The database failed.
pub fn list_homes(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    query: &HomeQuery,
) -> AppResult<Paged<HomeLine>> {
    let plain = sees_names(by);
    store.read(|conn| {
        let areas = below(conn, store, query.area.as_deref())?;
        let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let page = match text {
            None => {
                let filter = HomeFilter { areas, kind: query.kind, closed: query.closed };
                let total = rows::count_homes(conn, by.scope(), &filter)?;
                let found = rows::search_households(
                    conn,
                    by.scope(),
                    &filter,
                    &query.place,
                    query.limit + 1,
                )?;
                paged(found, &(&query.place).into(), query.limit, Some(total))
            }
            Some(text) => match search::find_at(conn, by.scope(), areas.as_deref(), text)? {
                None => Paged::too_vague(),
                Some(mut keys) => {
                    keys.retain(|key| query.kind.is_none_or(|kind| key.kind == kind));
                    keys.retain(|key| query.closed || !key.closed);
                    let page = cut(&keys, &query.place, query.limit, |key| key.id);
                    let ids: Vec<HouseholdId> = page.rows.iter().map(|key| key.id).collect();
                    let mut homes = household::list_households_by_id(conn, by.street(), &ids)?;
                    homes.sort_by_key(|home| home.id);
                    page.with(homes)
                }
            },
        };
        let ids: Vec<HouseholdId> = page.rows.iter().map(|row| row.id).collect();
        let heads: Vec<ResidentId> = page.rows.iter().filter_map(|row| row.head_id).collect();
        let heads = resident::list_residents_by_id(conn, by.street(), &heads)?;
        let counts = rows::count_members(conn, by.street(), &ids)?;
        let tree = area::load_tree(conn, store.clock().today())?;
        let lines = page.rows.iter().map(|row| HomeLine {
            head: heads
                .iter()
                .find(|head| Some(head.id) == row.head_id)
                .map(|head| shown_name(&head.name, plain))
                .unwrap_or_default(),
            members: counts.iter().find(|(id, _)| *id == row.id).map_or(0, |(_, n)| *n),
            area: area_name(&tree, &row.area_code),
            address: shown_address(&row.address, plain),
            id: row.id,
            number: row.household_no.clone(),
            kind: row.kind,
            closed_on: row.closed_on,
        });
        Ok(page.with(lines.collect()))
    })
}

/// One member, present or past.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub id: ResidentId,
    /// Name; masked for readers.
    pub name: String,
    /// Masked number.
    pub number: String,
    /// To the head.
    pub relation: Option<Relation>,
    /// GB/T 2261.1.
    pub sex: i32,
    /// In years.
    pub age: i32,
    /// R1–R7.
    pub residence: ResidenceStatus,
    /// State of the record.
    pub status: ResidentStatus,
    /// Whether the assistance counts them.
    pub counted: bool,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: Option<NaiveDate>,
    /// Whether the caller may open the person's page.
    pub in_scope: bool,
}

/// A household's page.
#[derive(Debug, Clone)]
pub struct HomePage {
    /// The record.
    pub row: HouseholdRow,
    /// Address; masked for readers.
    pub address: String,
    /// Name of the area.
    pub area: String,
    /// Present members, the head first.
    pub members: Vec<Member>,
    /// Past members.
    pub past: Vec<Member>,
    /// Visits.
    pub visits: Vec<VisitLine>,
    /// History, the latest first.
    pub history: Vec<HistoryLine>,
}

/// A household with everybody who is or was in it, the head first.
#[derive(Debug, Clone)]
pub struct HomeMembers {
    /// The record.
    pub row: HouseholdRow,
    /// Address; masked for readers.
    pub address: String,
    /// Present members, the head first.
    pub members: Vec<Member>,
    /// Past members.
    pub past: Vec<Member>,
}

/// A household with its members, in two queries.
///
/// # Errors
/// Not found or out of scope; a sealed value that does not open.
pub fn load_home_members(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: HouseholdId,
) -> AppResult<HomeMembers> {
    let home = store.read(|conn| home_members(conn, store, by, id))?;
    view_log::note(store, by, Viewed::Household(id))?;
    Ok(home)
}

fn home_members(
    conn: &mut Db,
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: HouseholdId,
) -> AppResult<HomeMembers> {
    let (today, plain) = (store.clock().today(), sees_names(by));
    let row = household::find_household(conn, by.scope(), id)?
        .ok_or_else(|| AppError::not_found("户", "household"))?;
    let (mut members, mut past) = (Vec::new(), Vec::new());
    for (m, person) in membership::list_members_with_people(conn, by.street(), id)? {
        let member = Member {
            id: person.id,
            name: shown_name(&person.name, plain),
            number: masked_number(store, &person)?,
            relation: Relation::parse(&m.relation_code),
            sex: person.sex,
            age: age_on(person.birth_on, today),
            residence: person.residence_status,
            status: person.status,
            counted: m.counted,
            from_on: m.from_on,
            to_on: m.to_on,
            in_scope: by.scope().contains(&person.area_code),
        };
        if m.to_on.is_none() { members.push(member) } else { past.push(member) }
    }
    members.sort_by_key(|m| (!m.relation.is_some_and(Relation::is_head), -m.age));
    past.sort_by_key(|m| m.from_on);
    Ok(HomeMembers { address: shown_address(&row.address, plain), members, past, row })
}

/// A household's page.
///
/// # Errors
/// Not found or out of scope; a sealed value that does not open.
pub fn load_home(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: HouseholdId,
) -> AppResult<HomePage> {
    let page = store.read(|conn| {
        let HomeMembers { row, address, members, past } = home_members(conn, store, by, id)?;
        let tree = area::load_tree(conn, store.clock().today())?;
        Ok(HomePage {
            address,
            area: area_name(&tree, &row.area_code),
            members,
            past,
            visits: visit_lines(rows::list_visits_to(conn, by.street(), id)?),
            history: history_lines(conn, store, by, "household", id.0)?,
            row,
        })
    })?;
    view_log::note(store, by, Viewed::Household(id))?;
    Ok(page)
}
