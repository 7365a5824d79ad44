//! The lines of a run as people look at them: filtered, a page at a time, with
//! who is behind each. Names are masked.

use std::collections::HashMap;

use super::view::{label_of, load_visible};
use crate::domain::ids::{AwardId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineKind;
use crate::domain::summary::{Period, ProgramLabel};
use crate::error::AppResult;
use crate::services::auth::{Authorized, ReadReport};
use crate::services::report::lines::Places;
use crate::services::report::people::{Behind, People, Shown};
use crate::services::report::whole_street;
use crate::store::line::LineRow;
use crate::store::line_page::{From, LineFilter, LineGroup, list_line_groups, list_line_page};
use crate::store::roster::list_regular_of;
use crate::store::run::RunRow;
use crate::store::{Db, Store, attempt};

/// Which lines of a run are asked for.
#[derive(Debug, Clone, Default)]
pub struct LineFilterInput {
    /// Of these kinds; all if there is none.
    pub kinds: Vec<LineKind>,
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
        let filter = LineFilter { kinds: filter.kinds.clone(), areas, name: filter.name.clone() };
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
