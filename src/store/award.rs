//! That a beneficiary receives a program.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::award;
use crate::domain::award::{AwardMode, BeneficiaryKind, ReviewClass};
use crate::domain::ids::{AwardId, BeneficiaryId, HouseholdId, ResidentId, UnitId};

/// One award.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = award, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct AwardRow {
    /// Its id.
    pub id: AwardId,
    /// Never changes in a row.
    pub street_code: String,
    /// Code of the program, as the policy names it.
    pub program: String,
    /// Who receives.
    pub beneficiary_kind: BeneficiaryKind,
    /// Id of the person, household or case.
    pub beneficiary_id: BeneficiaryId,
    /// The person; of a household its applicant, of mode single the member.
    pub resident_id: ResidentId,
    /// The assistance household.
    pub household_id: Option<HouseholdId>,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// Whole household or single-person enrolment.
    pub mode: AwardMode,
    /// 低保证号.
    pub cert_no: Option<String>,
    /// Where the money goes.
    pub account_id: Option<i64>,
    /// How often it is reviewed.
    pub review_class: Option<ReviewClass>,
    /// 近亲属备案.
    pub near_relative: bool,
    /// First day.
    pub opened_on: NaiveDate,
    /// The book that brought it.
    pub import_id: Option<i64>,
    /// Counts changes, from 1.
    pub version: i32,
}

/// Inserts awards in batches.
///
/// # Errors
/// The database failed.
pub fn insert_awards(conn: &mut Db, rows: &[AwardRow]) -> QueryResult<usize> {
    insert_batches!(conn, award::table, rows)
}

/// An award by id.
///
/// # Errors
/// The database failed.
pub fn find_award(conn: &mut Db, street: &str, id: AwardId) -> QueryResult<Option<AwardRow>> {
    award::table.find((id, street)).select(AwardRow::as_select()).first(conn).optional()
}

/// The award of a program to a beneficiary.
///
/// # Errors
/// The database failed.
pub fn find_award_of(
    conn: &mut Db,
    street: &str,
    program: &str,
    beneficiary: BeneficiaryId,
) -> QueryResult<Option<AwardRow>> {
    award::table
        .filter(award::street_code.eq(street).and(award::program.eq(program)))
        .filter(award::beneficiary_id.eq(beneficiary))
        .select(AwardRow::as_select())
        .first(conn)
        .optional()
}

/// The awards of a unit, in id order.
///
/// # Errors
/// The database failed.
pub fn list_awards_of_unit(
    conn: &mut Db,
    street: &str,
    unit: UnitId,
) -> QueryResult<Vec<AwardRow>> {
    award::table
        .filter(award::street_code.eq(street).and(award::unit_id.eq(unit)))
        .order(award::id)
        .select(AwardRow::as_select())
        .load(conn)
}

/// Replaces an award's fields if the version is still `expected`. Returns the
/// row count: 0 means somebody was faster.
///
/// # Errors
/// The database failed.
pub fn mark_award(conn: &mut Db, row: &AwardRow, expected: i32) -> QueryResult<usize> {
    diesel::update(
        award::table.find((row.id, &row.street_code)).filter(award::version.eq(expected)),
    )
    .set(row)
    .execute(conn)
}
