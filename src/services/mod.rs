//! Use cases: one function = one transaction = one permission = one audit
//! entry. The permission is in the signature ([`Authorized`]), so forgetting
//! it does not compile.

pub mod area;
pub mod auth;
pub mod household;
mod record;
pub mod report;
pub mod resident;

pub use auth::{Actor, Authorized, Scope};
