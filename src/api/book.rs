//! Books that were imported, and taking one out again.

use actix_web::web::Data;

use super::change::Reason;
use super::operation::Api;
use super::reply::{FileSent, Read, Reply};
use super::shape::{Id, Instant, shapes};
use crate::domain::role::Permission;
use crate::http::{Access, Allowed, AppState, Json, Path};
use crate::services::auth::Import;
use crate::services::import::{
    BookView, list_books, load_book, template_bytes, undo_import, upload_errors,
};
use crate::store::book::ImportBookRow;

/// Registers the operations.
pub fn routes(api: &mut Api<'_>) {
    let may = Access::Needs(Permission::Import);
    api.get("/api/v1/imports", may, list, "Books that were imported, the latest first");
    api.get("/api/v1/imports/{id}", may, show, "A book that was imported");
    let words = "Take a book's records out again, while nothing was built on them";
    api.post("/api/v1/imports/{id}/undo", may, undo, words);
    let words = "The empty workbook with its headers, choices and explanations";
    api.get("/api/v1/imports/template", may, template, words);
    let words = "A book that was checked, with a column that says what is wrong";
    api.get("/api/v1/uploads/{id}/errors", may, errors, words);
}

shapes! {
    /// Books.
    answer ImportedList {
        /// The latest 20.
        items: Vec<ImportedItem>,
    }

    /// A book.
    answer ImportedItem {
        /// Id; the records carry it.
        id: Id,
        /// Name of the file.
        file_name: String,
        /// When.
        imported_at: Instant,
        /// By whom.
        imported_by: String,
        /// When its records were taken out again.
        undone_at: Option<Instant>,
        /// By whom.
        undone_by: Option<String>,
    }

    /// A book with what it brought.
    answer ImportedBook {
        /// The book.
        book: ImportedItem,
        /// Per register.
        counts: Vec<ImportedCounts>,
        /// Why it cannot be taken out, in Chinese; none if it can.
        obstacle_zh: Option<String>,
        /// The same in English.
        obstacle_en: Option<String>,
    }

    /// What a book brought to a register.
    answer ImportedCounts {
        /// Key of the register.
        register: String,
        /// New records.
        inserted: i64,
        /// Records of which a field changed.
        updated: i64,
        /// Records that were the same.
        unchanged: i64,
        /// Rows that were refused.
        rejected: i64,
    }

    /// What was taken out.
    answer ImportUndone {
        /// Records.
        records: i64,
    }
}

/// A count as JSON has it.
pub fn count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

impl From<ImportBookRow> for ImportedItem {
    fn from(row: ImportBookRow) -> ImportedItem {
        ImportedItem {
            id: Id(row.id),
            file_name: row.file_name,
            imported_at: Instant(row.imported_at),
            imported_by: row.imported_by,
            undone_at: row.undone_at.map(Instant),
            undone_by: row.undone_by,
        }
    }
}

impl From<BookView> for ImportedBook {
    fn from(view: BookView) -> ImportedBook {
        let (obstacle_zh, obstacle_en) = view.obstacle.unzip();
        let counts = view.counts.into_iter();
        ImportedBook {
            book: view.row.into(),
            counts: counts
                .map(|(sheet, [inserted, updated, unchanged, rejected])| ImportedCounts {
                    register: sheet.key.to_owned(),
                    inserted: count(inserted),
                    updated: count(updated),
                    unchanged: count(unchanged),
                    rejected: count(rejected),
                })
                .collect(),
            obstacle_zh,
            obstacle_en,
        }
    }
}

async fn list(user: Allowed<Import>, state: Data<AppState>) -> Reply<Read<ImportedList>> {
    let rows = state.run(move |store| list_books(store, &user.authorized()?)).await?;
    Ok(Read(ImportedList { items: rows.into_iter().map(ImportedItem::from).collect() }))
}

async fn show(
    user: Allowed<Import>,
    state: Data<AppState>,
    path: Path<Id>,
) -> Reply<Read<ImportedBook>> {
    let id = path.0.0;
    let view = state.run(move |store| load_book(store, &user.authorized()?, id)).await?;
    Ok(Read(view.into()))
}

async fn undo(
    user: Allowed<Import>,
    state: Data<AppState>,
    path: Path<Id>,
    body: Json<Reason>,
) -> Reply<Read<ImportUndone>> {
    let (id, reason) = (path.0.0, body.0.reason);
    let records =
        state.run(move |store| undo_import(store, &user.authorized()?, id, &reason)).await?;
    Ok(Read(ImportUndone { records: i64::try_from(records).unwrap_or(i64::MAX) }))
}

async fn template(_user: Allowed<Import>, state: Data<AppState>) -> Reply<FileSent> {
    let bytes = state.run(|_| template_bytes()).await?;
    Ok(FileSent { name: "mingce-template.xlsx".to_owned(), bytes })
}

async fn errors(user: Allowed<Import>, state: Data<AppState>, path: Path<Id>) -> Reply<FileSent> {
    let id = path.0.0;
    let bytes = state.run(move |store| upload_errors(store, &user.authorized()?, id)).await?;
    Ok(FileSent { name: "mingce-errors.xlsx".to_owned(), bytes })
}
