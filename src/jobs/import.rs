//! Checks an uploaded book, or loads it. Loading is one transaction: killed, it
//! leaves nothing; run again after its end, it finds every record unchanged.

use super::{Job, JobContext, Progress, new_job};
use crate::error::AppResult;
use crate::services::auth::Import;
use crate::services::import::{ImportOptions, load_upload, run_upload};
use crate::services::job::NewJob;

/// The job.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportBook {
    /// The uploaded book.
    pub upload: i64,
    /// Only checks it.
    pub dry_run: bool,
    /// Loads the good rows although others are refused.
    pub skip_rejected: bool,
}

impl ImportBook {
    /// The job as it is asked for; a book does one thing at a time.
    #[must_use]
    pub fn ask(&self) -> NewJob {
        new_job(self, Some(format!("import:{}", self.upload)))
    }
}

impl Job for ImportBook {
    const KIND: &'static str = "import_book";

    fn run(&self, context: &JobContext<'_>) -> AppResult<Option<String>> {
        let by = context.actor.authorize::<Import>()?;
        let known = load_upload(context.store, &by, self.upload)?;
        let options = ImportOptions { dry_run: self.dry_run, skip_rejected: self.skip_rejected };
        let phase = if self.dry_run { "import_check" } else { "import_load" };
        let (total, mut done) = (Some(known.rows), 0_i64);
        context.progress(Progress { phase, total, ..Progress::default() })?;
        // While it loads the transaction holds the registry's writer: how far it
        // is cannot be written down, only told.
        run_upload(context.store, &by, self.upload, &options, &mut |_, rows| {
            done = done.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
            context.tell(Progress { phase, total, done, ..Progress::default() });
        })?;
        Ok(Some(format!("/imports/{}", self.upload)))
    }
}
