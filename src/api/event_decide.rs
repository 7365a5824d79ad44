//! Reports of deaths and departures that somebody else decides.

use actix_web::web::Data;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::operation::Api;
use super::proposal::HeadGiven;
use super::reply::{Done, Read, Reply};
use super::shape::{Id, Shape, Types, shapes};
use crate::domain::code_table::Relation;
use crate::domain::life_event::{Confidence, EventKind};
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::event::{self, DeathOutcome, DecideDeathInput, RefuteInput};
use crate::services::household::NewHead;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let register = Access::Needs(Permission::RegisterEvent);
    let view = Access::Needs(Permission::ViewRegistry);
    let words = "Reported deaths and departures that nobody has decided";
    api.get("/api/v1/events/undecided", view, undecided, words);
    api.post("/api/v1/events/{id}/confirm", register, confirm, "A reported death is true");
    api.post("/api/v1/events/{id}/reject", register, reject, "A reported death is not true");
    let words = "A death or departure turned out to be wrong";
    api.post("/api/v1/events/{id}/refute", register, refute, words);
}

/// How sure a report is, by its number.
#[derive(Debug, Clone, Copy)]
pub struct Sureness(pub Confidence);

impl<'de> Deserialize<'de> for Sureness {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Sureness, D::Error> {
        let number = i32::deserialize(deserializer)?;
        let known = Confidence::from_number(number);
        known.map(Sureness).ok_or_else(|| serde::de::Error::custom("1, 2 or 3"))
    }
}

impl Shape for Sureness {
    const NAME: Option<&'static str> = Some("Confidence");
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "integer", "enum": [1, 2, 3], "title": "1 confirmed, 2 reported, 3 matched only" })
    }
}

shapes! {
    /// Reports.
    answer UndecidedList {
        /// Oldest first.
        items: Vec<UndecidedItem>,
    }

    /// A report.
    answer UndecidedItem {
        /// The event.
        id: Id,
        /// Death or departure.
        kind: EventKind,
        /// Who.
        resident: Id,
        /// The day it is said to have happened.
        event_on: NaiveDate,
        /// The day of the report.
        reported_on: NaiveDate,
        /// 1 confirmed, 2 reported, 3 matched only.
        confidence: i32,
        /// Who entered it.
        reported_by: Option<String>,
    }

    /// The report is true.
    request DeathConfirmed {
        /// The day of the decision.
        on: NaiveDate,
        /// New heads, where the report has not closed the memberships yet.
        heads: Vec<HeadGiven>,
    }

    /// The report is wrong.
    request ReportWrong {
        /// The day of the decision.
        on: NaiveDate,
        /// Why it was wrong.
        reason: String,
        /// Relations to the present head, for households that got a new one.
        relations: Vec<HouseholdRelation>,
    }

    /// A relation in a household.
    request HouseholdRelation {
        /// Which household.
        household: Id,
        /// To its head.
        relation: Relation,
    }
}

async fn undecided(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
) -> Reply<Read<UndecidedList>> {
    let found = state.run(move |store| event::list_undecided(store, &user.authorized()?)).await?;
    let items = found.into_iter().map(|report| UndecidedItem {
        id: Id(report.event),
        kind: report.kind,
        resident: report.resident.into(),
        event_on: report.event_on,
        reported_on: report.reported_on,
        confidence: report.confidence,
        reported_by: report.reported_by,
    });
    Ok(Read(UndecidedList { items: items.collect() }))
}

async fn decide(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    input: DecideDeathInput,
) -> Reply<Done> {
    state.run(move |store| event::decide_death(store, &user.authorized()?, &input)).await?;
    Ok(Done)
}

async fn confirm(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<DeathConfirmed>,
) -> Reply<Done> {
    let heads = body.0.heads.into_iter().map(NewHead::from).collect();
    let outcome = DeathOutcome::Confirmed { heads };
    decide(user, state, DecideDeathInput { event: path.0.0, on: body.0.on, outcome }).await
}

fn relations(given: Vec<HouseholdRelation>) -> Vec<(crate::domain::ids::HouseholdId, Relation)> {
    given.into_iter().map(|one| (one.household.into(), one.relation)).collect()
}

async fn reject(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<ReportWrong>,
) -> Reply<Done> {
    let ReportWrong { on, reason, relations: given } = body.0;
    let outcome = DeathOutcome::Rejected { reason, relations: relations(given) };
    decide(user, state, DecideDeathInput { event: path.0.0, on, outcome }).await
}

async fn refute(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<ReportWrong>,
) -> Reply<Done> {
    let ReportWrong { on, reason, relations: given } = body.0;
    let input = RefuteInput { event: path.0.0, on, reason, relations: relations(given) };
    state.run(move |store| event::refute(store, &user.authorized()?, &input)).await?;
    Ok(Done)
}
