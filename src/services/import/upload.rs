//! A book on its way in: sent, mapped, checked, loaded. Between the steps it
//! lies sealed in the database, its owner's alone, for a day at most; in the
//! registers it counts for nothing.

use chrono::{Duration, NaiveDateTime};

use super::source::{
    BookSource, MappedBook, SheetMapping, SheetPreview, mapping_faults, open_bytes, preview,
};
use super::{ImportOptions, ImportReport, Progress, errors_bytes, import_book_with};
use crate::error::{AppError, AppResult, ErrorCode, Refusal};
use crate::services::auth::{Authorized, Import};
use crate::services::record::{one_row, seal, sealed};
use crate::store::Store;
use crate::store::audit::Entry;
use crate::store::import_upload::{self as rows, NewUpload, UploadRow};

/// How long a book waits for its owner.
const KEPT: Duration = Duration::hours(24);

/// A book as the pages show it.
#[derive(Debug, Clone)]
pub struct UploadView {
    /// Its id.
    pub id: i64,
    /// Name of the file.
    pub file_name: String,
    /// Rows below the headers.
    pub rows: i64,
    /// Headers and masked samples, per sheet.
    pub sheets: Vec<SheetPreview>,
    /// What belongs where.
    pub mapping: Vec<SheetMapping>,
    /// The last check or loading.
    pub report: Option<ImportReport>,
    /// The book of the registry that came of it.
    pub import_id: Option<i64>,
    /// UTC.
    pub created_at: NaiveDateTime,
}

fn not_found() -> AppError {
    AppError::not_found("上传的文件", "upload")
}

fn unreadable(_: serde_json::Error) -> AppError {
    AppError::coded(
        ErrorCode::Integrity,
        "该上传记录无法读取,请重新上传。",
        "This upload cannot be read. Send the file again.",
    )
}

/// A refusal about the file stands at the field of the form that sent it.
fn at_file(error: AppError) -> AppError {
    match error {
        AppError::Refused(refusals) => AppError::Refused(
            refusals.into_iter().map(|r| Refusal::field("file", r.zh, r.en)).collect(),
        ),
        other => other,
    }
}

/// Takes a book in. Its columns are mapped as in the account's last book with
/// the same headers, or else by the headers themselves.
///
/// # Errors
/// Not a book, or a limit is broken: at the field `file`.
pub fn receive(
    store: &Store,
    by: &Authorized<'_, Import>,
    name: &str,
    bytes: &[u8],
) -> AppResult<i64> {
    let mut source = open_bytes(name, bytes.to_vec()).map_err(at_file)?;
    let (sheets, guessed): (Vec<_>, Vec<_>) =
        preview(source.as_mut()).map_err(at_file)?.into_iter().unzip();
    let digest = super::report::hex(&source.digest());
    let id = store.next_id();
    let as_text = serde_json::to_string(&sheets).map_err(unreadable)?;
    let row = NewUpload {
        id,
        street_code: by.street().to_owned(),
        owner: by.username().to_owned(),
        file_name: name.to_owned(),
        row_count: sheets.iter().map(|s| i64::try_from(s.rows).unwrap_or(i64::MAX)).sum(),
        body_enc: Some(store.cipher().seal(rows::BODY, id, bytes).map_err(sealed)?),
        preview_enc: seal(store.cipher(), rows::PREVIEW, id, &as_text)?,
        report_enc: None,
        mapping: String::new(),
        import_id: None,
        created_at: store.clock().now(),
    };
    store.write(by.street(), |tx| {
        let owner = (by.street(), by.username());
        rows::delete_old_uploads(tx.conn, by.street(), row.created_at - KEPT)?;
        let before = rows::list_uploads(tx.conn, owner, 20)?;
        let mapping = remembered(store, &before, &sheets)?.unwrap_or(guessed);
        let mapping = serde_json::to_string(&mapping).map_err(unreadable)?;
        rows::insert_upload(tx.conn, &NewUpload { mapping, ..row })?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "import.upload",
            object_kind: "import_upload",
            object_id: Some(id),
            reason: None,
            detail: Some(&format!("sha256={digest}")),
        })?;
        Ok(id)
    })
}

fn headers(sheets: &[SheetPreview]) -> Vec<(&str, &[String])> {
    sheets.iter().map(|sheet| (sheet.name.as_str(), sheet.headers.as_slice())).collect()
}

fn remembered(
    store: &Store,
    before: &[UploadRow],
    sheets: &[SheetPreview],
) -> AppResult<Option<Vec<SheetMapping>>> {
    for row in before {
        let view = view(store, row)?;
        if headers(&view.sheets) == headers(sheets) {
            return Ok(Some(view.mapping));
        }
    }
    Ok(None)
}

fn view(store: &Store, row: &UploadRow) -> AppResult<UploadView> {
    let open = |field, value: &[u8]| store.cipher().open_text(field, row.id, value).map_err(sealed);
    let report = row.report_enc.as_deref().map(|value| open(rows::REPORT, value)).transpose()?;
    Ok(UploadView {
        id: row.id,
        file_name: row.file_name.clone(),
        rows: row.row_count,
        sheets: serde_json::from_str(&open(rows::PREVIEW, &row.preview_enc)?)
            .map_err(unreadable)?,
        mapping: serde_json::from_str(&row.mapping).map_err(unreadable)?,
        report: report.map(|text| serde_json::from_str(&text)).transpose().map_err(unreadable)?,
        import_id: row.import_id,
        created_at: row.created_at,
    })
}

/// One of the caller's own books.
///
/// # Errors
/// `NotFound`, also for another's and for one that has expired.
pub fn load_upload(store: &Store, by: &Authorized<'_, Import>, id: i64) -> AppResult<UploadView> {
    let owner = (by.street(), by.username());
    let row = store.read(|conn| Ok(rows::find_upload(conn, owner, id)?))?;
    let fresh = row.filter(|row| row.created_at + KEPT > store.clock().now());
    view(store, &fresh.ok_or_else(not_found)?)
}

/// The caller's own books that wait.
///
/// # Errors
/// The database failed.
pub fn list_uploads(store: &Store, by: &Authorized<'_, Import>) -> AppResult<Vec<UploadRow>> {
    let oldest = store.clock().now() - KEPT;
    let mut found =
        store.read(|conn| Ok(rows::list_uploads(conn, (by.street(), by.username()), 20)?))?;
    found.retain(|row| row.import_id.is_none() && row.created_at > oldest);
    Ok(found)
}

/// Says what belongs where; what was checked before is forgotten.
///
/// # Errors
/// Everything that is wrong with the mapping; `Conflict` if the book is loaded.
pub fn set_mapping(
    store: &Store,
    by: &Authorized<'_, Import>,
    id: i64,
    mapping: &[SheetMapping],
) -> AppResult<()> {
    let known = load_upload(store, by, id)?;
    AppError::refused_unless_empty(mapping_faults(&known.sheets, mapping))?;
    let mapping = serde_json::to_string(mapping).map_err(unreadable)?;
    // Working state of a page: nothing of the registry changes.
    store.maintain(|conn| one_row(rows::mark_mapping(conn, by.street(), id, &mapping)?))
}

/// The book, read through its mapping.
fn open(
    store: &Store,
    by: &Authorized<'_, Import>,
    id: i64,
) -> AppResult<(UploadView, Box<dyn BookSource>)> {
    let known = load_upload(store, by, id)?;
    let body = store.read(|conn| Ok(rows::find_body(conn, by.street(), id)?))?;
    let body = body.ok_or_else(not_found)?;
    let bytes = store.cipher().open(rows::BODY, id, &body).map_err(sealed)?;
    let inner = open_bytes(&known.file_name, bytes)?;
    let mapped = MappedBook::new(inner, &known.mapping);
    Ok((known, Box::new(mapped)))
}

/// Checks the book, or loads it, and keeps the report. Run again after a crash
/// it finds every record unchanged.
///
/// # Errors
/// As [`import_book_with`]; `NotFound` once it was loaded.
pub fn run_upload(
    store: &Store,
    by: &Authorized<'_, Import>,
    id: i64,
    options: &ImportOptions,
    progress: Progress<'_>,
) -> AppResult<ImportReport> {
    let (_, mut source) = open(store, by, id)?;
    let report = import_book_with(store, by, source.as_mut(), options, progress)?;
    let text = serde_json::to_string(&report).map_err(unreadable)?;
    let text = seal(store.cipher(), rows::REPORT, id, &text)?;
    store.maintain(|conn| {
        rows::mark_report(conn, by.street(), id, &text)?;
        if report.saved && !options.dry_run {
            rows::mark_loaded(conn, by.street(), id, report.import_id)?;
        }
        Ok(())
    })?;
    Ok(report)
}

/// The book with a column that says what is wrong.
///
/// # Errors
/// `NotFound` without a report.
pub fn upload_errors(store: &Store, by: &Authorized<'_, Import>, id: i64) -> AppResult<Vec<u8>> {
    let (known, mut source) = open(store, by, id)?;
    errors_bytes(source.as_mut(), &known.report.ok_or_else(not_found)?)
}

/// Removes a book that is not wanted.
///
/// # Errors
/// `NotFound`.
pub fn discard_upload(store: &Store, by: &Authorized<'_, Import>, id: i64) -> AppResult<()> {
    store.write(by.street(), |tx| {
        if rows::delete_upload(tx.conn, (by.street(), by.username()), id)? == 0 {
            return Err(not_found());
        }
        tx.audit(&Entry {
            actor: by.username(),
            action: "import.discard",
            object_kind: "import_upload",
            object_id: Some(id),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })
}
