//! P-94: what an administrator wants to know of the installation at a glance.

use std::path::Path;

use chrono::NaiveDateTime;

use super::auth::{Authorized, ManageSystem};
use crate::error::AppResult;
use crate::store::audit::{self, AuditRow};
use crate::store::{Backend, Db, REGISTRY_CHAIN, Store, job, migrate};

/// Hours after which a backup is too old (SEC-160).
pub const BACKUP_HOURS: i64 = 26;

/// The installation as it is now.
#[derive(Debug, Clone)]
pub struct Status {
    /// This program.
    pub program: &'static str,
    /// Which database.
    pub backend: Backend,
    /// Its schema.
    pub schema: String,
    /// The last backup, UTC, and how many hours ago it was made.
    pub backup: Option<(NaiveDateTime, i64)>,
    /// The last restore drill: when, and what failed.
    pub drilled: Option<(NaiveDateTime, String)>,
    /// When this registry was restored from a backup, UTC.
    pub restored: Option<NaiveDateTime>,
    /// The last verification: when, and the checks that failed.
    pub verified: Option<(NaiveDateTime, String)>,
    /// Jobs by state.
    pub jobs: Vec<(String, i64)>,
    /// Room where the registry's folder lies; none if the system does not say.
    pub disk: Option<Disk>,
}

/// Room on a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What this program may still write.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

impl Disk {
    fn of(folder: &Path) -> Option<Disk> {
        let room = rustix::fs::statvfs(folder).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(room.f_frsize);
        Some(Disk { free: bytes(room.f_bavail), total: bytes(room.f_blocks) })
    }

    /// Free room in per cent, rounded down.
    #[must_use]
    pub fn percent(&self) -> u64 {
        self.free.saturating_mul(100).checked_div(self.total).unwrap_or(0)
    }

    /// Whether it is time to do something (SEC-182).
    #[must_use]
    pub fn is_low(&self) -> bool {
        self.percent() < 20
    }

    /// Free and all, in GiB with one digit.
    #[must_use]
    pub fn shown(&self) -> (String, String) {
        let tenths = |bytes: u64| bytes / (1 << 30) * 10 + bytes % (1 << 30) * 10 / (1 << 30);
        let text = |bytes: u64| format!("{}.{} GiB", tenths(bytes) / 10, tenths(bytes) % 10);
        (text(self.free), text(self.total))
    }
}

impl Status {
    /// Whether a backup is missing or too old.
    #[must_use]
    pub fn backup_is_late(&self) -> bool {
        self.backup.is_none_or(|(_, hours)| hours > BACKUP_HOURS)
    }
}

fn last(conn: &mut Db, action: &str) -> AppResult<Option<AuditRow>> {
    Ok(audit::last_of_action(conn, REGISTRY_CHAIN, action)?)
}

/// Reads it.
///
/// # Errors
/// The database failed.
pub fn load(store: &Store, _by: &Authorized<'_, ManageSystem>) -> AppResult<Status> {
    let now = store.clock().now();
    store.read(|conn| {
        let failed = |row: AuditRow| {
            let detail = row.detail.unwrap_or_default();
            (row.at, detail.split("failed=").nth(1).unwrap_or_default().to_owned())
        };
        Ok(Status {
            program: env!("CARGO_PKG_VERSION"),
            backend: store.backend(),
            schema: migrate::version(conn)?,
            backup: last(conn, "backup.create")?.map(|row| (row.at, (now - row.at).num_hours())),
            drilled: last(conn, "backup.drill")?.map(failed),
            restored: last(conn, "backup.restore")?.map(|row| row.at),
            verified: last(conn, "registry.verify")?.map(failed),
            jobs: job::count_by_state(conn)?,
            disk: Disk::of(store.data_dir()),
        })
    })
}
