//! Field encryption: XChaCha20-Poly1305 with a random 192-bit nonce; blind
//! indexes and the audit chain: HMAC-SHA-256 (`rulings.md` P1, SEC-107…109,
//! SEC-114, SEC-126).

use std::cell::RefCell;
use std::sync::{PoisonError, RwLock};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::clock::random_bytes;

const NONCE: usize = 24;
/// Format 1: one byte format, two bytes key id, nonce, ciphertext with tag.
const FORMAT: u8 = 1;
const HEADER: usize = 3 + NONCE;

/// A stored value does not open: wrong key, or it was changed or moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sealed value does not open: it was changed, moved to another record, or its key is missing"
)]
pub struct SealError;

/// One data key for fields, with the id that each value carries.
pub struct FieldKey {
    /// Stored in front of each value.
    pub id: u16,
    aead: XChaCha20Poly1305,
}

impl FieldKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn new(id: u16, bytes: [u8; 32]) -> FieldKey {
        FieldKey { id, aead: XChaCha20Poly1305::new(&Key::from(bytes)) }
    }
}

/// The key of the blind indexes.
pub struct IndexKey {
    /// Counts up with each rotation.
    pub id: i32,
    bytes: Zeroizing<[u8; 32]>,
}

impl IndexKey {
    /// A key from its 32 bytes.
    #[must_use]
    pub fn new(id: i32, bytes: [u8; 32]) -> IndexKey {
        IndexKey { id, bytes: Zeroizing::new(bytes) }
    }

    /// Blind index of a normalised value: equal values, equal index, and
    /// nothing to read in it. `kind` keeps numbers of different kinds apart.
    #[must_use]
    pub fn blind(&self, kind: &str, normalised: &str) -> Vec<u8> {
        keyed(&self.bytes, &[kind.as_bytes(), &[0], normalised.as_bytes()]).to_vec()
    }
}

/// The keys that rotate: those of fields, newest first, and that of the
/// indexes.
pub type LiveKeys = (Vec<FieldKey>, IndexKey);

/// Reads the keys that rotate anew from the registry.
pub type KeySource = Box<dyn Fn() -> Option<LiveKeys> + Send + Sync>;

/// The unlocked keys of a registry.
pub struct Cipher {
    /// Newest first: the first one seals, any one opens. Another process may
    /// rotate keys while this one runs, hence the lock.
    fields: RwLock<Vec<FieldKey>>,
    source: Option<KeySource>,
    blind: RwLock<IndexKey>,
    chain: [u8; 32],
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher([redacted])")
    }
}

thread_local! {
    /// Randomness is drawn from the system a page at a time: sealing a million
    /// fields would otherwise be a million system calls.
    static NOISE: RefCell<(usize, [u8; 4080])> = const { RefCell::new((4080, [0; 4080])) };
}

fn nonce() -> Result<[u8; NONCE], SealError> {
    NOISE.with_borrow_mut(|(used, page)| {
        if *used + NONCE > page.len() {
            random_bytes(page).map_err(|_| SealError)?;
            *used = 0;
        }
        let mut nonce = [0; NONCE];
        let fresh = page.get_mut(*used..*used + NONCE).ok_or(SealError)?;
        nonce.copy_from_slice(fresh);
        fresh.fill(0);
        *used += NONCE;
        Ok(nonce)
    })
}

/// Binds a value to its field, its owner and its key, so that it opens nowhere
/// else.
fn binding(field: &str, owner: i64, key_id: u16) -> Vec<u8> {
    let mut aad = Vec::with_capacity(field.len() + 11);
    aad.extend_from_slice(field.as_bytes());
    aad.push(0);
    aad.extend_from_slice(&owner.to_be_bytes());
    aad.extend_from_slice(&key_id.to_be_bytes());
    aad
}

impl Cipher {
    /// From unlocked keys; `fields` newest first and not empty.
    #[must_use]
    pub fn new(fields: Vec<FieldKey>, blind: IndexKey, chain: [u8; 32]) -> Cipher {
        Cipher { fields: RwLock::new(fields), source: None, blind: RwLock::new(blind), chain }
    }

    /// The same, able to learn keys that another process made later.
    #[must_use]
    pub fn with_source(self, source: KeySource) -> Cipher {
        Cipher { source: Some(source), ..self }
    }

    /// Id of the key that seals.
    #[must_use]
    pub fn newest(&self) -> Option<u16> {
        self.fields.read().unwrap_or_else(PoisonError::into_inner).first().map(|key| key.id)
    }

    /// Id of the key of the indexes.
    #[must_use]
    pub fn index_key(&self) -> i32 {
        self.blind.read().unwrap_or_else(PoisonError::into_inner).id
    }

    /// Learns the present keys. Without an answer the old ones stay.
    pub fn refresh(&self) {
        if let Some((fields, blind)) = self.source.as_ref().and_then(|source| source()) {
            *self.fields.write().unwrap_or_else(PoisonError::into_inner) = fields;
            *self.blind.write().unwrap_or_else(PoisonError::into_inner) = blind;
        }
    }

    /// Encrypts one field of one record (`field` is `table.column`, `owner`
    /// the record's id).
    ///
    /// # Errors
    /// The system gives no randomness, or there is no key.
    pub fn seal(&self, field: &str, owner: i64, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let fields = self.fields.read().unwrap_or_else(PoisonError::into_inner);
        let key = fields.first().ok_or(SealError)?;
        let nonce = nonce()?;
        let aad = binding(field, owner, key.id);
        let sealed = key
            .aead
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad })
            .map_err(|_| SealError)?;
        let mut value = Vec::with_capacity(HEADER + sealed.len());
        value.push(FORMAT);
        value.extend_from_slice(&key.id.to_be_bytes());
        value.extend_from_slice(&nonce);
        value.extend_from_slice(&sealed);
        Ok(value)
    }

    /// Decrypts one field of one record.
    ///
    /// # Errors
    /// [`SealError`], also when the value was copied from another record.
    pub fn open(&self, field: &str, owner: i64, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (key_id, rest) = split_key_id(sealed)?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>().ok_or(SealError)?;
        let aad = binding(field, owner, key_id);
        let decrypt = || {
            let fields = self.fields.read().unwrap_or_else(PoisonError::into_inner);
            let key = fields.iter().find(|key| key.id == key_id)?;
            Some(key.aead.decrypt(&XNonce::from(*nonce), Payload { msg: body, aad: &aad }))
        };
        let opened = decrypt().or_else(|| {
            self.refresh();
            decrypt()
        });
        opened.ok_or(SealError)?.map_err(|_| SealError)
    }

    /// Decrypts a field that holds text.
    ///
    /// # Errors
    /// As [`Cipher::open`].
    pub fn open_text(&self, field: &str, owner: i64, sealed: &[u8]) -> Result<String, SealError> {
        String::from_utf8(self.open(field, owner, sealed)?).map_err(|_| SealError)
    }

    /// Whether a value was sealed with the newest key.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        split_key_id(sealed).ok().map(|(id, _)| id) == self.newest()
    }

    /// Blind index of a normalised value, by the present key.
    #[must_use]
    pub fn blind(&self, kind: &str, normalised: &str) -> Vec<u8> {
        self.blind.read().unwrap_or_else(PoisonError::into_inner).blind(kind, normalised)
    }

    /// The hash that chains an audit entry to the one before.
    #[must_use]
    pub fn chain(&self, previous: &[u8], canonical: &[u8]) -> [u8; 32] {
        keyed(&self.chain, &[previous, canonical])
    }
}

fn split_key_id(sealed: &[u8]) -> Result<(u16, &[u8]), SealError> {
    match sealed {
        [FORMAT, high, low, rest @ ..] => Ok((u16::from_be_bytes([*high, *low]), rest)),
        _ => Err(SealError),
    }
}

fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length; 32 bytes cannot fail, and a zero hash
    // would be caught by every verification.
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
        return [0; 32];
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> Cipher {
        Cipher::new(vec![FieldKey::new(1, [7; 32])], IndexKey::new(2, [8; 32]), [9; 32])
    }

    #[test]
    fn a_value_opens_only_where_it_was_sealed() {
        let cipher = cipher();
        let sealed = cipher.seal("resident.doc_no", 5, b"text").expect("sealed");
        assert_eq!(cipher.open("resident.doc_no", 5, &sealed).as_deref(), Ok(&b"text"[..]));
        assert_eq!(cipher.open("resident.doc_no", 6, &sealed), Err(SealError));
        assert_eq!(cipher.open("resident.phone", 5, &sealed), Err(SealError));
        let mut changed = sealed.clone();
        if let Some(last) = changed.last_mut() {
            *last ^= 1;
        }
        assert_eq!(cipher.open("resident.doc_no", 5, &changed), Err(SealError));
    }

    #[test]
    fn nonces_differ() {
        let cipher = cipher();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..10_000 {
            let sealed = cipher.seal("a.b", 1, b"").expect("sealed");
            assert!(seen.insert(sealed));
        }
    }

    #[test]
    fn an_old_key_still_opens_and_is_not_current() {
        let old = Cipher::new(vec![FieldKey::new(1, [7; 32])], IndexKey::new(2, [8; 32]), [9; 32]);
        let sealed = old.seal("a.b", 1, b"x").expect("sealed");
        let fields = vec![FieldKey::new(2, [1; 32]), FieldKey::new(1, [7; 32])];
        let both = Cipher::new(fields, IndexKey::new(2, [8; 32]), [9; 32]);
        assert!(both.open("a.b", 1, &sealed).is_ok() && !both.is_current(&sealed));
    }
}
