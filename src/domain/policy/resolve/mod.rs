//! From dated facts to one month as known at one date.

mod unit;

pub(crate) use unit::{AWAY, CERTIFIED, DEAD, PENDING};
pub use unit::{AwardAt, BlobError, GraceAt, PersonAt, UnitAt, decode_inputs, encode_inputs};

use chrono::{Datelike, NaiveDate};

use super::evaluate::{Outcome, evaluate};
use super::facts::{
    DecisionRow, EventKind, EventRow, FactRole, FactRow, MembershipRow, NOBODY, UnitFacts,
};
use super::file::Period;
use super::model::Policy;
use super::trace::NoTrace;
use crate::domain::award::DecisionKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;

/// Reduces the sealed facts of a unit to `month` as known at the end of
/// `known_on`; `unit` is overwritten and keeps its memory.
pub fn resolve(
    policy: &Policy,
    facts: &UnitFacts,
    month: Month,
    known_on: NaiveDate,
    unit: &mut UnitAt,
) {
    unit.unit_id = facts.unit_id;
    unit.month = month.index();
    unit.known = known_on.num_days_from_ce();
    unit.steady_until = i32::MAX;
    unit.pending = false;
    unit.persons.clear();
    unit.persons.extend(facts.persons.iter().map(|p| PersonAt {
        id: p.id,
        income: Fen::ZERO,
        property: Fen::ZERO,
        facts: 0,
        birth: p.birth.index(),
        household: NOBODY,
        categories: 0,
        grade: 0,
        flags: 0,
    }));
    if !facts.events.is_empty() {
        deaths(facts, known_on, unit);
    }
    memberships(facts, known_on, unit);
    if !facts.events.is_empty() {
        moves(facts, known_on, unit);
    }
    certificates(facts, known_on, unit);
    dated_facts(policy, facts, known_on, unit);
    awards(policy, facts, known_on, unit);
}

fn known_event(event: &EventRow, known_on: NaiveDate) -> bool {
    event.confidence < 3
        && event.reported_on <= known_on
        && event.annulled_on.is_none_or(|day| day > known_on)
}

/// A death counts from the month after it. As long as the household's new amount
/// is not decided (and until the month of that decision is over) it is pending:
/// it may lower an amount, never raise it (`rulings.md` M4).
fn deaths(facts: &UnitFacts, known_on: NaiveDate, unit: &mut UnitAt) {
    for event in facts.events.iter().filter(|e| e.kind == EventKind::Death) {
        if !known_event(event, known_on) {
            continue;
        }
        let dead_from = Month::of(event.event_on).next().index();
        unit.bound(dead_from);
        if unit.month < dead_from {
            continue;
        }
        let decided = event.decided_on.filter(|day| *day <= known_on);
        let counts_from = decided.map_or(i32::MAX, |day| Month::of(day).next().index());
        unit.bound(counts_from);
        let counts = unit.month >= counts_from;
        let Some(person) = unit.persons.get_mut(usize::from(event.person)) else { continue };
        if counts {
            person.flags = (person.flags | DEAD) & !PENDING;
        } else if person.flags & DEAD == 0 {
            person.flags |= PENDING;
        }
    }
    unit.pending = unit.persons.iter().any(|p| p.flags & PENDING != 0);
}

fn memberships(facts: &UnitFacts, known_on: NaiveDate, unit: &mut UnitAt) {
    let month = unit.month;
    for row in &facts.memberships {
        if row.known_on > known_on {
            continue;
        }
        unit.bound(row.from.index());
        if row.from.index() > month {
            continue;
        }
        let end_known = row.end_known_on.is_none_or(|day| day <= known_on);
        if end_known {
            unit.bound(row.to.index());
        }
        let ended = end_known && row.to.index() <= month && !ended_by_death(facts, row, known_on);
        if ended {
            continue;
        }
        if let Some(person) = unit.persons.get_mut(usize::from(row.person)) {
            person.household = if row.counted { row.household } else { NOBODY };
        }
    }
}

/// Whether the membership was closed because of the member's death: then the
/// death, not the closing, says from when and in which direction it counts.
fn ended_by_death(facts: &UnitFacts, row: &MembershipRow, known_on: NaiveDate) -> bool {
    facts.events.iter().any(|e| {
        e.kind == EventKind::Death
            && e.person == row.person
            && Month::of(e.event_on) < row.to
            && known_event(e, known_on)
    })
}

/// The old street stops in the month after the registration elsewhere.
fn moves(facts: &UnitFacts, known_on: NaiveDate, unit: &mut UnitAt) {
    for event in facts.events.iter().filter(|e| e.kind != EventKind::Death) {
        if !known_event(event, known_on) {
            continue;
        }
        let from = Month::of(event.reported_on).next().index();
        unit.bound(from);
        if unit.month < from {
            continue;
        }
        for (at, person) in (0_u16..).zip(&mut unit.persons) {
            if at == event.person || moved_with(facts, at, event) {
                match event.kind {
                    EventKind::MoveOut => person.flags |= AWAY,
                    _ => person.flags &= !AWAY,
                }
            }
        }
    }
}

/// Whether the person belonged to the household that moved; closing its
/// memberships on the move does not change that.
fn moved_with(facts: &UnitFacts, person: u16, event: &EventRow) -> bool {
    event.household != NOBODY
        && facts.memberships.iter().any(|row| {
            row.person == person
                && row.household == event.household
                && row.from <= Month::of(event.reported_on)
                && row.to > Month::of(event.event_on)
        })
}

fn certificates(facts: &UnitFacts, known_on: NaiveDate, unit: &mut UnitAt) {
    for row in &facts.certificates {
        if row.known_on > known_on {
            continue;
        }
        unit.bound(row.from.index());
        if row.from.index() > unit.month {
            continue;
        }
        let mut until = i32::MAX;
        if let Some(day) = row.valid_to {
            until = Month::of(day).next().index();
        }
        if row.cancel_known_on.is_none_or(|day| day <= known_on)
            && let Some(day) = row.cancelled_on
        {
            until = until.min(Month::of(day).next().index());
        }
        unit.bound(until);
        let valid = unit.month < until;
        if let Some(person) = unit.persons.get_mut(usize::from(row.person)) {
            person.categories = row.categories;
            person.grade = row.grade;
            person.flags = (person.flags & !CERTIFIED) | if valid { CERTIFIED } else { 0 };
        }
    }
}

fn dated_facts(policy: &Policy, facts: &UnitFacts, known_on: NaiveDate, unit: &mut UnitAt) {
    let mut latest: Option<&FactRow> = None;
    for row in &facts.facts {
        if row.known_on > known_on || row.annulled_on.is_some_and(|day| day <= known_on) {
            continue;
        }
        unit.bound(row.from.index());
        unit.bound(row.to.index());
        if row.from.index() > unit.month || row.to.index() <= unit.month {
            continue;
        }
        if let Some(before) = latest
            && (before.person != row.person || before.key.series != row.key.series)
        {
            count_fact(policy, before, unit);
        }
        latest = Some(row);
    }
    if let Some(last) = latest {
        count_fact(policy, last, unit);
    }
}

fn count_fact(policy: &Policy, row: &FactRow, unit: &mut UnitAt) {
    let mut bits = row.key.bits;
    if bits & policy.kinds.before != 0 {
        // Without a date of its own the fact's first month already says it.
        let began = row.event_on.map_or(row.from.prev(), Month::of).index();
        unit.bound(began + 1);
        if began >= unit.month {
            bits &= !policy.kinds.before;
        }
    }
    let Some(person) = unit.persons.get_mut(usize::from(row.person)) else { return };
    match row.key.role {
        FactRole::Income => person.income += row.amount,
        FactRole::Property => person.property += row.amount,
        FactRole::Tag => person.facts |= bits,
    }
}

fn awards(policy: &Policy, facts: &UnitFacts, known_on: NaiveDate, unit: &mut UnitAt) {
    unit.awards.clear();
    let mut rest = facts.decisions.as_slice();
    for (at, row) in facts.awards.iter().enumerate() {
        let end = rest.iter().position(|d| usize::from(d.award) > at).unwrap_or(rest.len());
        let (own, later) = rest.split_at(end);
        rest = later;
        let once = policy.program(row.program).is_some_and(|p| p.period == Period::Once);
        let Some((confirm, grace)) = in_force(own, known_on, once, unit) else { continue };
        let mut award = AwardAt {
            id: row.id,
            beneficiary_id: row.beneficiary_id,
            decided: confirm.amount,
            program: row.program,
            person: row.person,
            household: row.household,
            single: row.single,
            grace: None,
        };
        if let Some(grace) = grace {
            let base = last_regular_base(policy, facts, award.id, grace.from.prev(), known_on);
            award.grace = Some(GraceAt { from: grace.from.index(), base });
        }
        unit.awards.push(award);
    }
    if !unit.awards.is_sorted_by_key(|a| a.program) {
        unit.awards.sort_by_key(|a| a.program);
    }
}

/// The confirmation that covers the month, unless a later stop that is not
/// annulled does; and the grace period in force. `own` are the award's decisions
/// in the order in which they became known.
fn in_force<'f>(
    own: &'f [DecisionRow],
    known_on: NaiveDate,
    once: bool,
    unit: &mut UnitAt,
) -> Option<(&'f DecisionRow, Option<&'f DecisionRow>)> {
    let mut confirm = None;
    let mut grace = None;
    for row in own.iter().filter(|d| d.known_on <= known_on) {
        let to = if once { row.from.next().index() } else { row.to.index() };
        unit.bound(row.from.index());
        unit.bound(to);
        let covers = row.from.index() <= unit.month && unit.month < to;
        match row.kind {
            DecisionKind::Confirm if covers => (confirm, grace) = (Some(row), None),
            DecisionKind::Grace if covers => grace = Some(row),
            DecisionKind::Stop if row.from.index() <= unit.month => {
                let annulled = own.iter().any(|d| {
                    d.kind == DecisionKind::AnnulStop
                        && d.annuls == row.id
                        && d.known_on <= known_on
                });
                if !annulled {
                    confirm = None;
                }
            }
            _ => {}
        }
    }
    confirm.map(|row| (row, grace))
}

/// Base of the last regular month, as known now (`rulings.md` M14).
fn last_regular_base(
    policy: &Policy,
    facts: &UnitFacts,
    award_id: i64,
    month: Month,
    known_on: NaiveDate,
) -> Fen {
    let (mut unit, mut outcome) = (UnitAt::default(), Outcome::default());
    resolve(policy, facts, month, known_on, &mut unit);
    evaluate(policy, &policy.rates(month, known_on), &unit, &mut outcome, &mut NoTrace);
    outcome.dues().iter().find(|d| d.award_id == award_id).map_or(Fen::ZERO, |d| d.base)
}
