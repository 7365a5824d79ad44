//! P-24: everything that one page says about a person.

use chrono::NaiveDate;

use super::history::{HistoryLine, history_lines};
use super::{area_name, masked_number, masked_phone, sees_names, shown_address, shown_name};
use crate::domain::award::DecisionKind;
use crate::domain::citizen_id::age_on;
use crate::domain::code_table::Relation;
use crate::domain::fact::FactKind;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::life_event::EventKind;
use crate::domain::mask;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::role::Permission;
use crate::domain::visit::{Purpose, VisitResult, VisitStatus};
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::award::{AccountLine, account_lines};
use crate::services::record::sealed;
use crate::services::report::programs::load_in_force;
use crate::services::view_log::{self, Viewed};
use crate::store::certificate::CERT_NO;
use crate::store::resident::ResidentRow;
use crate::store::visit::VisitRow;
use crate::store::{
    Db, Store, area, award, certificate, decision, directory, fact, household, life_event,
    membership, resident,
};

/// One membership of the person.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Which household.
    pub household: HouseholdId,
    /// Its kind.
    pub kind: HouseholdKind,
    /// Its number.
    pub number: String,
    /// Its address; masked for readers.
    pub address: String,
    /// To the head.
    pub relation: Option<Relation>,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: Option<NaiveDate>,
    /// Whether the caller may open the household.
    pub in_scope: bool,
}

/// One disability certificate; category and grade stay sealed (SEC-117).
#[derive(Debug, Clone)]
pub struct CertificateLine {
    /// Id.
    pub id: i64,
    /// Masked number.
    pub number: String,
    /// Date of issue.
    pub issued_on: NaiveDate,
    /// Last valid day.
    pub valid_to: Option<NaiveDate>,
    /// The day it was cancelled.
    pub cancelled_on: Option<NaiveDate>,
    /// Whether it is valid today.
    pub valid: bool,
}

/// One award.
#[derive(Debug, Clone)]
pub struct AwardLine {
    /// Id.
    pub id: AwardId,
    /// Chinese label of the program.
    pub zh: String,
    /// English label.
    pub en: String,
    /// First day.
    pub opened_on: NaiveDate,
    /// The last decision: what, from which month.
    pub last: Option<(DecisionKind, Month)>,
    /// Whether something is held.
    pub held: bool,
}

/// One fact that the rules read; health and child protection have no line.
#[derive(Debug, Clone)]
pub struct FactLine {
    /// Its id.
    pub id: i64,
    /// What about.
    pub kind: FactKind,
    /// Kind of item, as the policy names it.
    pub code: String,
    /// Fen a year (income), or in all (property).
    pub amount: Option<Fen>,
    /// First month.
    pub from: Month,
    /// First month that it no longer covers.
    pub to: Option<Month>,
    /// Since when the office knows.
    pub known_on: NaiveDate,
    /// Whether it turned out to be wrong.
    pub annulled: bool,
}

/// One visit.
#[derive(Debug, Clone)]
pub struct VisitLine {
    /// Its id.
    pub id: i64,
    /// Purpose.
    pub purpose: Purpose,
    /// Planned day.
    pub planned_on: Option<NaiveDate>,
    /// The day it took place.
    pub done_on: Option<NaiveDate>,
    /// Who went.
    pub worker: String,
    /// What came of it.
    pub result: Option<VisitResult>,
    /// State.
    pub status: VisitStatus,
}

/// One event.
#[derive(Debug, Clone)]
pub struct EventLine {
    /// Id.
    pub id: i64,
    /// What.
    pub kind: EventKind,
    /// The day it happened.
    pub event_on: NaiveDate,
    /// The day of report.
    pub reported_on: NaiveDate,
    /// 1 confirmed, 2 reported, 3 matched only.
    pub confidence: i32,
    /// The day it turned out to be wrong.
    pub annulled_on: Option<NaiveDate>,
}

/// A person's page.
#[derive(Debug, Clone)]
pub struct PersonPage {
    /// The record; its numbers stay sealed.
    pub row: ResidentRow,
    /// Name; masked for readers.
    pub name: String,
    /// Always masked, for titles.
    pub masked_name: String,
    /// Masked number.
    pub number: String,
    /// Masked telephone.
    pub phone: String,
    /// Date of birth; of readers' pages only the year.
    pub birth: String,
    /// In years.
    pub age: i32,
    /// Name of the area.
    pub area: String,
    /// Memberships, open ones first.
    pub memberships: Vec<Membership>,
    /// Certificates.
    pub certificates: Vec<CertificateLine>,
    /// Awards of the person and of the households they are counted with.
    pub awards: Vec<AwardLine>,
    /// Payee accounts; only for whoever decides on awards.
    pub accounts: Vec<AccountLine>,
    /// Income and other facts; only for whoever decides on awards.
    pub facts: Vec<FactLine>,
    /// Visits.
    pub visits: Vec<VisitLine>,
    /// Events.
    pub events: Vec<EventLine>,
    /// History, the latest first.
    pub history: Vec<HistoryLine>,
}

/// A person's page.
///
/// # Errors
/// Not found or out of scope; a sealed value that does not open.
pub fn load_person(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
) -> AppResult<PersonPage> {
    let today = store.clock().today();
    let (plain, decides) = (sees_names(by), by.role().may(Permission::EditAward));
    let page = store.read(|conn| {
        let row = resident::find_resident(conn, by.scope(), id)?
            .ok_or_else(|| AppError::not_found("居民", "resident"))?;
        let tree = area::load_tree(conn, today)?;
        Ok(PersonPage {
            name: shown_name(&row.name, plain),
            masked_name: mask::name(&row.name),
            number: masked_number(store, &row)?,
            phone: masked_phone(store, &row)?,
            birth: if plain { row.birth_on.to_string() } else { mask::birth_year(row.birth_on) },
            age: age_on(row.birth_on, today),
            area: area_name(&tree, &row.area_code),
            memberships: memberships(conn, by, id)?,
            certificates: certificates(conn, store, by, id)?,
            awards: awards(conn, by, &row)?,
            accounts: if decides { account_lines(conn, store, by.street(), id)? } else { vec![] },
            facts: if decides { facts(conn, by, id)? } else { vec![] },
            visits: visit_lines(directory::list_visits_of(conn, by.street(), id)?),
            events: events(conn, by, id)?,
            history: history_lines(conn, store, by, "resident", id.0)?,
            row,
        })
    })?;
    view_log::note(store, by, Viewed::Resident(id))?;
    Ok(page)
}

fn memberships(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
) -> AppResult<Vec<Membership>> {
    let plain = sees_names(by);
    let whole = crate::domain::scope::Scope::street(by.street());
    let mut found = Vec::new();
    for row in membership::list_memberships_of(conn, by.street(), id)? {
        let Some(home) = household::find_household(conn, &whole, row.household_id)? else {
            continue;
        };
        found.push(Membership {
            household: home.id,
            kind: home.kind,
            address: shown_address(&home.address, plain),
            in_scope: by.scope().contains(&home.area_code),
            number: home.household_no,
            relation: Relation::parse(&row.relation_code),
            from_on: row.from_on,
            to_on: row.to_on,
        });
    }
    found.sort_by_key(|m| (m.to_on.is_some(), m.kind, std::cmp::Reverse(m.from_on)));
    Ok(found)
}

fn certificates(
    conn: &mut Db,
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
) -> AppResult<Vec<CertificateLine>> {
    let today = store.clock().today();
    certificate::list_certificates_of(conn, by.street(), id)?
        .into_iter()
        .map(|row| {
            let number =
                store.cipher().open_text(CERT_NO, row.id, &row.cert_no_enc).map_err(sealed)?;
            Ok(CertificateLine {
                id: row.id,
                number: mask::certificate(&number),
                issued_on: row.issued_on,
                valid_to: row.valid_to,
                cancelled_on: row.cancelled_on,
                valid: row.cancelled_on.is_none() && row.valid_to.is_none_or(|to| to >= today),
            })
        })
        .collect()
}

fn facts(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
) -> AppResult<Vec<FactLine>> {
    let shown = |kind: FactKind| !kind.is_health() && kind != FactKind::ChildClass;
    let rows = fact::list_facts_of(conn, by.street(), id)?.into_iter().rev();
    Ok(rows
        .filter(|row| shown(row.kind))
        .map(|row| FactLine {
            id: row.id,
            kind: row.kind,
            code: row.code.unwrap_or_default(),
            amount: row.amount_fen,
            from: row.from_month,
            to: row.to_month,
            known_on: row.known_on,
            annulled: row.annulled_on.is_some(),
        })
        .collect())
}

fn awards(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    person: &ResidentRow,
) -> AppResult<Vec<AwardLine>> {
    let programs = load_in_force(conn)?;
    let homes: Vec<HouseholdId> =
        membership::list_open_memberships_of(conn, by.street(), person.id)?
            .into_iter()
            .map(|m| m.household_id)
            .collect();
    let mut lines = Vec::new();
    for row in award::list_awards_of_unit(conn, by.street(), person.unit_id)? {
        let theirs = row.resident_id == person.id
            || row.household_id.is_some_and(|home| homes.contains(&home));
        if !theirs {
            continue;
        }
        let decisions = decision::list_decisions_of(conn, by.street(), row.id)?;
        let holds = crate::store::hold::list_holds_of(conn, by.street(), row.id)?;
        let label = programs.label(&row.program);
        // What names a disease stays neutral in both languages (SEC-199).
        let en = if label.mental { label.zh.clone() } else { label.en };
        lines.push(AwardLine {
            id: row.id,
            zh: label.zh,
            en,
            opened_on: row.opened_on,
            last: decisions.last().map(|d| (d.kind, d.from_month)),
            held: holds.iter().any(|hold| hold.released_on.is_none()),
        });
    }
    Ok(lines)
}

/// Visits as lists show them; those of the restricted domains are absent.
pub(super) fn visit_lines(rows: Vec<VisitRow>) -> Vec<VisitLine> {
    rows.into_iter()
        .filter(|row| !matches!(row.purpose, Purpose::Mental | Purpose::Child))
        .map(|row| VisitLine {
            id: row.id,
            purpose: row.purpose,
            planned_on: row.planned_on,
            done_on: row.done_on,
            worker: row.worker,
            result: row.result,
            status: row.status,
        })
        .collect()
}

fn events(
    conn: &mut Db,
    by: &Authorized<'_, ViewRegistry>,
    id: ResidentId,
) -> AppResult<Vec<EventLine>> {
    let rows = life_event::list_life_events_of(conn, by.street(), id)?;
    Ok(rows
        .into_iter()
        .rev()
        .map(|row| EventLine {
            id: row.id,
            kind: row.kind,
            event_on: row.event_on,
            reported_on: row.reported_on,
            confidence: row.confidence,
            annulled_on: row.annulled_on,
        })
        .collect())
}
