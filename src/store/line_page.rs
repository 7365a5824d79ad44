//! Lines of a run as a page shows them: filtered, a page at a time in either
//! direction, with the totals of the same filter.

use diesel::dsl::count_star;
use diesel::prelude::*;

use super::Db;
use super::db::SumFen;
use super::line::LineRow;
use super::schema::{award, line, resident};
use crate::domain::ids::{BeneficiaryId, RunId};
use crate::domain::month::Month;
use crate::domain::payout::LineKind;
use crate::domain::search::end_of;

/// Which lines of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineFilter {
    /// Of these kinds; all if there is none.
    pub kinds: Vec<LineKind>,
    /// Of these areas.
    pub areas: Option<Vec<String>>,
    /// Whose person's name begins so.
    pub name: Option<String>,
}

/// A place in the order of a run's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinePlace {
    /// Who receives.
    pub beneficiary: BeneficiaryId,
    /// The month it is for.
    pub month: Month,
    /// What it is.
    pub kind: LineKind,
}

impl LinePlace {
    /// The place of a line.
    #[must_use]
    pub fn of(row: &LineRow) -> LinePlace {
        LinePlace { beneficiary: row.beneficiary_id, month: row.month, kind: row.kind }
    }

    /// As addresses carry it: `beneficiary.month.kind`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}.{}.{}", self.beneficiary.0, self.month, self.kind.code())
    }

    /// From that text.
    #[must_use]
    pub fn parse(text: &str) -> Option<LinePlace> {
        let mut parts = text.splitn(3, '.');
        let beneficiary = BeneficiaryId(parts.next()?.parse().ok()?);
        let month: Month = parts.next()?.parse().ok()?;
        let kind = LineKind::from_code(parts.next()?)?;
        Some(LinePlace { beneficiary, month, kind })
    }
}

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum From {
    /// At the first line.
    #[default]
    Start,
    /// After a line.
    After(LinePlace),
    /// So that it ends before a line.
    Before(LinePlace),
}

macro_rules! filtered {
    ($query:expr, $street:expr, $filter:expr) => {{
        let mut query = $query;
        if !$filter.kinds.is_empty() {
            query = query.filter(line::kind.eq_any($filter.kinds.clone()));
        }
        if let Some(areas) = &$filter.areas {
            query = query.filter(line::area_code.eq_any(areas.clone()));
        }
        if let Some(name) = &$filter.name {
            let awards = award::table
                .inner_join(
                    resident::table.on(resident::street_code
                        .eq(award::street_code)
                        .and(resident::id.eq(award::resident_id))),
                )
                .filter(award::street_code.eq($street.to_owned()))
                .filter(resident::name.ge(name.clone()).and(resident::name.lt(end_of(name))))
                .select(award::id);
            query = query.filter(line::award_id.eq_any(awards));
        }
        query
    }};
}

/// Up to `limit` lines of a run, in its order.
///
/// # Errors
/// The database failed.
pub fn list_line_page(
    conn: &mut Db,
    street: &str,
    run: RunId,
    filter: &LineFilter,
    from: From,
    limit: i64,
) -> QueryResult<Vec<LineRow>> {
    let query = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .select(LineRow::as_select())
        .limit(limit)
        .into_boxed();
    let query = filtered!(query, street, filter);
    match from {
        From::Start => query.order((line::beneficiary_id, line::month, line::kind)).load(conn),
        From::After(p) => query
            .filter(line::beneficiary_id.gt(p.beneficiary).or(
                line::beneficiary_id.eq(p.beneficiary).and(
                    line::month.gt(p.month).or(line::month.eq(p.month).and(line::kind.gt(p.kind))),
                ),
            ))
            .order((line::beneficiary_id, line::month, line::kind))
            .load(conn),
        From::Before(p) => {
            let mut rows: Vec<LineRow> = query
                .filter(
                    line::beneficiary_id.lt(p.beneficiary).or(line::beneficiary_id
                        .eq(p.beneficiary)
                        .and(
                            line::month
                                .lt(p.month)
                                .or(line::month.eq(p.month).and(line::kind.lt(p.kind))),
                        )),
                )
                .order((line::beneficiary_id.desc(), line::month.desc(), line::kind.desc()))
                .load(conn)?;
            rows.reverse();
            Ok(rows)
        }
    }
}

/// Lines of a kind in an area: how many, and their sum in fen.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct LineGroup {
    /// What they are.
    pub kind: LineKind,
    /// Where they are paid.
    pub area_code: String,
    /// How many.
    pub count: i64,
    /// Their sum in fen, signed.
    pub amount: i64,
}

/// Counts and sums of a run's lines by kind and area.
///
/// # Errors
/// The database failed.
pub fn list_line_groups(
    conn: &mut Db,
    street: &str,
    run: RunId,
    filter: &LineFilter,
) -> QueryResult<Vec<LineGroup>> {
    let query = line::table
        .filter(line::street_code.eq(street).and(line::run_id.eq(run)))
        .group_by((line::kind, line::area_code))
        .select((line::kind, line::area_code, count_star(), SumFen(line::amount_fen)))
        .into_boxed();
    filtered!(query, street, filter).load(conn)
}
