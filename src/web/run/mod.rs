//! The month: its board, runs, lines, and the steps from draft to closed.

pub(crate) mod approval;
mod board;
mod clause;
mod close;
mod line;
mod lines;
mod returns;
mod show;
mod step;
pub mod words;

use crate::domain::role::Permission as P;
use crate::http::{Access, Routes};

/// Registers them.
pub fn routes(routes: &mut Routes) {
    let read = Access::Needs(P::ReadReport);
    let make = Access::Needs(P::MakeRun);
    let either = Access::NeedsAny(&[P::MakeRun, P::ApproveRun]);
    routes.get("/runs", read, board::show);
    routes.post("/runs/draft", make, board::draft);
    routes.get("/runs/{id}", read, show::show);
    routes.post("/runs/{id}/refresh", make, show::refresh);
    routes.get("/runs/{id}/lines", read, lines::show);
    routes.get("/lines/{id}", read, line::show);
    routes.post("/lines/{id}/hold", make, line::hold);
    routes.post("/lines/{id}/release", make, line::release);
    routes.get("/runs/{id}/submit", make, step::ask_submit);
    routes.post("/runs/{id}/submit", make, step::submit);
    routes.get("/runs/{id}/withdraw", make, step::ask_withdraw);
    routes.post("/runs/{id}/withdraw", make, step::withdraw);
    routes.get("/runs/{id}/void", either, step::ask_void);
    routes.post("/runs/{id}/void", either, step::void);
    routes.get("/runs/{id}/payment", make, step::ask_payment);
    routes.post("/runs/{id}/payment", make, step::payment);
    routes.get("/runs/{id}/returns", read, returns::show);
    routes.post("/runs/{id}/returns", make, returns::record);
    routes.get("/approvals", Access::Needs(P::ApproveRun), approval::list);
    routes.get("/approvals/{id}", Access::Needs(P::ApproveRun), approval::show);
    routes.get("/approvals/{id}/confirm", Access::SteppedUp(P::ApproveRun), approval::ask);
    routes.post("/approvals/{id}/confirm", Access::SteppedUp(P::ApproveRun), approval::approve);
    routes.get("/approvals/{id}/return", Access::Needs(P::ApproveRun), step::ask_return);
    routes.post("/approvals/{id}/return", Access::Needs(P::ApproveRun), step::return_run);
    routes.get("/months/{month}/close", Access::SteppedUp(P::CloseMonth), close::ask);
    routes.post("/months/{month}/close", Access::SteppedUp(P::CloseMonth), close::close);
}
