//! A line down to the facts behind it: how the amount came about, what was
//! decided and entered, by whom, and what became of the payment.

use chrono::NaiveDate;

use super::explain::{LineExplanation, policies_of, recompute};
use super::view::{label_of, load_visible};
use crate::domain::fact::FactKind;
use crate::domain::ids::{AwardId, LineId, ResidentId, RunId};
use crate::domain::mask;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::{AttemptState, ReturnReason};
use crate::domain::summary::ProgramLabel;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ReadReport};
use crate::services::report::people::{Behind, People, Shown};
use crate::services::report::whole_street;
use crate::store::attempt::AttemptRow;
use crate::store::hold::{self, HoldRow};
use crate::store::resident::list_residents_by_id;
use crate::store::run::RunRow;
use crate::store::{Db, Store, attempt, award, decision, fact, history, line};

/// Something that was entered and that the amount rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What, in Chinese.
    pub zh: &'static str,
    /// What, in English.
    pub en: &'static str,
    /// About whom, masked; empty for a decision on the award itself.
    pub about: String,
    /// Amount, where there is one.
    pub amount: Option<Fen>,
    /// First month.
    pub from_month: Month,
    /// Since when a run knows it.
    pub known_on: NaiveDate,
    /// Document number.
    pub doc_no: String,
    /// Who entered it; empty if a book brought it.
    pub entered_by: String,
}

/// A line with everything behind it.
#[derive(Debug, Clone)]
pub struct LineView {
    /// The line and the steps to its amount.
    pub explanation: LineExplanation,
    /// Its run.
    pub run: RunRow,
    /// Its program.
    pub label: ProgramLabel,
    /// Who, masked.
    pub behind: Behind,
    /// Decisions and facts that its run knew.
    pub sources: Vec<Source>,
    /// Holds on the award, the latest first.
    pub holds: Vec<HoldRow>,
    /// Payments that did not simply succeed.
    pub attempts: Vec<AttemptRow>,
}

/// Facts that need a right of their own to be seen (`rulings.md` P6).
const RESTRICTED: [FactKind; 3] =
    [FactKind::ChildClass, FactKind::MentalRegister, FactKind::Incident];

/// A line of the caller's street. `restricted`: whether the caller may see
/// what stands behind allowances for children and mental-health awards.
///
/// # Errors
/// No such line; `Integrity` if the amount that comes out is not the line's.
pub fn view_line(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: LineId,
    restricted: bool,
) -> AppResult<LineView> {
    whole_street(by)?;
    let street = by.street();
    store.read(|conn| {
        let not_found = || AppError::not_found("明细", "line");
        let row = line::find_line(conn, street, id)?.ok_or_else(not_found)?;
        let run = load_visible(conn, street, row.run_id).map_err(|_| not_found())?;
        let label = label_of(conn, &run)?;
        let award_id = row.award_id;
        let policies = policies_of(conn, &run)?;
        let explanation = recompute(store.cipher(), row, &policies)?;
        let known = explanation.known_on.unwrap_or(run.cut_off);
        let people = People::load(conn, street, &[award_id])?;
        let mut holds = hold::list_holds_of(conn, street, award_id)?;
        holds.reverse();
        let month = explanation.line.month;
        Ok(LineView {
            behind: people.behind(store.cipher(), award_id, Shown::Masked)?,
            sources: sources(conn, street, award_id, (month, known), restricted)?,
            holds,
            attempts: attempt::list_attempts_of(conn, street, id)?,
            explanation,
            label,
            run,
        })
    })
}

fn sources(
    conn: &mut Db,
    street: &str,
    award_id: AwardId,
    (month, known): (Month, NaiveDate),
    restricted: bool,
) -> AppResult<Vec<Source>> {
    let mut found = Vec::new();
    for row in decision::list_decisions_of(conn, street, award_id)? {
        if row.known_on <= known && row.from_month <= month {
            found.push(Source {
                zh: row.kind.zh(),
                en: row.kind.en(),
                about: String::new(),
                amount: row.amount_fen,
                from_month: row.from_month,
                known_on: row.known_on,
                doc_no: row.doc_no.unwrap_or_default(),
                entered_by: author(conn, street, "decision", row.id)?,
            });
        }
    }
    let Some(award) = award::find_award(conn, street, award_id)? else { return Ok(found) };
    let facts = fact::list_facts_of_unit(conn, street, award.unit_id)?;
    let ids: Vec<ResidentId> = facts.iter().map(|fact| fact.resident_id).collect();
    let names = list_residents_by_id(conn, street, &ids)?;
    for row in facts {
        let counts = row.known_on <= known
            && row.from_month <= month
            && row.to_month.is_none_or(|to| to > month)
            && row.annulled_on.is_none_or(|on| on > known);
        if !counts || (!restricted && RESTRICTED.contains(&row.kind)) {
            continue;
        }
        let name = names.iter().find(|r| r.id == row.resident_id).map(|r| mask::name(&r.name));
        found.push(Source {
            zh: row.kind.zh(),
            en: row.kind.en(),
            about: name.unwrap_or_default(),
            amount: row.amount_fen,
            from_month: row.from_month,
            known_on: row.known_on,
            doc_no: row.doc_no.unwrap_or_default(),
            entered_by: author(conn, street, "fact", row.id)?,
        });
    }
    Ok(found)
}

/// A payment that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedPayment {
    /// Its line.
    pub line: LineId,
    /// Whose, masked.
    pub name: String,
    /// Amount.
    pub amount: Fen,
    /// Why.
    pub reason: Option<ReturnReason>,
    /// When.
    pub returned_on: Option<NaiveDate>,
    /// Whether a later run sends it again.
    pub reissued: bool,
}

/// The payments of a run that came back.
///
/// # Errors
/// No such run; a stored value does not open.
pub fn list_returned(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    id: RunId,
) -> AppResult<Vec<ReturnedPayment>> {
    whole_street(by)?;
    let street = by.street();
    store.read(|conn| {
        load_visible(conn, street, id)?;
        let mut found = Vec::new();
        for row in attempt::list_attempts_of_run(conn, street, id)? {
            if row.state != AttemptState::Returned {
                continue;
            }
            let Some(line) = line::find_line(conn, street, row.line_id)? else { continue };
            let people = People::load(conn, street, &[line.award_id])?;
            let later = attempt::list_attempts_of(conn, street, row.line_id)?;
            found.push(ReturnedPayment {
                line: row.line_id,
                name: people.behind(store.cipher(), line.award_id, Shown::Masked)?.name,
                amount: line.amount_fen,
                reason: row.reason_code.as_deref().and_then(ReturnReason::from_code),
                returned_on: row.returned_on,
                reissued: later.iter().any(|other| other.attempt_no > row.attempt_no),
            });
        }
        Ok(found)
    })
}

/// Who created a record.
fn author(conn: &mut Db, street: &str, kind: &str, id: i64) -> AppResult<String> {
    let entries = history::list_history(conn, street, kind, id)?;
    Ok(entries.into_iter().next().map(|entry| entry.actor).unwrap_or_default())
}
