//! The worker: one thread that takes jobs, a second that keeps their lease
//! while they compute, a third that writes the read log.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::services::access::{base64_url, session};
use crate::services::visit::quarter;
use crate::services::{job, view_log};
use crate::store::Store;

/// Wakes and stops the worker. Cheap to clone.
#[derive(Clone, Default)]
pub struct Runner {
    bell: Arc<(Mutex<bool>, Condvar)>,
    stopped: Arc<AtomicBool>,
    /// The job at work; 0 for none.
    current: Arc<AtomicI64>,
    /// How far it is.
    live: super::Live,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Runner")
    }
}

/// Without a bell the table is looked at this often.
const POLL: Duration = Duration::from_secs(2);
const SWEEP_EVERY: u32 = 150;
/// A kill may lose the views of this long (`rulings.md` P3).
const GROUP_AGE: Duration = Duration::from_secs(1);

impl Runner {
    /// Tells the worker that there is something to do.
    pub fn wake(&self) {
        if let Ok(mut rung) = self.bell.0.lock() {
            *rung = true;
            self.bell.1.notify_all();
        }
    }

    /// Starts the worker; it stops after the job at hand when told to.
    #[must_use]
    pub fn start(&self, store: Store) -> Vec<JoinHandle<()>> {
        let mut noise = [0; 9];
        // The name only has to differ from other processes' names.
        let _ = crate::clock::random_bytes(&mut noise);
        let worker = base64_url(&noise);
        let (this, work_store, name) = (self.clone(), store.clone(), worker.clone());
        let working = std::thread::spawn(move || this.work(&work_store, &name));
        let (this, view_store) = (self.clone(), store.clone());
        let noting = std::thread::spawn(move || this.write_views(&view_store));
        let this = self.clone();
        let beating = std::thread::spawn(move || this.beat(&store, &worker));
        vec![working, noting, beating]
    }

    /// How far the job at work is.
    #[must_use]
    pub fn live(&self) -> &super::Live {
        &self.live
    }

    /// Lets the worker stop.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.wake();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    fn work(&self, store: &Store, worker: &str) {
        let mut rounds = 0_u32;
        let mut planned = None;
        while !self.is_stopped() {
            match job::take(store, worker) {
                Ok(Some(taken)) => {
                    self.current.store(taken.id, Ordering::SeqCst);
                    let run = std::panic::AssertUnwindSafe(|| {
                        super::run_taken_live(store, &taken, worker, &self.live)
                    });
                    match std::panic::catch_unwind(run) {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => {
                            tracing::error!(job = taken.id, "a job's end was not written")
                        }
                        Err(_) => tracing::error!(job = taken.id, "a job panicked"),
                    }
                    self.current.store(0, Ordering::SeqCst);
                    self.live.clear();
                }
                Ok(None) => self.wait(),
                Err(error) => {
                    tracing::error!(code = error.code().as_str(), "jobs cannot be read");
                    self.wait();
                }
            }
            let today = store.clock().today();
            if planned != Some(today) {
                planned = Some(today);
                if let Err(error) = quarter::plan_quarter(store) {
                    tracing::warn!(code = error.code().as_str(), "co-visits were not planned");
                }
            }
            rounds = rounds.wrapping_add(1);
            if rounds.is_multiple_of(SWEEP_EVERY)
                && let Err(error) = session::sweep(store)
            {
                tracing::warn!(code = error.code().as_str(), "expired sessions were not removed");
            }
        }
    }

    /// Keeps the lease of a job that computes for long without a word.
    fn beat(&self, store: &Store, worker: &str) {
        while !self.is_stopped() {
            self.wait();
            let id = self.current.load(Ordering::SeqCst);
            if id != 0
                && let Err(error) = job::beat(store, id, worker, None)
            {
                tracing::warn!(job = id, code = error.code().as_str(), "a lease was not renewed");
            }
        }
    }

    /// Writes the read log: a group when it is full, or every second.
    fn write_views(&self, store: &Store) {
        while !self.is_stopped() {
            store.views().wait(GROUP_AGE);
            if let Err(error) = view_log::flush(store) {
                tracing::warn!(code = error.code().as_str(), "the read log was not written");
                std::thread::sleep(GROUP_AGE);
            }
        }
    }

    fn wait(&self) {
        if let Ok(rung) = self.bell.0.lock()
            && let Ok((mut rung, _)) = self.bell.1.wait_timeout_while(rung, POLL, |rung| !*rung)
        {
            *rung = false;
        }
    }
}
