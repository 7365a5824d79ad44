//! What no single row shows: one person, one household of a kind at a time, and
//! exactly one head.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use super::Load;
use super::member::{Draft, spans};
use crate::domain::household::{self, HouseholdFault, HouseholdKind};
use crate::domain::ids::ResidentId;
use crate::error::AppResult;
use crate::services::import::book::{HOUSEHOLD, MEMBER};
use crate::services::import::report::Outcome;
use crate::store::book;
use crate::store::membership::MembershipRow;

impl Load<'_, '_> {
    /// One person, one household of a kind at a time, over all households.
    pub(super) fn check_overlaps(&mut self, drafts: &mut [Draft]) -> AppResult<()> {
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
    pub(super) fn check_home(&mut self, at: usize, drafts: &mut [Draft]) {
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
}
