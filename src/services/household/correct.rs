//! Correction of a household's record: what was entered wrong. A move is an
//! event, and whom an assistance household counts is for two people to say;
//! nothing in here changes what is due to anybody.

use chrono::NaiveDate;

use super::act;
use super::home::Home;
use crate::domain::household::HouseholdKind;
use crate::domain::ids::HouseholdId;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Place, Refusal};
use crate::services::auth::{Authorized, EditRegistry};
use crate::services::record::{Changes, check_required, check_version};
use crate::services::{area, resident};
use crate::store::household::{self as rows, HouseholdRow};
use crate::store::resident::find_resident;
use crate::store::{Store, Tx, area as areas};

/// What is to be changed; `None` leaves a field alone.
#[derive(Debug, Clone, Default)]
pub struct HouseholdPatch {
    /// Registered or dwelling household.
    pub kind: Option<HouseholdKind>,
    /// 户号.
    pub household_no: Option<String>,
    /// Community or grid; members who are registered in the same one go along.
    pub area_code: Option<String>,
    /// Rendered address.
    pub address: Option<String>,
    /// First day.
    pub opened_on: Option<NaiveDate>,
}

/// Corrects a record. `version` is the one that was read. Returns the new one.
///
/// # Errors
/// Every wrong field at once; a stale version; a closed household; a number of
/// another household; a kind that is for two people to say.
pub fn correct(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    id: HouseholdId,
    version: i32,
    patch: &HouseholdPatch,
    reason: &str,
) -> AppResult<i32> {
    store.write(by.street(), |tx| {
        let mut home = Home::load(tx, by.scope(), id)?;
        let old = home.row().clone();
        check_version(old.version, Some(version))?;
        let new = patched(&old, patch);
        let mut refusals = faults(tx, by.scope(), &new, Some(id))?;
        check_required(&mut refusals, "reason", reason);
        refusals.extend(kind_fault(&old, &new));
        refusals.extend(day_fault(&home, &new));
        AppError::refused_unless_empty(refusals)?;
        let mut changes = Changes::default();
        move_members(tx, by.scope(), &home, &new.area_code, &mut changes)?;
        home.correct(&new);
        home.save(tx, &mut changes).map_err(at_kind)?;
        if changes.is_empty() {
            return Ok(version);
        }
        changes.write(tx, &act(by, "household.correct", id, Some(reason)))?;
        Ok(old.version + 1)
    })
}

fn patched(old: &HouseholdRow, patch: &HouseholdPatch) -> HouseholdRow {
    let text = |new: &Option<String>, old: &str| {
        new.as_deref().map_or_else(|| old.to_owned(), |text| text.trim().to_owned())
    };
    HouseholdRow {
        kind: patch.kind.unwrap_or(old.kind),
        household_no: text(&patch.household_no, &old.household_no),
        area_code: text(&patch.area_code, &old.area_code),
        address: text(&patch.address, &old.address),
        opened_on: patch.opened_on.unwrap_or(old.opened_on),
        ..old.clone()
    }
}

/// What is wrong with a household's own fields; `own` is its id if it exists.
pub(super) fn faults(
    tx: &mut Tx<'_>,
    scope: &Scope,
    row: &HouseholdRow,
    own: Option<HouseholdId>,
) -> AppResult<Vec<Refusal>> {
    let today = tx.clock().today();
    let mut refusals = Vec::new();
    check_required(&mut refusals, "household_no", &row.household_no);
    check_required(&mut refusals, "address", &row.address);
    if row.opened_on > today {
        refusals.push(Refusal::field(
            "opened_on",
            "建户日期不能晚于今天。",
            "The date of opening must not be in the future.",
        ));
    }
    let street = scope.street_code();
    let tree = areas::load_tree(tx.conn, today)?;
    refusals.extend(area::check_place(&tree, street, "area", &row.area_code, today));
    if !scope.contains(&row.area_code) {
        refusals.push(resident::outside_scope("area"));
    }
    let found = rows::find_household_by_no(tx.conn, street, row.kind, &row.household_no)?;
    if found.is_some_and(|other| Some(other.id) != own) {
        let number = &row.household_no;
        let taken = Refusal::new(
            ErrorCode::Duplicate,
            format!("{}户号“{number}”已存在。", row.kind.zh()),
            format!("The {} number \"{number}\" exists already.", row.kind.en()),
        );
        refusals.push(taken.at(Place::Field("household_no".to_owned())));
    }
    Ok(refusals)
}

/// An assistance household is opened and ended by decisions, not renamed.
fn kind_fault(old: &HouseholdRow, new: &HouseholdRow) -> Option<Refusal> {
    let counts = |row: &HouseholdRow| row.kind == HouseholdKind::Assist;
    (old.kind != new.kind && (counts(old) || counts(new))).then(|| {
        Refusal::field(
            "kind",
            "救助家庭决定保障人口,不能与其他户类型互改。请新增户,或办理成员增减。",
            "An assistance household decides who is counted and cannot become another kind. \
             Open a household, or add and remove members.",
        )
    })
}

fn day_fault(home: &Home, new: &HouseholdRow) -> Option<Refusal> {
    let first = home.first_join()?;
    (new.opened_on > first).then(|| {
        Refusal::field(
            "opened_on",
            format!("建户日期不能晚于成员最早的加入日期({first})。"),
            format!("The household was opened when its first member joined ({first}) or before."),
        )
    })
}

/// Who stands in the same wrong area as the household is corrected with it.
fn move_members(
    tx: &mut Tx<'_>,
    scope: &Scope,
    home: &Home,
    area_code: &str,
    changes: &mut Changes,
) -> AppResult<()> {
    let old = &home.row().area_code;
    if old == area_code {
        return Ok(());
    }
    let members: Vec<_> = home.open_members().map(|m| m.resident_id).collect();
    for id in members {
        if let Some(person) = find_resident(tx.conn, scope, id)?
            && person.area_code == *old
        {
            resident::set_area(tx, &person, area_code, changes)?;
        }
    }
    Ok(())
}

/// A member who is in another household of the new kind is a matter of the kind.
fn at_kind(error: AppError) -> AppError {
    match error {
        AppError::Refused(refusals) => AppError::Refused(
            refusals.into_iter().map(|r| Refusal::field("kind", r.zh, r.en)).collect(),
        ),
        other => other,
    }
}

/// Open households of a kind at an address (`ux.md` M-12): whoever opens
/// another one there is asked first. Only those in the caller's scope.
///
/// # Errors
/// The database failed.
pub fn find_at_address(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    kind: HouseholdKind,
    address: &str,
) -> AppResult<Vec<HouseholdRow>> {
    store.read(|conn| Ok(rows::list_households_at(conn, by.scope(), kind, address.trim())?))
}
