//! Households of the three kinds: open, correct, add and count members, look up.

mod correct;
mod family;
pub(crate) mod home;
mod restore;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::auth::{Authorized, EditRegistry, ViewRegistry};
use super::record::{Act, Changes, check_direct};
use super::resident;
use crate::domain::code_table::Relation;
use crate::domain::fact::{Change, Effect, FactDates, effect};
use crate::domain::household::{HouseholdKind, JoinReason, LeaveReason};
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, Refusal};
use crate::store::household::{self as rows, HouseholdRow};
use crate::store::membership::{self, MembershipRow};
use crate::store::{Store, Tx};
use home::{Counts, Home, Joining};

pub use correct::{HouseholdPatch, correct, find_at_address};
pub use family::{add_person, open_with_head};
pub use restore::{is_restorable, restore};

/// A member of a household as entered.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MemberInput {
    /// Who.
    pub resident: ResidentId,
    /// To the head; 02 is the head.
    pub relation: Relation,
    /// Whether the assistance counts them.
    pub counted: bool,
}

impl MemberInput {
    /// A counted member.
    #[must_use]
    pub const fn new(resident: ResidentId, relation: Relation) -> MemberInput {
        MemberInput { resident, relation, counted: true }
    }
}

/// A household as entered.
#[derive(Debug, Clone)]
pub struct HouseholdInput {
    /// Which grouping.
    pub kind: HouseholdKind,
    /// 户号; unique per street and kind.
    pub household_no: String,
    /// Community or grid.
    pub area_code: String,
    /// Rendered address.
    pub address: String,
    /// First day.
    pub opened_on: NaiveDate,
    /// Who, with exactly one head.
    pub members: Vec<MemberInput>,
    /// Why they come together.
    pub reason: JoinReason,
    /// When it was decided, and the month the decision names, if any.
    pub dates: MemberDates,
}

/// From when a joining or leaving counts (`rulings.md` M4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDates {
    /// The day of the decision; a run knows the change from then on.
    pub decided_on: NaiveDate,
    /// The month that the decision names; by default the one after it.
    pub named_month: Option<Month>,
}

impl MemberDates {
    /// Counts from the month after the decision.
    #[must_use]
    pub const fn decided(on: NaiveDate) -> MemberDates {
        MemberDates { decided_on: on, named_month: None }
    }

    pub(crate) fn counts(self) -> AppResult<Counts> {
        let dates = FactDates {
            decided_on: Some(self.decided_on),
            named_from: self.named_month,
            ..FactDates::default()
        };
        counts(effect(Change::Decided, &dates))
    }
}

/// M4's answer, or its missing date as a refusal.
pub(crate) fn counts(
    effect: Result<Effect, crate::domain::fact::DateMissing>,
) -> AppResult<Counts> {
    match effect {
        Ok(effect) => Ok(Counts { month: effect.from_month, known_on: effect.known_on }),
        Err(missing) => {
            Err(AppError::refuse(Refusal::field(missing.0, missing.zh(), missing.en())))
        }
    }
}

/// Opens a household with its members. A new assistance household is no
/// benefit-bearing change: it receives nothing before an award is decided.
///
/// # Errors
/// No or two heads, somebody who is in another household of the kind, a known
/// number, an unknown area.
pub fn open(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    input: &HouseholdInput,
) -> AppResult<HouseholdId> {
    store.write(by.street(), |tx| {
        let mut changes = Changes::default();
        let id = open_in(tx, by.scope(), input, &mut changes)?;
        changes.write(tx, &act(by, "household.open", id, None))?;
        Ok(id)
    })
}

fn act<'a>(
    by: &'a Authorized<'_, EditRegistry>,
    action: &'a str,
    id: HouseholdId,
    reason: Option<&'a str>,
) -> Act<'a> {
    Act {
        street: by.street(),
        actor: by.username(),
        action,
        object_kind: "household",
        object_id: id.0,
        reason,
    }
}

/// Opens a household inside a transaction.
pub(crate) fn open_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    input: &HouseholdInput,
    changes: &mut Changes,
) -> AppResult<HouseholdId> {
    let now = tx.clock().now();
    let id = HouseholdId(tx.next_id());
    let mut row = HouseholdRow {
        id,
        street_code: scope.street_code().to_owned(),
        kind: input.kind,
        household_no: input.household_no.trim().to_owned(),
        area_code: input.area_code.clone(),
        address: input.address.trim().to_owned(),
        head_id: None,
        unit_id: UnitId(id.0),
        opened_on: input.opened_on,
        closed_on: None,
        close_reason: None,
        import_id: None,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    AppError::refused_unless_empty(correct::faults(tx, scope, &row, None)?)?;
    let counts = input.dates.counts()?;
    let residents = input
        .members
        .iter()
        .map(|m| resident::load_active(tx, scope, m.resident))
        .collect::<AppResult<Vec<_>>>()?;
    row.unit_id = residents.iter().map(|r| r.unit_id).min().unwrap_or(row.unit_id);
    let mut home = Home::new(row);
    for (member, resident) in input.members.iter().zip(&residents) {
        let joining = Joining {
            resident,
            relation: member.relation,
            counted: member.counted,
            from_on: input.opened_on.max(resident.birth_on),
            reason: input.reason,
            counts,
        };
        home.join(tx.next_id(), &joining);
    }
    home.save(tx, changes)
}

/// Somebody joins an open household.
///
/// # Errors
/// As [`open`]; also when the day lies before the household's first; a signed-in
/// person and an assistance household.
pub fn add_member(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    household: HouseholdId,
    member: &MemberInput,
    from_on: NaiveDate,
    reason: JoinReason,
    dates: MemberDates,
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        check_counted(tx, by, household)?;
        let mut changes = Changes::default();
        let joining = (household, member, from_on);
        add_member_in(tx, by.scope(), joining, reason, dates, &mut changes)?;
        changes.write(tx, &act(by, "household.add_member", household, Some(reason.code())))
    })
}

/// Somebody joins, inside a transaction.
pub(crate) fn add_member_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    (household, member, from_on): (HouseholdId, &MemberInput, NaiveDate),
    reason: JoinReason,
    dates: MemberDates,
    changes: &mut Changes,
) -> AppResult<()> {
    check_day(tx, from_on)?;
    let mut home = Home::load(tx, scope, household)?;
    let resident = resident::load_active(tx, scope, member.resident)?;
    if from_on < resident.birth_on {
        return Err(AppError::refuse(Refusal::field(
            "from_on",
            format!("加入日期不能早于出生日期({})。", resident.birth_on),
            format!("Nobody joins before being born ({}).", resident.birth_on),
        )));
    }
    let joining = Joining {
        resident: &resident,
        relation: member.relation,
        counted: member.counted,
        from_on,
        reason,
        counts: dates.counts()?,
    };
    home.join(tx.next_id(), &joining);
    home.save(tx, changes)?;
    Ok(())
}

/// Somebody leaves an open household without leaving the street (marriage,
/// military service, prison …); `to_on` is the last day.
///
/// # Errors
/// Not a member, or the head without a new one given; a signed-in person and an
/// assistance household.
pub fn remove_member(
    store: &Store,
    by: &Authorized<'_, EditRegistry>,
    household: HouseholdId,
    leaving: (ResidentId, LeaveReason),
    to_on: NaiveDate,
    dates: MemberDates,
    new_head: Option<&NewHead>,
) -> AppResult<()> {
    store.write(by.street(), |tx| {
        check_counted(tx, by, household)?;
        let mut changes = Changes::default();
        let gone = (leaving.0, leaving.1, to_on);
        remove_member_in(tx, by.scope(), household, gone, dates, new_head, &mut changes)?;
        changes.write(tx, &act(by, "household.remove_member", household, Some(leaving.1.code())))
    })
}

/// Somebody leaves, inside a transaction.
pub(crate) fn remove_member_in(
    tx: &mut Tx<'_>,
    scope: &Scope,
    household: HouseholdId,
    (resident, reason, to_on): (ResidentId, LeaveReason, NaiveDate),
    dates: MemberDates,
    new_head: Option<&NewHead>,
    changes: &mut Changes,
) -> AppResult<()> {
    check_day(tx, to_on)?;
    let mut home = Home::load(tx, scope, household)?;
    home.leave(resident, to_on, reason, dates.counts()?)?;
    settle(&mut home, to_on, new_head)?;
    home.save(tx, changes)?;
    Ok(())
}

/// Whom an assistance household counts is for two people to say.
fn check_counted(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, EditRegistry>,
    household: HouseholdId,
) -> AppResult<()> {
    let home = rows::find_household(tx.conn, by.scope(), household)?;
    match home.is_some_and(|row| row.kind == HouseholdKind::Assist) {
        true => check_direct(by.role()),
        false => Ok(()),
    }
}

fn check_day(tx: &Tx<'_>, day: NaiveDate) -> AppResult<()> {
    if day <= tx.clock().today() {
        return Ok(());
    }
    Err(AppError::refuse(Refusal::field(
        "date",
        "日期不能晚于今天。",
        "The date must not be in the future.",
    )))
}

/// Who is head of a household that lost its head, with everybody's relation to
/// the new one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewHead {
    /// Which household.
    pub household: HouseholdId,
    /// The new head, a member.
    pub head: ResidentId,
    /// The other members' relations to the new head.
    pub relations: Vec<(ResidentId, Relation)>,
}

/// After somebody left: a new head if one is given; the only one left becomes
/// the head; an empty household closes.
pub(crate) fn settle(home: &mut Home, on: NaiveDate, given: Option<&NewHead>) -> AppResult<()> {
    let left: Vec<ResidentId> = home.open_members().map(|m| m.resident_id).collect();
    match (left.as_slice(), given) {
        ([], _) => {
            home.close(on, "empty");
            Ok(())
        }
        (_, Some(new)) => home.set_head(new.head, &new.relations),
        ([only], None) if home.row().head_id.is_none() => home.set_head(*only, &[]),
        _ => Ok(()),
    }
}

/// A household and its members, past ones too.
///
/// # Errors
/// Not found or out of scope.
pub fn load_household(
    store: &Store,
    by: &Authorized<'_, ViewRegistry>,
    id: HouseholdId,
) -> AppResult<(HouseholdRow, Vec<MembershipRow>)> {
    store.read(|conn| {
        let row = rows::find_household(conn, by.scope(), id)?
            .ok_or_else(|| AppError::not_found("户", "household"))?;
        let members = membership::list_members(conn, by.street(), id)?;
        Ok((row, members))
    })
}
