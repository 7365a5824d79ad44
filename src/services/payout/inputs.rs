//! What a line's amount was worked out from, as it is sealed into the line.
//!
//! A compact frame around the evaluator's own inputs: one unit at a month (or
//! the three months of a quarter), and what the ledger knew. `explain` works
//! the amount out again from this and nothing else.

use chrono::{Datelike, NaiveDate};

use crate::domain::money::Fen;
use crate::domain::policy::{UnitAt, decode_inputs};

/// Binds the sealed inputs to their field.
pub(crate) const FIELD: &str = crate::store::line::INPUTS;

/// Decoded inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineInputs {
    /// Imported as opening: nothing was computed.
    Opening,
    /// due − settled.
    Due {
        /// What earlier runs had posted and waived for the month.
        settled: Fen,
        /// Day of knowledge of the standards by which a waiver is told from a
        /// claim: the previous run's cut-off.
        rates_then: Option<NaiveDate>,
        /// The unit at the month, or at the months of the quarter.
        units: Vec<UnitAt>,
    },
    /// Parts of claims taken from this payment.
    Recovery {
        /// The regular amount of the month.
        regular: Fen,
        /// Claim, cap in percent, balance before, part taken.
        parts: Vec<RecoveryPart>,
    },
}

/// One claim's part of a deduction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecoveryPart {
    /// The claim.
    pub claim: i64,
    /// Cap in percent.
    pub cap_percent: u32,
    /// Balance before.
    pub balance: Fen,
    /// What is taken; positive.
    pub part: Fen,
}

/// The inputs do not have the form that this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

const OPENING: u8 = 0;
const DUE: u8 = 1;
const RECOVERY: u8 = 2;

/// Inputs of an opening line.
pub(crate) fn opening() -> Vec<u8> {
    vec![OPENING]
}

/// Inputs of a due; `units` is what `policy::encode_inputs` wrote.
pub(crate) fn due(settled: Fen, rates_then: Option<NaiveDate>, units: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(13 + units.len());
    bytes.push(DUE);
    bytes.extend_from_slice(&settled.0.to_le_bytes());
    bytes.extend_from_slice(&rates_then.map_or(0, |d| d.num_days_from_ce()).to_le_bytes());
    bytes.extend_from_slice(units);
    bytes
}

/// Inputs of a deduction.
pub(crate) fn recovery(regular: Fen, parts: &[RecoveryPart]) -> Vec<u8> {
    let mut bytes = vec![RECOVERY];
    bytes.extend_from_slice(&regular.0.to_le_bytes());
    for part in parts {
        bytes.extend_from_slice(&part.claim.to_le_bytes());
        bytes.extend_from_slice(&part.cap_percent.to_le_bytes());
        bytes.extend_from_slice(&part.balance.0.to_le_bytes());
        bytes.extend_from_slice(&part.part.0.to_le_bytes());
    }
    bytes
}

/// Reads a frame.
///
/// # Errors
/// [`Malformed`].
pub fn decode(bytes: &[u8]) -> Result<LineInputs, Malformed> {
    let (kind, mut rest) = bytes.split_first().ok_or(Malformed)?;
    match *kind {
        OPENING => Ok(LineInputs::Opening),
        DUE => {
            let settled = Fen(i64::from_le_bytes(take(&mut rest)?));
            let days = i32::from_le_bytes(take(&mut rest)?);
            let rates_then = NaiveDate::from_num_days_from_ce_opt(days).filter(|_| days != 0);
            let units = decode_inputs(rest).map_err(|_| Malformed)?;
            Ok(LineInputs::Due { settled, rates_then, units })
        }
        RECOVERY => {
            let regular = Fen(i64::from_le_bytes(take(&mut rest)?));
            let mut parts = Vec::new();
            while !rest.is_empty() {
                parts.push(RecoveryPart {
                    claim: i64::from_le_bytes(take(&mut rest)?),
                    cap_percent: u32::from_le_bytes(take(&mut rest)?),
                    balance: Fen(i64::from_le_bytes(take(&mut rest)?)),
                    part: Fen(i64::from_le_bytes(take(&mut rest)?)),
                });
            }
            Ok(LineInputs::Recovery { regular, parts })
        }
        _ => Err(Malformed),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Malformed> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or(Malformed)?;
    *rest = tail;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::encode_inputs;

    #[test]
    fn frames_read_back() {
        assert_eq!(decode(&opening()), Ok(LineInputs::Opening));
        let day = NaiveDate::from_ymd_opt(2023, 8, 15);
        let mut units = vec![UnitAt::default()];
        let mut blob = Vec::new();
        encode_inputs(&mut units, &mut blob);
        let framed = due(Fen(-4_800), day, &blob);
        let read = match decode(&framed) {
            Ok(LineInputs::Due { settled, rates_then, units }) => {
                (settled, rates_then, units.len())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(read, (Fen(-4_800), day, 1));
        assert_eq!(decode(&framed[..13]), Err(Malformed));
        let part = RecoveryPart { claim: 7, cap_percent: 30, balance: Fen(5), part: Fen(4) };
        let framed = recovery(Fen(71_600), &[part]);
        let inputs = LineInputs::Recovery { regular: Fen(71_600), parts: vec![part] };
        assert_eq!(decode(&framed), Ok(inputs));
        assert_eq!(decode(&framed[..12]), Err(Malformed));
        assert_eq!(decode(&[9]), Err(Malformed));
    }
}
