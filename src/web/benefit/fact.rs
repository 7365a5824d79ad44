//! Income and the other facts that the rules read, proposed.

use askama::Template;

use super::{finish, open_person, today};
use crate::domain::fact::{FactDates, FactKind};
use crate::domain::ids::ResidentId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::error::{AppError, Refusal};
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditAward, EditRegistry};
use crate::services::change::{self, Proposal};
use crate::services::fact::FactInput;
use crate::web::resident::{choice, date, required_date};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "benefit/fact.html")]
struct FactPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
}

impl FactPage<'_> {
    /// Kinds that the account may enter: the restricted ones need their right.
    fn kinds(&self) -> Vec<(&'static str, &'static str)> {
        let page = self.page;
        let rights = page.rights();
        let seen = FactKind::ALL.iter().filter(|kind| may_enter(**kind, rights));
        seen.map(|kind| (kind.code(), page.either(kind.zh(), kind.en()))).collect()
    }
}

fn may_enter(kind: FactKind, rights: Rights) -> bool {
    match kind {
        FactKind::ChildClass => rights.child,
        FactKind::MentalRegister | FactKind::Appraisal | FactKind::Incident => rights.mental,
        _ => true,
    }
}

/// An amount in yuan that may be left out.
pub(super) fn yuan(fields: &mut Fields, name: &str) -> Option<Fen> {
    let text = fields.text(name)?;
    match Fen::parse_yuan(&text) {
        Ok(amount) => Some(amount),
        Err(_) => {
            let (zh, en) = ("金额应为元,最多两位小数,如 1200.50。", "Enter yuan, like 1200.50.");
            fields.refuse(Refusal::field(name, zh, en));
            None
        }
    }
}

/// The fact; it is about the person of the page.
#[derive(Debug, Clone)]
pub struct FactForm(FactInput);

impl FromFields for FactForm {
    const FIELDS: &'static [&'static str] = &[
        "kind",
        "code",
        "amount",
        "detail",
        "event_on",
        "reported_on",
        "decided_on",
        "named_from",
        "to_month",
        "doc_no",
    ];

    fn from_fields(fields: &mut Fields) -> Option<FactForm> {
        let kind = choice(fields, "kind", FactKind::from_code);
        if kind.is_none() {
            fields.refuse(Refusal::field("kind", "请选择情况类型。", "Choose the kind."));
        }
        let amount = yuan(fields, "amount");
        let (zh, en) = ("月份应写作 2023-11。", "Write the month as 2023-11.");
        let named_from: Option<Month> = fields.parsed("named_from", zh, en);
        let to_month: Option<Month> = fields.parsed("to_month", zh, en);
        let (event_on, reported_on) = (date(fields, "event_on"), date(fields, "reported_on"));
        let decided_on = required_date(fields, "decided_on");
        Some(FactForm(FactInput {
            resident: ResidentId(0),
            kind: kind?,
            code: fields.text("code"),
            amount,
            detail: fields.text("detail"),
            dates: FactDates { event_on, reported_on, decided_on: Some(decided_on?), named_from },
            to_month,
            doc_no: fields.text("doc_no"),
        }))
    }
}

/// `GET /residents/{id}/facts/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let page = open_person(&user, page, id, "benefit.fact_new").await?;
    let day = today(&page);
    let fields = Fields::with(&[("kind", "income"), ("reported_on", &day), ("decided_on", &day)]);
    let form = FormView::new(&page, fields);
    page.show(|page| FactPage { page, form, id })
}

/// `POST /residents/{id}/facts/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn submit(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<FactForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let page = open_person(&user, page, id, "benefit.fact_new").await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(FactForm(input)) => {
            page.run(move |store| {
                if !may_enter(input.kind, user.session().extra()) {
                    let (zh, en) = ("请选择情况类型。", "Choose the kind.");
                    return Err(AppError::refuse(Refusal::field("kind", zh, en)));
                }
                let by = user.session().actor.authorize::<EditRegistry>()?;
                let input = FactInput { resident: id, ..input };
                change::propose(store, &by, &Proposal::Fact(input)).map(|_| "change_proposed")
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    finish(page, &format!("/residents/{id}"), fields, outcome, |page, fields, refusals| {
        let form = FormView::with_errors(page, fields, refusals);
        page.again(&FactPage { page, form, id })
    })
}
