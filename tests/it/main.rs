//! The one test binary. `harness` gives every test a fresh registry on the
//! backend it asks for.

mod harness;
mod migrations;
mod store;
