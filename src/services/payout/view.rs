//! The month as people look at it: where each program stands, a run with its
//! totals, its lines a page at a time. Names are masked.

use std::collections::HashMap;

use super::steps::load;
use crate::domain::ids::{AwardId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunState};
use crate::domain::summary::{Block, Period, ProgramLabel};
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ReadReport};
use crate::services::report::lines::Places;
use crate::services::report::people::{Behind, People, Shown};
use crate::services::report::programs::{Programs, load_in_force, load_programs};
use crate::services::report::{block_of, whole_street};
use crate::store::line::{LineRow, list_lines_without_account};
use crate::store::line_page::{From, LineFilter, LineGroup, list_line_groups, list_line_page};
use crate::store::report::list_runs as list_heads;
use crate::store::roster::list_regular_of;
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

/// Which lines of a run are asked for.
#[derive(Debug, Clone, Default)]
pub struct LineFilterInput {
    /// Of this kind.
    pub kind: Option<LineKind>,
    /// Paid by this community.
    pub community: Option<String>,
    /// Whose person's name begins so.
    pub name: Option<String>,
}

/// A line with who is behind it.
#[derive(Debug, Clone)]
pub struct LineItem {
    /// The line.
    pub line: LineRow,
    /// Who, masked.
    pub behind: Behind,
    /// Community that pays.
    pub community: String,
    /// Regular amount of the period before.
    pub last: Option<Fen>,
    /// Whether a payment of it came back in this run.
    pub returned: bool,
}

/// A page of lines.
#[derive(Debug, Clone)]
pub struct LineList {
    /// The run.
    pub run: RunRow,
    /// Its program.
    pub label: ProgramLabel,
    /// The lines.
    pub items: Vec<LineItem>,
    /// Whether there are lines before these.
    pub has_before: bool,
    /// Whether there are lines after these.
    pub has_after: bool,
    /// Lines that the filter lets through.
    pub count: i64,
    /// Their sum.
    pub sum: Fen,
    /// Communities of the run, code and name.
    pub communities: Vec<(String, String)>,
}

/// Lines of a run by filter, a page at a time, with the totals of the filter
/// from the same snapshot.
///
/// # Errors
/// No such run; a stored value does not open.
pub fn list_lines_filtered(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: RunId,
    filter: &LineFilterInput,
    from: From,
    size: i64,
) -> AppResult<LineList> {
    whole_street(by)?;
    let street = by.street();
    store.read(|conn| {
        let run = load_visible(conn, street, id)?;
        let label = label_of(conn, &run)?;
        let mut places = Places::load(conn, street, run.month)?;
        let groups = list_line_groups(conn, street, id, &LineFilter::default())?;
        let (communities, areas) = communities(&groups, &mut places, filter.community.as_deref());
        let filter = LineFilter { kind: filter.kind, areas, name: filter.name.clone() };
        let matching = list_line_groups(conn, street, id, &filter)?;
        let mut lines = list_line_page(conn, street, id, &filter, from, size + 1)?;
        let more = i64::try_from(lines.len()).is_ok_and(|count| count > size);
        let (has_before, has_after) = match from {
            From::Start => (false, more),
            From::After(_) => (true, more),
            From::Before(_) => (more, true),
        };
        match from {
            From::Before(_) if more => drop(lines.remove(0)),
            _ => lines.truncate(usize::try_from(size).unwrap_or(usize::MAX)),
        }
        let items = items(conn, store, &run, &label, lines, &mut places)?;
        Ok(LineList {
            items,
            has_before,
            has_after,
            count: matching.iter().map(|g| g.count).sum(),
            sum: Fen(matching.iter().map(|g| g.amount).sum()),
            communities,
            label,
            run,
        })
    })
}

/// The communities of a run; the areas below one of them, if it is asked for.
fn communities(
    groups: &[LineGroup],
    places: &mut Places,
    wanted: Option<&str>,
) -> (Vec<(String, String)>, Option<Vec<String>>) {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut areas = Vec::new();
    for group in groups {
        let at = places.community(&group.area_code);
        let Some(place) = places.communities().get(at) else { continue };
        if !found.iter().any(|(code, _)| *code == place.code) {
            found.push((place.code.clone(), place.name.clone()));
        }
        if wanted == Some(place.code.as_str()) {
            areas.push(group.area_code.clone());
        }
    }
    found.sort();
    areas.sort_unstable();
    areas.dedup();
    (found, wanted.map(|_| areas))
}

fn items(
    conn: &mut Db,
    store: &Store,
    run: &RunRow,
    label: &ProgramLabel,
    lines: Vec<LineRow>,
    places: &mut Places,
) -> AppResult<Vec<LineItem>> {
    let street = &run.street_code;
    let awards: Vec<AwardId> = lines.iter().map(|line| line.award_id).collect();
    let people = People::load(conn, street, &awards)?;
    let ids: Vec<i64> = lines.iter().map(|line| line.beneficiary_id.0).collect();
    let mut before: HashMap<(i64, Month), Fen> = HashMap::new();
    let back = match label.period {
        Period::Monthly => 1,
        Period::Quarterly => 3,
        Period::Once => 0,
    };
    let mut months: Vec<Month> =
        lines.iter().filter(|l| l.kind == LineKind::Regular && back > 0).map(|l| l.month).collect();
    months.dedup();
    for month in months {
        for earlier in list_regular_of(conn, street, &run.program, &ids, month.plus(-back))? {
            before.insert((earlier.beneficiary_id, month), earlier.amount_fen);
        }
    }
    let attempts = attempt::list_attempts_of_run(conn, street, run.id)?;
    lines
        .into_iter()
        .map(|line| {
            let at = places.community(&line.area_code);
            Ok(LineItem {
                behind: people.behind(store.cipher(), line.award_id, Shown::Masked)?,
                community: places.name(at).to_owned(),
                last: before
                    .get(&(line.beneficiary_id.0, line.month))
                    .copied()
                    .filter(|_| line.kind == LineKind::Regular),
                returned: attempts.iter().any(|a| {
                    a.line_id == line.id && a.state == crate::domain::payout::AttemptState::Returned
                }),
                line,
            })
        })
        .collect()
}
