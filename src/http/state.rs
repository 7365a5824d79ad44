//! What every request can reach.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use actix_web::web;
use tokio::sync::Semaphore;

use super::fault::Fault;
use super::limit::Buckets;
use super::metrics::Metrics;
use super::route::RouteRow;
use super::settings::Settings;
use crate::error::AppResult;
use crate::jobs::Runner;
use crate::services::access::token::TokenKeys;
use crate::store::Store;

/// Shared by all workers.
pub struct AppState {
    /// The registry.
    pub store: Store,
    /// How the service faces the network.
    pub settings: Settings,
    /// Keys of access tokens.
    pub token_keys: TokenKeys,
    /// Counters for `/metrics`.
    pub metrics: Metrics,
    /// Wakes the worker of long work.
    pub jobs: Runner,
    pub(super) sign_in_buckets: Buckets,
    pub(super) in_flight: AtomicUsize,
    routes: HashMap<&'static str, Vec<RouteRow>>,
    hashing: Semaphore,
    waiting: AtomicUsize,
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppState")
    }
}

/// Password hashes at a time; each takes 64 MiB (SEC-002).
const HASHES: usize = 2;
const HASH_QUEUE: usize = 50;

impl AppState {
    /// From an open registry.
    #[must_use]
    pub fn new(store: Store, settings: Settings, jobs: Runner) -> Arc<AppState> {
        let mut routes: HashMap<&'static str, Vec<RouteRow>> = HashMap::new();
        for row in crate::app::routes().into_rows() {
            routes.entry(row.path).or_default().push(row);
        }
        Arc::new(AppState {
            store,
            sign_in_buckets: Buckets::new(settings.sign_ins_per_minute, 20),
            settings,
            token_keys: TokenKeys::default(),
            metrics: Metrics::default(),
            jobs,
            in_flight: AtomicUsize::new(0),
            routes,
            hashing: Semaphore::new(HASHES),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Rows of a path pattern.
    #[must_use]
    pub fn routes_of(&self, pattern: &str) -> Option<&[RouteRow]> {
        self.routes.get(pattern).map(Vec::as_slice)
    }

    /// Whether there is a page at a path.
    #[must_use]
    pub fn has_page(&self, path: &str) -> bool {
        self.routes_of(path).is_some_and(|rows| rows.iter().any(|row| row.method == "GET"))
    }

    /// Runs a use case on the blocking pool: the one place where pages and
    /// API meet the database.
    ///
    /// # Errors
    /// What the use case refuses.
    pub async fn run<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> AppResult<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = self.store.clone();
        let answer = Arc::new(Mutex::new(None));
        let place = Arc::clone(&answer);
        on_pool(Box::new(move || {
            let result = f(&store);
            if let Ok(mut place) = place.lock() {
                *place = Some(result);
            }
        }))
        .await?;
        let result = answer.lock().ok().and_then(|mut answer| answer.take());
        result.ok_or_else(Fault::busy)?.map_err(Fault::from)
    }

    /// [`AppState::run`] for what computes a password hash: two at a time,
    /// fifty waiting (SEC-002).
    ///
    /// # Errors
    /// As [`AppState::run`]; busy if too many wait.
    pub async fn run_hashing<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Store) -> AppResult<T> + Send + 'static,
    ) -> Result<T, Fault> {
        use std::sync::atomic::Ordering::Relaxed;
        if self.waiting.fetch_add(1, Relaxed) >= HASH_QUEUE {
            self.waiting.fetch_sub(1, Relaxed);
            return Err(Fault::busy());
        }
        let permit = self.hashing.acquire().await;
        self.waiting.fetch_sub(1, Relaxed);
        let _permit = permit.map_err(|_| Fault::busy())?;
        self.run(f).await
    }
}

/// Runs work on the blocking pool. One type of work for every use case: each
/// would otherwise be compiled with a scheduler's task of its own.
async fn on_pool(work: Box<dyn FnOnce() + Send>) -> Result<(), Fault> {
    web::block(work).await.map_err(|_| Fault::busy())
}

impl AppState {
    /// Requests under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(std::sync::atomic::Ordering::Relaxed)
    }
}
