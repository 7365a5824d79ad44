//! What an import did, or would do.

use std::collections::BTreeMap;

use super::book::Sheet;
use crate::error::Refusal;

/// How many refusals and remarks are kept; all are counted.
const KEPT: usize = 200_000;

/// Counts of one sheet: `inserted + updated + unchanged + rejected = rows`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SheetCounts {
    /// Name of the sheet.
    pub sheet: &'static str,
    /// Its English key.
    pub key: &'static str,
    /// Rows with data.
    pub rows: u64,
    /// New records.
    pub inserted: u64,
    /// Records of which a field changed.
    pub updated: u64,
    /// Records that are the same already.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

impl SheetCounts {
    fn new(sheet: &Sheet) -> SheetCounts {
        SheetCounts {
            sheet: sheet.zh,
            key: sheet.key,
            rows: 0,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            rejected: 0,
        }
    }
}

/// Counts as they were written down; the sheet is found by its key.
#[derive(serde::Deserialize)]
struct StoredCounts {
    key: String,
    rows: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    rejected: u64,
}

impl<'de> serde::Deserialize<'de> for SheetCounts {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<SheetCounts, D::Error> {
        let stored = StoredCounts::deserialize(from)?;
        let StoredCounts { key, rows, inserted, updated, unchanged, rejected } = stored;
        let unknown = || <D::Error as serde::de::Error>::custom("no such sheet");
        let sheet = Sheet::find(&key).ok_or_else(unknown)?;
        Ok(SheetCounts { rows, inserted, updated, unchanged, rejected, ..SheetCounts::new(sheet) })
    }
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Inserted,
    Updated,
    Unchanged,
    Rejected,
}

/// What an import did, or would do.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct ImportReport {
    /// Name of the file.
    pub book: String,
    /// SHA-256 of the book, hexadecimal.
    pub digest: String,
    /// Only checked, nothing written.
    pub dry_run: bool,
    /// Whether the registry was changed (or would be, in a dry run).
    pub saved: bool,
    /// Id that the records carry, if anything was saved.
    pub import_id: Option<i64>,
    /// Counts per sheet of the book.
    pub sheets: Vec<SheetCounts>,
    /// What was refused, with sheet, row and column.
    pub refusals: Vec<Refusal>,
    /// How many refusals there are in all.
    pub refusal_count: u64,
    /// What was taken but is worth a look.
    pub remarks: Vec<Refusal>,
    /// How many remarks there are in all.
    pub remark_count: u64,
}

impl ImportReport {
    pub(crate) fn new(book: String, digest: &[u8], dry_run: bool) -> ImportReport {
        ImportReport {
            book,
            digest: hex(digest),
            dry_run,
            saved: false,
            import_id: None,
            sheets: Vec::new(),
            refusals: Vec::new(),
            refusal_count: 0,
            remarks: Vec::new(),
            remark_count: 0,
        }
    }

    /// Rows that were refused, in all sheets.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.sheets.iter().map(|s| s.rejected).sum()
    }

    /// Rows that changed something.
    #[must_use]
    pub fn changed(&self) -> u64 {
        self.sheets.iter().map(|s| s.inserted + s.updated).sum()
    }

    /// The counts of a sheet by its English key.
    #[must_use]
    pub fn counts(&self, key: &str) -> Option<&SheetCounts> {
        self.sheets.iter().find(|s| s.key == key)
    }

    pub(crate) fn count(&mut self, sheet: &'static Sheet, outcome: Outcome) {
        let at = match self.sheets.iter().position(|s| s.key == sheet.key) {
            Some(at) => at,
            None => {
                self.sheets.push(SheetCounts::new(sheet));
                self.sheets.len() - 1
            }
        };
        let Some(counts) = self.sheets.get_mut(at) else { return };
        counts.rows += 1;
        match outcome {
            Outcome::Inserted => counts.inserted += 1,
            Outcome::Updated => counts.updated += 1,
            Outcome::Unchanged => counts.unchanged += 1,
            Outcome::Rejected => counts.rejected += 1,
        }
    }

    /// A sheet that was read, even if it holds no rows.
    pub(crate) fn open(&mut self, sheet: &'static Sheet) {
        if self.counts(sheet.key).is_none() {
            self.sheets.push(SheetCounts::new(sheet));
        }
    }

    pub(crate) fn refuse(&mut self, refusals: Vec<Refusal>) {
        self.refusal_count += refusals.len() as u64;
        let room = KEPT.saturating_sub(self.refusals.len());
        self.refusals.extend(refusals.into_iter().take(room));
    }

    pub(crate) fn remark(&mut self, remarks: Vec<Refusal>) {
        self.remark_count += remarks.len() as u64;
        let room = KEPT.saturating_sub(self.remarks.len());
        self.remarks.extend(remarks.into_iter().take(room));
    }

    /// Counts per sheet, for the audit entry.
    pub(crate) fn detail(&self) -> String {
        let counts: BTreeMap<&str, [u64; 4]> = self
            .sheets
            .iter()
            .map(|s| (s.key, [s.inserted, s.updated, s.unchanged, s.rejected]))
            .collect();
        serde_json::json!({ "sha256": self.digest, "inserted_updated_unchanged_rejected": counts })
            .to_string()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
