//! Quarterly co-visits (`domain.md` §7): whoever is on the mental-health
//! register is visited once a quarter, with a psychiatrist of the community
//! health service. The visits plan themselves; nobody has to remember them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::hand_over::keepers;
use super::insert;
use crate::domain::fact::FactKind;
use crate::domain::ids::{ResidentId, lettered};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Rights;
use crate::domain::visit::{Purpose, VisitStatus};
use crate::error::AppResult;
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::record::{Act, Changes};
use crate::store::audit::Entry;
use crate::store::visit::VisitRow;
use crate::store::{Db, Store, book, co_visit, fact, membership, resident};

/// Who comes along.
const CO_VISITOR: &str = "精防医生";
/// Who goes where no account keeps the area yet.
const NOBODY: &str = "待派";

/// First and last day of the quarter that a day lies in.
fn quarter_of(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let last = Month::of(day).quarter_end();
    (last.prev().prev().first_day(), last.last_day())
}

/// Patients on the register who have no visit in this quarter, planned or made.
fn missing(conn: &mut Db, street: &str, today: NaiveDate) -> AppResult<BTreeSet<ResidentId>> {
    let mut latest = BTreeMap::new();
    for row in fact::list_facts_of_kind(conn, street, FactKind::MentalRegister)? {
        let counts = row.from_month <= Month::of(today)
            && row.to_month.is_none_or(|to| to > Month::of(today))
            && row.known_on <= today
            && row.annulled_on.is_none();
        if counts {
            let newest = latest.entry(row.resident_id).or_insert((row.known_on, row.id, None));
            if (newest.0, newest.1) <= (row.known_on, row.id) {
                *newest = (row.known_on, row.id, row.code);
            }
        }
    }
    let (from, to) = quarter_of(today);
    let seen: BTreeSet<ResidentId> =
        co_visit::list_visited_in(conn, street, Purpose::Mental, from, to)?.into_iter().collect();
    let on_register = latest.into_iter().filter(|(id, (_, _, code))| {
        code.as_deref() != Some(FactKind::ENDED) && !seen.contains(id)
    });
    Ok(on_register.map(|(id, _)| id).collect())
}

/// Plans this quarter's visits, due on its last day, in every street. Returns
/// how many. Called again it plans nothing new.
///
/// # Errors
/// The database failed.
pub fn plan_quarter(store: &Store) -> AppResult<usize> {
    let today = store.clock().today();
    let mut planned = 0;
    for street in store.read(|conn| Ok(book::list_streets(conn)?))? {
        if !store.read(|conn| missing(conn, &street, today))?.is_empty() {
            planned += plan_street(store, &street, today)?;
        }
    }
    Ok(planned)
}

fn plan_street(store: &Store, street: &str, today: NaiveDate) -> AppResult<usize> {
    store.write(street, |tx| {
        let ids: Vec<ResidentId> = missing(tx.conn, street, today)?.into_iter().collect();
        let keepers = keepers(tx.conn, street, today)?;
        let mut changes = Changes::default();
        let (mut first, mut count) = (0, 0);
        for person in resident::list_residents_by_id(tx.conn, street, &ids)? {
            if person.status != ResidentStatus::Active {
                continue;
            }
            let homes = membership::list_open_memberships_of(tx.conn, street, person.id)?;
            let id = tx.next_id();
            let keeper = keepers.get(&person.area_code);
            let row = VisitRow {
                id,
                street_code: street.to_owned(),
                visit_no: lettered('V', id),
                household_id: homes.first().map(|m| m.household_id),
                purpose: Purpose::Mental,
                planned_on: Some(quarter_of(today).1),
                done_on: None,
                worker: keeper.map_or(NOBODY, String::as_str).to_owned(),
                co_visitor: Some(CO_VISITOR.to_owned()),
                result: None,
                status: if keeper.is_some() { VisitStatus::Assigned } else { VisitStatus::Planned },
                reviewed_on: None,
                import_id: None,
                changed: String::new(),
            };
            insert(tx, &row, &[person.id])?;
            changes.created("visit", id);
            (first, count) = (id, count + 1);
        }
        if count > 0 {
            let act = Act {
                street,
                actor: "system",
                action: "visit.plan_quarter",
                object_kind: "visit",
                object_id: first,
                reason: None,
            };
            changes.write(tx, &act)?;
        }
        Ok(count)
    })
}

/// A co-visit that is still to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoVisit {
    /// Whom it is about.
    pub resident: ResidentId,
    /// Name.
    pub name: String,
    /// The last day.
    pub due_on: Option<NaiveDate>,
    /// Who goes.
    pub worker: String,
    /// Who comes along.
    pub co_visitor: String,
}

/// The co-visits of the caller's areas that are still to be made; that they were
/// looked at is logged. Without the right there are none.
///
/// # Errors
/// The database failed.
pub fn list_co_visits(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
) -> AppResult<Vec<CoVisit>> {
    if !rights.mental {
        return Ok(Vec::new());
    }
    let lines: Vec<CoVisit> = store.read(|conn| {
        let open = co_visit::list_open_to(conn, by.scope(), Purpose::Mental)?;
        let lines = open.into_iter().map(|visit| CoVisit {
            resident: visit.resident,
            name: visit.name,
            due_on: visit.planned_on,
            worker: visit.worker,
            co_visitor: visit.co_visitor.unwrap_or_default(),
        });
        Ok(lines.collect())
    })?;
    if !lines.is_empty() {
        store.write(by.street(), |tx| {
            tx.audit(&Entry {
                actor: by.username(),
                action: "protection.list",
                object_kind: "visit",
                object_id: None,
                reason: None,
                detail: Some(&format!("rows={}", lines.len())),
            })?;
            Ok(())
        })?;
    }
    Ok(lines)
}
