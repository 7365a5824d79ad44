//! What happened to the money: paid on a date, returned lines, the month
//! closed.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::ids::{LineId, RunId};
use crate::domain::month::Month;
use crate::domain::payout::{AttemptState, ReturnReason, RunMove, RunState};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{Authorized, CloseMonth, MakeRun};
use crate::services::record;
use crate::services::report::close_month_summary;
use crate::store::attempt::{self, AttemptRow};
use crate::store::audit::Entry;
use crate::store::run::{self, RunRow};
use crate::store::{Store, Tx, award, line};

use super::steps::{SeenRun, audit, check_second_person, load, load_for, place};

/// Records that the bank paid a run.
///
/// # Errors
/// Not approved, or a date before the cut-off or after today.
pub fn record_payment(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    seen: impl Into<SeenRun>,
    paid_on: NaiveDate,
) -> AppResult<RunRow> {
    let (street, seen) = (by.street().to_owned(), seen.into());
    let id = seen.id;
    store.write(&street, |tx| {
        let row = load_for(tx, &street, seen, RunMove::RecordPayment)?;
        if paid_on < row.cut_off || paid_on > tx.clock().today() {
            return Err(AppError::refuse(
                Refusal::field(
                    "paid_on",
                    format!("发放日期应在截止日 {} 之后,且不晚于今天。", row.cut_off),
                    format!(
                        "The date of payment must not lie before the cut-off {} or after today.",
                        row.cut_off
                    ),
                )
                .at(place(&row)),
            ));
        }
        record::one_row(run::mark_run_paid(tx.conn, &row, paid_on)?)?;
        attempt::mark_pending_attempts(tx.conn, &street, id, AttemptState::Paid)?;
        run::insert_contributor(tx.conn, &street, id, by.username())?;
        audit(tx, by.username(), "run.record_payment", &row, Some(&paid_on.to_string()))?;
        load(tx.conn, &street, id)
    })
}

/// One payment that the bank returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedLine {
    /// Which line.
    pub line: LineId,
    /// Why.
    pub reason: ReturnReason,
    /// When.
    pub returned_on: NaiveDate,
}

/// Records returned payments of a run: of its own lines, or of lines that it
/// re-issued. All or none.
///
/// # Errors
/// The run is not paid; a line is not in it or was returned already.
pub fn record_returns(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    id: RunId,
    returned: &[ReturnedLine],
) -> AppResult<usize> {
    let street = by.street().to_owned();
    store.write(&street, |tx| {
        let row = load(tx.conn, &street, id)?;
        if !matches!(row.state, RunState::Paid | RunState::Closed) {
            return Err(AppError::refuse(
                Refusal::new(
                    ErrorCode::Conflict,
                    "请先登记发放日期,再登记退票。",
                    "Record the payment first, then what was returned.",
                )
                .at(place(&row)),
            ));
        }
        let mut refusals = Vec::new();
        for item in returned {
            if let Err(refusal) = return_one(tx, &row, item)? {
                refusals.push(refusal);
            }
        }
        AppError::refused_unless_empty(refusals)?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "run.record_returns",
            object_kind: "run",
            object_id: Some(id.0),
            reason: None,
            detail: Some(&format!("lines={}", returned.len())),
        })?;
        Ok(returned.len())
    })
}

fn return_one(
    tx: &mut Tx<'_>,
    row: &RunRow,
    item: &ReturnedLine,
) -> AppResult<Result<(), Refusal>> {
    let street = &row.street_code;
    let refuse = |zh: &str, en: &str| {
        Ok(Err(Refusal::new(ErrorCode::Conflict, zh, en)
            .at(Place::Record(format!("line {}", item.line)))))
    };
    let Some(line) = line::find_line(tx.conn, street, item.line)? else {
        return refuse("没有这条明细。", "There is no such line.");
    };
    let attempts = attempt::list_attempts_of(tx.conn, street, item.line)?;
    let last = attempts.last();
    let first_payment = last.is_none() && line.run_id == row.id && line.kind.is_paid();
    let reissued = last.filter(|a| {
        a.run_id == row.id && matches!(a.state, AttemptState::Pending | AttemptState::Paid)
    });
    if let (Some(again), RunState::Paid) = (reissued, row.state) {
        attempt::mark_attempt_returned(
            tx.conn,
            street,
            again.id,
            item.reason.code(),
            item.returned_on,
        )?;
        return Ok(Ok(()));
    }
    if !first_payment && reissued.is_none() {
        return refuse(
            "这条明细不在该批次中,或已登记退票。",
            "This line is not paid by this run, or was returned already.",
        );
    }
    let account_id = award::find_award(tx.conn, street, line.award_id)?.and_then(|a| a.account_id);
    let new = AttemptRow {
        id: tx.next_id(),
        street_code: street.clone(),
        line_id: item.line,
        run_id: row.id,
        attempt_no: last.map_or(1, |a| a.attempt_no + 1),
        state: AttemptState::Returned,
        reason_code: Some(item.reason.code().to_owned()),
        returned_on: Some(item.returned_on),
        account_id,
    };
    attempt::insert_attempts(tx.conn, &[new])?;
    Ok(Ok(()))
}

/// Closes a month: all its runs are paid; from here nothing in it changes, and
/// its summary is stored.
///
/// # Errors
/// A run of the month is not paid yet; the closer worked on one.
pub fn close_month(
    store: &Store,
    by: &Authorized<'_, CloseMonth>,
    month: Month,
) -> AppResult<Vec<RunRow>> {
    let street = by.street().to_owned();
    store.write(&street, |tx| {
        let runs = run::list_runs_of_month(tx.conn, &street, month)?;
        if runs.is_empty() {
            return Err(AppError::not_found("批次", "run"));
        }
        let mut refusals = Vec::new();
        let mut open: HashMap<RunId, RunRow> = HashMap::new();
        for row in runs {
            match row.state.after(RunMove::Close) {
                Ok(_) => {
                    check_second_person(tx, &row, by.username())?;
                    open.insert(row.id, row);
                }
                Err(_) if row.state == RunState::Closed => {}
                Err(illegal) => refusals.push(
                    Refusal::new(ErrorCode::Conflict, illegal.zh(), illegal.en()).at(place(&row)),
                ),
            }
        }
        AppError::refused_unless_empty(refusals)?;
        if open.is_empty() {
            return Err(AppError::refuse(
                Refusal::new(
                    ErrorCode::MonthClosed,
                    format!("{}已经归档。", month.zh()),
                    format!("{month} is closed already."),
                )
                .at(Place::Record(month.to_string())),
            ));
        }
        let now = tx.clock().now();
        let mut rows: Vec<RunRow> = open.into_values().collect();
        rows.sort_by(|a, b| a.program.cmp(&b.program));
        for row in &rows {
            record::one_row(run::mark_run_closed(tx.conn, row, by.username(), now)?)?;
            audit(tx, by.username(), "run.close", row, None)?;
        }
        close_month_summary(tx.conn, &street, month, now)?;
        rows.iter().map(|row| load(tx.conn, &street, row.id)).collect()
    })
}
