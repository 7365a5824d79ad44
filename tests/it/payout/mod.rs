//! The payout through the real store and services, on both backends.

mod cases;
mod flow;
pub mod world;
