//! One line, step by step down to the clause of the policy and to what was
//! entered by whom; and holding it back.

use askama::Template;

use super::clause::clause_words;
use super::show::kind_word;
use super::words::RunWords;
use crate::domain::ids::{LineId, RunId};
use crate::domain::month::Month;
use crate::domain::payout::{LineReason, ReturnReason, RunState};
use crate::domain::role::Permission as P;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::http::{Allowed, Fault, Fields, Form, FromFields, Outcome, Path, fault};
use crate::jobs::draft::DraftRuns;
use crate::services::access::Session;
use crate::services::auth::{Actor, MakeRun, ReadReport};
use crate::services::payout::{self, LineView};
use crate::services::{award, job};
use crate::store::Store;
use crate::store::line::LineRow;
use crate::web::page::money;
use crate::web::{FormView, Page};

#[derive(Template)]
#[template(path = "run/line.html")]
struct LinePage<'a> {
    page: &'a Page,
    run: RunWords,
    line: LineFacts,
    steps: Vec<StepWords>,
    steps_hidden: bool,
    sources: Vec<SourceWords>,
    holds: Vec<HoldWords>,
    attempts: Vec<(String, String, String)>,
    form: FormView,
    can_hold: bool,
}

struct LineFacts {
    id: i64,
    number: String,
    account: String,
    month: String,
    kind: &'static str,
    reason: &'static str,
    amount: String,
    policy: String,
    known_on: String,
    due: String,
    settled: String,
    computed: bool,
}

struct StepWords {
    text: String,
    clause: String,
    amount: String,
}

struct SourceWords {
    what: &'static str,
    about: String,
    amount: String,
    from: String,
    known_on: String,
    doc_no: String,
    by: String,
}

struct HoldWords {
    id: i64,
    from: String,
    placed: String,
    reason: String,
    released: String,
    open: bool,
}

/// `GET /lines/{id}`.
///
/// # Errors
/// 404; 403 for a mental-health award without the right; the amount does not
/// come out.
pub async fn show(user: Allowed<ReadReport>, page: Page, path: Path<i64>) -> Outcome {
    let view = load(&user, &page, path.0).await?;
    let page = titled(page, &view);
    draw(&page, &view, FormView::new(&page, Fields::default()))
}

async fn load(user: &Allowed<ReadReport>, page: &Page, id: i64) -> Result<LineView, Fault> {
    let (user, child, mental) = (user.clone(), page.has_right("child"), page.has_right("mental"));
    let view = page
        .run(move |store| {
            payout::view_line(store, &user.authorized()?, LineId(id), child && mental)
        })
        .await?;
    if view.label.mental && !mental {
        return Err(Fault::forbidden());
    }
    Ok(view)
}

fn titled(page: Page, view: &LineView) -> Page {
    let run = RunWords::new(&page, &view.label, &view.run);
    let board = format!("/runs?month={}", view.run.month);
    let name = view.behind.name.clone();
    let title = if name.is_empty() { page.t("run.line").to_owned() } else { name };
    page.title_text(title)
        .under("run.board_title", &board)
        .under_text(run.title(), &run.href)
        .under("run.lines", &format!("{}/lines", run.href))
}

fn draw(page: &Page, view: &LineView, form: FormView) -> Outcome {
    let steps_hidden = view.label.child && !page.has_right("child");
    let has_errors = !form.errors().is_empty();
    let template = LinePage {
        run: RunWords::new(page, &view.label, &view.run),
        line: facts(page, view),
        steps: if steps_hidden { Vec::new() } else { steps(page, view) },
        steps_hidden,
        sources: sources(page, view),
        holds: holds(page, view),
        attempts: attempts(page, view),
        form,
        can_hold: page.may(P::MakeRun) && view.run.state == RunState::Draft,
        page,
    };
    if has_errors { page.again(&template) } else { page.show(|_| template) }
}

fn facts(page: &Page, view: &LineView) -> LineFacts {
    let explained = &view.explanation;
    let line = &explained.line;
    let reason = line.reason.as_deref().and_then(LineReason::from_code);
    LineFacts {
        id: line.id.0,
        number: view.behind.number.clone(),
        account: view.behind.account.clone(),
        month: page.month(line.month),
        kind: kind_word(page, line.kind),
        reason: reason.map(|r| page.either(r.zh(), r.en())).unwrap_or_default(),
        amount: money(line.amount_fen),
        policy: explained.policy.clone().unwrap_or_default(),
        known_on: explained.known_on.map(|on| on.to_string()).unwrap_or_default(),
        due: explained.due.map(money).unwrap_or_default(),
        settled: money(explained.settled),
        computed: explained.due.is_some(),
    }
}

fn steps(page: &Page, view: &LineView) -> Vec<StepWords> {
    let mut found: Vec<StepWords> = view
        .explanation
        .steps
        .iter()
        .map(|step| StepWords {
            text: page.either(&step.zh, &step.en).to_owned(),
            clause: clause_words(page, &step.clause),
            amount: step.amount.map(money).unwrap_or_default(),
        })
        .collect();
    for part in &view.explanation.recovery {
        let text =
            page.fill2("run.recovery_step", "owed", money(part.balance), "cap", part.cap_percent);
        found.push(StepWords { text, clause: String::new(), amount: money(part.part) });
    }
    found
}

fn sources(page: &Page, view: &LineView) -> Vec<SourceWords> {
    view.sources
        .iter()
        .map(|source| SourceWords {
            what: page.either(source.zh, source.en),
            about: source.about.clone(),
            amount: source.amount.map(money).unwrap_or_default(),
            from: page.month(source.from_month),
            known_on: source.known_on.to_string(),
            doc_no: source.doc_no.clone(),
            by: match source.entered_by.as_str() {
                "" => page.t("run.by_import").to_owned(),
                name => name.to_owned(),
            },
        })
        .collect()
}

fn holds(page: &Page, view: &LineView) -> Vec<HoldWords> {
    view.holds
        .iter()
        .map(|hold| HoldWords {
            id: hold.id,
            from: page.month(hold.from_month),
            placed: format!("{} {}", hold.placed_on, hold.placed_by),
            reason: hold.reason.clone(),
            released: match (&hold.released_on, &hold.released_by) {
                (Some(on), Some(by)) => format!("{on} {by}"),
                _ => String::new(),
            },
            open: hold.released_on.is_none(),
        })
        .collect()
}

fn attempts(page: &Page, view: &LineView) -> Vec<(String, String, String)> {
    view.attempts
        .iter()
        .map(|attempt| {
            let reason = attempt.reason_code.as_deref().and_then(ReturnReason::from_code);
            (
                page.either(attempt.state.zh(), attempt.state.en()).to_owned(),
                attempt.returned_on.map(|on| on.to_string()).unwrap_or_default(),
                reason.map(|r| page.either(r.zh(), r.en()).to_owned()).unwrap_or_default(),
            )
        })
        .collect()
}

/// A form with a reason.
#[derive(Debug)]
pub struct HoldForm {
    reason: String,
    hold: Option<i64>,
}

impl FromFields for HoldForm {
    const FIELDS: &'static [&'static str] = &["reason", "hold"];
    fn from_fields(fields: &mut Fields) -> Option<HoldForm> {
        let reason = fields.required("reason", "请填写原因。", "Enter the reason.");
        let hold = fields.parsed("hold", "没有这条暂缓。", "There is no such hold.");
        Some(HoldForm { reason: reason?, hold })
    }
}

/// `POST /lines/{id}/hold`: takes the line out of the draft: its award is held
/// from the line's month on, and the run is drafted again.
///
/// # Errors
/// 404; 409 if the run is no draft.
pub async fn hold(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    form: Form<HoldForm>,
) -> Outcome {
    change(user, page, path.0, form, |store, actor, line, form| {
        let today = store.clock().today();
        let by = actor.authorize()?;
        award::place_hold(store, &by, line.award_id, line.month, today, &form.reason)?;
        Ok(())
    })
    .await
}

/// `POST /lines/{id}/release`: ends a hold; the next draft pays what was held.
///
/// # Errors
/// 404; 409 if it has ended.
pub async fn release(
    user: Allowed<MakeRun>,
    page: Page,
    path: Path<i64>,
    form: Form<HoldForm>,
) -> Outcome {
    change(user, page, path.0, form, |store, actor, _, form| {
        let hold = form.hold.ok_or_else(|| AppError::not_found("暂缓", "hold"))?;
        let today = store.clock().today();
        award::release_hold(store, &actor.authorize()?, hold, today, &form.reason)
    })
    .await
}

/// Changes a hold of the line's award while the run is a draft, and drafts the
/// run again.
async fn change(
    user: Allowed<MakeRun>,
    page: Page,
    id: i64,
    form: Form<HoldForm>,
    change: fn(&Store, &Actor, &LineRow, &HoldForm) -> AppResult<()>,
) -> Outcome {
    let (fields, checked) = form.checked();
    let (reader, session) = (user.clone(), user);
    let done = match checked {
        Err(error) => Err(error.into()),
        Ok(form) => {
            page.run(move |store| {
                let line = payout::find_run_line(store, &session.authorized()?, LineId(id))?;
                check_draft(store, session.session(), line.run_id)?;
                change(store, &session.session().actor, &line, &form)?;
                redraft(store, session.session(), line.run_id)
            })
            .await
        }
    };
    finish(&reader, page, id, fields, done).await
}

/// To the job that drafts again; back to the form if something has to be mended.
async fn finish(
    user: &Allowed<MakeRun>,
    page: Page,
    id: i64,
    fields: Fields,
    done: Result<i64, Fault>,
) -> Outcome {
    match done {
        Ok(job) => {
            page.state().jobs.wake();
            Ok(fault::see_other(&format!("/jobs/{job}")))
        }
        Err(fault) if !fault.field_errors().is_empty() => {
            let reader = user.clone();
            let rights = page.has_right("child") && page.has_right("mental");
            let view = page
                .run(move |store| {
                    let by = reader.session().actor.authorize()?;
                    payout::view_line(store, &by, LineId(id), rights)
                })
                .await?;
            if view.label.mental && !page.has_right("mental") {
                return Err(Fault::forbidden());
            }
            let page = titled(page, &view).with_errors();
            let form = FormView::with_errors(&page, fields, &fault.refusals);
            draw(&page, &view, form)
        }
        Err(fault) => Err(fault),
    }
}

/// What is submitted or more is not changed under its approver's eyes.
fn check_draft(store: &Store, session: &Session, run: RunId) -> AppResult<(String, Month)> {
    let row = payout::view_run(store, &session.actor.authorize()?, run)?.run;
    if row.state != RunState::Draft {
        return Err(AppError::coded(
            ErrorCode::Conflict,
            format!("该批次为“{}”,请先撤回到草稿再改。", row.state.zh()),
            format!("The run is {}; take it back to draft first.", row.state.en()),
        ));
    }
    Ok((row.program, row.month))
}

fn redraft(store: &Store, session: &Session, run: RunId) -> AppResult<i64> {
    let (program, month) = check_draft(store, session, run)?;
    let wanted = DraftRuns { month, programs: vec![program], back: Some(format!("/runs/{run}")) };
    job::enqueue(store, session, &wanted.ask(session.actor.scope().street_code()))
}
