//! Submit, withdraw, return, approve, void: each a guarded change of state, one
//! transaction, one audit entry.

use crate::domain::award::AwardMode;
use crate::domain::ids::{ResidentId, RunId, UnitId};
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunMove, RunOrigin, RunState};
use crate::domain::payout_hash::{HashInOrder, hash_text};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{ApproveRun, Authorized, MakeRun};
use crate::services::record;
use crate::store::audit::Entry;
use crate::store::run::{self, RunRow};
use crate::store::unit_news::{LateEvent, list_late_events};
use crate::store::{Db, Store, Tx, award, line, membership};

use super::{claims, compute, reissue};

/// How many problems are listed at once.
const LISTED: i64 = 50;

/// Names a run the way people do.
pub(super) fn place(run: &RunRow) -> Place {
    Place::Record(format!("{} {}", run.program, run.month))
}

/// A run that somebody looked at, with its version if they say which: a step
/// on another one is refused (SEC-151).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRun {
    /// Which run.
    pub id: RunId,
    /// The version that was read.
    pub version: Option<i32>,
}

impl From<RunId> for SeenRun {
    fn from(id: RunId) -> SeenRun {
        SeenRun { id, version: None }
    }
}

/// A run of the actor's street.
pub(super) fn load(conn: &mut Db, street: &str, id: RunId) -> AppResult<RunRow> {
    run::find_run(conn, street, id)?.ok_or_else(|| AppError::not_found("批次", "run"))
}

/// The run, if it is the one that was looked at and can take the step. Each
/// step's update is guarded by the version that is loaded here.
pub(super) fn load_for(
    tx: &mut Tx<'_>,
    street: &str,
    seen: SeenRun,
    step: RunMove,
) -> AppResult<RunRow> {
    let row = load(tx.conn, street, seen.id)?;
    record::check_version(row.version, seen.version)?;
    if let Err(illegal) = row.state.after(step) {
        let closed = row.state == RunState::Closed;
        let code = if closed { ErrorCode::MonthClosed } else { ErrorCode::Conflict };
        return Err(AppError::refuse(
            Refusal::new(code, illegal.zh(), illegal.en()).at(place(&row)),
        ));
    }
    Ok(row)
}

/// Appends the step's audit entry.
pub(super) fn audit(
    tx: &mut Tx<'_>,
    actor: &str,
    action: &str,
    row: &RunRow,
    reason: Option<&str>,
) -> AppResult<()> {
    let hash = row.content_hash.as_deref().map(hash_text).unwrap_or_default();
    let detail = format!("program={} month={} hash={hash}", row.program, row.month);
    tx.audit(&Entry {
        actor,
        action,
        object_kind: "run",
        object_id: Some(row.id.0),
        reason,
        detail: Some(&detail),
    })?;
    Ok(())
}

fn stored_hash(conn: &mut Db, row: &RunRow) -> AppResult<[u8; 32]> {
    let mut hash = HashInOrder::new(&row.program, row.month);
    line::for_each_digest(conn, &row.street_code, row.id, |digest| hash.add(digest))?;
    Ok(hash.finish())
}

/// Whether a run's lines are still those of its hash.
///
/// # Errors
/// `Integrity` if not.
pub fn check_hash(conn: &mut Db, row: &RunRow) -> AppResult<()> {
    let computed = stored_hash(conn, row)?;
    if row.content_hash.as_deref() == Some(&computed[..]) {
        return Ok(());
    }
    Err(AppError::refuse(
        Refusal::new(
            ErrorCode::Integrity,
            "批次内容与其校验码不符:明细可能被改动过。请重新编制并运行 mingce verify。",
            "The run's lines do not match its hash: they may have been changed. Draft it again and run mingce verify.",
        )
        .at(place(row)),
    ))
}

/// Submits a draft for approval; its content is fixed from here.
/// `without_accounts` gives the reason for which lines without an open account
/// are accepted (cash, collective account).
///
/// # Errors
/// Not a draft; lines without an account (listed).
pub fn submit(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    seen: impl Into<SeenRun>,
    without_accounts: Option<&str>,
) -> AppResult<RunRow> {
    let (street, seen) = (by.street().to_owned(), seen.into());
    let id = seen.id;
    store.write(&street, |tx| {
        let row = load_for(tx, &street, seen, RunMove::Submit)?;
        check_hash(tx.conn, &row)?;
        if without_accounts.is_none() {
            let missing = line::list_lines_without_account(tx.conn, &street, id, LISTED)?;
            AppError::refused_unless_empty(
                missing
                    .iter()
                    .map(|line| {
                        Refusal::new(
                            ErrorCode::InvalidInput,
                            format!("明细 {} 没有可用的收款账户,请先登记账户或暂缓该笔。", line.id),
                            format!(
                                "Line {} has no open account: register one, or hold the line.",
                                line.id
                            ),
                        )
                        .at(Place::Record(format!("{} {} {}", row.program, line.month, line.id)))
                    })
                    .collect(),
            )?;
        }
        let now = tx.clock().now();
        record::one_row(run::mark_run_submitted(tx.conn, &row, by.username(), now)?)?;
        run::insert_contributor(tx.conn, &street, id, by.username())?;
        audit(tx, by.username(), "run.submit", &row, without_accounts)?;
        load(tx.conn, &street, id)
    })
}

/// The maker takes a submitted run back.
///
/// # Errors
/// Not submitted.
pub fn withdraw(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    seen: impl Into<SeenRun>,
    reason: &str,
) -> AppResult<RunRow> {
    let (street, seen) = (by.street().to_owned(), seen.into());
    store.write(&street, |tx| {
        back_to_draft(tx, &street, seen, by.username(), RunMove::Withdraw, "run.withdraw", reason)
    })
}

/// The approver returns a submitted run with a reason.
///
/// # Errors
/// Not submitted, or no reason.
pub fn return_run(
    store: &Store,
    by: &Authorized<'_, ApproveRun>,
    seen: impl Into<SeenRun>,
    reason: &str,
) -> AppResult<RunRow> {
    let mut refusals = Vec::new();
    record::check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    let (street, seen) = (by.street().to_owned(), seen.into());
    store.write(&street, |tx| {
        back_to_draft(tx, &street, seen, by.username(), RunMove::Return, "run.return", reason)
    })
}

fn back_to_draft(
    tx: &mut Tx<'_>,
    street: &str,
    seen: SeenRun,
    actor: &str,
    step: RunMove,
    action: &str,
    reason: &str,
) -> AppResult<RunRow> {
    let row = load_for(tx, street, seen, step)?;
    record::one_row(run::mark_run_back_to_draft(tx.conn, &row, Some(reason))?)?;
    audit(tx, actor, action, &row, Some(reason))?;
    load(tx.conn, street, seen.id)
}

/// Approves a submitted run: what it says is posted from here on, its claims
/// are opened, its deductions booked, returned payments re-issued.
///
/// # Errors
/// Not submitted; the hash is not the one that was looked at; the approver
/// worked on the run; the earlier run is not approved; a death or move was
/// confirmed after the cut-off and the draft does not know it.
pub fn approve(
    store: &Store,
    by: &Authorized<'_, ApproveRun>,
    seen: impl Into<SeenRun>,
    hash: &[u8],
) -> AppResult<RunRow> {
    let (street, seen) = (by.street().to_owned(), seen.into());
    store.write(&street, |tx| {
        let row = load_for(tx, &street, seen, RunMove::Approve)?;
        if row.content_hash.as_deref() != Some(hash) {
            return Err(AppError::refuse(
                Refusal::new(
                    ErrorCode::Conflict,
                    "批次内容在您查看之后变了,请重新打开核对。",
                    "The run is not the one you looked at; open it again and check.",
                )
                .at(place(&row)),
            ));
        }
        check_second_person(tx, &row, by.username())?;
        check_hash(tx.conn, &row)?;
        check_previous(tx, &row)?;
        check_late_events(tx, &row)?;
        let now = tx.clock().now();
        record::one_row(run::mark_run_approved(tx.conn, &row, by.username(), now)?)?;
        claims::open_for_run(tx, &row, by.username())?;
        claims::book_deductions(tx, &row, by.username())?;
        reissue::for_run(tx, &row)?;
        audit(tx, by.username(), "run.approve", &row, None)?;
        load(tx.conn, &street, seen.id)
    })
}

/// Maker ≠ approver, whoever helped making included.
pub(super) fn check_second_person(tx: &mut Tx<'_>, row: &RunRow, actor: &str) -> AppResult<()> {
    let makers = run::list_contributors(tx.conn, &row.street_code, row.id)?;
    if makers.iter().any(|maker| maker == actor) {
        return Err(AppError::refuse(
            Refusal::new(
                ErrorCode::SeparationOfDuties,
                "您参与编制了该批次,须由另一人审批、归档。",
                "You worked on this run; somebody else has to approve and close it.",
            )
            .at(place(row)),
        ));
    }
    Ok(())
}

/// What the run took as posted is posted, and was when it was drafted.
fn check_previous(tx: &mut Tx<'_>, row: &RunRow) -> AppResult<()> {
    let runs = run::list_runs(tx.conn, &row.street_code)?;
    let earlier = runs.iter().filter(|r| r.program == row.program && r.month < row.month);
    for other in earlier {
        let known = other.origin == RunOrigin::Opening
            || (other.state.is_posted()
                && other.approved_at.is_some_and(|at| at <= row.drafted_at));
        if !known {
            return Err(AppError::refuse(
                Refusal::new(
                    ErrorCode::Conflict,
                    format!("{}的批次在本批次编制之后才审批(或还没有审批),请退回并重新编制。", other.month.zh()),
                    format!("The run of {} was approved after this one was drafted, or not at all; return this one and draft it again.", other.month),
                )
                .at(place(row)),
            ));
        }
    }
    Ok(())
}

/// `rulings.md` M7: a death or move confirmed after the cut-off holds the lines
/// of later months; a draft that does not know it is refused.
fn check_late_events(tx: &mut Tx<'_>, row: &RunRow) -> AppResult<()> {
    let today = tx.clock().today();
    let mut refusals = Vec::new();
    for event in list_late_events(tx.conn, &row.street_code, row.cut_off, today)? {
        for line in lines_concerned(tx.conn, row, &event)? {
            refusals.push(
                Refusal::new(
                    ErrorCode::Conflict,
                    format!("截止日之后确认了死亡或迁出,明细 {line} 应转为暂缓。请退回并重新编制。"),
                    format!("A death or move was confirmed after the cut-off; line {line} has to be held. Return the run and draft it again."),
                )
                .at(place(row)),
            );
        }
    }
    AppError::refused_unless_empty(refusals)
}

fn lines_concerned(conn: &mut Db, row: &RunRow, event: &LateEvent) -> AppResult<Vec<i64>> {
    let street = &row.street_code;
    let unit = UnitId(event.unit_id);
    let after: Month = compute::event_month(event);
    let households = match event.resident_id {
        Some(id) => membership::list_memberships_of(conn, street, ResidentId(id))?
            .into_iter()
            .filter(|m| m.counted)
            .map(|m| m.household_id)
            .collect(),
        None => Vec::new(),
    };
    let mut found = Vec::new();
    for award in award::list_awards_of_unit(conn, street, unit)? {
        let own = event.resident_id == Some(award.resident_id.0);
        let whole = award.mode == AwardMode::Standard;
        let home = award
            .household_id
            .is_some_and(|h| whole && (households.contains(&h) || event.household_id == Some(h.0)));
        if award.program != row.program || !(own || home) {
            continue;
        }
        let lines = line::list_lines_of_beneficiary(conn, street, row.id, award.beneficiary_id)?;
        found.extend(
            lines
                .iter()
                .filter(|l| matches!(l.kind, LineKind::Regular | LineKind::Arrears))
                .filter(|l| l.month > after)
                .map(|l| l.id.0),
        );
    }
    Ok(found)
}
