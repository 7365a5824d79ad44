//! Payments that did not simply succeed. The first attempt of a line shares its
//! run's fate and has a row only when the bank returned it; every re-issue has
//! one. Rows are added; only a pending one is ever changed.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::coded::insert_batches;
use super::schema::{attempt, line};
use super::{Db, per_backend};
use crate::domain::ids::{AwardId, LineId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::AttemptState;

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempt, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct AttemptRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// Of which line.
    pub line_id: LineId,
    /// The run whose bank file carries it.
    pub run_id: RunId,
    /// From 1.
    pub attempt_no: i32,
    /// How it ended.
    pub state: AttemptState,
    /// `ReturnReason` code.
    pub reason_code: Option<String>,
    /// The day the bank returned it.
    pub returned_on: Option<NaiveDate>,
    /// The account it went to.
    pub account_id: Option<i64>,
}

/// An attempt with the line that it pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptOfLine {
    /// The attempt.
    pub attempt: AttemptRow,
    /// The line's program.
    pub program: String,
    /// The line's award.
    pub award_id: AwardId,
    /// The line's month.
    pub month: Month,
    /// The line's amount.
    pub amount: Fen,
}

/// Inserts attempts.
///
/// # Errors
/// The database failed.
pub fn insert_attempts(conn: &mut Db, rows: &[AttemptRow]) -> QueryResult<usize> {
    insert_batches!(conn, attempt::table, rows)
}

/// The attempts of a line, in order.
///
/// # Errors
/// The database failed.
pub fn list_attempts_of(
    conn: &mut Db,
    street: &str,
    line_id: LineId,
) -> QueryResult<Vec<AttemptRow>> {
    attempt::table
        .filter(attempt::street_code.eq(street).and(attempt::line_id.eq(line_id)))
        .order(attempt::attempt_no)
        .select(AttemptRow::as_select())
        .load(conn)
}

/// Every attempt of a program's lines with its line, in the order of lines and
/// numbers: there are few, and only of payments that failed.
///
/// # Errors
/// The database failed.
pub fn list_attempts_of_program(
    conn: &mut Db,
    street: &str,
    program: &str,
) -> QueryResult<Vec<AttemptOfLine>> {
    let rows: Vec<(AttemptRow, i64, Month, Fen)> = attempt::table
        .inner_join(
            line::table
                .on(line::id.eq(attempt::line_id).and(line::street_code.eq(attempt::street_code))),
        )
        .filter(attempt::street_code.eq(street).and(line::program.eq(program)))
        .order((attempt::line_id, attempt::attempt_no))
        .select((AttemptRow::as_select(), line::award_id, line::month, line::amount_fen))
        .load(conn)?
        .into_iter()
        .map(|(attempt, award, month, amount): (AttemptRow, i64, i32, i64)| {
            (attempt, award, Month::from_index(month), Fen(amount))
        })
        .collect();
    Ok(rows
        .into_iter()
        .map(|(attempt, award, month, amount)| AttemptOfLine {
            attempt,
            program: program.to_owned(),
            award_id: AwardId(award),
            month,
            amount,
        })
        .collect())
}

/// The attempts that a run's bank file carries.
///
/// # Errors
/// The database failed.
pub fn list_attempts_of_run(
    conn: &mut Db,
    street: &str,
    run_id: RunId,
) -> QueryResult<Vec<AttemptRow>> {
    attempt::table
        .filter(attempt::street_code.eq(street).and(attempt::run_id.eq(run_id)))
        .order((attempt::line_id, attempt::attempt_no))
        .select(AttemptRow::as_select())
        .load(conn)
}

/// Ends all pending attempts of a run. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_pending_attempts(
    conn: &mut Db,
    street: &str,
    run_id: RunId,
    to: AttemptState,
) -> QueryResult<usize> {
    per_backend!(conn, |c| diesel::update(
        attempt::table
            .filter(attempt::street_code.eq(street).and(attempt::run_id.eq(run_id)))
            .filter(attempt::state.eq(AttemptState::Pending))
    )
    .set(attempt::state.eq(to))
    .execute(c))
}

/// pending or paid → returned. Returns the row count.
///
/// # Errors
/// The database failed; the database itself refuses it in a closed month.
pub fn mark_attempt_returned(
    conn: &mut Db,
    street: &str,
    id: i64,
    reason_code: &str,
    returned_on: NaiveDate,
) -> QueryResult<usize> {
    per_backend!(conn, |c| diesel::update(attempt::table.find((id, street)))
        .filter(attempt::state.eq_any([AttemptState::Pending, AttemptState::Paid]))
        .set((
            attempt::state.eq(AttemptState::Returned),
            attempt::reason_code.eq(reason_code),
            attempt::returned_on.eq(returned_on),
        ))
        .execute(c))
}
