//! A family as it is met at its door: the household with its head, then one
//! member after the other, each a person who is new or known already.

use super::{HouseholdInput, MemberDates, MemberInput, act, add_member_in, check_counted, open_in};
use crate::domain::code_table::Relation;
use crate::domain::document::Document;
use crate::domain::household::JoinReason;
use crate::domain::ids::{HouseholdId, ResidentId};
use crate::domain::normalise;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{Authorized, EditRegistry};
use crate::services::record::Changes;
use crate::services::resident::{self, ResidentInput};
use crate::store::resident::{self as people, DOC_INDEX};
use crate::store::{Store, Tx};

/// Opens a household with its head, in one transaction.
///
/// # Errors
/// As [`super::open`]; every wrong field of the head; a number that stands for
/// somebody of another name, or outside the caller's areas.
pub fn open_with_head(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    input: &HouseholdInput,
    head: &ResidentInput,
) -> AppResult<HouseholdId> {
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let head = known_or_new(tx, by.scope(), head, &mut changes)?;
        let members = vec![MemberInput::new(head, Relation::HEAD)];
        let id =
            open_in(tx, by.scope(), &HouseholdInput { members, ..input.clone() }, &mut changes)?;
        changes.write(tx, &act(by, "household.open", id, None))?;
        Ok(id)
    })
}

/// Somebody joins an open household, in one transaction with their record.
///
/// # Errors
/// As [`super::add_member`] and [`open_with_head`].
pub fn add_person(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    household: HouseholdId,
    person: &ResidentInput,
    (relation, from_on): (Relation, chrono::NaiveDate),
    reason: JoinReason,
    dates: MemberDates,
) -> AppResult<ResidentId> {
    store.write(by.street(), |tx| {
        check_counted(tx, by, household)?;
        let mut changes = Changes::default();
        let id = known_or_new(tx, by.scope(), person, &mut changes)?;
        let member = MemberInput::new(id, relation);
        // Nobody lives anywhere before being born.
        let born = resident::load_active(tx, by.scope(), id)?.birth_on;
        let joining = (household, &member, from_on.max(born));
        add_member_in(tx, by.scope(), joining, reason, dates, &mut changes)?;
        changes.write(tx, &act(by, "household.add_member", household, Some(reason.code())))?;
        Ok(id)
    })
}

/// The person with this number and name, or a new record.
fn known_or_new(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &ResidentInput,
    changes: &mut Changes,
) -> AppResult<ResidentId> {
    if let Some(id) = find_known(tx, scope, input)? {
        return Ok(id);
    }
    Ok(resident::insert_new(tx, scope, input, changes)?.id)
}

fn find_known(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &ResidentInput,
) -> AppResult<Option<ResidentId>> {
    let number = input.doc_no.as_deref().unwrap_or_default();
    let Ok(document) = Document::parse(input.doc_kind, number, tx.clock().today()) else {
        return Ok(None);
    };
    let Some(text) = document.index_text() else { return Ok(None) };
    let blind = tx.cipher().blind(DOC_INDEX, &text);
    let held = people::find_resident_by_document(tx.conn, scope.street_code(), &blind)?;
    let Some(row) = held.filter(|row| scope.contains(&row.area_code)) else { return Ok(None) };
    let same = normalise::name(&input.name).is_ok_and(|name| name == row.name);
    if same {
        return Ok(Some(row.id));
    }
    Err(AppError::refuse(
        Refusal::new(
            ErrorCode::Duplicate,
            "该证件号已登记在另一姓名下。请核对姓名和证件号。",
            "This number is registered under another name. Check the name and the number.",
        )
        .at(Place::Field("doc_no".to_owned())),
    ))
}
