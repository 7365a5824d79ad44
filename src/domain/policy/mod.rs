//! Policies: dated rates and rules as data, and the one evaluator.
//!
//! ```text
//! TOML ──parse──▶ Policy ──rates(month, known)──▶ Rates ─┐
//! UnitFacts ──resolve(month, known)──▶ UnitAt ───────────┴─evaluate──▶ Outcome { dues }
//! ```
//!
//! A unit 核算单元 is everybody whose dues can depend on each other (all who
//! were ever in one assistance household). [`UnitFacts`] holds its dated facts,
//! [`resolve`] reduces them to one month as known at one date ([`UnitAt`], which
//! is also the `inputs` of a payout line), [`evaluate`] works out what is due.
//! The explanation is a type parameter ([`Trace`]) whose no-op compiles away:
//! what pays and what explains is the same code.
//!
//! How to read and write a policy file: `docs/POLICY.md`.

mod amount;
mod cases;
mod compile;
mod evaluate;
mod explain;
mod facts;
pub mod file;
mod model;
mod plain;
mod predicate;
mod rates;
mod resolve;
mod trace;

pub use cases::{CaseFigure, CaseResult, run_cases};
pub use evaluate::{Due, NO_TIER, Outcome, Reason, evaluate, evaluate_quarter};
pub use explain::{Explanation, explain};
pub use facts::{
    AwardRow, CertificateRow, Codes, DecisionRow, EventKind, EventRow, FactKey, FactRow,
    HouseholdIx, MembershipRow, NOBODY, OPEN, PersonIx, PersonRow, UnitFacts, category_bit,
};
pub use file::{Block, Period, Restricted, StartRule, StopRule};
pub use model::{
    Policy, PolicyError, Program, Settings, Standard, StandardValue, TemporaryLimits, Tier,
};
pub use plain::{PlainPay, PlainProgram, Sentence};
pub use rates::Rates;
pub use resolve::{
    AwardAt, BlobError, GraceAt, PersonAt, UnitAt, decode_inputs, encode_inputs, resolve,
};
pub use trace::{NoTrace, Step, Steps, Trace};

#[cfg(test)]
mod tests;
