//! Why somebody left the table, and who of the new ones comes back.
//!
//! Asked only for those who are counted in one of the two months.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::domain::award::{DecisionKind, StopReason};
use crate::domain::ids::AwardId;
use crate::domain::life_event::EventKind;
use crate::domain::summary::build::Mover;
use crate::error::AppResult;
use crate::store::Db;
use crate::store::report::{
    RunHead, StopRow, has_run_before, list_departures, list_paid_before, list_stops,
};

/// Reason of somebody whose payment is held.
pub const HELD: &str = "暂缓";

/// The reason for each beneficiary that left, as far as one is known at the
/// run's cut-off: 暂缓, the stop's reason, death, departure. Whoever is not
/// among them no longer meets a condition: 暂停.
///
/// # Errors
/// The database failed.
pub fn leave_reasons(
    conn: &mut Db,
    street: &str,
    run: &RunHead,
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
    Ok(reasons)
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
