//! Envelope keys: the key-encryption key lies in a file outside the database
//! and outside every backup; it wraps the data keys that lie in the database.

use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::cipher::{Cipher, FieldKey};
use super::connection::Db;
use super::schema::data_key;
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
    /// When it stopped sealing new values.
    pub retired_at: Option<NaiveDateTime>,
}

/// Unlocks the data keys; makes the first ones in an empty registry.
///
/// # Errors
/// The key file is missing although the registry has data keys, has wrong
/// permissions, or does not fit: the registry cannot be read then.
pub fn unlock(conn: &mut Db, key_file: &Path, now: NaiveDateTime) -> AppResult<Cipher> {
    let rows: Vec<DataKeyRow> =
        data_key::table.order(data_key::id.desc()).select(DataKeyRow::as_select()).load(conn)?;
    if rows.is_empty() {
        let kek = match read_kek(key_file)? {
            Some(kek) => kek,
            None => create_kek(key_file)?,
        };
        for (id, purpose) in [(1, "field"), (2, "blind"), (3, "chain")] {
            insert_data_key(conn, &kek, id, purpose, now)?;
        }
        return unlock(conn, key_file, now);
    }
    let kek = read_kek(key_file)?.ok_or_else(|| missing_kek(key_file))?;
    let mut fields = Vec::new();
    let (mut blind, mut chain) = (None, None);
    for row in &rows {
        let key = unwrap_key(&kek, row).ok_or_else(|| wrong_kek(key_file))?;
        match row.purpose.as_str() {
            "field" => {
                let id = u16::try_from(row.id).map_err(|_| wrong_kek(key_file))?;
                fields.push(FieldKey::new(id, *key));
            }
            "blind" => blind = Some(*key),
            _ => chain = Some(*key),
        }
    }
    match (blind, chain) {
        (Some(blind), Some(chain)) if !fields.is_empty() => Ok(Cipher::new(fields, blind, chain)),
        _ => Err(wrong_kek(key_file)),
    }
}

/// Wraps and stores a new data key; returns its id.
///
/// # Errors
/// No randomness, or the database failed.
pub fn add_data_key(
    conn: &mut Db,
    key_file: &Path,
    purpose: &str,
    now: NaiveDateTime,
) -> AppResult<i32> {
    let kek = read_kek(key_file)?.ok_or_else(|| missing_kek(key_file))?;
    let last: Option<i32> = data_key::table.select(diesel::dsl::max(data_key::id)).first(conn)?;
    let id = last.unwrap_or(0) + 1;
    insert_data_key(conn, &kek, id, purpose, now)?;
    Ok(id)
}

/// First 16 hex digits of the key's SHA-256: enough to tell two keys apart on
/// paper, nothing to compute with.
///
/// # Errors
/// The key file cannot be read.
pub fn fingerprint(key_file: &Path) -> AppResult<String> {
    let kek = read_kek(key_file)?.ok_or_else(|| missing_kek(key_file))?;
    let digest = Sha256::digest(kek.as_slice());
    Ok(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
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
    let kek = read_kek(key_file)?.ok_or_else(|| missing_kek(key_file))?;
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
    let kek = read_kek(key_file)?.ok_or_else(|| missing_kek(key_file))?;
    Ok(unwrap(&kek, wrapped, BACKUP_BINDING))
}

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

/// Reads the key file; `None` if there is none.
fn read_kek(path: &Path) -> AppResult<Option<SecretKey>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(AppError::io(path)(error)),
    };
    let mode = std::fs::metadata(path).map_err(AppError::io(path))?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(AppError::coded(
            ErrorCode::Setup,
            format!("密钥文件 {} 的权限过宽。请执行 chmod 0400。", path.display()),
            format!("The key file {} can be read by others. Run chmod 0400.", path.display()),
        ));
    }
    let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| wrong_kek(path))?;
    Ok(Some(Zeroizing::new(bytes)))
}

/// Makes the key of a new registry, in a file only its owner can read.
fn create_kek(path: &Path) -> AppResult<SecretKey> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(AppError::io(dir))?;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
            .map_err(AppError::io(dir))?;
    }
    let mut kek = Zeroizing::new([0; 32]);
    random_bytes(kek.as_mut_slice()).map_err(AppError::io(path))?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(path)
        .map_err(AppError::io(path))?;
    file.write_all(kek.as_slice()).and_then(|()| file.sync_all()).map_err(AppError::io(path))?;
    Ok(kek)
}

fn missing_kek(path: &Path) -> AppError {
    AppError::coded(
        ErrorCode::Setup,
        format!(
            "找不到密钥文件 {}。没有它,加密的内容无法读取;请放回保存的密钥文件。",
            path.display()
        ),
        format!(
            "The key file {} is missing. Without it the encrypted fields cannot be read; put the saved key file back.",
            path.display()
        ),
    )
}

fn wrong_kek(path: &Path) -> AppError {
    AppError::coded(
        ErrorCode::Setup,
        format!("密钥文件 {} 与本登记库不匹配。", path.display()),
        format!("The key file {} does not belong to this registry.", path.display()),
    )
}
