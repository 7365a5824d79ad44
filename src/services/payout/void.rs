//! Voiding a run that is not paid: what it posted is posted no more.

use crate::domain::payout::{RunMove, RunState};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{ApproveRun, Authorized, MakeRun};
use crate::services::record;
use crate::store::run::{self, RunRow};
use crate::store::{Store, Tx, line};

use super::steps::{SeenRun, audit, load, load_for, place};
use super::{claims, reissue};

/// Voids a run that is not paid: a draft or submitted one by its maker.
///
/// # Errors
/// Approved or later (see [`void_approved`]), or no reason.
pub fn void(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    seen: impl Into<SeenRun>,
    reason: &str,
) -> AppResult<RunRow> {
    let (street, seen) = (by.street().to_owned(), seen.into());
    store.write(&street, |tx| {
        let row = load_for(tx, &street, seen, RunMove::Void)?;
        if row.state == RunState::Approved {
            return Err(AppError::coded(
                ErrorCode::Forbidden,
                "已审批的批次只能由审批人作废。",
                "Only an approver can void an approved run.",
            ));
        }
        void_row(tx, &row, by.username(), reason)
    })
}

/// Voids an approved run that is not paid; its claims and deductions are
/// reversed.
///
/// # Errors
/// Paid or closed; a later run already counts on it; no reason.
pub fn void_approved(
    store: &Store,
    by: &Authorized<'_, ApproveRun>,
    seen: impl Into<SeenRun>,
    reason: &str,
) -> AppResult<RunRow> {
    let (street, seen) = (by.street().to_owned(), seen.into());
    store.write(&street, |tx| {
        let row = load_for(tx, &street, seen, RunMove::Void)?;
        let later = run::list_runs(tx.conn, &street)?
            .into_iter()
            .find(|r| r.program == row.program && r.month > row.month && r.state.is_visible());
        if let Some(later) = later {
            return Err(AppError::refuse(
                Refusal::new(
                    ErrorCode::Conflict,
                    format!("{}的批次已按本批次计算,请先作废它。", later.month.zh()),
                    format!(
                        "The run of {} was computed on top of this one; void it first.",
                        later.month
                    ),
                )
                .at(place(&row)),
            ));
        }
        void_row(tx, &row, by.username(), reason)
    })
}

fn void_row(tx: &mut Tx<'_>, row: &RunRow, actor: &str, reason: &str) -> AppResult<RunRow> {
    let mut refusals = Vec::new();
    record::check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    record::one_row(run::mark_run_void(tx.conn, row, reason)?)?;
    line::mark_lines_void(tx.conn, &row.street_code, row.id)?;
    if row.state == RunState::Approved {
        claims::reverse_run(tx, row, actor)?;
        reissue::cancel_for_run(tx, row)?;
    }
    audit(tx, actor, "run.void", row, Some(reason))?;
    load(tx.conn, &row.street_code, row.id)
}
