//! Password hashes: argon2id, one PHC string per account (SEC-001 … SEC-003).

use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::domain::password;
use crate::error::{AppError, AppResult, ErrorCode};

/// What a hash costs: memory in KiB, passes, lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// A hash with dearer parameters than these was planted to exhaust memory.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 10;

/// Hashes at a time in this process, whoever asks: each takes 64 MiB (SEC-002).
/// The service queues in front of it; commands and libraries wait here.
const AT_A_TIME: usize = 2;

static UNDER_WAY: Mutex<usize> = Mutex::new(0);
static DONE: Condvar = Condvar::new();

/// A place among those that hash; free again when it goes.
struct Place;

impl Place {
    /// Waits for one. A thread that died while hashing freed its own.
    fn take() -> Place {
        let count = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let mut count = DONE
            .wait_while(count, |count| *count >= AT_A_TIME)
            .unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        DONE.notify_one();
    }
}

/// Verified against when there is no such user, so that an unknown name costs
/// the same time as a wrong password. Nobody knows its password: the tag is
/// not the hash of anything that was chosen.
const DUMMY: &str = "$argon2id$v=19$m=65536,t=3,p=1$bWluZ2NlLm5vLm9uZS4uLg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl PasswordCost {
    /// Production: 64 MiB, 3 passes (SEC-001).
    pub const STANDARD: PasswordCost = PasswordCost { memory_kib: 65_536, passes: 3, lanes: 1 };
    /// The least that OWASP ASVS 5.0 accepts (appendix C): demo and tests.
    pub const FLOOR: PasswordCost = PasswordCost { memory_kib: 19_456, passes: 2, lanes: 1 };

    fn params(self) -> Result<Params, argon2::Error> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
    }

    fn is_below(self, other: PasswordCost) -> bool {
        self.memory_kib < other.memory_kib || self.passes < other.passes
    }
}

/// Hashes a password with a salt of its own (16 bytes).
///
/// # Errors
/// The system has no memory or no randomness for it.
pub(super) fn hash(plain: &str, cost: PasswordCost) -> AppResult<String> {
    let params = cost.params().map_err(|error| hashing_failed(&error))?;
    let _place = Place::take();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password::normalised(plain).as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| hashing_failed(&error))
}

/// Whether the password fits. Without a stored hash it takes as long and says no.
pub(super) fn verify(plain: &str, stored: Option<&str>) -> bool {
    let fits = stored.and_then(parse);
    let known = fits.is_some();
    let Some(hash) = fits.or_else(|| parse(DUMMY)) else { return false };
    let _place = Place::take();
    let outcome = Argon2::default().verify_password(password::normalised(plain).as_bytes(), &hash);
    known && outcome.is_ok()
}

/// Whether a stored hash is cheaper than `cost` and should be made anew.
pub(super) fn is_outdated(stored: &str, cost: PasswordCost) -> bool {
    parse(stored).and_then(|hash| cost_of(&hash)).is_none_or(|old| old.is_below(cost))
}

/// Reads a PHC string; parameters outside the caps count as unreadable.
fn parse(stored: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(stored).ok()?;
    let cost = cost_of(&hash)?;
    (hash.algorithm.as_str() == "argon2id"
        && cost.memory_kib <= MAX_MEMORY_KIB
        && cost.passes <= MAX_PASSES
        && cost.lanes <= 4)
        .then_some(hash)
}

fn cost_of(hash: &PasswordHash) -> Option<PasswordCost> {
    let params = Params::try_from(hash).ok()?;
    Some(PasswordCost {
        memory_kib: params.m_cost(),
        passes: params.t_cost(),
        lanes: params.p_cost(),
    })
}

fn hashing_failed(error: &dyn std::fmt::Display) -> AppError {
    AppError::coded(
        ErrorCode::System,
        format!("无法计算密码散列:{error}"),
        format!("The password could not be hashed: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_only() {
        let stored = hash("kx7vTrq9wz!d", PasswordCost::FLOOR).expect("hashed");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("kx7vTrq9wz!d", Some(&stored)));
        assert!(!verify("kx7vTrq9wz!e", Some(&stored)));
        assert!(is_outdated(&stored, PasswordCost::STANDARD));
        assert!(!is_outdated(&stored, PasswordCost::FLOOR));
        let other = hash("kx7vTrq9wz!d", PasswordCost::FLOOR).expect("hashed");
        assert_ne!(stored, other, "each hash has its own salt");
    }

    #[test]
    fn no_more_than_two_hash_at_a_time() {
        let most = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for _ in 0..12 {
                threads.spawn(|| {
                    let place = Place::take();
                    let now = *UNDER_WAY.lock().expect("the count");
                    most.fetch_max(now, std::sync::atomic::Ordering::Relaxed);
                    std::thread::sleep(std::time::Duration::from_millis(5));
                    drop(place);
                });
            }
        });
        let most = most.into_inner();
        assert!((1..=AT_A_TIME).contains(&most), "{most}");
    }

    #[test]
    fn the_dummy_is_a_real_hash_of_production_cost() {
        let dummy = PasswordHash::new(DUMMY).expect("a PHC string");
        assert_eq!(cost_of(&dummy), Some(PasswordCost::STANDARD));
        assert!(!verify("", None));
    }

    #[test]
    fn a_planted_hash_cannot_exhaust_memory() {
        let planted = DUMMY.replace("m=65536", "m=4194304");
        assert!(parse(&planted).is_none());
        assert!(!verify("anything", Some(&planted)));
    }
}
