//! What a proposed policy would cost a street in a month. Run again it puts the
//! same figures in the place of the old ones.

use super::{Job, JobContext, Progress, new_job};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::auth::ReadReport;
use crate::services::job::NewJob;
use crate::services::payout::compute_cost;

/// The job.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyCost {
    /// The policy.
    pub policy: i64,
    /// Which month.
    pub month: Month,
}

impl PolicyCost {
    /// The job as it is asked for; a street computes one policy and month at a
    /// time.
    #[must_use]
    pub fn ask(&self, street: &str) -> NewJob {
        new_job(self, Some(format!("cost:{street}:{}:{}", self.policy, self.month)))
    }
}

impl Job for PolicyCost {
    const KIND: &'static str = "policy_cost";

    fn run(&self, context: &JobContext<'_>) -> AppResult<Option<String>> {
        let by = context.actor.authorize::<ReadReport>()?;
        compute_cost(context.store, &by, self.policy, self.month, &mut |done, total| {
            let (phase, total) = ("policy_cost", Some(total));
            context.progress(Progress { phase, total, done, ..Progress::default() })
        })?;
        Ok(Some(format!("/policies/{}/cost?month={}", self.policy, self.month)))
    }
}
