//! A new key for the blind indexes (SEC-115): every index is computed anew in
//! one transaction that holds every street. Until it ends everybody finds by
//! the old key and nobody writes; from its end on everybody finds by the new
//! one. So two records with one number never meet under two keys, and a kill
//! leaves everything as it was.

use std::path::Path;

use serde::Serialize;

use super::auth::{Authorized, ManageSystem};
use super::record::{one_row, sealed};
use crate::domain::document::DocKind;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::audit::{self, Entry};
use crate::store::cipher::IndexKey;
use crate::store::sealed::{self as columns, SEALED, SealedColumn, SealedValue};
use crate::store::{Cipher, REGISTRY_CHAIN, Store, Tx, keys, resident};

/// Values per query.
const PAGE: i64 = 2_000;

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IndexRotation {
    /// Id of the key from now on.
    pub key: i32,
    /// Indexes computed anew.
    pub indexes: u64,
    /// Numbers that one person has in the whole registry.
    pub claims: u64,
}

/// Makes a new key for the blind indexes and computes every one anew.
/// `progress` is told the number so far.
///
/// # Errors
/// The key file does not fit; a value does not open, or its index is not that
/// of its value (run `mingce verify`); the database failed. Nothing is changed
/// then.
pub fn rotate_index(
    store: &Store,
    by: &Authorized<'_, ManageSystem>,
    key_file: &Path,
    progress: &mut dyn FnMut(u64),
) -> AppResult<IndexRotation> {
    let heads = store.read(|conn| Ok(audit::list_heads(conn)?))?;
    let mut chains: Vec<&str> = heads.iter().map(|head| head.street_code.as_str()).collect();
    chains.push(REGISTRY_CHAIN);
    let done = store.write_streets(&chains, |tx| {
        let now = tx.clock().now();
        let key = keys::replace_index_key(tx.conn, key_file, now)?;
        let mut work = Work { key: &key, indexes: 0, claims: 0, progress };
        for column in SEALED.iter().filter(|column| column.index.is_some()) {
            work.column(tx, column)?;
        }
        let (indexes, claims) = (work.indexes, work.claims);
        if i64::try_from(claims).ok() != Some(resident::count_claims(tx.conn)?) {
            return Err(contradicted("identity_claim"));
        }
        let detail = format!("key={} indexes={indexes} claims={claims}", key.id);
        tx.audit_in(
            REGISTRY_CHAIN,
            &Entry {
                actor: by.username(),
                action: "key.rotate_index",
                object_kind: "data_key",
                object_id: None,
                reason: None,
                detail: Some(&detail),
            },
        )?;
        Ok(IndexRotation { key: key.id, indexes, claims })
    })?;
    store.cipher().refresh();
    Ok(done)
}

struct Work<'a> {
    key: &'a IndexKey,
    indexes: u64,
    claims: u64,
    progress: &'a mut dyn FnMut(u64),
}

impl Work<'_> {
    fn column(&mut self, tx: &mut Tx<'_>, column: &SealedColumn) -> AppResult<()> {
        let mut after = i64::MIN;
        loop {
            let (conn, cipher) = tx.parts();
            let values = columns::list_sealed(conn, column, after, PAGE)?;
            let Some(last) = values.last() else { return Ok(()) };
            after = last.id;
            for value in &values {
                let Some(old) = &value.blind else { continue };
                let new = self.index(cipher, column, value)?;
                one_row(columns::mark_index(conn, column, value, &new)?)?;
                self.indexes += 1;
                if column.field == resident::DOC_NO {
                    self.claims += resident::mark_claim_index(conn, old, &new)? as u64;
                }
            }
            (self.progress)(self.indexes);
        }
    }

    /// The new index of a value whose old one is that of the value.
    fn index(
        &self,
        cipher: &Cipher,
        column: &SealedColumn,
        value: &SealedValue,
    ) -> AppResult<Vec<u8>> {
        let kind = column.index.map_or("", |(_, kind)| kind);
        let text = cipher.open_text(column.field, value.id, &value.sealed).map_err(sealed)?;
        // Documents other than the citizen's are indexed together with their kind.
        let doc_kind = value.doc_kind.as_deref().and_then(DocKind::from_code);
        let with_kind = doc_kind.map(|doc| format!("{}:{text}", doc.code()));
        let forms = std::iter::once(text).chain(with_kind);
        forms
            .into_iter()
            .find(|form| Some(cipher.blind(kind, form)) == value.blind)
            .map(|form| self.key.blind(kind, &form))
            .ok_or_else(|| contradicted(column.table))
    }
}

fn contradicted(table: &str) -> AppError {
    AppError::coded(
        ErrorCode::Integrity,
        format!("{table} 的盲索引与内容不符,没有更换。请先运行 mingce verify。"),
        format!(
            "A blind index of {table} is not that of its value; nothing was changed. Run mingce verify first."
        ),
    )
}
