//! Why somebody left the table, and who of the new ones comes back.
//!
//! Asked only for those who are counted in one of the two months.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::programs::Programs;

use crate::domain::award::{DecisionKind, StopReason};
use crate::domain::ids::{AwardId, ResidentId, UnitId};
use crate::domain::life_event::EventKind;
use crate::domain::month::Month;
use crate::domain::summary::build::Mover;
use crate::error::AppResult;
use crate::store::Db;
use crate::store::report::{
    RunHead, StopRow, has_run_before, list_departures, list_in_units, list_owners,
    list_paid_before, list_stops,
};
use crate::store::resident::list_residents_by_id;
use crate::store::roster::list_regular_of;

/// Reason of somebody whose payment is held.
pub const HELD: &str = "暂缓";

/// The reason for each beneficiary that left, as far as one is known at the
/// run's cut-off: 暂缓, the stop's reason, death, departure, another program, an
/// age that was reached (不再符合条件). Whoever is not among them no longer meets a
/// condition that may be met again: 暂停.
///
/// # Errors
/// The database failed.
pub fn leave_reasons(
    conn: &mut Db,
    street: &str,
    run: &RunHead,
    programs: &Programs,
    left: &[Mover],
) -> AppResult<BTreeMap<i64, String>> {
    let mut reasons = BTreeMap::new();
    if left.is_empty() {
        return Ok(reasons);
    }
    let awards: Vec<AwardId> = left.iter().map(|mover| AwardId(mover.award)).collect();
    let mut stops: HashMap<AwardId, Vec<StopRow>> = HashMap::new();
    for stop in list_stops(conn, street, &awards, run.cut_off)? {
        stops.entry(stop.award_id).or_default().push(stop);
    }
    let mut departures: HashMap<AwardId, EventKind> = HashMap::new();
    for (award, kind, event_on) in list_departures(conn, street, &awards, run.cut_off)? {
        if event_on < run.month.first_day() {
            departures.insert(award, kind);
        }
    }
    for mover in left {
        let award = AwardId(mover.award);
        let stop = stops.get(&award).and_then(|stops| stop_in_force(stops, run));
        let reason = match (mover.held, stop, departures.get(&award)) {
            (true, _, _) => HELD.to_owned(),
            (_, Some(stop), _) => stop_name(stop),
            (_, _, Some(EventKind::Death)) => StopReason::Death.zh().to_owned(),
            (_, _, Some(_)) => StopReason::MovedOut.zh().to_owned(),
            (false, None, None) => continue,
        };
        reasons.insert(mover.beneficiary, reason);
    }
    let unexplained: Vec<Mover> =
        left.iter().filter(|m| !reasons.contains_key(&m.beneficiary)).copied().collect();
    for (beneficiary, program) in excluded(conn, street, run, programs, &unexplained)? {
        reasons.insert(beneficiary, format!("转{program}"));
    }
    for beneficiary in outgrown(conn, street, run, programs, &unexplained)? {
        let reason = || StopReason::Condition.zh().to_owned();
        reasons.entry(beneficiary).or_insert_with(reason);
    }
    Ok(reasons)
}

/// Those who reached the age at which the program ends.
fn outgrown(
    conn: &mut Db,
    street: &str,
    run: &RunHead,
    programs: &Programs,
    left: &[Mover],
) -> AppResult<Vec<i64>> {
    let awards: Vec<AwardId> = left.iter().map(|mover| AwardId(mover.award)).collect();
    let owners = list_owners(conn, street, &awards)?;
    let ids: Vec<ResidentId> = owners.iter().map(|owner| owner.resident_id).collect();
    let births: HashMap<ResidentId, Month> = list_residents_by_id(conn, street, &ids)?
        .into_iter()
        .map(|row| (row.id, Month::of(row.birth_on)))
        .collect();
    let too_old: HashSet<i64> = owners
        .iter()
        .filter(|owner| {
            let birth = births.get(&owner.resident_id);
            birth.is_some_and(|birth| programs.outgrown(&run.program, *birth, run.month))
        })
        .map(|owner| owner.id.0)
        .collect();
    let found = left.iter().filter(|mover| too_old.contains(&mover.award));
    Ok(found.map(|mover| mover.beneficiary).collect())
}

/// Those who receive this month what excludes the program they left, with that
/// program's name.
fn excluded(
    conn: &mut Db,
    street: &str,
    run: &RunHead,
    programs: &Programs,
    left: &[Mover],
) -> AppResult<Vec<(i64, String)>> {
    let others = programs.excluded_by(&run.program);
    if left.is_empty() || others.is_empty() {
        return Ok(Vec::new());
    }
    let awards: Vec<AwardId> = left.iter().map(|mover| AwardId(mover.award)).collect();
    let owners = list_owners(conn, street, &awards)?;
    let units: Vec<UnitId> = owners.iter().map(|owner| owner.unit_id).collect();
    let persons: HashMap<i64, ResidentId> =
        owners.iter().map(|owner| (owner.id.0, owner.resident_id)).collect();
    let mut found = Vec::new();
    for other in others {
        let receivers = list_in_units(conn, street, &units, &other)?;
        let ids: Vec<i64> = receivers.iter().map(|(_, beneficiary)| *beneficiary).collect();
        let paid: HashSet<i64> = list_regular_of(conn, street, &other, &ids, run.month)?
            .into_iter()
            .filter(|line| line.amount_fen.is_positive())
            .map(|line| line.beneficiary_id)
            .collect();
        let receives: HashSet<ResidentId> = receivers
            .into_iter()
            .filter(|(_, beneficiary)| paid.contains(beneficiary))
            .map(|(who, _)| who)
            .collect();
        let name = programs.label(&other).zh;
        found.extend(
            left.iter()
                .filter(|mover| persons.get(&mover.award).is_some_and(|who| receives.contains(who)))
                .map(|mover| (mover.beneficiary, name.clone())),
        );
    }
    Ok(found)
}

/// The latest stop that covers the month and was not annulled.
fn stop_in_force<'a>(stops: &'a [StopRow], run: &RunHead) -> Option<&'a StopRow> {
    let annulled = |id: i64| {
        stops.iter().any(|row| row.kind == DecisionKind::AnnulStop && row.annuls == Some(id))
    };
    stops
        .iter()
        .filter(|row| row.kind == DecisionKind::Stop && row.from_month <= run.month)
        .rfind(|row| !annulled(row.id))
}

fn stop_name(stop: &StopRow) -> String {
    let code = stop.reason.as_deref().unwrap_or_default();
    match StopReason::from_code(code) {
        Some(reason) => reason.zh().to_owned(),
        None if code.is_empty() => StopReason::Other.zh().to_owned(),
        None => code.to_owned(),
    }
}

/// Those who were paid in some month before the run that 上月 comes from.
///
/// # Errors
/// The database failed.
pub fn returning(
    conn: &mut Db,
    street: &str,
    last: &RunHead,
    joined: &[Mover],
) -> AppResult<BTreeSet<i64>> {
    if !has_run_before(conn, street, &last.program, last.month)? {
        return Ok(BTreeSet::new());
    }
    let ids: Vec<i64> = joined.iter().map(|mover| mover.beneficiary).collect();
    // A run's own period lies at or before its month (a quarter ends before).
    Ok(list_paid_before(conn, street, &last.program, &ids, last.month)?.into_iter().collect())
}
