//! Holds the registry against itself, so that an auditor need not be at the
//! machine. What it found is in the audit log and on its page.

use super::{Job, JobContext, Progress, new_job};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::ReadAudit;
use crate::services::job::NewJob;
use crate::services::verify;

/// The job.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRegistry {}

impl VerifyRegistry {
    /// The job as it is asked for: one at a time.
    #[must_use]
    pub fn ask() -> NewJob {
        new_job(&VerifyRegistry {}, Some(VerifyRegistry::KIND.to_owned()))
    }
}

impl Job for VerifyRegistry {
    const KIND: &'static str = "verify";

    fn run(&self, context: &JobContext<'_>) -> AppResult<Option<String>> {
        let by = context.actor.authorize::<ReadAudit>()?;
        context.progress(Progress { phase: "verify", total: Some(1), ..Progress::default() })?;
        let report = verify::run(context.store, &by, false)?;
        if report.is_clean() {
            return Ok(Some("/audit/verify".to_owned()));
        }
        let named = report.checks.iter().flat_map(|check| &check.faults);
        let (zh, en): (Vec<String>, Vec<String>) = named
            .take(5)
            .map(|fault| {
                (
                    format!("{}:{}", fault.record, fault.zh),
                    format!("{}: {}", fault.record, fault.en),
                )
            })
            .unzip();
        Err(AppError::coded(ErrorCode::Integrity, zh.join("\n"), en.join("\n")))
    }
}
