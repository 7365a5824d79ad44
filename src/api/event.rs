//! What happens to people and households. What a benefit depends on waits for
//! a second person: then the answer names the change.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::home::NewMember;
use super::once::{Effect, Once, create};
use super::operation::Api;
use super::person_change::NewResident;
use super::proposal::HeadGiven;
use super::reply::{Created, Reply};
use super::shape::{Id, shapes};
use crate::domain::code_table::Relation;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::EventDates;
use crate::domain::month::Month;
use crate::domain::role::Permission;
use crate::error::AppResult;
use crate::http::{Access, Allowed, AppState, Json};
use crate::services::auth::{Authorized, RegisterEvent};
use crate::services::event::{
    self, Arrival, BirthInput, DeathInput, EventDone, Join, MergeInput, MoveInInput, MoveOutInput,
    MoveWithinInput, SplitInput,
};
use crate::services::household::{MemberInput, NewHead};
use crate::store::Store;

use super::event_decide::Sureness;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let register = Access::Needs(Permission::RegisterEvent);
    api.post("/api/v1/events/birth", register, birth, "A child is born into households");
    api.post("/api/v1/events/move-in", register, move_in, "Somebody arrives from elsewhere");
    api.post("/api/v1/events/death", register, death, "Somebody died, or is reported dead");
    api.post("/api/v1/events/move-out", register, move_out, "People leave the street");
    let words = "People or whole households move within the street";
    api.post("/api/v1/events/move-within", register, move_within, words);
    api.post("/api/v1/events/split", register, split, "A household splits");
    api.post("/api/v1/events/merge", register, merge, "A household becomes part of another");
    api.post("/api/v1/events/head-change", register, change_head, "Another head of a household");
}

shapes! {
    /// The dates of an event.
    request Dates {
        /// The day it happened.
        event_on: NaiveDate,
        /// The day the office was told.
        reported_on: NaiveDate,
        /// The day of a decision that follows from it.
        decided_on: Option<NaiveDate>,
    }

    /// A household that a new person joins.
    request Joined {
        /// Which one.
        household: Id,
        /// To its head.
        relation: Relation,
        /// Whether the assistance counts them.
        counted: bool,
    }

    /// A birth.
    request Birth {
        /// The child.
        child: NewResident,
        /// The households it is born into.
        joins: Vec<Joined>,
        /// Born, applied for, decided.
        dates: Dates,
        /// The month that the decision names.
        named_month: Option<Month>,
    }

    /// An arrival.
    request MoveIn {
        /// Who.
        person: NewResident,
        /// From where.
        origin: String,
        /// The households they join.
        joins: Vec<Joined>,
        /// Arrived, registered, decided.
        dates: Dates,
        /// The month that the decision names.
        named_month: Option<Month>,
        /// Free text.
        note: Option<String>,
    }

    /// A death.
    request Death {
        /// Who.
        resident: Id,
        /// Died, reported, decided.
        dates: Dates,
        /// How sure.
        confidence: Sureness,
        /// New heads of the households whose head died.
        heads: Vec<HeadGiven>,
        /// Source, free text.
        note: Option<String>,
    }

    /// A departure.
    request MoveOut {
        /// Who leaves together.
        residents: Vec<Id>,
        /// To where, outside the registry.
        destination: String,
        /// Left, registered, decided.
        dates: Dates,
        /// How sure; a mere lead only holds their awards.
        confidence: Sureness,
        /// New heads of households whose head leaves.
        heads: Vec<HeadGiven>,
        /// Free text.
        note: Option<String>,
    }

    /// A move within the street.
    request MoveWithin {
        /// Who moves.
        residents: Vec<Id>,
        /// Households that move as a whole.
        households: Vec<Id>,
        /// Code of the community or grid.
        to_area: String,
        /// The new address.
        address: String,
        /// Moved, registered, decided.
        dates: Dates,
    }

    /// A split.
    request Split {
        /// The household that keeps its number.
        household: Id,
        /// Who forms the new one, with their relations in it.
        movers: Vec<NewMember>,
        /// Number of the new one.
        number: String,
        /// Code of its community or grid.
        area: String,
        /// Its address.
        address: String,
        /// New head of the old one, if its head moves.
        head: Option<HeadGiven>,
        /// The first day of the new household, reported, decided.
        dates: Dates,
        /// The month that the decision names.
        named_month: Option<Month>,
    }

    /// A merge.
    request Merge {
        /// The household that ends.
        source: Id,
        /// The household that takes its members.
        target: Id,
        /// Every member of the source with the relation to the target's head.
        members: Vec<NewMember>,
        /// The first day together, reported, decided.
        dates: Dates,
        /// The month that the decision names.
        named_month: Option<Month>,
    }

    /// Another head.
    request HeadChange {
        /// The head and everybody's relation.
        head: HeadGiven,
        /// Changed, reported, decided.
        dates: Dates,
    }
}

impl From<Dates> for EventDates {
    fn from(dates: Dates) -> EventDates {
        let Dates { event_on, reported_on, decided_on } = dates;
        EventDates { event_on, reported_on, decided_on }
    }
}

impl From<Joined> for Join {
    fn from(joined: Joined) -> Join {
        let Joined { household, relation, counted } = joined;
        Join { household: household.into(), relation, counted }
    }
}

fn all<A, B: From<A>>(items: Vec<A>) -> Vec<B> {
    items.into_iter().map(B::from).collect()
}

/// What an event made, or the change that waits.
pub fn effect(done: EventDone) -> Effect {
    match done.pending.first() {
        Some(change) if done.event == 0 => Effect::Waits(*change),
        _ => Effect::Made(done.event),
    }
}

/// Registers an event once.
async fn register(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    once: Once,
    make: impl FnOnce(&Store, &Authorized<'_, RegisterEvent>) -> AppResult<EventDone> + Send + 'static,
) -> Reply<Created> {
    create(user, &state, once, move |store, by| make(store, by).map(effect)).await
}

/// One handler per event: the body becomes the service's input.
macro_rules! events {
    ($($name:ident($body:ident: $type:ty) $service:path { $input:expr })+) => {$(
        async fn $name(
            user: Allowed<RegisterEvent>,
            state: Data<AppState>,
            once: Once,
            body: Json<$type>,
        ) -> Reply<Created> {
            let $body = body.0;
            let input = $input;
            register(user, state, once, move |store, by| $service(store, by, &input)).await
        }
    )+};
}

events! {
    birth(new: Birth) event::birth { BirthInput {
        child: new.child.into(),
        joins: all(new.joins),
        dates: new.dates.into(),
        named_month: new.named_month,
    } }
    move_in(new: MoveIn) event::move_in { MoveInInput {
        person: Arrival::New(new.person.into()),
        origin: new.origin,
        joins: all(new.joins),
        dates: new.dates.into(),
        named_month: new.named_month,
        note: new.note,
    } }
    death(new: Death) event::death { DeathInput {
        resident: new.resident.into(),
        dates: new.dates.into(),
        confidence: new.confidence.0,
        heads: all(new.heads),
        note: new.note,
    } }
    move_out(new: MoveOut) event::move_out { MoveOutInput {
        residents: all::<Id, ResidentId>(new.residents),
        destination: new.destination,
        dates: new.dates.into(),
        confidence: new.confidence.0,
        heads: all(new.heads),
        note: new.note,
    } }
    move_within(new: MoveWithin) event::move_within { MoveWithinInput {
        residents: all::<Id, ResidentId>(new.residents),
        households: all::<Id, HouseholdId>(new.households),
        to_area: new.to_area,
        address: new.address,
        dates: new.dates.into(),
    } }
    split(new: Split) event::split { SplitInput {
        household: new.household.into(),
        movers: all::<NewMember, MemberInput>(new.movers),
        household_no: new.number,
        area_code: new.area,
        address: new.address,
        head: new.head.map(NewHead::from),
        dates: new.dates.into(),
        named_month: new.named_month,
    } }
    merge(new: Merge) event::merge { MergeInput {
        source: new.source.into(),
        target: new.target.into(),
        members: all::<NewMember, MemberInput>(new.members),
        dates: new.dates.into(),
        named_month: new.named_month,
    } }
}

async fn change_head(
    user: Allowed<RegisterEvent>,
    state: Data<AppState>,
    once: Once,
    body: Json<HeadChange>,
) -> Reply<Created> {
    let (head, dates) = (NewHead::from(body.0.head), EventDates::from(body.0.dates));
    register(user, state, once, move |store, by| event::change_head(store, by, &head, &dates)).await
}
