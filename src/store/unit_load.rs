//! Loads everything that dues depend on, in chunks of units (核算单元) in the
//! order of their ids: a month run reads each table once, and holds one chunk.
//!
//! Only units that have an award are read. Rows come as flat tuples of
//! numbers and dates; nothing of a person but the month of birth leaves the
//! database, and of a certificate only what is sealed in it.

use chrono::NaiveDate;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::Db;
use super::db::per_backend;
use super::schema::{
    award, certificate, decision, fact, hold, household, life_event, membership, resident,
    temp_case,
};
use crate::domain::award::{AwardMode, BeneficiaryKind, DecisionKind};
use crate::domain::life_event::EventKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// A resident: unit, id, birth, community (its 12 digits as a number).
pub type PersonLoad = (i64, i64, NaiveDate, i64);
/// An assistance household: unit, id, community.
pub type HouseholdLoad = (i64, i64, i64);
/// A fact: unit, id, resident, kind, code, amount, from, to, event, known,
/// annulled.
pub type FactLoad = (
    i64,
    i64,
    i64,
    String,
    Option<String>,
    Option<Fen>,
    (Month, Option<Month>),
    (Option<NaiveDate>, NaiveDate, Option<NaiveDate>),
);
/// A certificate: unit, id, resident, sealed detail, from, valid to, known,
/// cancelled, cancellation known.
pub type CertificateLoad = (
    i64,
    i64,
    i64,
    Vec<u8>,
    Month,
    Option<NaiveDate>,
    (NaiveDate, Option<NaiveDate>, Option<NaiveDate>),
);
/// A membership: unit, id, resident, household, counted, from, to, known, end
/// known.
pub type MembershipLoad =
    (i64, i64, i64, i64, bool, (Month, Option<Month>), (NaiveDate, Option<NaiveDate>));
/// An event: unit, id, resident, household, kind, event, reported, decided,
/// confidence, annulled, place that was left.
pub type EventLoad = (
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    EventKind,
    (NaiveDate, NaiveDate, Option<NaiveDate>),
    i32,
    Option<NaiveDate>,
    Option<String>,
);
/// An award: unit, id, program, kind and id of the beneficiary, resident,
/// household, mode.
pub type AwardLoad = (i64, i64, String, BeneficiaryKind, i64, i64, Option<i64>, AwardMode);
/// A decision: unit, id, award, kind, from, to, amount, known, annulled stop.
pub type DecisionLoad =
    (i64, i64, i64, DecisionKind, (Month, Option<Month>), Option<Fen>, NaiveDate, Option<i64>);
/// A hold: unit, award, from, placed, released.
pub type HoldLoad = (i64, i64, Month, NaiveDate, Option<NaiveDate>);

/// One chunk: every table's rows, each sorted by unit.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The units, ascending.
    pub units: Vec<i64>,
    /// Residents.
    pub persons: Vec<PersonLoad>,
    /// Assistance households.
    pub households: Vec<HouseholdLoad>,
    /// Facts.
    pub facts: Vec<FactLoad>,
    /// Certificates.
    pub certificates: Vec<CertificateLoad>,
    /// Memberships of kind assist.
    pub memberships: Vec<MembershipLoad>,
    /// Deaths and moves.
    pub events: Vec<EventLoad>,
    /// Awards.
    pub awards: Vec<AwardLoad>,
    /// Decisions.
    pub decisions: Vec<DecisionLoad>,
    /// Holds.
    pub holds: Vec<HoldLoad>,
    /// Places of one-off cases: case, community.
    pub cases: Vec<(i64, i64)>,
}

/// Units with awards after `after`, at most `limit`.
///
/// # Errors
/// The database failed.
pub fn list_units(conn: &mut Db, street: &str, after: i64, limit: i64) -> QueryResult<Vec<i64>> {
    award::table
        .filter(award::street_code.eq(street).and(award::unit_id.gt(after)))
        .select(award::unit_id)
        .distinct()
        .order(award::unit_id)
        .limit(limit)
        .load(conn)
}

/// How many units have awards.
///
/// # Errors
/// The database failed.
pub fn count_units(conn: &mut Db, street: &str) -> QueryResult<i64> {
    award::table
        .filter(award::street_code.eq(street))
        .select(diesel::dsl::count(award::unit_id).aggregate_distinct())
        .first(conn)
}

macro_rules! community {
    ($column:literal) => {
        sql::<BigInt>(concat!("CAST(substr(", $column, ", 1, 12) AS BIGINT)"))
    };
}

/// Loads the given units (ascending, without gaps among those with awards).
///
/// # Errors
/// The database failed.
pub fn load(conn: &mut Db, street: &str, units: Vec<i64>) -> QueryResult<Chunk> {
    let (Some(&first), Some(&last)) = (units.first(), units.last()) else {
        return Ok(Chunk::default());
    };
    let mut chunk = Chunk { units, ..Chunk::default() };
    people(conn, street, &mut chunk)?;
    dated(conn, street, &mut chunk)?;
    awards(conn, street, first, last, &mut chunk)?;
    chunk.sort();
    Ok(chunk)
}

// The registers of everybody are asked for the units by name, for they hold rows
// of many units that have no award; those of awards by their range.

fn people(conn: &mut Db, street: &str, chunk: &mut Chunk) -> QueryResult<()> {
    let units = &chunk.units;
    per_backend!(conn, |c| {
        chunk.persons = resident::table
            .filter(resident::street_code.eq(street))
            .filter(resident::unit_id.eq_any(units))
            .select((
                resident::unit_id,
                resident::id,
                resident::birth_on,
                community!("resident.area_code"),
            ))
            .load(c)?;
        chunk.households = household::table
            .filter(household::street_code.eq(street).and(household::kind.eq("assist")))
            .filter(household::unit_id.eq_any(units))
            .select((household::unit_id, household::id, community!("household.area_code")))
            .load(c)?;
        chunk.memberships = household::table
            .inner_join(
                membership::table.on(membership::street_code
                    .eq(household::street_code)
                    .and(membership::household_id.eq(household::id))),
            )
            .filter(household::street_code.eq(street).and(household::kind.eq("assist")))
            .filter(household::unit_id.eq_any(units))
            .select((
                household::unit_id,
                membership::id,
                membership::resident_id,
                membership::household_id,
                membership::counted,
                (membership::from_month, membership::to_month),
                (membership::known_on, membership::end_known_on),
            ))
            .load(c)?;
        Ok(())
    })
}

fn dated(conn: &mut Db, street: &str, chunk: &mut Chunk) -> QueryResult<()> {
    let units = &chunk.units;
    per_backend!(conn, |c| {
        chunk.facts = fact::table
            .filter(fact::street_code.eq(street))
            .filter(fact::unit_id.eq_any(units))
            .select((
                fact::unit_id,
                fact::id,
                fact::resident_id,
                fact::kind,
                fact::code,
                fact::amount_fen,
                (fact::from_month, fact::to_month),
                (fact::event_on, fact::known_on, fact::annulled_on),
            ))
            .load(c)?;
        chunk.certificates = certificate::table
            .filter(certificate::street_code.eq(street))
            .filter(certificate::unit_id.eq_any(units))
            .select((
                certificate::unit_id,
                certificate::id,
                certificate::resident_id,
                certificate::detail_enc,
                certificate::from_month,
                certificate::valid_to,
                (certificate::known_on, certificate::cancelled_on, certificate::cancel_known_on),
            ))
            .load(c)?;
        chunk.events = life_event::table
            .filter(life_event::street_code.eq(street))
            .filter(life_event::unit_id.eq_any(units))
            .filter(life_event::kind.eq_any(["death", "move_in", "move_out", "move_within"]))
            .select((
                life_event::unit_id,
                life_event::id,
                life_event::resident_id,
                life_event::household_id,
                life_event::kind,
                (life_event::event_on, life_event::reported_on, life_event::decided_on),
                life_event::confidence,
                life_event::annulled_on,
                life_event::from_area,
            ))
            .load(c)?;
        Ok(())
    })
}

fn awards(
    conn: &mut Db,
    street: &str,
    first: i64,
    last: i64,
    chunk: &mut Chunk,
) -> QueryResult<()> {
    per_backend!(conn, |c| {
        chunk.awards = award::table
            .filter(award::street_code.eq(street).and(award::unit_id.between(first, last)))
            .select((
                award::unit_id,
                award::id,
                award::program,
                award::beneficiary_kind,
                award::beneficiary_id,
                award::resident_id,
                award::household_id,
                award::mode,
            ))
            .load(c)?;
        chunk.decisions = decision::table
            .filter(decision::street_code.eq(street).and(decision::unit_id.between(first, last)))
            .select((
                decision::unit_id,
                decision::id,
                decision::award_id,
                decision::kind,
                (decision::from_month, decision::to_month),
                decision::amount_fen,
                decision::known_on,
                decision::annuls,
            ))
            .load(c)?;
        chunk.holds = hold::table
            .filter(hold::street_code.eq(street).and(hold::unit_id.between(first, last)))
            .select((
                hold::unit_id,
                hold::award_id,
                hold::from_month,
                hold::placed_on,
                hold::released_on,
            ))
            .load(c)?;
        if chunk.awards.iter().any(|a| a.3 == BeneficiaryKind::Case) {
            chunk.cases = award::table
                .inner_join(
                    temp_case::table.on(temp_case::street_code
                        .eq(award::street_code)
                        .and(temp_case::id.eq(award::beneficiary_id))),
                )
                .filter(award::street_code.eq(street).and(award::unit_id.between(first, last)))
                .filter(award::beneficiary_kind.eq("case"))
                .select((temp_case::id, community!("temp_case.area_code")))
                .load(c)?;
        }
        Ok(())
    })
}

impl Chunk {
    fn sort(&mut self) {
        by_unit(&mut self.persons, |r| (r.0, r.1));
        by_unit(&mut self.households, |r| (r.0, r.1));
        by_unit(&mut self.facts, |r| (r.0, r.1));
        by_unit(&mut self.certificates, |r| (r.0, r.1));
        by_unit(&mut self.memberships, |r| (r.0, r.1));
        by_unit(&mut self.events, |r| (r.0, r.1));
        by_unit(&mut self.awards, |r| (r.0, r.1));
        by_unit(&mut self.decisions, |r| (r.0, r.1));
        by_unit(&mut self.holds, |r| (r.0, r.1));
        self.cases.sort_unstable();
    }
}

pub(super) fn by_unit<T>(rows: &mut [T], key: impl Fn(&T) -> (i64, i64)) {
    if !rows.is_sorted_by_key(&key) {
        rows.sort_unstable_by_key(key);
    }
}
