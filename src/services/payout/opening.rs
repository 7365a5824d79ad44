//! Opening lines: the last closed month before the ledger begins, as imported,
//! so that 上月, 环比 and the change list of the first month are right
//! (`rulings.md` M2).

use std::collections::BTreeMap;

use crate::domain::ids::{AwardId, BeneficiaryId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunOrigin, RunState};
use crate::domain::payout_hash::{LineContent, content_hash, hash_text};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{Authorized, Import};
use crate::services::policy::in_force;
use crate::services::record;
use crate::store::audit::Entry;
use crate::store::line::{NewLine, insert_lines};
use crate::store::run::{self, DraftedRun, RunRow};
use crate::store::{Store, Tx, program_start, unit_news};

use super::inputs;

/// One line of the month before the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpeningLine {
    /// Code of the program.
    pub program: String,
    /// The award.
    pub award: AwardId,
    /// Who receives.
    pub beneficiary: BeneficiaryId,
    /// What was paid.
    pub amount: Fen,
    /// Of it: top-ups.
    pub supplement: Fen,
    /// People behind it.
    pub persons: i32,
    /// 12-digit community.
    pub area_code: String,
    /// Tier code.
    pub tier: Option<String>,
}

/// Posts opening lines for `month` and sets the programs' first month to the one
/// after it. Returns how many lines are new: the same book again adds nothing.
///
/// # Errors
/// As [`post_opening_in`].
pub fn post_opening(
    store: &Store,
    by: &Authorized<'_, Import>,
    month: Month,
    programs: &[&str],
    lines: &[OpeningLine],
) -> AppResult<usize> {
    let street = by.street().to_owned();
    store.write(&street, |tx| post_opening_in(tx, &street, by.username(), month, programs, lines))
}

/// As [`post_opening`], inside an import's own transaction. `programs` are those
/// that go live even if they have no line.
///
/// # Errors
/// A program has another first month or runs already; a line appears twice.
pub fn post_opening_in(
    tx: &mut Tx<'_>,
    street: &str,
    actor: &str,
    month: Month,
    programs: &[&str],
    lines: &[OpeningLine],
) -> AppResult<usize> {
    let mut by_program: BTreeMap<&str, Vec<&OpeningLine>> =
        programs.iter().map(|program| (*program, Vec::new())).collect();
    for line in lines {
        by_program.entry(&line.program).or_default().push(line);
    }
    let mut added = 0;
    for (program, lines) in by_program {
        added += post_program(tx, street, actor, month, program, &lines)?;
    }
    Ok(added)
}

fn content(line: &OpeningLine, month: Month) -> LineContent<'_> {
    LineContent {
        beneficiary: line.beneficiary.0,
        award: line.award.0,
        month,
        kind: LineKind::Regular,
        amount: line.amount,
        base: line.amount - line.supplement,
        supplement: line.supplement,
        persons: line.persons,
        area: &line.area_code,
        tier: line.tier.as_deref(),
        reason: None,
    }
}

fn post_program(
    tx: &mut Tx<'_>,
    street: &str,
    actor: &str,
    month: Month,
    program: &str,
    lines: &[&OpeningLine],
) -> AppResult<usize> {
    let mut digests: Vec<_> = lines.iter().map(|line| content(line, month).digest()).collect();
    let hash = content_hash(program, month, &mut digests);
    let at = Place::Record(format!("{program} {month}"));
    if let Some(known) = run::find_run_of(tx.conn, street, program, month)? {
        if known.origin == RunOrigin::Opening && known.content_hash.as_deref() == Some(&hash[..]) {
            return Ok(0);
        }
        return Err(AppError::refuse(
            Refusal::new(
                ErrorCode::MonthClosed,
                "该项目该月已有批次,期初数据不能再改。",
                "The program has a run for this month; opening lines cannot be changed any more.",
            )
            .at(at),
        ));
    }
    let starts = program_start::list_program_starts(tx.conn, street)?;
    if starts.iter().any(|(code, first)| code == program && *first != month.next()) {
        return Err(AppError::refuse(
            Refusal::new(
                ErrorCode::Conflict,
                "该项目已从别的月份起入账。",
                "The program goes live in another month.",
            )
            .at(at),
        ));
    }
    program_start::insert_program_start(tx.conn, street, program, month.next())?;
    let row = insert_opening_run(tx, street, actor, month, program)?;
    insert_opening_lines(tx, &row, lines)?;
    let values = DraftedRun {
        policy_id: None,
        cut_off: row.cut_off,
        marks_through: unit_news::last_mark(tx.conn, street)?,
        line_count: i32::try_from(lines.len()).unwrap_or(i32::MAX),
        regular_fen: lines.iter().map(|line| line.amount).sum(),
        arrears_fen: Fen::ZERO,
        claim_fen: Fen::ZERO,
        deduction_fen: Fen::ZERO,
        content_hash: Some(hash.to_vec()),
        drafted_by: actor.to_owned(),
        drafted_at: tx.clock().now(),
    };
    let closed = RunState::Closed;
    record::one_row(run::mark_run_shown(tx.conn, street, row.id, row.version, closed, &values)?)?;
    tx.audit(&Entry {
        actor,
        action: "run.opening",
        object_kind: "run",
        object_id: Some(row.id.0),
        reason: None,
        detail: Some(&format!(
            "program={program} month={month} lines={} hash={}",
            lines.len(),
            hash_text(&hash)
        )),
    })?;
    Ok(lines.len())
}

fn insert_opening_run(
    tx: &mut Tx<'_>,
    street: &str,
    actor: &str,
    month: Month,
    program: &str,
) -> AppResult<RunRow> {
    // Without a policy in force yet the end of the month is the cut-off.
    let policy = in_force(tx.conn).ok();
    let row = RunRow {
        id: RunId(tx.next_id()),
        street_code: street.to_owned(),
        program: program.to_owned(),
        month,
        state: RunState::Generating,
        origin: RunOrigin::Opening,
        policy_id: None,
        cut_off: policy.map_or(month.last_day(), |p| p.policy.cut_off(month)),
        marks_through: 0,
        line_count: 0,
        regular_fen: Fen::ZERO,
        arrears_fen: Fen::ZERO,
        claim_fen: Fen::ZERO,
        deduction_fen: Fen::ZERO,
        content_hash: None,
        drafted_by: actor.to_owned(),
        drafted_at: tx.clock().now(),
        submitted_by: None,
        submitted_at: None,
        approved_by: None,
        approved_at: None,
        payment_on: Some(month.last_day()),
        closed_by: Some(actor.to_owned()),
        closed_at: Some(tx.clock().now()),
        note: None,
        version: 1,
    };
    run::insert_run(tx.conn, &row)?;
    Ok(row)
}

fn insert_opening_lines(tx: &mut Tx<'_>, row: &RunRow, lines: &[&OpeningLine]) -> AppResult<()> {
    for batch in lines.chunks(5_000) {
        let mut sealed = Vec::with_capacity(batch.len());
        for _ in batch {
            let id = tx.next_id();
            let bytes =
                tx.cipher().seal(inputs::FIELD, id, &inputs::opening()).map_err(record::sealed)?;
            sealed.push((id, bytes));
        }
        let rows: Vec<NewLine<'_>> = batch
            .iter()
            .zip(&sealed)
            .map(|(line, (id, bytes))| NewLine {
                id: *id,
                street_code: &row.street_code,
                run_id: row.id.0,
                program: &row.program,
                beneficiary_id: line.beneficiary.0,
                award_id: line.award.0,
                month: row.month,
                kind: LineKind::Regular.code(),
                amount_fen: line.amount,
                base_fen: line.amount - line.supplement,
                supplement_fen: line.supplement,
                persons: line.persons,
                area_code: &line.area_code,
                tier: line.tier.as_deref(),
                reason: None,
                void: false,
                inputs: bytes,
            })
            .collect();
        insert_lines(tx.conn, &rows)?;
    }
    Ok(())
}
