//! The content hash of a run: what an approver approves and a closed month
//! keeps.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::money::Fen;
use super::month::Month;
use super::payout::LineKind;

/// What decides about a line's place in the content hash, and its digest.
///
/// Ids of lines and their encrypted inputs are left out: a draft that is made
/// again from the same facts has the same hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineDigest {
    beneficiary: i64,
    month: Month,
    kind: LineKind,
    digest: [u8; 32],
}

/// The fields of a line that its run's hash covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineContent<'a> {
    /// Who receives.
    pub beneficiary: i64,
    /// The award.
    pub award: i64,
    /// The month it is for.
    pub month: Month,
    /// What it is.
    pub kind: LineKind,
    /// Signed.
    pub amount: Fen,
    /// Without top-ups.
    pub base: Fen,
    /// Top-ups.
    pub supplement: Fen,
    /// People behind it.
    pub persons: i32,
    /// Community code.
    pub area: &'a str,
    /// Tier code.
    pub tier: Option<&'a str>,
    /// Reason code.
    pub reason: Option<&'a str>,
}

impl LineContent<'_> {
    /// The line's digest.
    #[must_use]
    pub fn digest(&self) -> LineDigest {
        let mut hash = Sha256::new();
        for number in [
            self.beneficiary,
            self.award,
            i64::from(self.month.index()),
            self.amount.0,
            self.base.0,
            self.supplement.0,
            i64::from(self.persons),
        ] {
            hash.update(number.to_be_bytes());
        }
        for text in
            [self.kind.code(), self.area, self.tier.unwrap_or(""), self.reason.unwrap_or("")]
        {
            hash.update(text.as_bytes());
            hash.update([0]);
        }
        LineDigest {
            beneficiary: self.beneficiary,
            month: self.month,
            kind: self.kind,
            digest: hash.finalize().into(),
        }
    }
}

/// SHA-256 over the program, the month and the digests of all lines in the
/// order beneficiary, month, kind.
#[must_use]
pub fn content_hash(program: &str, month: Month, lines: &mut [LineDigest]) -> [u8; 32] {
    lines.sort_unstable();
    let mut hash = HashInOrder::new(program, month);
    for line in lines.iter() {
        hash.add(line);
    }
    hash.finish()
}

/// The same hash for lines that arrive in order.
#[derive(Debug, Clone)]
pub struct HashInOrder(Sha256);

impl HashInOrder {
    /// Of a run of `program` for `month`.
    #[must_use]
    pub fn new(program: &str, month: Month) -> HashInOrder {
        let mut hash = Sha256::new();
        hash.update(program.as_bytes());
        hash.update([0]);
        hash.update(month.index().to_be_bytes());
        HashInOrder(hash)
    }

    /// The next line in the order beneficiary, month, kind.
    pub fn add(&mut self, line: &LineDigest) {
        self.0.update(line.digest);
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// As people compare it: the first 12 hexadecimal digits are enough to tell
/// two drafts apart, all 64 are stored.
#[must_use]
pub fn hash_text(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_depends_on_content_not_on_order() {
        let line = |beneficiary, amount| LineContent {
            beneficiary,
            award: 1,
            month: Month::from_index(24_284),
            kind: LineKind::Regular,
            amount: Fen(amount),
            base: Fen(amount),
            supplement: Fen::ZERO,
            persons: 1,
            area: "320899001001",
            tier: None,
            reason: None,
        };
        let month = Month::from_index(24_284);
        let mut one = [line(1, 100).digest(), line(2, 200).digest()];
        let mut two = [line(2, 200).digest(), line(1, 100).digest()];
        let mut other = [line(1, 100).digest(), line(2, 201).digest()];
        let hash = content_hash("dibao", month, &mut one);
        assert_eq!(hash, content_hash("dibao", month, &mut two));
        assert_ne!(hash, content_hash("dibao", month, &mut other));
        assert_ne!(hash, content_hash("care", month, &mut one));
    }
}
