//! From a chunk of rows to the evaluator's facts, unit by unit, in memory that
//! is used again.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::domain::award::{AwardMode, BeneficiaryKind};
use crate::domain::certificate::CertificateDetail;
use crate::domain::life_event::EventKind as LifeEventKind;
use crate::domain::month::Month;
use crate::domain::policy::{
    AwardRow, CertificateRow, Codes, DecisionRow, EventKind, EventRow, FactRow, MembershipRow,
    NOBODY, OPEN, PersonRow, Policy, UnitFacts, category_bit,
};
use crate::error::AppResult;
use crate::services::record;
use crate::store::Cipher;
use crate::store::certificate::DETAIL;
use crate::store::unit_load::Chunk;

/// A hold on an award of the unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct HoldAt {
    /// Index into [`UnitFacts::awards`].
    pub award: u16,
    /// First month.
    pub from: Month,
    /// Placed on.
    pub placed_on: NaiveDate,
    /// Released on.
    pub released_on: Option<NaiveDate>,
}

/// A move inside the street.
#[derive(Debug, Clone, Copy)]
struct MoveWithin {
    resident: Option<i64>,
    household: Option<i64>,
    reported_on: NaiveDate,
    from: i64,
}

/// One unit, ready to be evaluated.
#[derive(Debug, Default)]
pub(super) struct Unit {
    /// For the evaluator.
    pub facts: UnitFacts,
    /// Holds, also released ones.
    pub holds: Vec<HoldAt>,
    /// Community (12 digits as a number) of every person.
    person_places: Vec<i64>,
    /// Community of every household, by id.
    household_places: Vec<(i64, i64)>,
    /// Community of every case, by id.
    case_places: Vec<(i64, i64)>,
    moves: Vec<MoveWithin>,
}

/// Reads chunks for one policy.
pub(super) struct Reader<'a> {
    policy: &'a Policy,
    cipher: &'a Cipher,
    codes: Codes,
    programs: HashMap<String, u16>,
}

/// How far each table of a chunk was read.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    persons: usize,
    households: usize,
    facts: usize,
    certificates: usize,
    memberships: usize,
    events: usize,
    awards: usize,
    decisions: usize,
    holds: usize,
}

/// The rows of `unit`, which follow one another; moves the place past them.
fn next<'r, T>(rows: &'r [T], at: &mut usize, unit: i64, key: impl Fn(&T) -> i64) -> &'r [T] {
    let rest = rows.get(*at..).unwrap_or_default();
    let before = rest.iter().take_while(|row| key(row) < unit).count();
    let rest = rest.get(before..).unwrap_or_default();
    let own = rest.iter().take_while(|row| key(row) == unit).count();
    *at += before + own;
    rest.get(..own).unwrap_or_default()
}

impl<'a> Reader<'a> {
    /// For a policy.
    pub fn new(policy: &'a Policy, cipher: &'a Cipher) -> Reader<'a> {
        let programs = (0_u16..).zip(&policy.programs).map(|(at, p)| (p.code.clone(), at));
        Reader { policy, cipher, codes: policy.codes(), programs: programs.collect() }
    }

    /// The policy.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Fills `unit` with the next unit of the chunk.
    ///
    /// # Errors
    /// A sealed certificate does not open.
    pub fn read(
        &mut self,
        chunk: &Chunk,
        cursor: &mut Cursor,
        id: i64,
        unit: &mut Unit,
    ) -> AppResult<()> {
        unit.facts.clear(id);
        unit.holds.clear();
        unit.person_places.clear();
        unit.household_places.clear();
        unit.case_places.clear();
        unit.moves.clear();
        for row in next(&chunk.persons, &mut cursor.persons, id, |r| r.0) {
            unit.facts.persons.push(PersonRow { id: row.1, birth: Month::of(row.2) });
            unit.person_places.push(row.3);
        }
        for row in next(&chunk.households, &mut cursor.households, id, |r| r.0) {
            unit.household_places.push((row.1, row.2));
        }
        for row in next(&chunk.memberships, &mut cursor.memberships, id, |r| r.0) {
            let Some(person) = unit.facts.person_index(row.2) else { continue };
            let household = unit.facts.household_index(row.3);
            unit.facts.memberships.push(MembershipRow {
                id: row.1,
                person,
                household,
                counted: row.4,
                from: row.5.0,
                to: row.5.1.unwrap_or(OPEN),
                known_on: row.6.0,
                end_known_on: row.6.1,
            });
        }
        self.facts(chunk, cursor, id, unit);
        self.certificates(chunk, cursor, id, unit)?;
        events(chunk, cursor, id, unit);
        self.awards(chunk, cursor, id, unit);
        unit.facts.seal();
        Ok(())
    }

    fn facts(&mut self, chunk: &Chunk, cursor: &mut Cursor, id: i64, unit: &mut Unit) {
        for row in next(&chunk.facts, &mut cursor.facts, id, |r| r.0) {
            let Some(person) = unit.facts.person_index(row.2) else { continue };
            unit.facts.facts.push(FactRow {
                id: row.1,
                person,
                key: self.codes.key(&row.3, row.4.as_deref().unwrap_or("")),
                amount: row.5.unwrap_or_default(),
                from: row.6.0,
                to: row.6.1.unwrap_or(OPEN),
                event_on: row.7.0,
                known_on: row.7.1,
                annulled_on: row.7.2,
            });
        }
    }

    fn certificates(
        &self,
        chunk: &Chunk,
        cursor: &mut Cursor,
        id: i64,
        unit: &mut Unit,
    ) -> AppResult<()> {
        for row in next(&chunk.certificates, &mut cursor.certificates, id, |r| r.0) {
            let Some(person) = unit.facts.person_index(row.2) else { continue };
            let open = self.cipher.open(DETAIL, row.1, &row.3).map_err(record::sealed)?;
            let detail: CertificateDetail = serde_json::from_slice(&open)
                .map_err(|_| record::sealed(crate::store::cipher::SealError))?;
            unit.facts.certificates.push(CertificateRow {
                id: row.1,
                person,
                categories: category_bits(&detail),
                grade: detail.grade.number(),
                from: row.4,
                valid_to: row.5,
                known_on: row.6.0,
                cancelled_on: row.6.1,
                cancel_known_on: row.6.2,
            });
        }
        Ok(())
    }

    fn awards(&self, chunk: &Chunk, cursor: &mut Cursor, id: i64, unit: &mut Unit) {
        for row in next(&chunk.awards, &mut cursor.awards, id, |r| r.0) {
            // A program that the policy no longer knows is not computed.
            let Some(program) = self.programs.get(&row.2) else { continue };
            let Some(person) = unit.facts.person_index(row.5) else { continue };
            let household = row.6.map_or(NOBODY, |h| unit.facts.household_index(h));
            unit.facts.awards.push(AwardRow {
                id: row.1,
                beneficiary_id: row.4,
                program: *program,
                person,
                household,
                single: row.7 == AwardMode::Single,
            });
            if row.3 == BeneficiaryKind::Case
                && let Ok(at) = chunk.cases.binary_search_by_key(&row.4, |case| case.0)
                && let Some(case) = chunk.cases.get(at)
            {
                unit.case_places.push(*case);
            }
        }
        for row in next(&chunk.decisions, &mut cursor.decisions, id, |r| r.0) {
            let Some(award) = unit.facts.award_index(row.2) else { continue };
            unit.facts.decisions.push(DecisionRow {
                id: row.1,
                award,
                kind: row.3,
                from: row.4.0,
                to: row.4.1.unwrap_or(OPEN),
                amount: row.5,
                known_on: row.6,
                annuls: row.7.unwrap_or(0),
            });
        }
        for row in next(&chunk.holds, &mut cursor.holds, id, |r| r.0) {
            let Some(award) = unit.facts.award_index(row.1) else { continue };
            unit.holds.push(HoldAt { award, from: row.2, placed_on: row.3, released_on: row.4 });
        }
    }
}

/// The category on the face and, of a multiple disability, the parts that have
/// the grade on the face.
fn category_bits(detail: &CertificateDetail) -> u8 {
    let number = |code: &str| code.parse::<u8>().unwrap_or(0);
    let face = category_bit(number(detail.category.code()));
    let parts = detail.parts.iter().filter(|part| part.grade == detail.grade);
    parts.fold(face, |bits, part| bits | category_bit(number(part.category.code())))
}

fn events(chunk: &Chunk, cursor: &mut Cursor, id: i64, unit: &mut Unit) {
    for row in next(&chunk.events, &mut cursor.events, id, |r| r.0) {
        let kind = match row.4 {
            LifeEventKind::Death => EventKind::Death,
            LifeEventKind::MoveOut => EventKind::MoveOut,
            LifeEventKind::MoveIn => EventKind::MoveIn,
            LifeEventKind::MoveWithin => {
                if row.7.is_none()
                    && let Some(from) = row.8.as_deref().and_then(community_number)
                {
                    unit.moves.push(MoveWithin {
                        resident: row.2,
                        household: row.3,
                        reported_on: row.5.1,
                        from,
                    });
                }
                continue;
            }
            _ => continue,
        };
        let person = row.2.map_or(Some(NOBODY), |r| unit.facts.person_index(r));
        let Some(person) = person else { continue };
        // An event of a person is not one of everybody in the household.
        let household = match row.3 {
            Some(household) if person == NOBODY => unit.facts.household_index(household),
            _ => NOBODY,
        };
        unit.facts.events.push(EventRow {
            person,
            household,
            kind,
            event_on: row.5.0,
            reported_on: row.5.1,
            decided_on: row.5.2,
            confidence: u8::try_from(row.6).unwrap_or(3),
            annulled_on: row.7,
        });
    }
}

/// The first 12 digits of an area code as a number; `None` if it is no code.
pub(super) fn community_number(area: &str) -> Option<i64> {
    area.get(..12)?.parse().ok()
}

impl Unit {
    /// The community that pays an award, as of the end of `cut_off`: today's,
    /// unless a move registered later says that it was another (`rulings.md`
    /// M4, W14).
    pub fn place(&self, award: &AwardRow, case: bool, cut_off: NaiveDate) -> i64 {
        let resident = self.facts.persons.get(usize::from(award.person)).map(|p| p.id);
        let household = self.facts.households.get(usize::from(award.household)).copied();
        let by_household =
            household.filter(|_| !case && award.beneficiary_id != resident.unwrap_or(0));
        let earliest = self
            .moves
            .iter()
            .filter(|m| m.reported_on > cut_off)
            .filter(|m| match by_household {
                Some(_) => {
                    m.household == household || (m.household.is_none() && m.resident == resident)
                }
                None => {
                    m.resident == resident || (m.resident.is_none() && m.household == household)
                }
            })
            .min_by_key(|m| m.reported_on);
        if let Some(earlier) = earliest.filter(|_| !case) {
            return earlier.from;
        }
        if case
            && let Some((_, place)) = self.case_places.iter().find(|c| c.0 == award.beneficiary_id)
        {
            return *place;
        }
        if let Some(household) = by_household
            && let Some((_, place)) = self.household_places.iter().find(|h| h.0 == household)
        {
            return *place;
        }
        self.person_places.get(usize::from(award.person)).copied().unwrap_or(0)
    }
}
