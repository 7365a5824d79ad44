//! 追回: money that is owed back, and the account of each claim.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::db::SumFen;
use super::schema::{claim, claim_entry};
use crate::domain::ids::{AwardId, BeneficiaryId, ClaimId, LineId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{ClaimLineKind, ClaimStatus};

/// One claim.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct ClaimRow {
    /// Its id.
    pub id: ClaimId,
    /// Never changes in a row.
    pub street_code: String,
    /// From which award.
    pub award_id: AwardId,
    /// Its program.
    pub program: String,
    /// Who received the money.
    pub beneficiary_id: BeneficiaryId,
    /// The run that opened it; none if a person did.
    pub run_id: Option<RunId>,
    /// Positive.
    pub amount_fen: Fen,
    /// Code or text.
    pub reason: String,
    /// Where it stands.
    pub status: ClaimStatus,
    /// Business date.
    pub opened_on: NaiveDate,
    /// Most of a month's payment that is taken, percent.
    pub cap_percent: Option<i32>,
    /// First month of the plan; none while there is no plan.
    pub plan_from: Option<Month>,
    /// Decision.
    pub doc_no: Option<String>,
}

/// One movement of a claim's account; append-only. `opened` is positive, the
/// others are negative: the balance is the sum.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = claim_entry, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct ClaimEntryRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Of which claim.
    pub claim_id: ClaimId,
    /// What.
    pub kind: ClaimLineKind,
    /// Signed.
    pub amount_fen: Fen,
    /// Business date.
    pub entered_on: NaiveDate,
    /// Who.
    pub entered_by: String,
    /// The line that opened or deducted.
    pub line_id: Option<LineId>,
    /// Receipt, reason.
    pub note: Option<String>,
}

/// Inserts claims.
///
/// # Errors
/// The database failed.
pub fn insert_claims(conn: &mut Db, rows: &[ClaimRow]) -> QueryResult<usize> {
    insert_batches!(conn, claim::table, rows)
}

/// Inserts entries.
///
/// # Errors
/// The database failed.
pub fn insert_claim_entries(conn: &mut Db, rows: &[ClaimEntryRow]) -> QueryResult<usize> {
    insert_batches!(conn, claim_entry::table, rows)
}

/// A claim by id.
///
/// # Errors
/// The database failed.
pub fn find_claim(conn: &mut Db, street: &str, id: ClaimId) -> QueryResult<Option<ClaimRow>> {
    claim::table.find((id, street)).select(ClaimRow::as_select()).first(conn).optional()
}

/// A page of the claims of a street after `after`, oldest first; only open ones
/// if wanted.
///
/// # Errors
/// The database failed.
pub fn list_claims_after(
    conn: &mut Db,
    street: &str,
    only_open: bool,
    (after, limit): (ClaimId, i64),
) -> QueryResult<Vec<ClaimRow>> {
    let mut query = claim::table
        .filter(claim::street_code.eq(street).and(claim::id.gt(after)))
        .order(claim::id)
        .limit(limit)
        .select(ClaimRow::as_select())
        .into_boxed();
    if only_open {
        query = query.filter(claim::status.eq(ClaimStatus::Open));
    }
    query.load(conn)
}

/// Claims of a street, oldest first; only open ones if wanted.
///
/// # Errors
/// The database failed.
pub fn list_claims(conn: &mut Db, street: &str, only_open: bool) -> QueryResult<Vec<ClaimRow>> {
    let mut query = claim::table
        .filter(claim::street_code.eq(street))
        .order(claim::id)
        .select(ClaimRow::as_select())
        .into_boxed();
    if only_open {
        query = query.filter(claim::status.eq(ClaimStatus::Open));
    }
    query.load(conn)
}

/// The claims that a run opened.
///
/// # Errors
/// The database failed.
pub fn list_claims_of_run(conn: &mut Db, street: &str, run: RunId) -> QueryResult<Vec<ClaimRow>> {
    claim::table
        .filter(claim::street_code.eq(street).and(claim::run_id.eq(run)))
        .order(claim::id)
        .select(ClaimRow::as_select())
        .load(conn)
}

/// What is still owed.
///
/// # Errors
/// The database failed.
pub fn balance(conn: &mut Db, street: &str, id: ClaimId) -> QueryResult<Fen> {
    claim_entry::table
        .filter(claim_entry::street_code.eq(street).and(claim_entry::claim_id.eq(id)))
        .select(SumFen(claim_entry::amount_fen))
        .first::<i64>(conn)
        .map(Fen)
}

/// Balances of all open claims of a street.
///
/// # Errors
/// The database failed.
pub fn list_open_balances(conn: &mut Db, street: &str) -> QueryResult<Vec<(ClaimId, Fen)>> {
    let rows: Vec<(i64, i64)> = claim_entry::table
        .inner_join(
            claim::table.on(claim::id
                .eq(claim_entry::claim_id)
                .and(claim::street_code.eq(claim_entry::street_code))),
        )
        .filter(claim::street_code.eq(street).and(claim::status.eq(ClaimStatus::Open)))
        .group_by(claim_entry::claim_id)
        .select((claim_entry::claim_id, SumFen(claim_entry::amount_fen)))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, sum)| (ClaimId(id), Fen(sum))).collect())
}

/// The entries of a claim, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_entries(conn: &mut Db, street: &str, id: ClaimId) -> QueryResult<Vec<ClaimEntryRow>> {
    claim_entry::table
        .filter(claim_entry::street_code.eq(street).and(claim_entry::claim_id.eq(id)))
        .order(claim_entry::id)
        .select(ClaimEntryRow::as_select())
        .load(conn)
}

/// Sets the plan of an open claim. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_claim_planned(
    conn: &mut Db,
    street: &str,
    id: ClaimId,
    cap_percent: i32,
    plan_from: Month,
    doc_no: &str,
) -> QueryResult<usize> {
    diesel::update(claim::table.find((id, street)).filter(claim::status.eq(ClaimStatus::Open)))
        .set((
            claim::cap_percent.eq(cap_percent),
            claim::plan_from.eq(plan_from),
            claim::doc_no.eq(doc_no),
        ))
        .execute(conn)
}

/// Moves a claim from one status to another. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_claim_status(
    conn: &mut Db,
    street: &str,
    id: ClaimId,
    from: ClaimStatus,
    to: ClaimStatus,
) -> QueryResult<usize> {
    diesel::update(claim::table.find((id, street)).filter(claim::status.eq(from)))
        .set(claim::status.eq(to))
        .execute(conn)
}
