//! Residents: their types, the list, one of them. Numbers are masked;
//! names and addresses too for whoever only reads (SEC-117).

use actix_web::web::Data;
use chrono::NaiveDate;

use super::cursor::{Cursor, Key as _};
use super::operation::Api;
use super::person_change::{correct, find, history, register, reveal};
use super::reply::{Read, Reply, Tagged};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::code_table::{Relation, ResidenceStatus};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::ResidentId;
use crate::domain::life_event::EventKind;
use crate::domain::resident::ResidentStatus;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Path};
use crate::services::auth::ViewRegistry;
use crate::services::directory::{self, PeopleQuery, PersonLine, PersonPage};
use crate::store::directory::Place;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let view = Access::Needs(Permission::ViewRegistry);
    let edit = Access::Needs(Permission::EditRegistry);
    api.get("/api/v1/residents", view, list, "Residents by pinyin, a page at a time");
    api.post("/api/v1/residents", edit, register, "Register a resident");
    api.post("/api/v1/residents/find", view, find, "Whose ID number is this? Logged");
    api.get("/api/v1/residents/{id}", view, show, "A resident, numbers masked");
    api.add("PATCH", "/api/v1/residents/{id}", edit, correct, "Correct a resident's record");
    api.get("/api/v1/residents/{id}/history", view, history, "Who changed what in the record");
    api.post("/api/v1/residents/{id}/reveal", view, reveal, "One masked value, with a purpose");
}

shapes! {
    /// Which residents.
    request PeopleAsked {
        /// Part of the name, or the beginning of its pinyin or initials.
        name: Option<String>,
        /// Part of the address.
        address: Option<String>,
        /// Code of a community or grid, with everything below it.
        area: Option<String>,
        /// State of the record.
        status: Option<ResidentStatus>,
        /// Where the page begins: `next` of the page before.
        after: Option<Cursor<(String, ResidentId)>>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of residents.
    answer ResidentPage {
        /// The rows.
        items: Vec<ResidentItem>,
        /// Rows on all pages; none where that is too many to count.
        total: Option<i64>,
        /// Where the next page begins; none on the last one.
        next: Option<String>,
    }

    /// A resident in a list.
    answer ResidentItem {
        /// Id.
        id: Id,
        /// Name; masked for readers.
        name: String,
        /// Masked document number.
        number: String,
        /// GB/T 2261.1.
        sex: i32,
        /// In years.
        age: i32,
        /// Name of the area.
        area: String,
        /// Address of the dwelling; masked for readers.
        address: String,
        /// To the head of that household.
        relation: Option<Relation>,
        /// Where registered, where living.
        residence_status: ResidenceStatus,
        /// State of the record.
        status: ResidentStatus,
    }

    /// A resident.
    answer ResidentRecord {
        /// Id.
        id: Id,
        /// Counts changes, from 1.
        version: i32,
        /// Name; masked for readers.
        name: String,
        /// Masked document number.
        number: String,
        /// Masked telephone.
        phone: String,
        /// GB/T 2261.1.
        sex: i32,
        /// Date of birth; for readers only the year.
        birth: String,
        /// In years.
        age: i32,
        /// Code of the community or grid.
        area_code: String,
        /// Its name.
        area: String,
        /// Where registered, where living.
        residence_status: ResidenceStatus,
        /// State of the record.
        status: ResidentStatus,
        /// Households, present ones first.
        memberships: Vec<MembershipItem>,
        /// Disability certificates.
        certificates: Vec<CertificateItem>,
        /// Awards of the person and of the households that count them.
        awards: Vec<PersonAward>,
        /// Events, the latest first.
        events: Vec<EventItem>,
    }

    /// A household of a resident.
    answer MembershipItem {
        /// The household.
        household: Id,
        /// Kind of the household.
        kind: HouseholdKind,
        /// Its number.
        number: String,
        /// To the head.
        relation: Option<Relation>,
        /// First day.
        from_on: NaiveDate,
        /// Last day.
        to_on: Option<NaiveDate>,
    }

    /// A certificate.
    answer CertificateItem {
        /// Masked number.
        number: String,
        /// Day of issue.
        issued_on: NaiveDate,
        /// Last valid day.
        valid_to: Option<NaiveDate>,
        /// Whether it is valid today.
        valid: bool,
    }

    /// An award, as the person's page has it.
    answer PersonAward {
        /// Id.
        id: Id,
        /// Program in Chinese.
        zh: String,
        /// Program in English.
        en: String,
        /// First day.
        opened_on: NaiveDate,
        /// Whether it is held.
        held: bool,
    }

    /// What happened to somebody.
    answer EventItem {
        /// Id.
        id: Id,
        /// Kind.
        kind: EventKind,
        /// The day it happened.
        event_on: NaiveDate,
        /// The day the office was told.
        reported_on: NaiveDate,
        /// 1 confirmed, 2 reported, 3 matched only.
        confidence: i32,
        /// The day it turned out to be wrong.
        annulled_on: Option<NaiveDate>,
    }
}

impl From<PersonLine> for ResidentItem {
    fn from(line: PersonLine) -> ResidentItem {
        ResidentItem {
            id: line.id.into(),
            name: line.name,
            number: line.number,
            sex: line.sex,
            age: line.age,
            area: line.area,
            address: line.address,
            relation: line.relation,
            residence_status: line.residence,
            status: line.status,
        }
    }
}

async fn list(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    query: Query<PeopleAsked>,
) -> Reply<Read<ResidentPage>> {
    let asked = query.0;
    let query = PeopleQuery {
        name: asked.name,
        address: asked.address,
        area: asked.area,
        status: asked.status,
        place: asked.after.map_or(Place::Start, |after| Place::After(after.0)),
        limit: Limit::or_usual(asked.limit),
    };
    let page =
        state.run(move |store| directory::list_people(store, &user.authorized()?, &query)).await?;
    let last = page.rows.last().filter(|_| page.has_next);
    Ok(Read(ResidentPage {
        next: last.map(|line| (line.name_pinyin.clone(), line.id).write()),
        total: page.total,
        items: page.rows.into_iter().map(ResidentItem::from).collect(),
    }))
}

async fn show(
    user: Allowed<ViewRegistry>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Tagged<ResidentRecord>> {
    let id = path.0.into();
    let page =
        state.run(move |store| directory::load_person(store, &user.authorized()?, id)).await?;
    let version = page.row.version;
    Ok(Tagged(record(page), version))
}

fn record(page: PersonPage) -> ResidentRecord {
    let memberships = page.memberships.into_iter().map(|m| MembershipItem {
        household: m.household.into(),
        kind: m.kind,
        number: m.number,
        relation: m.relation,
        from_on: m.from_on,
        to_on: m.to_on,
    });
    let certificates = page.certificates.into_iter().map(|line| CertificateItem {
        number: line.number,
        issued_on: line.issued_on,
        valid_to: line.valid_to,
        valid: line.valid,
    });
    let awards = page.awards.into_iter().map(|line| PersonAward {
        id: line.id.into(),
        zh: line.zh,
        en: line.en,
        opened_on: line.opened_on,
        held: line.held,
    });
    let events = page.events.into_iter().map(|line| EventItem {
        id: Id(line.id),
        kind: line.kind,
        event_on: line.event_on,
        reported_on: line.reported_on,
        confidence: line.confidence,
        annulled_on: line.annulled_on,
    });
    ResidentRecord {
        id: page.row.id.into(),
        version: page.row.version,
        name: page.name,
        number: page.number,
        phone: page.phone,
        sex: page.row.sex,
        birth: page.birth,
        age: page.age,
        area_code: page.row.area_code,
        area: page.area,
        residence_status: page.row.residence_status,
        status: page.row.status,
        memberships: memberships.collect(),
        certificates: certificates.collect(),
        awards: awards.collect(),
        events: events.collect(),
    }
}
