//! Plays one line of the story.

use chrono::NaiveDate;

use super::cast::day;
use super::cast_person::NEW_PATIENTS;
use super::office::Office;
use super::story::{Act, Line};
use crate::domain::month::Month;
use crate::error::AppResult;

/// The month `text`; a month of the story is a constant and always right.
fn month(text: &str) -> Month {
    text.parse().unwrap_or(Month::of(day("2023-01-01")))
}

impl Office<'_> {
    /// Plays a line on its day; the clock must show it.
    ///
    /// # Errors
    /// Whatever the service refuses.
    pub fn perform(&mut self, (on, act): Line) -> AppResult<()> {
        let on = day(on);
        match act {
            Act::Support(label) => self.support(label, on),
            Act::Single(who) => self.single(who, on),
            Act::Confirm(who, program, applied) => self.confirm(who, program, (day(applied), on)),
            Act::Stop(who, program, reason) => self.stop(who, program, reason, on),
            Act::AnnulStop(who, program) => self.annul_stop(who, program, on),
            Act::Grace(label, months) => self.grace(label, months, on),
            Act::Income(who, yuan, named) => self.income(who, yuan, named.map(month), on),
            Act::Fact(who, kind, code, named) => self.fact(who, kind, code, named.map(month), on),
            Act::FirstCertificate(label) => self.first_certificate(label, on),
            Act::Renew(who) => self.renew(who, on),
            Act::CancelCertificate(who) => self.cancel_certificate(who, on),
            Act::Register(label) => self.register_patient(label, on),
            Act::Appraise(quarter, left_out, failed) => {
                self.appraise_all(month(quarter), left_out, failed, on)
            }
            Act::AppraiseLate(label, quarter) => self.appraise(label, month(quarter), "pass", on),
            Act::Incident(label) => self.incident(label, on),
            Act::Temporary(at, level, cause, yuan) => self.temporary(at, level, cause, yuan, on),
            Act::Raise => self.raise(),
            Act::NewAccount(who) => self.new_account(who, on),
            Act::Plan(who, program, from) => self.plan(who, program, month(from)),
            Act::Repay(who, program) => self.repay(who, program),
            other => self.perform_event(other, on),
        }
    }

    fn perform_event(&mut self, act: Act, on: NaiveDate) -> AppResult<()> {
        match act {
            Act::Death(who, event, reported) => self.death(who, day(event), day(reported), on),
            Act::MatchedDeath(who, event) => self.matched_death(who, day(event), on),
            Act::RefuteDeath(who) => self.refute_death(who, on),
            Act::Birth(label, born, applied) => self.birth(label, day(born), day(applied), on),
            Act::MoveOut(label) => self.move_out(label, on),
            Act::MoveWithin(label, to) => self.move_within(label, to, on),
            Act::Ordinary(at) => self.ordinary(at, on),
            _ => Ok(()),
        }
    }

    /// The quarter's appraisal of every patient who is registered by then.
    fn appraise_all(
        &mut self,
        quarter: Month,
        left_out: &[&str],
        failed: &[&str],
        on: NaiveDate,
    ) -> AppResult<()> {
        let registered = |label: &str| {
            let new = NEW_PATIENTS.iter().find(|(name, _)| *name == label);
            new.is_none_or(|(_, since)| day(since) <= on)
        };
        let gone = if on < day("2023-07-20") { "" } else { "MX-2" };
        for label in self.labels("M") {
            let dead = label == "MX-1" && quarter > month("2023-03");
            if dead || label == gone || left_out.contains(&label.as_str()) || !registered(&label) {
                continue;
            }
            let code = if failed.contains(&label.as_str()) { "fail" } else { "pass" };
            self.appraise(&label, quarter, code, on)?;
        }
        Ok(())
    }
}
