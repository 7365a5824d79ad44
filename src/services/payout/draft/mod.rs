//! Drafting a month: one streaming pass over the units of the street, written
//! in pieces that nobody sees until one guarded update shows them all
//! (`rulings.md` S3).
//!
//! Other threads read and compute (`stream`), this one writes. A draft that is
//! made again from the same facts writes nothing: it is first computed without
//! writing and compared by its hash. Who starts to draft a month takes over from whoever
//! was at it (a killed process cannot say that it is dead); the other finds the
//! run's version changed and stops.

mod stream;
mod write;

use std::collections::HashMap;

use crate::domain::ids::RunId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunOrigin, RunState};
use crate::domain::payout_hash::{LineDigest, content_hash};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, MakeRun};
use crate::services::policy::in_force;
use crate::services::record;
use crate::store::run::{self, RunRow};
use crate::store::{Store, Tx};

use crate::services::payout::compute::DraftLine;
use crate::services::payout::plan::{self, Plan, Wish};
use stream::{Computed, Pass};

/// How to draft.
#[derive(Debug, Clone, Copy, Default)]
pub struct DraftOptions<'a> {
    /// Only these programs; `None`: all that have a run in the month.
    pub programs: Option<&'a [&'a str]>,
    /// Look at every month of the ledger instead of the marked ones. The lines
    /// must be the same; it only takes longer.
    pub full: bool,
    /// For tests: stop after so many chunks, as a killed process would.
    pub stop_after_chunks: Option<usize>,
    /// Is told how far the drafting is.
    pub watch: Option<Watch<'a>>,
}

/// Hears after each chunk how far a drafting is; its error stops the drafting,
/// which then leaves nothing that anybody sees.
#[derive(Clone, Copy)]
pub struct Watch<'a>(pub &'a dyn Fn(DraftProgress) -> AppResult<()>);

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// How far a drafting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DraftProgress {
    /// Whether lines are being written; before that they are compared with the
    /// draft that is there.
    pub writing: bool,
    /// Lines so far.
    pub lines: usize,
}

/// Counts lines and tells whoever watches.
#[derive(Debug)]
struct Told<'a> {
    watch: Option<Watch<'a>>,
    writing: bool,
    lines: usize,
}

impl<'a> Told<'a> {
    fn new(watch: Option<Watch<'a>>, writing: bool) -> Told<'a> {
        Told { watch, writing, lines: 0 }
    }

    fn more(&mut self, lines: usize) -> AppResult<()> {
        self.lines += lines;
        match self.watch {
            Some(Watch(tell)) => tell(DraftProgress { writing: self.writing, lines: self.lines }),
            None => Ok(()),
        }
    }
}

/// A drafted run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// The run.
    pub run: RunRow,
    /// Whether anything was written; false if the draft was the same already.
    pub changed: bool,
}

/// Sums and digests of one program's lines.
#[derive(Debug, Default)]
struct Tally {
    digests: Vec<LineDigest>,
    regular: Fen,
    arrears: Fen,
    claim: Fen,
    deduction: Fen,
}

impl Tally {
    fn add(&mut self, line: &DraftLine, digest: LineDigest) {
        self.digests.push(digest);
        match line.kind {
            LineKind::Regular => self.regular += line.amount,
            LineKind::Arrears => self.arrears += line.amount,
            LineKind::Claim => self.claim += line.amount,
            LineKind::Deduction => self.deduction += line.amount,
            LineKind::Held | LineKind::Waived => {}
        }
    }
}

/// Drafts the month's runs of the actor's street. A draft is replaced, a run
/// that was submitted or more is refused.
///
/// # Errors
/// No policy in force, an earlier run that is not approved, a run that is no
/// draft any more, another drafting that took over.
pub fn draft(
    store: &Store,
    by: &Authorized<'_, MakeRun>,
    month: Month,
    options: DraftOptions<'_>,
) -> AppResult<Vec<Drafted>> {
    let street = by.street().to_owned();
    let wish = Wish {
        street: &street,
        month,
        programs: options.programs,
        full: options.full,
        today: store.clock().today(),
    };
    let mut unchanged = Vec::new();
    let mut plan = store.read(|conn| {
        let policy = in_force(conn)?;
        plan::make(conn, &wish, policy)
    })?;
    let drafts = |plan: &Plan| {
        plan.programs.iter().any(|p| matches!(&p.existing, Some(r) if r.state == RunState::Draft))
    };
    if drafts(&plan) {
        unchanged = compare(store, &plan, options.watch)?;
        plan.programs.retain(|p| !unchanged.iter().any(|d: &Drafted| d.run.program == p.code));
    }
    if !plan.programs.is_empty() {
        let versions = begin(store, by, &mut plan)?;
        write::sweep(store, &plan, &versions)?;
        let tallies = write::generate(store, &plan, &versions, options)?;
        unchanged.extend(write::finish(store, by, &plan, &versions, tallies)?);
    }
    unchanged.sort_by(|a, b| a.run.program.cmp(&b.run.program));
    Ok(unchanged)
}

/// Computes without writing; returns the drafts that are the same already.
fn compare(store: &Store, plan: &Plan, watch: Option<Watch<'_>>) -> AppResult<Vec<Drafted>> {
    let mut tallies = tallies(plan);
    let mut areas = Areas::default();
    let mut told = Told::new(watch, false);
    stream::compute(store, plan, Pass::Comparing, |Computed { lines, .. }| {
        for line in &lines {
            tally(plan, line, &mut areas, &mut tallies);
        }
        told.more(lines.len())
    })?;
    let mut same = Vec::new();
    for (program, mut tally) in plan.programs.iter().zip(tallies) {
        let Some(existing) = program.existing.as_ref().filter(|r| r.state == RunState::Draft)
        else {
            continue;
        };
        let hash = content_hash(&program.code, plan.month, &mut tally.digests);
        let same_policy = existing.policy_id == Some(plan.policy.row.id);
        if same_policy && existing.content_hash.as_deref() == Some(&hash[..]) {
            same.push(Drafted { run: existing.clone(), changed: false });
        }
    }
    Ok(same)
}

fn tallies(plan: &Plan) -> Vec<Tally> {
    plan.programs.iter().map(|_| Tally::default()).collect()
}

fn tally(plan: &Plan, line: &DraftLine, areas: &mut Areas, tallies: &mut [Tally]) {
    let tier = tier_code(plan, line);
    let digest = line.content(areas.text(line.area), tier).digest();
    if let Some(tally) = tallies.get_mut(line.program) {
        tally.add(line, digest);
    }
}

fn tier_code<'p>(plan: &'p Plan, line: &DraftLine) -> Option<&'p str> {
    let index = plan.programs.get(line.program)?.index;
    plan.policy.policy.tier_code(index, line.tier)
}

/// Community numbers as text, each written once.
#[derive(Debug, Default)]
struct Areas(HashMap<i64, String>);

impl Areas {
    fn text(&mut self, number: i64) -> &str {
        self.0.entry(number).or_insert_with(|| format!("{number:012}"))
    }
}

/// Takes the month's runs into generation. From here on this drafting is the
/// one whose version they carry.
fn begin(store: &Store, by: &Authorized<'_, MakeRun>, plan: &mut Plan) -> AppResult<Vec<i32>> {
    let street = plan.street.clone();
    store.write(&street, |tx| {
        let mut versions = Vec::with_capacity(plan.programs.len());
        for program in &mut plan.programs {
            // Read again under the lock: what the plan saw may be over.
            let existing = run::find_run_of(tx.conn, &street, &program.code, plan.month)?;
            let run = match existing {
                None => {
                    insert_generating(tx, by, &street, plan.month, program, plan.policy.row.id)?
                }
                Some(found) => {
                    if !matches!(found.state, RunState::Draft | RunState::Generating) {
                        return Err(overtaken());
                    }
                    record::one_row(run::mark_run_generating(
                        tx.conn,
                        &street,
                        found.id,
                        found.state,
                        found.version,
                    )?)?;
                    RunRow { version: found.version + 1, ..found }
                }
            };
            run::insert_contributor(tx.conn, &street, run.id, by.username())?;
            versions.push(run.version);
            program.existing = Some(run);
        }
        Ok(versions)
    })
}

fn insert_generating(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, MakeRun>,
    street: &str,
    month: Month,
    program: &plan::ProgramPlan,
    policy: i64,
) -> AppResult<RunRow> {
    let row = RunRow {
        id: RunId(tx.next_id()),
        street_code: street.to_owned(),
        program: program.code.clone(),
        month,
        state: RunState::Generating,
        origin: RunOrigin::Engine,
        policy_id: Some(policy),
        cut_off: program.known,
        marks_through: 0,
        line_count: 0,
        regular_fen: Fen::ZERO,
        arrears_fen: Fen::ZERO,
        claim_fen: Fen::ZERO,
        deduction_fen: Fen::ZERO,
        content_hash: None,
        drafted_by: by.username().to_owned(),
        drafted_at: tx.clock().now(),
        submitted_by: None,
        submitted_at: None,
        approved_by: None,
        approved_at: None,
        payment_on: None,
        closed_by: None,
        closed_at: None,
        note: None,
        version: 1,
    };
    run::insert_run(tx.conn, &row)?;
    Ok(row)
}

fn overtaken() -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        "另一次编制刚刚接手了该月的批次,本次已停止,未留下任何内容。",
        "Another drafting took over this month's run; this one stopped and left nothing behind.",
    )
}

/// Stops unless every run is still ours.
fn check_ours(tx: &mut Tx<'_>, plan: &Plan, versions: &[i32]) -> AppResult<()> {
    for (program, version) in plan.programs.iter().zip(versions) {
        let Some(run) = &program.existing else { return Err(overtaken()) };
        if !run::is_generating(tx.conn, &plan.street, run.id, *version)? {
            return Err(overtaken());
        }
    }
    Ok(())
}
