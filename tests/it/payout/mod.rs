//! The payout through the real store and services, on both backends.

mod cases;
mod children;
mod flow;
mod invariants;
mod streets;
pub mod world;
