//! Payout runs: the month, its runs and lines. Amounts are whole fen.

use actix_web::web::Data;
use chrono::NaiveDate;

use super::cursor::{Cursor, Key as _};
use super::operation::Api;
use super::reply::{Queued, Read, Reply, Tagged};
use super::run_step::{approve, payment, return_run, returns, submit, void, withdraw};
use super::shape::{Id, Limit, Query, shapes};
use crate::domain::ids::{LineId, RunId};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, RunState};
use crate::domain::payout_hash::hash_text;
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Fault, Path};
use crate::jobs::draft::DraftRuns;
use crate::services::auth::{CloseMonth, MakeRun, ReadReport};
use crate::services::job;
use crate::services::payout::{self, LineFilterInput};
use crate::store::line::LineRow;
use crate::store::line_page::{From as PageFrom, LinePlace};
use crate::store::run::RunRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let read = Access::Needs(Permission::ReadReport);
    let make = Access::Needs(Permission::MakeRun);
    let decide = Permission::ApproveRun;
    api.get("/api/v1/months/{month}/runs", read, list, "The programs of a month and their runs");
    api.post("/api/v1/months/{month}/draft", make, draft, "Draft a month as a job");
    let close_access = Access::SteppedUp(Permission::CloseMonth);
    let words = "Close a month whose runs are all paid";
    api.post("/api/v1/months/{month}/close", close_access, close, words);
    api.get("/api/v1/runs/{id}", read, show, "A run");
    api.get("/api/v1/runs/{id}/lines", read, lines, "Lines of a run, a page at a time");
    api.get("/api/v1/lines/{id}", read, line, "A line and how its amount came about");
    api.post("/api/v1/runs/{id}/submit", make, submit, "Submit a draft for approval");
    api.post("/api/v1/runs/{id}/withdraw", make, withdraw, "Take a submitted run back");
    let either = Access::NeedsAny(&[Permission::MakeRun, Permission::ApproveRun]);
    let words = "Void a run that is not paid; one that is approved by who approves";
    api.post("/api/v1/runs/{id}/void", either, void, words);
    let words = "Return a run to its maker, with a reason";
    api.post("/api/v1/runs/{id}/return", Access::Needs(decide), return_run, words);
    let words = "Approve the content of a hash";
    api.post("/api/v1/runs/{id}/approve", Access::SteppedUp(decide), approve, words);
    api.post("/api/v1/runs/{id}/payment", make, payment, "Record the day of payment");
    api.post("/api/v1/runs/{id}/returns", make, returns, "Record payments that came back");
}

shapes! {
    /// The programs of a month.
    answer MonthRuns {
        /// The month.
        month: Month,
        /// In the order of the policy.
        programs: Vec<MonthProgram>,
    }

    /// A program in a month.
    answer MonthProgram {
        /// Code of the program.
        program: String,
        /// Its name in Chinese.
        zh: String,
        /// Its name in English.
        en: String,
        /// Its run, if there is one.
        run: Option<Run>,
    }

    /// A run: a street, a program, a month.
    answer Run {
        /// Id.
        id: Id,
        /// Code of the program.
        program: String,
        /// The month in which it pays.
        month: Month,
        /// Where it stands.
        state: RunState,
        /// Last day of knowledge.
        cut_off: NaiveDate,
        /// Lines of all kinds.
        lines: i32,
        /// Σ regular.
        regular_fen: Fen,
        /// Σ arrears.
        arrears_fen: Fen,
        /// Σ claims opened, negative.
        claim_fen: Fen,
        /// Σ deductions, negative.
        deduction_fen: Fen,
        /// Of its content; what an approval names.
        hash: Option<String>,
        /// Who drafted it.
        drafted_by: String,
        /// Who submitted it.
        submitted_by: Option<String>,
        /// Who approved it.
        approved_by: Option<String>,
        /// The day the money was paid.
        payment_on: Option<NaiveDate>,
        /// Reason of the last return or voiding.
        note: Option<String>,
        /// Counts changes.
        version: i32,
    }

    /// A closed month.
    answer ClosedMonth {
        /// The month.
        month: Month,
        /// Its runs.
        runs: Vec<Run>,
    }

    /// Which lines.
    request LinesAsked {
        /// Where the page begins: `next` of the page before.
        after: Option<Cursor<LinePlace>>,
        /// Rows of the page.
        limit: Option<Limit>,
    }

    /// A page of lines.
    answer LinePage {
        /// The lines.
        lines: Vec<LineItem>,
        /// Lines on all pages.
        count: i64,
        /// Their sum.
        sum_fen: Fen,
        /// Where the next page begins; none on the last one.
        next: Option<String>,
    }

    /// A line.
    answer LineItem {
        /// Id.
        id: Id,
        /// The run.
        run: Id,
        /// The month it is for.
        month: Month,
        /// What it is.
        kind: LineKind,
        /// Signed.
        amount_fen: Fen,
        /// People behind it.
        persons: i32,
        /// Community that pays.
        area: String,
        /// Why it is there, if it is not regular.
        reason: Option<String>,
        /// The award.
        award: Id,
    }

    /// A line and how its amount came about.
    answer ExplainedLine {
        /// The line.
        line: LineItem,
        /// The policy that its run pinned; none for opening lines.
        policy: Option<String>,
        /// Day of knowledge.
        known_on: Option<NaiveDate>,
        /// What was due for the month.
        due_fen: Option<Fen>,
        /// What earlier runs had settled for it.
        settled_fen: Fen,
        /// The steps that lead to what is due.
        steps: Vec<ExplainedStep>,
    }

    /// A step.
    answer ExplainedStep {
        /// Clause of the policy.
        clause: String,
        /// In Chinese.
        zh: String,
        /// In English.
        en: String,
        /// Amount after the step, where it has one.
        amount_fen: Option<Fen>,
    }
}

impl From<&RunRow> for Run {
    fn from(run: &RunRow) -> Run {
        Run {
            id: run.id.into(),
            program: run.program.clone(),
            month: run.month,
            state: run.state,
            cut_off: run.cut_off,
            lines: run.line_count,
            regular_fen: run.regular_fen,
            arrears_fen: run.arrears_fen,
            claim_fen: run.claim_fen,
            deduction_fen: run.deduction_fen,
            hash: run.content_hash.as_deref().map(hash_text),
            drafted_by: run.drafted_by.clone(),
            submitted_by: run.submitted_by.clone(),
            approved_by: run.approved_by.clone(),
            payment_on: run.payment_on,
            note: run.note.clone(),
            version: run.version,
        }
    }
}

impl From<&LineRow> for LineItem {
    fn from(line: &LineRow) -> LineItem {
        LineItem {
            id: line.id.into(),
            run: line.run_id.into(),
            month: line.month,
            kind: line.kind,
            amount_fen: line.amount_fen,
            persons: line.persons,
            area: line.area_code.clone(),
            reason: line.reason.clone(),
            award: line.award_id.into(),
        }
    }
}

async fn list(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Month>,
) -> Reply<Read<MonthRuns>> {
    let month = path.0;
    let board = state
        .run(move |store| payout::month_board(store, &user.authorized()?, Some(month)))
        .await?;
    let programs = board.rows.into_iter().map(|row| MonthProgram {
        program: row.label.code,
        zh: row.label.zh,
        en: row.label.en,
        run: row.run.as_ref().map(Run::from),
    });
    Ok(Read(MonthRuns { month, programs: programs.collect() }))
}

async fn draft(user: Allowed<MakeRun>, state: Data<AppState>, path: Path<Month>) -> Reply<Queued> {
    let wanted = DraftRuns { month: path.0, programs: Vec::new(), back: None };
    let id = state
        .run(move |store| {
            let street = user.session().actor.scope().street_code();
            job::enqueue(store, user.session(), &wanted.ask(street))
        })
        .await?;
    state.jobs.wake();
    Ok(Queued { job: Id(id) })
}

async fn close(
    user: Allowed<CloseMonth>,
    state: Data<AppState>,
    path: Path<Month>,
) -> Reply<Read<ClosedMonth>> {
    let month = path.0;
    let runs =
        state.run(move |store| payout::close_month(store, &user.authorized()?, month)).await?;
    Ok(Read(ClosedMonth { month, runs: runs.iter().map(Run::from).collect() }))
}

async fn show(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Tagged<Run>> {
    let id = RunId::from(path.0);
    let view = state.run(move |store| payout::view_run(store, &user.authorized()?, id)).await?;
    Ok(Tagged(Run::from(&view.run), view.run.version))
}

async fn lines(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
    query: Query<LinesAsked>,
) -> Reply<Read<LinePage>> {
    let id = RunId::from(path.0);
    let limit = Limit::or_usual(query.0.limit);
    let from = query.0.after.map_or(PageFrom::Start, |after| PageFrom::After(after.0));
    let mental = user.session().has_right("mental");
    let list = state
        .run(move |store| {
            let (by, all) = (user.authorized()?, LineFilterInput::default());
            payout::list_lines_filtered(store, &by, id, &all, from, limit)
        })
        .await?;
    if list.label.mental && !mental {
        return Err(Fault::forbidden());
    }
    let last = list.items.last().filter(|_| list.has_after);
    Ok(Read(LinePage {
        next: last.map(|item| LinePlace::of(&item.line).write()),
        lines: list.items.iter().map(|item| LineItem::from(&item.line)).collect(),
        count: list.count,
        sum_fen: list.sum,
    }))
}

async fn line(
    user: Allowed<ReadReport>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<ExplainedLine>> {
    let id = LineId::from(path.0);
    let (child, mental) = (user.session().has_right("child"), user.session().has_right("mental"));
    let view = state
        .run(move |store| payout::view_line(store, &user.authorized()?, id, child && mental))
        .await?;
    if (view.label.mental && !mental) || (view.label.child && !child) {
        return Err(Fault::forbidden());
    }
    let explained = view.explanation;
    let steps = explained.steps.into_iter().map(|step| ExplainedStep {
        clause: step.clause,
        zh: step.zh,
        en: step.en,
        amount_fen: step.amount,
    });
    Ok(Read(ExplainedLine {
        line: LineItem::from(&explained.line),
        policy: explained.policy,
        known_on: explained.known_on,
        due_fen: explained.due,
        settled_fen: explained.settled,
        steps: steps.collect(),
    }))
}
