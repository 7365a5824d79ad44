//! Backup and restore of the whole registry (SEC-158, SEC-159, SEC-161).
//!
//! A backup is one consistent snapshot, taken while others go on working: one
//! read transaction on SQLite (WAL), one REPEATABLE READ transaction on
//! PostgreSQL. Its format is that of neither, so a backup of one restores into
//! the other. It is encrypted with a key of its own, wrapped by the
//! key-encryption key, which is never part of it.

pub mod container;
mod drill;
mod restore;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ManageSystem};
use crate::store::audit::{self, Entry};
use crate::store::dump::{self, Cell, Column, LineSum, to_hex};
use crate::store::{Db, REGISTRY_CHAIN, Store, migrate};

use container::{Reader, Record, Writer, damaged};
pub use drill::{Drill, drill};
pub use restore::{compare, restore};

/// Rows per frame: a frame stays below a few hundred kilobytes.
const FRAME_ROWS: usize = 500;

/// What a backup holds, so that a restore can be held against it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Schema version.
    pub schema: String,
    /// When, UTC.
    pub made_at: String,
    /// Rows and SHA-256 of each table, the same on both backends.
    pub tables: BTreeMap<String, TableDigest>,
    /// Lines and money per street, program, month and kind.
    pub line_sums: Vec<LineSum>,
    /// Ends of the audit chains: street → number and hash.
    pub chains: BTreeMap<String, (i64, String)>,
}

/// One table of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    /// How many rows.
    pub rows: u64,
    /// Over all rows in the order of the primary key.
    pub sha256: String,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Backup {
    /// Where.
    pub file: PathBuf,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Rows of all tables.
    pub rows: u64,
    /// Which key fits.
    pub kek: String,
    /// What it holds.
    pub manifest: Manifest,
}

/// Counts and hashes the rows of one table.
#[derive(Default)]
struct Tally {
    rows: u64,
    hash: Sha256,
}

impl Tally {
    fn add(&mut self, row: &[Cell]) -> AppResult<()> {
        let bytes = postcard::to_stdvec(row).map_err(|_| damaged())?;
        self.rows += 1;
        self.hash.update(&bytes);
        Ok(())
    }

    fn finish(self) -> TableDigest {
        TableDigest { rows: self.rows, sha256: to_hex(&self.hash.finalize()) }
    }
}

/// Writes a backup to `out`, reads it back, and says so in the audit log.
///
/// The file appears only when it is whole; until then it is called
/// `OUT.partial`.
///
/// # Errors
/// `Conflict` if `out` exists; the disk or the database failed.
pub fn create(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    config: &Config,
    out: &Path,
) -> AppResult<Backup> {
    if out.exists() {
        return Err(AppError::coded(
            ErrorCode::Conflict,
            format!("文件 {} 已存在,不会覆盖。", out.display()),
            format!("The file {} exists and is not overwritten.", out.display()),
        ));
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    let partial = PathBuf::from(name);
    let made = write_file(store, config, &partial).and_then(|()| read_back(config, &partial));
    let made = made.and_then(|backup| {
        std::fs::rename(&partial, out).map_err(AppError::io(out))?;
        sync_folder(out)?;
        Ok(Backup { file: out.to_path_buf(), ..backup })
    });
    if made.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    let backup = made?;
    store.write(REGISTRY_CHAIN, |tx| {
        let detail = format!("sha256={} rows={}", backup.sha256, backup.rows);
        tx.audit(&Entry {
            actor: by.username(),
            action: "backup.create",
            object_kind: "registry",
            object_id: None,
            reason: None,
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    Ok(backup)
}

fn write_file(store: &Store, config: &Config, partial: &Path) -> AppResult<()> {
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(partial)
        .map_err(AppError::io(partial))?;
    let made_at = store.clock().now().to_string();
    let out = store.read(|conn| {
        let schema = migrate::version(conn)?;
        let mut writer = Writer::start(BufWriter::new(file), &config.key_file, &schema, &made_at)?;
        let manifest = dump_tables(conn, schema, &made_at, |record| writer.write(&record))?;
        let manifest = serde_json::to_string(&manifest).map_err(|_| damaged())?;
        writer.write(&Record::End(manifest))?;
        Ok(writer.into_inner())
    })?;
    let file = out.into_inner().map_err(|error| AppError::io(partial)(error.into_error()))?;
    file.sync_all().map_err(AppError::io(partial))
}

/// Hands over all tables as records and returns the manifest.
fn dump_tables(
    conn: &mut Db,
    schema: String,
    made_at: &str,
    mut emit: impl FnMut(Record) -> AppResult<()>,
) -> AppResult<Manifest> {
    let mut tables = BTreeMap::new();
    for table in dump::TABLES {
        let columns = dump::columns(conn, table)?;
        emit(Record::Table { name: (*table).to_owned(), columns: columns.clone() })?;
        let digest = dump_rows(conn, table, &columns, &mut emit)?;
        tables.insert((*table).to_owned(), digest);
    }
    let chains = audit::list_heads(conn)?
        .into_iter()
        .map(|head| (head.street_code, (head.seq, to_hex(&head.hash))))
        .collect();
    let line_sums = dump::line_sums(conn)?;
    Ok(Manifest { schema, made_at: made_at.to_owned(), tables, line_sums, chains })
}

fn dump_rows(
    conn: &mut Db,
    table: &str,
    columns: &[Column],
    emit: &mut impl FnMut(Record) -> AppResult<()>,
) -> AppResult<TableDigest> {
    let mut tally = Tally::default();
    let mut batch = Vec::with_capacity(FRAME_ROWS);
    dump::for_each_row(conn, table, columns, |row| {
        tally.add(&row)?;
        batch.push(row);
        if batch.len() == FRAME_ROWS {
            emit(Record::Rows(std::mem::take(&mut batch)))?;
        }
        Ok::<(), AppError>(())
    })?;
    if !batch.is_empty() {
        emit(Record::Rows(batch))?;
    }
    Ok(tally.finish())
}

/// Opens what was just written, as a restore would: every frame, every digest.
fn read_back(config: &Config, file: &Path) -> AppResult<Backup> {
    let input = File::open(file).map_err(AppError::io(file))?;
    let input = Hashing { input: BufReader::new(input), hash: Sha256::new(), bytes: 0 };
    let mut reader = Reader::open(input, &config.key_file)?;
    let kek = reader.head.kek.clone();
    let mut checked = Checked::default();
    let manifest = loop {
        match reader.next_record()? {
            Record::Table { name, .. } => checked.start(name),
            Record::Rows(rows) => checked.add(&rows)?,
            Record::End(manifest) => break checked.finish(&manifest)?,
        }
    };
    let rows = manifest.tables.values().map(|table| table.rows).sum();
    let Hashing { hash, bytes, .. } = reader.into_inner();
    let sha256 = to_hex(&hash.finalize());
    Ok(Backup { file: file.to_path_buf(), bytes, sha256, rows, kek, manifest })
}

/// Tallies what is read, to hold it against the manifest at the end.
#[derive(Default)]
struct Checked {
    tables: BTreeMap<String, TableDigest>,
    current: Option<(String, Tally)>,
}

impl Checked {
    fn start(&mut self, table: String) {
        self.close();
        self.current = Some((table, Tally::default()));
    }

    fn add(&mut self, rows: &[Vec<Cell>]) -> AppResult<()> {
        let (_, tally) = self.current.as_mut().ok_or_else(damaged)?;
        rows.iter().try_for_each(|row| tally.add(row))
    }

    fn close(&mut self) {
        if let Some((table, tally)) = self.current.take() {
            self.tables.insert(table, tally.finish());
        }
    }

    fn finish(mut self, manifest: &str) -> AppResult<Manifest> {
        self.close();
        let manifest: Manifest = serde_json::from_str(manifest).map_err(|_| damaged())?;
        if manifest.tables == self.tables { Ok(manifest) } else { Err(damaged()) }
    }
}

struct Hashing<R> {
    input: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.input.read(buffer)?;
        self.hash.update(buffer.get(..got).unwrap_or_default());
        self.bytes += got as u64;
        Ok(got)
    }
}

/// A renamed file survives a power cut only once its folder is on disk too.
fn sync_folder(file: &Path) -> AppResult<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(AppError::io(folder))
}
