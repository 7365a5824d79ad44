//! The population of a period by community and age band, and the people that
//! a figure counts.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::operation::Api;
use super::reply::{Read, Reply};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::life_event::EventKind;
use crate::domain::month::Month;
use crate::domain::population::{Band, Basis, Counts, Flow, Late};
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState};
use crate::services::auth::ExportMasked;
use crate::services::report::population::PopulationRow;
use crate::services::report::{
    PopulationCell, PopulationQuery, Wanted, population, population_rows,
};

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let may = Access::Needs(Permission::ExportMasked);
    let words = "The population of a period by community and age band";
    api.get("/api/v1/reports/population", may, table, words);
    let words = "The people that a figure of the table counts, masked";
    api.get("/api/v1/reports/population/people", may, people, words);
}

shapes! {
    /// Which table.
    request PopulationAsked {
        /// First month.
        from: Month,
        /// Last month.
        to: Month,
        /// Who is counted; by default everybody on the register.
        basis: Option<Basis>,
    }

    /// Which figure of which table. With neither `figure` nor `late`: the
    /// records that break the identity.
    request PeopleAsked {
        /// First month.
        from: Month,
        /// Last month.
        to: Month,
        /// Who is counted; by default everybody on the register.
        basis: Option<Basis>,
        /// A column.
        figure: Option<Flow>,
        /// Reports that came late.
        late: Option<Late>,
        /// Only this community.
        community: Option<String>,
        /// Only this age band.
        band: Option<Band>,
        /// Only people after this one: `next` of the page before.
        after: Option<Id>,
        /// Rows of the page; all rows of one person stand on one page.
        limit: Option<Limit>,
    }

    /// The table: opening and what came, without what went, is closing.
    answer PopulationAnswer {
        /// First month.
        from: Month,
        /// Last month.
        to: Month,
        /// Who is counted.
        basis: Basis,
        /// Name of the street.
        street: String,
        /// Communities of the caller's scope.
        communities: Vec<PopulationOf>,
        /// All of them together.
        total: PopulationOf,
        /// Reports that came late.
        late: Vec<LateCount>,
        /// Rows whose identity does not hold.
        broken: i32,
    }

    /// A community; the total has neither code nor name.
    answer PopulationOf {
        /// Its code.
        code: String,
        /// Its name.
        name: String,
        /// In order of age.
        bands: Vec<BandCounts>,
        /// All bands together.
        total: FlowCounts,
    }

    /// An age band.
    answer BandCounts {
        /// Age on the last day.
        band: Band,
        /// Its figures.
        counts: FlowCounts,
    }

    /// The figures of a row.
    answer FlowCounts {
        /// At the beginning of the first day.
        opening: i64,
        /// Born.
        birth: i64,
        /// Arrived from elsewhere.
        moved_in: i64,
        /// From another community.
        came_over: i64,
        /// Died.
        death: i64,
        /// Left.
        moved_out: i64,
        /// To another community.
        went_over: i64,
        /// At the end of the last day.
        closing: i64,
    }

    /// Reports that came late.
    answer LateCount {
        /// How.
        late: Late,
        /// Of what.
        event: EventKind,
        /// How many.
        count: i64,
    }

    /// The people of a figure.
    answer PopulationPeople {
        /// In order of their records.
        items: Vec<CountedPerson>,
        /// How many there are on all pages.
        count: i64,
        /// `after` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// Somebody who is counted.
    answer CountedPerson {
        /// Who.
        id: Id,
        /// Masked name.
        name: String,
        /// Name of the community.
        community: String,
        /// Age on the last day.
        band: Band,
        /// What happened.
        event: Option<EventKind>,
        /// The day it happened.
        on: Option<NaiveDate>,
        /// The day it was reported.
        reported_on: Option<NaiveDate>,
    }
}

impl From<&Counts> for FlowCounts {
    fn from(counts: &Counts) -> FlowCounts {
        FlowCounts {
            opening: counts.get(Flow::Opening),
            birth: counts.get(Flow::Birth),
            moved_in: counts.get(Flow::MovedIn),
            came_over: counts.get(Flow::CameOver),
            death: counts.get(Flow::Death),
            moved_out: counts.get(Flow::MovedOut),
            went_over: counts.get(Flow::WentOver),
            closing: counts.get(Flow::Closing),
        }
    }
}

impl From<&PopulationRow> for PopulationOf {
    fn from(row: &PopulationRow) -> PopulationOf {
        let bands = row.bands.iter();
        PopulationOf {
            code: row.code.clone(),
            name: row.name.clone(),
            bands: bands
                .map(|(band, counts)| BandCounts { band: *band, counts: counts.into() })
                .collect(),
            total: (&row.total()).into(),
        }
    }
}

/// The query of a table.
pub fn query_of(from: Month, to: Month, basis: Option<Basis>) -> PopulationQuery {
    PopulationQuery { from, to, basis: basis.unwrap_or(Basis::Register) }
}

/// What a figure counts; with neither the records that break the identity.
pub fn wanted(figure: Option<Flow>, late: Option<Late>) -> Wanted {
    match (figure, late) {
        (Some(flow), _) => Wanted::Flow(flow),
        (None, Some(late)) => Wanted::Late(late),
        (None, None) => Wanted::Broken,
    }
}

async fn table(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    query: Query<PopulationAsked>,
) -> Reply<Read<PopulationAnswer>> {
    let query = query_of(query.0.from, query.0.to, query.0.basis);
    let table = state.run(move |store| population(store, &user.authorized()?, query)).await?;
    let late = table.late.iter();
    Ok(Read(PopulationAnswer {
        from: query.from,
        to: query.to,
        basis: query.basis,
        communities: table.communities.iter().map(PopulationOf::from).collect(),
        total: (&table.all).into(),
        late: late
            .map(|(late, event, count)| LateCount { late: *late, event: *event, count: *count })
            .collect(),
        broken: i32::try_from(table.broken().len()).unwrap_or(i32::MAX),
        street: table.street_name,
    }))
}

async fn people(
    user: Allowed<ExportMasked>,
    state: Data<AppState>,
    query: Query<PeopleAsked>,
) -> Reply<Read<PopulationPeople>> {
    let asked = query.0;
    let query = query_of(asked.from, asked.to, asked.basis);
    let (after, limit) = (asked.after, Limit::or_usual(asked.limit));
    let wanted = wanted(asked.figure, asked.late);
    let cell = PopulationCell { community: asked.community, band: asked.band, wanted };
    let mut found =
        state.run(move |store| population_rows(store, &user.authorized()?, query, &cell)).await?;
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    found.retain(|person| after.is_none_or(|after| person.id.0 > after.0));
    let mut rows = usize::try_from(limit).unwrap_or(usize::MAX);
    while rows.checked_sub(1).and_then(|last| found.get(last)).map(|person| person.id)
        == found.get(rows).map(|person| person.id)
        && rows < found.len()
    {
        rows += 1;
    }
    let more = rows < found.len();
    found.truncate(rows);
    let next = found.last().filter(|_| more).map(|person| person.id.into());
    let items = found.into_iter().map(|person| CountedPerson {
        id: person.id.into(),
        name: person.name,
        community: person.community,
        band: person.band,
        event: person.event,
        on: person.on,
        reported_on: person.reported_on,
    });
    Ok(Read(PopulationPeople { items: items.collect(), count, next }))
}
