//! The lines of one award for one month, by the ledger's rule.

use chrono::NaiveDate;

use super::{DraftLine, Evaluated, Worker, find, then_outcome};
use crate::domain::ledger::{Settled, Situation, deduction, settle};
use crate::domain::life_event::EventKind;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{LineKind, LineReason};
use crate::domain::policy::{
    AwardRow, Due, NO_TIER, NOBODY, Outcome, Period, UnitAt, encode_inputs,
};
use crate::services::payout::inputs::{self, RecoveryPart};
use crate::services::payout::plan::ProgramPlan;
use crate::services::payout::reason;
use crate::services::payout::unit_facts::Unit;
use crate::store::unit_news::LateEvent;

impl Worker<'_> {
    pub(super) fn post(
        &mut self,
        item: &Item<'_>,
        evaluated: &mut Evaluated,
        current: Option<&Evaluated>,
        lines: &mut Vec<DraftLine>,
    ) {
        let plan = self.plan;
        let program = item.program;
        let hold = self.hold(item, evaluated);
        let once = program.period == Period::Once && item.settled == Settled::default();
        let pays_closed = plan.policy.policy.settings.pay_arrears_to_closed;
        let situation = Situation {
            own_period: item.month == program.own || once,
            held: hold.is_some(),
            closed: !pays_closed
                && current.is_some_and(|c| {
                    find(&c.outcome, item.award.id).is_none_or(|d| !d.amount.is_positive())
                }),
        };
        let amount = item.due.map_or(Fen::ZERO, |d| d.amount);
        let mut scratch = std::mem::take(&mut self.scratch);
        let then = program.previous.map(|p| p.cut_off);
        let due_then = |evaluated: &mut Evaluated, scratch: &mut Outcome| match then {
            Some(known) => then_outcome(plan, known, evaluated, scratch, item.award.id),
            None => amount,
        };
        let postings =
            settle(amount, item.settled, situation, || due_then(evaluated, &mut scratch));
        for posting in postings.into_iter().flatten() {
            let why = match posting.kind {
                LineKind::Regular => None,
                LineKind::Held => hold,
                LineKind::Waived if posting.amount.is_positive() => Some(LineReason::Closed),
                LineKind::Waived => Some(LineReason::Standard),
                LineKind::Claim => Some(reason::of_claim(item.due)),
                _ => {
                    let facts = &self.unit;
                    let known = program.previous.map(|p| p.cut_off);
                    Some(reason::of_arrears(
                        facts,
                        item.index,
                        item.month,
                        item.settled,
                        known,
                        plan.today,
                        || due_then(evaluated, &mut scratch),
                    ))
                }
            };
            let line = self.line(item, posting.kind, posting.amount, why, evaluated, then);
            let regular = (line.kind == LineKind::Regular && line.month == program.own)
                .then_some((line.amount, line.area));
            lines.push(line);
            if let Some((regular, area)) = regular {
                lines.extend(self.deduction(item, regular, area));
            }
        }
        self.scratch = scratch;
    }

    fn line(
        &self,
        item: &Item<'_>,
        kind: LineKind,
        amount: Fen,
        reason: Option<LineReason>,
        evaluated: &mut Evaluated,
        then: Option<NaiveDate>,
    ) -> DraftLine {
        let whole = item.due.filter(|d| d.amount == amount);
        let inputs = if self.with_inputs {
            if evaluated.encoded.is_empty() {
                encode_inputs(&mut evaluated.units, &mut evaluated.encoded);
            }
            let then = if kind == LineKind::Regular { None } else { then };
            inputs::due(item.settled.total(), then, &evaluated.encoded)
        } else {
            Vec::new()
        };
        let case = item.program.period == Period::Once;
        DraftLine {
            program: item.position,
            beneficiary: item.award.beneficiary_id,
            award: item.award.id,
            month: item.month,
            kind,
            amount,
            base: whole.map_or(amount, |d| d.base),
            supplement: whole.map_or(Fen::ZERO, |d| d.supplement),
            persons: item.due.map_or(0, |d| i32::from(d.persons)),
            area: self.unit.place(item.award, case, item.program.known),
            tier: item.due.map_or(NO_TIER, |d| d.tier),
            reason,
            inputs,
        }
    }

    /// What the month's payment gives towards the award's claims: together at
    /// most the largest cap, oldest claim first.
    fn deduction(&self, item: &Item<'_>, regular: Fen, area: i64) -> Option<DraftLine> {
        let claims = self.plan.claims.get(&item.award.id)?;
        let cap = claims.iter().map(|c| c.cap_percent).max()?;
        let owed: Fen = claims.iter().map(|c| c.balance).sum();
        let mut rest = deduction(regular, cap, owed);
        let mut parts = Vec::new();
        for claim in claims {
            let part = deduction(regular, claim.cap_percent, claim.balance).min(rest);
            if part.is_positive() {
                rest = rest - part;
                parts.push(RecoveryPart {
                    claim: claim.id,
                    cap_percent: claim.cap_percent,
                    balance: claim.balance,
                    part,
                });
            }
        }
        let total: Fen = parts.iter().map(|p| p.part).sum();
        total.is_positive().then(|| DraftLine {
            program: item.position,
            beneficiary: item.award.beneficiary_id,
            award: item.award.id,
            month: item.month,
            kind: LineKind::Deduction,
            amount: -total,
            base: -total,
            supplement: Fen::ZERO,
            persons: 0,
            area,
            tier: NO_TIER,
            reason: Some(LineReason::Recovery),
            inputs: if self.with_inputs { inputs::recovery(regular, &parts) } else { Vec::new() },
        })
    }

    /// Why the month is held, if it is: a hold, or a death or move confirmed
    /// after the cut-off (`rulings.md` M7).
    fn hold(&self, item: &Item<'_>, evaluated: &Evaluated) -> Option<LineReason> {
        let today = self.plan.today;
        let held = self.unit.holds.iter().any(|h| {
            usize::from(h.award) == item.index
                && h.from <= item.month
                && h.placed_on <= today
                && h.released_on.is_none_or(|on| on > today)
        });
        if held {
            return Some(LineReason::Hold);
        }
        let late = self.plan.late.get(&self.unit.facts.unit_id)?;
        let at = evaluated.units.last()?;
        late.iter()
            .filter(|e| e.reported_on > item.program.known)
            .any(|e| concerns(e, item.award, at, &self.unit) && item.month > event_month(e))
            .then_some(LineReason::LateEvent)
    }
}

/// One award at one month.
pub(super) struct Item<'a> {
    pub position: usize,
    pub program: &'a ProgramPlan,
    pub award: &'a AwardRow,
    pub index: usize,
    pub month: Month,
    pub due: Option<Due>,
    pub settled: Settled,
}

/// The month up to which a late event changes nothing.
pub(in crate::services::payout) fn event_month(event: &LateEvent) -> Month {
    match event.kind {
        EventKind::Death => Month::of(event.event_on),
        _ => Month::of(event.reported_on),
    }
}

fn concerns(event: &LateEvent, award: &AwardRow, at: &UnitAt, unit: &Unit) -> bool {
    let id_of = |person: u16| unit.facts.persons.get(usize::from(person)).map(|p| p.id);
    if event.resident_id.is_some() && event.resident_id == id_of(award.person) {
        return true;
    }
    if award.household == NOBODY || award.single {
        return false;
    }
    let household = unit.facts.households.get(usize::from(award.household)).copied();
    let member = at
        .persons
        .iter()
        .any(|p| Some(p.id) == event.resident_id && p.household == award.household);
    member || (event.resident_id.is_none() && event.household_id == household)
}
