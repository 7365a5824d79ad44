//! P-40: the awards of the street, by program, state and area, with totals.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::{PageAt, Paged, area_name, below, masked_number, paged, sees_names, shown_name};
use crate::domain::award::{AwardState, DecisionKind, DecisionSpan};
use crate::domain::ids::{AwardId, ResidentId};
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::domain::summary::ProgramLabel;
use crate::error::AppResult;
use crate::services::auth::{Authorized, ViewRegistry};
use crate::services::report::programs::{Programs, load_in_force};
use crate::store::area::{self, AreaTree};
use crate::store::award_list::{self as rows, AwardFilter, AwardHead};
use crate::store::directory::Place;
use crate::store::resident::list_residents_by_id;
use crate::store::{Db, Store};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct AwardQuery {
    /// Code of the program.
    pub program: Option<String>,
    /// As it stands today.
    pub state: Option<AwardState>,
    /// Community or grid.
    pub area: Option<String>,
    /// Where the page begins.
    pub place: Place<AwardId>,
    /// Rows per page.
    pub limit: i64,
}

/// One row of the list.
#[derive(Debug, Clone)]
pub struct AwardItem {
    /// Id.
    pub id: AwardId,
    /// Whom it is about; of a household its applicant.
    pub resident: ResidentId,
    /// Name; masked for readers.
    pub name: String,
    /// Masked number.
    pub number: String,
    /// Its program.
    pub label: ProgramLabel,
    /// As it stands today.
    pub state: AwardState,
    /// First month of the last confirmation.
    pub from: Option<Month>,
    /// First month without it.
    pub until: Option<Month>,
    /// Name of the area.
    pub area: String,
}

/// A page of the list with what is known of all pages.
#[derive(Debug, Clone)]
pub struct AwardList {
    /// The page.
    pub page: Paged<AwardItem>,
    /// How many awards of the program and area are in each state; empty if
    /// there are too many to count for a page.
    pub totals: Vec<(AwardState, i64)>,
    /// Programs to choose from.
    pub programs: Vec<ProgramLabel>,
}

/// Awards that one query reads while states are asked for.
const CHUNK: i64 = 500;
/// Up to so many awards the states of all of them are counted.
const COUNTED: i64 = 20_000;

/// A page of awards within the scope. Without the right `mental` those of the
/// mental-health programs are absent, also from the totals. The page is read by
/// key; what state an award is in follows from its decisions, so the states are
/// counted only where that is quick.
///
/// # Errors
/// A sealed number that does not open; the database failed.
pub fn list_street_awards(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    rights: Rights,
    query: &AwardQuery,
) -> AppResult<AwardList> {
    store.read(|conn| {
        let programs = load_in_force(conn)?;
        let areas = below(conn, store, query.area.as_deref())?;
        let hidden: Vec<String> = programs
            .labels()
            .iter()
            .filter(|label| label.mental && !rights.mental)
            .map(|label| label.code.clone())
            .collect();
        let filter = AwardFilter {
            scope: by.scope(),
            areas: areas.as_deref(),
            program: query.program.as_deref(),
            hidden: &hidden,
        };
        let all = rows::count_award_heads(conn, &filter)?;
        let today = store.clock().today();
        let totals = if all <= COUNTED { totals(conn, &filter, today)? } else { Vec::new() };
        let total = match query.state {
            Some(wanted) => totals.iter().find(|(state, _)| *state == wanted).map(|t| t.1),
            None => Some(all),
        };
        let found = read_page(conn, &filter, today, query)?;
        let page = paged(found, &PageAt::from(&query.place), query.limit, total);
        let ids: Vec<AwardId> = page.rows.iter().map(|(head, _)| head.id).collect();
        let known = Known::load(conn, by.street(), &ids, today)?;
        let tree = area::load_tree(conn, today)?;
        let items = items(conn, store, by, (&page.rows, &known), (&programs, &tree))?;
        let seen = programs.labels().iter().filter(|label| rights.mental || !label.mental);
        Ok(AwardList { totals, programs: seen.cloned().collect(), page: page.with(items) })
    })
}

/// Takes awards from a place on, with their states, until `each` has enough.
fn walk(
    conn: &mut Db,
    filter: &AwardFilter<'_>,
    today: NaiveDate,
    mut place: Place<AwardId>,
    each: &mut dyn FnMut(AwardHead, AwardState) -> bool,
) -> AppResult<()> {
    loop {
        let heads = rows::list_award_heads(conn, filter, &place, CHUNK)?;
        let Some(last) = heads.last().map(|head| head.id) else { return Ok(()) };
        place = match place {
            Place::Before(_) => Place::Before(last),
            Place::Start | Place::After(_) => Place::After(last),
        };
        let ids: Vec<AwardId> = heads.iter().map(|head| head.id).collect();
        let known = Known::load(conn, filter.scope.street_code(), &ids, today)?;
        for head in heads {
            let (head, state) = known.with_state(head);
            if !each(head, state) {
                return Ok(());
            }
        }
    }
}

fn totals(
    conn: &mut Db,
    filter: &AwardFilter<'_>,
    today: NaiveDate,
) -> AppResult<Vec<(AwardState, i64)>> {
    let mut totals: Vec<(AwardState, i64)> =
        AwardState::ALL.iter().map(|state| (*state, 0)).collect();
    walk(conn, filter, today, Place::Start, &mut |_, state| {
        totals.iter_mut().filter(|(other, _)| *other == state).for_each(|(_, count)| *count += 1);
        true
    })?;
    Ok(totals)
}

/// The rows of a page and one more, if there is one.
fn read_page(
    conn: &mut Db,
    filter: &AwardFilter<'_>,
    today: NaiveDate,
    query: &AwardQuery,
) -> AppResult<Vec<(AwardHead, AwardState)>> {
    let wanted = usize::try_from(query.limit).unwrap_or(usize::MAX).saturating_add(1);
    let mut found = Vec::new();
    walk(conn, filter, today, query.place.clone(), &mut |head, state| {
        if query.state.is_none_or(|asked| asked == state) {
            found.push((head, state));
        }
        found.len() < wanted
    })?;
    Ok(found)
}

fn items(
    conn: &mut Db,
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    (found, known): (&[(AwardHead, AwardState)], &Known),
    (programs, tree): (&Programs, &AreaTree),
) -> AppResult<Vec<AwardItem>> {
    let ids: Vec<ResidentId> = found.iter().map(|(head, _)| head.resident_id).collect();
    let people: HashMap<_, _> =
        list_residents_by_id(conn, by.street(), &ids)?.into_iter().map(|p| (p.id, p)).collect();
    let plain = sees_names(by);
    let mut items = Vec::new();
    for (head, state) in found {
        let Some(person) = people.get(&head.resident_id) else { continue };
        let (from, until) = known.months(head.id, *state);
        items.push(AwardItem {
            id: head.id,
            resident: person.id,
            name: shown_name(&person.name, plain),
            number: masked_number(store, person)?,
            label: programs.label(&head.program),
            state: *state,
            from,
            until,
            area: area_name(tree, &person.area_code),
        });
    }
    Ok(items)
}

/// What was decided about some awards.
struct Known {
    today: NaiveDate,
    decisions: HashMap<AwardId, Vec<DecisionSpan>>,
    held: HashMap<AwardId, Month>,
}

impl Known {
    fn load(conn: &mut Db, street: &str, awards: &[AwardId], today: NaiveDate) -> AppResult<Known> {
        let mut decisions: HashMap<AwardId, Vec<DecisionSpan>> = HashMap::new();
        for row in rows::list_decisions_of(conn, street, awards)? {
            decisions.entry(row.award_id).or_default().push(row.span());
        }
        let held = rows::list_open_holds_of(conn, street, awards)?.into_iter().collect();
        Ok(Known { today, decisions, held })
    }

    fn spans(&self, award: AwardId) -> &[DecisionSpan] {
        self.decisions.get(&award).map(Vec::as_slice).unwrap_or_default()
    }

    fn state(&self, award: AwardId) -> AwardState {
        AwardState::of(self.spans(award), self.held.get(&award).copied(), self.today)
    }

    fn with_state(&self, head: AwardHead) -> (AwardHead, AwardState) {
        let state = self.state(head.id);
        (head, state)
    }

    /// First month of the last confirmation, and the first without the award.
    fn months(&self, award: AwardId, state: AwardState) -> (Option<Month>, Option<Month>) {
        let last = |kind: DecisionKind| self.spans(award).iter().rfind(|d| d.kind == kind);
        let confirm = last(DecisionKind::Confirm);
        let until = match state {
            AwardState::Ended => last(DecisionKind::Stop).map(|stop| stop.from_month),
            _ => None,
        };
        (confirm.map(|d| d.from_month), until.or(confirm.and_then(|d| d.to_month)))
    }
}
