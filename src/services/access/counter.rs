//! Soft locks: 5 failures close an account's name for 15 minutes, then twice
//! as long each time; 100 in a day close it for the rest of the day (SEC-009).
//! Counted before the password is looked at, so parallel guesses count too.

use chrono::{Duration, NaiveDateTime};

use crate::error::AppResult;
use crate::store::access::{self, CounterRow};
use crate::store::{REGISTRY_CHAIN, Store};

const FREE: i64 = 5;
const DAY_LIMIT: i64 = 100;

/// Which counter an attempt belongs to: the name's, or the one of the name on
/// a device that it signed in from before (SEC-010).
pub(super) fn key(store: &Store, username_key: &str, known_device: Option<&str>) -> Vec<u8> {
    match known_device {
        Some(device) => store.cipher().blind("sign-in/device", &format!("{device}/{username_key}")),
        None => store.cipher().blind("sign-in/name", username_key),
    }
}

/// Counts an attempt as failed until it succeeds; whether it may succeed.
pub(super) fn open(store: &Store, key: &[u8]) -> AppResult<bool> {
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        let found = access::find_counter(tx.conn, key)?;
        let (row, open) = next(found, key, now);
        access::save_counter(tx.conn, &row)?;
        Ok(open)
    })
}

/// Forgets the failures after a success.
pub(super) fn reset(store: &Store, key: &[u8]) -> AppResult<()> {
    store.write(REGISTRY_CHAIN, |tx| {
        access::delete_counter(tx.conn, key)?;
        Ok(())
    })
}

fn next(found: Option<CounterRow>, key: &[u8], now: NaiveDateTime) -> (CounterRow, bool) {
    let mut row = found.unwrap_or_else(|| CounterRow {
        key_hash: key.to_vec(),
        failures: 0,
        locked_until: None,
        day_failures: 0,
        day_started: now,
        last_at: now,
    });
    if now - row.day_started >= Duration::hours(24) {
        row.day_started = now;
        row.day_failures = 0;
    }
    let locked = row.locked_until.is_some_and(|until| now < until);
    if locked || row.day_failures >= DAY_LIMIT {
        return (row, false);
    }
    row.failures += 1;
    row.day_failures += 1;
    row.last_at = now;
    if row.failures >= FREE {
        let doublings = u32::try_from(row.failures - FREE).unwrap_or(u32::MAX).min(6);
        row.locked_until = Some(now + Duration::minutes(15 * (1 << doublings)));
    }
    (row, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> NaiveDateTime {
        NaiveDateTime::default() + Duration::minutes(minutes)
    }

    #[test]
    fn five_tries_then_a_pause_that_doubles() {
        let mut row = None;
        for _ in 0..5 {
            let (next_row, open) = next(row, b"k", at(0));
            assert!(open);
            row = Some(next_row);
        }
        let (locked, open) = next(row, b"k", at(14));
        assert!(!open);
        let (again, open) = next(Some(locked), b"k", at(15));
        assert!(open, "the pause is over");
        let (still, open) = next(Some(again), b"k", at(44));
        assert!(!open, "the second pause is 30 minutes");
        assert!(next(Some(still), b"k", at(45)).1);
    }

    #[test]
    fn a_hundred_a_day_is_the_end_of_the_day() {
        let mut row = CounterRow {
            key_hash: vec![],
            failures: 0,
            locked_until: None,
            day_failures: 100,
            day_started: at(0),
            last_at: at(0),
        };
        assert!(!next(Some(row.clone()), b"k", at(23 * 60)).1);
        row.locked_until = None;
        assert!(next(Some(row), b"k", at(24 * 60)).1);
    }
}
