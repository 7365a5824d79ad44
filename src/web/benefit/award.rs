//! P-41: an award's page, and the decisions about it.

use askama::Template;
use chrono::NaiveDate;

use super::application::{account_option, month};
use super::today;
use crate::domain::award::{DecisionKind, StopReason};
use crate::domain::ids::AwardId;
use crate::domain::month::Month;
use crate::domain::role::Permission;
use crate::error::{AppError, AppResult, Refusal};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path};
use crate::services::auth::{Authorized, EditAward, EditRegistry, ViewRegistry};
use crate::services::award::{self, AwardPage, StopInput, load_award_page};
use crate::services::change::{self, Proposal};
use crate::store::Store;
use crate::store::decision::DecisionRow;
use crate::web::form_view::redrawable;
use crate::web::page::money;
use crate::web::resident::{choice, required_date};
use crate::web::{FormView, Page};

/// A decision as the page draws it.
struct DecisionWords {
    kind: &'static str,
    months: String,
    decided_on: NaiveDate,
    reason: String,
    doc_no: String,
}

#[derive(Template)]
#[template(path = "benefit/award.html")]
struct ShowPage<'a> {
    page: &'a Page,
    form: FormView,
    award: &'a AwardPage,
    decisions: Vec<DecisionWords>,
    may_decide: bool,
    stop: Option<i64>,
}

impl ShowPage<'_> {
    fn reasons(&self) -> Vec<(&'static str, &'static str)> {
        let all = StopReason::ALL.iter().map(|r| (r.code(), self.page.either(r.zh(), r.en())));
        std::iter::once(("", self.page.t("form.choose"))).chain(all).collect()
    }

    fn accounts(&self) -> Vec<(String, String)> {
        self.award.accounts.iter().map(account_option).collect()
    }

    fn program(&self) -> &str {
        let label = &self.award.label;
        self.page.either(&label.zh, if label.mental { &label.zh } else { &label.en })
    }
}

/// The last stop that nobody annulled.
fn open_stop(decisions: &[DecisionRow]) -> Option<i64> {
    let annulled = |id: i64| decisions.iter().any(|d| d.annuls == Some(id));
    let last = decisions.iter().rfind(|d| {
        matches!(d.kind, DecisionKind::Stop | DecisionKind::Confirm) && !annulled(d.id)
    })?;
    (last.kind == DecisionKind::Stop).then_some(last.id)
}

fn words(page: &Page, row: &DecisionRow) -> DecisionWords {
    let amount = row.amount_fen.map(|a| format!(" {}", money(a))).unwrap_or_default();
    let reason = row.reason.as_deref().and_then(StopReason::from_code);
    DecisionWords {
        kind: page.either(row.kind.zh(), row.kind.en()),
        months: format!("{}{amount}", page.months(row.from_month, row.to_month)),
        decided_on: row.decided_on,
        reason: reason.map(|r| page.either(r.zh(), r.en()).to_owned()).unwrap_or_default(),
        doc_no: row.doc_no.clone().unwrap_or_default(),
    }
}

fn template<'a>(page: &'a Page, form: FormView, award: &'a AwardPage) -> ShowPage<'a> {
    ShowPage {
        decisions: award.file.decisions.iter().map(|row| words(page, row)).collect(),
        may_decide: page.may(Permission::EditAward),
        stop: open_stop(&award.file.decisions),
        page,
        form,
        award,
    }
}

pub(super) async fn open<P: crate::services::auth::Permit + Clone + Send + 'static>(
    user: &Allowed<P>,
    page: Page,
    id: AwardId,
) -> Result<(Page, AwardPage), Fault> {
    let (actor, rights) = (user.session().actor.clone(), user.session().extra());
    let award = page
        .run(move |store| load_award_page(store, &actor.authorize::<ViewRegistry>()?, rights, id))
        .await?;
    let back = format!("/residents/{}", award.file.award.resident_id);
    let title = page.t("benefit.award").to_owned();
    let page = page.title_text(title).under("resident.list_title", "/residents");
    Ok((page.under_text(award.name.clone(), &back), award))
}

/// `GET /awards/{id}`.
///
/// # Errors
/// 404 out of scope or restricted.
pub async fn show(user: Allowed<ViewRegistry>, page: Page, path: Path<i64>) -> Outcome {
    let (page, award) = open(&user, page, AwardId(path.0)).await?;
    let fields = Fields::with(&[("decided_on", &today(&page))]);
    let form = FormView::new(&page, fields);
    page.show(|page| template(page, form, &award))
}

/// The fields of the decisions; each form draws what it needs.
#[derive(Debug, Clone)]
pub struct DecisionForm {
    decided_on: Option<NaiveDate>,
    from_month: Option<Month>,
    stop_reason: Option<StopReason>,
    reason: String,
    doc_no: Option<String>,
    account: Option<i64>,
}

impl FromFields for DecisionForm {
    const FIELDS: &'static [&'static str] =
        &["decided_on", "from_month", "stop_reason", "reason", "doc_no", "account"];
    fn from_fields(fields: &mut Fields) -> Option<DecisionForm> {
        let decided_on = match fields.text("decided_on") {
            Some(_) => Some(required_date(fields, "decided_on")?),
            None => None,
        };
        Some(DecisionForm {
            decided_on,
            from_month: month(fields, "from_month"),
            stop_reason: choice(fields, "stop_reason", StopReason::from_code),
            reason: fields.text("reason").unwrap_or_default(),
            doc_no: fields.text("doc_no"),
            account: fields.parsed("account", "请选择账户。", "Choose the account."),
        })
    }
}

impl DecisionForm {
    fn day(&self) -> AppResult<NaiveDate> {
        self.decided_on.ok_or_else(|| missing("decided_on", "请填写日期。", "Enter the date."))
    }
}

fn missing(field: &str, zh: &str, en: &str) -> AppError {
    AppError::refuse(Refusal::field(field, zh, en))
}

type Act = fn(&Store, &Authorized<'_, EditAward>, &AwardPage, &DecisionForm) -> AppResult<()>;

async fn decide(
    user: Allowed<EditAward>,
    page: Page,
    id: AwardId,
    form: Form<DecisionForm>,
    act: Act,
) -> Outcome {
    let (page, award) = open(&user, page, id).await?;
    let (fields, checked) = form.checked();
    let (maker, seen) = (user.clone(), award.clone());
    let outcome = match checked {
        Ok(form) => page.run(move |store| act(store, &maker.authorized()?, &seen, &form)).await,
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => page.done(&format!("/awards/{id}"), "saved"),
        Err(fault) => again(page, &award, fields, fault),
    }
}

fn again(page: Page, award: &AwardPage, fields: Fields, fault: Fault) -> Outcome {
    let refusals = redrawable(fault)?;
    let page = page.with_errors();
    let form = FormView::with_errors(&page, fields, &refusals);
    page.again(&template(&page, form, award))
}

/// `POST /awards/{id}/stop`.
///
/// # Errors
/// 404 out of scope.
pub async fn stop(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<DecisionForm>,
) -> Outcome {
    decide(user, page, AwardId(path.0), form, |store, by, award, form| {
        let reason = form
            .stop_reason
            .ok_or_else(|| missing("stop_reason", "请选择停发原因。", "Choose why it stops."))?;
        let input = StopInput {
            award: award.file.award.id,
            from_month: form.from_month,
            decided_on: form.day()?,
            reason,
            doc_no: form.doc_no.clone(),
        };
        award::stop(store, by, &input).map(|_| ())
    })
    .await
}

/// `POST /awards/{id}/annul`: the last stop was wrong.
///
/// # Errors
/// 404 out of scope.
pub async fn annul(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<DecisionForm>,
) -> Outcome {
    decide(user, page, AwardId(path.0), form, |store, by, award, form| {
        let stop = open_stop(&award.file.decisions)
            .ok_or_else(|| AppError::not_found("停发决定", "stop"))?;
        award::annul_stop(store, by, stop, form.day()?, &form.reason, form.doc_no.as_deref())
            .map(|_| ())
    })
    .await
}

/// `POST /awards/{id}/account`: proposes another account.
///
/// # Errors
/// 404 out of scope.
pub async fn account(
    user: Allowed<EditAward>,
    page: Page,
    path: Path<i64>,
    form: Form<DecisionForm>,
) -> Outcome {
    let id = AwardId(path.0);
    let (page, award) = open(&user, page, id).await?;
    let (fields, checked) = form.checked();
    let version = award.file.award.version;
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                let by = user.session().actor.authorize::<EditRegistry>()?;
                let account = form
                    .account
                    .ok_or_else(|| missing("account", "请选择账户。", "Choose the account."))?;
                let reason = form.reason;
                let change = Proposal::AwardAccount { award: id, account, version, reason };
                change::propose(store, &by, &change)
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/awards/{id}"), "change_proposed"),
        Err(fault) => again(page, &award, fields, fault),
    }
}
