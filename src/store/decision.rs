//! Decisions on awards. They are never changed: a wrong one is answered by
//! another.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::decision;
use crate::domain::award::{DecisionKind, DecisionSpan};
use crate::domain::ids::{AwardId, UnitId};
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = decision, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false)]
pub struct DecisionRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// On which award.
    pub award_id: AwardId,
    /// 核算单元.
    pub unit_id: UnitId,
    /// What.
    pub kind: DecisionKind,
    /// First month.
    pub from_month: Month,
    /// First month that it no longer covers.
    pub to_month: Option<Month>,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// The day of the application.
    pub applied_on: Option<NaiveDate>,
    /// A run knows it if its cut-off is not earlier.
    pub known_on: NaiveDate,
    /// Amount, where the decision names one.
    pub amount_fen: Option<Fen>,
    /// Code of the reason.
    pub reason: Option<String>,
    /// Document.
    pub doc_no: Option<String>,
    /// The stop that it annuls.
    pub annuls: Option<i64>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

impl DecisionRow {
    /// What the rules need to know of it.
    #[must_use]
    pub fn span(&self) -> DecisionSpan {
        DecisionSpan {
            id: self.id,
            kind: self.kind,
            from_month: self.from_month,
            to_month: self.to_month,
            known_on: self.known_on,
            annuls: self.annuls,
        }
    }
}

/// Inserts decisions in batches.
///
/// # Errors
/// The database failed.
pub fn insert_decisions(conn: &mut Db, rows: &[DecisionRow]) -> QueryResult<usize> {
    insert_batches!(conn, decision::table, rows)
}

/// A decision by id.
///
/// # Errors
/// The database failed.
pub fn find_decision(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<DecisionRow>> {
    decision::table.find((id, street)).select(DecisionRow::as_select()).first(conn).optional()
}

/// All decisions on an award, in id order.
///
/// # Errors
/// The database failed.
pub fn list_decisions_of(
    conn: &mut Db,
    street: &str,
    award_id: AwardId,
) -> QueryResult<Vec<DecisionRow>> {
    decision::table
        .filter(decision::street_code.eq(street).and(decision::award_id.eq(award_id)))
        .order(decision::id)
        .select(DecisionRow::as_select())
        .load(conn)
}
