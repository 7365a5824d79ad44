//! Counters in the text format of Prometheus. No names, no addresses.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper ends of the time buckets, in milliseconds.
const BUCKETS_MS: [u64; 8] = [5, 15, 50, 100, 250, 1_000, 5_000, 60_000];

/// What is counted since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    by_class: [AtomicU64; 5],
    by_time: [AtomicU64; 8],
    total_us: AtomicU64,
    /// Requests turned away because too many were under way.
    pub shed: AtomicU64,
    /// Sign-ins that failed.
    pub sign_in_failed: AtomicU64,
    /// Sign-ins.
    pub signed_in: AtomicU64,
    /// Requests refused because of a form token or their origin.
    pub csrf_refused: AtomicU64,
    /// Handlers that panicked.
    pub panics: AtomicU64,
}

impl Metrics {
    /// Counts one request.
    pub fn count(&self, status: u16, time: Duration) {
        let class = usize::from((status / 100).clamp(1, 5) - 1);
        if let Some(counter) = self.by_class.get(class) {
            counter.fetch_add(1, Relaxed);
        }
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.total_us.fetch_add(micros, Relaxed);
        let at = BUCKETS_MS.iter().position(|end| micros <= end * 1000);
        if let Some(counter) = at.and_then(|at| self.by_time.get(at)) {
            counter.fetch_add(1, Relaxed);
        }
    }

    /// The text that Prometheus reads.
    #[must_use]
    pub fn render(&self, in_flight: usize, jobs: &[(String, i64)]) -> String {
        let mut text = String::with_capacity(2048);
        let mut total = 0;
        let _ = writeln!(text, "# TYPE mingce_http_requests_total counter");
        for (at, counter) in self.by_class.iter().enumerate() {
            let count = counter.load(Relaxed);
            total += count;
            let _ = writeln!(text, "mingce_http_requests_total{{class=\"{}xx\"}} {count}", at + 1);
        }
        let _ = writeln!(text, "# TYPE mingce_http_request_seconds histogram");
        let mut below = 0;
        for (end, counter) in BUCKETS_MS.iter().zip(&self.by_time) {
            below += counter.load(Relaxed);
            let (whole, rest) = (end / 1000, end % 1000);
            let _ = writeln!(
                text,
                "mingce_http_request_seconds_bucket{{le=\"{whole}.{rest:03}\"}} {below}"
            );
        }
        let micros = self.total_us.load(Relaxed);
        let _ = writeln!(text, "mingce_http_request_seconds_bucket{{le=\"+Inf\"}} {total}");
        let _ = writeln!(
            text,
            "mingce_http_request_seconds_sum {}.{:06}",
            micros / 1_000_000,
            micros % 1_000_000
        );
        let _ = writeln!(text, "mingce_http_request_seconds_count {total}");
        let _ = writeln!(text, "# TYPE mingce_http_in_flight gauge");
        let _ = writeln!(text, "mingce_http_in_flight {in_flight}");
        for (name, counter) in [
            ("mingce_http_shed_total", &self.shed),
            ("mingce_sign_in_failed_total", &self.sign_in_failed),
            ("mingce_signed_in_total", &self.signed_in),
            ("mingce_csrf_refused_total", &self.csrf_refused),
            ("mingce_panics_total", &self.panics),
        ] {
            let _ = writeln!(text, "# TYPE {name} counter\n{name} {}", counter.load(Relaxed));
        }
        let _ = writeln!(text, "# TYPE mingce_jobs gauge");
        for (state, count) in jobs {
            let _ = writeln!(text, "mingce_jobs{{state=\"{state}\"}} {count}");
        }
        text
    }
}
