//! Dated facts that the rules read.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::Db;
use super::coded::insert_batches;
use super::schema::fact;
use crate::domain::fact::FactKind;
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// Binds the sealed detail to its field.
pub const DETAIL: &str = "fact.detail";

/// One assertion.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = fact, primary_key(id, street_code))]
#[diesel(treat_none_as_default_value = false, treat_none_as_null = true)]
pub struct FactRow {
    /// Its id.
    pub id: i64,
    /// Never changes in a row.
    pub street_code: String,
    /// About whom.
    pub resident_id: ResidentId,
    /// 核算单元. Changed only by [`super::unit`]: a row loaded before a merge
    /// must not bring the old unit back.
    #[diesel(skip_update)]
    pub unit_id: UnitId,
    /// What about.
    pub kind: FactKind,
    /// Kind of item, class, yes or no.
    pub code: Option<String>,
    /// Fen a year (income), or in all (property).
    pub amount_fen: Option<Fen>,
    /// Health detail, sealed with [`DETAIL`].
    pub detail_enc: Option<Vec<u8>>,
    /// First month.
    pub from_month: Month,
    /// First month that it no longer covers.
    pub to_month: Option<Month>,
    /// The day it happened.
    pub event_on: Option<NaiveDate>,
    /// The day of report or application.
    pub reported_on: Option<NaiveDate>,
    /// The day of the decision.
    pub decided_on: Option<NaiveDate>,
    /// A run knows it if its cut-off is not earlier.
    pub known_on: NaiveDate,
    /// Since when it is known to be wrong.
    pub annulled_on: Option<NaiveDate>,
    /// Document.
    pub doc_no: Option<String>,
    /// The book that brought it.
    pub import_id: Option<i64>,
}

/// Inserts facts in batches.
///
/// # Errors
/// The database failed.
pub fn insert_facts(conn: &mut Db, rows: &[FactRow]) -> QueryResult<usize> {
    insert_batches!(conn, fact::table, rows)
}

/// A fact by id.
///
/// # Errors
/// The database failed.
pub fn find_fact(conn: &mut Db, street: &str, id: i64) -> QueryResult<Option<FactRow>> {
    fact::table.find((id, street)).select(FactRow::as_select()).first(conn).optional()
}

/// All facts about a person, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_facts_of(
    conn: &mut Db,
    street: &str,
    resident_id: ResidentId,
) -> QueryResult<Vec<FactRow>> {
    fact::table
        .filter(fact::street_code.eq(street).and(fact::resident_id.eq(resident_id)))
        .order(fact::from_month)
        .select(FactRow::as_select())
        .load(conn)
}

/// All facts of a kind in a street.
///
/// # Errors
/// The database failed.
pub fn list_facts_of_kind(
    conn: &mut Db,
    street: &str,
    kind: FactKind,
) -> QueryResult<Vec<FactRow>> {
    fact::table
        .filter(fact::street_code.eq(street).and(fact::kind.eq(kind)))
        .order(fact::id)
        .select(FactRow::as_select())
        .load(conn)
}

/// All facts of a unit, oldest first.
///
/// # Errors
/// The database failed.
pub fn list_facts_of_unit(conn: &mut Db, street: &str, unit: UnitId) -> QueryResult<Vec<FactRow>> {
    fact::table
        .filter(fact::street_code.eq(street).and(fact::unit_id.eq(unit)))
        .order((fact::from_month, fact::id))
        .select(FactRow::as_select())
        .load(conn)
}

/// Annuls a fact that is not annulled. Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_fact_annulled(
    conn: &mut Db,
    street: &str,
    id: i64,
    annulled_on: NaiveDate,
) -> QueryResult<usize> {
    diesel::update(fact::table.find((id, street)).filter(fact::annulled_on.is_null()))
        .set(fact::annulled_on.eq(annulled_on))
        .execute(conn)
}
