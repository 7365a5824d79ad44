//! Lets the database renew its statistics after bulk changes.

use super::{Job, JobContext, Progress};
use crate::error::AppResult;
use crate::services::auth::ManageSystem;

/// The job.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshStatistics {}

impl Job for RefreshStatistics {
    const KIND: &'static str = "refresh_statistics";

    fn run(&self, context: &JobContext<'_>) -> AppResult<Option<String>> {
        context.actor.authorize::<ManageSystem>()?;
        context.progress(Progress {
            phase: "statistics",
            total: Some(1),
            ..Progress::default()
        })?;
        context.store.refresh_statistics()?;
        Ok(None)
    }
}
