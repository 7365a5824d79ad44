//! The ledger checked against the facts: for every program, beneficiary and
//! month `due = posted + held + waived`, evaluated anew for everybody
//! (`rulings.md` M5, S4: a run looks only at what changed; this looks at
//! everything and must agree).

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunOrigin};
use crate::error::{AppResult, ErrorCode, Place, Refusal};
use crate::store::run::{RunRow, list_runs};
use crate::store::{Cipher, Db, line, unit_load, unit_news};

use super::compute::Worker;
use super::plan;

/// Units per chunk.
const UNITS: i64 = 2_000;

/// Checks every program's latest posted run of a street; returns what does not
/// add up. Units about which something was entered after that run are left to
/// the next run.
///
/// # Errors
/// The database failed, a sealed value does not open, a pinned policy is
/// missing.
pub fn check_ledger(conn: &mut Db, cipher: &Cipher, street: &str) -> AppResult<Vec<Refusal>> {
    let runs = list_runs(conn, street)?;
    let mut latest: HashMap<&str, &RunRow> = HashMap::new();
    for run in runs.iter().filter(|r| r.state.is_posted() && r.origin == RunOrigin::Engine) {
        latest.insert(&run.program, run);
    }
    let mut in_order: Vec<&RunRow> = latest.into_values().collect();
    in_order.sort_by(|a, b| a.program.cmp(&b.program));
    let mut faults = Vec::new();
    for run in in_order {
        check_program(conn, cipher, run, &runs, &mut faults)?;
    }
    Ok(faults)
}

fn check_program(
    conn: &mut Db,
    cipher: &Cipher,
    run: &RunRow,
    runs: &[RunRow],
    faults: &mut Vec<Refusal>,
) -> AppResult<()> {
    let Some(plan) = plan::for_check(conn, run, runs)? else { return Ok(()) };
    let street = &run.street_code;
    let mut held: HashMap<(i64, Month), Fen> = HashMap::new();
    for line in line::list_lines_of_kind(conn, street, run.id, LineKind::Held)? {
        held.insert((line.award_id.0, line.month), line.amount_fen);
    }
    let later = entered_later(conn, run)?;
    let mut worker = Worker::new(&plan, cipher, false);
    let mut after = i64::MIN;
    let mut lines = Vec::new();
    loop {
        let units = unit_load::list_units(conn, street, after, UNITS)?;
        let Some(last) = units.last().copied() else { break };
        after = last;
        let chunk = unit_load::load(conn, street, units)?;
        let skipped: HashSet<i64> =
            chunk.awards.iter().filter(|a| later.contains(&a.0)).map(|a| a.1).collect();
        lines.clear();
        worker.chunk(conn, &chunk, &mut lines)?;
        // A claim and a waiver of one month together make its difference.
        let mut open: HashMap<(i64, Month), Fen> = HashMap::new();
        for line in lines.iter().filter(|l| l.kind != LineKind::Deduction) {
            *open.entry((line.award, line.month)).or_default() += line.amount;
        }
        held.retain(|key, _| !skipped.contains(&key.0));
        for ((award, month), open) in open {
            let held = held.remove(&(award, month)).unwrap_or_default();
            if open != held && !skipped.contains(&award) {
                faults.push(fault(run, award, month, open, held));
            }
        }
    }
    // What is held and not due at all.
    faults.extend(held.iter().map(|(key, held)| fault(run, key.0, key.1, Fen::ZERO, *held)));
    Ok(())
}

/// Units that were marked after the run had read the marks.
fn entered_later(conn: &mut Db, run: &RunRow) -> AppResult<HashSet<i64>> {
    let never = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default();
    let marks =
        unit_news::list_marks_since(conn, &run.street_code, run.marks_through, never, never)?;
    Ok(marks.into_iter().map(|mark| mark.0).collect())
}

fn fault(run: &RunRow, award: i64, month: Month, open: Fen, held: Fen) -> Refusal {
    Refusal::new(
        ErrorCode::Integrity,
        format!("{}的应发与已入账相差 {open},其中暂缓 {held}。", month.zh()),
        format!(
            "What is due for {month} differs by {open} from what is posted; {held} of it is held."
        ),
    )
    .at(Place::Record(format!("{} {month} award {award}", run.program)))
}
