//! The payout through the real store and services, on both backends.

mod cases;
pub mod world;
