//! The rows that a figure of the annual report counts, so that everybody can
//! count them again. Names are masked.

use std::collections::HashMap;

use super::document::{Cell, EVERY_SHEET, Group, Head, Section, TableRow};
use super::lines::{Places, RunCursor};
use super::month::{summarize, whole_street};
use super::month_table::EXAMPLE_MARK;
use super::people::{People, Shown};
use super::programs::{Programs, load_programs};
use super::render::Render;
use super::roster::written;
use super::year::{AnnualQuery, paid_cases, roster_month};
use crate::domain::annual::{FigureId, program};
use crate::domain::ids::{AwardId, ResidentId};
use crate::domain::mask;
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::payout::LineKind;
use crate::domain::temp_case::CaseLevel;
use crate::error::AppResult;
use crate::services::Authorized;
use crate::services::auth::ReadReport;
use crate::store::report::{ReportLine, list_first_certificates, list_runs, list_verified};
use crate::store::resident::list_residents_by_id;
use crate::store::{Cipher, Db, Store};

/// Beneficiaries per page.
const PAGE: usize = 500;

/// Writes the rows behind a figure.
///
/// # Errors
/// As [`super::annual`]; the output cannot be written.
pub fn annual_rows(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    query: AnnualQuery,
    id: FigureId,
    out: &mut dyn Render,
) -> AppResult<()> {
    whole_street(by)?;
    store.read(|conn| {
        let street = by.street();
        let month = roster_month(conn, street, query)?;
        let illustrative = summarize(conn, street, month)?.illustrative;
        let places = Places::load(conn, street, month)?;
        let runs = list_runs(conn, street, &[month])?;
        let programs = load_programs(conn, &runs)?;
        let (count, sum) = (0, Fen::ZERO);
        let mut listing = Listing { street, query, month, places, programs, out, count, sum };
        listing.begin(id, illustrative)?;
        match id {
            FigureId::R01 => listing.verified(conn)?,
            FigureId::R05 | FigureId::R06 => {
                listing.lines(conn, store.cipher(), &[program::DIBAO])?
            }
            FigureId::R07 | FigureId::R08 => {
                listing.lines(conn, store.cipher(), &[program::CHILDREN])?;
            }
            FigureId::R09 => listing.cases(conn, CaseLevel::Street)?,
            FigureId::R10 => listing.cases(conn, CaseLevel::District)?,
            FigureId::R11 => listing.certificates(conn)?,
            FigureId::R12 => listing.lines(conn, store.cipher(), &[program::CARE])?,
            FigureId::R13 => listing.lines(conn, store.cipher(), &[program::LIVING])?,
            FigureId::R14 => {
                listing.lines(conn, store.cipher(), &[program::CARE, program::LIVING])?;
            }
            FigureId::R15 => listing.lines(conn, store.cipher(), &[program::LIVING_L5])?,
        }
        listing.finish()
    })
}

struct Listing<'a, 'o> {
    street: &'a str,
    query: AnnualQuery,
    month: Month,
    places: Places,
    programs: Programs,
    out: &'o mut dyn Render,
    count: i64,
    sum: Fen,
}

/// Columns of every listing; a figure leaves blank what it has not.
const COLUMNS: [(&str, &str); 8] = [
    ("序号", "no"),
    ("社区", "community"),
    ("项目", "program"),
    ("编号", "reference"),
    ("姓名", "name"),
    ("日期", "date"),
    ("人数", "persons"),
    ("金额", "amount"),
];

impl Listing<'_, '_> {
    fn begin(&mut self, id: FigureId, illustrative: bool) -> AppResult<()> {
        let name = id.definition().map_or("", |definition| definition.zh);
        let counts = id.definition().map_or("", |definition| definition.counts_zh);
        let (from, to) = self.query.days();
        let marks = if illustrative { vec![EXAMPLE_MARK.to_owned()] } else { Vec::new() };
        let head = Head {
            export: String::new(),
            title: format!("{id:?} {name}:所计对象"),
            left: format!("口径:{counts}"),
            middle: format!("期间:{from} 至 {to},花名册月份:{}", self.month),
            right: "单位:人、元".to_owned(),
            marks,
            footer: Vec::new(),
        };
        written(self.out.begin(&head))?;
        let groups =
            COLUMNS.iter().map(|&(title, key)| Group::single(title, key, EVERY_SHEET)).collect();
        written(self.out.section(&Section { groups, ..Section::default() }))
    }

    fn finish(&mut self) -> AppResult<()> {
        let mut cells = vec![Cell::Empty; COLUMNS.len()];
        for (slot, cell) in cells.iter_mut().zip([Cell::Count(self.count), Cell::text("合计")]) {
            *slot = cell;
        }
        if let Some(last) = cells.last_mut() {
            *last = Cell::Money(self.sum);
        }
        written(self.out.row(TableRow { total: true, cells }))?;
        written(self.out.end_section(&[]))?;
        written(self.out.finish(&Head::default()))
    }

    fn row(&mut self, cells: [Cell; 7], amount: Fen) -> AppResult<()> {
        self.count += 1;
        self.sum += amount;
        let cells = std::iter::once(Cell::Count(self.count)).chain(cells).collect();
        written(self.out.row(TableRow { total: false, cells }))
    }

    fn lines(&mut self, conn: &mut Db, cipher: &Cipher, programs: &[&str]) -> AppResult<()> {
        let runs = list_runs(conn, self.street, &[self.month])?;
        for program in programs {
            let run = runs.iter().find(|run| run.program == *program);
            let mut cursor = RunCursor::new(run.map(|run| run.id));
            let mut page: Vec<ReportLine> = Vec::with_capacity(PAGE);
            while let Some(next) = cursor.peek(conn, self.street)? {
                let counted = cursor
                    .take(next)
                    .iter()
                    .find(|line| line.kind == LineKind::Regular && line.amount_fen.is_positive());
                page.extend(counted.cloned());
                if page.len() == PAGE {
                    self.page(conn, cipher, program, &page)?;
                    page.clear();
                }
            }
            self.page(conn, cipher, program, &page)?;
        }
        Ok(())
    }

    fn page(
        &mut self,
        conn: &mut Db,
        cipher: &Cipher,
        program: &str,
        page: &[ReportLine],
    ) -> AppResult<()> {
        let awards: Vec<AwardId> = page.iter().map(|line| line.award_id).collect();
        let people = People::load(conn, self.street, &awards)?;
        for line in page {
            let behind = people.behind(cipher, line.award_id, Shown::Masked)?;
            let place = self.places.community(&line.area_code);
            let cells = [
                Cell::text(self.places.name(place)),
                Cell::text(self.programs.label(program).zh),
                Cell::text(behind.cert_no),
                Cell::text(behind.name),
                Cell::text(line.month.to_string()),
                Cell::Count(i64::from(line.persons)),
                Cell::Money(line.amount_fen),
            ];
            self.row(cells, line.amount_fen)?;
        }
        Ok(())
    }

    fn cases(&mut self, conn: &mut Db, level: CaseLevel) -> AppResult<()> {
        let (from, to) = self.query.days();
        let mut cases = paid_cases(conn, self.street, from, to)?;
        cases.retain(|case| case.level == level);
        let names = self.names(conn, cases.iter().map(|case| case.resident_id))?;
        for case in cases {
            let (_, name) = names.get(&case.resident_id).cloned().unwrap_or_default();
            let place = self.places.community(&case.area_code);
            let paid = case.payment_on.map(|day| day.to_string()).unwrap_or_default();
            let cells = [
                Cell::text(self.places.name(place)),
                Cell::text(self.programs.label(program::TEMPORARY).zh),
                Cell::text(case.case_no),
                Cell::text(name),
                Cell::text(paid),
                Cell::Empty,
                Cell::Money(case.approved_fen),
            ];
            self.row(cells, case.approved_fen)?;
        }
        Ok(())
    }

    fn certificates(&mut self, conn: &mut Db) -> AppResult<()> {
        let (from, to) = self.query.days();
        let mut rows = list_first_certificates(conn, self.street, from, to)?;
        rows.dedup_by_key(|(who, _)| *who);
        let rows = rows.into_iter().map(|(who, day)| (who, String::new(), day.to_string()));
        self.persons(conn, rows.collect())
    }

    fn verified(&mut self, conn: &mut Db) -> AppResult<()> {
        let (from, to) = self.query.days();
        let mut rows = list_verified(conn, self.street, from, to)?;
        rows.dedup_by_key(|(who, _, _)| *who);
        let rows = rows.into_iter().map(|(who, visit, day)| {
            (who, visit, day.map(|day| day.to_string()).unwrap_or_default())
        });
        self.persons(conn, rows.collect())
    }

    fn persons(&mut self, conn: &mut Db, rows: Vec<(ResidentId, String, String)>) -> AppResult<()> {
        for some in rows.chunks(PAGE) {
            let names = self.names(conn, some.iter().map(|(who, _, _)| *who))?;
            for (who, reference, day) in some {
                let (area, name) = names.get(who).cloned().unwrap_or_default();
                let place = self.places.community(&area);
                let cells = [
                    Cell::text(self.places.name(place)),
                    Cell::Empty,
                    Cell::text(reference),
                    Cell::text(name),
                    Cell::text(day),
                    Cell::Count(1),
                    Cell::Empty,
                ];
                self.row(cells, Fen::ZERO)?;
            }
        }
        Ok(())
    }

    /// Area and masked name of some residents.
    fn names(
        &self,
        conn: &mut Db,
        who: impl Iterator<Item = ResidentId>,
    ) -> AppResult<HashMap<ResidentId, (String, String)>> {
        let ids: Vec<ResidentId> = who.collect();
        let residents = list_residents_by_id(conn, self.street, &ids)?;
        Ok(residents
            .into_iter()
            .map(|row| (row.id, (row.area_code, mask::name(&row.name))))
            .collect())
    }
}
