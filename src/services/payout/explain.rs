//! How a line's amount came about: worked out anew from what is sealed into
//! the line and from the policy that its run pinned, by the evaluator that
//! paid (`rulings.md` S5).

use chrono::NaiveDate;

use crate::domain::ids::LineId;
use crate::domain::ledger::{Settled, Situation, deduction, settle};
use crate::domain::money::Fen;
use crate::domain::payout::LineKind;
use crate::domain::policy::{
    NO_TIER, NoTrace, Outcome, Policy, Rates, Step, UnitAt, evaluate, evaluate_quarter, explain,
};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{Authorized, ReadReport};
use crate::services::policy::pinned;
use crate::services::record;
use crate::store::line::{LineRow, find_line};
use crate::store::run::{self, RunRow};
use crate::store::{Cipher, Db, Store};

use super::inputs::{self, LineInputs, RecoveryPart};

/// A line with its derivation.
#[derive(Debug, Clone)]
pub struct LineExplanation {
    /// The line.
    pub line: LineRow,
    /// The policy that its run pinned (`code@version`); none for opening lines.
    pub policy: Option<String>,
    /// Day of knowledge; none for opening lines.
    pub known_on: Option<NaiveDate>,
    /// What was due for the month, by the facts and standards known then.
    pub due: Option<Fen>,
    /// What earlier runs had posted and waived for the month.
    pub settled: Fen,
    /// The steps that lead to what is due.
    pub steps: Vec<Step>,
    /// The claims that a deduction paid.
    pub recovery: Vec<RecoveryPart>,
}

/// Explains a line of the caller's street.
///
/// # Errors
/// No such line; `Integrity` if the amount that comes out is not the line's.
pub fn explain_line(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: LineId,
) -> AppResult<LineExplanation> {
    store.read(|conn| {
        let not_found = || AppError::not_found("明细", "line");
        let line = find_line(conn, by.street(), id)?.ok_or_else(not_found)?;
        let run = run::find_run(conn, by.street(), line.run_id)?
            .filter(|run| run.state.is_visible())
            .ok_or_else(not_found)?;
        let policies = policies_of(conn, &run)?;
        recompute(store.cipher(), line, &policies)
    })
}

/// The policy that a run pinned, and the one of the run before it.
#[derive(Debug, Default)]
pub struct RunPolicies {
    own: Option<Policy>,
    before: Option<Policy>,
}

/// Loads the policies that the lines of a run were computed with.
///
/// # Errors
/// A pinned policy is missing or cannot be read.
pub fn policies_of(conn: &mut Db, row: &RunRow) -> AppResult<RunPolicies> {
    let load = |conn: &mut Db, id: Option<i64>| -> AppResult<Option<Policy>> {
        Ok(id.map(|id| pinned(conn, id)).transpose()?.map(|p| p.policy))
    };
    let own = load(conn, row.policy_id)?;
    let runs = run::list_runs(conn, &row.street_code)?;
    let earlier = runs
        .iter()
        .rfind(|r| r.program == row.program && r.month < row.month && r.state.is_posted())
        .and_then(|r| r.policy_id)
        .filter(|id| Some(*id) != row.policy_id);
    Ok(RunPolicies { own, before: load(conn, earlier)? })
}

/// Recomputes a line with the policy that its run pinned.
///
/// # Errors
/// `Sealed` if its inputs do not open, `Integrity` if they are damaged or the
/// amount that comes out is not the line's.
pub fn recompute(
    cipher: &Cipher,
    line: LineRow,
    policies: &RunPolicies,
) -> AppResult<LineExplanation> {
    let policy = policies.own.as_ref();
    let open = cipher.open(inputs::FIELD, line.id.0, &line.inputs).map_err(record::sealed)?;
    let inputs = inputs::decode(&open).map_err(|_| differs(&line, None))?;
    let mut explanation = LineExplanation {
        line,
        policy: policy.map(Policy::label),
        known_on: None,
        due: None,
        settled: Fen::ZERO,
        steps: Vec::new(),
        recovery: Vec::new(),
    };
    match (inputs, policy) {
        (LineInputs::Opening, _) => Ok(explanation),
        (LineInputs::Recovery { regular, parts }, _) => {
            let sound = parts.iter().all(|p| {
                p.part.is_positive() && p.part <= deduction(regular, p.cap_percent, p.balance)
            });
            let total: Fen = parts.iter().map(|p| p.part).sum();
            if !sound || explanation.line.amount_fen != -total {
                return Err(differs(&explanation.line, Some(-total)));
            }
            explanation.recovery = parts;
            Ok(explanation)
        }
        (LineInputs::Due { settled, rates_then, units }, Some(policy)) => {
            let award = explanation.line.award_id.0;
            let found = explain(policy, &units, award);
            let due = found.as_ref().map_or(Fen::ZERO, |e| e.due.amount);
            let older = policies.before.as_ref().unwrap_or(policy);
            let then = rates_then.map_or(due, |known| due_at(policy, older, &units, award, known));
            check(&explanation.line, due, settled, then)?;
            if let Some(found) = &found {
                check_parts(policy, &explanation.line, &found.due)?;
            }
            explanation.known_on = units.last().map(UnitAt::known_on);
            explanation.due = Some(due);
            explanation.settled = settled;
            explanation.steps = found.map(|e| e.steps).unwrap_or_default();
            Ok(explanation)
        }
        (LineInputs::Due { .. }, None) => Err(differs(&explanation.line, None)),
    }
}

/// What would be due by the standards that the run before knew.
fn due_at(policy: &Policy, older: &Policy, units: &[UnitAt], award: i64, known: NaiveDate) -> Fen {
    let rates: Vec<Rates> =
        units.iter().map(|u| policy.rates_by(older, u.month(), known)).collect();
    let (mut outcome, mut scratch) = (Outcome::default(), Outcome::default());
    match (units, rates.as_slice()) {
        ([unit], [rates]) => evaluate(policy, rates, unit, &mut outcome, &mut NoTrace),
        _ => {
            let months: Vec<_> = rates.iter().zip(units).collect();
            evaluate_quarter(policy, &months, &mut scratch, &mut outcome, &mut NoTrace);
        }
    }
    let due = outcome.dues().iter().find(|d| d.award_id == award);
    due.map_or(Fen::ZERO, |d| d.amount)
}

/// The ledger's rule again: the line must be one of the postings that follow.
fn check(line: &LineRow, due: Fen, settled: Fen, then: Fen) -> AppResult<()> {
    let situation = Situation {
        own_period: line.kind == LineKind::Regular,
        held: line.kind == LineKind::Held,
        closed: line.kind == LineKind::Waived,
    };
    let before = Settled { posted: settled, waived: Fen::ZERO };
    let postings = settle(due, before, situation, || then);
    let fits = postings
        .iter()
        .flatten()
        .any(|posting| posting.kind == line.kind && posting.amount == line.amount_fen);
    if fits { Ok(()) } else { Err(differs(line, Some(due - settled))) }
}

/// Base, top-ups and tier of a line that pays the whole due.
fn check_parts(policy: &Policy, line: &LineRow, due: &crate::domain::policy::Due) -> AppResult<()> {
    let tier = (due.tier != NO_TIER).then(|| policy.tier_code(due.program, due.tier)).flatten();
    let whole = line.amount_fen == due.amount;
    let parts = line.base_fen == due.base && line.supplement_fen == due.supplement;
    if tier == line.tier.as_deref() && (!whole || parts) {
        return Ok(());
    }
    Err(differs(line, Some(due.amount)))
}

fn differs(line: &LineRow, computed: Option<Fen>) -> AppError {
    let at = Place::Record(format!("line {}", line.id));
    let amount = line.amount_fen;
    let refusal = match computed {
        Some(computed) => Refusal::new(
            ErrorCode::Integrity,
            format!(
                "按当时的依据重算为 {computed},与明细的 {amount} 不符:明细或依据被改动过。请运行 mingce verify。"
            ),
            format!(
                "Recomputed from its inputs the amount is {computed}, the line says {amount}: line or inputs were changed. Run mingce verify."
            ),
        ),
        None => Refusal::new(
            ErrorCode::Integrity,
            "明细的计算依据已损坏,请运行 mingce verify。",
            "The inputs of the line are damaged; run mingce verify.",
        ),
    };
    AppError::refuse(refusal.at(at))
}

/// Recomputes every line of a run; returns what does not come out.
///
/// # Errors
/// The database failed, or the pinned policy is missing.
pub fn check_lines(conn: &mut Db, cipher: &Cipher, run: &RunRow) -> AppResult<Vec<Refusal>> {
    let policies = policies_of(conn, run)?;
    let mut faults = Vec::new();
    let mut after = None;
    loop {
        let lines =
            crate::store::line::list_lines_of_run(conn, &run.street_code, run.id, after, PIECE)?;
        let Some(last) = lines.last() else { break };
        after = Some((last.beneficiary_id, last.month, last.kind));
        for line in lines {
            match recompute(cipher, line, &policies) {
                Ok(_) => {}
                Err(AppError::Refused(refusals)) => faults.extend(refusals),
                Err(other) => return Err(other),
            }
        }
    }
    Ok(faults)
}

/// Lines that are held in memory at once.
const PIECE: i64 = 5_000;
