//! A birth, an arrival from elsewhere: somebody new in a household.

use askama::Template;

use super::form::{DATE_FIELDS, dates, open_home, relations, start};
use crate::domain::code_table::Relation;
use crate::domain::ids::HouseholdId;
use crate::domain::life_event::EventDates;
use crate::error::{AppResult, Refusal};
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::RegisterEvent;
use crate::services::directory::{AreaOption, HomePage};
use crate::services::event::{self, Arrival, BirthInput, EventDone, Join, MoveInInput};
use crate::services::resident::ResidentInput;
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::resident::{Options, PERSON_FIELDS, choice, person};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "event/arrival.html")]
struct ArrivalPage<'a> {
    page: &'a Page,
    form: FormView,
    home: &'a HomePage,
    areas: &'a [AreaOption],
    options: Options,
    is_birth: bool,
    relations: Vec<(&'static str, &'static str)>,
}

impl ArrivalPage<'_> {
    fn path(&self) -> &'static str {
        if self.is_birth { "birth" } else { "move-in" }
    }

    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(None, self.areas)
    }
}

/// Somebody new and how they join the household.
#[derive(Debug, Clone)]
pub struct ArrivalForm {
    person: ResidentInput,
    relation: Relation,
    dates: EventDates,
    origin: String,
}

impl FromFields for ArrivalForm {
    const FIELDS: &'static [&'static str] = &["relation", "origin"];
    const SHARED: &'static [&'static [&'static str]] = &[PERSON_FIELDS, DATE_FIELDS];

    fn from_fields(fields: &mut Fields) -> Option<ArrivalForm> {
        let person = person(fields);
        let relation = choice(fields, "relation", Relation::parse);
        if relation.is_none() {
            fields.refuse(Refusal::field("relation", "请选择与户主关系。", "Choose the relation."));
        }
        let dates = dates(fields);
        Some(ArrivalForm {
            person: person?,
            relation: relation?,
            dates: dates?,
            origin: fields.text("origin").unwrap_or_default(),
        })
    }
}

fn title(is_birth: bool) -> &'static str {
    if is_birth { "event.birth" } else { "event.move_in" }
}

fn template<'a>(
    page: &'a Page,
    form: FormView,
    home: &'a HomePage,
    areas: &'a [AreaOption],
    is_birth: bool,
) -> ArrivalPage<'a> {
    let (options, relations) = (Options::new(page), relations(page, false));
    ArrivalPage { page, form, home, areas, options, is_birth, relations }
}

async fn ask(user: Allowed<RegisterEvent>, page: Page, id: i64, is_birth: bool) -> Outcome {
    let (page, home, areas) = open_home(&user, page, HouseholdId(id), title(is_birth)).await?;
    let mut fields = start(&page);
    fields.set("area", &home.row.area_code);
    fields.set("doc_kind", "111");
    fields.set("residence_status", "R1");
    let form = FormView::new(&page, fields);
    page.show(|page| template(page, form, &home, &areas, is_birth))
}

fn register(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    id: HouseholdId,
    form: ArrivalForm,
    is_birth: bool,
) -> AppResult<EventDone> {
    let by = user.authorized()?;
    let joins = vec![Join { household: id, relation: form.relation, counted: true }];
    let (dates, named_month) = (form.dates, None);
    if is_birth {
        return event::birth(
            store,
            &by,
            &BirthInput { child: form.person, joins, dates, named_month },
        );
    }
    let (person, origin, note) = (Arrival::New(form.person), form.origin, None);
    event::move_in(store, &by, &MoveInInput { person, origin, joins, dates, named_month, note })
}

async fn submit(
    user: Allowed<RegisterEvent>,
    page: Page,
    id: i64,
    form: Form<ArrivalForm>,
    is_birth: bool,
) -> Outcome {
    let id = HouseholdId(id);
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => page.run_once(move |store| register(store, &maker, id, form, is_birth)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(made) => super::done(&page, &format!("/households/{id}"), &made),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, home, areas) = open_home(&user, page, id, title(is_birth)).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, form, &home, &areas, is_birth))
        }
    }
}

/// `GET /households/{id}/birth`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_birth(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, path.0, true).await
}

/// `POST /households/{id}/birth`.
///
/// # Errors
/// 404 out of scope.
pub async fn birth(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<ArrivalForm>,
) -> Outcome {
    submit(user, page, path.0, form, true).await
}

/// `GET /households/{id}/move-in`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_move_in(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, path.0, false).await
}

/// `POST /households/{id}/move-in`.
///
/// # Errors
/// 404 out of scope.
pub async fn move_in(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<ArrivalForm>,
) -> Outcome {
    submit(user, page, path.0, form, false).await
}
