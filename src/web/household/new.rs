//! P-22: a new household, and somebody who joins one.

use askama::Template;
use chrono::NaiveDate;

use crate::domain::code_table::Relation;
use crate::domain::household::{HouseholdKind, JoinReason};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::change::{self, Proposal};
use crate::services::directory::{AreaOption, list_area_options};
use crate::services::household::{self, HouseholdInput, MemberDates, MemberInput};
use crate::services::resident;
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::pager::area_options;
use crate::web::resident::{choice, required_date};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "household/new.html")]
struct NewPage<'a> {
    page: &'a Page,
    form: FormView,
    areas: Vec<AreaOption>,
}

impl NewPage<'_> {
    fn area_options(&self) -> Vec<(&str, &str)> {
        area_options(Some(self.page.t("form.choose")), &self.areas)
    }

    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        HouseholdKind::ALL.iter().map(|k| (k.code(), self.page.either(k.zh(), k.en()))).collect()
    }

    fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        reasons(self.page)
    }
}

fn reasons(page: &Page) -> Vec<(&'static str, &'static str)> {
    JoinReason::ALL.iter().map(|r| (r.code(), page.either(r.zh(), r.en()))).collect()
}

/// A new household with its head; others join one by one.
#[derive(Debug, Clone)]
pub struct NewForm {
    kind: HouseholdKind,
    number: String,
    area: String,
    address: String,
    opened_on: NaiveDate,
    decided_on: NaiveDate,
    reason: JoinReason,
    head: String,
}

impl FromFields for NewForm {
    const FIELDS: &'static [&'static str] =
        &["kind", "household_no", "area", "address", "opened_on", "decided_on", "reason", "head"];

    fn from_fields(fields: &mut Fields) -> Option<NewForm> {
        let kind = choice(fields, "kind", HouseholdKind::from_code);
        if kind.is_none() {
            fields.refuse(Refusal::field("kind", "请选择户类型。", "Choose the kind."));
        }
        let number = fields.required("household_no", "请填写户号。", "Enter the number.");
        let area = fields.required("area", "请选择社区或网格。", "Choose a community or a grid.");
        let address = fields.required("address", "请填写地址。", "Enter the address.");
        let opened_on = required_date(fields, "opened_on");
        let decided_on = required_date(fields, "decided_on");
        let head = fields.required("head", "请填写户主的证件号。", "Enter the head's ID number.");
        Some(NewForm {
            kind: kind?,
            number: number?,
            area: area?,
            address: address?,
            opened_on: opened_on?,
            decided_on: decided_on?,
            reason: choice(fields, "reason", JoinReason::from_code).unwrap_or(JoinReason::Opening),
            head: head?,
        })
    }
}

fn areas(store: &Store, user: &Allowed<EditRegistry>) -> AppResult<Vec<AreaOption>> {
    list_area_options(store, &user.session().actor.authorize::<ViewRegistry>()?)
}

/// The resident with this number, as a field's answer.
pub(crate) fn find_person<P: crate::services::auth::Permit>(
    store: &Store,
    user: &Allowed<P>,
    field: &str,
    number: &str,
) -> AppResult<ResidentId> {
    let by = user.session().actor.authorize::<ViewRegistry>()?;
    let at_field = |error| match error {
        AppError::Refused(refusals) => AppError::Refused(
            refusals.into_iter().map(|r| Refusal::field(field, r.zh, r.en)).collect(),
        ),
        other => other,
    };
    resident::find_by_id_number(store, &by, number).map_err(at_field)?.map(|row| row.id).ok_or_else(
        || {
            AppError::refuse(Refusal::field(
                field,
                "没有该证件号的居民,请先登记该居民。",
                "Nobody with this number. Register the resident first.",
            ))
        },
    )
}

fn open(store: &Store, user: &Allowed<EditRegistry>, form: NewForm) -> AppResult<HouseholdId> {
    let head = find_person(store, user, "head", &form.head)?;
    let input = HouseholdInput {
        kind: form.kind,
        household_no: form.number,
        area_code: form.area,
        address: form.address,
        opened_on: form.opened_on,
        members: vec![MemberInput::new(head, Relation::HEAD)],
        reason: form.reason,
        dates: MemberDates::decided(form.decided_on),
    };
    household::open(store, &user.authorized()?, &input)
}

/// `GET /households/new`.
///
/// # Errors
/// The database failed.
pub async fn ask(user: Allowed<EditRegistry>, page: Page) -> Outcome {
    let page = page.title("household.new_title").under("household.list_title", "/households");
    let today = page.state().store.clock().today().to_string();
    let areas = page.run(move |store| areas(store, &user)).await?;
    let fields = Fields::with(&[
        ("kind", "residence"),
        ("reason", "opening"),
        ("opened_on", &today),
        ("decided_on", &today),
    ]);
    let form = FormView::new(&page, fields);
    page.show(|page| NewPage { page, form, areas })
}

/// `POST /households/new`.
///
/// # Errors
/// The database failed.
pub async fn create(user: Allowed<EditRegistry>, page: Page, form: Form<NewForm>) -> Outcome {
    let page = page.title("household.new_title").under("household.list_title", "/households");
    let (fields, checked) = form.checked();
    let maker = user.clone();
    let outcome = match checked {
        Ok(form) => page.run(move |store| open(store, &maker, form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(id) => page.done(&format!("/households/{id}"), "saved"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let areas = page.run(move |store| areas(store, &user)).await?;
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&NewPage { page: &page, form, areas })
        }
    }
}

#[derive(Template)]
#[template(path = "household/join.html")]
struct JoinPage<'a> {
    page: &'a Page,
    form: FormView,
    id: HouseholdId,
    known: bool,
}

impl JoinPage<'_> {
    fn relations(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let all = Relation::all().filter(|r| !r.is_head());
        std::iter::once(("", page.t("form.choose")))
            .chain(all.map(|r| (r.code(), page.either(r.zh(), r.en()))))
            .collect()
    }

    fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        reasons(self.page)
    }
}

/// Who joins, if already known.
#[derive(Debug)]
pub struct JoinQuery {
    resident: Option<i64>,
}

impl FromFields for JoinQuery {
    const FIELDS: &'static [&'static str] = &["resident"];
    fn from_fields(fields: &mut Fields) -> Option<JoinQuery> {
        Some(JoinQuery { resident: fields.value("resident").parse().ok() })
    }
}

/// Somebody joins.
#[derive(Debug, Clone)]
pub struct JoinForm {
    resident: Option<i64>,
    number: Option<String>,
    relation: Relation,
    reason: JoinReason,
    from_on: NaiveDate,
    decided_on: NaiveDate,
}

impl FromFields for JoinForm {
    const FIELDS: &'static [&'static str] =
        &["resident", "doc_no", "relation", "reason", "from_on", "decided_on"];

    fn from_fields(fields: &mut Fields) -> Option<JoinForm> {
        let resident = fields.value("resident").parse().ok();
        let number = fields.text("doc_no");
        if resident.is_none() && number.is_none() {
            fields.refuse(Refusal::field("doc_no", "请填写成员的证件号。", "Enter the ID number."));
        }
        let relation = choice(fields, "relation", Relation::parse);
        if relation.is_none() {
            fields.refuse(Refusal::field("relation", "请选择与户主关系。", "Choose the relation."));
        }
        let (from_on, decided_on) =
            (required_date(fields, "from_on"), required_date(fields, "decided_on"));
        Some(JoinForm {
            resident,
            number,
            relation: relation?,
            reason: choice(fields, "reason", JoinReason::from_code).unwrap_or(JoinReason::Other),
            from_on: from_on?,
            decided_on: decided_on?,
        })
    }
}

async fn titled(page: Page, user: &Allowed<EditRegistry>, id: HouseholdId) -> Result<Page, Fault> {
    let user = user.clone();
    page.run(move |store| {
        let by = user.session().actor.authorize::<ViewRegistry>()?;
        household::load_household(store, &by, id)
    })
    .await?;
    Ok(page.title("household.join_title").under("household.list_title", "/households"))
}

/// `GET /households/{id}/join`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_join(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    query: Query<JoinQuery>,
) -> Outcome {
    let id = HouseholdId(path.0);
    let page = titled(page, &user, id).await?;
    let today = page.state().store.clock().today().to_string();
    let mut fields =
        Fields::with(&[("from_on", &today), ("decided_on", &today), ("reason", "other")]);
    let known = query.value.resident.is_some();
    if let Some(resident) = query.value.resident {
        fields.set("resident", &resident.to_string());
    }
    let form = FormView::new(&page, fields);
    page.show(|page| JoinPage { page, form, id, known })
}

/// `POST /households/{id}/join`.
///
/// # Errors
/// 404 out of scope.
pub async fn join(
    user: Allowed<EditRegistry>,
    page: Page,
    path: Path<i64>,
    form: Form<JoinForm>,
) -> Outcome {
    let id = HouseholdId(path.0);
    let page = titled(page, &user, id).await?;
    let (fields, checked) = form.checked();
    let known = !fields.value("resident").is_empty();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let person = match (form.resident, &form.number) {
                    (Some(id), _) => ResidentId(id),
                    (None, number) => {
                        find_person(store, &user, "doc_no", number.as_deref().unwrap_or_default())?
                    }
                };
                let member = MemberInput::new(person, form.relation);
                let dates = MemberDates::decided(form.decided_on);
                let by = user.authorized()?;
                let view = user.session().actor.authorize::<ViewRegistry>()?;
                let kind = household::load_household(store, &view, id)?.0.kind;
                let (from_on, reason) = (form.from_on, form.reason);
                if kind == HouseholdKind::Assist {
                    let household = id;
                    let join = Proposal::MemberAdd { household, member, from_on, reason, dates };
                    return change::propose(store, &by, &join).map(|_| "change_proposed");
                }
                household::add_member(store, &by, id, &member, from_on, reason, dates)
                    .map(|()| "saved")
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(said) => page.done(&format!("/households/{id}"), said),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&JoinPage { page: &page, form, id, known })
        }
    }
}
