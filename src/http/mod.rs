//! Shared by pages and API: who asks, whether they may, what they sent, and
//! what they are told when it goes wrong. Nothing here decides a rule of the
//! trade.

pub mod address;
pub mod body;
pub mod carried;
pub mod cookie;
pub mod csrf;
pub mod edge;
pub mod fault;
pub mod form;
pub mod gate;
pub mod json;
pub mod keyed;
pub mod limit;
pub mod metrics;
pub mod path;
pub mod permit;
pub mod route;
pub mod settings;
pub mod state;
pub mod upload;

pub use fault::{Fault, Outcome};
pub use form::{Fields, Form, FromFields, Query};
pub use json::Json;
pub use path::Path;
pub use permit::{Allowed, SignedIn};
pub use route::{Access, Routes};
pub use settings::Settings;
pub use state::AppState;
pub use upload::Upload;
