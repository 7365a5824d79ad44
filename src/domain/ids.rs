//! Ids: 63 bits, made by the application, ordered by time, known before the
//! insert (so that they can be bound into ciphertext). An id is never authority.

use std::sync::atomic::{AtomicI64, Ordering};

/// Makes ids. One per process; two processes differ by the random part.
///
/// Layout: 42 bits of milliseconds since 2020-01-01, 21 bits that start at
/// random for each millisecond and count up. Within one source ids only grow.
#[derive(Debug)]
pub struct IdSource {
    last: AtomicI64,
}

/// 2020-01-01T00:00:00Z in milliseconds of the Unix epoch.
const EPOCH_MS: i64 = 1_577_836_800_000;
const SEQUENCE_BITS: u32 = 21;

impl IdSource {
    /// A source whose first id lies after `now_ms` (Unix milliseconds);
    /// `noise` fills the lower bits.
    #[must_use]
    pub fn new(now_ms: i64, noise: u32) -> IdSource {
        let sequence = i64::from(noise) & ((1 << SEQUENCE_BITS) - 1);
        let start = ((now_ms - EPOCH_MS).max(1) << SEQUENCE_BITS) | sequence;
        IdSource { last: AtomicI64::new(start) }
    }

    /// The next id.
    pub fn next_id(&self) -> i64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_are_positive() {
        let ids = IdSource::new(EPOCH_MS + 217_000_000_000, u32::MAX);
        let (first, second) = (ids.next_id(), ids.next_id());
        assert!(first > 0 && second == first + 1);
    }
}
