//! Import of a book: a workbook, a folder of CSV files or rows made by a
//! program go into the registry in one transaction with one audit entry
//! (`rulings.md` S3, S7). Every row is checked at the edge; the report lists
//! everything that is wrong, with sheet, row, column and what to do.

pub mod book;
pub mod cell;
pub(crate) mod errors;
mod load;
pub mod person;
mod report;
mod rows;
pub mod source;
pub(crate) mod template;
mod undo;
mod upload;
mod when;

use crate::domain::role::Permission;
use crate::error::{AppError, AppResult};
use crate::services::auth::{Authorized, Import};
use crate::store::Store;
use crate::store::audit::Entry;
use crate::store::book::{ImportBookRow, insert_import_book};

pub use cell::Cell;
pub use errors::{errors_bytes, write_errors};
pub use report::{ImportReport, SheetCounts};
pub use source::{
    BookSource, CsvBook, MemoryBook, SheetMapping, SheetPreview, XlsxBook, open_book,
};
pub use template::{template_bytes, write_template};
pub use undo::{BookView, list_books, load_book, undo_import};
pub use upload::{
    UploadView, discard_upload, list_uploads, load_upload, receive, run_upload, set_mapping,
    upload_errors,
};

use load::{Begin, Load};

/// How an import goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Check everything, write nothing.
    pub dry_run: bool,
    /// Import the good rows although others are refused. By default a book is
    /// imported whole or not at all.
    pub skip_rejected: bool,
}

/// Told the sheet and how many more of its rows were read.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// Imports a book. If rows are refused (and not skipped), nothing is saved and
/// the report says why: that is no error of this function.
///
/// # Errors
/// The file cannot be read or breaks a limit, a sheet or column is unknown,
/// the database failed. Nothing is saved then.
pub fn import_book(
    store: &Store,
    by: &Authorized<'_, Import>,
    source: &mut dyn BookSource,
    options: &ImportOptions,
) -> AppResult<ImportReport> {
    import_book_with(store, by, source, options, &mut |_, _| {})
}

/// As [`import_book`], and tells how far it is.
///
/// # Errors
/// As [`import_book`].
pub fn import_book_with(
    store: &Store,
    by: &Authorized<'_, Import>,
    source: &mut dyn BookSource,
    options: &ImportOptions,
    progress: Progress<'_>,
) -> AppResult<ImportReport> {
    let digest = source.digest();
    let report = ImportReport::new(source.name(), &digest, options.dry_run);
    let begin = Begin {
        store,
        scope: by.scope(),
        actor: by.username(),
        may_areas: by.role().may(Permission::ManageSystem),
        options,
        progress,
    };
    if options.dry_run {
        return store.read(|conn| {
            let mut load = Load::new(conn, begin, report)?;
            load.book(source)?;
            let (mut report, _) = load.into_parts();
            report.saved = report.rejected() == 0 || options.skip_rejected;
            Ok(report)
        });
    }
    let mut refused = None;
    let outcome = store.write(by.street(), |tx| {
        let mut load = Load::new(tx.conn, begin, report)?;
        load.book(source)?;
        let import_id = load.import_id();
        let (mut report, trail) = load.into_parts();
        if report.rejected() > 0 && !options.skip_rejected {
            refused = Some(report);
            // Rolls back; the report, not this error, is the answer.
            return Err(AppError::Database(diesel::result::Error::RollbackTransaction));
        }
        let detail = report.detail();
        let seq = tx.audit(&Entry {
            actor: by.username(),
            action: "import.book",
            object_kind: "import_book",
            object_id: (report.changed() > 0).then_some(import_id),
            reason: None,
            detail: Some(&detail),
        })?;
        if report.changed() > 0 {
            trail.write(tx, store, by, seq)?;
            report.import_id = Some(import_id);
            let row = ImportBookRow {
                id: import_id,
                street_code: by.street().to_owned(),
                file_name: report.book.clone(),
                digest: digest.to_vec(),
                counts: detail,
                imported_at: store.clock().now(),
                imported_by: by.username().to_owned(),
                undone_at: None,
                undone_by: None,
            };
            insert_import_book(tx.conn, &row)?;
        }
        report.saved = true;
        Ok(report)
    });
    match (outcome, refused) {
        (Ok(report), _) => {
            if report.changed() > 0 {
                store.refresh_statistics()?;
            }
            Ok(report)
        }
        (Err(_), Some(report)) => Ok(report),
        (Err(error), None) => Err(error),
    }
}

/// The streets that the book's own sheet of areas names, for a registry that
/// is still empty.
///
/// # Errors
/// The file cannot be read.
pub fn streets_of(source: &mut dyn BookSource) -> AppResult<Vec<String>> {
    let mut streets = Vec::new();
    for (at, name) in source.sheets().into_iter().enumerate() {
        if book::Sheet::find(&name).is_none_or(|sheet| sheet.key != book::AREA.key) {
            continue;
        }
        source.read(at, &mut |_, cells| {
            let codes = cells.iter().map(Cell::shown);
            streets.extend(codes.filter(|c| c.len() == 9 && c.bytes().all(|b| b.is_ascii_digit())));
            Ok(())
        })?;
    }
    streets.sort();
    streets.dedup();
    Ok(streets)
}
