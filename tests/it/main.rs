//! The one test binary. `harness` gives every test a fresh registry on the
//! backend it asks for.

mod architecture;
mod harness;
mod migrations;
mod store;
