//! Reports: the month's table, rosters, and the figures of the annual report.
//!
//! Reading only, except that closing a month stores its table.

pub mod document;
pub mod month_table;
pub mod render;
