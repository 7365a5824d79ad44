//! A household with its members while it is being changed. Whatever an
//! operation does, [`Home::save`] checks the invariants of `domain.md` §2.5
//! before anything is written.

use chrono::NaiveDate;

use crate::domain::code_table::Relation;
use crate::domain::household::{
    self, HouseholdFault, HouseholdKind, JoinReason, LeaveReason, Span,
};
use crate::domain::ids::{HouseholdId, ResidentId, UnitId};
use crate::domain::month::Month;
use crate::domain::scope::Scope;
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::record::{Changes, one_row};
use crate::services::review;
use crate::store::household::{self as rows, HouseholdRow};
use crate::store::membership::{self, MembershipRow};
use crate::store::resident::ResidentRow;
use crate::store::{Tx, recheck, unit};

/// From which month a joining or leaving counts, and since when it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// First month that (no longer) counts.
    pub month: Month,
    /// A run knows it if its cut-off is not earlier.
    pub known_on: NaiveDate,
}

/// How somebody joins.
pub(crate) struct Joining<'a> {
    /// Who.
    pub resident: &'a ResidentRow,
    /// To the head.
    pub relation: Relation,
    /// Whether the assistance counts them.
    pub counted: bool,
    /// First day.
    pub from_on: NaiveDate,
    /// Why.
    pub reason: JoinReason,
    /// From which month.
    pub counts: Counts,
}

/// A household being changed.
pub(crate) struct Home {
    row: HouseholdRow,
    before: Option<HouseholdRow>,
    members: Vec<MembershipRow>,
    members_before: Vec<MembershipRow>,
}

/// The refusal of a broken invariant, at the household's number.
pub(crate) fn refuse(fault: HouseholdFault) -> Refusal {
    Refusal::field(fault.field(), fault.zh(), fault.en())
}

impl Home {
    /// A household that does not exist yet.
    pub(crate) fn new(row: HouseholdRow) -> Home {
        Home { row, before: None, members: Vec::new(), members_before: Vec::new() }
    }

    /// An open household in scope.
    pub(crate) fn load(tx: &mut Tx<'_>, scope: &Scope, id: HouseholdId) -> AppResult<Home> {
        let home = Home::load_any(tx, scope, id)?;
        if home.row.closed_on.is_none() {
            return Ok(home);
        }
        Err(AppError::coded(
            ErrorCode::Conflict,
            "该户已注销,不能办理。",
            "This household is closed; this cannot be done.",
        ))
    }

    /// A household in scope, closed ones too.
    pub(crate) fn load_any(tx: &mut Tx<'_>, scope: &Scope, id: HouseholdId) -> AppResult<Home> {
        let row = rows::find_household(tx.conn, scope, id)?
            .ok_or_else(|| AppError::not_found("户", "household"))?;
        let members = membership::list_members(tx.conn, scope.street_code(), id)?;
        Ok(Home { before: Some(row.clone()), row, members_before: members.clone(), members })
    }

    /// The household's record.
    pub(crate) fn row(&self) -> &HouseholdRow {
        &self.row
    }

    /// Who is in it now.
    pub(crate) fn open_members(&self) -> impl Iterator<Item = &MembershipRow> {
        self.members.iter().filter(|m| m.to_on.is_none())
    }

    /// Somebody joins.
    pub(crate) fn join(&mut self, id: i64, joining: &Joining<'_>) {
        self.members.push(MembershipRow {
            id,
            street_code: self.row.street_code.clone(),
            household_id: self.row.id,
            resident_id: joining.resident.id,
            unit_id: joining.resident.unit_id,
            kind: self.row.kind,
            relation_code: joining.relation.code().to_owned(),
            counted: joining.counted,
            from_on: joining.from_on,
            to_on: None,
            reason_in: joining.reason,
            reason_out: None,
            from_month: joining.counts.month,
            to_month: None,
            known_on: joining.counts.known_on,
            end_known_on: None,
            import_id: None,
        });
        if joining.relation.is_head() {
            self.row.head_id = Some(joining.resident.id);
        }
    }

    /// Somebody leaves; the last day is `to_on`.
    pub(crate) fn leave(
        &mut self,
        resident: ResidentId,
        to_on: NaiveDate,
        reason: LeaveReason,
        counts: Counts,
    ) -> AppResult<()> {
        let Some(member) =
            self.members.iter_mut().find(|m| m.resident_id == resident && m.to_on.is_none())
        else {
            return Err(AppError::refuse(refuse(HouseholdFault::NotMember(resident))));
        };
        member.to_on = Some(to_on);
        member.reason_out = Some(reason);
        member.to_month = Some(counts.month.max(member.from_month));
        member.end_known_on = Some(counts.known_on);
        if self.row.head_id == Some(resident) {
            self.row.head_id = None;
        }
        Ok(())
    }

    /// A death or a departure turned out to be wrong: the member never left.
    pub(crate) fn restore(&mut self, membership: i64, relation: Option<Relation>) {
        let Some(member) = self.members.iter_mut().find(|m| m.id == membership) else { return };
        member.to_on = None;
        member.reason_out = None;
        member.to_month = None;
        member.end_known_on = None;
        if let Some(relation) = relation {
            member.relation_code = relation.code().to_owned();
        }
        let resident = member.resident_id;
        let is_head = Relation::parse(&member.relation_code).is_some_and(Relation::is_head);
        if is_head && self.row.head_id.is_none() {
            self.row.head_id = Some(resident);
        }
        self.row.closed_on = None;
        self.row.close_reason = None;
    }

    /// Another head. Every open member's relation has to be given anew:
    /// there is no safe automatic inverse.
    pub(crate) fn set_head(
        &mut self,
        head: ResidentId,
        relations: &[(ResidentId, Relation)],
    ) -> AppResult<()> {
        let mut faults = Vec::new();
        let mut found = false;
        for member in self.members.iter_mut().filter(|m| m.to_on.is_none()) {
            if member.resident_id == head {
                member.relation_code = Relation::HEAD.code().to_owned();
                found = true;
                continue;
            }
            match relations.iter().find(|(id, _)| *id == member.resident_id) {
                Some((_, relation)) => member.relation_code = relation.code().to_owned(),
                None => faults.push(HouseholdFault::RelationMissing(member.resident_id)),
            }
        }
        if !found {
            faults.push(HouseholdFault::NotMember(head));
        }
        AppError::refused_unless_empty(faults.into_iter().map(refuse).collect())?;
        self.row.head_id = Some(head);
        Ok(())
    }

    /// The household moves house.
    pub(crate) fn set_place(&mut self, area_code: &str, address: &str) {
        area_code.clone_into(&mut self.row.area_code);
        address.clone_into(&mut self.row.address);
    }

    /// What was entered wrong about the household itself.
    pub(crate) fn correct(&mut self, new: &HouseholdRow) {
        self.set_place(&new.area_code, &new.address);
        self.row.kind = new.kind;
        self.row.household_no.clone_from(&new.household_no);
        self.row.opened_on = new.opened_on;
        for member in &mut self.members {
            member.kind = new.kind;
        }
    }

    /// The day the first member joined.
    pub(crate) fn first_join(&self) -> Option<NaiveDate> {
        self.members.iter().map(|m| m.from_on).min()
    }

    /// Nobody is left: the household ends with `closed_on`.
    pub(crate) fn close(&mut self, closed_on: NaiveDate, reason: &str) {
        self.row.closed_on = Some(closed_on);
        self.row.close_reason = Some(reason.to_owned());
        self.row.head_id = None;
    }

    fn span(member: &MembershipRow) -> Span {
        Span {
            resident: member.resident_id,
            relation: Relation::parse(&member.relation_code).unwrap_or(Relation::HEAD),
            from_on: member.from_on,
            to_on: member.to_on,
        }
    }

    /// The invariants of `domain.md` §2.5.
    pub(crate) fn check(&self, tx: &mut Tx<'_>) -> AppResult<()> {
        let spans: Vec<Span> = self.members.iter().map(Home::span).collect();
        let mut faults = household::faults(self.row.opened_on, &spans);
        if self.row.closed_on.is_some() {
            // A closed household has nobody and needs no head.
            faults.retain(|f| !matches!(f, HouseholdFault::Empty));
            faults.extend(
                self.open_members().next().map(|m| HouseholdFault::NotMember(m.resident_id)),
            );
        }
        let renamed = self.before.as_ref().is_some_and(|before| before.kind != self.row.kind);
        let looked_at = |m: &&MembershipRow| renamed || self.is_new(m.id) || self.reopened(m);
        for member in self.members.iter().filter(looked_at) {
            let others = membership::list_memberships_of(
                tx.conn,
                &self.row.street_code,
                member.resident_id,
            )?;
            let clash = others.iter().any(|other| {
                other.kind == self.row.kind
                    && other.household_id != self.row.id
                    && household::overlap(&Home::span(other), &Home::span(member))
            });
            if clash {
                faults.push(HouseholdFault::Overlap(member.resident_id));
            }
        }
        AppError::refused_unless_empty(faults.into_iter().map(refuse).collect())
    }

    fn is_new(&self, membership: i64) -> bool {
        self.members_before.iter().all(|m| m.id != membership)
    }

    fn reopened(&self, member: &MembershipRow) -> bool {
        member.to_on.is_none()
            && self.members_before.iter().any(|m| m.id == member.id && m.to_on.is_some())
    }

    /// Checks the invariants and writes what changed. Households that people
    /// leave are saved before the ones they join.
    pub(crate) fn save(mut self, tx: &mut Tx<'_>, changes: &mut Changes) -> AppResult<HouseholdId> {
        self.check(tx)?;
        self.save_row(tx, changes)?;
        let mut fresh = Vec::new();
        for member in &self.members {
            match self.members_before.iter().find(|m| m.id == member.id) {
                None => fresh.push(member.clone()),
                Some(old) if old != member => {
                    one_row(membership::mark_membership(tx.conn, member)?)?;
                    diff_member(old, member, changes);
                    self.mark_change(old, member, changes);
                }
                Some(_) => {}
            }
        }
        membership::insert_memberships(tx.conn, &fresh)?;
        for member in &fresh {
            changes.created("membership", member.id);
            if self.row.kind == HouseholdKind::Assist {
                changes.mark(member.unit_id, member.from_month, member.known_on);
            }
        }
        if self.row.kind == HouseholdKind::Assist && !fresh.is_empty() {
            let units = self.members.iter().map(|m| m.unit_id).chain([self.row.unit_id]);
            merge_units(tx, &self.row.street_code, units.collect(), changes)?;
        }
        Ok(self.row.id)
    }

    fn mark_change(&self, old: &MembershipRow, new: &MembershipRow, changes: &mut Changes) {
        if self.row.kind != HouseholdKind::Assist {
            return;
        }
        let month = [old.to_month, new.to_month].into_iter().flatten().min();
        if let (Some(month), true) = (month, old.to_month != new.to_month) {
            let known_on = new.end_known_on.or(old.end_known_on).unwrap_or(new.known_on);
            changes.mark(new.unit_id, month, known_on);
        }
    }

    fn save_row(&mut self, tx: &mut Tx<'_>, changes: &mut Changes) -> AppResult<()> {
        let Some(before) = &self.before else {
            rows::insert_households(tx.conn, std::slice::from_ref(&self.row))?;
            changes.created("household", self.row.id.0);
            return Ok(());
        };
        if *before == self.row {
            return Ok(());
        }
        let record = ("household", self.row.id.0);
        let mut field = |name, old: Option<String>, new: Option<String>| {
            changes.field(record, name, old, new);
        };
        let text = |id: Option<ResidentId>| id.map(|id| id.to_string());
        field("kind", Some(before.kind.code().into()), Some(self.row.kind.code().into()));
        let number = |row: &HouseholdRow| Some(row.household_no.clone());
        field("household_no", number(before), number(&self.row));
        field("head_id", text(before.head_id), text(self.row.head_id));
        field("area_code", Some(before.area_code.clone()), Some(self.row.area_code.clone()));
        field("address", Some(before.address.clone()), Some(self.row.address.clone()));
        let day = |on: Option<NaiveDate>| on.map(|on| on.to_string());
        field("opened_on", day(Some(before.opened_on)), day(Some(self.row.opened_on)));
        field("closed_on", day(before.closed_on), day(self.row.closed_on));
        field("close_reason", before.close_reason.clone(), self.row.close_reason.clone());
        self.row.version = before.version + 1;
        self.row.updated_at = tx.clock().now();
        one_row(rows::mark_household(tx.conn, &self.row, before.version)?)?;
        match before.head_id.filter(|_| self.row.head_id.is_some()) {
            Some(old) if self.row.head_id != Some(old) => {
                review::flag_payee(tx, &self.row.street_code, self.row.id, old, changes)
            }
            _ => Ok(()),
        }
    }
}

fn diff_member(old: &MembershipRow, new: &MembershipRow, changes: &mut Changes) {
    let record = ("membership", new.id);
    let mut field = |name, old: Option<String>, new: Option<String>| {
        changes.field(record, name, old, new);
    };
    let day = |on: Option<NaiveDate>| on.map(|on| on.to_string());
    field("relation_code", Some(old.relation_code.clone()), Some(new.relation_code.clone()));
    field("counted", Some(old.counted.to_string()), Some(new.counted.to_string()));
    field("to_on", day(old.to_on), day(new.to_on));
    field(
        "reason_out",
        old.reason_out.map(|r| r.code().into()),
        new.reason_out.map(|r| r.code().into()),
    );
    field("to_month", old.to_month.map(|m| m.to_string()), new.to_month.map(|m| m.to_string()));
}

/// Everybody of these units becomes one unit. The marks of the units that end
/// are repeated for the one that stays, or a run would miss them.
pub(crate) fn merge_units(
    tx: &mut Tx<'_>,
    street: &str,
    mut units: Vec<UnitId>,
    changes: &mut Changes,
) -> AppResult<UnitId> {
    units.sort_unstable();
    units.dedup();
    let Some((&into, rest)) = units.split_first() else { return Ok(UnitId(0)) };
    for &from in rest {
        for mark in recheck::list_rechecks_of(tx.conn, street, from)? {
            changes.mark(into, mark.from_month, mark.known_on);
        }
        unit::mark_units_merged(tx.conn, street, from, into)?;
        changes.rename_unit(from, into);
    }
    Ok(into)
}
