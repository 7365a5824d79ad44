//! The one caller of the system's clock and of its randomness. Everything
//! else takes a [`Clock`] or bytes as an argument, so that a demo can play a
//! year in seconds and a test can stand on any day.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, Utc};

/// Tells the time: the system's, or one that is set by hand (demo and tests).
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Set(Arc<Mutex<NaiveDateTime>>),
}

/// Offices live by Beijing time, which has no summer time.
const SHANGHAI_HOURS: i64 = 8;

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that shows 09:00 in Shanghai on `today` until it is set again.
    #[must_use]
    pub fn set_to(today: NaiveDate) -> Clock {
        Clock(Source::Set(Arc::new(Mutex::new(morning(today)))))
    }

    /// Moves a set clock to 09:00 of another day; the system's clock stays.
    pub fn move_to(&self, today: NaiveDate) {
        if let Source::Set(instant) = &self.0
            && let Ok(mut instant) = instant.lock()
        {
            *instant = morning(today);
        }
    }

    /// Now, in UTC, whole microseconds (what both backends can store).
    #[must_use]
    pub fn now(&self) -> NaiveDateTime {
        match &self.0 {
            Source::System => system_now(),
            Source::Set(instant) => instant.lock().map_or_else(|_| system_now(), |now| *now),
        }
    }

    /// The calendar day in Shanghai.
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        (self.now() + Duration::hours(SHANGHAI_HOURS)).date()
    }
}

/// The instant, in UTC, at which a day begins in Shanghai.
#[must_use]
pub fn start_of(day: NaiveDate) -> NaiveDateTime {
    day.and_hms_opt(0, 0, 0).unwrap_or_default() - Duration::hours(SHANGHAI_HOURS)
}

fn morning(day: NaiveDate) -> NaiveDateTime {
    start_of(day) + Duration::hours(9)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_now() -> NaiveDateTime {
    let now = Utc::now();
    DateTime::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now).naive_utc()
}

/// Fills `bytes` from the operating system.
///
/// # Errors
/// The system has no randomness to give; nothing secret can be made then.
pub fn random_bytes(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))
}
