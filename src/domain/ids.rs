//! Ids: 63 bits, made by the application, ordered by time, known before the
//! insert (so that they can be bound into ciphertext). An id is never authority.

use std::sync::atomic::{AtomicI64, Ordering};

/// Makes ids. One per process; two processes differ by the random part.
///
/// Layout: 42 bits of milliseconds since 2020-01-01, 21 bits that begin at a
/// number of the process's own and count up. Ids follow the time, so that what
/// one process writes after another has the greater id (the marks of `recheck`
/// are read by that order); within one source they only grow, whatever the clock
/// does.
#[derive(Debug)]
pub struct IdSource {
    last: AtomicI64,
    noise: i64,
}

/// 2020-01-01T00:00:00Z in milliseconds of the Unix epoch.
const EPOCH_MS: i64 = 1_577_836_800_000;
const SEQUENCE_BITS: u32 = 21;

impl IdSource {
    /// A source whose ids lie after `now_ms` (Unix milliseconds); `noise` tells
    /// this process from others.
    #[must_use]
    pub fn new(now_ms: i64, noise: u32) -> IdSource {
        // Half of the range stays free to count in.
        let noise = i64::from(noise) & ((1 << (SEQUENCE_BITS - 1)) - 1);
        let source = IdSource { last: AtomicI64::new(0), noise };
        source.last.store(source.floor(now_ms), Ordering::Relaxed);
        source
    }

    fn floor(&self, now_ms: i64) -> i64 {
        ((now_ms - EPOCH_MS).max(1) << SEQUENCE_BITS) | self.noise
    }

    /// The next id at `now_ms` (Unix milliseconds).
    pub fn next_id(&self, now_ms: i64) -> i64 {
        let floor = self.floor(now_ms);
        let next = |last: i64| Some(last.max(floor) + 1);
        match self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
            Ok(before) | Err(before) => before.max(floor) + 1,
        }
    }
}

/// Declares an id type of its own, so that a household's id cannot be passed
/// where a resident's is wanted.
macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

typed_id! {
    /// A person as one street knows them.
    ResidentId,
    /// A 户籍户, 居住户 or 救助家庭.
    HouseholdId,
    /// 核算单元: everybody whose benefits can depend on each other.
    UnitId,
    /// Who receives: a person, a household or a case (`rulings.md` M8).
    BeneficiaryId,
    /// A beneficiary's award of one program.
    AwardId,
    /// One street × program × month.
    RunId,
    /// One line of a run.
    LineId,
    /// Money that is owed back.
    ClaimId,
}

/// A number of the program's own for a record that people number themselves:
/// letters only, so that it never looks like a person's.
#[must_use]
pub fn lettered(prefix: char, id: i64) -> String {
    let letter = |c: char| c.to_digit(16).and_then(|d| char::from_u32(u32::from('A') + d));
    format!("{prefix}{id:x}").chars().map(|c| letter(c).unwrap_or(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_with_the_time_and_when_it_stands_still() {
        let now = EPOCH_MS + 217_000_000_000;
        let ids = IdSource::new(now, u32::MAX);
        let (first, second) = (ids.next_id(now), ids.next_id(now));
        assert!(first > 0 && second == first + 1);
        assert_eq!(ids.next_id(now - 5_000), second + 1);
        // A process that started earlier makes greater ids later on.
        let other = IdSource::new(now + 1, 0);
        let theirs = other.next_id(now + 1);
        assert!(theirs > second && ids.next_id(now + 2) > theirs);
    }
}
