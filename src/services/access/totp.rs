//! The second factor: RFC 6238, 160-bit seed, 30 s, one step to either side,
//! each step accepted once (SEC-014, SEC-015).

use totp_rs::{Builder, Secret, Totp};

use super::policy::AccessPolicy;
use super::session::{self, Level, Session};
use super::{code_failed, counter, token_hash};
use crate::clock::random_bytes;
use crate::error::{AppError, AppResult, ErrorCode};
use crate::store::{Cipher, REGISTRY_CHAIN, Store, access};

const FIELD: &str = crate::store::access::TOTP_SECRET;
const SEED: usize = 20;
const RECOVERY_CODES: usize = 10;
/// 32 letters and digits that are not mistaken for each other; RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A seed that is being enrolled.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// For typing in by hand.
    pub secret: String,
    /// For the QR code.
    pub url: String,
}

/// The seed that this session can enrol: a keyed hash of session and account,
/// so that showing the page changes nothing (SEC-068) and showing it again
/// shows the same. It is stored, sealed, only by [`confirm`].
///
/// # Errors
/// The database failed.
pub fn begin(store: &Store, session: &Session) -> AppResult<Enrolment> {
    let row = store.read(|conn| Ok(access::load(conn, session.user_id)?))?;
    let secret = base32(&seed_for(store.cipher(), session, row.auth_epoch));
    let name = percent(session.actor.username());
    let url = format!(
        "otpauth://totp/Mingce:{name}?secret={secret}&issuer=Mingce&algorithm=SHA1&digits=6&period=30"
    );
    Ok(Enrolment { secret, url })
}

fn seed_for(cipher: &Cipher, session: &Session, epoch: i64) -> Vec<u8> {
    let mut seed =
        cipher.blind("totp/enrol", &format!("{}/{}/{epoch}", session.user_id, session.id));
    seed.truncate(SEED);
    seed
}

/// Ends an enrolment with a code of the new seed; the password was checked
/// unless the sign-in of this very session just did. Returns the session's new
/// token and the recovery codes, which are shown once.
///
/// # Errors
/// `SignInFailed` if password or code are wrong.
pub fn confirm(
    store: &Store,
    policy: &AccessPolicy,
    session: &Session,
    plain: &str,
    code: &str,
) -> AppResult<(String, Vec<String>)> {
    super::sign_in::check_password(store, policy, session, plain)?;
    let codes = (0..RECOVERY_CODES).map(|_| recovery_code()).collect::<AppResult<Vec<_>>>()?;
    let hashes: Vec<Vec<u8>> = codes.iter().map(|code| recovery_hash(code)).collect();
    store.write(REGISTRY_CHAIN, |tx| {
        let mut row = access::load(tx.conn, session.user_id)?;
        let seed = seed_for(tx.cipher(), session, row.auth_epoch);
        let step = matching_step(&seed, code, tx.clock().now()).ok_or_else(code_failed)?;
        let sealed = tx.cipher().seal(FIELD, session.user_id, &seed).map_err(sealed_off)?;
        row.totp_secret = Some(sealed);
        row.totp_last_step = step;
        // Every other session of the account ends (SEC-030).
        row.auth_epoch += 1;
        access::save(tx.conn, &row)?;
        access::replace_recovery_codes(tx.conn, session.user_id, &hashes)?;
        let token = session::renew(tx, session, Level::Full, true)?;
        tx.audit(&session::entry(session, "user.totp_enable"))?;
        Ok((token, codes))
    })
}

/// The second factor of a sign-in; returns the session's new token.
///
/// # Errors
/// `SignInFailed`; wrong codes count to a lock of their own.
pub fn complete(store: &Store, session: &Session, code: &str) -> AppResult<String> {
    check(store, session.user_id, code)?;
    store.write(REGISTRY_CHAIN, |tx| {
        let token = session::renew(tx, session, Level::Full, true)?;
        tx.audit(&session::entry(session, "user.second_factor"))?;
        Ok(token)
    })
}

/// Turns the second factor off; needs a password or code entered a moment ago.
///
/// # Errors
/// `Forbidden` without step-up, or if the role needs a second factor.
pub fn disable(store: &Store, policy: &AccessPolicy, session: &Session) -> AppResult<()> {
    if !session.is_stepped_up(store.clock().now()) {
        return Err(super::own::step_up_required());
    }
    if policy.needs_second_factor(session.actor.role()) {
        return Err(AppError::coded(
            ErrorCode::Forbidden,
            "您的角色必须使用动态口令,不能停用。",
            "Your role needs the second factor; it cannot be turned off.",
        ));
    }
    store.write(REGISTRY_CHAIN, |tx| {
        let mut row = access::load(tx.conn, session.user_id)?;
        row.totp_secret = None;
        row.auth_epoch += 1;
        access::save(tx.conn, &row)?;
        access::replace_recovery_codes(tx.conn, session.user_id, &[])?;
        tx.audit(&session::entry(session, "user.totp_disable"))?;
        Ok(())
    })
}

/// Accepts a code of six digits, or a recovery code, once.
pub(super) fn check(store: &Store, user_id: i64, code: &str) -> AppResult<()> {
    let counter_key = counter::key(store, &format!("totp/{user_id}"), None);
    if !counter::open(store, &counter_key)? {
        return Err(code_failed());
    }
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    store.write(REGISTRY_CHAIN, |tx| {
        let now = tx.clock().now();
        if code.len() > 6 {
            let hash = recovery_hash(&code);
            let used = access::mark_recovery_used(tx.conn, user_id, &hash, now)?;
            return if used == 1 { Ok(()) } else { Err(code_failed()) };
        }
        let row = access::load(tx.conn, user_id)?;
        let sealed = row.totp_secret.as_deref().ok_or_else(code_failed)?;
        let seed = tx.cipher().open(FIELD, user_id, sealed).map_err(sealed_off)?;
        let step = matching_step(&seed, &code, now).ok_or_else(code_failed)?;
        match access::mark_totp_step(tx.conn, user_id, step)? {
            1 => Ok(()),
            _ => Err(code_failed()),
        }
    })?;
    counter::reset(store, &counter_key)
}

/// The time step whose code this is, if it is one of the three around now.
fn matching_step(seed: &[u8], code: &str, now: chrono::NaiveDateTime) -> Option<i64> {
    let totp = generator(seed)?;
    let time = u64::try_from(now.and_utc().timestamp()).ok()?;
    totp.check(code, time).and_then(|step| i64::try_from(step).ok())
}

fn generator(seed: &[u8]) -> Option<Totp> {
    Builder::new().with_secret(Secret::from(seed.to_vec())).build().ok()
}

fn recovery_code() -> AppResult<String> {
    let mut bytes = [0; 10];
    random_bytes(&mut bytes).map_err(AppError::io(std::path::Path::new("random")))?;
    let text = base32(&bytes);
    let (left, right) = text.split_at(8);
    Ok(format!("{left}-{right}"))
}

fn recovery_hash(code: &str) -> Vec<u8> {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    token_hash(&plain.to_ascii_uppercase())
}

/// Base32 without padding; the lengths used here are multiples of 5 bytes.
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut word, mut bits) = (0_u32, 0);
    for byte in bytes {
        word = word << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let index = (word >> bits) & 31;
            text.extend(BASE32.get(index as usize).map(|c| char::from(*c)));
        }
    }
    text
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn sealed_off(error: crate::store::cipher::SealError) -> AppError {
    AppError::coded(
        ErrorCode::Sealed,
        "动态口令的密钥无法解密。请联系系统管理员重置。",
        format!("The seed of the second factor does not open: {error}."),
    )
}

/// The code that an authenticator would show; for tests and the demo.
#[must_use]
pub fn code_at(secret: &str, now: chrono::NaiveDateTime) -> Option<String> {
    let mut seed = Vec::new();
    let (mut word, mut bits) = (0_u32, 0);
    for letter in secret.bytes() {
        let value = BASE32.iter().position(|c| *c == letter)?;
        word = word << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            seed.push(u8::try_from((word >> bits) & 255).ok()?);
        }
    }
    let time = u64::try_from(now.and_utc().timestamp()).ok()?;
    generator(&seed).map(|totp| totp.generate(time).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_rfc_6238_has_it() {
        // Appendix B, SHA-1, the last six of its eight digits.
        let secret = base32(b"12345678901234567890");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            let now = chrono::DateTime::from_timestamp(seconds, 0).expect("a time").naive_utc();
            assert_eq!(code_at(&secret, now).as_deref(), Some(code));
        }
    }
}
