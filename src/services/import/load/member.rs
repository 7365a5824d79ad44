//! The sheet of members: who is where, checked over whole households and whole
//! persons before anything is written.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::household::Home;
use super::people::Person;
use super::{Load, Seen, repeated};
use crate::domain::code_table::Relation;
use crate::domain::household::{
    self, HouseholdFault, HouseholdKind, JoinReason, LeaveReason, Span,
};
use crate::domain::ids::{ResidentId, UnitId};
use crate::domain::month::Month;
use crate::error::AppResult;
use crate::services::import::book::{HOUSEHOLD, MEMBER};
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::membership::{self as rows, MembershipRow};
use crate::store::{book, unit};

/// A membership of the book.
pub(super) struct Draft {
    row: MembershipRow,
    line: u32,
    home: usize,
    rejected: bool,
    /// What the registry holds under the same key.
    old: Option<MembershipRow>,
    fresh_person: bool,
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

    /// One person, one household of a kind at a time, over all households.
    fn check_overlaps(&mut self, drafts: &mut [Draft]) -> AppResult<()> {
        let mut by_person: BTreeMap<(ResidentId, HouseholdKind), Vec<usize>> = BTreeMap::new();
        for (at, draft) in drafts.iter().enumerate() {
            by_person.entry((draft.row.resident_id, draft.row.kind)).or_default().push(at);
        }
        let known = self.known_memberships(drafts)?;
        for ((person, kind), indexes) in by_person {
            let mut taken: Vec<(NaiveDate, NaiveDate, u32)> = Vec::new();
            let stored = known.get(&(person, kind)).map(Vec::as_slice).unwrap_or_default();
            for member in stored {
                let replaced = indexes.iter().filter_map(|at| drafts.get(*at)).any(|d| {
                    d.row.household_id == member.household_id && d.row.from_on == member.from_on
                });
                if !replaced {
                    taken.push((member.from_on, member.to_on.unwrap_or(NaiveDate::MAX), 0));
                }
            }
            for at in indexes {
                let Some(draft) = drafts.get_mut(at) else { continue };
                let (from, to) = (draft.row.from_on, draft.row.to_on.unwrap_or(NaiveDate::MAX));
                match taken.iter().find(|(a, b, _)| from <= *b && *a <= to) {
                    Some((_, _, line)) => {
                        draft.rejected = true;
                        let (line, here) = (*line, draft.line);
                        self.refuse_overlap(here, kind, line);
                    }
                    None => taken.push((from, to, draft.line)),
                }
            }
        }
        Ok(())
    }

    fn refuse_overlap(&mut self, line: u32, kind: HouseholdKind, other: u32) {
        let (place_zh, place_en) = match other {
            0 => ("登记簿".to_owned(), "in the registry".to_owned()),
            row => (format!("第 {row} 行"), format!("in row {row}")),
        };
        let double = if kind == HouseholdKind::Assist { "重复保障:" } else { "" };
        self.reject_line(
            (&MEMBER, line, "person"),
            format!(
                "{double}该居民同一时间已在另一个{}({place_zh})。先填写在那一户的离开日期。",
                kind.zh()
            ),
            format!(
                "This person is in another {} at the same time ({place_en}). Enter the date of \
                 leaving there first.",
                kind.en()
            ),
        );
    }

    fn known_memberships(
        &mut self,
        drafts: &[Draft],
    ) -> AppResult<HashMap<(ResidentId, HouseholdKind), Vec<MembershipRow>>> {
        let mut known: HashMap<_, Vec<MembershipRow>> = HashMap::new();
        if self.fresh {
            return Ok(known);
        }
        let people: HashSet<ResidentId> =
            drafts.iter().filter(|d| !d.fresh_person).map(|d| d.row.resident_id).collect();
        let people: Vec<ResidentId> = people.into_iter().collect();
        for member in book::memberships_of(self.conn, &self.street, &people)? {
            known.entry((member.resident_id, member.kind)).or_default().push(member);
        }
        Ok(known)
    }

    /// Exactly one head, dates in order, over what the registry and the book
    /// hold together.
    fn check_home(&mut self, at: usize, drafts: &mut [Draft]) {
        let Some(home) = self.homes.list.get(at) else { return };
        if home.rejected || home.line == 0 && home.drafts.is_empty() {
            return;
        }
        let (spans, lines) = spans(home, drafts);
        let mut faults = household::faults(home.row.opened_on, &spans);
        if home.row.closed_on.is_some() {
            faults.retain(|f| {
                matches!(f, HouseholdFault::Backwards(_) | HouseholdFault::BeforeOpening(_))
            });
            if spans.iter().any(|s| s.to_on.is_none()) {
                let line = home.line;
                self.refuse_home(
                    at,
                    line,
                    "closed_on",
                    "该户已注销,但还有成员没有离开日期。",
                    "The household is closed but somebody has not left.",
                );
                return;
            }
        }
        let home_line = self.homes.list.get(at).map_or(0, |home| home.line);
        for fault in faults {
            match fault {
                HouseholdFault::Backwards(who)
                | HouseholdFault::BeforeOpening(who)
                | HouseholdFault::Overlap(who) => {
                    for index in lines.iter().filter(|(id, _)| *id == who).map(|(_, i)| *i) {
                        let Some(draft) = drafts.get_mut(index) else { continue };
                        if !draft.rejected {
                            draft.rejected = true;
                            self.reject_line(
                                (&MEMBER, draft.line, fault.field()),
                                fault.zh(),
                                fault.en(),
                            );
                        }
                    }
                }
                _ => {
                    // A household that is only referred to: its members carry
                    // the fault.
                    let first =
                        lines.first().and_then(|(_, i)| drafts.get(*i)).map_or(0, |d| d.line);
                    let line = if home_line > 0 { home_line } else { first };
                    self.refuse_home(at, line, "household_no", &fault.zh(), &fault.en());
                    return;
                }
            }
        }
    }

    fn refuse_home(&mut self, at: usize, line: u32, key: &str, zh: &str, en: &str) {
        let Some(home) = self.homes.list.get_mut(at) else { return };
        home.rejected = true;
        let sheet = if home.line > 0 { &HOUSEHOLD } else { &MEMBER };
        if home.line > 0 {
            self.report.count(&HOUSEHOLD, Outcome::Rejected);
        }
        self.reject_line((sheet, line, key), zh, en);
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
fn spans(home: &Home, drafts: &[Draft]) -> (Vec<Span>, Vec<(ResidentId, usize)>) {
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
