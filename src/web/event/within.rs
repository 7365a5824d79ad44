//! A move inside the street: people, and the households that go along, get
//! another place. What is due stays; the record keeps where they came from.

use askama::Template;

use super::form::{EventForm, start};
use super::transfer::at_form;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::mask;
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fault, Form, Outcome, Path};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::directory::{self, AreaOption, HomePage, list_street_areas};
use crate::services::event::{self, EventDone, MoveWithinInput};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::{FormView, Page};

/// Whose record the move is registered at.
#[derive(Debug, Clone, Copy)]
enum At {
    Person(ResidentId),
    Home(HouseholdId),
}

impl At {
    fn href(self) -> String {
        match self {
            At::Person(id) => format!("/residents/{id}"),
            At::Home(id) => format!("/households/{id}"),
        }
    }
}

/// Who could move, and where to.
struct Moving {
    name: String,
    homes: Vec<HomePage>,
    people: Vec<(ResidentId, String)>,
    areas: Vec<AreaOption>,
}

#[derive(Template)]
#[template(path = "event/within.html")]
struct WithinPage<'a> {
    page: &'a Page,
    form: FormView,
    href: String,
    /// A household moves as the page's subject, not by choice.
    is_home: bool,
    moving: &'a Moving,
}

impl WithinPage<'_> {
    fn areas(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.moving.areas)
    }

    fn kind(&self, home: &HomePage) -> &str {
        self.page.either(home.row.kind.zh(), home.row.kind.en())
    }
}

fn load(store: &Store, user: &Allowed<RegisterEvent>, at: At) -> AppResult<Moving> {
    let by = user.session().actor.authorize::<ViewRegistry>()?;
    let areas = list_street_areas(store, &by)?;
    let (name, homes, first) = match at {
        At::Home(id) => {
            let home = directory::load_home(store, &by, id)?;
            (home.row.household_no.clone(), vec![home], None)
        }
        At::Person(id) => {
            let person = directory::load_person(store, &by, id)?;
            let open = person.memberships.iter().filter(|m| m.to_on.is_none() && m.in_scope);
            let homes = open
                .map(|m| directory::load_home(store, &by, m.household))
                .collect::<AppResult<Vec<_>>>()?;
            (mask::name(&person.row.name), homes, Some((id, person.name)))
        }
    };
    let mut people: Vec<(ResidentId, String)> = first.into_iter().collect();
    for member in homes.iter().flat_map(|home| &home.members) {
        if member.in_scope && !people.iter().any(|(id, _)| *id == member.id) {
            people.push((member.id, member.name.clone()));
        }
    }
    Ok(Moving { name, homes, people, areas })
}

async fn prepare(
    user: &Allowed<RegisterEvent>,
    page: Page,
    at: At,
) -> Result<(Page, Moving), Fault> {
    let user = user.clone();
    let moving = page.run(move |store| load(store, &user, at)).await?;
    let title = format!("{}{}{}", page.t("event.within"), page.t("layout.colon"), moving.name);
    let list = match at {
        At::Person(_) => ("resident.list_title", "/residents"),
        At::Home(_) => ("household.list_title", "/households"),
    };
    Ok((page.title_text(title).under(list.0, list.1), moving))
}

fn template<'a>(page: &'a Page, form: FormView, at: At, moving: &'a Moving) -> WithinPage<'a> {
    WithinPage { page, form, href: at.href(), is_home: matches!(at, At::Home(_)), moving }
}

async fn ask(user: Allowed<RegisterEvent>, page: Page, at: At) -> Outcome {
    let (page, moving) = prepare(&user, page, at).await?;
    let mut fields = start(&page);
    let whole = matches!(at, At::Home(_));
    for (id, _) in moving.people.iter().take(if whole { usize::MAX } else { 1 }) {
        fields.add("mover", &id.to_string());
    }
    // Whoever lives alone takes the household along.
    for home in moving.homes.iter().filter(|home| whole || home.members.len() == 1) {
        fields.add("home", &home.row.id.to_string());
    }
    let form = FormView::new(&page, fields);
    page.show(|page| template(page, form, at, &moving))
}

async fn submit(
    user: Allowed<RegisterEvent>,
    page: Page,
    at: At,
    form: Form<EventForm>,
) -> Outcome {
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => page.run_once(move |store| register(store, &maker, at, form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(made) => super::done(&page, &at.href(), &made),
        Err(fault) => {
            let refusals: Vec<Refusal> = redrawable(fault)?.into_iter().map(at_form).collect();
            let (page, moving) = prepare(&user, page, at).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, form, at, &moving))
        }
    }
}

fn register(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    at: At,
    form: EventForm,
) -> AppResult<EventDone> {
    if form.area.is_empty() {
        let (zh, en) = ("请选择迁入的社区或网格。", "Choose the community or grid of arrival.");
        return Err(AppError::refuse(Refusal::field("area", zh, en)));
    }
    // The service takes nobody for everybody; here nobody was chosen.
    if form.movers.is_empty() {
        let (zh, en) = ("请选择迁移人员。", "Choose who moves.");
        return Err(AppError::refuse(Refusal::field("mover", zh, en)));
    }
    let households = match at {
        At::Home(id) => vec![id],
        At::Person(_) => form.homes,
    };
    if !households.is_empty() && form.address.is_empty() {
        let (zh, en) = ("请填写新地址。", "Enter the new address.");
        return Err(AppError::refuse(Refusal::field("address", zh, en)));
    }
    let input = MoveWithinInput {
        residents: form.movers,
        households,
        to_area: form.area,
        address: form.address,
        dates: form.dates,
    };
    event::move_within(store, &user.authorized()?, &input)
}

/// `GET /residents/{id}/move-within`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_person(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, At::Person(ResidentId(path.0))).await
}

/// `POST /residents/{id}/move-within`.
///
/// # Errors
/// 404 out of scope.
pub async fn person(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<EventForm>,
) -> Outcome {
    submit(user, page, At::Person(ResidentId(path.0)), form).await
}

/// `GET /households/{id}/move-within`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_home(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, At::Home(HouseholdId(path.0))).await
}

/// `POST /households/{id}/move-within`.
///
/// # Errors
/// 404 out of scope.
pub async fn home(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<EventForm>,
) -> Outcome {
    submit(user, page, At::Home(HouseholdId(path.0)), form).await
}
