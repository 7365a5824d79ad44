//! The one test binary. `harness` gives every test a fresh registry on the
//! backend it asks for.

mod architecture;
mod backup;
mod cli;
mod demo;
mod export;
mod faults;
mod harness;
mod http;
mod http_api;
mod http_jobs;
mod http_month;
mod http_sign_in;
mod import;
mod keys;
mod migrations;
mod payout;
mod registry_alone;
mod registry_awards;
mod registry_events;
mod registry_households;
mod registry_invariants;
mod registry_merge;
mod registry_office;
mod registry_privacy;
mod registry_registers;
mod registry_residents;
mod registry_second_person;
mod report;
mod store;
mod tls;
mod user;
mod verify;
mod web_import;
mod web_office;
mod web_registry;
