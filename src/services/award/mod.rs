//! Awards and the decisions on them: confirm, stop, annul a stop, grace, hold,
//! release. A decision is never changed: a wrong one is answered by another.

mod checks;
mod confirm;
mod decide;
mod desk;
mod hold;

pub use confirm::{Beneficiary, ConfirmInput, Confirmed, confirm, set_account};
pub use decide::{StopInput, annul_stop, grace, stop};
pub(in crate::services) use desk::account_lines;
pub use desk::{
    AccountLine, Application, AwardOptions, AwardPage, apply, award_options, load_award_page,
};
pub use hold::{place_hold, release_hold};

pub(crate) use confirm::{confirm_in, set_account_in};
pub(crate) use decide::{NewStop, stop_in};
pub(crate) use hold::{hold_for_event, release_for_event};

use super::auth::{Authorized, EditAward, ViewRegistry};
use super::record::Act;
use super::report::programs::load_in_force;
use super::resident;
use crate::domain::award::{DecisionSpan, in_force};
use crate::domain::ids::{AwardId, ResidentId};
use crate::domain::month::Month;
use crate::domain::role::Rights;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::award::{self, AwardRow};
use crate::store::decision::{self, DecisionRow};
use crate::store::hold::HoldRow;
use crate::store::{Store, Tx};

/// An award whose person lies in scope.
pub(crate) fn load(tx: &mut Tx<'_>, scope: &Scope, id: AwardId) -> AppResult<AwardRow> {
    let not_found = || AppError::not_found("待遇", "award");
    let row = award::find_award(tx.conn, scope.street_code(), id)?.ok_or_else(not_found)?;
    resident::load(tx, scope, row.resident_id).map_err(|_| not_found())?;
    Ok(row)
}

/// What the rules need to know of an award's decisions.
pub(crate) fn spans(tx: &mut Tx<'_>, award: &AwardRow) -> AppResult<Vec<DecisionSpan>> {
    let rows = decision::list_decisions_of(tx.conn, &award.street_code, award.id)?;
    Ok(rows.iter().map(DecisionRow::span).collect())
}

/// The awards of a person's unit that are in force in some month from `from` on.
pub(crate) fn list_in_force(
    tx: &mut Tx<'_>,
    person: &crate::store::resident::ResidentRow,
    from: Month,
) -> AppResult<Vec<AwardRow>> {
    let street = person.street_code.clone();
    let mut found = Vec::new();
    for row in award::list_awards_of_unit(tx.conn, &street, person.unit_id)? {
        let spans = spans(tx, &row)?;
        if in_force_later(&spans, from) {
            found.push(row);
        }
    }
    Ok(found)
}

fn in_force_later(spans: &[DecisionSpan], from: Month) -> bool {
    crate::domain::award::first_covered(spans, from, None).is_some()
        || in_force(spans, from, chrono::NaiveDate::MAX)
}

pub(crate) fn act<'a>(
    by: &'a Authorized<'_, EditAward>,
    action: &'a str,
    id: AwardId,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "award",
        object_id: id.0,
        reason,
    }
}

pub(crate) fn future(field: &str) -> Refusal {
    Refusal::field(field, "日期不能晚于今天。", "The date must not be in the future.")
}

/// An award with everything decided about it.
#[derive(Debug, Clone)]
pub struct AwardFile {
    /// The award.
    pub award: AwardRow,
    /// All decisions, in id order.
    pub decisions: Vec<DecisionRow>,
    /// All holds, in id order.
    pub holds: Vec<HoldRow>,
}

/// An award with its decisions and holds.
///
/// # Errors
/// Not found or out of scope.
pub fn load_award(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: AwardId,
) -> AppResult<AwardFile> {
    let not_found = || AppError::not_found("待遇", "award");
    store.read(|conn| {
        let street = by.street();
        let row = award::find_award(conn, street, id)?.ok_or_else(not_found)?;
        crate::store::resident::find_resident(conn, by.scope(), row.resident_id)?
            .ok_or_else(not_found)?;
        let decisions = decision::list_decisions_of(conn, street, id)?;
        let holds = crate::store::hold::list_holds_of(conn, street, id)?;
        Ok(AwardFile { award: row, decisions, holds })
    })
}

/// As [`load_award`]; an award of the mental health domain only with its right:
/// whoever lacks it does not learn that there is one (SEC-199).
///
/// # Errors
/// Not found, out of scope, or without the right.
pub fn load_award_for(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: AwardId,
    rights: Rights,
) -> AppResult<AwardFile> {
    let file = load_award(store, by, id)?;
    let programs = store.read(load_in_force)?;
    if programs.label(&file.award.program).mental && !rights.mental {
        return Err(AppError::not_found("待遇", "award"));
    }
    Ok(file)
}

/// The awards of a person and of the households they are with.
///
/// # Errors
/// Not found or out of scope.
pub fn list_awards(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    person: ResidentId,
) -> AppResult<Vec<AwardRow>> {
    store.read(|conn| {
        let row = crate::store::resident::find_resident(conn, by.scope(), person)?
            .ok_or_else(|| AppError::not_found("居民", "resident"))?;
        Ok(award::list_awards_of_unit(conn, by.street(), row.unit_id)?)
    })
}
