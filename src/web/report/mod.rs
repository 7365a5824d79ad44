//! Reports on screen: tables, figures, drawings.

pub mod chart;
