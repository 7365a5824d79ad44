//! The year: month by month what happens until the cut-off, the run of the
//! month from draft to close, and what happens in between.

use chrono::NaiveDate;

use super::Progress;
use super::district::VisitPlan;
use super::home::STREET;
use super::office::{Office, missing};
use super::story::{Line, RETURNS, story};
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, ReturnReason};
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::Actor;
use crate::services::payout::{self, DraftOptions, ReturnedLine};
use crate::store::line;
use crate::store::run::{self, RunRow};

/// Counts the steps of the building.
pub struct Steps<'a> {
    done: usize,
    progress: &'a mut dyn Progress,
}

/// The opening state and eleven months.
const STEPS: usize = 12;

impl<'a> Steps<'a> {
    /// Before the first step.
    pub fn new(progress: &'a mut dyn Progress) -> Steps<'a> {
        Steps { done: 0, progress }
    }

    /// The next step begins.
    pub fn next(&mut self, zh: &str, en: &str) {
        self.progress.step(self.done, STEPS, zh, en);
        self.done += 1;
    }
}

/// What the office does besides the events, by day of the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duty {
    Draft,
    Submit,
    Approve,
    Pay,
    Returns,
    Close,
}

const DUTIES: [(u32, Duty); 6] = [
    (16, Duty::Draft),
    (17, Duty::Submit),
    (18, Duty::Approve),
    (25, Duty::Pay),
    (28, Duty::Returns),
    (31, Duty::Close),
];

/// Days on which the visits done so far are imported.
const VISIT_BOOKS: [&str; 5] =
    ["2023-01-12", "2023-03-31", "2023-06-30", "2023-09-30", "2023-10-31"];

/// Plays the year.
///
/// # Errors
/// Whatever a service refuses.
pub fn year(
    mut office: Office<'_>,
    operator: &Actor,
    visits: &[VisitPlan],
    steps: &mut Steps<'_>,
) -> AppResult<()> {
    let mut lines = story().into_iter().peekable();
    let mut imported = super::first_day();
    for month in super::first_month().to(super::through()) {
        steps.next(&format!("办理 {}", month.zh()), &format!("playing {month}"));
        let mut runs = Vec::new();
        for (day, duty) in DUTIES {
            let on = month.day(day);
            while let Some(line) = lines.next_if(|(day, _)| super::cast::day(day) <= on) {
                play(&mut office, line)?;
            }
            for book in VISIT_BOOKS.map(super::cast::day).into_iter().filter(|b| *b <= on) {
                if book > imported {
                    office.store.clock().move_to(book);
                    super::import_visits(office.store, operator, visits, (imported, book))?;
                    imported = book;
                }
            }
            office.store.clock().move_to(on);
            office.serve(duty, month, on, &mut runs)?;
        }
    }
    Ok(())
}

fn play(office: &mut Office<'_>, line: Line) -> AppResult<()> {
    office.store.clock().move_to(super::cast::day(line.0));
    office.perform(line).map_err(|error| at(line, error))
}

/// Names the line of the story that a service refused.
fn at((day, act): Line, error: AppError) -> AppError {
    match error {
        AppError::Refused(mut refusals) => {
            let place = Place::Record(format!("{day} {act:?}"));
            refusals.push(
                Refusal::new(ErrorCode::System, "演示情节未能办理。", "The demo's story failed.")
                    .at(place),
            );
            AppError::Refused(refusals)
        }
        other => other,
    }
}

impl Office<'_> {
    /// What has to be done for the month's runs on a day.
    fn serve(
        &mut self,
        duty: Duty,
        month: Month,
        on: NaiveDate,
        runs: &mut Vec<RunRow>,
    ) -> AppResult<()> {
        let store = self.store;
        let (clerk, approver) = (&self.staff.clerk, &self.staff.approver);
        match duty {
            Duty::Draft => {
                let options = DraftOptions::default();
                let drafted = payout::draft(store, &clerk.authorize()?, month, options)?;
                *runs = drafted.into_iter().map(|drafted| drafted.run).collect();
            }
            Duty::Submit => {
                for run in runs.iter_mut() {
                    *run = payout::submit(store, &clerk.authorize()?, run.id, None)?;
                }
            }
            Duty::Approve => {
                for run in runs.iter() {
                    let hash = run.content_hash.as_deref().unwrap_or_default();
                    payout::approve(store, &approver.authorize()?, run.id, hash)?;
                }
            }
            Duty::Pay => {
                for run in runs.iter() {
                    payout::record_payment(store, &clerk.authorize()?, run.id, on)?;
                }
            }
            Duty::Returns => self.returns(month, on)?,
            Duty::Close => {
                payout::close_month(store, &approver.authorize()?, month)?;
            }
        }
        Ok(())
    }

    /// The bank's list of payments that came back.
    fn returns(&mut self, month: Month, on: NaiveDate) -> AppResult<()> {
        for (_, who, program, reason) in
            RETURNS.into_iter().filter(|(of, ..)| *of == month.to_string())
        {
            let award = self.award(who, program)?;
            let (run, lines) = self.store.read(|conn| {
                let run = run::find_run_of(conn, STREET, program, month)?
                    .ok_or_else(|| missing(who.0))?;
                let whose = award.beneficiary_id;
                Ok((run.id, line::list_lines_of_beneficiary(conn, STREET, run.id, whose)?))
            })?;
            let regular = lines.iter().find(|line| line.kind == LineKind::Regular);
            let returned = ReturnedLine {
                line: regular.ok_or_else(|| missing(who.0))?.id,
                reason: ReturnReason::from_code(reason).ok_or_else(|| missing(reason))?,
                returned_on: on,
            };
            let by = self.staff.clerk.authorize()?;
            payout::record_returns(self.store, &by, run, &[returned])?;
        }
        Ok(())
    }
}
