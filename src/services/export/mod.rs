//! Export of a street's registers as the same book that the import reads.
//! Plain personal data leaves the registry here: it needs its own permission
//! and a purpose, and the log keeps the counts and the digest of what left.

mod benefits;
mod names;
mod people;
mod writer;

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, ExportPlain};
use crate::services::import::errors::restrict;
use crate::services::record::check_required;
use crate::store::audit::Entry;
use crate::store::{Db, Store};

use writer::Writer;

/// What an export wrote.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ExportReport {
    /// Rows per sheet, by English key.
    pub sheets: Vec<(&'static str, u64)>,
    /// SHA-256 of the file, or over all files of the folder, hexadecimal.
    pub digest: String,
}

impl ExportReport {
    /// Rows of all sheets.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.sheets.iter().map(|(_, rows)| rows).sum()
    }
}

/// Writes the book: `target` ending in `.xlsx` becomes a workbook, anything
/// else a folder of CSV files. Nothing appears under that name before the log
/// entry is stored.
///
/// # Errors
/// No purpose, a target that exists, a caller who sees only part of the
/// street, the disk, the database.
pub fn export_book(
    store: &Store,
    by: &Authorized<'_, ExportPlain>,
    target: &Path,
    purpose: &str,
) -> AppResult<ExportReport> {
    check(by, target, purpose)?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let work = tempfile::Builder::new()
        .prefix(".mingce-export")
        .tempdir_in(parent)
        .map_err(AppError::io(parent))?;
    let made = work.path().join("book");
    let xlsx = target.extension().is_some_and(|e| e.eq_ignore_ascii_case("xlsx"));
    let mut writer = Writer::create(&made, xlsx)?;
    store.read(|conn| write_all(conn, store, by.street(), &mut writer))?;
    let sheets = writer.finish()?;
    let report = ExportReport { digest: digest_of(&made)?, sheets };
    let detail = serde_json::json!({ "sha256": report.digest, "rows": report.sheets }).to_string();
    store.write(by.street(), |tx| {
        tx.audit(&Entry {
            actor: by.username(),
            action: "export.book",
            object_kind: "registry",
            object_id: None,
            reason: Some(purpose.trim()),
            detail: Some(&detail),
        })?;
        Ok(())
    })?;
    std::fs::rename(&made, target).map_err(AppError::io(target))?;
    Ok(report)
}

fn check(by: &Authorized<'_, ExportPlain>, target: &Path, purpose: &str) -> AppResult<()> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "purpose", purpose);
    if target.exists() {
        refusals.push(Refusal::field(
            "target",
            "文件或文件夹已存在,请换一个名字。",
            "The file or folder exists. Choose another name.",
        ));
    }
    if by.scope().area_codes().is_some() {
        refusals.push(Refusal::new(
            ErrorCode::Forbidden,
            "只有管辖整个街道的人可以导出整本。",
            "Only somebody who sees the whole street may export the book.",
        ));
    }
    AppError::refused_unless_empty(refusals)
}

/// The sheets, in the order of the description.
fn write_all(conn: &mut Db, store: &Store, street: &str, writer: &mut Writer) -> AppResult<()> {
    let mut names = names::Names::new(conn, store.cipher(), street);
    people::areas(&mut names, writer)?;
    people::residents(&mut names, writer)?;
    people::households(&mut names, writer)?;
    people::members(&mut names, writer)?;
    people::events(&mut names, writer)?;
    benefits::facts(&mut names, writer)?;
    benefits::certificates(&mut names, writer)?;
    people::guardians(&mut names, writer)?;
    benefits::accounts(&mut names, writer)?;
    benefits::cases(&mut names, writer)?;
    benefits::awards(&mut names, writer)?;
    benefits::decisions(&mut names, writer)?;
    people::visits(&mut names, writer)?;
    people::visit_persons(&mut names, writer)?;
    benefits::starts(&mut names, writer)?;
    benefits::openings(&mut names, writer)
}

/// SHA-256 of a file, or over the files of a folder in the order of their
/// names.
fn digest_of(path: &Path) -> AppResult<String> {
    let mut hash = Sha256::new();
    let mut files = vec![path.to_path_buf()];
    if path.is_dir() {
        files.clear();
        for entry in std::fs::read_dir(path).map_err(AppError::io(path))? {
            files.push(entry.map_err(AppError::io(path))?.path());
        }
        files.sort();
    }
    for file in &files {
        restrict(file)?;
        let mut open = std::fs::File::open(file).map_err(AppError::io(file))?;
        std::io::copy(&mut open, &mut HashWriter(&mut hash)).map_err(AppError::io(file))?;
    }
    Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
