//! The restore drill: a backup that was never restored is a hope.

use std::path::Path;

use serde::Serialize;

use super::{compare, restore};
use crate::config::Config;
use crate::error::{AppError, AppResult};
use crate::services::Actor;
use crate::services::auth::{Authorized, ManageSystem};
use crate::services::verify;
use crate::store::audit::Entry;
use crate::store::{REGISTRY_CHAIN, Store};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drill {
    /// When the backup was made, UTC.
    pub made_at: String,
    /// Rows that were restored.
    pub rows: u64,
    /// Tables that differ from the backup, and checks that failed.
    pub failed: Vec<String>,
}

/// Restores a backup into a folder inside the data folder that is thrown away
/// afterwards, compares every table with what the backup says, runs all checks
/// there, and notes the outcome in this registry's log.
///
/// # Errors
/// The key does not fit, the backup is damaged or of a newer version (nothing
/// is noted then); the disk failed.
pub fn drill(
    store: &Store,
    actor: &Actor,
    by: &Authorized<'_, ManageSystem>,
    config: &Config,
    input: &Path,
) -> AppResult<Drill> {
    // The folder of the data: what is restored is as protected as it is there.
    let folder = tempfile::Builder::new()
        .prefix("drill-")
        .tempdir_in(&config.data_dir)
        .map_err(AppError::io(&config.data_dir))?;
    let target = Config::new(folder.path().join("data"), None, Some(config.key_file.clone()))?;
    let (restored, manifest) = restore(&target, store.clock().clone(), by, input)?;
    let mut failed = compare(&restored, &manifest)?;
    let report = verify::run(&restored, &actor.authorize()?, true)?;
    failed.extend(report.failed().iter().map(ToString::to_string));
    let drill = Drill {
        rows: manifest.tables.values().map(|table| table.rows).sum(),
        made_at: manifest.made_at,
        failed,
    };
    let (made, rows) = (&drill.made_at, drill.rows);
    let detail = format!("made_at={made} rows={rows} failed={}", drill.failed.join(","));
    store.write(REGISTRY_CHAIN, |tx| {
        tx.audit(&Entry {
            actor: by.username(),
            action: "backup.drill",
            object_kind: "registry",
            object_id: None,
            reason: None,
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    Ok(drill)
}
