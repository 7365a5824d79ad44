//! Guardians of children and patients.

use chrono::NaiveDate;

use super::auth::{Authorized, EditAward};
use super::record::{Act, Changes, check_required, one_row, seal, seal_opt};
use super::resident;
use crate::domain::guardian::{GuardianBasis, GuardianKind};
use crate::domain::ids::ResidentId;
use crate::domain::{normalise, resident as rules};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::Store;
use crate::store::guardian::{self as rows, GuardianRow, NAME, PHONE};

/// A guardianship as entered.
#[derive(Debug, Clone)]
pub struct GuardianInput {
    /// The child or patient.
    pub ward: ResidentId,
    /// The guardian, if a resident of the street: then the name is theirs.
    pub guardian: Option<ResidentId>,
    /// Name of a guardian from elsewhere, or of the committee.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Who.
    pub kind: GuardianKind,
    /// On what ground.
    pub basis: GuardianBasis,
    /// First day.
    pub from_on: NaiveDate,
}

/// Registers a guardian. Returns the id.
///
/// # Errors
/// All wrong fields at once; a person cannot guard themself.
pub fn add(store: &Store, by: &Authorized<'_, EditAward>, input: &GuardianInput) -> AppResult<i64> {
    store.write(by.street(), |tx| {
        let ward = resident::load_active(tx, by.scope(), input.ward)?;
        let mut refusals = Vec::new();
        if input.guardian == Some(input.ward) {
            refusals.push(Refusal::field(
                "guardian",
                "监护人不能是本人。",
                "Nobody is their own guardian.",
            ));
        }
        if input.from_on < ward.birth_on || input.from_on > tx.clock().today() {
            refusals.push(Refusal::field(
                "from_on",
                format!("起始日期应在出生日期({})与今天之间。", ward.birth_on),
                format!("The date must lie between the birth ({}) and today.", ward.birth_on),
            ));
        }
        let name = match input.guardian {
            Some(id) if id != input.ward => Some(resident::load(tx, by.scope(), id)?.name),
            _ => normalise::name(input.name.as_deref().unwrap_or_default())
                .map_err(|e| refusals.push(Refusal::field("name", e.zh(), e.en())))
                .ok(),
        };
        let phone = input
            .phone
            .as_deref()
            .map(rules::phone)
            .transpose()
            .map_err(|e| refusals.push(Refusal::field("phone", e.zh(), e.en())))
            .unwrap_or_default();
        AppError::refused_unless_empty(refusals)?;
        let id = tx.next_id();
        let row = GuardianRow {
            id,
            street_code: by.street().to_owned(),
            ward_id: ward.id,
            guardian_id: input.guardian,
            name_enc: seal(tx.cipher(), NAME, id, &name.unwrap_or_default())?,
            phone_enc: seal_opt(tx.cipher(), PHONE, id, phone.as_deref())?,
            kind: input.kind,
            basis: input.basis,
            from_on: input.from_on,
            to_on: None,
            import_id: None,
        };
        rows::insert_guardians(tx.conn, std::slice::from_ref(&row))?;
        let mut changes = Changes::default();
        changes.created("guardian", id);
        changes.write(tx, &act(by, "guardian.add", id, None))?;
        Ok(id)
    })
}

fn act<'a>(
    by: &'a Authorized<'_, EditAward>,
    action: &'a str,
    id: i64,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "guardian",
        object_id: id,
        reason,
    }
}

/// Ends a guardianship; `to_on` is its last day.
///
/// # Errors
/// Not found; ended already; before it began.
pub fn end(
    store: &Store,
    by: &Authorized<'_, EditAward>,
    id: i64,
    to_on: NaiveDate,
    reason: &str,
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        let not_found = || AppError::not_found("监护关系", "guardianship");
        let row = rows::find_guardian(tx.conn, by.street(), id)?.ok_or_else(not_found)?;
        resident::load(tx, by.scope(), row.ward_id).map_err(|_| not_found())?;
        let mut refusals = Vec::new();
        check_required(&mut refusals, "reason", reason);
        if to_on < row.from_on || to_on > tx.clock().today() {
            refusals.push(Refusal::field(
                "to_on",
                format!("终止日期应在起始日期({})与今天之间。", row.from_on),
                format!("The date must lie between {} and today.", row.from_on),
            ));
        }
        AppError::refused_unless_empty(refusals)?;
        one_row(rows::mark_guardian_ended(tx.conn, by.street(), id, to_on)?)?;
        let mut changes = Changes::default();
        changes.field(("guardian", id), "to_on", None, Some(to_on.to_string()));
        changes.write(tx, &act(by, "guardian.end", id, Some(reason)))
    })
}
