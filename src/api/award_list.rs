//! The awards of the caller's scope, a page at a time, as they stand today.

use actix_web::web::Data;

use super::operation::Api;
use super::reply::{Read, Reply};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::award::AwardState;
use crate::domain::month::Month;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{AwardQuery, list_street_awards};
use crate::store::directory::Place;

/// Registers the operation.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    api.get("/api/v1/awards", view, list, "Awards as they stand today, a page at a time");
}

shapes! {
    /// Which awards.
    request AwardsAsked {
        /// Code of the program.
        program: Option<String>,
        /// As it stands today.
        state: Option<AwardState>,
        /// Community or grid, with everything below it.
        area: Option<String>,
        /// Only awards after this one: `next` of the page before.
        after: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of awards.
    answer AwardPage {
        /// Oldest first.
        items: Vec<AwardItem>,
        /// Rows on all pages; none where counting them would take long.
        total: Option<i64>,
        /// How many are in each state; empty where that would take long.
        totals: Vec<StateCount>,
        /// `after` of the next page; none on the last one.
        next: Option<Id>,
    }

    /// An award in a list.
    answer AwardItem {
        /// Id.
        id: Id,
        /// Whom it is about; of a household the one who applied.
        resident: Id,
        /// Name; masked for readers.
        name: String,
        /// Masked document number.
        number: String,
        /// Code of the program.
        program: String,
        /// As it stands today.
        state: AwardState,
        /// First month of the last confirmation.
        from_month: Option<Month>,
        /// First month without it.
        to_month: Option<Month>,
        /// Name of the area.
        area: String,
    }

    /// Awards in a state.
    answer StateCount {
        /// The state.
        state: AwardState,
        /// How many.
        count: i64,
    }
}

async fn list(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    query: Query<AwardsAsked>,
) -> Reply<Read<AwardPage>> {
    let asked = query.0;
    let query = AwardQuery {
        program: asked.program,
        state: asked.state,
        area: asked.area,
        place: asked.after.map_or(Place::Start, |after| Place::After(after.into())),
        limit: Limit::or_usual(asked.limit),
    };
    let list = state
        .run(move |store| {
            list_street_awards(store, &user.authorized()?, user.session().extra(), &query)
        })
        .await?;
    let page = list.page;
    let next = page.rows.last().filter(|_| page.has_next).map(|row| row.id.into());
    let items = page.rows.into_iter().map(|row| AwardItem {
        id: row.id.into(),
        resident: row.resident.into(),
        name: row.name,
        number: row.number,
        program: row.label.code,
        state: row.state,
        from_month: row.from,
        to_month: row.until,
        area: row.area,
    });
    let totals = list.totals.into_iter().map(|(state, count)| StateCount { state, count });
    Ok(Read(AwardPage {
        items: items.collect(),
        total: page.total,
        totals: totals.collect(),
        next,
    }))
}
