//! Drafts the runs of a month. Run again after a crash it sweeps what the
//! killed drafting left; drafted twice from the same facts it changes nothing.

use super::{Job, JobContext, Progress, new_job};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::auth::MakeRun;
use crate::services::job::NewJob;
use crate::services::payout::{self, DraftOptions, DraftProgress, Watch};

/// The job.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftRuns {
    /// The month.
    pub month: Month,
    /// Only these programs; none: all that pay in the month.
    pub programs: Vec<String>,
    /// Page to go to afterwards; none: the month's.
    pub back: Option<String>,
}

impl DraftRuns {
    /// The job as it is asked for; the same month is drafted once at a time.
    #[must_use]
    pub fn ask(&self, street: &str) -> NewJob {
        let programs = self.programs.join(",");
        new_job(self, Some(format!("draft:{street}:{}:{programs}", self.month)))
    }
}

impl Job for DraftRuns {
    const KIND: &'static str = "draft_runs";

    fn run(&self, context: &JobContext<'_>) -> AppResult<Option<String>> {
        let by = context.actor.authorize::<MakeRun>()?;
        let tell = |now: DraftProgress| {
            context.progress(Progress {
                phase: if now.writing { "draft_write" } else { "draft_compare" },
                done: i64::try_from(now.lines).unwrap_or(i64::MAX),
                ..Progress::default()
            })
        };
        let programs: Vec<&str> = self.programs.iter().map(String::as_str).collect();
        let options = DraftOptions {
            programs: (!programs.is_empty()).then_some(programs.as_slice()),
            watch: Some(Watch(&tell)),
            ..DraftOptions::default()
        };
        payout::draft(context.store, &by, self.month, options)?;
        Ok(Some(self.back.clone().unwrap_or_else(|| format!("/runs?month={}", self.month))))
    }
}
