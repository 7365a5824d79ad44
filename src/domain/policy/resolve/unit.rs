//! A unit at a month, and its compact form.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::money::Fen;
use crate::domain::month::Month;

/// A person at a month, as known at a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonAt {
    /// Resident id.
    pub id: i64,
    /// Countable income a YEAR.
    pub income: Fen,
    /// Property.
    pub property: Fen,
    /// Bits of the facts that the policy tests.
    pub(crate) facts: u64,
    /// Month of birth (its number).
    pub birth: i32,
    /// Household in which the person is a counted member, or
    /// [`super::NOBODY`].
    pub household: u16,
    /// Bits of the disability categories, 0 without a certificate.
    pub categories: u8,
    /// Disability grade 1–4, 0 without a certificate.
    pub grade: u8,
    pub(crate) flags: u8,
}

/// The certificate is valid in the month.
pub(crate) const CERTIFIED: u8 = 1;
/// Dead, counted as such.
pub(crate) const DEAD: u8 = 2;
/// Dead, but a rise of the household's amount by it is not yet decided.
pub(crate) const PENDING: u8 = 4;
/// Moved to another street.
pub(crate) const AWAY: u8 = 8;

/// A grace period in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraceAt {
    /// First month of grace (its number).
    pub from: i32,
    /// Base of the last regular month, as known now.
    pub base: Fen,
}

/// An award in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardAt {
    /// Award id.
    pub id: i64,
    /// Resident, household or case id.
    pub beneficiary_id: i64,
    /// Amount in the decision, if it names one.
    pub decided: Option<Fen>,
    /// Program index.
    pub program: u16,
    /// The award's resident.
    pub person: u16,
    /// The award's household, or [`super::NOBODY`].
    pub household: u16,
    /// Single-person enrolment.
    pub single: bool,
    /// Grace period.
    pub grace: Option<GraceAt>,
}

/// A unit at a month as known at a date: all that the evaluator reads, and the
/// `inputs` of a payout line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitAt {
    /// Unit id.
    pub unit_id: i64,
    /// The month (its number).
    pub(super) month: i32,
    /// Day of knowledge, days of the common era.
    pub(super) known: i32,
    /// Some death is pending: two evaluations, the lower counts.
    pub(crate) pending: bool,
    /// People of the unit.
    pub persons: Vec<PersonAt>,
    /// Awards in force, in the order of the programs.
    pub awards: Vec<AwardAt>,
    /// First later month (its number) for which the facts must be resolved
    /// again.
    #[serde(skip)]
    pub(super) steady_until: i32,
}

/// The stored inputs of a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stored inputs cannot be read: they are damaged or from another version")]
pub struct BlobError;

/// First byte of a blob: its format.
const FORMAT: u8 = 1;

impl UnitAt {
    /// The month.
    #[must_use]
    pub fn month(&self) -> Month {
        Month::from_index(self.month)
    }

    /// The day of knowledge.
    #[must_use]
    pub fn known_on(&self) -> NaiveDate {
        NaiveDate::from_num_days_from_ce_opt(self.known).unwrap_or(NaiveDate::MIN)
    }

    /// First later month for which [`resolve`] must be called again; until then
    /// [`UnitAt::move_to`] is enough (with the same day of knowledge).
    #[must_use]
    pub fn steady_until(&self) -> Month {
        Month::from_index(self.steady_until)
    }

    /// Takes the same facts for another month before [`UnitAt::steady_until`].
    pub fn move_to(&mut self, month: Month) {
        self.month = month.index();
    }

    /// Index of an award in force.
    #[must_use]
    pub fn award_index(&self, award_id: i64) -> Option<u16> {
        u16::try_from(self.awards.iter().position(|a| a.id == award_id)?).ok()
    }

    fn shift_ids(&mut self, by: i64) {
        for person in &mut self.persons {
            person.id = person.id.wrapping_add(by);
        }
        for award in &mut self.awards {
            award.id = award.id.wrapping_add(by);
            award.beneficiary_id = award.beneficiary_id.wrapping_add(by);
        }
    }

    /// The facts change at `at`: if that lies ahead, they are steady only until
    /// then.
    pub(super) fn bound(&mut self, at: i32) {
        if at > self.month && at < self.steady_until {
            self.steady_until = at;
        }
    }
}

/// The compact form of a line's inputs: one unit at a month, or the three months
/// of a quarter. `buffer` is replaced; the units are the same afterwards. Ids
/// are written relative to the unit's.
pub fn encode_inputs(units: &mut [UnitAt], buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.push(FORMAT);
    for unit in units {
        unit.shift_ids(unit.unit_id.wrapping_neg());
        let bytes = postcard::to_extend(&*unit, std::mem::take(buffer));
        unit.shift_ids(unit.unit_id);
        // Writing plain integers into memory has no way to fail; an empty blob
        // would be refused by `decode_inputs`.
        *buffer = bytes.unwrap_or_default();
    }
}

/// Reads [`encode_inputs`]'s form.
///
/// # Errors
/// [`BlobError`] if it is damaged or of an unknown format.
pub fn decode_inputs(bytes: &[u8]) -> Result<Vec<UnitAt>, BlobError> {
    let (format, mut rest) = bytes.split_first().ok_or(BlobError)?;
    if *format != FORMAT || rest.is_empty() {
        return Err(BlobError);
    }
    let mut units = Vec::new();
    while !rest.is_empty() {
        let (mut unit, left) = postcard::take_from_bytes::<UnitAt>(rest).map_err(|_| BlobError)?;
        unit.shift_ids(unit.unit_id);
        unit.steady_until = unit.month + 1;
        units.push(unit);
        rest = left;
    }
    Ok(units)
}
