//! An account is closed, a fact turns out never to have held.

use askama::Template;
use chrono::NaiveDate;

use super::{finish, open_person, today};
use crate::domain::ids::ResidentId;
use crate::error::AppResult;
use crate::http::{Allowed, Fields, Form, FromFields, Outcome, Path};
use crate::services::account;
use crate::services::auth::{EditAward, EditRegistry};
use crate::services::change::{self, Proposal};
use crate::store::Store;
use crate::web::resident::required_date;
use crate::web::{FormView, Page};

/// What ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Account(i64),
    Fact(i64),
}

impl End {
    const fn title(self) -> &'static str {
        match self {
            End::Account(_) => "benefit.account_close",
            End::Fact(_) => "benefit.fact_annul",
        }
    }

    /// Name of the field with the day, as the service calls it.
    const fn day(self) -> &'static str {
        match self {
            End::Account(_) => "closed_on",
            End::Fact(_) => "annulled_on",
        }
    }

    fn path(self, person: ResidentId) -> String {
        match self {
            End::Account(id) => format!("/residents/{person}/accounts/{id}/close"),
            End::Fact(id) => format!("/residents/{person}/facts/{id}/annul"),
        }
    }

    /// An account is closed at once: whatever is paid needs another account,
    /// which takes a second person. A fact makes the amount and waits for one.
    fn carry_out(
        self,
        store: &Store,
        user: &Allowed<EditAward>,
        form: EndForm,
    ) -> AppResult<&'static str> {
        let EndForm { on, reason } = form;
        match self {
            End::Account(id) => {
                account::close(store, &user.authorized()?, id, on, &reason).map(|()| "saved")
            }
            End::Fact(fact) => {
                let by = user.session().actor.authorize::<EditRegistry>()?;
                let proposal = Proposal::FactAnnul { fact, on, reason };
                change::propose(store, &by, &proposal).map(|_| "change_proposed")
            }
        }
    }
}

#[derive(Template)]
#[template(path = "benefit/end.html")]
struct EndPage<'a> {
    page: &'a Page,
    form: FormView,
    id: ResidentId,
    end: End,
}

impl EndPage<'_> {
    fn path(&self) -> String {
        self.end.path(self.id)
    }

    fn is_fact(&self) -> bool {
        matches!(self.end, End::Fact(_))
    }
}

/// When and why.
#[derive(Debug, Clone)]
pub struct EndForm {
    on: NaiveDate,
    reason: String,
}

impl FromFields for EndForm {
    const FIELDS: &'static [&'static str] = &["closed_on", "annulled_on", "reason"];
    fn from_fields(fields: &mut Fields) -> Option<EndForm> {
        // Each page has one of the two.
        let is_fact = fields.values("annulled_on").next().is_some();
        let on = required_date(fields, if is_fact { "annulled_on" } else { "closed_on" });
        let reason = fields.required("reason", "请填写原因。", "Enter the reason.");
        Some(EndForm { on: on?, reason: reason? })
    }
}

async fn ask(user: Allowed<EditAward>, page: Page, id: ResidentId, end: End) -> Outcome {
    let page = open_person(&user, page, id, end.title()).await?;
    let fields = Fields::with(&[(end.day(), &today(&page))]);
    let form = FormView::new(&page, fields);
    page.show(|page| EndPage { page, form, id, end })
}

async fn submit(
    user: Allowed<EditAward>,
    page: Page,
    id: ResidentId,
    end: End,
    form: Form<EndForm>,
) -> Outcome {
    let page = open_person(&user, page, id, end.title()).await?;
    let (fields, checked) = form.checked();
    let outcome = match checked {
        Ok(form) => page.run(move |store| end.carry_out(store, &user, form)).await,
        Err(error) => Err(error.into()),
    };
    finish(page, &format!("/residents/{id}"), fields, outcome, |page, fields, refusals| {
        let form = FormView::with_errors(page, fields, refusals);
        page.again(&EndPage { page, form, id, end })
    })
}

/// `GET /residents/{id}/accounts/{account}/close`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_account(user: Allowed<EditAward>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    ask(user, page, ResidentId(path.0.0), End::Account(path.0.1)).await
}

/// `POST /residents/{id}/accounts/{account}/close`.
///
/// # Errors
/// 404 out of scope.
pub async fn close_account(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<EndForm>,
) -> Outcome {
    submit(user, page, ResidentId(path.0.0), End::Account(path.0.1), form).await
}

/// `GET /residents/{id}/facts/{fact}/annul`.
///
/// # Errors
/// 404 out of scope.
pub async fn ask_fact(user: Allowed<EditAward>, page: Page, path: Path<(i64, i64)>) -> Outcome {
    ask(user, page, ResidentId(path.0.0), End::Fact(path.0.1)).await
}

/// `POST /residents/{id}/facts/{fact}/annul`.
///
/// # Errors
/// 404 out of scope.
pub async fn annul_fact(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<(i64, i64)>,
    form: Form<EndForm>,
) -> Outcome {
    submit(user, page, ResidentId(path.0.0), End::Fact(path.0.1), form).await
}
