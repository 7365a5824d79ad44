//! Counts for the start pages, within a scope.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::Db;
use super::db::SumFen;
use super::schema::{area, chain_head, household, meta, resident, run};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::scope::Scope;

/// Open households per area of the scope.
///
/// # Errors
/// The database failed.
pub fn count_households(conn: &mut Db, scope: &Scope) -> QueryResult<Vec<(String, i64)>> {
    let mut query = household::table
        .filter(household::street_code.eq(scope.street_code()).and(household::closed_on.is_null()))
        .group_by(household::area_code)
        .select((household::area_code, count_star()))
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(household::area_code.eq_any(areas.to_vec()));
    }
    query.load(conn)
}

/// Present residents per area of the scope.
///
/// # Errors
/// The database failed.
pub fn count_residents(conn: &mut Db, scope: &Scope) -> QueryResult<Vec<(String, i64)>> {
    let mut query = resident::table
        .filter(resident::street_code.eq(scope.street_code()).and(resident::status.eq("active")))
        .group_by(resident::area_code)
        .select((resident::area_code, count_star()))
        .into_boxed();
    if let Some(areas) = scope.area_codes() {
        query = query.filter(resident::area_code.eq_any(areas.to_vec()));
    }
    query.load(conn)
}

/// Names of areas.
///
/// # Errors
/// The database failed.
pub fn list_area_names(conn: &mut Db, codes: &[String]) -> QueryResult<Vec<(String, String)>> {
    area::table
        .filter(area::code.eq_any(codes))
        .order(area::code)
        .select((area::code, area::name))
        .load(conn)
}

/// One run on a start page.
#[derive(Debug, Clone, Queryable)]
pub struct RunPart {
    /// Id.
    pub id: i64,
    /// Code of the program.
    pub program: String,
    /// Month.
    pub month: Month,
    /// State.
    pub state: String,
    /// Lines.
    pub line_count: i32,
    /// Regular amounts.
    pub regular_fen: Fen,
    /// Arrears.
    pub arrears_fen: Fen,
    /// Who drafted it.
    pub drafted_by: String,
    /// When it was submitted.
    pub submitted_at: Option<chrono::NaiveDateTime>,
    /// Who submitted it.
    pub submitted_by: Option<String>,
}

/// Runs of a month that are not void, by program.
///
/// # Errors
/// The database failed.
pub fn list_runs(conn: &mut Db, street: &str, month: Month) -> QueryResult<Vec<RunPart>> {
    parts()
        .filter(run::street_code.eq(street).and(run::month.eq(month)).and(run::state.ne("void")))
        .order((run::program, run::id))
        .load(conn)
}

/// Submitted runs, the oldest first.
///
/// # Errors
/// The database failed.
pub fn list_submitted(conn: &mut Db, street: &str) -> QueryResult<Vec<RunPart>> {
    parts()
        .filter(run::street_code.eq(street).and(run::state.eq("submitted")))
        .order((run::submitted_at, run::id))
        .load(conn)
}

type Parts = diesel::dsl::Select<
    run::table,
    (
        run::id,
        run::program,
        run::month,
        run::state,
        run::line_count,
        run::regular_fen,
        run::arrears_fen,
        run::drafted_by,
        run::submitted_at,
        run::submitted_by,
    ),
>;

fn parts() -> Parts {
    run::table.select((
        run::id,
        run::program,
        run::month,
        run::state,
        run::line_count,
        run::regular_fen,
        run::arrears_fen,
        run::drafted_by,
        run::submitted_at,
        run::submitted_by,
    ))
}

/// Month and amount of the last closed months, the latest first.
///
/// # Errors
/// The database failed.
pub fn list_closed_months(conn: &mut Db, street: &str) -> QueryResult<Vec<(Month, i64)>> {
    run::table
        .filter(run::street_code.eq(street).and(run::state.eq("closed")))
        .group_by(run::month)
        .order(run::month.desc())
        .limit(13)
        .select((run::month, SumFen(run::regular_fen)))
        .load(conn)
}

/// Entries of the audit chains.
///
/// # Errors
/// The database failed.
pub fn list_chain_lengths(conn: &mut Db) -> QueryResult<Vec<(String, i64)>> {
    chain_head::table
        .order(chain_head::street_code)
        .select((chain_head::street_code, chain_head::seq))
        .load(conn)
}

/// Whether the registry carries a mark.
///
/// # Errors
/// The database failed.
pub fn is_marked(conn: &mut Db, key: &str) -> QueryResult<bool> {
    let found: Option<String> = meta::table.find(key).select(meta::value).first(conn).optional()?;
    Ok(found.is_some())
}
