//! What somebody has to look at; nothing changes until they do.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::schema::{account, award, review_task};
use crate::domain::ids::{AwardId, HouseholdId, ResidentId};
use crate::domain::pending::ReviewKind;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = review_task, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct ReviewTaskRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// What to look at.
    pub kind: ReviewKind,
    /// Of which award.
    pub award_id: AwardId,
    /// Business date.
    pub opened_on: NaiveDate,
    /// The day somebody looked.
    pub done_on: Option<NaiveDate>,
    /// Who.
    pub done_by: Option<String>,
    /// What they found.
    pub note: Option<String>,
}

/// Opens a task. The caller has checked that no such task is open.
///
/// # Errors
/// The database failed, or the award has an open task of the kind.
pub fn insert_review_task(conn: &mut Db, row: &ReviewTaskRow) -> QueryResult<usize> {
    diesel::insert_into(review_task::table).values(row).execute(conn)
}

/// A task by id.
///
/// # Errors
/// The database failed.
pub fn find_review_task(
    conn: &mut Db,
    street: &str,
    id: i64,
) -> QueryResult<Option<ReviewTaskRow>> {
    review_task::table.find((id, street)).select(ReviewTaskRow::as_select()).first(conn).optional()
}

/// Open tasks of a street, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_open_review_tasks(conn: &mut Db, street: &str) -> QueryResult<Vec<ReviewTaskRow>> {
    review_task::table
        .filter(review_task::street_code.eq(street).and(review_task::done_on.is_null()))
        .order(review_task::id)
        .select(ReviewTaskRow::as_select())
        .load(conn)
}

/// Awards of a household that pay into an account of `owner`.
///
/// # Errors
/// The database failed.
pub fn list_awards_paid_to(
    conn: &mut Db,
    street: &str,
    household: HouseholdId,
    owner: ResidentId,
) -> QueryResult<Vec<AwardId>> {
    award::table
        .inner_join(
            account::table.on(account::street_code
                .eq(award::street_code)
                .and(account::id.nullable().eq(award::account_id))),
        )
        .filter(award::street_code.eq(street).and(award::household_id.eq(household)))
        .filter(account::owner_id.eq(owner))
        .order(award::id)
        .select(award::id)
        .load(conn)
}

/// Ends a task that is open. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_review_task_done(
    conn: &mut Db,
    (street, id): (&str, i64),
    on: NaiveDate,
    by: &str,
    note: &str,
) -> QueryResult<usize> {
    diesel::update(review_task::table.find((id, street)).filter(review_task::done_on.is_null()))
        .set((review_task::done_on.eq(on), review_task::done_by.eq(by), review_task::note.eq(note)))
        .execute(conn)
}
