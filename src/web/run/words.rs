//! A run in words: what every page of it shows the same way.

use crate::domain::payout::RunState;
use crate::domain::payout_hash::hash_text;
use crate::domain::summary::ProgramLabel;
use crate::store::run::RunRow;
use crate::web::Page;
use crate::web::page::money;

/// Colour of a stage's tag (`ux.md` T-10).
#[must_use]
pub fn stage_color(state: &str) -> &'static str {
    match state {
        "submitted" => "amber",
        "approved" => "purple",
        "paid" => "blue",
        "closed" => "green",
        "void" => "void",
        _ => "grey",
    }
}

/// A run as templates show it.
pub struct RunWords {
    /// Address.
    pub href: String,
    /// Program.
    pub program: String,
    /// Month.
    pub month: String,
    /// Stage.
    pub stage: &'static str,
    /// Its colour.
    pub color: &'static str,
    /// Lines.
    pub lines: String,
    /// Regular amounts.
    pub regular: String,
    /// Arrears.
    pub arrears: String,
    /// Deductions.
    pub deduction: String,
    /// Claims.
    pub claim: String,
    /// What goes out: regular, arrears, less deductions.
    pub paid: String,
    /// Who drafted it.
    pub maker: String,
    /// Who approved it.
    pub approver: String,
    /// When it was submitted.
    pub submitted_at: String,
    /// Short fingerprint, in groups of four.
    pub fingerprint: String,
    /// Whole hash.
    pub hash: String,
    /// Last day of knowledge.
    pub cut_off: String,
    /// Day of payment.
    pub payment_on: String,
    /// Reason of the last return or voiding.
    pub note: String,
    /// Whether its lines are for whoever has a right of their own.
    pub restricted: bool,
}

/// Name of a program in the page's language.
#[must_use]
pub fn program(page: &Page, label: &ProgramLabel) -> String {
    page.either(&label.zh, &label.en).to_owned()
}

impl RunWords {
    /// In the page's language.
    #[must_use]
    pub fn new(page: &Page, label: &ProgramLabel, run: &RunRow) -> RunWords {
        let hash = run.content_hash.as_deref().map(hash_text).unwrap_or_default();
        let time =
            |at: Option<chrono::NaiveDateTime>| at.map(|at| page.time(at)).unwrap_or_default();
        let state = run.state.code();
        RunWords {
            href: format!("/runs/{}", run.id),
            program: program(page, label),
            month: page.month(run.month),
            stage: page.lang().find(&format!("stage.{state}")).unwrap_or_default(),
            color: stage_color(state),
            lines: page.number(run.line_count),
            regular: money(run.regular_fen),
            arrears: money(run.arrears_fen),
            deduction: money(run.deduction_fen),
            claim: money(run.claim_fen),
            paid: money(run.regular_fen + run.arrears_fen + run.deduction_fen),
            maker: run.submitted_by.clone().unwrap_or_else(|| run.drafted_by.clone()),
            approver: run.approved_by.clone().unwrap_or_default(),
            submitted_at: time(run.submitted_at),
            fingerprint: fingerprint(&hash),
            cut_off: run.cut_off.to_string(),
            payment_on: run.payment_on.map(|on| on.to_string()).unwrap_or_default(),
            note: run.note.clone().unwrap_or_default(),
            hash,
            restricted: label.mental && !page.has_right("mental"),
        }
    }

    /// `Dibao Oct 2026`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.program, self.month)
    }
}

/// `7f3a 91c2 0b4e d810`: the first sixteen digits of a hash.
#[must_use]
pub fn fingerprint(hash: &str) -> String {
    let digits: Vec<char> = hash.chars().take(16).collect();
    digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// The steps of a run, each with its class: past, now or nothing. None for a
/// voided run.
#[must_use]
pub fn steps(page: &Page, state: RunState) -> Vec<(&'static str, &'static str)> {
    let current = match state {
        RunState::Generating | RunState::Draft => 0_usize,
        RunState::Submitted => 1,
        RunState::Approved => 2,
        RunState::Paid => 3,
        RunState::Closed => 4,
        RunState::Void => return Vec::new(),
    };
    let texts = [
        page.t("run.step_draft"),
        page.t("run.step_approval"),
        page.t("run.step_payment"),
        page.t("run.step_returns"),
        page.t("run.step_closed"),
    ];
    let class = |at: usize| match at.cmp(&current) {
        std::cmp::Ordering::Less => "past",
        std::cmp::Ordering::Equal => "now",
        std::cmp::Ordering::Greater => "",
    };
    texts.into_iter().enumerate().map(|(at, text)| (text, class(at))).collect()
}
