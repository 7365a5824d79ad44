//! The fields of every event, and the homes that need a new head.

use chrono::NaiveDate;

use crate::domain::code_table::Relation;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::life_event::{Confidence, EventDates};
use crate::error::Refusal;
use crate::http::{Allowed, Fault, Fields, FromFields};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::directory::{self, AreaOption, HomePage, Member, list_area_options};
use crate::services::household::{MemberInput, NewHead};
use crate::web::Page;
use crate::web::resident::{date, required_date};

/// What the forms of events ask for; each form draws what it needs.
#[derive(Debug, Clone)]
pub struct EventForm {
    pub(super) dates: EventDates,
    pub(super) confidence: Confidence,
    pub(super) note: Option<String>,
    pub(super) destination: String,
    pub(super) household_no: String,
    pub(super) area: String,
    pub(super) address: String,
    pub(super) target: String,
    pub(super) movers: Vec<ResidentId>,
    pub(super) homes: Vec<HouseholdId>,
    heads: HeadFields,
    mover_relations: Vec<(ResidentId, Relation)>,
}

/// The dates that every event has.
pub(super) const DATE_FIELDS: &[&str] = &["event_on", "reported_on", "decided_on"];

/// Reads them.
pub(super) fn dates(fields: &mut Fields) -> Option<EventDates> {
    let (event_on, reported_on) =
        (required_date(fields, "event_on"), required_date(fields, "reported_on"));
    let decided_on: Option<NaiveDate> = date(fields, "decided_on");
    Some(EventDates { event_on: event_on?, reported_on: reported_on?, decided_on })
}

impl FromFields for EventForm {
    const FIELDS: &'static [&'static str] = &[
        "confidence",
        "note",
        "destination",
        "household_no",
        "area",
        "address",
        "target",
        "mover",
        "home",
        "head",
        "relation",
        "mover_relation",
    ];
    const SHARED: &'static [&'static [&'static str]] = &[DATE_FIELDS];
    const MANY: &'static [&'static str] = &["mover", "home", "head", "relation", "mover_relation"];

    fn from_fields(fields: &mut Fields) -> Option<EventForm> {
        let dates = dates(fields);
        let confidence = match fields.value("confidence") {
            "" => Some(Confidence::Confirmed),
            text => text.parse().ok().and_then(Confidence::from_number),
        };
        if confidence.is_none() {
            fields.refuse(Refusal::field(
                "confidence",
                "请选择确认程度。",
                "Choose the certainty.",
            ));
        }
        let text = |fields: &Fields, name| fields.text(name).unwrap_or_default();
        Some(EventForm {
            dates: dates?,
            confidence: confidence?,
            note: fields.text("note"),
            destination: text(fields, "destination"),
            household_no: text(fields, "household_no"),
            area: text(fields, "area"),
            address: text(fields, "address"),
            target: text(fields, "target"),
            movers: fields.values("mover").filter_map(|v| v.parse().ok().map(ResidentId)).collect(),
            homes: fields.values("home").filter_map(|v| v.parse().ok().map(HouseholdId)).collect(),
            heads: HeadFields::read(fields),
            mover_relations: fields.values("mover_relation").filter_map(mover_relation).collect(),
        })
    }
}

fn head(text: &str) -> Option<(HouseholdId, ResidentId)> {
    let (home, person) = text.split_once(':')?;
    Some((HouseholdId(home.parse().ok()?), ResidentId(person.parse().ok()?)))
}

fn relation(text: &str) -> Option<(HouseholdId, ResidentId, Relation)> {
    let (who, code) = text.rsplit_once(':')?;
    let (home, person) = head(who)?;
    Some((home, person, Relation::parse(code)?))
}

fn mover_relation(text: &str) -> Option<(ResidentId, Relation)> {
    let (person, code) = text.split_once(':')?;
    Some((ResidentId(person.parse().ok()?), Relation::parse(code)?))
}

/// The new heads that were chosen, and everybody's relation to them.
#[derive(Debug, Clone, Default)]
pub struct HeadFields {
    heads: Vec<(HouseholdId, ResidentId)>,
    relations: Vec<(HouseholdId, ResidentId, Relation)>,
}

impl HeadFields {
    /// From the fields `head` and `relation`.
    pub(crate) fn read(fields: &Fields) -> HeadFields {
        HeadFields {
            heads: fields.values("head").filter_map(head).collect(),
            relations: fields.values("relation").filter_map(relation).collect(),
        }
    }

    /// Household, person and relation of every drop-down.
    pub(crate) fn relations(&self) -> &[(HouseholdId, ResidentId, Relation)] {
        &self.relations
    }

    /// The new heads.
    pub(crate) fn new_heads(&self) -> Vec<NewHead> {
        let of = |home: HouseholdId| {
            let mine = self.relations.iter().filter(move |(other, ..)| *other == home);
            mine.map(|(_, person, relation)| (*person, *relation)).collect()
        };
        self.heads
            .iter()
            .map(|(home, head)| NewHead { household: *home, head: *head, relations: of(*home) })
            .collect()
    }
}

impl EventForm {
    /// The new heads that were chosen.
    pub(super) fn new_heads(&self) -> Vec<NewHead> {
        self.heads.new_heads()
    }

    /// These people with their relations in the household they form or join.
    ///
    /// # Errors
    /// Somebody's relation was not chosen.
    pub(super) fn members(&self, people: &[ResidentId]) -> Result<Vec<MemberInput>, Refusal> {
        people
            .iter()
            .map(|person| {
                let found = self.mover_relations.iter().find(|(other, _)| other == person);
                found.map(|(_, relation)| MemberInput::new(*person, *relation)).ok_or_else(|| {
                    Refusal::field(
                        "mover_relation",
                        "请为每名转入新户的成员选择与户主的关系。",
                        "Choose the relation to the head for everybody who changes household.",
                    )
                })
            })
            .collect()
    }
}

/// A household that may need a new head, as the form draws it.
pub(crate) struct HeadChoice {
    pub(crate) id: HouseholdId,
    pub(crate) title: String,
    pub(crate) people: Vec<Member>,
}

impl HeadChoice {
    /// The household without those who leave it.
    pub(crate) fn of(page: &Page, home: &HomePage, leaving: &[ResidentId]) -> HeadChoice {
        let kind = page.either(home.row.kind.zh(), home.row.kind.en());
        HeadChoice {
            id: home.row.id,
            title: format!("{kind} {}", home.row.household_no),
            people: home.members.iter().filter(|m| !leaving.contains(&m.id)).cloned().collect(),
        }
    }

    /// `household:person`, as the drop-down sends it.
    pub(crate) fn value(&self, person: impl std::borrow::Borrow<ResidentId>) -> String {
        format!("{}:{}", self.id, person.borrow())
    }
}

/// Relations to a head, with their codes.
pub(crate) fn relations(page: &Page, with_head: bool) -> Vec<(&'static str, &'static str)> {
    Relation::all()
        .filter(|relation| with_head || !relation.is_head())
        .map(|relation| (relation.code(), page.either(relation.zh(), relation.en())))
        .collect()
}

/// Fields to start from: everything today, confirmed.
pub(super) fn start(page: &Page) -> Fields {
    let today = page.state().store.clock().today().to_string();
    Fields::with(&[("event_on", &today), ("reported_on", &today), ("confidence", "1")])
}

/// A household as the forms about it open: its page's title, its members, the
/// areas of the caller.
pub(super) async fn open_home(
    user: &Allowed<RegisterEvent>,
    page: Page,
    id: HouseholdId,
    title: &str,
) -> Result<(Page, HomePage, Vec<AreaOption>), Fault> {
    let user = user.clone();
    let (home, areas) = page
        .run(move |store| {
            let by = user.session().actor.authorize::<ViewRegistry>()?;
            Ok((directory::load_home(store, &by, id)?, list_area_options(store, &by)?))
        })
        .await?;
    let title = format!("{}{}{}", page.t(title), page.t("layout.colon"), home.row.household_no);
    Ok((page.title_text(title).under("household.list_title", "/households"), home, areas))
}
