//! W2: the next member of a household, with their own record. What the one
//! before them had is filled in and marked as such.

use askama::Template;
use chrono::NaiveDate;

use super::new::reasons;
use crate::domain::code_table::Relation;
use crate::domain::household::JoinReason;
use crate::domain::ids::HouseholdId;
use crate::error::{AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::directory::{self, AreaOption, HomePage, list_area_options};
use crate::services::household::{self, MemberDates};
use crate::services::resident::{self, ResidentInput};
use crate::store::Store;
use crate::web::event::relations;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::resident::{Options, PERSON_FIELDS, choice, person, required_date};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "household/member.html")]
struct MemberPage<'a> {
    page: &'a Page,
    form: FormView,
    /// None on the blank form for the device: the household may be a draft.
    home: Option<HomePage>,
    id: i64,
    areas: Vec<AreaOption>,
    options: Options,
    relations: Vec<(&'static str, &'static str)>,
}

impl MemberPage<'_> {
    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }

    fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        reasons(self.page)
    }
}

/// The next member.
#[derive(Debug, Clone)]
pub struct MemberForm {
    person: ResidentInput,
    relation: Relation,
    reason: JoinReason,
    from_on: NaiveDate,
    decided_on: NaiveDate,
    then_member: bool,
}

impl FromFields for MemberForm {
    const FIELDS: &'static [&'static str] =
        &["relation", "reason", "from_on", "decided_on", "then", "carried"];
    const SHARED: &'static [&'static [&'static str]] = &[PERSON_FIELDS];

    fn from_fields(fields: &mut Fields) -> Option<MemberForm> {
        let relation = choice(fields, "relation", Relation::parse);
        if relation.is_none() {
            fields.refuse(Refusal::field("relation", "请选择与户主关系。", "Choose the relation."));
        }
        let person = person(fields);
        let (from_on, decided_on) =
            (required_date(fields, "from_on"), required_date(fields, "decided_on"));
        Some(MemberForm {
            person: person?,
            relation: relation?,
            reason: choice(fields, "reason", JoinReason::from_code).unwrap_or(JoinReason::Opening),
            from_on: from_on?,
            decided_on: decided_on?,
            then_member: fields.has("then", "member"),
        })
    }
}

fn areas(store: &Store, user: &Allowed<EditRegistry>) -> AppResult<Vec<AreaOption>> {
    list_area_options(store, &user.session().actor.authorize::<ViewRegistry>()?)
}

/// Residence and ethnicity of the member who joined last.
struct Before {
    residence: &'static str,
    ethnicity: String,
}

fn load(
    store: &Store,
    user: &Allowed<EditRegistry>,
    id: HouseholdId,
) -> AppResult<(HomePage, Option<Before>, Vec<AreaOption>)> {
    let by = user.session().actor.authorize::<ViewRegistry>()?;
    let home = directory::load_home(store, &by, id)?;
    let last = home.members.iter().filter(|m| m.in_scope).max_by_key(|m| (m.from_on, m.id.0));
    let before = match last {
        Some(last) => {
            let row = resident::load_resident(store, &by, last.id)?;
            let ethnicity = row.ethnicity.unwrap_or_default();
            Some(Before { residence: row.residence_status.code(), ethnicity })
        }
        None => None,
    };
    Ok((home, before, areas(store, user)?))
}

fn template(
    page: &Page,
    form: FormView,
    home: Option<HomePage>,
    areas: Vec<AreaOption>,
) -> MemberPage<'_> {
    let id = home.as_ref().map_or(0, |home| home.row.id.0);
    let choose = ("", page.t("form.choose"));
    let relations = std::iter::once(choose).chain(relations(page, false)).collect();
    MemberPage { page, form, home, id, areas, options: Options::new(page), relations }
}

fn start(page: &Page) -> Fields {
    let today = page.state().store.clock().today().to_string();
    Fields::with(&[
        ("doc_kind", "111"),
        ("residence_status", "R1"),
        ("reason", "opening"),
        ("from_on", &today),
        ("decided_on", &today),
    ])
}

fn titled(page: Page) -> Page {
    page.title("household.member_new").under("household.list_title", "/households")
}

/// `GET /households/{id}/members/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<EditRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let id = HouseholdId(path.0);
    let page = titled(page);
    let (home, before, areas) = page.run(move |store| load(store, &user, id)).await?;
    let mut fields = start(&page);
    fields.set("area", &home.row.area_code);
    if let Some(before) = before {
        fields.set("residence_status", before.residence);
        fields.set("ethnicity", &before.ethnicity);
        fields.set("carried", "1");
    }
    let form = FormView::new(&page, fields);
    page.show(|page| template(page, form, Some(home), areas))
}

/// `GET /shell/households/member`: the blank form for the device.
///
/// # Errors
/// The database failed.
pub async fn shell(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = titled(page);
    let areas = page.run(move |store| areas(store, &user)).await?;
    let form = FormView::new(&page, start(&page));
    page.show(|page| template(page, form, None, areas))
}

/// `POST /households/{id}/members/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn add(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<MemberForm>,
) -> Outcome {
    let id = HouseholdId(path.0);
    let page = titled(page);
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => save(&page, user.clone(), id, form).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(to) => page.done(&to, "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let (home, _, areas) = page.run(move |store| load(store, &user, id)).await?;
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, form, Some(home), areas))
        }
    }
}

async fn save(
    page: &Page,
    user: Allowed<EditRegistry>,
    id: HouseholdId,
    form: MemberForm,
) -> Result<String, Fault> {
    let then = if form.then_member { "/members/new" } else { "" };
    page.run_once(move |store| {
        let (joins, dates) = ((form.relation, form.from_on), MemberDates::decided(form.decided_on));
        let by = user.authorized()?;
        household::add_person(store, &by, id, &form.person, joins, form.reason, dates)
    })
    .await?;
    Ok(format!("/households/{id}{then}"))
}
