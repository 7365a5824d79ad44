//! The month's table: read from what was stored when the month was closed, or
//! computed from the lines of two months.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDateTime;
use sha2::{Digest, Sha256};

use super::lines::{Places, RunCursor, fact};
use super::programs::{Programs, load_programs};
use super::reasons::{leave_reasons, returning};
use crate::domain::month::Month;
use crate::domain::payout::{AttemptState, RunOrigin};
use crate::domain::summary::build::{BlockBuilder, total_of};
use crate::domain::summary::identities::{RunTotals, check};
use crate::domain::summary::{Block, LineFact, Period, Summary};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::Authorized;
use crate::services::auth::ReadReport;
use crate::store::report::{RunHead, find_summary, insert_summary, list_attempts, list_runs};
use crate::store::{Db, Store};

/// The month's table of the caller's street. A closed month is read as it was
/// stored; any other is computed, checked and marked as a draft.
///
/// # Errors
/// No run in that month; a broken identity; the database failed.
pub fn month_summary(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    month: Month,
) -> AppResult<Summary> {
    whole_street(by)?;
    store.read(|conn| summarize(conn, by.street(), month))
}

/// As [`month_summary`], on a connection that is already open.
///
/// # Errors
/// As [`month_summary`].
pub fn summarize(conn: &mut Db, street: &str, month: Month) -> AppResult<Summary> {
    match stored_summary(conn, street, month)? {
        Some(summary) => Ok(summary),
        None => compute(conn, street, month, false),
    }
}

/// The stored table of a closed month, `None` if the month is open.
///
/// # Errors
/// `Integrity` if the stored text does not match its digest.
pub fn stored_summary(conn: &mut Db, street: &str, month: Month) -> AppResult<Option<Summary>> {
    let Some((body, digest)) = find_summary(conn, street, month)? else { return Ok(None) };
    let damaged = || {
        AppError::coded(
            ErrorCode::Integrity,
            format!("{month} 封存的汇总表与其指纹不符,请运行 mingce verify。"),
            format!("The stored summary of {month} does not match its digest; run mingce verify."),
        )
    };
    if Sha256::digest(body.as_bytes()).as_slice() != digest.as_slice() {
        return Err(damaged());
    }
    serde_json::from_str(&body).map(Some).map_err(|_| damaged())
}

/// Computes the table of a month whose runs are all closed and stores it.
/// Called inside the transaction that closes the month's last run.
///
/// # Errors
/// A broken identity, a program without a roster (nothing is closed then), or
/// the month's table is stored already.
pub fn close_month_summary(
    conn: &mut Db,
    street: &str,
    month: Month,
    closed_at: NaiveDateTime,
) -> AppResult<Summary> {
    if find_summary(conn, street, month)?.is_some() {
        return Err(AppError::coded(
            ErrorCode::MonthClosed,
            format!("{month} 已关账,汇总表已封存,不能重算。"),
            format!("{month} is closed; its summary is stored and never recomputed."),
        ));
    }
    let summary = compute(conn, street, month, true)?;
    let body = serde_json::to_string(&summary).map_err(|error| {
        AppError::coded(ErrorCode::System, format!("汇总表无法保存:{error}"), error.to_string())
    })?;
    let digest = Sha256::digest(body.as_bytes());
    insert_summary(conn, street, month, &body, digest.as_slice(), closed_at)?;
    Ok(summary)
}

/// The block of one run against the run before it: what changed, and why. A
/// closed month's is read as it was stored.
///
/// # Errors
/// The database failed; `Integrity` if the stored text does not match its digest.
pub(in crate::services) fn block_of(
    conn: &mut Db,
    street: &str,
    month: Month,
    program: &str,
) -> AppResult<Option<Block>> {
    if let Some(summary) = stored_summary(conn, street, month)? {
        return Ok(summary.block(program).cloned());
    }
    let runs = list_runs(conn, street, &[month.plus(-4), month.plus(-3), month.prev(), month])?;
    let Some(run) = runs.iter().find(|run| run.month == month && run.program == program) else {
        return Ok(None);
    };
    let programs = load_programs(conn, &runs)?;
    let mut places = Places::load(conn, street, month)?;
    let last = last_run(&runs, &programs, run);
    let mut builder = BlockBuilder::new(programs.label(program));
    read_runs(conn, street, last.map(|run| run.id), run.id, &mut places, &mut builder)?;
    let mut builders = vec![(run, last, builder)];
    read_attempts(conn, street, &[run], &mut places, &mut builders)?;
    match builders.pop() {
        Some(built) => block(conn, street, built, &programs, &places).map(Some),
        None => Ok(None),
    }
}

/// Finishes a block: why people came and left.
fn block(
    conn: &mut Db,
    street: &str,
    (run, last, builder): Building<'_>,
    programs: &Programs,
    places: &Places,
) -> AppResult<Block> {
    let reasons = leave_reasons(conn, street, run, programs, builder.left())?;
    let back = match last.filter(|_| !builder.joined().is_empty()) {
        Some(last) => returning(conn, street, last, builder.joined())?,
        None => BTreeSet::new(),
    };
    Ok(builder.finish(places.communities(), &reasons, &back))
}

pub(in crate::services) fn whole_street(by: &Authorized<'_, ReadReport>) -> AppResult<()> {
    if by.scope().area_codes().is_none() {
        return Ok(());
    }
    Err(AppError::coded(
        ErrorCode::Forbidden,
        "街道汇总表需要全街道的查看范围。",
        "The street's summary needs the scope of the whole street.",
    ))
}

fn compute(conn: &mut Db, street: &str, month: Month, closed: bool) -> AppResult<Summary> {
    let runs = list_runs(conn, street, &[month.plus(-4), month.plus(-3), month.prev(), month])?;
    let current: Vec<&RunHead> = runs.iter().filter(|run| run.month == month).collect();
    if current.is_empty() {
        return Err(AppError::coded(
            ErrorCode::NotFound,
            format!("{month} 还没有发放批次。请先生成:mingce payout draft {month}"),
            format!("There is no run in {month}. Make one first: mingce payout draft {month}"),
        ));
    }
    let programs = load_programs(conn, &runs)?;
    let mut places = Places::load(conn, street, month)?;
    let mut builders = Vec::with_capacity(current.len());
    for run in &current {
        let last = last_run(&runs, &programs, run);
        let mut builder = BlockBuilder::new(programs.label(&run.program));
        read_runs(conn, street, last.map(|run| run.id), run.id, &mut places, &mut builder)?;
        builders.push((*run, last, builder));
    }
    read_attempts(conn, street, &current, &mut places, &mut builders)?;
    let mut blocks = Vec::with_capacity(builders.len());
    let mut totals = BTreeMap::new();
    for built in builders {
        let (run, last, _) = &built;
        totals.insert(run.program.clone(), run_totals(run, *last));
        blocks.push(block(conn, street, built, &programs, &places)?);
    }
    let summary = Summary {
        street_code: street.to_owned(),
        street_name: places.street_name().to_owned(),
        month,
        closed,
        illustrative: programs.illustrative(),
        pending: pending(&runs, &current, &programs, month),
        ..arrange(blocks, &programs, month)
    };
    finished(summary, closed, |program| totals.get(program).copied())
}

/// A table is handed out only if every identity holds, and is stored only if
/// no program is missing.
fn finished(
    summary: Summary,
    closed: bool,
    totals: impl Fn(&str) -> Option<RunTotals>,
) -> AppResult<Summary> {
    check(&summary, totals).map_err(|broken| {
        AppError::refuse(Refusal::new(ErrorCode::Integrity, broken.zh(), broken.en()))
    })?;
    if closed && !summary.pending.is_empty() {
        let missing = summary.pending.join("、");
        return Err(AppError::coded(
            ErrorCode::Conflict,
            format!("{missing} 本月还没有批次,不能关账。"),
            format!("{missing}: no run yet in this month; it cannot be closed."),
        ));
    }
    Ok(summary)
}

/// Last month's run of a monthly program, last quarter's of a quarterly one.
/// Opening lines of a quarter stand in its last month, not in the one after.
fn last_run<'a>(runs: &'a [RunHead], programs: &Programs, run: &RunHead) -> Option<&'a RunHead> {
    let of = |month: Month| {
        runs.iter().find(|other| other.program == run.program && other.month == month)
    };
    match programs.label(&run.program).period {
        Period::Monthly => of(run.month.prev()),
        Period::Quarterly => of(run.month.plus(-3))
            .or_else(|| of(run.month.plus(-4)).filter(|other| other.origin == RunOrigin::Opening)),
        Period::Once => None,
    }
}

/// Monthly programs that had a run last month and have none in this one.
fn pending(
    runs: &[RunHead],
    current: &[&RunHead],
    programs: &Programs,
    month: Month,
) -> Vec<String> {
    runs.iter()
        .filter(|run| run.month == month.prev() && run.regular_fen.is_positive())
        .map(|run| programs.label(&run.program))
        .filter(|label| label.period == Period::Monthly)
        .filter(|label| !current.iter().any(|run| run.program == label.code))
        .map(|label| label.zh)
        .collect()
}

/// Merges the two runs, both in order of beneficiary.
fn read_runs(
    conn: &mut Db,
    street: &str,
    last: Option<i64>,
    this: i64,
    places: &mut Places,
    builder: &mut BlockBuilder,
) -> AppResult<()> {
    let mut last = RunCursor::new(last);
    let mut this = RunCursor::new(Some(this));
    let mut before: Vec<LineFact> = Vec::new();
    let mut now: Vec<LineFact> = Vec::new();
    loop {
        let next = match (last.peek(conn, street)?, this.peek(conn, street)?) {
            (None, None) => return Ok(()),
            (Some(one), None) | (None, Some(one)) => one,
            (Some(one), Some(other)) => one.min(other),
        };
        before.clear();
        before.extend(last.take(next).iter().map(|line| fact(line, places)));
        now.clear();
        now.extend(this.take(next).iter().map(|line| fact(line, places)));
        builder.beneficiary(&before, &now);
    }
}

type Building<'a> = (&'a RunHead, Option<&'a RunHead>, BlockBuilder);

/// 退票 and 重发 of this month's files.
fn read_attempts(
    conn: &mut Db,
    street: &str,
    current: &[&RunHead],
    places: &mut Places,
    builders: &mut [Building<'_>],
) -> AppResult<()> {
    let ids: Vec<i64> = current.iter().map(|run| run.id).collect();
    for attempt in list_attempts(conn, street, &ids)? {
        let community = places.community(&attempt.area_code);
        let Some((_, _, builder)) =
            builders.iter_mut().find(|(run, _, _)| run.program == attempt.program)
        else {
            continue;
        };
        if attempt.attempt_no > 1 && attempt.state != AttemptState::Cancelled {
            builder.reissued(community, attempt.amount_fen);
        }
        if attempt.state == AttemptState::Returned {
            builder.returned(community, attempt.amount_fen);
        }
    }
    Ok(())
}

fn run_totals(run: &RunHead, last: Option<&RunHead>) -> RunTotals {
    RunTotals {
        regular: run.regular_fen,
        arrears: run.arrears_fen,
        deduction: run.deduction_fen,
        claim: run.claim_fen,
        last_regular: last.map(|last| last.regular_fen).unwrap_or_default(),
    }
}

/// Blocks in the order of the policy, monthly ones with their total.
fn arrange(mut blocks: Vec<Block>, programs: &Programs, month: Month) -> Summary {
    blocks.sort_by_key(|block| programs.position(&block.program.code));
    let of = |period: Period| -> Vec<Block> {
        blocks.iter().filter(|block| block.program.period == period).cloned().collect()
    };
    let monthly = of(Period::Monthly);
    Summary {
        street_code: String::new(),
        street_name: String::new(),
        month,
        closed: false,
        illustrative: false,
        pending: Vec::new(),
        monthly_total: total_of(&monthly),
        monthly,
        quarterly: of(Period::Quarterly),
        once: of(Period::Once),
    }
}
