//! The file of a backup: a head in clear, then compressed and encrypted
//! frames.
//!
//! ```text
//! "MINGCEB1" | u32 length | head as JSON | { u32 length | sealed frame }…
//! ```
//!
//! Each frame is a record in postcard, deflated, sealed with
//! XChaCha20-Poly1305 under the backup's own key. The nonce is the head's
//! random prefix and the frame's number; the AAD is the hash of the head, the
//! number, and whether it is the last one. A changed byte, a missing, repeated
//! or swapped frame and a cut tail all fail to open.

use std::io::{Read, Write};
use std::path::Path;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::random_bytes;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::dump::{Cell, Column, from_hex, to_hex};
use crate::store::keys::{self, SecretKey};

const MAGIC: &[u8; 8] = b"MINGCEB1";
const MAX_HEAD: u32 = 64 * 1024;
/// Frames are a few hundred rows; more than this is a damaged length.
const MAX_FRAME: u32 = 256 * 1024 * 1024;

/// What stands in clear at the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Version of this format.
    pub format: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// Schema of the registry.
    pub schema: String,
    /// When, UTC.
    pub made_at: String,
    /// Which key-encryption key fits (its fingerprint).
    pub kek: String,
    /// The backup's key, wrapped by it.
    wrapped_key: String,
    /// First 16 bytes of every nonce.
    nonce: String,
}

/// What a frame holds.
#[derive(Debug, Serialize, Deserialize)]
pub enum Record {
    /// The rows that follow belong to this table.
    Table {
        /// Its name.
        name: String,
        /// Its columns, in the order of the cells.
        columns: Vec<Column>,
    },
    /// Some rows.
    Rows(Vec<Vec<Cell>>),
    /// The manifest, as JSON; the last frame.
    End(String),
}

struct Sealer {
    aead: XChaCha20Poly1305,
    head_hash: [u8; 32],
    prefix: [u8; 16],
    number: u64,
}

impl Sealer {
    fn new(key: &SecretKey, head: &[u8], prefix: [u8; 16]) -> Sealer {
        let aead = XChaCha20Poly1305::new(&Key::from(**key));
        Sealer { aead, head_hash: Sha256::digest(head).into(), prefix, number: 0 }
    }

    /// Nonce and AAD of the next frame.
    fn next(&mut self, last: bool) -> (XNonce, Vec<u8>) {
        let number = self.number.to_be_bytes();
        self.number += 1;
        let mut nonce = [0; 24];
        for (to, from) in nonce.iter_mut().zip(self.prefix.iter().chain(&number)) {
            *to = *from;
        }
        let aad = [self.head_hash.as_slice(), &number, &[u8::from(last)]].concat();
        (XNonce::from(nonce), aad)
    }
}

/// Writes a backup, frame by frame.
pub struct Writer<W: Write> {
    out: W,
    sealer: Sealer,
}

impl<W: Write> Writer<W> {
    /// Starts a backup with a key of its own.
    ///
    /// # Errors
    /// The key file or the output failed.
    pub fn start(mut out: W, key_file: &Path, schema: &str, made_at: &str) -> AppResult<Writer<W>> {
        let key = keys::new_backup_key(key_file)?;
        let mut prefix = [0; 16];
        random_bytes(&mut prefix).map_err(AppError::io(Path::new("random")))?;
        let head = Head {
            format: 1,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema.to_owned(),
            made_at: made_at.to_owned(),
            kek: keys::fingerprint(key_file)?,
            wrapped_key: to_hex(&key.wrapped),
            nonce: to_hex(&prefix),
        };
        let head = serde_json::to_vec(&head).map_err(|_| damaged())?;
        let length = u32::try_from(head.len()).map_err(|_| damaged())?;
        let written = out
            .write_all(MAGIC)
            .and_then(|()| out.write_all(&length.to_be_bytes()))
            .and_then(|()| out.write_all(&head));
        written.map_err(AppError::io(Path::new("backup")))?;
        let sealer = Sealer::new(&key.key, &head, prefix);
        Ok(Writer { out, sealer })
    }

    /// Appends a record.
    ///
    /// # Errors
    /// The output failed.
    pub fn write(&mut self, record: &Record) -> AppResult<()> {
        let io = || AppError::io(Path::new("backup"));
        let plain = postcard::to_stdvec(record).map_err(|_| damaged())?;
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::fast());
        let packed = deflate.write_all(&plain).and_then(|()| deflate.finish()).map_err(io())?;
        let (nonce, aad) = self.sealer.next(matches!(record, Record::End(_)));
        let sealed = self
            .sealer
            .aead
            .encrypt(&nonce, Payload { msg: &packed, aad: &aad })
            .map_err(|_| damaged())?;
        let length = u32::try_from(sealed.len()).map_err(|_| damaged())?;
        self.out
            .write_all(&length.to_be_bytes())
            .and_then(|()| self.out.write_all(&sealed))
            .map_err(io())
    }

    /// The output, once the last record is written.
    pub fn into_inner(self) -> W {
        self.out
    }
}

/// Reads a backup, frame by frame.
pub struct Reader<R: Read> {
    input: R,
    sealer: Sealer,
    /// The head, authenticated by the first frame.
    pub head: Head,
}

impl<R: Read> Reader<R> {
    /// Reads the head and unwraps the key.
    ///
    /// # Errors
    /// Not a backup, damaged, or the key file does not fit.
    pub fn open(mut input: R, key_file: &Path) -> AppResult<Reader<R>> {
        let mut start = [0; 12];
        input.read_exact(&mut start).map_err(|_| not_a_backup())?;
        let (magic, length) = start.split_at(8);
        if magic != MAGIC {
            return Err(not_a_backup());
        }
        let length = u32::from_be_bytes(length.try_into().map_err(|_| damaged())?);
        if length > MAX_HEAD {
            return Err(damaged());
        }
        let mut text = vec![0; length as usize];
        input.read_exact(&mut text).map_err(|_| damaged())?;
        let head: Head = serde_json::from_slice(&text).map_err(|_| damaged())?;
        let wrapped = from_hex(&head.wrapped_key).ok_or_else(damaged)?;
        let prefix = from_hex(&head.nonce).and_then(|bytes| bytes.try_into().ok());
        let prefix: [u8; 16] = prefix.ok_or_else(damaged)?;
        let key = match keys::open_backup_key(key_file, &wrapped)? {
            Some(key) => key,
            None if keys::fingerprint(key_file)? == head.kek => return Err(damaged()),
            None => return Err(wrong_key(key_file, &head.kek)),
        };
        let sealer = Sealer::new(&key, &text, prefix);
        Ok(Reader { input, sealer, head })
    }

    /// The input, once the last record is read.
    pub fn into_inner(self) -> R {
        self.input
    }

    /// The next record; [`Record::End`] is the last one.
    ///
    /// # Errors
    /// A frame is damaged, out of order or missing.
    pub fn next_record(&mut self) -> AppResult<Record> {
        let mut length = [0; 4];
        self.input.read_exact(&mut length).map_err(|_| damaged())?;
        let length = u32::from_be_bytes(length);
        if length > MAX_FRAME {
            return Err(damaged());
        }
        let mut sealed = Vec::new();
        let got = (&mut self.input).take(u64::from(length)).read_to_end(&mut sealed);
        if got.ok() != Some(length as usize) {
            return Err(damaged());
        }
        // Only the last frame opens as the last one.
        let number = self.sealer.number;
        let (nonce, aad) = self.sealer.next(false);
        let inner = self.sealer.aead.decrypt(&nonce, Payload { msg: &sealed, aad: &aad });
        let (packed, last) = match inner {
            Ok(packed) => (packed, false),
            Err(_) => {
                self.sealer.number = number;
                let (nonce, aad) = self.sealer.next(true);
                let payload = Payload { msg: sealed.as_slice(), aad: &aad };
                (self.sealer.aead.decrypt(&nonce, payload).map_err(|_| damaged())?, true)
            }
        };
        let mut plain = Vec::new();
        DeflateDecoder::new(packed.as_slice())
            .take(u64::from(MAX_FRAME))
            .read_to_end(&mut plain)
            .map_err(|_| damaged())?;
        let record: Record = postcard::from_bytes(&plain).map_err(|_| damaged())?;
        let rest = if last { self.input.read(&mut [0]).unwrap_or(1) } else { 0 };
        if matches!(record, Record::End(_)) != last || rest != 0 {
            return Err(damaged());
        }
        Ok(record)
    }
}

fn not_a_backup() -> AppError {
    AppError::coded(
        ErrorCode::Integrity,
        "这不是备份文件(应为 mingce backup 生成的 .mcb 文件)。",
        "This is not a backup (a .mcb file written by mingce backup).",
    )
}

/// A backup that was changed, cut or mixed up.
pub(super) fn damaged() -> AppError {
    AppError::coded(
        ErrorCode::Integrity,
        "备份文件已损坏或不完整;未恢复任何内容。请使用另一份备份。",
        "The backup is damaged or incomplete; nothing was restored. Use another backup.",
    )
}

fn wrong_key(key_file: &Path, wanted: &str) -> AppError {
    AppError::coded(
        ErrorCode::Setup,
        format!("密钥文件 {} 与该备份不匹配;需要指纹为 {wanted} 的密钥。", key_file.display()),
        format!(
            "The key file {} does not fit this backup; the key with fingerprint {wanted} is needed.",
            key_file.display()
        ),
    )
}
