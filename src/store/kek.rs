//! The file of the key-encryption key. A change of it never leaves a moment in
//! which the file that fits the database does not lie on the disk: the next key
//! is complete and synced beside the old one (`kek.new`) before the database
//! knows it, and takes its place in one rename afterwards.

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::keys::SecretKey;
use crate::clock::random_bytes;
use crate::error::{AppError, AppResult, ErrorCode};

/// First 16 hex digits of the key's SHA-256: enough to tell two keys apart on
/// paper, nothing to compute with.
pub(super) fn fingerprint(kek: &SecretKey) -> String {
    Sha256::digest(kek.as_slice()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a key file; `None` if there is none.
pub(super) fn read(path: &Path) -> AppResult<Option<SecretKey>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
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
    let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| wrong(path))?;
    Ok(Some(Zeroizing::new(bytes)))
}

/// Makes the key of a new registry, in a file only its owner can read.
pub(super) fn create(path: &Path) -> AppResult<SecretKey> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(AppError::io(dir))?;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
            .map_err(AppError::io(dir))?;
    }
    let mut kek = Zeroizing::new([0; 32]);
    random_bytes(kek.as_mut_slice()).map_err(AppError::io(path))?;
    // Under another name until it is whole: a kill leaves no half key.
    let draft = beside(path, &format!("tmp-{}", fingerprint(&kek)));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(&draft)
        .map_err(AppError::io(&draft))?;
    file.write_all(kek.as_slice()).and_then(|()| file.sync_all()).map_err(AppError::io(&draft))?;
    // A link, unlike a rename, never replaces a key that somebody else made.
    let linked = std::fs::hard_link(&draft, path).map_err(AppError::io(path));
    std::fs::remove_file(&draft).map_err(AppError::io(&draft))?;
    linked?;
    sync_folder(path)?;
    Ok(kek)
}

/// The next key, beside the present one; one that an interrupted change left
/// is taken up again.
pub(super) fn prepare_next(path: &Path) -> AppResult<SecretKey> {
    let next = next_file(path);
    match read(&next)? {
        Some(kek) => Ok(kek),
        None => create(&next),
    }
}

/// The next key, if a change of keys was prepared.
pub(super) fn read_next(path: &Path) -> AppResult<Option<SecretKey>> {
    read(&next_file(path))
}

/// Puts the next key in the place of the present one, which is kept under its
/// fingerprint: backups that were made with it need it. Returns where.
pub(super) fn swap(path: &Path) -> AppResult<PathBuf> {
    let kept = match read(path)? {
        Some(old) => {
            let kept = beside(path, &format!("old-{}", fingerprint(&old)));
            match std::fs::hard_link(path, &kept) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(AppError::io(&kept)(error));
                }
                _ => kept,
            }
        }
        None => path.to_path_buf(),
    };
    std::fs::rename(next_file(path), path).map_err(AppError::io(path))?;
    sync_folder(path)?;
    Ok(kept)
}

fn next_file(path: &Path) -> PathBuf {
    beside(path, "new")
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> AppResult<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(AppError::io(dir))
}

pub(super) fn missing(path: &Path) -> AppError {
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

pub(super) fn wrong(path: &Path) -> AppError {
    AppError::coded(
        ErrorCode::Setup,
        format!("密钥文件 {} 与本登记库不匹配。", path.display()),
        format!("The key file {} does not belong to this registry.", path.display()),
    )
}
