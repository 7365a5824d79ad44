//! An application that was decided: a new award at a person's page.

use askama::Template;

use super::fact::yuan;
use super::{finish, open_person, today};
use crate::domain::award::ReviewClass;
use crate::domain::ids::ResidentId;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::error::{AppError, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{EditAward, ViewRegistry};
use crate::services::award::{self, Application, AwardOptions, apply, award_options};
use crate::web::resident::{choice, required_date};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "benefit/award_new.html")]
struct NewPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
    options: &'a AwardOptions,
}

impl NewPage<'_> {
    fn programs(&self) -> Vec<(&str, &str)> {
        let all = self.options.programs.iter().map(|label| {
            // What names a disease stays neutral in both languages (SEC-199).
            let en = if label.mental { &label.zh } else { &label.en };
            (label.code.as_str(), self.page.either(&label.zh, en))
        });
        std::iter::once(("", self.page.t("form.choose"))).chain(all).collect()
    }

    fn accounts(&self) -> Vec<(String, String)> {
        let none = (String::new(), self.page.t("benefit.no_account").to_owned());
        let all = self.options.accounts.iter().map(account_option);
        std::iter::once(none).chain(all).collect()
    }

    fn reviews(&self) -> Vec<(&'static str, &'static str)> {
        let all = ReviewClass::ALL.iter().map(|r| (r.code(), self.page.either(r.zh(), r.en())));
        std::iter::once(("", self.page.t("form.not_stated"))).chain(all).collect()
    }
}

pub(super) fn account_option(account: &award::AccountLine) -> (String, String) {
    (account.id.to_string(), format!("{} {} {}", account.holder, account.bank, account.number))
}

/// The application; it is the person's of the page.
#[derive(Debug, Clone)]
pub struct ApplicationForm(Application);

impl FromFields for ApplicationForm {
    const FIELDS: &'static [&'static str] = &[
        "program",
        "single",
        "applied_on",
        "decided_on",
        "from_month",
        "amount",
        "doc_no",
        "cert_no",
        "account_id",
        "review_class",
        "near_relative",
    ];

    fn from_fields(fields: &mut Fields) -> Option<ApplicationForm> {
        let program = fields.required("program", "请选择项目。", "Choose the program.");
        let applied_on = required_date(fields, "applied_on");
        let decided_on = required_date(fields, "decided_on");
        let from_month = month(fields, "from_month");
        let amount: Option<Fen> = yuan(fields, "amount");
        Some(ApplicationForm(Application {
            person: ResidentId(0),
            program: program?,
            single: fields.has("single", "1"),
            applied_on: applied_on?,
            decided_on: decided_on?,
            from_month,
            amount,
            doc_no: fields.text("doc_no"),
            cert_no: fields.text("cert_no"),
            account_id: fields.parsed("account_id", "请选择账户。", "Choose the account."),
            review_class: choice(fields, "review_class", ReviewClass::from_code),
            near_relative: fields.has("near_relative", "1"),
        }))
    }
}

pub(super) fn month(fields: &mut Fields, name: &str) -> Option<Month> {
    fields.parsed(name, "月份应写作 2023-11。", "Write the month as 2023-11.")
}

async fn open_new(
    user: &Allowed<EditAward>,
    page: Page,
    id: ResidentId,
) -> Result<(Page, AwardOptions), Fault> {
    let page = open_person(user, page, id, "benefit.award_new").await?;
    let (actor, rights) = (user.session().actor.clone(), user.session().extra());
    let options = page
        .run(move |store| award_options(store, &actor.authorize::<ViewRegistry>()?, rights, id))
        .await?;
    Ok((page, options))
}

/// `GET /residents/{id}/awards/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_new(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let (page, options) = open_new(&user, page, id).await?;
    let day = today(&page);
    let form = FormView::new(&page, Fields::with(&[("applied_on", &day), ("decided_on", &day)]));
    page.show(|page| NewPage { page, form, id, options: &options })
}

/// `POST /residents/{id}/awards/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn create(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<ApplicationForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let (page, options) = open_new(&user, page, id).await?;
    let (fields, checked) = form.checked();
    let offered = options.programs.iter().map(|label| label.code.clone()).collect::<Vec<_>>();
    let outcome = match checked {
        // What is not offered (a restricted program) does not exist.
        Ok(ApplicationForm(wanted)) if offered.contains(&wanted.program) => page
            .run(move |store| {
                let view = user.session().actor.authorize::<ViewRegistry>()?;
                let wanted = Application { person: id, ..wanted };
                apply(store, &user.authorized()?, &view, &wanted)
            })
            .await
            .map(|made| made.award),
        Ok(_) => {
            let (zh, en) = ("请选择项目。", "Choose the program.");
            Err(AppError::refuse(Refusal::field("program", zh, en)).into())
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(award) => page.done(&format!("/awards/{award}"), "award_confirmed"),
        Err(fault) => finish(page, "", fields, Err(fault), |page, fields, refusals| {
            let form = FormView::with_errors(page, fields, refusals);
            page.again(&NewPage { page, form, id, options: &options })
        }),
    }
}
