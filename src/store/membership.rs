//! Who belongs to a household, from when to when, and from which month a run
//! counts them.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::resident::ResidentRow;
use super::schema::{membership, resident};
use crate::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::month::Month;

/// One period of membership.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = membership, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct MembershipRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Where.
    pub household_id: HouseholdId,
    /// Who.
    pub resident_id: ResidentId,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// Kind of the household.
    pub kind: HouseholdKind,
    /// GB/T 4761; 02 is the head.
    pub relation_code: String,
    /// Whether the assistance counts this member (a child at boarding school yes, a prisoner no).
    pub counted: bool,
    /// First day.
    pub from_on: NaiveDate,
    /// Last day.
    pub to_on: Option<NaiveDate>,
    /// Why they joined.
    pub reason_in: JoinReason,
    /// Why they left.
    pub reason_out: Option<LeaveReason>,
    /// First month that counts.
    pub from_month: Month,
    /// First month that no longer counts.
    pub to_month: Option<Month>,
    /// Since when the office knows of the joining.
    pub known_on: NaiveDate,
    /// Since when the office knows of the leaving.
    pub end_known_on: Option<NaiveDate>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

/// Inserts memberships in batches.
///
/// # Errors
/// The database failed.
pub fn insert_memberships(conn: &mut Db, rows: &[MembershipRow]) -> QueryResult<usize> {
    insert_batches!(conn, membership::table, rows)
}

/// All memberships of a household, past ones too, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_members(
    conn: &mut Db,
    street: &str,
    household_id: HouseholdId,
) -> QueryResult<Vec<MembershipRow>> {
    membership::table
        .filter(membership::street_code.eq(street).and(membership::household_id.eq(household_id)))
        .order(membership::from_on)
        .select(MembershipRow::as_select())
        .load(conn)
}

/// All memberships of a person, past ones too, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_memberships_of(
    conn: &mut Db,
    street: &str,
    resident_id: ResidentId,
) -> QueryResult<Vec<MembershipRow>> {
    membership::table
        .filter(membership::street_code.eq(street).and(membership::resident_id.eq(resident_id)))
        .order(membership::from_on)
        .select(MembershipRow::as_select())
        .load(conn)
}

/// The open memberships of a household.
///
/// # Errors
/// The database failed.
pub fn list_open_members(
    conn: &mut Db,
    street: &str,
    household_id: HouseholdId,
) -> QueryResult<Vec<MembershipRow>> {
    membership::table
        .filter(membership::street_code.eq(street).and(membership::household_id.eq(household_id)))
        .filter(membership::to_on.is_null())
        .order(membership::id)
        .select(MembershipRow::as_select())
        .load(conn)
}

/// The open memberships of a person, at most one per kind.
///
/// # Errors
/// The database failed.
pub fn list_open_memberships_of(
    conn: &mut Db,
    street: &str,
    resident_id: ResidentId,
) -> QueryResult<Vec<MembershipRow>> {
    membership::table
        .filter(membership::street_code.eq(street).and(membership::resident_id.eq(resident_id)))
        .filter(membership::to_on.is_null())
        .order(membership::id)
        .select(MembershipRow::as_select())
        .load(conn)
}

/// Replaces the fields of a membership. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_membership(conn: &mut Db, row: &MembershipRow) -> QueryResult<usize> {
    diesel::update(membership::table.find((row.id, &row.street_code))).set(row).execute(conn)
}

/// All memberships of a household with whose they are, in one query.
///
/// # Errors
/// The database failed.
pub fn list_members_with_people(
    conn: &mut Db,
    street: &str,
    household_id: HouseholdId,
) -> QueryResult<Vec<(MembershipRow, ResidentRow)>> {
    let same = membership::resident_id
        .eq(resident::id)
        .and(membership::street_code.eq(resident::street_code));
    membership::table
        .inner_join(resident::table.on(same))
        .filter(membership::street_code.eq(street).and(membership::household_id.eq(household_id)))
        .select((MembershipRow::as_select(), ResidentRow::as_select()))
        .load(conn)
}
