//! How far the job at work is, for the pages of the same process.

use std::sync::{Arc, Mutex, PoisonError};

use crate::store::job::ProgressSet;

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Live(Arc<Mutex<Option<(i64, ProgressSet)>>>);

impl Live {
    /// The job was here a moment ago.
    pub(super) fn set(&self, id: i64, progress: ProgressSet) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, progress));
    }

    /// No job is at work.
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What a job told last, if it is at work in this process.
    #[must_use]
    pub fn of(&self, id: i64) -> Option<ProgressSet> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.as_ref().filter(|(job, _)| *job == id).map(|(_, progress)| progress.clone())
    }
}
