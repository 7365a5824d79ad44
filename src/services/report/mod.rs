//! Reports: the month's table, rosters, and the figures of the annual report.
//!
//! Reading only, except that closing a month stores its table.

pub mod document;
pub mod export;
pub mod lines;
pub mod month;
pub mod month_table;
mod notice;
pub mod people;
pub mod population;
mod population_table;
pub mod programs;
pub mod public_table;
pub mod reasons;
pub mod register;
pub mod render;
pub mod roster;
pub mod rows;
pub mod taken;
pub mod year;
pub mod year_table;

pub use export::{Exported, ReportKind, Shown, export_report, show_report};
pub(in crate::services) use month::{block_of, whole_street};
pub use month::{close_month_summary, month_summary, stored_summary, summarize};
pub use notice::{NoticeQuery, may_be_posted, write_notice};
pub use population::{
    PopulationCell, PopulationQuery, PopulationTable, Wanted, population, population_rows,
};
pub use population_table::{export_population, write_people, write_population};
pub use roster::{RosterQuery, RosterRight, write_roster};
pub use rows::annual_rows;
pub use year::{AnnualQuery, annual};
