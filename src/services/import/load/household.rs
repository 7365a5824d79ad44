//! The sheet of households. They are kept until the members are known, because
//! the head, and with it the unit, follows from those.

use std::collections::HashMap;

use super::{Load, repeated};
use crate::domain::household::HouseholdKind;
use crate::domain::ids::{HouseholdId, UnitId};
use crate::error::{AppError, AppResult};
use crate::services::import::book::{HOUSEHOLD, Sheet};
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::book;
use crate::store::household::{self as rows, HouseholdRow};
use crate::store::membership::MembershipRow;

/// A household that the book holds or refers to.
pub(super) struct Home {
    pub row: HouseholdRow,
    pub old: Option<HouseholdRow>,
    /// Row in the sheet of households; 0 if only referred to.
    pub line: u32,
    pub rejected: bool,
    /// Memberships that the registry holds.
    pub members: Vec<MembershipRow>,
    /// Indexes of the book's memberships.
    pub drafts: Vec<usize>,
}

/// All of them, found by kind and number.
#[derive(Default)]
pub(super) struct Homes {
    at: HashMap<(HouseholdKind, String), usize>,
    pub list: Vec<Home>,
}

impl Homes {
    /// Index of a household.
    pub(super) fn find(&self, kind: HouseholdKind, number: &str) -> Option<usize> {
        self.at.get(&(kind, number.to_owned())).copied()
    }

    fn add(&mut self, home: Home) -> usize {
        let at = self.list.len();
        self.at.insert((home.row.kind, home.row.household_no.clone()), at);
        self.list.push(home);
        at
    }
}

impl Load<'_, '_> {
    pub(super) fn households(
        &mut self,
        source: &mut dyn BookSource,
        places: &[usize],
    ) -> AppResult<()> {
        self.stream(source, (&HOUSEHOLD, places), |row| row, Load::household_batch)
    }

    fn household_batch(&mut self, mut batch: Vec<Row>) -> AppResult<()> {
        self.load_homes(&batch, "kind", "household_no")?;
        for row in &mut batch {
            self.check_household(row);
            if row.is_sound() && self.add_household(row)? {
                let remarks = row.take_remarks();
                self.report.remark(remarks);
            } else {
                self.note_rejected_household(row);
                self.reject(&HOUSEHOLD, row);
            }
        }
        Ok(())
    }

    fn check_household(&mut self, row: &mut Row) {
        if let Some(code) = row.owned("area")
            && let Some(refusal) = self.place_fault(&code)
        {
            row.refusal(refusal);
        }
        let (opened, closed) = (row.date("opened_on"), row.date("closed_on"));
        if opened.is_some_and(|day| day > self.today) {
            row.fault(
                "opened_on",
                "建户日期不能晚于今天。",
                "The date of opening must not be in the future.",
            );
        }
        if let (Some(opened), Some(closed)) = (opened, closed)
            && closed < opened
        {
            row.fault(
                "closed_on",
                "注销日期不能早于建户日期。",
                "A household cannot close before it opens.",
            );
        }
        let key = row.code("kind", HouseholdKind::from_code).zip(row.owned("household_no"));
        if let Some((kind, number)) = key
            && let Some(home) =
                self.homes.find(kind, &number).and_then(|at| self.homes.list.get(at))
            && home.line > 0
        {
            let line = home.line;
            repeated(row, "household_no", line);
        }
    }

    /// Takes a household in. False if it was refused.
    fn add_household(&mut self, row: &mut Row) -> AppResult<bool> {
        let (Some(kind), Some(number), Some(opened_on)) = (
            row.code("kind", HouseholdKind::from_code),
            row.owned("household_no"),
            row.date("opened_on"),
        ) else {
            return Ok(false);
        };
        if let Some(at) = self.homes.find(kind, &number) {
            let Some(home) = self.homes.list.get_mut(at) else { return Ok(false) };
            home.line = row.line;
            let next = &mut home.row;
            if home.old.as_ref().is_some_and(|old| old.opened_on != opened_on) {
                row.fault(
                    "opened_on",
                    "建户日期与登记簿不同,不能用导入改。",
                    "The date of opening differs from the registry.",
                );
                return Ok(false);
            }
            next.area_code = row.owned("area").unwrap_or_default();
            next.address = row.owned("address").unwrap_or_default();
            next.closed_on = row.date("closed_on").or(next.closed_on);
            next.close_reason = row.owned("close_reason").or(next.close_reason.take());
            return Ok(true);
        }
        let id = HouseholdId(self.store.next_id());
        let made = HouseholdRow {
            id,
            street_code: self.street.clone(),
            kind,
            household_no: number,
            area_code: row.owned("area").unwrap_or_default(),
            address: row.owned("address").unwrap_or_default(),
            head_id: None,
            unit_id: UnitId(id.0),
            opened_on,
            closed_on: row.date("closed_on"),
            close_reason: row.owned("close_reason"),
            import_id: Some(self.import_id),
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        self.homes.add(Home {
            row: made,
            old: None,
            line: row.line,
            rejected: false,
            members: Vec::new(),
            drafts: Vec::new(),
        });
        Ok(true)
    }

    /// Members of a refused household are refused with it.
    fn note_rejected_household(&mut self, row: &Row) {
        let key = row.code("kind", HouseholdKind::from_code).zip(row.owned("household_no"));
        if let Some((kind, number)) = key
            && self.homes.find(kind, &number).is_none()
        {
            let id = HouseholdId(0);
            let made = HouseholdRow {
                id,
                street_code: self.street.clone(),
                kind,
                household_no: number,
                area_code: String::new(),
                address: String::new(),
                head_id: None,
                unit_id: UnitId(0),
                opened_on: self.today,
                closed_on: None,
                close_reason: None,
                import_id: None,
                version: 1,
                created_at: self.now,
                updated_at: self.now,
            };
            self.homes.add(Home {
                row: made,
                old: None,
                line: row.line,
                rejected: true,
                members: Vec::new(),
                drafts: Vec::new(),
            });
        }
    }

    /// Loads the registry's households that the rows name, with their members.
    pub(super) fn load_homes(
        &mut self,
        batch: &[Row],
        kind_key: &str,
        number_key: &str,
    ) -> AppResult<()> {
        if self.fresh {
            return Ok(());
        }
        let default = HouseholdKind::Assist;
        let wanted: Vec<String> = batch
            .iter()
            .filter_map(|row| {
                let kind = row.code(kind_key, HouseholdKind::from_code).unwrap_or(default);
                row.owned(number_key).filter(|number| self.homes.find(kind, number).is_none())
            })
            .collect();
        let wanted = super::distinct(wanted);
        let found = book::households_by_no(self.conn, &self.street, &wanted)?;
        let ids: Vec<HouseholdId> = found.iter().map(|row| row.id).collect();
        let mut members: HashMap<HouseholdId, Vec<MembershipRow>> = HashMap::new();
        for member in book::members_of(self.conn, &self.street, &ids)? {
            members.entry(member.household_id).or_default().push(member);
        }
        for row in found {
            if self.homes.find(row.kind, &row.household_no).is_some()
                || !self.scope.contains(&row.area_code)
            {
                continue;
            }
            let members = members.remove(&row.id).unwrap_or_default();
            let assisted = members.iter().filter(|m| m.kind == HouseholdKind::Assist);
            self.assisted.extend(assisted.map(|m| (m.household_id, m.resident_id)));
            self.homes.add(Home {
                old: Some(row.clone()),
                row,
                line: 0,
                rejected: false,
                members,
                drafts: Vec::new(),
            });
        }
        Ok(())
    }

    /// Finds the household that a row names; a row that names none known gets a
    /// fault.
    pub(super) fn home_of(
        &mut self,
        row: &mut Row,
        kind: HouseholdKind,
        number_key: &str,
    ) -> Option<usize> {
        let number = row.owned(number_key)?;
        let found = self.homes.find(kind, &number);
        match found.and_then(|at| self.homes.list.get(at)) {
            None => row.fault(
                number_key,
                format!("没有户号为“{number}”的{}。请先登记该户,或核对户号和户类型。", kind.zh()),
                format!(
                    "There is no {} \"{number}\". Register it first, or compare number and \
                         kind.",
                    kind.en()
                ),
            ),
            Some(home) if home.rejected => {
                let line = home.line;
                row.fault(
                    number_key,
                    format!("该户所在行(“户”第 {line} 行)未通过,先改正那一行。"),
                    format!("The household's own row ({line}) was refused. Correct it first."),
                );
                return None;
            }
            Some(_) => {}
        }
        found
    }

    /// Writes the households: new ones, and those that changed.
    pub(super) fn write_homes(&mut self) -> AppResult<()> {
        let sheet: &'static Sheet = &HOUSEHOLD;
        let mut new = Vec::new();
        let homes = std::mem::take(&mut self.homes.list);
        for home in &homes {
            if home.rejected {
                continue;
            }
            let outcome = match &home.old {
                None => {
                    new.push(home.row.clone());
                    Outcome::Inserted
                }
                Some(old) if *old == home.row => Outcome::Unchanged,
                Some(old) => {
                    self.update_household(old, &home.row)?;
                    Outcome::Updated
                }
            };
            if home.line > 0 {
                self.report.count(sheet, outcome);
            }
        }
        if self.writing {
            rows::insert_households(self.conn, &new)?;
        }
        self.homes.list = homes;
        Ok(())
    }

    fn update_household(&mut self, old: &HouseholdRow, next: &HouseholdRow) -> AppResult<()> {
        let text = |row: &HouseholdRow| {
            [
                ("area_code", Some(row.area_code.clone())),
                ("address", Some(row.address.clone())),
                ("head_id", row.head_id.map(|id| id.to_string())),
                ("closed_on", row.closed_on.map(|day| day.to_string())),
                ("close_reason", row.close_reason.clone()),
            ]
        };
        for ((field, before), (_, after)) in text(old).into_iter().zip(text(next)) {
            if before != after {
                self.changed(("household", old.id.0), field, before.as_deref(), after.as_deref())?;
            }
        }
        let mut row = next.clone();
        row.version += 1;
        row.updated_at = self.now;
        if self.writing && rows::mark_household(self.conn, &row, old.version)? != 1 {
            return Err(AppError::Database(diesel::result::Error::NotFound));
        }
        Ok(())
    }
}
