//! Reports on screen, on paper and as files: the month's table, rosters, the
//! annual figures, what may be published; and drawings of the money.

mod annual;
pub mod chart;
mod dashboard;
pub(super) mod download;
mod monthly;
mod population;
mod trend;

use crate::domain::role::Permission as P;
use crate::http::{Access, Routes};

/// Registers them.
pub fn routes(routes: &mut Routes) {
    let read = Access::Needs(P::ReadReport);
    routes.get("/reports/monthly", read, monthly::show);
    routes.get("/reports/notice", read, monthly::notice);
    routes.get("/reports/roll", read, monthly::roll);
    routes.get("/reports/annual", read, annual::show);
    routes.get("/reports/annual/rows", read, annual::rows);
    let masked = Access::Needs(P::ExportMasked);
    routes.post("/reports/download", masked, download::send);
    routes.get("/reports/population", masked, population::show);
    routes.get("/reports/population/rows", masked, population::rows);
    routes.post("/reports/population/download", masked, population::download);
    routes.get("/dashboards", read, dashboard::show);
}
