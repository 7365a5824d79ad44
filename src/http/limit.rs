//! Token buckets per network address (SEC-011).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Instant;

/// Addresses remembered at a time; the fullest buckets are forgotten first.
const CAPACITY: usize = 20_000;

/// One bucket per IPv4 address or IPv6 /64.
#[derive(Debug)]
pub struct Buckets {
    per_minute: u32,
    burst: u32,
    /// Milli-tokens left and when they were counted.
    left: Mutex<HashMap<IpAddr, (u64, Instant)>>,
}

impl Buckets {
    /// `burst` at once, `per_minute` in the long run.
    #[must_use]
    pub fn new(per_minute: u32, burst: u32) -> Buckets {
        Buckets { per_minute, burst, left: Mutex::new(HashMap::new()) }
    }

    /// Takes one token; or says how many seconds to wait.
    ///
    /// # Errors
    /// Seconds until there is one.
    pub fn take(&self, address: IpAddr, now: Instant) -> Result<(), u32> {
        let full = u64::from(self.burst) * 1000;
        let key = network(address);
        let Ok(mut left) = self.left.lock() else { return Ok(()) };
        if left.len() >= CAPACITY {
            left.retain(|_, (tokens, at)| {
                refill(*tokens, now.saturating_duration_since(*at), self.per_minute, full) < full
            });
        }
        let (tokens, at) = left.get(&key).copied().unwrap_or((full, now));
        let tokens = refill(tokens, now.saturating_duration_since(at), self.per_minute, full);
        if tokens < 1000 {
            left.insert(key, (tokens, now));
            let missing = 1000 - tokens;
            let per_second = (u64::from(self.per_minute) * 1000 / 60).max(1);
            return Err(u32::try_from(missing.div_ceil(per_second)).unwrap_or(60).max(1));
        }
        left.insert(key, (tokens - 1000, now));
        Ok(())
    }
}

fn refill(tokens: u64, passed: std::time::Duration, per_minute: u32, full: u64) -> u64 {
    let passed_ms = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
    let fresh = passed_ms.saturating_mul(u64::from(per_minute)) / 60;
    tokens.saturating_add(fresh).min(full)
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => {
            let kept = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(kept.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_and_then_one_every_two_seconds() {
        let buckets = Buckets::new(30, 20);
        let start = Instant::now();
        let here: IpAddr = "192.0.2.1".parse().expect("an address");
        let there: IpAddr = "192.0.2.2".parse().expect("an address");
        for _ in 0..20 {
            assert_eq!(buckets.take(here, start), Ok(()));
        }
        assert_eq!(buckets.take(here, start), Err(2));
        assert_eq!(buckets.take(there, start), Ok(()));
        assert_eq!(buckets.take(here, start + Duration::from_secs(2)), Ok(()));
        assert!(buckets.take(here, start + Duration::from_secs(2)).is_err());
    }

    #[test]
    fn one_bucket_for_a_whole_ipv6_network() {
        let buckets = Buckets::new(30, 1);
        let start = Instant::now();
        let one: IpAddr = "2001:db8::1".parse().expect("an address");
        let two: IpAddr = "2001:db8::2".parse().expect("an address");
        assert!(buckets.take(one, start).is_ok());
        assert!(buckets.take(two, start).is_err());
    }
}
