//! Look-ups over many records at once, for the import, and pages in id order,
//! for the export.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::account::AccountRow;
use super::area::{AreaParentRow, AreaRow};
use super::award::AwardRow;
use super::certificate::CertificateRow;
use super::decision::DecisionRow;
use super::fact::FactRow;
use super::guardian::GuardianRow;
use super::household::HouseholdRow;
use super::life_event::LifeEventRow;
use super::membership::MembershipRow;
use super::resident::ResidentRow;
use super::schema::{
    account, area, area_parent, award, certificate, decision, fact, guardian, household,
    import_book, life_event, membership, resident, run, temp_case, visit, visit_person,
};
use super::temp_case::TempCaseRow;
use super::visit::{VisitPersonRow, VisitRow};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{BeneficiaryId, HouseholdId, ResidentId, UnitId};

/// Values bound in one statement.
const SOME: usize = 500;

macro_rules! finders {
    ($($(#[$doc:meta])* $name:ident($table:ident, $column:ident: $type:ty) -> $row:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The database failed.
        pub fn $name(conn: &mut Db, street: &str, values: &[$type]) -> QueryResult<Vec<$row>> {
            let mut found = Vec::new();
            for some in values.chunks(SOME) {
                found.extend(
                    $table::table
                        .filter($table::street_code.eq(street))
                        .filter($table::$column.eq_any(some))
                        .select(<$row>::as_select())
                        .load::<$row>(conn)?,
                );
            }
            Ok(found)
        }
    )*};
}

finders! {
    /// Residents by the blind index of their document.
    residents_by_index(resident, doc_no_index: Vec<u8>) -> ResidentRow;
    /// Residents by temporary number.
    residents_by_temp_no(resident, temp_no: String) -> ResidentRow;
    /// Residents by id.
    residents_by_id(resident, id: ResidentId) -> ResidentRow;
    /// Households by number, of any kind.
    households_by_no(household, household_no: String) -> HouseholdRow;
    /// Households by id.
    households_by_id(household, id: HouseholdId) -> HouseholdRow;
    /// Memberships of households.
    members_of(membership, household_id: HouseholdId) -> MembershipRow;
    /// Memberships of people.
    memberships_of(membership, resident_id: ResidentId) -> MembershipRow;
    /// Events of people.
    events_of(life_event, resident_id: ResidentId) -> LifeEventRow;
    /// Events of households.
    events_of_households(life_event, household_id: HouseholdId) -> LifeEventRow;
    /// Facts about people.
    facts_of(fact, resident_id: ResidentId) -> FactRow;
    /// Certificates by the blind index of their number.
    certificates_by_index(certificate, cert_no_index: Vec<u8>) -> CertificateRow;
    /// Guardianships of wards.
    guardians_of(guardian, ward_id: ResidentId) -> GuardianRow;
    /// Accounts for people.
    accounts_of(account, owner_id: ResidentId) -> AccountRow;
    /// Accounts by id.
    accounts_by_id(account, id: i64) -> AccountRow;
    /// Cases by number.
    cases_by_no(temp_case, case_no: String) -> TempCaseRow;
    /// Cases by id.
    cases_by_id(temp_case, id: i64) -> TempCaseRow;
    /// Awards of beneficiaries.
    awards_of(award, beneficiary_id: BeneficiaryId) -> AwardRow;
    /// Awards by id.
    awards_by_id(award, id: crate::domain::ids::AwardId) -> AwardRow;
    /// Decisions on awards.
    decisions_of(decision, award_id: crate::domain::ids::AwardId) -> DecisionRow;
    /// Decisions by id.
    decisions_by_id(decision, id: i64) -> DecisionRow;
    /// Visits by number.
    visits_by_no(visit, visit_no: String) -> VisitRow;
    /// Visits by id.
    visits_by_id(visit, id: i64) -> VisitRow;
    /// Persons of visits.
    persons_of_visits(visit_person, visit_id: i64) -> VisitPersonRow;
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident($table:ident, $id:ty) -> $row:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The database failed.
        pub fn $name(conn: &mut Db, street: &str, after: $id, limit: i64) -> QueryResult<Vec<$row>> {
            $table::table
                .filter($table::street_code.eq(street).and($table::id.gt(after)))
                .order($table::id)
                .limit(limit)
                .select(<$row>::as_select())
                .load(conn)
        }
    )*};
}

pages! {
    /// A page of residents in id order.
    page_residents(resident, ResidentId) -> ResidentRow;
    /// A page of households in id order.
    page_households(household, HouseholdId) -> HouseholdRow;
    /// A page of memberships in id order.
    page_members(membership, i64) -> MembershipRow;
    /// A page of events in id order.
    page_events(life_event, i64) -> LifeEventRow;
    /// A page of facts in id order.
    page_facts(fact, i64) -> FactRow;
    /// A page of certificates in id order.
    page_certificates(certificate, i64) -> CertificateRow;
    /// A page of guardianships in id order.
    page_guardians(guardian, i64) -> GuardianRow;
    /// A page of accounts in id order.
    page_accounts(account, i64) -> AccountRow;
    /// A page of cases in id order.
    page_cases(temp_case, i64) -> TempCaseRow;
    /// A page of awards in id order.
    page_awards(award, crate::domain::ids::AwardId) -> AwardRow;
    /// A page of decisions in id order.
    page_decisions(decision, i64) -> DecisionRow;
    /// A page of visits in id order.
    page_visits(visit, i64) -> VisitRow;
}

/// The areas of a street, the street itself first, with their present parents.
///
/// # Errors
/// The database failed.
pub fn list_street_areas(conn: &mut Db, street: &str) -> QueryResult<Vec<AreaRow>> {
    area::table
        .filter(area::code.like(format!("{street}%")))
        .order(area::code)
        .select(AreaRow::as_select())
        .load(conn)
}

/// The parents of these areas that still hold.
///
/// # Errors
/// The database failed.
pub fn list_open_parents(conn: &mut Db) -> QueryResult<Vec<AreaParentRow>> {
    area_parent::table
        .filter(area_parent::valid_to.is_null())
        .order(area_parent::code)
        .select(AreaParentRow::as_select())
        .load(conn)
}

/// Codes of the streets of the registry.
///
/// # Errors
/// The database failed.
pub fn list_streets(conn: &mut Db) -> QueryResult<Vec<String>> {
    area::table
        .filter(area::level.eq(crate::domain::area::Level::Street))
        .order(area::code)
        .select(area::code)
        .load(conn)
}

/// Renames an area or ends it. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_area(conn: &mut Db, row: &AreaRow) -> QueryResult<usize> {
    diesel::update(area::table.find(&row.code))
        .set((area::name.eq(&row.name), area::closed_on.eq(row.closed_on)))
        .execute(conn)
}

/// Whether the street has any resident yet.
///
/// # Errors
/// The database failed.
pub fn has_residents(conn: &mut Db, street: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(resident::table.filter(resident::street_code.eq(street))))
        .get_result(conn)
}

/// Whether the street has any run yet: before the first one no earlier month
/// has to be computed again.
///
/// # Errors
/// The database failed.
pub fn has_runs(conn: &mut Db, street: &str) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(run::table.filter(run::street_code.eq(street))))
        .get_result(conn)
}

/// Gives new residents, who have no other records yet, their unit. Returns the
/// row count.
///
/// # Errors
/// The database failed.
pub fn mark_new_residents_unit(
    conn: &mut Db,
    street: &str,
    ids: &[ResidentId],
    unit: UnitId,
) -> QueryResult<usize> {
    let mut marked = 0;
    for some in ids.chunks(SOME) {
        marked += diesel::update(
            resident::table.filter(resident::street_code.eq(street).and(resident::id.eq_any(some))),
        )
        .set(resident::unit_id.eq(unit))
        .execute(conn)?;
    }
    Ok(marked)
}

/// The open assistance household of each of these people.
///
/// # Errors
/// The database failed.
pub fn list_open_assist(
    conn: &mut Db,
    street: &str,
    people: &[ResidentId],
) -> QueryResult<Vec<MembershipRow>> {
    let mut found = memberships_of(conn, street, people)?;
    found.retain(|m| m.kind == HouseholdKind::Assist && m.to_on.is_none());
    Ok(found)
}

/// A book that was imported.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = import_book, treat_none_as_default_value = false)]
pub struct ImportBookRow {
    /// Its id; the records carry it.
    pub id: i64,
    /// The street.
    pub street_code: String,
    /// Name of the file, without folders.
    pub file_name: String,
    /// SHA-256 of the book.
    pub digest: Vec<u8>,
    /// Counts per sheet, as JSON.
    pub counts: String,
    /// UTC.
    pub imported_at: chrono::NaiveDateTime,
    /// Who.
    pub imported_by: String,
    /// When its records were taken out again, UTC.
    pub undone_at: Option<chrono::NaiveDateTime>,
    /// By whom.
    pub undone_by: Option<String>,
}

/// Records a book.
///
/// # Errors
/// The database failed.
pub fn insert_import_book(conn: &mut Db, row: &ImportBookRow) -> QueryResult<usize> {
    diesel::insert_into(import_book::table).values(row).execute(conn)
}

/// The days of death of people: not annulled, more than a mere match.
///
/// # Errors
/// The database failed.
pub fn list_deaths(
    conn: &mut Db,
    street: &str,
    people: &[ResidentId],
) -> QueryResult<Vec<(ResidentId, NaiveDate)>> {
    use crate::domain::life_event::{Confidence, EventKind};
    let events = events_of(conn, street, people)?;
    Ok(events
        .into_iter()
        .filter(|e| e.kind == EventKind::Death && e.annulled_on.is_none())
        .filter(|e| e.confidence < Confidence::Matched.number())
        .filter_map(|e| e.resident_id.map(|id| (id, e.event_on)))
        .collect())
}

/// Names and dates of birth of people whose name sounds like one of these and
/// who did not come with the book itself.
///
/// # Errors
/// The database failed.
pub fn names_by_sound(
    conn: &mut Db,
    street: &str,
    sounds: &[String],
    import_id: i64,
) -> QueryResult<Vec<(String, NaiveDate)>> {
    use crate::domain::resident::ResidentStatus;
    let mut found = Vec::new();
    for some in sounds.chunks(500) {
        found.extend(
            resident::table
                .filter(resident::street_code.eq(street))
                .filter(resident::name_pinyin.eq_any(some))
                .filter(resident::status.ne(ResidentStatus::Merged))
                .filter(resident::import_id.is_null().or(resident::import_id.ne(import_id)))
                .select((resident::name, resident::birth_on))
                .load::<(String, NaiveDate)>(conn)?,
        );
    }
    Ok(found)
}
