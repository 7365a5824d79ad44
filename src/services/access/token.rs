//! Tokens of programs: EdDSA access tokens of ten minutes, rotating refresh
//! tokens whose reuse ends the whole family (SEC-034 … SEC-040).

use std::sync::{Arc, RwLock};

use chrono::{Duration, NaiveDateTime};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

use super::session::{self, Kind, Session};
use super::{base64_url, new_token, sign_in_failed, token_hash};
use crate::clock::random_bytes;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::services::auth::{Authorized, ManageSystem};
use crate::store::audit::Entry;
use crate::store::token::{self as rows, RefreshRow, TokenKeyRow};
use crate::store::{REGISTRY_CHAIN, Store, Tx};

/// Life of an access token.
pub const ACCESS_LIFE: Duration = Duration::minutes(10);
const LEEWAY_SECONDS: i64 = 30;
/// A lost answer may be asked for again within this time.
const GRACE: Duration = Duration::seconds(10);
const ISSUER: &str = "mingce";
const AUDIENCE: &str = "mingce-api";
const TYPE: &str = "at+jwt";

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    jti: String,
    sid: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

struct SigningKey {
    kid: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    retired_at: Option<NaiveDateTime>,
}

/// The keys in memory, newest first; reloaded when a token names another.
#[derive(Clone, Default)]
pub struct TokenKeys(Arc<RwLock<Vec<Arc<SigningKey>>>>);

impl std::fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenKeys([redacted])")
    }
}

/// What a program gets.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Grant {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: i64,
    /// Good once.
    pub refresh_token: String,
}

/// First tokens of a program's session.
///
/// # Errors
/// The database failed.
pub fn grant(store: &Store, keys: &TokenKeys, user_id: i64, session_id: i64) -> AppResult<Grant> {
    let refresh_token = new_token()?;
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        rows::insert_refresh(tx.conn, &refresh_row(&refresh_token, session_id, now))?;
        Ok(())
    })?;
    finish(store, keys, user_id, session_id, refresh_token)
}

fn finish(
    store: &Store,
    keys: &TokenKeys,
    user_id: i64,
    session_id: i64,
    refresh_token: String,
) -> AppResult<Grant> {
    Ok(Grant {
        access_token: sign(store, keys, user_id, session_id)?,
        token_type: "Bearer",
        expires_in: ACCESS_LIFE.num_seconds(),
        refresh_token,
    })
}

fn refresh_row(token: &str, session_id: i64, now: NaiveDateTime) -> RefreshRow {
    RefreshRow {
        token_hash: token_hash(token),
        session_id,
        issued_at: now,
        used_at: None,
        successor: None,
    }
}

/// What became of a refresh token.
enum Exchange {
    Successor(String, i64),
    Reused(i64),
    Unknown,
}

/// Exchanges a refresh token for new tokens.
///
/// # Errors
/// `SignInFailed`; a reused token ends its family, and that stays in the log.
pub fn refresh(store: &Store, keys: &TokenKeys, token: &str) -> AppResult<Grant> {
    let hash = token_hash(token);
    let exchange = store.write(REGISTRY_CHAIN, |tx| {
        let Some(found) = rows::find_refresh(tx.conn, &hash)? else {
            return Ok(Exchange::Unknown);
        };
        let now = tx.clock().now();
        let Some(used_at) = found.used_at else { return rotate(tx, &found, now) };
        if let Some(same) = within_grace(tx, &found, used_at, now)? {
            return Ok(Exchange::Successor(same, found.session_id));
        }
        Ok(Exchange::Reused(found.session_id))
    })?;
    match exchange {
        Exchange::Successor(successor, session_id) => {
            let session = session::find_by_id(store, session_id)?
                .filter(|session| session.kind == Kind::Program)
                .ok_or_else(sign_in_failed)?;
            session::touch(store, &session)?;
            finish(store, keys, session.user_id, session_id, successor)
        }
        Exchange::Reused(session_id) => {
            end_family(store, session_id)?;
            Err(sign_in_failed())
        }
        Exchange::Unknown => Err(sign_in_failed()),
    }
}

fn rotate(tx: &mut Tx<'_>, found: &RefreshRow, now: NaiveDateTime) -> AppResult<Exchange> {
    let successor = new_token()?;
    let sealed = tx
        .cipher()
        .seal("refresh_token.successor", found.session_id, successor.as_bytes())
        .map_err(|_| sign_in_failed())?;
    if rows::mark_refresh_used(tx.conn, &found.token_hash, now, &sealed)? != 1 {
        return Ok(Exchange::Unknown);
    }
    rows::insert_refresh(tx.conn, &refresh_row(&successor, found.session_id, now))?;
    Ok(Exchange::Successor(successor, found.session_id))
}

/// The same successor again, if it was not used itself yet (SEC-040).
fn within_grace(
    tx: &mut Tx<'_>,
    found: &RefreshRow,
    used_at: NaiveDateTime,
    now: NaiveDateTime,
) -> AppResult<Option<String>> {
    let Some(sealed) = found.successor.as_deref().filter(|_| now - used_at <= GRACE) else {
        return Ok(None);
    };
    let Ok(successor) = tx.cipher().open_text("refresh_token.successor", found.session_id, sealed)
    else {
        return Ok(None);
    };
    let next = rows::find_refresh(tx.conn, &token_hash(&successor))?;
    Ok(next.filter(|row| row.used_at.is_none()).map(|_| successor))
}

fn end_family(store: &Store, session_id: i64) -> AppResult<()> {
    tracing::warn!(target: "security", session_id, "a refresh token was used twice");
    let Some(session) = session::find_by_id(store, session_id)? else { return Ok(()) };
    store.write(REGISTRY_CHAIN, |tx| {
        crate::store::session::delete_one(tx.conn, session.user_id, session_id)?;
        tx.audit(&Entry {
            actor: session.actor.username(),
            action: "session.refresh_reuse",
            object_kind: "session",
            object_id: Some(session_id),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })
}

/// The live session that an access token names.
///
/// # Errors
/// `SignInFailed` for every token that is not exactly as it should be.
pub fn verify(store: &Store, keys: &TokenKeys, token: &str) -> AppResult<Session> {
    let session_id = claimed_session(store, keys, token).ok_or_else(sign_in_failed)?;
    session::find_by_id(store, session_id)?
        .filter(|session| session.kind == Kind::Program)
        .ok_or_else(sign_in_failed)
}

fn claimed_session(store: &Store, keys: &TokenKeys, token: &str) -> Option<i64> {
    if token.len() > 2048 || has_critical_header(token) {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let kid = header.kid.filter(|kid| is_key_name(kid))?;
    if header.typ.as_deref() != Some(TYPE) {
        return None;
    }
    let key = keys.find(store, &kid)?;
    // The algorithm belongs to the key; what the header says only has to agree.
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
    // Time comes from the clock of the registry, below.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation).ok()?.claims;
    let now = store.clock().now().and_utc().timestamp();
    let in_time = now <= claims.exp + LEEWAY_SECONDS && now >= claims.nbf - LEEWAY_SECONDS;
    let too_long = claims.exp - claims.iat > ACCESS_LIFE.num_seconds();
    if !in_time || too_long {
        return None;
    }
    claims.sid.parse().ok()
}

/// Extensions that must be understood are not (RFC 7515 §4.1.11, RFC 7797).
fn has_critical_header(token: &str) -> bool {
    let Some(header) = token.split('.').next().and_then(base64_url_json) else { return true };
    let allowed = |name: &String| matches!(name.as_str(), "alg" | "typ" | "kid");
    !header.keys().all(allowed)
}

fn base64_url_json(text: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut word, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|c| *c == letter)?;
        word = word << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((word >> bits) & 255).ok()?);
        }
    }
    serde_json::from_slice(&bytes).ok()
}

fn is_key_name(kid: &str) -> bool {
    (1..=32).contains(&kid.len())
        && kid.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn sign(store: &Store, keys: &TokenKeys, user_id: i64, session_id: i64) -> AppResult<String> {
    let key = keys.current(store)?;
    let now = store.clock().now().and_utc().timestamp();
    let mut jti = [0; 12];
    random_bytes(&mut jti).map_err(AppError::io(std::path::Path::new("random")))?;
    let claims = Claims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: user_id.to_string(),
        jti: base64_url(&jti),
        sid: session_id.to_string(),
        iat: now,
        nbf: now,
        exp: now + ACCESS_LIFE.num_seconds(),
    };
    let mut header = Header::new(Algorithm::EdDSA);
    header.typ = Some(TYPE.to_owned());
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, &claims, &key.encoding).map_err(|error| key_failed(&error))
}

impl TokenKeys {
    /// The key that signs; the first one is made when it is first needed.
    fn current(&self, store: &Store) -> AppResult<Arc<SigningKey>> {
        // Asked each time: another process may have rotated the key.
        self.reload(store)?;
        match self.newest() {
            Some(key) => Ok(key),
            None => {
                replace_key(store, "system")?;
                self.reload(store)?;
                self.newest().ok_or_else(sign_in_failed)
            }
        }
    }

    fn newest(&self) -> Option<Arc<SigningKey>> {
        let keys = self.0.read().ok()?;
        keys.iter().find(|key| key.retired_at.is_none()).cloned()
    }

    fn find(&self, store: &Store, kid: &str) -> Option<Arc<SigningKey>> {
        let known =
            |keys: &TokenKeys| keys.0.read().ok()?.iter().find(|key| key.kid == kid).cloned();
        // A key that another process rotated in is not known here yet.
        known(self).or_else(|| {
            self.reload(store).ok()?;
            known(self)
        })
    }

    fn reload(&self, store: &Store) -> AppResult<()> {
        let stored = store.read(|conn| Ok(rows::list_keys(conn)?))?;
        let opened: AppResult<Vec<_>> =
            stored.iter().map(|row| open_key(store, row).map(Arc::new)).collect();
        let opened = opened?;
        if let Ok(mut keys) = self.0.write() {
            *keys = opened;
        }
        Ok(())
    }
}

fn open_key(store: &Store, row: &TokenKeyRow) -> AppResult<SigningKey> {
    let seed = store
        .cipher()
        .open(rows::SEALED_SEED, row.id, &row.sealed)
        .map_err(|error| key_failed(&error))?;
    // PKCS#8 v1 of an Ed25519 seed (RFC 8410 §7).
    const PREFIX: [u8; 16] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    let pkcs8 = [PREFIX.as_slice(), &seed].concat();
    let encoding = EncodingKey::from_ed_der(&pkcs8);
    let public =
        Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).map_err(|error| key_failed(&error))?;
    let decoding = DecodingKey::from_jwk(&public).map_err(|error| key_failed(&error))?;
    Ok(SigningKey { kid: row.kid.clone(), encoding, decoding, retired_at: row.retired_at })
}

/// Makes a new signing key; the old ones verify until their tokens have ended
/// and are then erased (SEC-037).
///
/// # Errors
/// The database failed, or there is no randomness.
pub fn rotate_key(store: &Store, by: &Authorized<'_, ManageSystem>) -> AppResult<()> {
    replace_key(store, by.username())
}

fn replace_key(store: &Store, actor: &str) -> AppResult<()> {
    let mut seed = zeroize::Zeroizing::new([0; 32]);
    let mut name = [0; 9];
    random_bytes(seed.as_mut_slice()).map_err(AppError::io(std::path::Path::new("random")))?;
    random_bytes(&mut name).map_err(AppError::io(std::path::Path::new("random")))?;
    store.write(REGISTRY_CHAIN, |tx| {
        let id = tx.next_id();
        let now = tx.clock().now();
        let sealed = tx
            .cipher()
            .seal(rows::SEALED_SEED, id, seed.as_slice())
            .map_err(|error| key_failed(&error))?;
        let row =
            TokenKeyRow { kid: base64_url(&name), id, sealed, created_at: now, retired_at: None };
        rows::insert_key(tx.conn, &row)?;
        rows::mark_keys_retired(tx.conn, &row.kid, now)?;
        tx.audit(&Entry {
            actor,
            action: "key.rotate_token",
            object_kind: "token_key",
            object_id: Some(id),
            reason: None,
            detail: None,
        })?;
        Ok(())
    })
}

fn key_failed(error: &dyn std::fmt::Display) -> AppError {
    AppError::coded(
        ErrorCode::Sealed,
        "接口令牌的签名密钥不可用。",
        format!("The signing key of access tokens cannot be used: {error}."),
    )
}
