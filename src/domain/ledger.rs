//! The ledger: what a run posts to a month, given what is due and what earlier
//! runs left there.
//!
//! ```text
//! due = posted + held + waived        posted = regular + arrears + claim
//! ```
//!
//! per program, beneficiary and month, at every close (`rulings.md` M5).
//! Claims and waivers are negative. Held amounts are those of the latest run.

use super::money::Fen;
use super::payout::LineKind;

/// What earlier runs left at one month of a beneficiary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Σ regular + arrears + claim of runs that are approved, paid or closed.
    pub posted: Fen,
    /// Σ waived of the same runs.
    pub waived: Fen,
}

impl Settled {
    /// Counts a line of an approved run.
    pub fn add(&mut self, kind: LineKind, amount: Fen) {
        match kind {
            LineKind::Regular | LineKind::Arrears | LineKind::Claim => self.posted += amount,
            LineKind::Waived => self.waived += amount,
            // Held is information of its run; a deduction moves the claim's
            // account, not the month.
            LineKind::Held | LineKind::Deduction => {}
        }
    }

    /// What needs no line any more.
    #[must_use]
    pub fn total(self) -> Fen {
        self.posted + self.waived
    }
}

/// One line that a run writes for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// What.
    pub kind: LineKind,
    /// Signed.
    pub amount: Fen,
}

/// What decides how a difference is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Situation {
    /// The run's own period (or a one-off that nobody posted yet): a payment is
    /// regular, not arrears.
    pub own_period: bool,
    /// 暂缓: due, not posted.
    pub held: bool,
    /// The policy pays no arrears to this closed award.
    pub closed: bool,
}

/// The lines for one month: none, one, or a claim and a waiver.
///
/// `due_at_rates_then` is what would be due by the facts as known now and the
/// standards as known at the previous run's cut-off: a change of a rate alone
/// never opens a claim (`rulings.md` M6), so only the part of a negative
/// difference that remains at those standards is claimed. It is asked only for
/// a negative difference.
pub fn settle(
    due: Fen,
    settled: Settled,
    situation: Situation,
    due_at_rates_then: impl FnOnce() -> Fen,
) -> [Option<Posting>; 2] {
    let difference = due - settled.total();
    let one = |kind, amount| [Some(Posting { kind, amount }), None];
    if difference == Fen::ZERO {
        return [None, None];
    }
    if situation.held {
        return one(LineKind::Held, difference);
    }
    if difference.is_positive() {
        let kind = match situation {
            Situation { own_period: true, .. } => LineKind::Regular,
            Situation { closed: true, .. } => LineKind::Waived,
            _ => LineKind::Arrears,
        };
        return one(kind, difference);
    }
    let by_facts = (due_at_rates_then() - settled.total()).min(Fen::ZERO);
    let claim = difference.max(by_facts);
    let waived = difference - claim;
    let line = |kind, amount: Fen| (amount != Fen::ZERO).then_some(Posting { kind, amount });
    [line(LineKind::Claim, claim), line(LineKind::Waived, waived)]
}

/// What a month's payment gives towards a claim: at most `cap_percent` of the
/// regular amount, rounded down to whole yuan, at most the balance, never more
/// than the payment (`domain.md` §9.6, W12).
#[must_use]
pub fn deduction(regular: Fen, cap_percent: u32, balance: Fen) -> Fen {
    if !regular.is_positive() || !balance.is_positive() {
        return Fen::ZERO;
    }
    let percent = i64::from(cap_percent.min(100));
    let cap = regular.0.saturating_mul(percent) / 100 / 100 * 100;
    Fen(cap.min(balance.0).min(regular.0))
}

/// How a correction of posted money splits: money that never arrived is only
/// taken back in the books, the rest is claimed (`rulings.md` M1).
/// `negative` is the line's amount, `unpaid` what the bank returned and nobody
/// sent again. Returns `(claimed, cancelled)`, both positive.
#[must_use]
pub fn claimable(negative: Fen, unpaid: Fen) -> (Fen, Fen) {
    let owed = -negative;
    let cancelled = owed.min(unpaid).max(Fen::ZERO);
    (owed - cancelled, cancelled)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settled(posted: i64, waived: i64) -> Settled {
        Settled { posted: Fen(posted), waived: Fen(waived) }
    }

    fn amounts(postings: [Option<Posting>; 2]) -> Vec<(LineKind, i64)> {
        postings.into_iter().flatten().map(|p| (p.kind, p.amount.0)).collect()
    }

    #[test]
    fn w09b_a_rate_alone_is_waived() {
        // Child: 1,000.00 due at the new standard, 1,048.00 posted at the old.
        let lines =
            settle(Fen(100_000), settled(104_800, 0), Situation::default(), || Fen(104_800));
        assert_eq!(amounts(lines), vec![(LineKind::Waived, -4_800)]);
        // Once waived, nothing is left to do.
        let again =
            settle(Fen(100_000), settled(104_800, -4_800), Situation::default(), || Fen(100_000));
        assert_eq!(amounts(again), vec![]);
    }

    #[test]
    fn a_mixed_difference_is_split() {
        // Facts alone lower it by 300, the rate by another 48.
        let lines = settle(Fen(70_000), settled(104_800, 0), Situation::default(), || Fen(74_800));
        assert_eq!(amounts(lines), vec![(LineKind::Claim, -30_000), (LineKind::Waived, -4_800)]);
        // The rate rose, the facts fell by more: never claim more than is missing.
        let lines = settle(Fen(90_000), settled(100_000, 0), Situation::default(), || Fen(80_000));
        assert_eq!(amounts(lines), vec![(LineKind::Claim, -10_000)]);
    }

    #[test]
    fn w12_recovery_by_instalments() {
        let mut balance = Fen(200_000);
        let mut paid = Vec::new();
        while balance.is_positive() {
            let part = deduction(Fen(71_600), 30, balance);
            paid.push(part.0);
            balance = balance - part;
        }
        assert_eq!(paid[..9], [21_400; 9]);
        assert_eq!(paid[9..], [7_400]);
        assert_eq!(Fen(200_000) - Fen(4 * 21_400), Fen(114_400));
        assert_eq!(deduction(Fen(200), 30, Fen(100)), Fen::ZERO);
        assert_eq!(deduction(Fen(71_600), 250, Fen(900_000)), Fen(71_600));
    }

    #[test]
    fn only_money_that_arrived_is_claimed() {
        assert_eq!(claimable(Fen(-80_800), Fen::ZERO), (Fen(80_800), Fen::ZERO));
        assert_eq!(claimable(Fen(-80_800), Fen(80_800)), (Fen::ZERO, Fen(80_800)));
        assert_eq!(claimable(Fen(-10_000), Fen(80_800)), (Fen::ZERO, Fen(10_000)));
    }

    proptest! {
        /// For any sequence of dues, old-rate dues, holds and closures the
        /// invariant M5 holds after every run, and a second run adds nothing.
        #[test]
        fn due_is_posted_and_held_and_waived(
            steps in prop::collection::vec(
                (0_i64..500_000, 0_i64..500_000, any::<bool>(), any::<bool>(), any::<bool>()), 1..12)
        ) {
            let mut settled = Settled::default();
            for (due, due_then, held, closed, own_period) in steps {
                let situation = Situation { own_period, held, closed };
                let lines = settle(Fen(due), settled, situation, || Fen(due_then));
                let mut held_sum = Fen::ZERO;
                for posting in lines.into_iter().flatten() {
                    prop_assert!(posting.amount != Fen::ZERO);
                    prop_assert!(posting.kind != LineKind::Claim || !posting.amount.is_positive());
                    settled.add(posting.kind, posting.amount);
                    if posting.kind == LineKind::Held {
                        held_sum += posting.amount;
                    }
                }
                prop_assert_eq!(Fen(due), settled.total() + held_sum);
                if !held {
                    prop_assert_eq!(settle(Fen(due), settled, situation, || Fen(due_then)), [None, None]);
                }
            }
        }

        #[test]
        fn a_deduction_never_takes_more_than_there_is(
            regular in -100_i64..1_000_000, cap in 0_u32..200, balance in -100_i64..1_000_000
        ) {
            let part = deduction(Fen(regular), cap, Fen(balance));
            prop_assert!(part >= Fen::ZERO && part.0 <= regular.max(0) && part.0 <= balance.max(0));
        }
    }
}
