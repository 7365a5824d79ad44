//! Data keys: which there are, and putting new ones in the place of old ones
//! while others go on working (SEC-110).
//!
//! A rotation is a row first: with it every process seals new values with the
//! new key and opens old ones with the old key. Values are then sealed anew in
//! short transactions. Killed at any point it is simply unfinished: both keys
//! open their values, and the same command goes on where it was.

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use serde::Serialize;

use super::auth::{Authorized, ManageSystem};
use super::record::sealed;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::audit::{self, Entry};
use crate::store::keys::{self as rows, DataKeyRow, KekChange};
use crate::store::sealed::{self as columns, LINE_INPUTS, OFFICE_SEALED, SEALED, SealedColumn};
use crate::store::{REGISTRY_CHAIN, Store, Tx};

/// What one transaction of a rotation should take: others wait for it.
const PACE: Duration = Duration::from_millis(100);
const FIRST_CHUNK: i64 = 200;
const LARGEST_CHUNK: i64 = 5_000;
/// A process that began to seal before the rotation has long finished.
const KEPT_HOURS: i64 = 24;

/// One data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    /// Carried by each value that it seals.
    pub id: i32,
    /// `field`, `blind` (exact search) or `chain` (audit log).
    pub purpose: String,
    /// UTC.
    pub created_at: NaiveDateTime,
    /// UTC; only what is append-only is still sealed with it.
    pub retired_at: Option<NaiveDateTime>,
}

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rotation {
    /// Id of the key from now on.
    pub key: i32,
    /// Whether an interrupted rotation was finished.
    pub resumed: bool,
    /// Values sealed anew.
    pub resealed: u64,
    /// Old keys that sealed nothing any more and were destroyed.
    pub destroyed: usize,
}

/// All data keys, newest first; never the keys themselves.
///
/// # Errors
/// The database failed.
pub fn list(store: &Store, _by: &Authorized<'_, ManageSystem>) -> AppResult<Vec<KeyInfo>> {
    let stored = store.read(|conn| Ok(rows::list_data_keys(conn)?))?;
    let info = |row: DataKeyRow| KeyInfo {
        id: row.id,
        purpose: row.purpose,
        created_at: row.created_at,
        retired_at: row.retired_at,
    };
    Ok(stored.into_iter().map(info).collect())
}

/// Makes a new key for fields and seals every changeable value with it, or
/// finishes a rotation that was interrupted. `progress` is told the number of
/// values so far.
///
/// # Errors
/// The key file does not fit; a value does not open; the database failed. What
/// is done stays done.
pub fn rotate(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    key_file: &Path,
    progress: &mut dyn FnMut(u64),
) -> AppResult<Rotation> {
    let (key, resumed) = begin(store, by, key_file)?;
    store.cipher().refresh();
    let to = u16::try_from(key).map_err(|_| stuck())?;
    let mut work = Work { store, to, chunk: FIRST_CHUNK, resealed: 0, progress };
    // Whoever sealed a value before the new key was known may save it during
    // the first pass: the last pass finds nothing.
    for _ in 0..PASSES {
        if work.pass()? == 0 {
            let resealed = work.resealed;
            let destroyed = finish(store, key)?;
            return Ok(Rotation { key, resumed, resealed, destroyed });
        }
    }
    Err(stuck())
}

const PASSES: usize = 20;

/// Changes the key-encryption key: the new file is complete before the
/// database knows it, all data keys are wrapped anew in one transaction, and
/// the old file is kept for the backups that need it.
///
/// Returns the fingerprints and where the old file is kept.
///
/// # Errors
/// The key file or its folder cannot be written, or the database failed: the
/// old key stays in force.
pub fn rotate_kek(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    key_file: &Path,
) -> AppResult<(KekChange, std::path::PathBuf)> {
    let change = store.write(REGISTRY_CHAIN, |tx| {
        let change = rows::rewrap(tx.conn, key_file)?;
        record(tx, by, "key.rotate_kek", &format!("from={} to={}", change.old, change.new))?;
        Ok(change)
    })?;
    let kept = rows::swap_kek(key_file)?;
    Ok((change, kept))
}

/// The new key with its audit entry; or the one of an unfinished rotation.
fn begin(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    key_file: &Path,
) -> AppResult<(i32, bool)> {
    store.write(REGISTRY_CHAIN, |tx| {
        let stored = rows::list_data_keys(tx.conn)?;
        let open = |row: &&DataKeyRow| row.purpose == "field" && row.retired_at.is_none();
        let open: Vec<i32> = stored.iter().filter(open).map(|row| row.id).collect();
        if let [newest, _, ..] = open.as_slice() {
            return Ok((*newest, true));
        }
        let now = tx.clock().now();
        let key = rows::add_field_key(tx.conn, key_file, now)?;
        let from = open.first().copied().unwrap_or_default();
        record(tx, by, "key.rotate", &format!("from={from} to={key}"))?;
        Ok((key, false))
    })
}

/// Retires the old keys and destroys those that were retired long ago and seal
/// nothing any more.
fn finish(store: &Store, key: i32) -> AppResult<usize> {
    let used = store.read(|conn| {
        let mut used = Vec::new();
        for column in SEALED.iter().chain(OFFICE_SEALED).chain([&LINE_INPUTS]) {
            used.extend(columns::count_by_key(conn, column)?.into_iter().map(|(id, _)| id));
        }
        Ok(used)
    })?;
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        rows::mark_retired(tx.conn, key, now)?;
        let before = now - chrono::Duration::hours(KEPT_HOURS);
        let mut destroyed = 0;
        for row in rows::list_data_keys(tx.conn)? {
            let unused = !used.iter().any(|id| i32::from(*id) == row.id);
            if unused && row.retired_at.is_some_and(|at| at < before) {
                destroyed += rows::delete_retired(tx.conn, row.id)?;
            }
        }
        Ok(destroyed)
    })
}

struct Work<'a> {
    store: &'a Store,
    to: u16,
    chunk: i64,
    resealed: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl Work<'_> {
    /// Everything once; returns how many values were sealed anew.
    fn pass(&mut self) -> AppResult<u64> {
        let before = self.resealed;
        let heads = self.store.read(|conn| Ok(audit::list_heads(conn)?))?;
        for column in SEALED.iter().filter(|column| !column.append_only) {
            for head in heads.iter().filter(|head| head.street_code != REGISTRY_CHAIN) {
                self.column(column, &head.street_code)?;
            }
        }
        for column in OFFICE_SEALED {
            self.column(column, REGISTRY_CHAIN)?;
        }
        Ok(self.resealed - before)
    }

    fn column(&mut self, column: &SealedColumn, street: &str) -> AppResult<()> {
        let (mut after, to) = (i64::MIN, self.to);
        loop {
            let limit = self.chunk;
            let values = self
                .store
                .read(|conn| Ok(columns::list_outdated(conn, column, street, to, after, limit)?))?;
            let Some(last) = values.last() else { return Ok(()) };
            after = last.id;
            let started = Instant::now();
            // A value that somebody changed meanwhile is sealed with the new
            // key already, and the guard leaves it alone.
            let changed = self.store.write(street, |tx| {
                let (conn, cipher) = tx.parts();
                let mut changed = 0;
                for value in &values {
                    let plain = zeroize::Zeroizing::new(
                        cipher.open(column.field, value.id, &value.sealed).map_err(sealed)?,
                    );
                    let anew = cipher.seal(column.field, value.id, &plain).map_err(sealed)?;
                    changed += columns::mark_resealed(conn, column, value, &anew)?;
                }
                Ok(changed)
            })?;
            self.resealed += changed as u64;
            self.chunk = if started.elapsed() > PACE {
                (limit / 2).max(1)
            } else {
                (limit * 2).min(LARGEST_CHUNK)
            };
            (self.progress)(self.resealed);
        }
    }
}

fn record(
    tx: &mut Tx<'_>,
    by: &Authorized<'_, ManageSystem>,
    action: &str,
    detail: &str,
) -> AppResult<()> {
    tx.audit(&Entry {
        actor: by.username(),
        action,
        object_kind: "data_key",
        object_id: None,
        reason: None,
        detail: Some(detail),
    })?;
    Ok(())
}

fn stuck() -> AppError {
    AppError::coded(
        ErrorCode::Conflict,
        "仍有内容用旧密钥写入;请稍后再次执行 mingce keys rotate。",
        "Values are still being sealed with the old key; run mingce keys rotate again later.",
    )
}
