//! Restoring into an empty folder or database: all of it or nothing.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::container::{Reader, Record, damaged};
use super::{Checked, Manifest, Tally, sync_folder};
use crate::clock::Clock;
use crate::config::{Config, Database};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ManageSystem};
use crate::store::audit::Entry;
use crate::store::dump::{self, Cell, Column};
use crate::store::{Db, REGISTRY_CHAIN, Store};

/// States whose runs refuse lines: such a run comes in as `generating` and
/// gets its state when its lines are there.
const FIXED: [&str; 3] = ["approved", "paid", "closed"];

/// Restores a backup as the registry of `config`, and opens it.
///
/// On SQLite the database gets its name only when everything is in it. A
/// PostgreSQL database is filled in one transaction.
///
/// # Errors
/// The target is not empty, the key does not fit, the backup is damaged or of
/// a newer version; nothing is left behind then.
pub fn restore(
    config: &Config,
    clock: Clock,
    by: &Authorized<'_, ManageSystem>,
    input: &Path,
) -> AppResult<(Store, Manifest)> {
    refuse_non_empty(&config.data_dir)?;
    let file = File::open(input).map_err(AppError::io(input))?;
    let mut reader = Reader::open(BufReader::new(file), &config.key_file)?;
    let manifest = match &config.database {
        Database::Sqlite(path) => fill_file(config, path, &mut reader)?,
        Database::Postgres(_) => {
            let schema = reader.head.schema.clone();
            Store::fill_empty(config, &schema, |conn| fill(conn, &mut reader))?
        }
    };
    Store::migrate(config)?;
    let store = Store::open(config, clock)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let detail = format!("made_at={} program={}", manifest.made_at, reader.head.program);
        tx.audit(&Entry {
            actor: by.username(),
            action: "backup.restore",
            object_kind: "registry",
            object_id: None,
            reason: None,
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    store.refresh_statistics()?;
    Ok((store, manifest))
}

/// The folder may hold the key file, nothing else.
fn refuse_non_empty(folder: &Path) -> AppResult<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(AppError::io(folder)(error)),
    };
    for entry in entries {
        let name = entry.map_err(AppError::io(folder))?.file_name();
        if name != "keys" && name != "lost+found" {
            return Err(AppError::coded(
                ErrorCode::Conflict,
                format!("文件夹 {} 不是空的;请恢复到空文件夹。", folder.display()),
                format!("The folder {} is not empty; restore into an empty one.", folder.display()),
            ));
        }
    }
    Ok(())
}

fn fill_file(
    config: &Config,
    path: &Path,
    reader: &mut Reader<BufReader<File>>,
) -> AppResult<Manifest> {
    let partial = path.with_extension("partial");
    let filling = Config { database: Database::Sqlite(partial.clone()), ..config.clone() };
    let schema = reader.head.schema.clone();
    let filled = Store::fill_empty(&filling, &schema, |conn| fill(conn, reader));
    let named = filled.and_then(|manifest| {
        std::fs::rename(&partial, path).map_err(AppError::io(path))?;
        sync_folder(path)?;
        Ok(manifest)
    });
    for rest in ["", "-wal", "-shm"] {
        let mut name = partial.as_os_str().to_owned();
        name.push(rest);
        // After a success only the empty companions are left to remove.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
    named
}

/// Reads every record into the database and holds the result against the
/// manifest. The caller's transaction is rolled back on an error.
fn fill(conn: &mut Db, reader: &mut Reader<BufReader<File>>) -> AppResult<Manifest> {
    let mut checked = Checked::default();
    let mut current: Option<(String, Vec<Column>)> = None;
    let mut states = Vec::new();
    let manifest = loop {
        match reader.next_record()? {
            Record::Table { name, columns } => {
                expect_columns(conn, &name, &columns)?;
                checked.start(name.clone());
                current = Some((name, columns));
            }
            Record::Rows(mut rows) => {
                checked.add(&rows)?;
                let (table, columns) = current.as_ref().ok_or_else(damaged)?;
                if table == "run" {
                    set_aside_states(columns, &mut rows, &mut states)?;
                }
                dump::insert_rows(conn, table, columns, &rows)?;
            }
            Record::End(manifest) => break checked.finish(&manifest)?,
        }
    };
    for (id, street, state) in &states {
        if dump::mark_restored_state(conn, *id, street, state)? != 1 {
            return Err(damaged());
        }
    }
    if dump::line_sums(conn)? != manifest.line_sums {
        return Err(damaged());
    }
    Ok(manifest)
}

/// The table must be known, with exactly these columns.
fn expect_columns(conn: &mut Db, table: &str, columns: &[Column]) -> AppResult<()> {
    if !dump::TABLES.contains(&table) {
        return Err(damaged());
    }
    let here = dump::columns(conn, table)?;
    let same = |a: &Column, b: &Column| a.name == b.name && a.kind == b.kind;
    let fits = here.len() == columns.len()
        && columns.iter().all(|column| here.iter().any(|other| same(column, other)));
    if fits { Ok(()) } else { Err(damaged()) }
}

fn set_aside_states(
    columns: &[Column],
    rows: &mut [Vec<Cell>],
    states: &mut Vec<(i64, String, String)>,
) -> AppResult<()> {
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    let (Some(id), Some(street), Some(state)) = (place("id"), place("street_code"), place("state"))
    else {
        return Err(damaged());
    };
    for row in rows {
        let (Some(Cell::Int(id)), Some(Cell::Text(street)), Some(Cell::Text(known))) =
            (row.get(id).cloned(), row.get(street).cloned(), row.get(state).cloned())
        else {
            return Err(damaged());
        };
        if FIXED.contains(&known.as_str()) {
            states.push((id, street, known));
            if let Some(cell) = row.get_mut(state) {
                *cell = Cell::Text("generating".to_owned());
            }
        }
    }
    Ok(())
}

/// Reads a restored registry again and names every table that differs from
/// the manifest. The audit log has grown by the restore's own entry.
///
/// # Errors
/// The database failed.
pub fn compare(store: &Store, manifest: &Manifest) -> AppResult<Vec<String>> {
    store.read(|conn| {
        let mut differing = Vec::new();
        for (table, expected) in &manifest.tables {
            if matches!(table.as_str(), "audit" | "chain_head") {
                continue;
            }
            let columns = dump::columns(conn, table)?;
            let mut tally = Tally::default();
            dump::for_each_row(conn, table, &columns, |row| tally.add(&row))?;
            if tally.finish() != *expected {
                differing.push(table.clone());
            }
        }
        Ok(differing)
    })
}
