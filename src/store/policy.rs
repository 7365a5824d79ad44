//! Policies: the whole file as it was proposed, and who put it in force.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Db;
use super::schema::{policy, policy_cost};
use crate::domain::month::Month;

/// One version of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy)]
#[diesel(treat_none_as_default_value = false)]
pub struct PolicyRow {
    /// Its id; runs pin it.
    pub id: i64,
    /// Codes of its files.
    pub code: String,
    /// Counts up per code.
    pub version: i32,
    /// Chinese title.
    pub title: String,
    /// SHA-256 of the body.
    pub digest: Vec<u8>,
    /// The files, joined.
    pub body: String,
    /// Made-up amounts.
    pub illustrative: bool,
    /// `proposed`, `active`, `superseded`, `withdrawn` or `rejected`.
    pub status: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Who put it in force.
    pub activated_by: Option<String>,
    /// When.
    pub activated_at: Option<NaiveDateTime>,
    /// When it was proposed.
    pub created_at: NaiveDateTime,
    /// Who withdrew or rejected it.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<NaiveDateTime>,
    /// Why.
    pub end_reason: Option<String>,
}

/// Inserts a proposal.
///
/// # Errors
/// The database failed.
pub fn insert_policy(conn: &mut Db, row: &PolicyRow) -> QueryResult<usize> {
    diesel::insert_into(policy::table).values(row).execute(conn)
}

/// A policy by id.
///
/// # Errors
/// The database failed.
pub fn find_policy(conn: &mut Db, id: i64) -> QueryResult<Option<PolicyRow>> {
    policy::table.find(id).select(PolicyRow::as_select()).first(conn).optional()
}

/// The policy in force.
///
/// # Errors
/// The database failed.
pub fn find_active_policy(conn: &mut Db) -> QueryResult<Option<PolicyRow>> {
    policy::table
        .filter(policy::status.eq("active"))
        .order(policy::id.desc())
        .select(PolicyRow::as_select())
        .first(conn)
        .optional()
}

/// A policy with this body that waits or is in force.
///
/// # Errors
/// The database failed.
pub fn find_policy_by_digest(conn: &mut Db, digest: &[u8]) -> QueryResult<Option<PolicyRow>> {
    policy::table
        .filter(policy::digest.eq(digest).and(policy::status.eq_any(["proposed", "active"])))
        .select(PolicyRow::as_select())
        .first(conn)
        .optional()
}

/// The highest version of a code; 0 if there is none.
///
/// # Errors
/// The database failed.
pub fn last_version(conn: &mut Db, code: &str) -> QueryResult<i32> {
    let versions: Vec<i32> = policy::table
        .filter(policy::code.eq(code))
        .order(policy::version.desc())
        .limit(1)
        .select(policy::version)
        .load(conn)?;
    Ok(versions.first().copied().unwrap_or(0))
}

/// All policies, newest first.
///
/// # Errors
/// The database failed.
pub fn list_policies(conn: &mut Db) -> QueryResult<Vec<PolicyRow>> {
    policy::table.order(policy::id.desc()).select(PolicyRow::as_select()).load(conn)
}

/// Puts a proposal in force and the one before out of force. Returns the row
/// count of the activation.
///
/// # Errors
/// The database failed.
pub fn mark_policy_active(
    conn: &mut Db,
    id: i64,
    by: &str,
    at: NaiveDateTime,
) -> QueryResult<usize> {
    diesel::update(policy::table.filter(policy::status.eq("active")))
        .set(policy::status.eq("superseded"))
        .execute(conn)?;
    diesel::update(policy::table.find(id).filter(policy::status.eq("proposed")))
        .set((
            policy::status.eq("active"),
            policy::activated_by.eq(by),
            policy::activated_at.eq(at),
        ))
        .execute(conn)
}

/// A proposal ends as `withdrawn` or `rejected`. Returns the row count: 0 if it
/// does not wait any more.
///
/// # Errors
/// The database failed.
pub fn mark_policy_ended(
    conn: &mut Db,
    id: i64,
    status: &str,
    (by, at, reason): (&str, NaiveDateTime, &str),
) -> QueryResult<usize> {
    diesel::update(policy::table.find(id).filter(policy::status.eq("proposed")))
        .set((
            policy::status.eq(status),
            policy::ended_by.eq(by),
            policy::ended_at.eq(at),
            policy::end_reason.eq(reason),
        ))
        .execute(conn)
}

/// What a policy would cost, as it was computed.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = policy_cost)]
pub struct PolicyCostRow {
    /// The policy.
    pub policy_id: i64,
    /// The one that was in force.
    pub present_id: i64,
    /// Whose awards.
    pub street_code: String,
    /// Which month.
    pub month: Month,
    /// The figures, as JSON.
    pub body: String,
    /// UTC.
    pub computed_at: NaiveDateTime,
}

/// Puts a cost in the place of an older one.
///
/// # Errors
/// The database failed.
pub fn replace_policy_cost(conn: &mut Db, row: &PolicyCostRow) -> QueryResult<usize> {
    diesel::delete(policy_cost::table.find((row.policy_id, &row.street_code, row.month)))
        .execute(conn)?;
    diesel::insert_into(policy_cost::table).values(row).execute(conn)
}

/// The cost of a policy in a street and month, if it was computed.
///
/// # Errors
/// The database failed.
pub fn find_policy_cost(
    conn: &mut Db,
    policy: i64,
    street: &str,
    month: Month,
) -> QueryResult<Option<PolicyCostRow>> {
    policy_cost::table
        .find((policy, street, month))
        .select(PolicyCostRow::as_select())
        .first(conn)
        .optional()
}
