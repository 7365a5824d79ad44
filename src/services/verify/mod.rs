//! Holding the registry against itself (`security.md` §5.1, SEC-129, SEC-145).
//!
//! A list of independent checks; every one runs, whatever the others found,
//! and each names the records that break it. Nothing is changed, except that
//! the verification itself is entered in the audit log.

mod chains;
mod ledger;
mod sealed;
mod stored;
mod views;

use crate::error::AppResult;
use crate::services::auth::{Authorized, ReadAudit};
use crate::store::audit::Entry;
use crate::store::verify::{self as queries, SET_CHECKS};
use crate::store::{Db, REGISTRY_CHAIN, Store};

/// Records that a check names at most; more of them say nothing new.
const NAMED: usize = 50;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// Where: a table's record, or an entry of a chain.
    pub record: String,
    /// What, in Chinese.
    pub zh: String,
    /// What, in English.
    pub en: String,
}

impl Fault {
    fn new(record: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Fault {
        Fault { record: record.into(), zh: zh.into(), en: en.into() }
    }
}

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Stable name.
    pub name: &'static str,
    /// What must hold, in Chinese.
    pub zh: &'static str,
    /// What must hold, in English.
    pub en: &'static str,
    /// How many records were looked at, where that was counted.
    pub examined: Option<u64>,
    /// The first faults, at most fifty.
    pub faults: Vec<Fault>,
}

/// A whole verification.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Whether everything was looked at rather than a sample.
    pub full: bool,
    /// All checks, in the order they ran.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.faults.is_empty())
    }

    /// Names of the checks that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&'static str> {
        let failed = self.checks.iter().filter(|check| !check.faults.is_empty());
        failed.map(|check| check.name).collect()
    }
}

/// Runs every check on one snapshot. `full` opens every encrypted value (a
/// sample of the newest otherwise) and recomputes the lines of every run.
///
/// # Errors
/// The database failed. Faults are not errors: they are in the report.
pub fn run(store: &Store, by: &Authorized<'_, ReadAudit>, full: bool) -> AppResult<Report> {
    let checks = store.read(|conn| {
        let mut checks = vec![file_check(conn)?, trigger_check(conn)?, chains::check(conn, store)?];
        for check in SET_CHECKS {
            checks.push(set_check(conn, check)?);
        }
        checks.push(views::check(conn)?);
        checks.push(stored::summaries(conn)?);
        checks.extend(sealed::check(conn, store.cipher(), full)?);
        checks.extend(ledger::check(conn, store.cipher(), full)?);
        Ok(checks)
    })?;
    let report = Report { full, checks };
    store.write(REGISTRY_CHAIN, |tx| {
        let failed = report.failed().join(",");
        let detail = format!("full={full} checks={} failed={failed}", report.checks.len());
        tx.audit(&Entry {
            actor: by.username(),
            action: "registry.verify",
            object_kind: "registry",
            object_id: None,
            reason: None,
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    Ok(report)
}

fn set_check(conn: &mut Db, check: &queries::SetCheck) -> AppResult<Check> {
    let found = queries::list_findings(conn, check, NAMED)?;
    let faults = found
        .into_iter()
        .map(|record| {
            Fault::new(record, format!("不成立:{}", check.zh), format!("broken: {}", check.en))
        })
        .collect();
    Ok(Check { name: check.name, zh: check.zh, en: check.en, examined: None, faults })
}

fn file_check(conn: &mut Db) -> AppResult<Check> {
    let found = queries::list_file_faults(conn)?;
    let faults = found
        .into_iter()
        .map(|what| Fault::new("database", format!("数据库文件:{what}"), what))
        .collect();
    Ok(Check {
        name: "database_file",
        zh: "数据库文件完好,引用完整",
        en: "the database file is sound and every reference is kept",
        examined: None,
        faults,
    })
}

fn trigger_check(conn: &mut Db) -> AppResult<Check> {
    let missing = queries::list_missing_triggers(conn)?;
    let faults = missing
        .into_iter()
        .map(|name| {
            Fault::new(
                format!("trigger {name}"),
                "保护触发器被删除或停用。",
                "A protecting trigger was dropped or switched off.",
            )
        })
        .collect();
    Ok(Check {
        name: "triggers",
        zh: "只增不改的保护触发器齐全",
        en: "the triggers that protect recorded things are in place",
        examined: Some(queries::TRIGGERS.len() as u64),
        faults,
    })
}
