//! Standards as they hold for a month and were known at a date.

use chrono::NaiveDate;

use super::model::{Policy, ShareId, Standard, StandardValue};
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

impl Standard {
    /// The value that holds for `month` as known at `known_on`.
    #[must_use]
    pub fn value(&self, month: Month, known_on: NaiveDate) -> Option<&StandardValue> {
        self.values.iter().rfind(|v| v.from <= month && v.decided_on <= known_on)
    }
}

impl Policy {
    /// The standard's value for `month` as known at `known_on`: among the values
    /// that begin at or before the month and were decided by then, the one that
    /// begins last (of two with the same beginning, the one decided last).
    #[must_use]
    pub fn standard_value(&self, index: u16, month: Month, known_on: NaiveDate) -> Option<Fen> {
        self.standards.get(usize::from(index))?.value(month, known_on).map(|v| v.amount)
    }

    /// All standards and shares for `month` as known at `known_on`.
    #[must_use]
    pub fn rates(&self, month: Month, known_on: NaiveDate) -> Rates {
        self.rates_by(self, month, known_on)
    }

    /// As [`Policy::rates`], with the values that an older version of the policy
    /// held: a value that was entered late was not known then, whatever the day
    /// of its decision. A standard that the older version lacks has its own.
    #[must_use]
    pub fn rates_by(&self, older: &Policy, month: Month, known_on: NaiveDate) -> Rates {
        let standards: Vec<Fen> = (0_u16..)
            .zip(&self.standards)
            .map(|(index, standard)| {
                let value = match older.standard_index(&standard.code) {
                    Some(then) => older.standard_value(then, month, known_on),
                    None => self.standard_value(index, month, known_on),
                };
                value.unwrap_or_default()
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
        self.changed_months_since(self, program, (known_before, known_now), first, last)
    }

    /// As [`Policy::changed_months`], where the earlier run was made with an
    /// older version of the policy.
    #[must_use]
    pub fn changed_months_since(
        &self,
        older: &Policy,
        program: Option<u16>,
        (known_before, known_now): (NaiveDate, NaiveDate),
        first: Month,
        last: Month,
    ) -> Vec<Month> {
        let mask = match program {
            Some(index) => self.program(index).map_or(0, |p| p.standards),
            None => u64::MAX,
        };
        let differs = |month: Month| {
            let then = self.rates_by(older, month, known_before);
            let now = self.rates(month, known_now);
            then.standards
                .iter()
                .zip(&now.standards)
                .enumerate()
                .any(|(at, (then, now))| mask & (1_u64 << (at & 63)) != 0 && then != now)
        };
        first.to(last).filter(|month| differs(*month)).collect()
    }
}
