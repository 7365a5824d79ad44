//! Envelope keys: the key-encryption key lies in a file outside the database
//! and outside every backup; it wraps the data keys that lie in the database.

use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use zeroize::Zeroizing;

use super::cipher::{Cipher, FieldKey, IndexKey, LiveKeys};
use super::connection::Db;
use super::schema::data_key;
use super::{db, kek};
use crate::clock::random_bytes;
use crate::error::{AppError, AppResult, ErrorCode};

/// A key that is wiped when it goes.
pub type SecretKey = Zeroizing<[u8; 32]>;

/// A data key as stored.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = data_key)]
pub struct DataKeyRow {
    /// Also the id that sealed values carry, for purpose `field`.
    pub id: i32,
    /// `field`, `blind` or `chain`.
    pub purpose: String,
    /// Nonce and wrapped key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: NaiveDateTime,
    /// When every value that may change had been sealed anew with a later key.
    pub retired_at: Option<NaiveDateTime>,
}

/// Unlocks the data keys; makes the first ones in an empty registry.
///
/// # Errors
/// The key file is missing although the registry has data keys, has wrong
/// permissions, or does not fit: the registry cannot be read then.
pub fn unlock(conn: &mut Db, key_file: &Path, now: NaiveDateTime) -> AppResult<Cipher> {
    if list_data_keys(conn)?.is_empty() {
        make_first(conn, key_file, now)?;
    }
    let rows = list_data_keys(conn)?;
    let kek = fitting(key_file, &rows)?;
    let chain = rows.iter().find(|row| row.purpose == CHAIN);
    let chain = chain.and_then(|row| unwrap_key(&kek, row)).ok_or_else(|| kek::wrong(key_file))?;
    let (fields, blind) = live_keys(&kek, &rows).ok_or_else(|| kek::wrong(key_file))?;
    Ok(Cipher::new(fields, blind, *chain))
}

/// The keys that rotate as they are now: what another process may have rotated
/// in.
///
/// # Errors
/// As [`unlock`].
pub fn load_live_keys(conn: &mut Db, key_file: &Path) -> AppResult<LiveKeys> {
    let rows = list_data_keys(conn)?;
    let kek = fitting(key_file, &rows)?;
    live_keys(&kek, &rows).ok_or_else(|| kek::wrong(key_file))
}

/// All data keys, newest first.
///
/// # Errors
/// The database failed.
pub fn list_data_keys(conn: &mut Db) -> QueryResult<Vec<DataKeyRow>> {
    data_key::table.order(data_key::id.desc()).select(DataKeyRow::as_select()).load(conn)
}

/// Ids of the key that seals new values of fields and of that of the indexes.
///
/// # Errors
/// The database failed.
pub fn newest_keys(conn: &mut Db) -> QueryResult<(Option<i32>, Option<i32>)> {
    let found: Vec<(String, Option<i32>)> = data_key::table
        .group_by(data_key::purpose)
        .select((data_key::purpose, diesel::dsl::max(data_key::id)))
        .load(conn)?;
    let of = |wanted: &str| found.iter().find(|(purpose, _)| purpose == wanted)?.1;
    Ok((of(FIELD), of(BLIND)))
}

/// Puts a new key of the indexes in the place of the old one. Part of the
/// transaction that computes every index anew.
///
/// # Errors
/// No randomness, the key file does not fit, or the database failed.
pub fn replace_index_key(
    conn: &mut Db,
    key_file: &Path,
    now: NaiveDateTime,
) -> AppResult<IndexKey> {
    let rows = list_data_keys(conn)?;
    let kek = fitting(key_file, &rows)?;
    let id = next_id(&rows)?;
    diesel::delete(data_key::table.filter(data_key::purpose.eq(BLIND))).execute(conn)?;
    insert_data_key(conn, &kek, id, BLIND, now)?;
    let rows = list_data_keys(conn)?;
    let (_, key) = live_keys(&kek, &rows).ok_or_else(|| kek::wrong(key_file))?;
    Ok(key)
}

/// Notes that field keys older than `newest` have nothing left to seal anew.
/// Returns the row count.
///
/// # Errors
/// The database failed.
pub fn mark_retired(conn: &mut Db, newest: i32, now: NaiveDateTime) -> QueryResult<usize> {
    let older = data_key::table.filter(
        data_key::purpose
            .eq(FIELD)
            .and(data_key::id.lt(newest))
            .and(data_key::retired_at.is_null()),
    );
    diesel::update(older).set(data_key::retired_at.eq(now)).execute(conn)
}

/// Destroys a retired key. The caller has seen that it seals nothing.
///
/// # Errors
/// The database failed.
pub fn delete_retired(conn: &mut Db, id: i32) -> QueryResult<usize> {
    diesel::delete(
        data_key::table.filter(data_key::id.eq(id).and(data_key::retired_at.is_not_null())),
    )
    .execute(conn)
}

/// Fingerprints of a changed key-encryption key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct KekChange {
    /// Of the key before.
    pub old: String,
    /// Of the key from now on.
    pub new: String,
}

/// Wraps every data key with the next key-encryption key, which lies complete
/// beside the present one. Part of one transaction; [`swap_kek`] follows it.
///
/// # Errors
/// A key file cannot be read or written, or does not fit.
pub fn rewrap(conn: &mut Db, key_file: &Path) -> AppResult<KekChange> {
    let rows = list_data_keys(conn)?;
    let old = fitting(key_file, &rows)?;
    let next = kek::prepare_next(key_file)?;
    for row in &rows {
        let key = unwrap_key(&old, row).ok_or_else(|| kek::wrong(key_file))?;
        let wrapped = wrap(&next, &key, &wrap_binding(row.id, &row.purpose))?;
        diesel::update(data_key::table.find(row.id))
            .set(data_key::wrapped.eq(wrapped))
            .execute(conn)?;
    }
    Ok(KekChange { old: kek::fingerprint(&old), new: kek::fingerprint(&next) })
}

/// Puts the next key file in place, after the transaction of [`rewrap`].
/// Returns where the old one is kept.
///
/// # Errors
/// The file system refused; the next start does it then.
pub fn swap_kek(key_file: &Path) -> AppResult<PathBuf> {
    kek::swap(key_file)
}

/// In one transaction: a kill leaves all the keys or none.
fn make_first(conn: &mut Db, key_file: &Path, now: NaiveDateTime) -> AppResult<()> {
    let kek = match kek::read(key_file)? {
        Some(kek) => kek,
        None => kek::create(key_file)?,
    };
    db::begin_write(conn)?;
    let made = [(1, FIELD), (2, BLIND), (3, CHAIN)]
        .into_iter()
        .try_for_each(|(id, purpose)| insert_data_key(conn, &kek, id, purpose, now));
    match made {
        Ok(()) => Ok(db::commit(conn)?),
        Err(error) => {
            db::rollback(conn);
            // Somebody else may have set the same registry up just now.
            if list_data_keys(conn)?.is_empty() { Err(error) } else { Ok(()) }
        }
    }
}

/// The key-encryption key that fits the database. After an interrupted change
/// that is the next one; then the change of files is finished here.
fn fitting(key_file: &Path, rows: &[DataKeyRow]) -> AppResult<SecretKey> {
    let fits = |kek: &SecretKey| rows.iter().all(|row| unwrap_key(kek, row).is_some());
    let present = kek::read(key_file)?;
    match present {
        Some(kek) if fits(&kek) => return Ok(kek),
        _ => {}
    }
    match kek::read_next(key_file)? {
        Some(next) if fits(&next) => {
            if let Err(error) = kek::swap(key_file) {
                tracing::warn!(%error, "the new key file is used, but could not be put in place");
            }
            Ok(next)
        }
        _ if kek::read(key_file)?.is_none() => Err(kek::missing(key_file)),
        _ => Err(kek::wrong(key_file)),
    }
}

/// `None` if one is missing or does not unwrap.
fn live_keys(kek: &SecretKey, rows: &[DataKeyRow]) -> Option<LiveKeys> {
    let fields: Vec<FieldKey> = rows
        .iter()
        .filter(|row| row.purpose == FIELD)
        .map(|row| Some(FieldKey::new(u16::try_from(row.id).ok()?, *unwrap_key(kek, row)?)))
        .collect::<Option<_>>()?;
    let blind = rows.iter().find(|row| row.purpose == BLIND)?;
    let blind = IndexKey::new(blind.id, *unwrap_key(kek, blind)?);
    (!fields.is_empty()).then_some((fields, blind))
}

/// The id after those of `rows`.
fn next_id(rows: &[DataKeyRow]) -> AppResult<i32> {
    let id = rows.iter().map(|row| row.id).max().unwrap_or(0) + 1;
    // Values carry the id in two bytes.
    if u16::try_from(id).is_err() {
        return Err(AppError::coded(
            ErrorCode::Conflict,
            "密钥编号已用完。",
            "There are no more ids for keys.",
        ));
    }
    Ok(id)
}

/// Wraps and stores a new key for fields; returns its id.
///
/// # Errors
/// No randomness, the key file does not fit, or the database failed.
pub fn add_field_key(conn: &mut Db, key_file: &Path, now: NaiveDateTime) -> AppResult<i32> {
    let rows = list_data_keys(conn)?;
    let kek = fitting(key_file, &rows)?;
    let id = next_id(&rows)?;
    insert_data_key(conn, &kek, id, FIELD, now)?;
    Ok(id)
}

/// The fingerprint of the key file: 16 hex digits, to compare on paper.
///
/// # Errors
/// The key file cannot be read.
pub fn fingerprint(key_file: &Path) -> AppResult<String> {
    let kek = kek::read(key_file)?.ok_or_else(|| kek::missing(key_file))?;
    Ok(kek::fingerprint(&kek))
}

/// The key of one backup: drawn at random, never stored unwrapped.
#[derive(Debug)]
pub struct BackupKey {
    /// To encrypt with.
    pub key: SecretKey,
    /// Nonce and wrapped key, for the head of the backup.
    pub wrapped: Vec<u8>,
}

/// Draws a key for a backup and wraps it. The key-encryption key itself is
/// never part of a backup (`rulings.md` P1).
///
/// # Errors
/// The key file cannot be read; no randomness.
pub fn new_backup_key(key_file: &Path) -> AppResult<BackupKey> {
    let kek = kek::read(key_file)?.ok_or_else(|| kek::missing(key_file))?;
    let mut key = Zeroizing::new([0; 32]);
    random_bytes(key.as_mut_slice()).map_err(AppError::io(Path::new("random")))?;
    let wrapped = wrap(&kek, &key, BACKUP_BINDING)?;
    Ok(BackupKey { key, wrapped })
}

/// Unwraps the key of a backup; `None` if the key file does not fit.
///
/// # Errors
/// The key file is missing or cannot be read.
pub fn open_backup_key(key_file: &Path, wrapped: &[u8]) -> AppResult<Option<SecretKey>> {
    let kek = kek::read(key_file)?.ok_or_else(|| kek::missing(key_file))?;
    Ok(unwrap(&kek, wrapped, BACKUP_BINDING))
}

/// Purpose of the keys that seal fields.
const FIELD: &str = "field";
/// Purpose of the key of the indexes.
const BLIND: &str = "blind";
/// Purpose of the key of the audit log.
const CHAIN: &str = "chain";
const BACKUP_BINDING: &[u8] = b"mingce/backup";

fn insert_data_key(
    conn: &mut Db,
    kek: &SecretKey,
    id: i32,
    purpose: &str,
    now: NaiveDateTime,
) -> AppResult<()> {
    let mut key = Zeroizing::new([0; 32]);
    random_bytes(key.as_mut_slice()).map_err(AppError::io(Path::new("random")))?;
    let row = DataKeyRow {
        id,
        purpose: purpose.to_owned(),
        wrapped: wrap(kek, &key, &wrap_binding(id, purpose))?,
        created_at: now,
        retired_at: None,
    };
    diesel::insert_into(data_key::table).values(&row).execute(conn)?;
    Ok(())
}

fn unwrap_key(kek: &SecretKey, row: &DataKeyRow) -> Option<SecretKey> {
    unwrap(kek, &row.wrapped, &wrap_binding(row.id, &row.purpose))
}

fn wrap(kek: &SecretKey, key: &SecretKey, aad: &[u8]) -> AppResult<Vec<u8>> {
    let mut nonce = [0; 24];
    random_bytes(&mut nonce).map_err(AppError::io(Path::new("random")))?;
    let sealed = XChaCha20Poly1305::new(&Key::from(**kek))
        .encrypt(&XNonce::from(nonce), Payload { msg: key.as_slice(), aad })
        .map_err(|_| {
            AppError::coded(ErrorCode::Sealed, "密钥封装失败。", "Wrapping a key failed.")
        })?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn unwrap(kek: &SecretKey, wrapped: &[u8], aad: &[u8]) -> Option<SecretKey> {
    let (nonce, body) = wrapped.split_first_chunk::<24>()?;
    let plain = XChaCha20Poly1305::new(&Key::from(**kek))
        .decrypt(&XNonce::from(*nonce), Payload { msg: body, aad })
        .ok()?;
    let plain = Zeroizing::new(plain);
    let bytes: [u8; 32] = plain.as_slice().try_into().ok()?;
    Some(Zeroizing::new(bytes))
}

fn wrap_binding(id: i32, purpose: &str) -> Vec<u8> {
    format!("data_key/{id}/{purpose}").into_bytes()
}
