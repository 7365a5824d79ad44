//! Who was paid before, who was stopped, who died or left.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::BATCH;
use crate::domain::award::DecisionKind;
use crate::domain::ids::{AwardId, ResidentId, UnitId};
use crate::domain::life_event::EventKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineKind;
use crate::store::Db;
use crate::store::schema::{award, decision, life_event, line};

/// Which of these beneficiaries had a regular line above zero before `month`.
///
/// # Errors
/// The database failed.
pub fn list_paid_before(
    conn: &mut Db,
    street: &str,
    program: &str,
    beneficiaries: &[i64],
    month: Month,
) -> QueryResult<Vec<i64>> {
    let mut found = Vec::new();
    for some in beneficiaries.chunks(BATCH) {
        found.extend(
            line::table
                .filter(line::street_code.eq(street).and(line::program.eq(program)))
                .filter(line::beneficiary_id.eq_any(some).and(line::month.lt(month)))
                .filter(line::kind.eq(LineKind::Regular).and(line::void.eq(false)))
                .filter(line::amount_fen.gt(Fen::ZERO))
                .select(line::beneficiary_id)
                .distinct()
                .load::<i64>(conn)?,
        );
    }
    Ok(found)
}

/// A stop or the annulment of one.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = decision)]
pub struct StopRow {
    /// Its id.
    pub id: i64,
    /// On which award.
    pub award_id: AwardId,
    /// Stop or annulment.
    pub kind: DecisionKind,
    /// First month.
    pub from_month: Month,
    /// Code or text of the reason.
    pub reason: Option<String>,
    /// The stop that is annulled.
    pub annuls: Option<i64>,
}

/// Stops (and annulments) of some awards that were known on `known`.
///
/// # Errors
/// The database failed.
pub fn list_stops(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
    known: NaiveDate,
) -> QueryResult<Vec<StopRow>> {
    let mut found = Vec::new();
    for some in awards.chunks(BATCH) {
        found.extend(
            decision::table
                .filter(decision::street_code.eq(street).and(decision::award_id.eq_any(some)))
                .filter(decision::known_on.le(known))
                .filter(decision::kind.eq_any([DecisionKind::Stop, DecisionKind::AnnulStop]))
                .order(decision::id)
                .select(StopRow::as_select())
                .load::<StopRow>(conn)?,
        );
    }
    Ok(found)
}

/// Deaths and departures of the people behind some awards, reported by `known`.
///
/// # Errors
/// The database failed.
pub fn list_departures(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
    known: NaiveDate,
) -> QueryResult<Vec<(AwardId, EventKind, NaiveDate)>> {
    let mut found = Vec::new();
    for some in awards.chunks(BATCH) {
        found.extend(
            award::table
                .inner_join(
                    life_event::table.on(life_event::street_code
                        .eq(award::street_code)
                        .and(life_event::resident_id.eq(award::resident_id.nullable()))),
                )
                .filter(award::street_code.eq(street).and(award::id.eq_any(some)))
                .filter(life_event::kind.eq_any([EventKind::Death, EventKind::MoveOut]))
                .filter(life_event::annulled_on.is_null())
                .filter(life_event::reported_on.le(known))
                .order(life_event::event_on)
                .select((award::id, life_event::kind, life_event::event_on))
                .load::<(AwardId, EventKind, NaiveDate)>(conn)?,
        );
    }
    Ok(found)
}

/// Who is behind an award.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = award)]
pub struct AwardOwner {
    /// The award.
    pub id: AwardId,
    /// 核算单元.
    pub unit_id: UnitId,
    /// The person; of a household its applicant.
    pub resident_id: ResidentId,
}

/// Units and people of some awards.
///
/// # Errors
/// The database failed.
pub fn list_owners(
    conn: &mut Db,
    street: &str,
    awards: &[AwardId],
) -> QueryResult<Vec<AwardOwner>> {
    let mut found = Vec::with_capacity(awards.len());
    for some in awards.chunks(BATCH) {
        found.extend(
            award::table
                .filter(award::street_code.eq(street).and(award::id.eq_any(some)))
                .select(AwardOwner::as_select())
                .load::<AwardOwner>(conn)?,
        );
    }
    Ok(found)
}

/// Beneficiaries of one program in some units, each with its person.
///
/// # Errors
/// The database failed.
pub fn list_in_units(
    conn: &mut Db,
    street: &str,
    units: &[UnitId],
    program: &str,
) -> QueryResult<Vec<(ResidentId, i64)>> {
    let mut found = Vec::new();
    for some in units.chunks(BATCH) {
        found.extend(
            award::table
                .filter(award::street_code.eq(street).and(award::unit_id.eq_any(some)))
                .filter(award::program.eq(program))
                .select((award::resident_id, award::beneficiary_id))
                .load::<(ResidentId, i64)>(conn)?,
        );
    }
    Ok(found)
}
