//! Why a line that is not regular exists, as a code on the line.

use chrono::NaiveDate;

use crate::domain::award::DecisionKind;
use crate::domain::ledger::Settled;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineReason;
use crate::domain::policy::{Due, Reason};

use super::unit_facts::Unit;

/// Why money is owed back: what the evaluator says of the month now.
pub(super) fn of_claim(due: Option<Due>) -> LineReason {
    let Some(due) = due else { return LineReason::NotInForce };
    if due.amount.is_positive() {
        return LineReason::Changed;
    }
    match due.reason {
        Reason::Deceased => LineReason::Deceased,
        Reason::Away => LineReason::Away,
        Reason::ExcludedBy(_) => LineReason::Excluded,
        _ => LineReason::Changed,
    }
}

/// Why an earlier month is paid now.
pub(super) fn of_arrears(
    unit: &Unit,
    award: usize,
    month: Month,
    settled: Settled,
    known_before: Option<NaiveDate>,
    today: NaiveDate,
    due_then: impl FnOnce() -> Fen,
) -> LineReason {
    let was_held = unit.holds.iter().any(|h| {
        usize::from(h.award) == award
            && h.from <= month
            && h.released_on.is_some_and(|on| on <= today && known_before.is_none_or(|b| on > b))
    });
    if was_held {
        return LineReason::Released;
    }
    let own = || unit.facts.decisions.iter().filter(|d| usize::from(d.award) == award);
    let stopped_by_mistake = own().filter(|d| d.kind == DecisionKind::AnnulStop).any(|annulment| {
        known_before.is_none_or(|before| annulment.known_on > before)
            && own().any(|stop| stop.id == annulment.annuls && stop.from <= month)
    });
    if stopped_by_mistake {
        return LineReason::WrongStop;
    }
    if settled == Settled::default() {
        let renewed = unit
            .facts
            .certificates
            .iter()
            .any(|c| c.from <= month && known_before.is_some_and(|before| c.known_on > before));
        return if renewed { LineReason::Renewed } else { LineReason::Late };
    }
    if due_then() == settled.total() { LineReason::Standard } else { LineReason::Changed }
}
