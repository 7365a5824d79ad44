//! Signing in and staying signed in: sessions of browsers and of programs,
//! second factor, one-time codes, the account's own settings. No HTTP here.

mod counter;
pub mod draft_key;
pub mod grant;
pub mod invite;
pub mod listed;
pub mod manage;
pub mod own;
pub mod policy;
pub mod session;
pub mod sign_in;
pub mod token;
pub mod totp;

use sha2::{Digest, Sha256};

use crate::clock::random_bytes;
use crate::error::{AppError, AppResult, ErrorCode};

pub use policy::{AccessPolicy, Profile};
pub use session::{Kind, Level, Session};

/// A new secret of 256 bits as 43 letters, digits, `-` and `_`.
fn new_token() -> AppResult<String> {
    let mut bytes = [0; 32];
    random_bytes(&mut bytes).map_err(AppError::io(std::path::Path::new("random")))?;
    Ok(base64_url(&bytes))
}

/// What is stored of a token.
#[must_use]
pub fn token_hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Base64 for addresses and headers, without padding (RFC 4648 §5).
#[must_use]
pub fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            let index = (word >> (18 - 6 * at)) & 63;
            text.extend(ALPHABET.get(index as usize).map(|c| char::from(*c)));
        }
    }
    text
}

fn sign_in_failed() -> AppError {
    AppError::coded(
        ErrorCode::SignInFailed,
        "用户名或密码不正确,或账号暂时不能登录。",
        "The username or password is not correct, or the account cannot sign in right now.",
    )
}

fn code_failed() -> AppError {
    AppError::refuse(
        crate::error::Refusal::field(
            "code",
            "动态口令不正确或已用过。请等下一个口令再试。",
            "The code is wrong or already used. Wait for the next code and try again.",
        )
        .with_code(ErrorCode::SignInFailed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_rfc_4648_has_it() {
        for (plain, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64_url(plain.as_bytes()), text);
        }
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8");
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let tokens: std::collections::HashSet<String> =
            (0..10_000).map(|_| new_token().expect("randomness")).collect();
        assert_eq!(tokens.len(), 10_000);
        assert!(tokens.iter().all(|token| token.len() == 43));
    }
}

impl Session {
    /// Rights beyond the role, as services ask for them.
    #[must_use]
    pub fn extra(&self) -> crate::domain::role::Rights {
        crate::domain::role::Rights::parse(&self.rights.join(",")).unwrap_or_default()
    }
}
