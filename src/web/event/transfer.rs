//! A move to another street of the registry: closed here, opened there.

use askama::Template;

use super::form::{EventForm, HeadChoice, relations, start};
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::error::{AppError, AppResult, Place, Refusal};
use crate::http::{Allowed, Fault, Form, Outcome, Path};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::directory::{
    self, AreaOption, HomePage, Member, PersonPage, list_other_areas,
};
use crate::services::event::{self, Mover, TransferInput, Transferred};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::{FormView, Page};

/// The person, those who live with them, and where they could go.
struct Moving {
    person: PersonPage,
    homes: Vec<HomePage>,
    people: Vec<Member>,
    areas: Vec<AreaOption>,
}

#[derive(Template)]
#[template(path = "event/transfer.html")]
struct TransferPage<'a> {
    page: &'a Page,
    form: FormView,
    moving: &'a Moving,
    homes: Vec<HeadChoice>,
    relations: Vec<(&'static str, &'static str)>,
    in_new: Vec<(&'static str, &'static str)>,
}

impl TransferPage<'_> {
    fn areas(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.moving.areas)
    }
}

fn load(store: &Store, user: &Allowed<RegisterEvent>, id: ResidentId) -> AppResult<Moving> {
    let by = user.session().actor.authorize::<ViewRegistry>()?;
    let person = directory::load_person(store, &by, id)?;
    let mut homes = Vec::new();
    for m in person.memberships.iter().filter(|m| m.to_on.is_none() && m.in_scope) {
        homes.push(directory::load_home(store, &by, m.household)?);
    }
    let mut people: Vec<Member> = Vec::new();
    for member in homes.iter().flat_map(|home| &home.members) {
        if member.in_scope && !people.iter().any(|other| other.id == member.id) {
            people.push(member.clone());
        }
    }
    people.sort_by_key(|member| member.id != id);
    Ok(Moving { areas: list_other_areas(store, &by)?, person, homes, people })
}

async fn prepare(
    user: &Allowed<RegisterEvent>,
    page: Page,
    id: ResidentId,
) -> Result<(Page, Moving), Fault> {
    let user = user.clone();
    let moving = page.run(move |store| load(store, &user, id)).await?;
    let name = mask::name(&moving.person.row.name);
    let title = format!("{}{}{name}", page.t("event.transfer"), page.t("layout.colon"));
    Ok((page.title_text(title).under("resident.list_title", "/residents"), moving))
}

fn template<'a>(page: &'a Page, form: FormView, moving: &'a Moving) -> TransferPage<'a> {
    TransferPage {
        homes: moving
            .homes
            .iter()
            .filter(|home| home.members.len() > 1)
            .map(|home| HeadChoice::of(page, home, &[]))
            .collect(),
        relations: relations(page, false),
        in_new: relations(page, true),
        page,
        form,
        moving,
    }
}

/// `GET /residents/{id}/transfer`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let (page, moving) = prepare(&user, page, id).await?;
    let mut fields = start(&page);
    fields.set("mover", &id.to_string());
    fields.set("mover_relation", &format!("{id}:02"));
    let form = FormView::new(&page, fields);
    page.show(|page| template(page, form, &moving))
}

/// `POST /residents/{id}/transfer`.
///
/// # Errors
/// 404 out of scope.
pub async fn submit(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<EventForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => page.run(move |store| register(store, &maker, id, &form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        // The record here stays, as one that has moved away.
        Ok(_) => page.done(&format!("/residents/{id}"), "event_done"),
        Err(fault) => {
            let refusals: Vec<Refusal> = redrawable(fault)?.into_iter().map(at_form).collect();
            let (page, moving) = prepare(&user, page, id).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, form, &moving))
        }
    }
}

/// The service names its input, the form its fields.
pub(super) fn at_form(refusal: Refusal) -> Refusal {
    let field = match &refusal.place {
        Some(Place::Field(name)) => match name.as_str() {
            "to_area" | "to_street" => "area",
            "movers" | "members" | "residents" => "mover",
            "from_on" => "event_on",
            _ => return refusal,
        },
        _ => return refusal,
    };
    refusal.at(Place::Field(field.to_owned()))
}

fn register(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    id: ResidentId,
    form: &EventForm,
) -> AppResult<Transferred> {
    let moving = load(store, user, id)?;
    let street = moving.areas.iter().find(|area| area.code == form.area);
    let street = street.and_then(|area| area.code.get(..9)).ok_or_else(|| {
        AppError::refuse(Refusal::field("area", "请选择迁入社区。", "Choose the community."))
    })?;
    if form.movers.is_empty() {
        let (zh, en) = ("请选择迁移人员。", "Choose who moves.");
        return Err(AppError::refuse(Refusal::field("mover", zh, en)));
    }
    let movers = form.members(&form.movers).map_err(AppError::refuse)?;
    let input = TransferInput {
        movers: movers
            .iter()
            .map(|m| Mover { resident: m.resident, relation: m.relation })
            .collect(),
        to_street: street.to_owned(),
        to_area: form.area.clone(),
        address: form.address.clone(),
        household_no: form.household_no.clone(),
        heads: form.new_heads(),
        dates: form.dates,
    };
    event::transfer(store, &user.authorized()?, &input)
}
