//! P-30: a home visit, entered where it took place.

use askama::Template;

use super::today;
use crate::domain::ids::{HouseholdId, ResidentId, lettered};
use crate::domain::role::Rights;
use crate::domain::visit::{Finding, Purpose, VisitResult, VisitStatus};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory;
use crate::services::visit::{self, VisitInput};
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::resident::{choice, date, required_date};
use crate::web::{FormView, Page};

/// Where the visit was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

#[derive(Template)]
#[template(path = "benefit/visit.html")]
struct VisitPage<'a> {
    page: &'a Page,
    form: FormView,
    back: String,
    place: String,
    people: Vec<(ResidentId, String)>,
}

impl VisitPage<'_> {
    fn purposes(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let rights = page.rights();
        let seen = Purpose::ALL.iter().filter(|purpose| may_enter(**purpose, rights));
        seen.map(|purpose| (purpose.code(), page.either(purpose.zh(), purpose.en()))).collect()
    }

    /// Drafts of the restricted domains never lie on a device.
    fn is_restricted(&self, code: &str) -> bool {
        Purpose::from_code(code).is_some_and(|p| matches!(p, Purpose::Child | Purpose::Mental))
    }

    fn findings(&self) -> Vec<(&'static str, &'static str)> {
        Finding::ALL.iter().map(|f| (f.code(), self.page.either(f.zh(), f.en()))).collect()
    }

    fn results(&self) -> Vec<(&'static str, &'static str)> {
        VisitResult::ALL.iter().map(|r| (r.code(), self.page.either(r.zh(), r.en()))).collect()
    }
}

/// Visits of the restricted domains are entered by whoever may see them.
fn may_enter(purpose: Purpose, rights: Rights) -> bool {
    match purpose {
        Purpose::Child => rights.child,
        Purpose::Mental => rights.mental,
        _ => true,
    }
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct VisitForm {
    done_on: chrono::NaiveDate,
    purpose: Purpose,
    result: VisitResult,
    persons: Vec<ResidentId>,
    co_visitor: Option<String>,
    changed: Vec<Finding>,
    next_on: Option<chrono::NaiveDate>,
    comes_again: bool,
    then_photos: bool,
}

impl FromFields for VisitForm {
    const FIELDS: &'static [&'static str] = &[
        "done_on",
        "purpose",
        "result",
        "person",
        "co_visitor",
        "changed",
        "next_on",
        "again",
        "then",
    ];
    const MANY: &'static [&'static str] = &["person", "changed"];

    fn from_fields(fields: &mut Fields) -> Option<VisitForm> {
        let done_on = required_date(fields, "done_on");
        let purpose = choice(fields, "purpose", Purpose::from_code);
        let result = choice(fields, "result", VisitResult::from_code);
        if purpose.is_none() {
            fields.refuse(Refusal::field("purpose", "请选择走访目的。", "Choose the purpose."));
        }
        if result.is_none() {
            fields.refuse(Refusal::field("result", "请选择走访结果。", "Choose the result."));
        }
        let persons: Vec<ResidentId> =
            fields.values("person").filter_map(|id| id.parse().ok().map(ResidentId)).collect();
        if persons.is_empty() {
            let (zh, en) = ("请至少选择一名走访对象。", "Choose at least one person.");
            fields.refuse(Refusal::field("persons", zh, en));
        }
        let co_visitor = fields.text("co_visitor");
        let changed = fields.values("changed").filter_map(Finding::from_code).collect();
        let next_on = date(fields, "next_on");
        Some(VisitForm {
            done_on: done_on?,
            purpose: purpose?,
            result: result?,
            persons,
            co_visitor,
            changed,
            next_on,
            comes_again: fields.has("again", "1"),
            then_photos: fields.has("then", "photos"),
        })
    }
}

/// The place's words and the people who may have been met there.
fn load(
    store: &Store,
    user: &Allowed<EditRegistry>,
    at: At,
) -> AppResult<(String, Vec<(ResidentId, String)>, Option<HouseholdId>)> {
    let by = user.session().actor.authorize::<ViewRegistry>()?;
    match at {
        At::Home(id) => {
            let home = directory::load_home(store, &by, id)?;
            let people = home.members.iter().filter(|m| m.in_scope);
            let people = people.map(|m| (m.id, m.name.clone())).collect();
            Ok((format!("{} · {}", home.address, home.area), people, Some(id)))
        }
        At::Person(id) => {
            let person = directory::load_person(store, &by, id)?;
            let home = person.memberships.iter().find(|m| m.to_on.is_none() && m.in_scope);
            let address = home.map_or_else(String::new, |m| format!("{} · ", m.address));
            let household = home.map(|m| m.household);
            Ok((format!("{address}{}", person.area), vec![(id, person.name)], household))
        }
    }
}

async fn open(
    user: &Allowed<EditRegistry>,
    page: Page,
    at: At,
) -> Result<(Page, String, Vec<(ResidentId, String)>), Fault> {
    let user = user.clone();
    let (place, people, _) = page.run(move |store| load(store, &user, at)).await?;
    let list = match at {
        At::Person(_) => ("resident.list_title", "/residents"),
        At::Home(_) => ("household.list_title", "/households"),
    };
    Ok((page.title("benefit.visit_new").under(list.0, list.1), place, people))
}

async fn ask(user: Allowed<EditRegistry>, page: Page, at: At) -> Outcome {
    let (page, place, people) = open(&user, page, at).await?;
    let mut fields = Fields::with(&[("done_on", &today(&page)), ("result", "met")]);
    if let [(only, _)] = people.as_slice() {
        fields.set("person", &only.to_string());
    }
    let form = FormView::new(&page, fields);
    page.show(|page| VisitPage { page, form, back: at.href(), place, people })
}

async fn submit(user: Allowed<EditRegistry>, page: Page, at: At, form: Form<VisitForm>) -> Outcome {
    let (fields, checked) = form.checked();
    let worker = user.clone();
    let then_photos = checked.as_ref().is_ok_and(|form| form.then_photos);
    let outcome = match checked {
        Ok(form) => page.run_once(move |store| register(store, &worker, at, form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(id) if then_photos => page.done(&format!("/visits/{id}"), "saved"),
        Ok(_) => page.done(&at.href(), "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let (page, place, people) = open(&user, page, at).await?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&VisitPage { page: &page, form, back: at.href(), place, people })
        }
    }
}

/// The visit took place; whether it counts is for whoever reviews it.
fn register(
    store: &Store,
    user: &Allowed<EditRegistry>,
    at: At,
    form: VisitForm,
) -> AppResult<i64> {
    if !may_enter(form.purpose, user.session().extra()) {
        let (zh, en) = ("请选择走访目的。", "Choose the purpose.");
        return Err(AppError::refuse(Refusal::field("purpose", zh, en)));
    }
    let (_, people, household) = load(store, user, at)?;
    let known = |id: &ResidentId| people.iter().any(|(other, _)| other == id);
    let input = VisitInput {
        visit_no: lettered('V', store.next_id()),
        household,
        persons: form.persons.into_iter().filter(known).collect(),
        purpose: form.purpose,
        planned_on: None,
        done_on: Some(form.done_on),
        worker: user.session().display_name.clone(),
        co_visitor: form.co_visitor,
        result: Some(form.result),
        status: VisitStatus::Done,
        reviewed_on: None,
        changed: form.changed,
        next_on: form.next_on,
        comes_again: form.comes_again,
    };
    visit::add(store, &user.authorized()?, &input)
}

/// `GET /residents/{id}/visits/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_person(user: Allowed<EditRegistry>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, At::Person(ResidentId(path.0))).await
}

/// `POST /residents/{id}/visits/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn of_person(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<VisitForm>,
) -> Outcome {
    submit(user, page, At::Person(ResidentId(path.0)), form).await
}

/// `GET /households/{id}/visits/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_home(user: Allowed<EditRegistry>, page: Page, path: Path<i64>) -> Outcome {
    ask(user, page, At::Home(HouseholdId(path.0))).await
}

/// `POST /households/{id}/visits/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn of_home(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<VisitForm>,
) -> Outcome {
    submit(user, page, At::Home(HouseholdId(path.0)), form).await
}
