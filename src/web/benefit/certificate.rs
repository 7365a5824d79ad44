//! Disability certificates: issued, renewed, cancelled; each proposed.

use askama::Template;

use super::{finish, open_person, today};
use crate::domain::certificate::{Category, CertificateDetail, Grade, Part};
use crate::domain::ids::ResidentId;
use crate::error::Refusal;
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditAward, EditRegistry};
use crate::services::certificate::{CertificateInput, Issue};
use crate::services::change::{self, Proposal};
use crate::web::resident::{choice, date, required_date};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "benefit/certificate.html")]
struct CertificatePage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
}

impl CertificatePage<'_> {
    fn categories(&self) -> Vec<(&'static str, &'static str)> {
        let all = Category::ALL.iter().map(|c| (c.code(), self.page.either(c.zh(), c.en())));
        std::iter::once(("", self.page.t("form.choose"))).chain(all).collect()
    }

    fn grades(&self) -> Vec<(&'static str, &'static str)> {
        let all = Grade::ALL.iter().map(|g| (g.code(), self.page.either(g.zh(), g.en())));
        std::iter::once(("", self.page.t("form.choose"))).chain(all).collect()
    }

    /// `1:2` for sight, grade 2.
    fn parts(&self) -> Vec<(String, String)> {
        let single = Category::ALL.iter().filter(|c| **c != Category::Multiple);
        single
            .flat_map(|c| Grade::ALL.iter().map(move |g| (*c, *g)))
            .map(|(c, g)| {
                let words = [self.page.either(c.zh(), c.en()), self.page.either(g.zh(), g.en())];
                (format!("{}:{}", c.code(), g.code()), words.join(" "))
            })
            .collect()
    }

    fn issues(&self) -> Vec<(&'static str, &'static str)> {
        ["first", "renewal", "late_renewal", "existing"]
            .into_iter()
            .map(|issue| (issue, self.page.t(&format!("benefit.issue.{issue}"))))
            .collect()
    }
}

fn issue(text: &str) -> Option<Issue> {
    match text {
        "first" => Some(Issue::First),
        "existing" => Some(Issue::Existing),
        "renewal" => Some(Issue::Renewal { official_delay: false }),
        "late_renewal" => Some(Issue::Renewal { official_delay: true }),
        _ => None,
    }
}

fn part(text: &str) -> Option<Part> {
    let (category, grade) = text.split_once(':')?;
    Some(Part { category: Category::from_code(category)?, grade: Grade::from_code(grade)? })
}

/// The certificate; its owner is the person of the page.
#[derive(Debug, Clone)]
pub struct CertificateForm(CertificateInput);

impl FromFields for CertificateForm {
    const FIELDS: &'static [&'static str] =
        &["issue", "number", "category", "grade", "part", "issued_on", "valid_to", "known_on"];
    const MANY: &'static [&'static str] = &["part"];

    fn from_fields(fields: &mut Fields) -> Option<CertificateForm> {
        let number = fields.required("number", "请填写证号。", "Enter the number.");
        let issue = choice(fields, "issue", issue);
        let category = choice(fields, "category", Category::from_code);
        let grade = choice(fields, "grade", Grade::from_code);
        for (name, missing, zh, en) in [
            ("issue", issue.is_none(), "请选择办理类型。", "Choose what was issued."),
            ("category", category.is_none(), "请选择残疾类别。", "Choose the category."),
            ("grade", grade.is_none(), "请选择残疾等级。", "Choose the grade."),
        ] {
            if missing {
                fields.refuse(Refusal::field(name, zh, en));
            }
        }
        let issued_on = required_date(fields, "issued_on");
        let valid_to = date(fields, "valid_to");
        let known_on = required_date(fields, "known_on");
        let parts = fields.values("part").filter_map(part).collect();
        Some(CertificateForm(CertificateInput {
            resident: ResidentId(0),
            number: number?,
            detail: CertificateDetail { category: category?, grade: grade?, parts },
            issued_on: issued_on?,
            valid_to,
            known_on: known_on?,
            issue: issue?,
        }))
    }
}

/// `GET /residents/{id}/certificates/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let page = open_person(&user, page, id, "benefit.certificate_new").await?;
    let fields = Fields::with(&[("issue", "first"), ("known_on", &today(&page))]);
    let form = FormView::new(&page, fields);
    page.show(|page| CertificatePage { page, form, id })
}

/// `POST /residents/{id}/certificates/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn submit(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<CertificateForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let page = open_person(&user, page, id, "benefit.certificate_new").await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(CertificateForm(input)) => {
            page.run(move |store| {
                let by = user.session().actor.authorize::<EditRegistry>()?;
                let input = CertificateInput { resident: id, ..input };
                let made = change::propose(store, &by, &Proposal::Certificate(input));
                made.map(|_| "change_proposed")
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    finish(page, &format!("/residents/{id}"), fields, outcome, |page, fields, refusals| {
        let form = FormView::with_errors(page, fields, refusals);
        page.again(&CertificatePage { page, form, id })
    })
}

#[derive(Template)]
#[template(path = "benefit/certificate_cancel.html")]
struct CancelPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
    certificate: i64,
}

/// When and why it ends.
#[derive(Debug, Clone)]
pub struct CancelForm {
    cancelled_on: chrono::NaiveDate,
    known_on: chrono::NaiveDate,
    reason: String,
}

impl FromFields for CancelForm {
    const FIELDS: &'static [&'static str] = &["cancelled_on", "known_on", "reason"];
    fn from_fields(fields: &mut Fields) -> Option<CancelForm> {
        let cancelled_on = required_date(fields, "cancelled_on");
        let known_on = required_date(fields, "known_on");
        let reason = fields.required("reason", "请填写原因。", "Enter the reason.");
        Some(CancelForm { cancelled_on: cancelled_on?, known_on: known_on?, reason: reason? })
    }
}

/// `GET /residents/{id}/certificates/{certificate}/cancel`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_cancel(user: Allowed<EditAward>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    let (id, certificate) = (ResidentId(path.0.0), path.0.1);
    let page = open_person(&user, page, id, "benefit.certificate_cancel").await?;
    let day = today(&page);
    let fields = Fields::with(&[("cancelled_on", &day), ("known_on", &day)]);
    let form = FormView::new(&page, fields);
    page.show(|page| CancelPage { page, form, id, certificate })
}

/// `POST /residents/{id}/certificates/{certificate}/cancel`.
///
/// # Errors
/// 404 out of scope.
pub async fn cancel(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<CancelForm>,
) -> Outcome {
    let (id, certificate) = (ResidentId(path.0.0), path.0.1);
    let page = open_person(&user, page, id, "benefit.certificate_cancel").await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(CancelForm { cancelled_on, known_on, reason }) => {
            page.run(move |store| {
                let by = user.session().actor.authorize::<EditRegistry>()?;
                let ends =
                    Proposal::CertificateCancel { certificate, cancelled_on, known_on, reason };
                change::propose(store, &by, &ends).map(|_| "change_proposed")
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    finish(page, &format!("/residents/{id}"), fields, outcome, |page, fields, refusals| {
        let form = FormView::with_errors(page, fields, refusals);
        page.again(&CancelPage { page, form, id, certificate })
    })
}
