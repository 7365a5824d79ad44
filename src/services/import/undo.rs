//! Taking a book out again: all of it, while nothing has been built on it.

use std::collections::BTreeMap;

use super::book::{AREA, OPENING, START, Sheet};
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, Import};
use crate::services::record::{check_required, one_row};
use crate::store::audit::Entry;
use crate::store::book::ImportBookRow;
use crate::store::import_undo as rows;
use crate::store::{Db, Store};

/// A book and, if it can't be taken out, why.
#[derive(Debug, Clone)]
pub struct BookView {
    /// The book.
    pub row: ImportBookRow,
    /// Inserted, updated, unchanged and rejected rows, per sheet.
    pub counts: Vec<(&'static Sheet, [u64; 4])>,
    /// Why it stays, in Chinese and English.
    pub obstacle: Option<(String, String)>,
}

#[derive(serde::Deserialize)]
struct Detail {
    inserted_updated_unchanged_rejected: BTreeMap<String, [u64; 4]>,
}

fn counts(row: &ImportBookRow) -> Vec<(&'static Sheet, [u64; 4])> {
    let detail: Option<Detail> = serde_json::from_str(&row.counts).ok();
    let counts = detail.map(|d| d.inserted_updated_unchanged_rejected).unwrap_or_default();
    counts.into_iter().filter_map(|(key, n)| Some((Sheet::find(&key)?, n))).collect()
}

/// The last books of the street.
///
/// # Errors
/// The database failed.
pub fn list_books(store: &Store, by: &Authorized<'_, Import>) -> AppResult<Vec<ImportBookRow>> {
    let mut books = store.read(|conn| Ok(rows::list_import_books(conn, by.street(), 20)?))?;
    books.retain(|row| is_own(by, row));
    Ok(books)
}

/// Whoever sees the whole street sees every book; the others their own.
fn is_own(by: &Authorized<'_, Import>, row: &ImportBookRow) -> bool {
    by.scope().area_codes().is_none() || row.imported_by == by.username()
}

/// A book, and whether it can be taken out.
///
/// # Errors
/// `NotFound`.
pub fn load_book(store: &Store, by: &Authorized<'_, Import>, id: i64) -> AppResult<BookView> {
    store.read(|conn| find(conn, by, id))
}

fn find(conn: &mut Db, by: &Authorized<'_, Import>, id: i64) -> AppResult<BookView> {
    let row = rows::find_import_book(conn, by.street(), id)?.filter(|row| is_own(by, row));
    let row = row.ok_or_else(|| AppError::not_found("导入批次", "import"))?;
    let counts = counts(&row);
    let obstacle = obstacle(conn, &row, &counts)?;
    Ok(BookView { row, counts, obstacle })
}

fn obstacle(
    conn: &mut Db,
    row: &ImportBookRow,
    counts: &[(&'static Sheet, [u64; 4])],
) -> AppResult<Option<(String, String)>> {
    let say = |zh: &str, en: &str| Ok(Some((zh.to_owned(), en.to_owned())));
    let street = row.street_code.as_str();
    if row.undone_at.is_some() {
        return say("该批次已经撤销。", "This book was taken out already.");
    }
    if counts.iter().any(|(_, [_, updated, ..])| *updated > 0) {
        return say(
            "该批次修改过已有记录,不能整体撤销;请在各记录的变更历史中恢复。",
            "This book changed records that were there before; restore those from their history.",
        );
    }
    let fixed = [AREA.key, START.key, OPENING.key];
    if counts.iter().any(|(sheet, [inserted, ..])| *inserted > 0 && fixed.contains(&sheet.key)) {
        return say(
            "该批次含区划、启用月份或期初发放,不能撤销。",
            "This book holds areas, first months or opening lines, which stay.",
        );
    }
    if rows::is_drafted_since(conn, street, row.imported_at)? {
        return say(
            "导入之后已编制发放批次,不能撤销。请先作废这些批次。",
            "A month was drafted after it. Void those runs first.",
        );
    }
    if rows::is_touched(conn, street, row.id)? {
        return say(
            "导入的记录之后被修改过,不能撤销。",
            "Records of this book were changed since.",
        );
    }
    let built = rows::list_built_on(conn, street, row.id)?;
    if built.is_empty() {
        return Ok(None);
    }
    let names = built.join(", ");
    Ok(Some((
        format!("导入的记录之后已有新的登记({names}),不能撤销。"),
        format!("Records of this book are referred to since ({names})."),
    )))
}

/// Takes all records of a book out. Returns how many.
///
/// # Errors
/// No reason; `Conflict` with what has been built on it.
pub fn undo_import(
    store: &Store,
    by: &Authorized<'_, Import>,
    id: i64,
    reason: &str,
) -> AppResult<usize> {
    let mut refusals = Vec::new();
    check_required(&mut refusals, "reason", reason);
    AppError::refused_unless_empty(refusals)?;
    store.write(by.street(), |tx| {
        let view = find(tx.conn, by, id)?;
        if let Some((zh, en)) = view.obstacle {
            return Err(AppError::coded(ErrorCode::Conflict, zh, en));
        }
        let gone = rows::delete_book_records(tx.conn, by.street(), id)?;
        let now = tx.clock().now();
        one_row(rows::mark_undone(tx.conn, (by.street(), id), now, by.username())?)?;
        tx.audit(&Entry {
            actor: by.username(),
            action: "import.undo",
            object_kind: "import_book",
            object_id: Some(id),
            reason: Some(reason.trim()),
            detail: Some(&format!("records={gone}")),
        })?;
        Ok(gone)
    })
}
