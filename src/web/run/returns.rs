//! P-48 by hand: which payments of a run came back, and why.

use askama::Template;
use chrono::NaiveDate;

use super::lines::LineWords;
use super::words::RunWords;
use crate::domain::ids::{LineId, RunId};
use crate::domain::payout::{ReturnReason, RunState};
use crate::domain::role::Permission as P;
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, Query};
use crate::services::auth::{MakeRun, ReadReport};
use crate::services::payout::{self, LineFilterInput, LineList, ReturnedLine};
use crate::store::line_page::From;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "run/returns.html")]
struct ReturnsPage<'a> {
    page: &'a Page,
    id: i64,
    run: RunWords,
    returned: Vec<ReturnedWords>,
    form: FormView,
    name: String,
    found: Vec<LineWords>,
    reasons: Vec<(&'static str, String)>,
    can_record: bool,
    closed: bool,
    searched: bool,
}

struct ReturnedWords {
    line: i64,
    name: String,
    amount: String,
    on: String,
    reason: String,
    state: &'static str,
}

/// Whose line is looked for.
#[derive(Debug)]
pub struct NameQuery {
    name: Option<String>,
}

impl FromFields for NameQuery {
    const FIELDS: &'static [&'static str] = &["name"];
    fn from_fields(fields: &mut Fields) -> Option<NameQuery> {
        Some(NameQuery { name: fields.text("name") })
    }
}

/// The form.
#[derive(Debug)]
pub struct ReturnForm {
    returned: ReturnedLine,
}

impl FromFields for ReturnForm {
    const FIELDS: &'static [&'static str] = &["line", "reason", "returned_on"];
    fn from_fields(fields: &mut Fields) -> Option<ReturnForm> {
        let line: Option<i64> =
            fields.parsed("line", "请选择退票的明细。", "Choose the line that came back.");
        if line.is_none() && fields.errors().is_empty() {
            fields.required("line", "请选择退票的明细。", "Choose the line that came back.");
        }
        let reason = fields.required("reason", "请选择退票原因。", "Choose the reason.");
        let on =
            fields.required("returned_on", "请填写退票日期。", "Enter the date of the return.");
        let on: Option<NaiveDate> = on.and_then(|_| {
            fields.parsed("returned_on", "日期应写作 2026-10-05。", "Write the date as 2026-10-05.")
        });
        let reason = ReturnReason::from_code(&reason?)?;
        Some(ReturnForm {
            returned: ReturnedLine { line: LineId(line?), reason, returned_on: on? },
        })
    }
}

/// `GET /runs/{id}/returns`.
///
/// # Errors
/// 404.
pub async fn show(
    user: Allowed<ReadReport>,
    page: Page,
    path: Path<i64>,
    query: Query<NameQuery>,
) -> Outcome {
    let id = path.0;
    let by = user.clone();
    let loaded = load(&page, id, query.value.name, move || by.session().actor.clone()).await?;
    let today = page.state().store.clock().today().to_string();
    let page = titled(page, &loaded.0);
    let form = FormView::new(&page, Fields::with(&[("returned_on", &today), ("reason", "F01")]));
    page.show(|page| template(page, id, &loaded, form))
}

type Loaded = (LineList, Vec<payout::ReturnedPayment>, Option<String>);

async fn load(
    page: &Page,
    id: i64,
    name: Option<String>,
    actor: impl FnOnce() -> crate::services::Actor,
) -> Result<Loaded, Fault> {
    let actor = actor();
    let filter = LineFilterInput { name: name.clone(), ..LineFilterInput::default() };
    let size = if name.is_some() { 20 } else { 1 };
    let (list, returned) = page
        .run(move |store| {
            let by = actor.authorize()?;
            let returned = payout::list_returned(store, &by, RunId(id))?;
            let list =
                payout::list_lines_filtered(store, &by, RunId(id), &filter, From::Start, size)?;
            Ok((list, returned))
        })
        .await?;
    if list.label.mental && !page.has_right("mental") {
        return Err(Fault::forbidden());
    }
    Ok((list, returned, name))
}

fn titled(page: Page, list: &LineList) -> Page {
    let run = RunWords::new(&page, &list.label, &list.run);
    let board = format!("/runs?month={}", list.run.month);
    page.title("returns.title").under("run.board_title", &board).under_text(run.title(), &run.href)
}

fn template<'a>(page: &'a Page, id: i64, loaded: &Loaded, form: FormView) -> ReturnsPage<'a> {
    let (list, returned, name) = loaded;
    let payable = |item: &&payout::LineItem| item.line.kind.is_paid() && !item.returned;
    ReturnsPage {
        page,
        id,
        run: RunWords::new(page, &list.label, &list.run),
        returned: returned
            .iter()
            .map(|item| ReturnedWords {
                line: item.line.0,
                name: item.name.clone(),
                amount: crate::web::page::money(item.amount),
                on: item.returned_on.map(|on| on.to_string()).unwrap_or_default(),
                reason: item
                    .reason
                    .map(|r| format!("{} {}", r.code(), page.either(r.zh(), r.en())))
                    .unwrap_or_default(),
                state: if item.reissued {
                    page.t("returns.reissued")
                } else {
                    page.t("returns.waiting")
                },
            })
            .collect(),
        found: match name {
            Some(_) => list.items.iter().filter(payable).map(|i| LineWords::new(page, i)).collect(),
            None => Vec::new(),
        },
        closed: list.run.state == RunState::Closed,
        searched: name.is_some(),
        name: name.clone().unwrap_or_default(),
        reasons: ReturnReason::ALL
            .iter()
            .map(|r| (r.code(), format!("{} {}", r.code(), page.either(r.zh(), r.en()))))
            .collect(),
        can_record: page.may(P::MakeRun)
            && matches!(list.run.state, RunState::Paid | RunState::Closed),
        form,
    }
}

/// `POST /runs/{id}/returns`: one line that came back.
///
/// # Errors
/// 404; 409 if the run is not paid or the line came back already.
pub async fn record(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    form: Form<ReturnForm>,
) -> Outcome {
    let id = path.0;
    let (fields, checked) = form.checked();
    let by = user.clone();
    let outcome = match checked {
        Ok(form) => {
            page.run(move |store| {
                payout::record_returns(store, &by.authorized()?, RunId(id), &[form.returned])
            })
            .await
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(_) => page.done(&format!("/runs/{id}/returns"), "return_recorded"),
        Err(fault) if fault.status.as_u16() == 422 => {
            let loaded = load(&page, id, None, move || user.session().actor.clone()).await?;
            let page = titled(page, &loaded.0).with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            page.again(&template(&page, id, &loaded, form))
        }
        Err(fault) => Err(fault),
    }
}
