//! A death, a departure.

use askama::Template;

use super::form::{EventForm, HeadChoice, relations, start};
use crate::domain::ids::ResidentId;
use crate::domain::mask;
use crate::error::{AppError, AppResult};
use crate::http::{Allowed, Fault, Form, Outcome, Path};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::directory::{self, HomePage, PersonPage};
use crate::services::event::{self, DeathInput, EventDone, MoveOutInput};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "event/person.html")]
struct PersonEvent<'a> {
    page: &'a Page,
    form: FormView,
    person: &'a PersonPage,
    homes: Vec<HeadChoice>,
    is_death: bool,
    relations: Vec<(&'static str, &'static str)>,
}

impl PersonEvent<'_> {
    fn path(&self) -> &'static str {
        if self.is_death { "death" } else { "move-out" }
    }

    fn certainties(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        vec![
            ("1", page.t("event.confirmed_hint")),
            ("2", page.t("event.reported_hint")),
            ("3", page.t("event.matched_hint")),
        ]
    }
}

/// The person, and the households that lose their head with them.
pub(crate) fn load(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    id: ResidentId,
) -> AppResult<(PersonPage, Vec<HomePage>)> {
    let by = user.session().actor.authorize::<ViewRegistry>()?;
    let person = directory::load_person(store, &by, id)?;
    let mut homes = Vec::new();
    for m in person.memberships.iter().filter(|m| m.to_on.is_none() && m.in_scope) {
        let home = directory::load_home(store, &by, m.household)?;
        if home.row.head_id == Some(id) && home.members.len() > 2 {
            homes.push(home);
        }
    }
    Ok((person, homes))
}

async fn prepare(
    user: &Allowed<RegisterEvent>,
    page: Page,
    id: ResidentId,
    is_death: bool,
) -> Result<(Page, PersonPage, Vec<HomePage>), Fault> {
    let user = user.clone();
    let (person, homes) = page.run(move |store| load(store, &user, id)).await?;
    let key = if is_death { "event.death" } else { "event.move_out" };
    let title =
        format!("{}{}{}", page.t(key), page.t("layout.colon"), mask::name(&person.row.name));
    let page = page.title_text(title).under("resident.list_title", "/residents");
    Ok((page, person, homes))
}

fn template<'a>(
    page: &'a Page,
    form: FormView,
    person: &'a PersonPage,
    homes: &[HomePage],
    is_death: bool,
) -> PersonEvent<'a> {
    let leaving = [person.row.id];
    let homes = homes.iter().map(|home| HeadChoice::of(page, home, &leaving)).collect();
    PersonEvent { page, form, person, homes, is_death, relations: relations(page, false) }
}

async fn ask(user: Allowed<RegisterEvent>, page: Page, id: ResidentId, is_death: bool) -> Outcome {
    let (page, person, homes) = prepare(&user, page, id, is_death).await?;
    let form = FormView::new(&page, start(&page));
    page.show(|page| template(page, form, &person, &homes, is_death))
}

async fn submit(
    user: Allowed<RegisterEvent>,
    page: Page,
    id: ResidentId,
    form: Form<EventForm>,
    is_death: bool,
) -> Outcome {
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => page.run_once(move |store| register(store, &maker, id, &form, is_death)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(made) => super::done(&page, &format!("/residents/{id}"), &made),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, person, homes) = prepare(&user, page, id, is_death).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, form, &person, &homes, is_death))
        }
    }
}

fn register(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    id: ResidentId,
    form: &EventForm,
    is_death: bool,
) -> Result<EventDone, AppError> {
    let by = user.authorized()?;
    let (dates, confidence, note) = (form.dates, form.confidence, form.note.clone());
    let heads = form.new_heads();
    if is_death {
        return event::death(
            store,
            &by,
            &DeathInput { resident: id, dates, confidence, heads, note },
        );
    }
    let destination = form.destination.clone();
    let residents = vec![id];
    event::move_out(
        store,
        &by,
        &MoveOutInput { residents, destination, dates, confidence, heads, note },
    )
}

/// `GET /residents/{id}/death`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_death(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, ResidentId(path.0), true).await
}

/// `POST /residents/{id}/death`.
///
/// # Errors
/// 404 out of scope.
pub async fn death(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<EventForm>,
) -> Outcome {
    submit(user, page, ResidentId(path.0), form, true).await
}

/// `GET /residents/{id}/move-out`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_move_out(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, ResidentId(path.0), false).await
}

/// `POST /residents/{id}/move-out`.
///
/// # Errors
/// 404 out of scope.
pub async fn move_out(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<EventForm>,
) -> Outcome {
    submit(user, page, ResidentId(path.0), form, false).await
}
