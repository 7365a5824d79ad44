//! A payee account, proposed.

use askama::Template;

use super::{finish, open_person, today};
use crate::domain::account::HolderRelation;
use crate::domain::ids::ResidentId;
use crate::error::Refusal;
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::account::AccountInput;
use crate::services::auth::{EditAward, EditRegistry};
use crate::services::change::{self, Proposal};
use crate::web::resident::{choice, required_date};
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "benefit/account.html")]
struct AccountPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
}

impl AccountPage<'_> {
    fn relations(&self) -> Vec<(&'static str, &'static str)> {
        HolderRelation::ALL.iter().map(|r| (r.code(), self.page.either(r.zh(), r.en()))).collect()
    }
}

/// The account; the owner is the person of the page.
#[derive(Debug, Clone)]
pub struct AccountForm(AccountInput);

impl FromFields for AccountForm {
    const FIELDS: &'static [&'static str] = &[
        "relation",
        "holder_name",
        "holder_doc",
        "bank_name",
        "bank_cnaps",
        "account_no",
        "opened_on",
        "agreement_no",
    ];

    fn from_fields(fields: &mut Fields) -> Option<AccountForm> {
        let relation = choice(fields, "relation", HolderRelation::from_code);
        if relation.is_none() {
            let (zh, en) = ("请选择户名与领取人的关系。", "Choose whose account it is.");
            fields.refuse(Refusal::field("relation", zh, en));
        }
        let bank_name = fields.required("bank_name", "请填写开户银行。", "Enter the bank.");
        let account_no = fields.required("account_no", "请填写账号。", "Enter the account number.");
        let opened_on = required_date(fields, "opened_on");
        Some(AccountForm(AccountInput {
            owner: ResidentId(0),
            holder_name: fields.text("holder_name"),
            holder_doc: fields.text("holder_doc"),
            relation: relation?,
            bank_name: bank_name?,
            bank_cnaps: fields.text("bank_cnaps"),
            account_no: account_no?,
            opened_on: opened_on?,
            agreement_no: fields.text("agreement_no"),
        }))
    }
}

/// `GET /residents/{id}/accounts/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask(user: Allowed<EditAward>, page: Page, path: Path<i64>) -> Outcome {
    let id = ResidentId(path.0);
    let page = open_person(&user, page, id, "benefit.account_new").await?;
    let fields = Fields::with(&[("relation", "self"), ("opened_on", &today(&page))]);
    let form = FormView::new(&page, fields);
    page.show(|page| AccountPage { page, form, id })
}

/// `POST /residents/{id}/accounts/new`.
///
/// # Errors
/// 404 out of scope.
pub async fn submit(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<AccountForm>,
) -> Outcome {
    let id = ResidentId(path.0);
    let page = open_person(&user, page, id, "benefit.account_new").await?;
    let (mut fields, checked) = form.checked();
    let outcome = match checked {
        Ok(AccountForm(input)) => {
            page.run(move |store| {
                let by = user.session().actor.authorize::<EditRegistry>()?;
                let input = AccountInput { owner: id, ..input };
                change::propose(store, &by, &Proposal::Account(input)).map(|_| "change_proposed")
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    // Numbers are typed again rather than kept on a page.
    fields.forget(&["holder_doc"]);
    finish(page, &format!("/residents/{id}"), fields, outcome, |page, fields, refusals| {
        let form = FormView::with_errors(page, fields, refusals);
        page.again(&AccountPage { page, form, id })
    })
}
