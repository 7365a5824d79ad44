//! What a month run needs to know before it reads the first unit: which
//! programs, up to which day of knowledge, which earlier months, which marks.

mod check;
mod rates;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{ClaimStatus, RunMove, RunState};
use crate::domain::policy::{Period, Policy, Rates};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::policy::InForce;
use crate::store::run::{RunRow, list_runs};
use crate::store::unit_news::{LateEvent, MarkLoad, last_mark, list_late_events, list_marks_since};
use crate::store::{Db, claim, program_start};

pub(super) use check::for_check;
use rates::{RatesKnown, changed_months, older_policies};

/// The run before, as far as the next one needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Previous {
    /// Its last day of knowledge.
    pub cut_off: NaiveDate,
    /// The last mark that it saw.
    pub marks_through: i64,
    /// The policy that it pinned.
    pub policy: Option<i64>,
}

/// One program of the run.
#[derive(Debug, Clone)]
pub(super) struct ProgramPlan {
    /// Index in the policy.
    pub index: u16,
    /// Code.
    pub code: String,
    /// How often it pays.
    pub period: Period,
    /// The period's month: the run's, or the last of the quarter before.
    pub own: Month,
    /// Last day of knowledge.
    pub known: NaiveDate,
    /// First month of the ledger.
    pub first: Month,
    /// Whether this run is what sets the first month.
    pub goes_live: bool,
    /// The run before.
    pub previous: Option<Previous>,
    /// Earlier months for which a standard changed since then.
    pub changed: Vec<Month>,
    /// The run of this month, if there is one.
    pub existing: Option<RunRow>,
}

/// An open claim with a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlannedClaim {
    /// Its id.
    pub id: i64,
    /// Cap in percent.
    pub cap_percent: u32,
    /// Still owed.
    pub balance: Fen,
}

/// Everything a run needs besides the units.
#[derive(Debug)]
pub(super) struct Plan {
    /// The street.
    pub street: String,
    /// The run's month.
    pub month: Month,
    /// The day on which it is drafted.
    pub today: NaiveDate,
    /// The policy in force.
    pub policy: InForce,
    /// Programs that run this month.
    pub programs: Vec<ProgramPlan>,
    /// Marks since the oldest previous run, sorted by unit.
    pub marks: Vec<MarkLoad>,
    /// The last mark at the beginning.
    pub marks_through: i64,
    /// Runs whose lines count as posted.
    pub posted_runs: HashSet<i64>,
    /// Planned claims by award, oldest first.
    pub claims: HashMap<i64, Vec<PlannedClaim>>,
    /// Confirmed deaths and moves known after the cut-off, by unit.
    pub late: HashMap<i64, Vec<LateEvent>>,
    rates: Vec<RatesKnown>,
}

impl Plan {
    /// Standards of a month as known at a program's cut-off.
    pub fn rates(&self, month: Month, known: NaiveDate) -> Option<&Rates> {
        self.find_rates(month, known, false)
    }

    /// Standards of a month as the previous run, cut off at `known`, knew them.
    pub fn rates_then(&self, month: Month, known: NaiveDate) -> Option<&Rates> {
        self.find_rates(month, known, true)
    }

    fn find_rates(&self, month: Month, known: NaiveDate, then: bool) -> Option<&Rates> {
        let known = self.rates.iter().find(|r| r.known == known && r.then == then)?;
        known.rates.get(usize::try_from(month.since(known.first)).ok()?)
    }
}

/// Whether a program has a run in `month`, and for which period.
pub(super) fn own_month(period: Period, month: Month) -> Option<Month> {
    match period {
        Period::Month | Period::Once => Some(month),
        Period::Quarter => (month.prev().quarter_end() == month.prev()).then(|| month.prev()),
    }
}

/// The period's month before.
pub(super) fn previous_own(period: Period, own: Month) -> Month {
    match period {
        Period::Month | Period::Once => own.prev(),
        Period::Quarter => own.plus(-3),
    }
}

/// The month in which the period's run is made.
fn run_month(period: Period, own: Month) -> Month {
    match period {
        Period::Month | Period::Once => own,
        Period::Quarter => own.next(),
    }
}

/// Last day of knowledge: the policy's day, of a quarter its last (`rulings.md`
/// M10).
pub(super) fn cut_off(policy: &Policy, period: Period, own: Month) -> NaiveDate {
    match period {
        Period::Month | Period::Once => policy.cut_off(own),
        Period::Quarter => own.last_day(),
    }
}

/// What is asked for.
pub(super) struct Wish<'a> {
    /// The street.
    pub street: &'a str,
    /// The month.
    pub month: Month,
    /// Only these programs; all that run this month if `None`.
    pub programs: Option<&'a [&'a str]>,
    /// Evaluate every month from the first instead of the marked ones.
    pub full: bool,
    /// The day of drafting.
    pub today: NaiveDate,
}

/// Makes the plan.
///
/// # Errors
/// An unknown program, a month before the first, an earlier run that is not
/// approved yet, a run of the month that is no draft any more.
pub(super) fn make(conn: &mut Db, wish: &Wish<'_>, policy: InForce) -> AppResult<Plan> {
    let starts: HashMap<String, Month> =
        program_start::list_program_starts(conn, wish.street)?.into_iter().collect();
    let runs = list_runs(conn, wish.street)?;
    let mut refusals = Vec::new();
    let mut programs = Vec::new();
    for (index, own) in wanted(&policy.policy, wish)? {
        match program_plan(&policy.policy, wish, index, own, &starts, &runs) {
            Ok(Some(program)) => programs.push(program),
            Ok(None) => {}
            Err(refusal) => refusals.push(refusal),
        }
    }
    AppError::refused_unless_empty(refusals)?;
    let older = older_policies(conn, &policy, &programs)?;
    for program in &mut programs {
        program.changed = changed_months(&policy.policy, &older, program, wish.full);
    }
    let mut plan = Plan {
        street: wish.street.to_owned(),
        month: wish.month,
        today: wish.today,
        marks: Vec::new(),
        marks_through: last_mark(conn, wish.street)?,
        posted_runs: runs.iter().filter(|r| r.state.is_posted()).map(|r| r.id.0).collect(),
        claims: planned_claims(conn, wish)?,
        late: HashMap::new(),
        rates: rates::rates(&policy.policy, &older, &programs),
        policy,
        programs,
    };
    plan.marks = marks(conn, wish, &plan.programs)?;
    plan.late = late_events(conn, wish, &plan.programs)?;
    Ok(plan)
}

fn wanted(policy: &Policy, wish: &Wish<'_>) -> AppResult<Vec<(u16, Month)>> {
    let mut refusals = Vec::new();
    let mut found = Vec::new();
    for code in wish.programs.unwrap_or_default() {
        let Some(index) = policy.program_index(code) else {
            refusals.push(Refusal::field(
                "program",
                format!("现行政策没有项目“{code}”。"),
                format!("The policy in force has no program \"{code}\"."),
            ));
            continue;
        };
        let period = policy.program(index).map(|p| p.period);
        match period.and_then(|period| own_month(period, wish.month)) {
            Some(own) => found.push((index, own)),
            None => refusals.push(Refusal::field(
                "program",
                format!("项目“{code}”按季发放,{}没有它的批次(每季度次月发放)。", wish.month.zh()),
                format!(
                    "\"{code}\" pays by quarter, in the month after it; not in {}.",
                    wish.month
                ),
            )),
        }
    }
    if wish.programs.is_none() {
        for (index, program) in (0_u16..).zip(&policy.programs) {
            if let Some(own) = own_month(program.period, wish.month) {
                found.push((index, own));
            }
        }
    }
    AppError::refused_unless_empty(refusals)?;
    Ok(found)
}

fn place(program: &str, month: Month) -> Place {
    Place::Record(format!("{program} {month}"))
}

fn program_plan(
    policy: &Policy,
    wish: &Wish<'_>,
    index: u16,
    own: Month,
    starts: &HashMap<String, Month>,
    runs: &[RunRow],
) -> Result<Option<ProgramPlan>, Refusal> {
    let Some(program) = policy.program(index) else { return Ok(None) };
    let code = program.code.clone();
    let first = starts.get(&code).copied();
    if first.is_some_and(|first| own < first) {
        // Asked for by name it is a mistake; among all programs it is not yet due.
        return if wish.programs.is_none() {
            Ok(None)
        } else {
            Err(before_first(&code, wish.month, first))
        };
    }
    let of_program = || runs.iter().filter(|r| r.program == code);
    let existing = of_program().find(|r| r.month == wish.month).cloned();
    if let Some(run) = &existing
        && run.state != RunState::Generating
        && let Err(illegal) = run.state.after(RunMove::Refresh)
    {
        let closed = run.state == RunState::Closed;
        let error = if closed { ErrorCode::MonthClosed } else { ErrorCode::Conflict };
        return Err(Refusal::new(error, illegal.zh(), illegal.en()).at(place(&code, wish.month)));
    }
    if let Some(later) = of_program().find(|r| r.month > wish.month && r.state.is_posted()) {
        return Err(Refusal::new(
            ErrorCode::Conflict,
            format!("{}的批次已审批,不能再编制更早的月份;差额会在下一批次补发或追回。", later.month.zh()),
            format!("The run of {} is approved already; differences of earlier months are posted by the next run.", later.month),
        )
        .at(place(&code, wish.month)));
    }
    let before = run_month(program.period, previous_own(program.period, own));
    let previous = of_program().find(|r| r.month == before && r.state.is_posted());
    let started = |first: Month| previous_own(program.period, own) >= first;
    if previous.is_none() && first.is_some_and(started) {
        return Err(Refusal::new(
            ErrorCode::Conflict,
            format!("请先审批{}的批次:否则该月会被重复计算。", before.zh()),
            format!("Approve the run of {before} first, or that month would be counted twice."),
        )
        .at(place(&code, wish.month)));
    }
    Ok(Some(ProgramPlan {
        index,
        period: program.period,
        own,
        known: cut_off(policy, program.period, own),
        first: first.unwrap_or(own),
        goes_live: first.is_none(),
        previous: previous.map(|r| Previous {
            cut_off: r.cut_off,
            marks_through: r.marks_through,
            policy: r.policy_id,
        }),
        changed: Vec::new(),
        existing,
        code,
    }))
}

fn before_first(code: &str, month: Month, first: Option<Month>) -> Refusal {
    let first = first.map(|m| m.to_string()).unwrap_or_default();
    Refusal::new(
        ErrorCode::InvalidInput,
        format!("该项目从 {first} 起在系统中发放,之前的月份不在账内。"),
        format!("The program goes live in {first}; earlier months are outside the ledger."),
    )
    .at(place(code, month))
}

fn planned_claims(conn: &mut Db, wish: &Wish<'_>) -> AppResult<HashMap<i64, Vec<PlannedClaim>>> {
    let balances: HashMap<_, _> =
        claim::list_open_balances(conn, wish.street)?.into_iter().collect();
    let mut by_award: HashMap<i64, Vec<PlannedClaim>> = HashMap::new();
    for row in claim::list_claims(conn, wish.street, true)? {
        let started = row.plan_from.is_some_and(|from| from <= wish.month);
        let (Some(cap), true, ClaimStatus::Open) = (row.cap_percent, started, row.status) else {
            continue;
        };
        let balance = balances.get(&row.id).copied().unwrap_or_default();
        if balance.is_positive() {
            by_award.entry(row.award_id.0).or_default().push(PlannedClaim {
                id: row.id.0,
                cap_percent: u32::try_from(cap).unwrap_or(0),
                balance,
            });
        }
    }
    Ok(by_award)
}

fn marks(conn: &mut Db, wish: &Wish<'_>, programs: &[ProgramPlan]) -> AppResult<Vec<MarkLoad>> {
    let previous = || programs.iter().filter_map(|p| p.previous);
    let (Some(after_id), Some(known_after), Some(known_by)) = (
        previous().map(|p| p.marks_through).min(),
        previous().map(|p| p.cut_off).min(),
        programs.iter().map(|p| p.known).max(),
    ) else {
        return Ok(Vec::new());
    };
    Ok(list_marks_since(conn, wish.street, after_id, known_after, known_by)?)
}

fn late_events(
    conn: &mut Db,
    wish: &Wish<'_>,
    programs: &[ProgramPlan],
) -> AppResult<HashMap<i64, Vec<LateEvent>>> {
    let mut by_unit: HashMap<i64, Vec<LateEvent>> = HashMap::new();
    if let Some(known) = programs.iter().map(|p| p.known).min() {
        for event in list_late_events(conn, wish.street, known, wish.today)? {
            by_unit.entry(event.unit_id).or_default().push(event);
        }
    }
    Ok(by_unit)
}
