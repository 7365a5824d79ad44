//! The population of a period, counted from the records and the events, and
//! the people behind each figure.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::lines::Places;
use crate::domain::ids::ResidentId;
use crate::domain::life_event::EventKind;
use crate::domain::mask;
use crate::domain::month::Month;
use crate::domain::population::{Band, Basis, Counts, Event, Flow, Late, Life, Period};
use crate::error::{AppError, AppResult, Refusal};
use crate::services::auth::{Authorized, ExportMasked, Scope};
use crate::store::report::{CountedPerson, list_counted_people, list_moving_events};
use crate::store::resident::list_residents_by_id;
use crate::store::{Db, Store};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PopulationQuery {
    /// First month.
    pub from: Month,
    /// Last month.
    pub to: Month,
    /// Who is counted.
    pub basis: Basis,
}

impl PopulationQuery {
    /// Its days.
    #[must_use]
    pub fn period(&self) -> Period {
        Period { from: self.from.first_day(), to: self.to.last_day() }
    }

    fn check(&self) -> AppResult<()> {
        if self.from <= self.to {
            return Ok(());
        }
        Err(AppError::refuse(Refusal::field(
            "to",
            "截止月份不能早于起始月份。",
            "The last month must not lie before the first.",
        )))
    }
}

/// A community with its bands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationRow {
    /// Code of the community.
    pub code: String,
    /// Its name.
    pub name: String,
    /// One row per band, in order.
    pub bands: Vec<(Band, Counts)>,
}

impl PopulationRow {
    fn new(code: String, name: String) -> PopulationRow {
        let bands = Band::ALL.iter().map(|band| (*band, Counts::default())).collect();
        PopulationRow { code, name, bands }
    }

    fn band_mut(&mut self, band: Band) -> Option<&mut Counts> {
        self.bands.iter_mut().find(|(other, _)| *other == band).map(|(_, counts)| counts)
    }

    fn gaps(&self) -> impl Iterator<Item = (Band, i64)> {
        self.bands.iter().map(|(band, counts)| (*band, counts.gap())).filter(|(_, gap)| *gap != 0)
    }

    /// All bands together.
    #[must_use]
    pub fn total(&self) -> Counts {
        self.bands.iter().fold(Counts::default(), |sum, (_, counts)| sum.plus(counts))
    }
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationTable {
    /// What was asked for.
    pub query: PopulationQuery,
    /// Name of the street.
    pub street_name: String,
    /// Communities of the caller's scope, divided as on the last day.
    pub communities: Vec<PopulationRow>,
    /// All of them together.
    pub all: PopulationRow,
    /// Reports that came late, by kind of event.
    pub late: Vec<(Late, EventKind, i64)>,
}

impl PopulationTable {
    /// Rows whose identity does not hold, with what is missing.
    #[must_use]
    pub fn broken(&self) -> Vec<(&PopulationRow, Band, i64)> {
        let gaps = |row| PopulationRow::gaps(row).map(move |(band, gap)| (row, band, gap));
        self.communities.iter().flat_map(gaps).collect()
    }
}

/// One person while the records are walked.
struct Walked<'a> {
    person: &'a CountedPerson,
    life: Life<'a, usize>,
    band: Band,
    /// Figures inside the caller's scope.
    figures: Vec<(Flow, usize)>,
}

/// Records per query.
const CHUNK: i64 = 8_192;

/// Takes every counted record of the street once, in order of id.
fn walk(
    conn: &mut Db,
    scope: &Scope,
    query: PopulationQuery,
    places: &mut Places,
    each: &mut dyn FnMut(&Walked<'_>, &Places) -> AppResult<()>,
) -> AppResult<()> {
    let (street, period) = (scope.street_code(), query.period());
    let mut events: HashMap<ResidentId, Vec<Event<usize>>> = HashMap::new();
    for row in list_moving_events(conn, street, period.from)? {
        let Some(who) = row.resident_id else { continue };
        let leaves = matches!(row.kind, EventKind::MoveOut | EventKind::MoveWithin);
        let from = row.from_area.filter(|_| leaves).map(|area| places.community(&area));
        let event = Event { kind: row.kind, on: row.event_on, reported_on: row.reported_on, from };
        events.entry(who).or_default().push(event);
    }
    let mut after = ResidentId(i64::MIN);
    loop {
        let people = list_counted_people(conn, street, after, CHUNK)?;
        let Some(last) = people.last() else { return Ok(()) };
        after = last.id;
        for person in people.iter().filter(|p| query.basis.counts(p.residence_status)) {
            let place = places.community(&person.area_code);
            let events = events.get(&person.id).map(Vec::as_slice).unwrap_or_default();
            let life = Life { born: person.birth_on, status: person.status, place, events };
            let figures = life.figures(period).into_iter();
            let walked = Walked {
                person,
                life,
                band: Band::on(period.to, person.birth_on),
                figures: figures.filter(|(_, at)| scope.contains(places.code(*at))).collect(),
            };
            each(&walked, places)?;
        }
    }
}

/// Counts the population of a period, for the communities of the caller.
///
/// # Errors
/// The months are in the wrong order; the database failed. A broken identity
/// is no error: it stands in the table.
pub fn population(
    store: &Store,
    by: &Authorized<'_, ExportMasked>,
    query: PopulationQuery,
) -> AppResult<PopulationTable> {
    query.check()?;
    store.read(|conn| {
        let mut places = Places::load(conn, by.street(), query.to)?;
        let mut counts: HashMap<(usize, Band), Counts> = HashMap::new();
        let mut late: HashMap<(Late, EventKind), i64> = HashMap::new();
        walk(conn, by.scope(), query, &mut places, &mut |walked, places| {
            for (flow, at) in &walked.figures {
                counts.entry((*at, walked.band)).or_default().add(*flow);
            }
            if by.scope().contains(places.code(walked.life.place)) {
                for event in walked.life.events {
                    if let Some(kind) = Late::of(event, query.period()) {
                        *late.entry((kind, event.kind)).or_default() += 1;
                    }
                }
            }
            Ok(())
        })?;
        let mut all = PopulationRow::new(String::new(), String::new());
        let mut communities = Vec::new();
        for (at, place) in places.communities().iter().enumerate() {
            if !by.scope().contains(&place.code) {
                continue;
            }
            let mut row = PopulationRow::new(place.code.clone(), place.name.clone());
            for band in Band::ALL {
                let Some(found) = counts.get(&(at, *band)) else { continue };
                for sum in [row.band_mut(*band), all.band_mut(*band)].into_iter().flatten() {
                    *sum = sum.plus(found);
                }
            }
            communities.push(row);
        }
        let mut late: Vec<_> = late.into_iter().map(|((late, kind), n)| (late, kind, n)).collect();
        late.sort_unstable_by_key(|(late, kind, _)| (*late, *kind));
        let street_name = places.street_name().to_owned();
        Ok(PopulationTable { query, street_name, communities, all, late })
    })
}

/// A figure of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationCell {
    /// Only this community.
    pub community: Option<String>,
    /// Only this band.
    pub band: Option<Band>,
    /// Which figure.
    pub wanted: Wanted,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A column.
    Flow(Flow),
    /// Late reports.
    Late(Late),
    /// Records that break the identity.
    Broken,
}

/// A person behind a figure, masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationPerson {
    /// Who.
    pub id: ResidentId,
    /// Masked.
    pub name: String,
    /// Name of the community.
    pub community: String,
    /// Age band.
    pub band: Band,
    /// What happened, if the figure is about an event.
    pub event: Option<EventKind>,
    /// The day it happened.
    pub on: Option<NaiveDate>,
    /// The day it was reported.
    pub reported_on: Option<NaiveDate>,
}

/// The people that a figure counts, in order of their records.
///
/// # Errors
/// As [`population`].
pub fn population_rows(
    store: &Store,
    by: &Authorized<'_, ExportMasked>,
    query: PopulationQuery,
    cell: &PopulationCell,
) -> AppResult<Vec<PopulationPerson>> {
    query.check()?;
    store.read(|conn| {
        let mut places = Places::load(conn, by.street(), query.to)?;
        let mut found: Vec<PopulationPerson> = Vec::new();
        walk(conn, by.scope(), query, &mut places, &mut |walked, places| {
            let inside = |at: usize| {
                by.scope().contains(places.code(at))
                    && cell.community.as_deref().is_none_or(|code| code == places.code(at))
            };
            if cell.band.is_none_or(|band| band == walked.band) {
                let hits = hits(walked, query.period(), cell.wanted, &inside);
                found.extend(hits.into_iter().map(|(at, event)| PopulationPerson {
                    id: walked.person.id,
                    name: String::new(),
                    community: places.name(at).to_owned(),
                    band: walked.band,
                    event: event.map(|e| e.kind),
                    on: event.map(|e| e.on),
                    reported_on: event.map(|e| e.reported_on),
                }));
            }
            Ok(())
        })?;
        let ids: Vec<ResidentId> = found.iter().map(|person| person.id).collect();
        let names: HashMap<ResidentId, String> = list_residents_by_id(conn, by.street(), &ids)?
            .into_iter()
            .map(|row| (row.id, mask::name(&row.name)))
            .collect();
        for person in &mut found {
            person.name = names.get(&person.id).cloned().unwrap_or_default();
        }
        Ok(found)
    })
}

/// How often a person stands in a figure, and by which event.
fn hits(
    walked: &Walked<'_>,
    period: Period,
    wanted: Wanted,
    inside: &dyn Fn(usize) -> bool,
) -> Vec<(usize, Option<Event<usize>>)> {
    let mine = || walked.figures.iter().filter(|(_, at)| inside(*at));
    match wanted {
        Wanted::Flow(flow) => {
            let mut events = walked.life.events.iter().filter(|e| period.has(e.on) && is(flow, e));
            mine()
                .filter(|(f, _)| *f == flow)
                .map(|(_, at)| (*at, events.next().copied()))
                .collect()
        }
        Wanted::Late(late) => {
            let events = walked.life.events.iter().filter(|e| Late::of(e, period) == Some(late));
            let at = walked.life.place;
            events.filter(|_| inside(at)).map(|event| (at, Some(*event))).collect()
        }
        Wanted::Broken => {
            let mut counts: HashMap<usize, Counts> = HashMap::new();
            mine().for_each(|(flow, at)| counts.entry(*at).or_default().add(*flow));
            counts.into_iter().filter(|(_, c)| c.gap() != 0).map(|(at, _)| (at, None)).collect()
        }
    }
}

/// Whether a column is about this event.
fn is(flow: Flow, event: &Event<usize>) -> bool {
    matches!(
        (flow, event.kind),
        (Flow::Birth, EventKind::Birth)
            | (Flow::Death, EventKind::Death)
            | (Flow::MovedIn, EventKind::MoveIn)
            | (Flow::MovedOut, EventKind::MoveOut)
            | (Flow::CameOver | Flow::WentOver, EventKind::MoveWithin)
    )
}
