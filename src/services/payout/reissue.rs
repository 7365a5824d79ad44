//! 重发: a payment that the bank returned goes out again with the next approved
//! run of its program, once the account was changed after the return. It is the
//! same posting, no new expense (`rulings.md` M1, W18).

use crate::domain::payout::{AttemptState, RunState};
use crate::error::AppResult;
use crate::store::attempt::{self, AttemptOfLine, AttemptRow};
use crate::store::run::RunRow;
use crate::store::{Db, Tx, account, award};

/// Payments of a program that came back and were not sent again: of each line
/// the last attempt, if it was returned.
pub(super) fn unpaid_of_program(
    conn: &mut Db,
    street: &str,
    program: &str,
) -> AppResult<Vec<AttemptOfLine>> {
    let mut last: Vec<AttemptOfLine> = Vec::new();
    for item in attempt::list_attempts_of_program(conn, street, program)? {
        match last.last_mut() {
            Some(same) if same.attempt.line_id == item.attempt.line_id => *same = item,
            _ => last.push(item),
        }
    }
    last.retain(|item| item.attempt.state == AttemptState::Returned);
    Ok(last)
}

/// Adds an attempt to the run for every returned payment whose account was
/// changed since.
pub(super) fn for_run(tx: &mut Tx<'_>, row: &RunRow) -> AppResult<()> {
    let mut again = Vec::new();
    for item in unpaid_of_program(tx.conn, &row.street_code, &row.program)? {
        let award = award::find_award(tx.conn, &row.street_code, item.award_id)?;
        let Some(account_id) = award.and_then(|a| a.account_id) else { continue };
        let Some(now) = account::find_account(tx.conn, &row.street_code, account_id)? else {
            continue;
        };
        let newer = item.attempt.account_id.is_some_and(|before| before != account_id)
            || item.attempt.returned_on.is_some_and(|on| now.opened_on >= on);
        if newer && now.closed_on.is_none() {
            again.push(AttemptRow {
                id: tx.next_id(),
                street_code: row.street_code.clone(),
                line_id: item.attempt.line_id,
                run_id: row.id,
                attempt_no: item.attempt.attempt_no + 1,
                state: AttemptState::Pending,
                reason_code: None,
                returned_on: None,
                account_id: Some(account_id),
            });
        }
    }
    attempt::insert_attempts(tx.conn, &again)?;
    Ok(())
}

/// A voided run sends nothing: what it carried waits for the next one again.
pub(super) fn cancel_for_run(tx: &mut Tx<'_>, row: &RunRow) -> AppResult<()> {
    debug_assert_ne!(row.state, RunState::Closed);
    for item in attempt::list_attempts_of_run(tx.conn, &row.street_code, row.id)? {
        if item.state == AttemptState::Pending {
            let on = tx.clock().today();
            attempt::mark_attempt_returned(tx.conn, &row.street_code, item.id, "F09", on)?;
        }
    }
    Ok(())
}
