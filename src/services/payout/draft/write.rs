//! Writing a draft: in pieces that nobody sees, shown by one guarded update.

use super::stream::{self, Computed, Pass};
use super::{
    Areas, DraftOptions, Drafted, Tally, Told, check_ours, overtaken, tallies, tally, tier_code,
};
use crate::domain::payout::{LineReason, RunState};
use crate::domain::payout_hash::{content_hash, hash_text};
use crate::error::AppResult;
use crate::services::auth::{Authorized, MakeRun};
use crate::services::payout::plan::Plan;
use crate::store::audit::Entry;
use crate::store::line::{NewLine, insert_lines};
use crate::store::run::{self, DraftedRun};
use crate::store::{Store, program_start};

/// Lines that are deleted in one transaction when a draft is made anew.
const SWEEP: i64 = 20_000;

/// Removes what an earlier draft or a killed drafting left.
pub(super) fn sweep(store: &Store, plan: &Plan, versions: &[i32]) -> AppResult<()> {
    for run in plan.programs.iter().filter_map(|p| p.existing.as_ref()) {
        loop {
            let gone = store.write(&plan.street, |tx| {
                check_ours(tx, plan, versions)?;
                Ok(run::delete_run_lines(tx.conn, &plan.street, run.id, SWEEP)?)
            })?;
            if gone == 0 {
                break;
            }
        }
    }
    Ok(())
}

/// Computes and writes all lines.
pub(super) fn generate(
    store: &Store,
    plan: &Plan,
    versions: &[i32],
    options: DraftOptions<'_>,
) -> AppResult<Vec<Tally>> {
    let mut tallies = tallies(plan);
    let mut areas = Areas::default();
    let mut told = Told::new(options.watch, true);
    let pass = Pass::Writing { stop_after: options.stop_after_chunks };
    stream::compute(store, plan, pass, |chunk| {
        for line in &chunk.lines {
            tally(plan, line, &mut areas, &mut tallies);
        }
        write_chunk(store, plan, versions, &chunk, &areas)?;
        told.more(chunk.lines.len())
    })?;
    Ok(tallies)
}

/// Inserts a chunk in a transaction of its own.
fn write_chunk(
    store: &Store,
    plan: &Plan,
    versions: &[i32],
    Computed { lines, sealed }: &Computed,
    areas: &Areas,
) -> AppResult<()> {
    let mut rows = Vec::with_capacity(lines.len());
    for (line, (id, bytes)) in lines.iter().zip(sealed) {
        let Some(program) = plan.programs.get(line.program) else { continue };
        let Some(run) = &program.existing else { continue };
        rows.push(NewLine {
            id: *id,
            street_code: &plan.street,
            run_id: run.id.0,
            program: &program.code,
            beneficiary_id: line.beneficiary,
            award_id: line.award,
            month: line.month,
            kind: line.kind.code(),
            amount_fen: line.amount,
            base_fen: line.base,
            supplement_fen: line.supplement,
            persons: line.persons,
            area_code: areas.0.get(&line.area).map_or("", String::as_str),
            tier: tier_code(plan, line),
            reason: line.reason.map(LineReason::code),
            void: false,
            inputs: bytes,
        });
    }
    store.write(&plan.street, |tx| {
        check_ours(tx, plan, versions)?;
        insert_lines(tx.conn, &rows)?;
        Ok(())
    })
}

/// Shows all runs at once.
pub(super) fn finish(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    plan: &Plan,
    versions: &[i32],
    tallies: Vec<Tally>,
) -> AppResult<Vec<Drafted>> {
    store.write(&plan.street, |tx| {
        let mut drafted = Vec::with_capacity(plan.programs.len());
        for ((program, version), mut tally) in plan.programs.iter().zip(versions).zip(tallies) {
            let Some(run) = &program.existing else { return Err(overtaken()) };
            let hash = content_hash(&program.code, plan.month, &mut tally.digests);
            let values = DraftedRun {
                policy_id: Some(plan.policy.row.id),
                cut_off: program.known,
                marks_through: plan.marks_through,
                line_count: i32::try_from(tally.digests.len()).unwrap_or(i32::MAX),
                regular_fen: tally.regular,
                arrears_fen: tally.arrears,
                claim_fen: tally.claim,
                deduction_fen: tally.deduction,
                content_hash: Some(hash.to_vec()),
                drafted_by: by.username().to_owned(),
                drafted_at: tx.clock().now(),
            };
            let shown = run::mark_run_shown(
                tx.conn,
                &plan.street,
                run.id,
                *version,
                RunState::Draft,
                &values,
            )?;
            if shown != 1 {
                return Err(overtaken());
            }
            if program.goes_live {
                program_start::insert_program_start(
                    tx.conn,
                    &plan.street,
                    &program.code,
                    program.first,
                )?;
            }
            let detail = format!(
                "program={} month={} lines={} hash={}",
                program.code,
                plan.month,
                values.line_count,
                hash_text(&hash)
            );
            tx.audit(&Entry {
                actor: by.username(),
                action: "run.draft",
                object_kind: "run",
                object_id: Some(run.id.0),
                reason: None,
                detail: Some(&detail),
            })?;
            let run = run::find_run(tx.conn, &plan.street, run.id)?.ok_or_else(overtaken)?;
            drafted.push(Drafted { run, changed: true });
        }
        Ok(drafted)
    })
}
