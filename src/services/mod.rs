//! Use cases: one function = one transaction = one permission = one audit
//! entry. The permission is in the signature ([`Authorized`]), so forgetting
//! it does not compile.

pub mod access;
pub mod account;
pub mod area;
pub mod area_history;
pub mod area_plan;
pub mod audit_search;
pub mod auth;
pub mod award;
pub mod backup;
pub mod certificate;
pub mod change;
pub mod demo;
pub mod directory;
pub mod event;
pub mod export;
pub mod fact;
pub mod guardian;
pub mod household;
pub mod import;
pub mod index_keys;
pub mod job;
pub mod keys;
pub mod once;
pub mod overview;
pub mod payout;
pub mod policy;
pub mod protection;
mod record;
pub mod report;
pub mod resident;
pub mod reveal_stats;
pub mod review;
pub mod status;
pub mod temp_case;
pub mod user;
pub mod verify;
pub mod view_log;
pub mod visit;

pub use auth::{Actor, Authorized, Scope};
