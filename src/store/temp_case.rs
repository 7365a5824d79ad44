//! Temporary assistance cases.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::temp_case;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::money::Fen;
use crate::domain::scope::Scope;
use crate::domain::temp_case::{CaseKind, CaseLevel, Cause, FamilyCategory};

/// One case.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = temp_case, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct TempCaseRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Unique in the street.
    pub case_no: String,
    /// The applicant.
    pub resident_id: ResidentId,
    /// Their assistance household, if any.
    pub household_id: Option<HouseholdId>,
    /// Where.
    pub area_code: String,
    /// Emergency or expenditure.
    pub kind: CaseKind,
    /// What happened.
    pub cause: Cause,
    /// Who decides and pays.
    pub level: CaseLevel,
    /// Of the family.
    pub category: Option<FamilyCategory>,
    /// What the family paid itself.
    pub self_paid_fen: Option<Fen>,
    /// What was asked for.
    pub asked_fen: Fen,
    /// What was granted.
    pub approved_fen: Fen,
    /// The day of the application.
    pub applied_on: NaiveDate,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// Document.
    pub doc_no: Option<String>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

/// Inserts cases in batches.
///
/// # Errors
/// The database failed.
pub fn insert_temp_cases(conn: &mut Db, rows: &[TempCaseRow]) -> QueryResult<usize> {
    insert_batches!(conn, temp_case::table, rows)
}

/// A case by id.
///
/// # Errors
/// The database failed.
pub fn find_temp_case(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<TempCaseRow>> {
    temp_case::table.find((id, street)).select(TempCaseRow::as_select()).first(conn).optional()
}

/// A page of the cases of a scope before `before`, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_temp_cases_in(
    conn: &mut Db,
    scope: &Scope,
    before: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<TempCaseRow>> {
    let mut query = temp_case::table
        .filter(temp_case::street_code.eq(scope.street_code().to_owned()))
        .order(temp_case::id.desc())
        .limit(limit)
        .select(TempCaseRow::as_select())
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(temp_case::area_code.eq_any(areas.to_vec()));
    }
    if let Some(before) = before {
        query = query.filter(temp_case::id.lt(before));
    }
    query.load(conn)
}

/// All cases of a person, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_temp_cases_of(
    conn: &mut Db,
    street: &str,
    resident_id: ResidentId,
) -> QueryResult<Vec<TempCaseRow>> {
    temp_case::table
        .filter(temp_case::street_code.eq(street).and(temp_case::resident_id.eq(resident_id)))
        .order(temp_case::decided_on)
        .select(TempCaseRow::as_select())
        .load(conn)
}

/// All cases of a household, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_temp_cases_of_household(
    conn: &mut Db,
    street: &str,
    household_id: HouseholdId,
) -> QueryResult<Vec<TempCaseRow>> {
    temp_case::table
        .filter(temp_case::street_code.eq(street).and(temp_case::household_id.eq(household_id)))
        .order(temp_case::decided_on)
        .select(TempCaseRow::as_select())
        .load(conn)
}

/// The case with this number.
///
/// # Errors
/// The database failed.
pub fn find_temp_case_by_no(
    conn: &mut Db,
    street: &str,
    case_no: &str,
) -> QueryResult<Option<TempCaseRow>> {
    temp_case::table
        .filter(temp_case::street_code.eq(street).and(temp_case::case_no.eq(case_no)))
        .select(TempCaseRow::as_select())
        .first(conn)
        .optional()
}
