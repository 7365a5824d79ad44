//! The month as people look at it: where each program stands, a run with its
//! totals.

use super::steps::load;
use crate::domain::ids::RunId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunState};
use crate::domain::summary::{Block, Period, ProgramLabel};
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ReadReport};
use crate::services::report::programs::{Programs, load_in_force, load_programs};
use crate::services::report::{block_of, whole_street};
use crate::store::line::{LineRow, list_lines_without_account};
use crate::store::line_page::{LineFilter, LineGroup, list_line_groups};
use crate::store::report::list_runs as list_heads;
use crate::store::run::{self, RunRow};
use crate::store::unit_news::last_mark;
use crate::store::{Db, Store, attempt};

/// Months that can be chosen.
const MONTHS: usize = 36;
/// Lines without an account that are listed.
const LISTED: i64 = 20;

/// A program in a month.
#[derive(Debug, Clone)]
pub struct MonthRun {
    /// The program.
    pub label: ProgramLabel,
    /// Its run, if there is one.
    pub run: Option<RunRow>,
}

/// All programs in a month.
#[derive(Debug, Clone)]
pub struct MonthBoard {
    /// The month.
    pub month: Month,
    /// Months that can be chosen, the latest first.
    pub months: Vec<Month>,
    /// Programs that pay in it, in the order of the policy.
    pub rows: Vec<MonthRun>,
}

/// Where each program stands in a month; without one in the month at work: the
/// first that is not closed.
///
/// # Errors
/// No policy in force; the database failed.
pub fn month_board(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    month: Option<Month>,
) -> AppResult<MonthBoard> {
    whole_street(by)?;
    let today = Month::of(store.clock().today());
    store.read(|conn| {
        let runs = run::list_runs(conn, by.street())?;
        let open = runs.iter().find(|r| r.state != RunState::Closed && r.payment_on.is_none());
        let unclosed = runs.iter().find(|r| r.state == RunState::Paid).map(|r| r.month);
        let last = runs.last().map(|r| r.month);
        let at_work = open.map(|r| r.month).or(unclosed).or(last.map(Month::next)).unwrap_or(today);
        let month = month.unwrap_or(at_work);
        let first = runs.first().map_or(at_work, |r| r.month).min(month);
        let newest = at_work.max(month).max(last.unwrap_or(at_work));
        let months = first.to(newest).rev().take(MONTHS).collect();
        let programs = load_in_force(conn)?;
        let mut of_month: Vec<RunRow> = runs.into_iter().filter(|r| r.month == month).collect();
        let mut rows: Vec<MonthRun> = Vec::new();
        for label in programs.labels() {
            let at = of_month.iter().position(|r| r.program == label.code);
            let run = at.map(|at| of_month.remove(at));
            if run.is_some() || pays_in(label.period, month) {
                rows.push(MonthRun { label: label.clone(), run });
            }
        }
        rows.extend(
            of_month
                .into_iter()
                .map(|r| MonthRun { label: programs.label(&r.program), run: Some(r) }),
        );
        Ok(MonthBoard { month, months, rows })
    })
}

/// A quarter is paid in the month after it (`rulings.md` M10).
fn pays_in(period: Period, month: Month) -> bool {
    match period {
        Period::Monthly | Period::Once => true,
        Period::Quarterly => month.prev().quarter_end() == month.prev(),
    }
}

/// Months that have a run, the latest first.
///
/// # Errors
/// The database failed.
pub fn months_with_runs(store: &Store, by: &Authorized<'_, ReadReport>) -> AppResult<Vec<Month>> {
    store.read(|conn| {
        let runs = run::list_runs(conn, by.street())?;
        let mut months: Vec<Month> =
            runs.iter().filter(|r| r.state.is_visible()).map(|r| r.month).collect();
        months.dedup();
        months.reverse();
        Ok(months)
    })
}

/// What a program paid out in a month.
#[derive(Debug, Clone)]
pub struct MonthPaid {
    /// The month.
    pub month: Month,
    /// Whether it is closed.
    pub closed: bool,
    /// By program, in the order of the policy.
    pub programs: Vec<(ProgramLabel, Fen)>,
}

/// What the programs paid out in the `count` months that end with `last`:
/// regular and arrears, less deductions. Months without a run are left out.
///
/// # Errors
/// The database failed.
pub fn paid_by_month(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    last: Month,
    count: i32,
) -> AppResult<Vec<MonthPaid>> {
    whole_street(by)?;
    store.read(|conn| {
        let runs = run::list_runs(conn, by.street())?;
        let programs = load_in_force(conn)?;
        let mut found = Vec::new();
        for month in last.plus(1 - count).to(last) {
            let mut of_month: Vec<&RunRow> =
                runs.iter().filter(|r| r.month == month && r.state.is_visible()).collect();
            if of_month.is_empty() {
                continue;
            }
            of_month.sort_by_key(|r| programs.position(&r.program));
            found.push(MonthPaid {
                month,
                closed: of_month.iter().all(|r| r.state == RunState::Closed),
                programs: of_month
                    .iter()
                    .map(|r| {
                        let paid = r.regular_fen + r.arrears_fen + r.deduction_fen;
                        (programs.label(&r.program), paid)
                    })
                    .collect(),
            });
        }
        Ok(found)
    })
}

/// Submitted runs of the caller's street, the oldest first.
///
/// # Errors
/// The database failed.
pub fn list_submitted_runs(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
) -> AppResult<Vec<(ProgramLabel, RunRow)>> {
    whole_street(by)?;
    store.read(|conn| {
        let mut runs = run::list_runs(conn, by.street())?;
        runs.retain(|r| r.state == RunState::Submitted);
        runs.sort_by_key(|r| r.submitted_at);
        let programs = load_in_force(conn)?;
        Ok(runs.into_iter().map(|r| (programs.label(&r.program), r)).collect())
    })
}

/// A run with what one checks before it goes on.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The run.
    pub run: RunRow,
    /// Its program.
    pub label: ProgramLabel,
    /// Whoever worked on it.
    pub makers: Vec<String>,
    /// What changed against the run before, and why; none for an empty run.
    pub block: Option<Block>,
    /// Sums by kind, in the order of the kinds.
    pub sums: Vec<(LineKind, i64, Fen)>,
    /// The first lines that pay into no open account.
    pub without_account: Vec<LineRow>,
    /// Whether something was entered since it was drafted.
    pub is_stale: bool,
    /// Payments that came back.
    pub returned: usize,
}

/// A run of the caller's street that readers may see.
///
/// # Errors
/// No such run; the database failed.
pub fn view_run(store: &Store, by: &Authorized<'_, ReadReport>, id: RunId) -> AppResult<RunView> {
    whole_street(by)?;
    let street = by.street();
    store.read(|conn| {
        let run = load_visible(conn, street, id)?;
        let is_void = run.state == RunState::Void;
        let block = if is_void { None } else { block_of(conn, street, run.month, &run.program)? };
        let is_open = run.state == RunState::Draft;
        let without_account = if is_open {
            list_lines_without_account(conn, street, id, LISTED)?
        } else {
            Vec::new()
        };
        let groups = list_line_groups(conn, street, id, &LineFilter::default())?;
        let attempts = attempt::list_attempts_of_run(conn, street, id)?;
        Ok(RunView {
            label: label_of(conn, &run)?,
            makers: run::list_contributors(conn, street, id)?,
            block,
            sums: sums(&groups),
            without_account,
            is_stale: is_open && last_mark(conn, street)? > run.marks_through,
            returned: attempts
                .iter()
                .filter(|a| a.state == crate::domain::payout::AttemptState::Returned)
                .count(),
            run,
        })
    })
}

/// A void run stays readable, with its reason; one that is being generated is
/// not there yet.
pub(super) fn load_visible(conn: &mut Db, street: &str, id: RunId) -> AppResult<RunRow> {
    let run = load(conn, street, id)?;
    if run.state == RunState::Generating {
        return Err(AppError::not_found("批次", "run"));
    }
    Ok(run)
}

pub(super) fn label_of(conn: &mut Db, run: &RunRow) -> AppResult<ProgramLabel> {
    let heads = list_heads(conn, &run.street_code, &[run.month])?;
    let own: Vec<_> = heads.into_iter().filter(|head| head.id == run.id.0).collect();
    let programs: Programs =
        if own.is_empty() { load_in_force(conn)? } else { load_programs(conn, &own)? };
    Ok(programs.label(&run.program))
}

fn sums(groups: &[LineGroup]) -> Vec<(LineKind, i64, Fen)> {
    LineKind::ALL
        .iter()
        .filter_map(|kind| {
            let of_kind = || groups.iter().filter(|g| g.kind == *kind);
            let count: i64 = of_kind().map(|g| g.count).sum();
            let amount: i64 = of_kind().map(|g| g.amount).sum();
            (count > 0).then_some((*kind, count, Fen(amount)))
        })
        .collect()
}
