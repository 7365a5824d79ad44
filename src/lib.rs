//! Mingce 名册: the population and welfare registry of a sub-district office.
//!
//! Layers, outside in: {`web`, `api`, `jobs`, `cli`} → `services` → `store` → `domain`. Nothing points
//! the other way: `domain` is pure, `store` holds all of diesel, a function in
//! `services` is one use case (one transaction, one permission, one audit
//! entry), and the front ends only parse and render.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod http;
pub mod jobs;
pub mod services;
pub mod store;
pub mod web;
