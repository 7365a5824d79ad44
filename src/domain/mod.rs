//! The rules of the trade, pure: no IO, no queries, no clock, no randomness.
//!
//! Everything here can be read by an auditor without knowing the database or
//! the web. Of diesel only the derives that say how a value is stored appear;
//! their implementations live in `store/`.

pub mod ids;
pub mod money;
pub mod month;
