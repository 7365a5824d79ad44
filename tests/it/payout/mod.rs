//! The payout through the real store and services, on both backends.

mod cases;
mod flow;
mod invariants;
pub mod world;
