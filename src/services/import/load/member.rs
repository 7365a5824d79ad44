//! The sheet of members: who is where, checked over whole households and whole
//! persons before anything is written.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use super::household::Home;
use super::people::Person;
use super::{Load, Seen, repeated};
use crate::domain::code_table::Relation;
use crate::domain::household::{HouseholdKind, JoinReason, LeaveReason, Span};
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::import::book::MEMBER;
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::membership::{self as rows, MembershipRow};
use crate::store::{book, unit};

/// A membership of the book.
pub(super) struct Draft {
    pub row: MembershipRow,
    pub line: u32,
    pub home: usize,
    pub rejected: bool,
    /// What the registry holds under the same key.
    pub old: Option<MembershipRow>,
    pub fresh_person: bool,
}

/// All of them, kept until the last row is read.
#[derive(Default)]
pub(super) struct Drafts {
    list: Vec<Draft>,
    seen: Seen<(i64, i64, NaiveDate)>,
}

impl Load<'_, '_> {
    pub(super) fn members(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        let mut drafts = Drafts::default();
        self.stream(
            source,
            (&MEMBER, places),
            |row| row,
            |load, batch| load.member_batch(batch, &mut drafts),
        )?;
        if places.is_empty() && self.homes.list.is_empty() {
            return Ok(());
        }
        self.settle_members(drafts.list)
    }

    fn member_batch(&mut self, mut batch: Vec<Row>, drafts: &mut Drafts) -> AppResult<()> {
        self.load_homes(&batch, "kind", "household_no")?;
        let people = self.resolve(&mut batch, "person")?;
        for (row, person) in batch.iter_mut().zip(people) {
            let kind = row.code("kind", HouseholdKind::from_code);
            let home = kind.and_then(|kind| self.home_of(row, kind, "household_no"));
            let draft = person.zip(home).and_then(|(person, home)| self.draft(row, person, home));
            let Some(draft) = draft.filter(|_| row.is_sound()) else {
                self.reject(&MEMBER, row);
                continue;
            };
            let key = (draft.row.household_id.0, draft.row.resident_id.0, draft.row.from_on);
            if let Some(line) = drafts.seen.before(key, row.line) {
                repeated(row, "person", line);
                self.reject(&MEMBER, row);
                continue;
            }
            let remarks = row.take_remarks();
            self.report.remark(remarks);
            if let Some(home) = self.homes.list.get_mut(draft.home) {
                home.drafts.push(drafts.list.len());
            }
            drafts.list.push(draft);
        }
        Ok(())
    }

    fn draft(&mut self, row: &mut Row, person: Person, at: usize) -> Option<Draft> {
        let home = self.homes.list.get(at)?;
        let relation = Relation::parse(row.text("relation")?)?;
        let from_on = row.date("from_on")?;
        let to_on = row.date("to_on");
        if from_on < person.birth_on {
            row.fault(
                "from_on",
                format!("加入日期不能早于出生日期({})。", person.birth_on),
                format!("Nobody joins before being born ({}).", person.birth_on),
            );
        }
        if from_on > self.today || to_on.is_some_and(|day| day > self.today) {
            row.fault("from_on", "日期不能晚于今天。", "The date must not be in the future.");
        }
        let from_month = row.month("from_month").unwrap_or_else(|| Month::of(from_on));
        let to_month = row.month("to_month").or_else(|| to_on.map(|day| Month::of(day).next()));
        if to_month.is_some_and(|to| to < from_month) {
            row.fault(
                "to_month",
                "不再计入月不能早于计入起始月。",
                "The end must not lie before the first month.",
            );
        }
        let made = MembershipRow {
            id: self.store.next_id(),
            street_code: self.street.clone(),
            household_id: home.row.id,
            resident_id: person.id,
            unit_id: person.unit,
            kind: home.row.kind,
            relation_code: relation.code().to_owned(),
            counted: row.flag("counted").unwrap_or(true),
            from_on,
            to_on,
            reason_in: row.code("reason_in", JoinReason::from_code).unwrap_or(JoinReason::Opening),
            reason_out: row.code("reason_out", LeaveReason::from_code),
            from_month,
            to_month,
            known_on: row.date("known_on").unwrap_or(from_on),
            end_known_on: row.date("end_known_on").or(to_on),
            import_id: Some(self.import_id),
        };
        let same = |m: &&MembershipRow| m.resident_id == person.id && m.from_on == from_on;
        let old = home.members.iter().find(same).cloned();
        Some(Draft {
            row: made,
            line: row.line,
            home: at,
            rejected: false,
            old,
            fresh_person: person.fresh,
        })
    }

    /// Checks whole persons and whole households, joins units.
    fn settle_members(&mut self, mut drafts: Vec<Draft>) -> AppResult<()> {
        self.check_overlaps(&mut drafts)?;
        for at in 0..self.homes.list.len() {
            self.check_home(at, &mut drafts);
        }
        for draft in &mut drafts {
            if let Some(home) = self.homes.list.get(draft.home)
                && home.rejected
                && !draft.rejected
            {
                draft.rejected = true;
                let line = home.line;
                self.reject_line(
                    (&MEMBER, draft.line, "household_no"),
                    format!("该户未通过(“户”第 {line} 行),成员一并退回。"),
                    format!("The household (row {line}) was refused, and its members with it."),
                );
            }
        }
        self.homes_drafts = drafts;
        Ok(())
    }

    /// Joins units, writes households and memberships.
    pub(super) fn save_homes(&mut self) -> AppResult<()> {
        let mut drafts = std::mem::take(&mut self.homes_drafts);
        self.join_units(&drafts);
        self.write_units(&drafts)?;
        for home in &mut self.homes.list {
            settle_home(home, &drafts, &self.people);
        }
        self.write_homes()?;
        for draft in drafts.iter().filter(|d| !d.rejected && d.row.kind == HouseholdKind::Assist) {
            self.assisted.insert((draft.row.household_id, draft.row.resident_id));
        }
        let mut new = Vec::new();
        for draft in &mut drafts {
            if draft.rejected {
                self.report.count(&MEMBER, Outcome::Rejected);
                continue;
            }
            draft.row.unit_id = self.people.unit(draft.row.unit_id);
            let row = &draft.row;
            if row.kind == HouseholdKind::Assist && !self.same_membership(draft) {
                let (unit, from, known) = (row.unit_id, row.from_month, row.known_on);
                self.mark(unit, from, known);
                if let (Some(to), Some(known)) = (draft.row.to_month, draft.row.end_known_on) {
                    self.mark(unit, to, known);
                }
            }
            let outcome = match draft.old.take() {
                None => {
                    new.push(draft.row.clone());
                    Outcome::Inserted
                }
                Some(old) => self.update_member(&old, &draft.row)?,
            };
            self.report.count(&MEMBER, outcome);
        }
        if self.writing {
            rows::insert_memberships(self.conn, &new)?;
        }
        Ok(())
    }

    fn same_membership(&self, draft: &Draft) -> bool {
        draft.old.as_ref().is_some_and(|old| merged(old, &draft.row) == *old)
    }

    fn update_member(&mut self, old: &MembershipRow, new: &MembershipRow) -> AppResult<Outcome> {
        let next = merged(old, new);
        if next == *old {
            return Ok(Outcome::Unchanged);
        }
        let text = |row: &MembershipRow| {
            [
                ("relation_code", Some(row.relation_code.clone())),
                ("counted", Some(row.counted.to_string())),
                ("to_on", row.to_on.map(|day| day.to_string())),
                ("reason_out", row.reason_out.map(|r| r.code().to_owned())),
                ("from_month", Some(row.from_month.to_string())),
                ("to_month", row.to_month.map(|m| m.to_string())),
                ("known_on", Some(row.known_on.to_string())),
                ("end_known_on", row.end_known_on.map(|day| day.to_string())),
            ]
        };
        for ((field, before), (_, after)) in text(old).into_iter().zip(text(&next)) {
            if before != after {
                self.changed(("membership", old.id), field, before.as_deref(), after.as_deref())?;
            }
        }
        if self.writing {
            rows::mark_membership(self.conn, &next)?;
        }
        Ok(Outcome::Updated)
    }

    /// Everybody of one assistance household is one unit, now and for ever.
    fn join_units(&mut self, drafts: &[Draft]) {
        for home in &self.homes.list {
            if home.row.kind != HouseholdKind::Assist || home.rejected || home.drafts.is_empty() {
                continue;
            }
            let mut units: Vec<UnitId> = home
                .drafts
                .iter()
                .filter_map(|at| drafts.get(*at))
                .filter(|d| !d.rejected)
                .map(|d| d.row.unit_id)
                .collect();
            if home.old.is_some() {
                units.push(home.row.unit_id);
            }
            self.people.join(&units);
        }
    }

    /// Stores the joined units: one statement per unit for people who are new,
    /// every table for those whom the registry knew.
    fn write_units(&mut self, drafts: &[Draft]) -> AppResult<()> {
        if !self.writing {
            return Ok(());
        }
        let mut fresh: BTreeMap<UnitId, Vec<ResidentId>> = BTreeMap::new();
        let mut new_units = HashSet::new();
        for draft in drafts.iter().filter(|d| d.fresh_person) {
            let now = self.people.unit(draft.row.unit_id);
            new_units.insert(draft.row.unit_id);
            if now != draft.row.unit_id {
                fresh.entry(now).or_default().push(draft.row.resident_id);
            }
        }
        for (into, people) in fresh {
            book::mark_new_residents_unit(self.conn, &self.street, &people, into)?;
        }
        for (from, into) in self.people.joined() {
            if !new_units.contains(&from) {
                unit::mark_units_merged(self.conn, &self.street, from, into)?;
                // The marks of the old unit stay with it: the new one is
                // computed again from the beginning.
                self.mark(into, Month::from_index(0), self.today);
            }
        }
        Ok(())
    }
}

/// What an update may change; an empty cell leaves the stored value.
fn merged(old: &MembershipRow, new: &MembershipRow) -> MembershipRow {
    MembershipRow {
        relation_code: new.relation_code.clone(),
        counted: new.counted,
        to_on: new.to_on.or(old.to_on),
        reason_out: new.reason_out.or(old.reason_out),
        from_month: new.from_month,
        to_month: new.to_month.or(old.to_month),
        known_on: new.known_on,
        end_known_on: new.end_known_on.or(old.end_known_on),
        unit_id: old.unit_id,
        ..old.clone()
    }
}

/// The periods of a household as they will be, and which draft is whose.
pub(super) fn spans(home: &Home, drafts: &[Draft]) -> (Vec<Span>, Vec<(ResidentId, usize)>) {
    let (mut spans, mut lines) = (Vec::new(), Vec::new());
    let mut replaced = HashSet::new();
    for at in &home.drafts {
        let Some(draft) = drafts.get(*at).filter(|d| !d.rejected) else { continue };
        let row = &draft.row;
        let Some(relation) = Relation::parse(&row.relation_code) else { continue };
        replaced.insert((row.resident_id, row.from_on));
        lines.push((row.resident_id, *at));
        let to_on = row.to_on.or(draft.old.as_ref().and_then(|old| old.to_on));
        spans.push(Span { resident: row.resident_id, relation, from_on: row.from_on, to_on });
    }
    for row in &home.members {
        if replaced.contains(&(row.resident_id, row.from_on)) {
            continue;
        }
        let Some(relation) = Relation::parse(&row.relation_code) else { continue };
        spans.push(Span {
            resident: row.resident_id,
            relation,
            from_on: row.from_on,
            to_on: row.to_on,
        });
    }
    (spans, lines)
}

/// Head and unit follow from the members.
fn settle_home(home: &mut Home, drafts: &[Draft], people: &super::people::People) {
    if home.rejected {
        return;
    }
    let (spans, _) = spans(home, drafts);
    let open = || spans.iter().filter(|s| s.to_on.is_none());
    if home.row.closed_on.is_some() {
        home.row.head_id = None;
    } else if let Some(head) = open().find(|s| s.relation.is_head()) {
        home.row.head_id = Some(head.resident);
    }
    if home.old.is_none() {
        let mine = home.drafts.iter().filter_map(|at| drafts.get(*at)).filter(|d| !d.rejected);
        let units: Vec<(bool, UnitId)> = mine
            .map(|d| (Some(d.row.resident_id) != home.row.head_id, people.unit(d.row.unit_id)))
            .collect();
        if let Some((_, unit)) = units.iter().min() {
            home.row.unit_id = *unit;
        }
    } else {
        home.row.unit_id = people.unit(home.row.unit_id);
        if let Some(old) = &mut home.old {
            // The unit is stored by its own statement.
            old.unit_id = home.row.unit_id;
        }
    }
}
