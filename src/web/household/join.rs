//! Somebody who is registered joins a household.

use askama::Template;
use chrono::NaiveDate;

use super::new::reasons;
use crate::domain::code_table::Relation;
use crate::domain::household::{HouseholdKind, JoinReason};
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query};
use crate::services::auth::{EditRegistry, ViewRegistry};
use crate::services::change::{self, Proposal};
use crate::services::household::{self, MemberDates, MemberInput};
use crate::services::resident;
use crate::store::Store;
use crate::web::form_view::redrawable;
use crate::web::resident::{choice, required_date};
use crate::web::{FormView, Page};

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
    resident::search_by_id_number(store, &by, number)
        .map_err(at_field)?
        .map(|row| row.id)
        .ok_or_else(|| {
            AppError::refuse(Refusal::field(
                field,
                "没有该证件号的居民,请先登记该居民。",
                "Nobody with this number. Register the resident first.",
            ))
        })
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
        Ok(form) => join_once(&page, user, id, form).await,
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

/// Looks the person up, which is logged by itself, and lets them join.
async fn join_once(
    page: &Page,
    user: Allowed<EditRegistry>,
    id: HouseholdId,
    form: JoinForm,
) -> Result<&'static str, Fault> {
    let (asker, number) = (user.clone(), form.number.clone());
    let person = match form.resident {
        Some(id) => ResidentId(id),
        None => {
            let number = number.unwrap_or_default();
            page.run(move |store| find_person(store, &asker, "doc_no", &number)).await?
        }
    };
    page.run_once(move |store| {
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
        household::add_member(store, &by, id, &member, from_on, reason, dates).map(|()| "saved")
    })
    .await
}
