//! Use cases: one function = one transaction = one permission = one audit
//! entry. The permission is in the signature ([`Authorized`]), so forgetting
//! it does not compile.

pub mod auth;

pub use auth::{Actor, Authorized, Scope};
