//! Households: list, one with its members, open, its members' joining and
//! leaving.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::once::{Effect, Once, create};
use super::operation::Api;
use super::person_change::{HistoryAnswer, history_answer};
use super::reply::{Created, Read, Reply, Tagged};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::code_table::{Relation, ResidenceStatus};
use crate::domain::household::{HouseholdKind, JoinReason};
use crate::domain::month::Month;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{self, HomeMembers, HomeQuery, Member};
use crate::services::household::{self, HouseholdInput, MemberDates, MemberInput};
use crate::store::directory::Place;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditRegistry);
    api.get("/api/v1/households", view, list, "Households, a page at a time");
    api.post("/api/v1/households", edit, open, "Open a household with its members");
    api.get("/api/v1/households/{id}", view, show, "A household with its members");
    api.get("/api/v1/households/{id}/history", view, history, "Who changed what in the record");
}

shapes! {
    /// Which households.
    request HomesAsked {
        /// Part of the address or of the number.
        text: Option<String>,
        /// Code of a community or grid, with everything below it.
        area: Option<String>,
        /// Kind of household.
        kind: Option<HouseholdKind>,
        /// Closed ones too.
        closed: Option<bool>,
        /// Where the page begins: `next` of the page before.
        after: Option<Id>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of households.
    answer HouseholdPage {
        /// The rows.
        items: Vec<HouseholdItem>,
        /// Rows on all pages; none where that is too many to count.
        total: Option<i64>,
        /// Where the next page begins; none on the last one.
        next: Option<Id>,
    }

    /// A household in a list.
    answer HouseholdItem {
        /// Id.
        id: Id,
        /// Its number.
        number: String,
        /// Its kind.
        kind: HouseholdKind,
        /// Address; masked for readers.
        address: String,
        /// Name of the head; masked for readers.
        head: String,
        /// Present members.
        members: i64,
        /// Name of the area.
        area: String,
        /// Last day.
        closed_on: Option<NaiveDate>,
    }

    /// A household with everybody who is or was in it.
    answer HouseholdRecord {
        /// Id.
        id: Id,
        /// Counts changes, from 1.
        version: i32,
        /// Its number.
        number: String,
        /// Its kind.
        kind: HouseholdKind,
        /// Code of the community or grid.
        area_code: String,
        /// Address; masked for readers.
        address: String,
        /// First day.
        opened_on: NaiveDate,
        /// Last day.
        closed_on: Option<NaiveDate>,
        /// Present members, the head first.
        members: Vec<MemberItem>,
        /// Past members.
        past: Vec<MemberItem>,
    }

    /// A member of a household.
    answer MemberItem {
        /// The resident.
        id: Id,
        /// Name; masked for readers.
        name: String,
        /// Masked document number.
        number: String,
        /// To the head.
        relation: Option<Relation>,
        /// GB/T 2261.1.
        sex: i32,
        /// In years.
        age: i32,
        /// Where registered, where living.
        residence_status: ResidenceStatus,
        /// State of the record.
        status: ResidentStatus,
        /// Whether the assistance counts them.
        counted: bool,
        /// First day.
        from_on: NaiveDate,
        /// Last day.
        to_on: Option<NaiveDate>,
    }

    /// Who joins, and as what.
    request NewMember {
        /// The resident.
        resident: Id,
        /// To the head; 02 is the head.
        relation: Relation,
        /// Whether the assistance counts them.
        counted: bool,
    }

    /// A new household.
    request NewHousehold {
        /// Its kind.
        kind: HouseholdKind,
        /// Its number, unique per street and kind.
        number: String,
        /// Code of the community or grid.
        area: String,
        /// Address.
        address: String,
        /// First day.
        opened_on: NaiveDate,
        /// Who, with exactly one head.
        members: Vec<NewMember>,
        /// Why they come together.
        reason: JoinReason,
        /// The day of the decision; by default the first day.
        decided_on: Option<NaiveDate>,
        /// The month that the decision names; by default the one after it.
        named_month: Option<Month>,
    }
}

impl From<NewMember> for MemberInput {
    fn from(new: NewMember) -> MemberInput {
        MemberInput { resident: new.resident.into(), relation: new.relation, counted: new.counted }
    }
}

impl From<Member> for MemberItem {
    fn from(member: Member) -> MemberItem {
        MemberItem {
            id: member.id.into(),
            name: member.name,
            number: member.number,
            relation: member.relation,
            sex: member.sex,
            age: member.age,
            residence_status: member.residence,
            status: member.status,
            counted: member.counted,
            from_on: member.from_on,
            to_on: member.to_on,
        }
    }
}

async fn list(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    query: Query<HomesAsked>,
) -> Reply<Read<HouseholdPage>> {
    let asked = query.0;
    let query = HomeQuery {
        text: asked.text,
        area: asked.area,
        kind: asked.kind,
        closed: asked.closed.unwrap_or(false),
        place: asked.after.map_or(Place::Start, |after| Place::After(after.into())),
        limit: Limit::or_usual(asked.limit),
    };
    let page =
        state.run(move |store| directory::list_homes(store, &user.authorized()?, &query)).await?;
    let last = page.rows.last().filter(|_| page.has_next);
    let next = last.map(|line| Id::from(line.id));
    let items = page.rows.into_iter().map(|line| HouseholdItem {
        id: line.id.into(),
        number: line.number,
        kind: line.kind,
        address: line.address,
        head: line.head,
        members: line.members,
        area: line.area,
        closed_on: line.closed_on,
    });
    Ok(Read(HouseholdPage { items: items.collect(), total: page.total, next }))
}

async fn show(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Tagged<HouseholdRecord>> {
    let id = path.0.into();
    let home = state
        .run(move |store| directory::load_home_members(store, &user.authorized()?, id))
        .await?;
    let HomeMembers { row, address, members, past } = home;
    let version = row.version;
    let record = HouseholdRecord {
        id: row.id.into(),
        version,
        number: row.household_no,
        kind: row.kind,
        area_code: row.area_code,
        address,
        opened_on: row.opened_on,
        closed_on: row.closed_on,
        members: members.into_iter().map(MemberItem::from).collect(),
        past: past.into_iter().map(MemberItem::from).collect(),
    };
    Ok(Tagged(record, version))
}

async fn open(
    user: Allowed<EditRegistry>,
    state: Data<AppState>,
    once: Once,
    body: Json<NewHousehold>,
) -> Reply<Created> {
    let new = body.0;
    let input = HouseholdInput {
        kind: new.kind,
        household_no: new.number,
        area_code: new.area,
        address: new.address,
        opened_on: new.opened_on,
        members: new.members.into_iter().map(MemberInput::from).collect(),
        reason: new.reason,
        dates: MemberDates {
            decided_on: new.decided_on.unwrap_or(new.opened_on),
            named_month: new.named_month,
        },
    };
    create(user, &state, once, move |store, by| {
        household::open(store, by, &input).map(|id| Effect::Made(id.0))
    })
    .await
}

async fn history(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<HistoryAnswer>> {
    let id = path.0.into();
    let page = state.run(move |store| directory::load_home(store, &user.authorized()?, id)).await?;
    Ok(Read(history_answer(page.history)))
}
