//! Lines of a run, one beneficiary after the other, without ever holding more
//! than a chunk: the table of a million lines needs the memory of ten thousand.

use std::collections::HashMap;

use crate::domain::area::Level;
use crate::domain::month::Month;
use crate::domain::summary::LineFact;
use crate::domain::summary::build::Community;
use crate::error::AppResult;
use crate::store::Db;
use crate::store::area::{AreaTree, list_areas, load_tree};
use crate::store::report::{ReportLine, list_lines_after};

/// Lines per query.
const CHUNK: i64 = 8_192;

/// The street's communities, and which community an area lies in.
#[derive(Debug)]
pub struct Places {
    communities: Vec<Community>,
    by_area: HashMap<String, usize>,
    tree: AreaTree,
    street_name: String,
}

impl Places {
    /// The division as it is at the end of `month`.
    ///
    /// # Errors
    /// The database failed.
    pub fn load(conn: &mut Db, street: &str, month: Month) -> AppResult<Places> {
        let tree = load_tree(conn, month.last_day())?;
        let first_day = month.first_day();
        let communities: Vec<Community> = list_areas(conn)?
            .into_iter()
            .filter(|area| area.level == Level::Community)
            .filter(|area| area.closed_on.is_none_or(|closed| closed >= first_day))
            .filter(|area| tree.street_of(&area.code) == Some(street))
            .map(|area| Community { code: area.code, name: area.name })
            .collect();
        let by_area =
            communities.iter().enumerate().map(|(at, place)| (place.code.clone(), at)).collect();
        let street_name =
            tree.area(street).map_or_else(|| street.to_owned(), |area| area.name.clone());
        Ok(Places { communities, by_area, tree, street_name })
    }

    /// Code of the community at an index.
    #[must_use]
    pub fn code(&self, at: usize) -> &str {
        self.communities.get(at).map_or("", |place| place.code.as_str())
    }

    /// Name of the street.
    #[must_use]
    pub fn street_name(&self) -> &str {
        &self.street_name
    }

    /// The communities so far, in the order of their indexes.
    #[must_use]
    pub fn communities(&self) -> &[Community] {
        &self.communities
    }

    /// The community that a line's area lies in. One that is no longer in the
    /// street (a re-division since) keeps a row of its own.
    pub fn community(&mut self, area_code: &str) -> usize {
        if let Some(at) = self.by_area.get(area_code) {
            return *at;
        }
        let (code, name) = self.community_of(area_code);
        let (code, name) = (code.to_owned(), name.to_owned());
        let known = self.by_area.get(&code).copied();
        let at = known.unwrap_or_else(|| {
            self.communities.push(Community { code: code.clone(), name });
            let at = self.communities.len() - 1;
            self.by_area.insert(code, at);
            at
        });
        self.by_area.insert(area_code.to_owned(), at);
        at
    }

    /// Code and name of the community that an area lies in, or the code twice
    /// if nothing is known of it.
    #[must_use]
    pub fn community_of<'a>(&'a self, area_code: &'a str) -> (&'a str, &'a str) {
        if let Some(area) = self.tree.at_level(area_code, Level::Community) {
            return (&area.code, &area.name);
        }
        let code = area_code.get(..12).unwrap_or(area_code);
        (code, self.tree.area(code).map_or(code, |area| area.name.as_str()))
    }

    /// Name of the community at an index.
    #[must_use]
    pub fn name(&self, at: usize) -> &str {
        self.communities.get(at).map_or("", |place| place.name.as_str())
    }

    /// Name of the grid that an area is, if it is one.
    #[must_use]
    pub fn grid_name<'a>(&'a self, area_code: &'a str) -> &'a str {
        self.tree.at_level(area_code, Level::Grid).map_or("", |area| area.name.as_str())
    }
}

/// Walks a run's lines in order of beneficiary.
#[derive(Debug)]
pub struct RunCursor {
    run_id: Option<i64>,
    buffer: Vec<ReportLine>,
    at: usize,
    after: i64,
    finished: bool,
}

impl RunCursor {
    /// Over a run, or over nothing.
    #[must_use]
    pub fn new(run_id: Option<i64>) -> RunCursor {
        let finished = run_id.is_none();
        RunCursor { run_id, buffer: Vec::new(), at: 0, after: i64::MIN, finished }
    }

    /// The next beneficiary, without taking its lines.
    ///
    /// # Errors
    /// The database failed.
    pub fn peek(&mut self, conn: &mut Db, street: &str) -> AppResult<Option<i64>> {
        if self.at >= self.buffer.len() {
            self.fill(conn, street)?;
        }
        Ok(self.buffer.get(self.at).map(|line| line.beneficiary_id))
    }

    /// All lines of the next beneficiary if it is `wanted`, otherwise none.
    pub fn take(&mut self, wanted: i64) -> &[ReportLine] {
        let rest = self.buffer.get(self.at..).unwrap_or(&[]);
        let count = rest.iter().take_while(|line| line.beneficiary_id == wanted).count();
        let first = self.at;
        self.at += count;
        self.buffer.get(first..self.at).unwrap_or(&[])
    }

    /// Reads on. A chunk that is full may end inside a beneficiary: that one
    /// is left for the next chunk.
    fn fill(&mut self, conn: &mut Db, street: &str) -> AppResult<()> {
        self.buffer.clear();
        self.at = 0;
        let Some(run_id) = self.run_id else { return Ok(()) };
        let mut limit = CHUNK;
        while !self.finished {
            self.buffer = list_lines_after(conn, street, run_id, self.after, limit)?;
            let full = i64::try_from(self.buffer.len()).is_ok_and(|count| count == limit);
            self.finished = !full;
            if full && let Some(last) = self.buffer.last().map(|line| line.beneficiary_id) {
                self.buffer.retain(|line| line.beneficiary_id != last);
            }
            if let Some(last) = self.buffer.last() {
                self.after = last.beneficiary_id;
                break;
            }
            // One beneficiary with more lines than a chunk: read it whole.
            limit = limit.saturating_mul(2);
        }
        Ok(())
    }
}

/// A line as the table counts it.
pub fn fact(line: &ReportLine, places: &mut Places) -> LineFact {
    LineFact {
        beneficiary: line.beneficiary_id,
        award: line.award_id.0,
        community: places.community(&line.area_code),
        month: line.month,
        kind: line.kind,
        amount: line.amount_fen,
        supplement: line.supplement_fen,
        persons: i64::from(line.persons),
    }
}
