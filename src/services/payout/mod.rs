//! The monthly payout: draft, check, approve, pay, close — and what follows
//! from each (`rulings.md` M1–M14).
//!
//! ```text
//! draft ──▶ submit ──▶ approve ──▶ record_payment ──▶ close_month
//!   ▲  withdraw, return │                 └─▶ returned lines → re-issued by a later run
//! ```
//!
//! A run posts `due − posted` for its own month and for every earlier month
//! that something changed.

mod check;
mod claims;
mod compute;
mod cost;
mod draft;
mod explain;
mod inputs;
mod lookup;
mod opening;
mod payment;
mod plan;
mod preview;
mod reason;
mod reissue;
mod steps;
mod unit_facts;
mod view;
mod view_line;
mod view_lines;

mod void;

pub use check::check_ledger;
pub use claims::{NewClaim, open_claim, plan_claim, repay_claim, write_off_claim};
pub use cost::{KnownCost, compute_cost, known_cost};
pub use draft::{DraftOptions, DraftProgress, Drafted, Watch, draft};
pub use explain::{
    LineExplanation, RunPolicies, check_lines, explain_line, policies_of, recompute,
};
pub use inputs::{LineInputs, RecoveryPart};
pub use lookup::{
    cut_off_of, find_run_line, list_claims, list_month, list_run_lines, load_claim, month_hash,
    month_runs, page_claims,
};
pub use opening::{OpeningLine, post_opening, post_opening_in};
pub use payment::{ReturnedLine, close_month, record_payment, record_returns};
pub use preview::{CostRow, Preview, preview};
pub use steps::{SeenRun, approve, check_hash, return_run, submit, withdraw};
pub use view::{
    MonthBoard, MonthPaid, MonthRun, RunView, list_submitted_runs, month_board, months_with_runs,
    paid_by_month, view_run,
};
pub use view_line::{LineView, ReturnedPayment, Source, list_returned, view_line};
pub use view_lines::{LineFilterInput, LineItem, LineList, list_lines_filtered};
pub use void::{void, void_approved};
