//! The area tree.

use std::collections::HashMap;

use super::{Load, Seen, repeated};
use crate::domain::area::{AreaCode, Level};
use crate::error::AppResult;
use crate::services::import::book::AREA;
use crate::services::import::report::Outcome;
use crate::services::import::rows::Row;
use crate::services::import::source::BookSource;
use crate::store::area::{self as rows, AreaParentRow, AreaRow};
use crate::store::book;

/// An area of the book.
struct Draft {
    row: Row,
    area: AreaRow,
    parent: Option<String>,
}

impl Load<'_, '_> {
    pub(super) fn areas(&mut self, source: &mut dyn BookSource, places: &[usize]) -> AppResult<()> {
        let mut drafts: Vec<Draft> = Vec::new();
        let mut seen = Seen::default();
        self.stream(
            source,
            (&AREA, places),
            |row| row,
            |load, batch| {
                for mut row in batch {
                    match load.area(&mut row) {
                        Some((area, parent)) if row.is_sound() => {
                            if let Some(line) = seen.before(area.code.clone(), row.line) {
                                repeated(&mut row, "code", line);
                                load.reject(&AREA, &mut row);
                            } else {
                                drafts.push(Draft { row, area, parent });
                            }
                        }
                        _ => load.reject(&AREA, &mut row),
                    }
                }
                Ok(())
            },
        )?;
        if places.is_empty() {
            return Ok(());
        }
        drafts.sort_by(|a, b| (a.area.level, &a.area.code).cmp(&(b.area.level, &b.area.code)));
        self.save_areas(drafts)
    }

    fn area(&mut self, row: &mut Row) -> Option<(AreaRow, Option<String>)> {
        let code = AreaCode::parse(row.text("code")?).ok()?;
        let parent = row.owned("parent");
        let wanted = parent.clone().or_else(|| code.parent_by_digits());
        if code.level() >= Level::Street
            && !code.as_str().starts_with(&self.street)
            && parent.is_none()
        {
            row.fault(
                "code",
                format!("该区划不在本街道({})内。", self.street),
                format!("This area does not lie in this street ({}).", self.street),
            );
        }
        let closed_on = row.date("closed_on");
        let opened_on = row.date("opened_on")?;
        if closed_on.is_some_and(|closed| closed < opened_on) {
            row.fault(
                "closed_on",
                "撤销日期不能早于启用日期。",
                "An area cannot close before it opens.",
            );
        }
        let area = AreaRow {
            level: code.level(),
            code: code.as_str().to_owned(),
            name: row.owned("name")?,
            opened_on,
            closed_on,
        };
        Some((area, wanted))
    }

    /// Parents before children.
    fn save_areas(&mut self, drafts: Vec<Draft>) -> AppResult<()> {
        let mut known: HashMap<String, AreaRow> =
            rows::list_areas(self.conn)?.into_iter().map(|row| (row.code.clone(), row)).collect();
        let (mut areas, mut parents) = (Vec::new(), Vec::new());
        for Draft { mut row, area, parent } in drafts {
            if let Some(old) = known.get(&area.code).cloned() {
                let outcome = self.renew_area(&mut row, &old, &area)?;
                match outcome {
                    Outcome::Rejected => self.reject(&AREA, &mut row),
                    outcome => self.taken(&AREA, &mut row, outcome),
                }
                continue;
            }
            let above = area.level.above();
            let found = parent.as_ref().and_then(|code| known.get(code)).map(|row| row.level);
            match (above, found) {
                (Some(above), Some(found)) if found != above => row.fault(
                    "parent",
                    format!("上级应为{}。", above.zh()),
                    format!("The parent must be a {}.", above.en()),
                ),
                // The registry may begin at the street.
                (Some(_), None) if area.level > Level::Street => row.fault(
                    "parent",
                    "没有这个上级区划,请先填写上级。",
                    "There is no such parent. Add it first.",
                ),
                _ => {}
            }
            if !self.may_areas {
                row.fault(
                    "code",
                    "新增区划须由系统管理员办理。",
                    "New areas are added by the administrator.",
                );
            }
            if !row.is_sound() {
                self.reject(&AREA, &mut row);
                continue;
            }
            if let (Some(_), Some(parent_code)) = (found, parent) {
                let valid_from = area.opened_on;
                parents.push(AreaParentRow {
                    code: area.code.clone(),
                    parent_code,
                    valid_from,
                    valid_to: None,
                });
            }
            known.insert(area.code.clone(), area.clone());
            areas.push(area);
            self.taken(&AREA, &mut row, Outcome::Inserted);
        }
        if self.writing {
            rows::insert_areas(self.conn, &areas)?;
            rows::insert_area_parents(self.conn, &parents)?;
        }
        self.tree.add(areas, parents);
        self.places.clear();
        Ok(())
    }

    fn renew_area(&mut self, row: &mut Row, old: &AreaRow, new: &AreaRow) -> AppResult<Outcome> {
        let mut next = old.clone();
        next.name.clone_from(&new.name);
        next.closed_on = new.closed_on.or(old.closed_on);
        if old.opened_on != new.opened_on {
            row.fault(
                "opened_on",
                "启用日期与登记簿不同,不能用导入改。",
                "The first day differs from the registry.",
            );
            return Ok(Outcome::Rejected);
        }
        if next == *old {
            return Ok(Outcome::Unchanged);
        }
        if !self.may_areas {
            row.fault(
                "name",
                "修改区划须由系统管理员办理。",
                "Areas are changed by the administrator.",
            );
            return Ok(Outcome::Rejected);
        }
        if self.writing {
            book::mark_area(self.conn, &next)?;
        }
        Ok(Outcome::Updated)
    }
}
