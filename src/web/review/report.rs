//! A reported death or departure: a second person says whether it is true.

use askama::Template;
use chrono::NaiveDate;

use crate::domain::code_table::Relation;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{RegisterEvent, ViewRegistry};
use crate::services::directory::{HomePage, PersonPage};
use crate::services::event::{
    self, DeathOutcome, DecideDeathInput, EventDone, RefuteInput, Undecided,
};
use crate::store::Store;
use crate::web::event::{HeadChoice, HeadFields, load_person, relations};
use crate::web::form_view::redrawable;
use crate::web::resident::required_date;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "review/report.html")]
struct ReportPage<'a> {
    page: &'a Page,
    form: FormView,
    report: &'a Undecided,
    person: &'a PersonPage,
    homes: Vec<HeadChoice>,
    relations: Vec<(&'static str, &'static str)>,
    is_second: bool,
}

impl ReportPage<'_> {
    fn outcomes(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let mut all = vec![("rejected", page.t("review.rejected_hint"))];
        if self.report.is_death() {
            all.insert(0, ("confirmed", page.t("review.confirmed_hint")));
        }
        all
    }

    /// Households that got another head when this one left: the relation to
    /// that head is needed if the report turns out wrong.
    fn lost(&self) -> Vec<(String, String)> {
        let ended = |m: &&crate::services::directory::Membership| {
            m.to_on == Some(self.report.event_on) && m.relation.is_some_and(Relation::is_head)
        };
        let homes = self.person.memberships.iter().filter(ended);
        homes
            .map(|m| (format!("{}:{}", m.household, self.person.row.id), m.number.clone()))
            .collect()
    }
}

/// A decision on a report.
#[derive(Debug, Clone)]
pub struct DecideForm {
    is_true: bool,
    on: NaiveDate,
    reason: String,
    heads: HeadFields,
}

impl FromFields for DecideForm {
    const FIELDS: &'static [&'static str] = &["outcome", "on", "reason", "head", "relation"];
    const MANY: &'static [&'static str] = &["head", "relation"];

    fn from_fields(fields: &mut Fields) -> Option<DecideForm> {
        let is_true = match fields.value("outcome") {
            "confirmed" => Some(true),
            "rejected" => Some(false),
            _ => None,
        };
        if is_true.is_none() {
            fields.refuse(Refusal::field("outcome", "请选择核实结果。", "Choose what was found."));
        }
        let on = required_date(fields, "on");
        let reason = fields.text("reason").unwrap_or_default();
        Some(DecideForm { is_true: is_true?, on: on?, reason, heads: HeadFields::read(fields) })
    }
}

struct Loaded {
    page: Page,
    report: Undecided,
    person: PersonPage,
    homes: Vec<HomePage>,
}

async fn load(user: &Allowed<RegisterEvent>, page: Page, id: i64) -> Result<Loaded, Fault> {
    let user = user.clone();
    let (report, person, homes) = page
        .run(move |store| {
            let by = user.session().actor.authorize::<ViewRegistry>()?;
            let report = event::load_undecided_report(store, &by, id)?;
            let (person, homes) = load_person(store, &user, report.resident)?;
            Ok((report, person, homes))
        })
        .await?;
    let kind = page.either(report.kind.zh(), report.kind.en());
    let title = format!("{kind}{}{}", page.t("layout.colon"), person.masked_name);
    let page = page.title_text(title).under("review.title", "/review");
    Ok(Loaded { page, report, person, homes })
}

fn template<'a>(
    page: &'a Page,
    user: &Allowed<RegisterEvent>,
    (report, person, homes): (&'a Undecided, &'a PersonPage, &[HomePage]),
    form: FormView,
) -> ReportPage<'a> {
    let leaving = [person.row.id];
    let homes = match report.is_death() {
        true => homes.iter().map(|home| HeadChoice::of(page, home, &leaving)).collect(),
        false => Vec::new(),
    };
    let actor = &user.session().actor;
    let is_second =
        actor.role().is_second_person() && report.reported_by.as_deref() != Some(actor.username());
    ReportPage { page, form, report, person, homes, relations: relations(page, false), is_second }
}

/// `GET /review/reports/{id}`.
///
/// # Errors
/// 404 out of scope or decided.
pub async fn ask(user: Allowed<RegisterEvent>, page: Page, path: Path<i64>) -> Outcome {
    let Loaded { page, report, person, homes } = load(&user, page, path.0).await?;
    let today = page.state().store.clock().today().to_string();
    let form = FormView::new(&page, Fields::with(&[("on", &today)]));
    page.show(|page| template(page, &user, (&report, &person, &homes), form))
}

fn apply(
    store: &Store,
    user: &Allowed<RegisterEvent>,
    (event, resident): (i64, ResidentId),
    is_death: bool,
    form: DecideForm,
) -> AppResult<EventDone> {
    let by = user.authorized()?;
    let of = |(home, person, relation): &(HouseholdId, ResidentId, Relation)| {
        (*person == resident).then_some((*home, *relation))
    };
    let relations = form.heads.relations().iter().filter_map(of).collect();
    let (on, reason) = (form.on, form.reason.clone());
    if !is_death {
        if form.is_true {
            return Err(AppError::refuse(Refusal::field(
                "outcome",
                "属实的迁出请在居民页登记迁出。",
                "Register a true departure on the resident's page.",
            )));
        }
        return event::refute(store, &by, &RefuteInput { event, on, reason, relations });
    }
    let outcome = match form.is_true {
        true => DeathOutcome::Confirmed { heads: form.heads.new_heads() },
        false => DeathOutcome::Rejected { reason, relations },
    };
    event::decide_death(store, &by, &DecideDeathInput { event, on, outcome })
}

/// `POST /review/reports/{id}`.
///
/// # Errors
/// 404 out of scope or decided; 403 for whoever reported it.
pub async fn decide(
    user: Allowed<RegisterEvent>,
    page: Page,
    path: Path<i64>,
    form: Form<DecideForm>,
) -> Outcome {
    let Loaded { page, report, person, homes } = load(&user, page, path.0).await?;
    let (fields, checked) = form.checked();
    let (maker, ids, is_death) = (user.clone(), (report.event, report.resident), report.is_death());
    let outcome = match checked {
        Ok(form) => page.run(move |store| apply(store, &maker, ids, is_death, form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done("/review", "report_decided"),
        Err(fault) => {
            let refusals = redrawable(fault)?;
            let page = page.with_errors();
            let form = FormView::with_errors(&page, fields, &refusals);
            page.again(&template(&page, &user, (&report, &person, &homes), form))
        }
    }
}
