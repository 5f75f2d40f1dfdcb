//! API keys: making them, reading their public part, and judging one against what is stored.
//!
//! A key is `hk_`, eight hexadecimal digits that find its row, `_`, and 32 random bytes in
//! base64url. Only SHA-256 of the whole is stored: with 256 random bits nothing slower is needed.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Random bytes of the secret part.
const SECRET_BYTES: usize = 32;
/// Hexadecimal digits of the public part.
const PREFIX_DIGITS: usize = 8;

/// What a key may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read what is public.
    Read,
    /// Track contracts.
    ContractsWrite,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope, for the command line and documents.
    pub const ALL: [Self; 3] = [Self::Read, Self::ContractsWrite, Self::Admin];

    /// The word of the API and of the tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::ContractsWrite => "contracts:write",
            Self::Admin => "admin",
        }
    }

    /// The scope of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Whether a key of these scopes may do this; `admin` may do everything.
    pub fn granted(self, scopes: &[String]) -> bool {
        scopes.iter().any(|scope| scope == self.as_str() || scope == Self::Admin.as_str())
    }
}

/// A key in full: shown once, never stored or logged.
pub struct Key {
    text: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("prefix", &self.prefix()).finish_non_exhaustive()
    }
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("no random bytes from the system")]
pub struct NoRandomness;

impl Key {
    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = [0; PREFIX_DIGITS / 2 + SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let (prefix, secret) = bytes.split_at(PREFIX_DIGITS / 2);
        let prefix = alloy::primitives::hex::encode(prefix);
        let secret = URL_SAFE_NO_PAD.encode(secret);
        Ok(Self { text: format!("hk_{prefix}_{secret}") })
    }

    /// The key that a client sent; `None` where it has not the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        let (prefix, secret) = text.strip_prefix("hk_")?.split_once('_')?;
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let whole = prefix.len() == PREFIX_DIGITS
            && prefix.bytes().all(hex)
            && URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == SECRET_BYTES);
        whole.then(|| Self { text: text.to_owned() })
    }

    /// The public part, which finds the stored row.
    pub fn prefix(&self) -> &str {
        &self.text[3..3 + PREFIX_DIGITS]
    }

    /// What is stored.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// Whether this is the key of the stored hash, in time that does not depend on either.
    pub fn matches(&self, stored: &[u8; 32]) -> bool {
        self.hash().ct_eq(stored).into()
    }

    /// The whole key, to be shown to its owner once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_read_back_and_matches_only_itself() {
        let key = Key::generate().unwrap();
        let read = Key::parse(key.reveal()).unwrap();
        assert_eq!(read.prefix(), key.prefix());
        assert!(read.matches(&key.hash()));
        assert!(!Key::generate().unwrap().matches(&key.hash()));
        assert!(!format!("{key:?}").contains(&key.reveal()[12..]), "a secret in a log");
    }

    #[test]
    fn other_texts_are_no_keys() {
        let key = Key::generate().unwrap();
        let whole = key.reveal();
        let cut = &whole[..whole.len() - 1];
        let upper = whole.to_uppercase();
        for wrong in ["", "hk_", "hk__", "hk_12345678_", "Bearer", "hk_é", cut, &upper] {
            assert!(Key::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn admin_is_granted_every_scope_and_others_only_their_own() {
        let scopes = |text: &str| vec![text.to_owned()];
        assert!(Scope::ContractsWrite.granted(&scopes("admin")));
        assert!(Scope::ContractsWrite.granted(&scopes("contracts:write")));
        assert!(!Scope::ContractsWrite.granted(&scopes("read")));
        assert!(!Scope::Admin.granted(&scopes("contracts:write")));
    }
}
