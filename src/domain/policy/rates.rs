//! Standards as they hold for a month and were known at a date.

use chrono::NaiveDate;

use super::model::{Policy, ShareId, StandardValue};
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// Every amount that a month needs, worked out once per run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// The month they hold for.
    pub month: Month,
    /// The day of knowledge.
    pub known_on: NaiveDate,
    standards: Vec<Fen>,
    shares: Vec<Fen>,
}

impl Rates {
    /// The standard; zero if none is known for the month.
    #[must_use]
    pub fn standard(&self, index: u16) -> Fen {
        self.standards.get(usize::from(index)).copied().unwrap_or_default()
    }

    pub(crate) fn share(&self, id: ShareId) -> Fen {
        self.shares.get(usize::from(id.0)).copied().unwrap_or_default()
    }
}

impl Policy {
    /// The standard's value for `month` as known at `known_on`: among the values
    /// that begin at or before the month and were decided by then, the one that
    /// begins last (of two with the same beginning, the one decided last).
    #[must_use]
    pub fn standard_value(&self, index: u16, month: Month, known_on: NaiveDate) -> Option<Fen> {
        let standard = self.standards.get(usize::from(index))?;
        let known = |v: &&StandardValue| v.from <= month && v.decided_on <= known_on;
        standard.values.iter().rfind(known).map(|v| v.amount)
    }

    /// All standards and shares for `month` as known at `known_on`.
    #[must_use]
    pub fn rates(&self, month: Month, known_on: NaiveDate) -> Rates {
        let standards: Vec<Fen> = (0..self.standards.len())
            .map(|at| {
                let index = u16::try_from(at).unwrap_or(u16::MAX);
                self.standard_value(index, month, known_on).unwrap_or_default()
            })
            .collect();
        let shares = self
            .shares
            .iter()
            .map(|share| {
                let whole = standards.get(usize::from(share.standard)).copied().unwrap_or_default();
                share.rounding.apply(i128::from(whole.0) * i128::from(share.percent), 100)
            })
            .collect();
        Rates { month, known_on, standards, shares }
    }

    /// The months from `first` to `last` for which a standard that the program
    /// depends on (all standards if `program` is `None`) differs between two
    /// days of knowledge. A run asks this with the previous cut-off and its own
    /// to learn which earlier months it must evaluate again for everybody.
    #[must_use]
    pub fn changed_months(
        &self,
        program: Option<u16>,
        known_before: NaiveDate,
        known_now: NaiveDate,
        first: Month,
        last: Month,
    ) -> Vec<Month> {
        let mask = match program {
            Some(index) => self.program(index).map_or(0, |p| p.standards),
            None => u64::MAX,
        };
        let differs = |month: Month| {
            (0..self.standards.len()).any(|at| {
                let index = u16::try_from(at).unwrap_or(u16::MAX);
                mask & (1_u64 << (at & 63)) != 0
                    && self.standard_value(index, month, known_before)
                        != self.standard_value(index, month, known_now)
            })
        };
        first.to(last).filter(|month| differs(*month)).collect()
    }
}
