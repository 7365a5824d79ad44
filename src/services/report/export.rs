//! Reports on a page and as files. A file leaves the office: the log keeps who
//! took it, for what purpose, how many rows and the digest of its bytes.

use std::io;

use sha2::{Digest, Sha256};

use super::document::{Head, Section, TableRow};
use super::month_table::write_summary;
use super::public_table::write_public_totals;
use super::render::{Format, HtmlPage, Render, renderer};
use super::roster::written;
use super::year_table::write_annual;
use super::{
    AnnualQuery, NoticeQuery, RosterQuery, RosterRight, annual, annual_rows, month_summary,
    write_notice, write_roster,
};
use crate::domain::annual::FigureId;
use crate::domain::month::Month;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, ExportMasked, Permit, ReadReport};
use crate::services::record::{check_required, sealed};
use crate::store::Store;
use crate::store::audit::Entry;
use crate::store::export_log::{
    BODY, ExportFileRow, ExportRow, delete_expired_files, insert_export, insert_export_file,
};

/// Which report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportKind {
    /// The month's table; with the blocks of mental-health awards by community.
    Month {
        /// The month.
        month: Month,
        /// Whether the caller has the right `mental`.
        mental: bool,
    },
    /// The month's totals as they may be published.
    Public(Month),
    /// Who receives a program, as it may be posted.
    Notice(NoticeQuery),
    /// A roster, masked.
    Roster(RosterQuery),
    /// The annual figures.
    Annual(AnnualQuery),
    /// The rows that a figure counts.
    Rows(AnnualQuery, FigureId),
}

impl ReportKind {
    /// Name of its file, without ending, and in the log.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            ReportKind::Month { month, .. } => format!("month-{month}"),
            ReportKind::Public(month) => format!("notice-{month}"),
            ReportKind::Notice(query) => format!("notice-{}-{}", query.program, query.month),
            ReportKind::Roster(query) => format!("roster-{}-{}", query.program, query.month),
            ReportKind::Annual(query) => format!("annual-{}", query.through),
            ReportKind::Rows(query, id) => format!("annual-{}-{id:?}", query.through),
        }
    }
}

/// Writes a report in any form.
fn write(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    kind: &ReportKind,
    out: &mut dyn Render,
) -> AppResult<()> {
    match kind {
        ReportKind::Month { month, mental } => {
            let summary = month_summary(store, by, *month)?;
            let summary = if *mental { summary } else { summary.without_mental() };
            written(write_summary(&summary, out))
        }
        ReportKind::Public(month) => {
            written(write_public_totals(&month_summary(store, by, *month)?, out))
        }
        ReportKind::Notice(query) => write_notice(store, by, query, out),
        ReportKind::Roster(query) => write_roster(store, &RosterRight::Masked(by), query, out),
        ReportKind::Annual(query) => written(write_annual(&annual(store, by, *query)?, out)),
        ReportKind::Rows(query, id) => annual_rows(store, by, *query, *id, out),
    }
}

/// A report as a part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its title.
    pub title: String,
    /// Its tables as HTML, everything escaped.
    pub html: String,
    /// Rows that it has.
    pub rows: usize,
    /// Whether some of them are not shown.
    pub cut: bool,
}

/// A report for a page: at most `limit` rows of each table, and its totals.
///
/// # Errors
/// No run in that month; a broken identity; the database failed.
pub fn show_report(
    store: &Store,
    by: &Authorized<'_, ReadReport>,
    kind: &ReportKind,
    limit: usize,
) -> AppResult<Shown> {
    let mut bytes = Vec::new();
    let (title, rows, cut) = {
        let inner: Box<dyn Render + '_> = Box::new(HtmlPage::fragment(&mut bytes));
        let mut counting = Counting::new(inner, limit, String::new());
        write(store, by, kind, &mut counting)?;
        (counting.title, counting.rows, counting.cut)
    };
    Ok(Shown { title, html: String::from_utf8_lossy(&bytes).into_owned(), rows, cut })
}

/// How long a file waits for its owner (SEC-121).
pub const KEPT: chrono::Duration = chrono::Duration::hours(24);

/// A report as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Number in the log; the file carries it.
    pub id: i64,
    /// Name of the file.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// Rows without totals.
    pub rows: usize,
    /// SHA-256, hexadecimal.
    pub digest: String,
}

/// Makes a file of a report and logs it.
///
/// # Errors
/// No purpose; as [`show_report`].
pub fn export_report(
    store: &Store,
    by: &Authorized<'_, ExportMasked>,
    read: &Authorized<'_, ReadReport>,
    kind: &ReportKind,
    format: Format,
    purpose: &str,
) -> AppResult<Exported> {
    let asked = FileAsked { name: &kind.name(), format, purpose, filter: "", plain: false };
    export_file(store, by, &asked, |out| write(store, read, kind, out))
}

/// A file as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct FileAsked<'a> {
    /// Its name, without ending.
    pub name: &'a str,
    /// Its form.
    pub format: Format,
    /// Why.
    pub purpose: &'a str,
    /// What it was narrowed to, without personal values.
    pub filter: &'a str,
    /// Whether it holds personal values in full.
    pub plain: bool,
}

/// Makes a file of whatever `write` writes and logs it: who took it, why, how
/// many rows, the digest of its bytes. Sealed, it waits a day for its owner.
///
/// # Errors
/// No purpose; what `write` refuses.
pub fn export_file<P: Permit>(
    store: &Store,
    by: &Authorized<'_, P>,
    asked: &FileAsked<'_>,
    write: impl FnOnce(&mut dyn Render) -> AppResult<()>,
) -> AppResult<Exported> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "purpose", asked.purpose);
    AppError::refused_unless_empty(refusals)?;
    let (id, now) = (store.next_id(), store.clock().now());
    let mark = format!("导出编号 {id} · {} · {}", by.username(), store.clock().today());
    let mut bytes = Vec::new();
    let rows = {
        let mut counting = Counting::new(renderer(asked.format, &mut bytes), usize::MAX, mark);
        write(&mut counting)?;
        counting.rows
    };
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let ending = Format::ALL.iter().find(|(_, other)| *other == asked.format);
    let name = format!("{}.{}", asked.name, ending.map_or("txt", |(ending, _)| ending));
    let detail = serde_json::json!({
        "file": name, "filter": asked.filter, "plain": asked.plain, "rows": rows, "sha256": digest,
    });
    let purpose = asked.purpose.trim();
    let waiting = ExportFileRow {
        id,
        street_code: by.street().to_owned(),
        body_enc: store.cipher().seal(BODY, id, &bytes).map_err(sealed)?,
        expires_at: now + KEPT,
    };
    store.write(by.street(), |tx| {
        let row = ExportRow {
            id,
            street_code: by.street().to_owned(),
            username: by.username().to_owned(),
            at: now,
            file_name: name.clone(),
            filter: asked.filter.to_owned(),
            row_count: i64::try_from(rows).unwrap_or(i64::MAX),
            digest: digest.clone(),
            purpose: purpose.to_owned(),
            plain: asked.plain,
        };
        insert_export(tx.conn, &row)?;
        delete_expired_files(tx.conn, by.street(), now)?;
        insert_export_file(tx.conn, &waiting)?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "report.export",
            object_kind: "export_log",
            object_id: Some(row.id),
            reason: Some(purpose),
            detail: Some(&detail.to_string()),
        })?;
        Ok(())
    })?;
    Ok(Exported { id, name, bytes, rows, digest })
}

/// Counts rows, passes on as many of each table as are wanted, and puts the
/// number of the export on the document.
struct Counting<'a> {
    inner: Box<dyn Render + 'a>,
    limit: usize,
    mark: String,
    title: String,
    rows: usize,
    in_table: usize,
    cut: bool,
}

impl<'a> Counting<'a> {
    fn new(inner: Box<dyn Render + 'a>, limit: usize, mark: String) -> Counting<'a> {
        Counting { inner, limit, mark, title: String::new(), rows: 0, in_table: 0, cut: false }
    }

    fn marked(&self, head: &Head) -> Head {
        Head { export: self.mark.clone(), ..head.clone() }
    }
}

impl Render for Counting<'_> {
    fn begin(&mut self, head: &Head) -> io::Result<()> {
        self.title.clone_from(&head.title);
        self.inner.begin(&self.marked(head))
    }

    fn section(&mut self, section: &Section) -> io::Result<()> {
        self.in_table = 0;
        self.inner.section(section)
    }

    fn row(&mut self, row: TableRow) -> io::Result<()> {
        if row.total {
            return self.inner.row(row);
        }
        self.rows += 1;
        self.in_table += 1;
        if self.in_table > self.limit {
            self.cut = true;
            return Ok(());
        }
        self.inner.row(row)
    }

    fn end_section(&mut self, notes: &[String]) -> io::Result<()> {
        self.inner.end_section(notes)
    }

    fn finish(&mut self, head: &Head) -> io::Result<()> {
        self.inner.finish(&self.marked(head))
    }
}
