//! Opaque cursors: where a list goes on, for which question, and at which blocks.
//!
//! A cursor is base64url of JSON and a tag: version, a hash of route and filters, the key of the last
//! row, and the blocks that the list was begun at; the tag is HMAC-SHA256 (RFC 2104) under a key that
//! all replicas share and that outlives them. Only what Herald has written is read again.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::asked::Asked;
use super::codes::Code;
use super::problem::{Fault, Problem};

/// Form of the cursors of this release.
const VERSION: u8 = 2;
/// Longest cursor: positions or pins of a hundred chains fit.
pub(super) const CURSOR_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a tag: nobody guesses one of 2^128.
const TAG_BYTES: usize = 16;

/// The block that a chain of a list is shown at, on every page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pin {
    /// The chain.
    pub chain: i16,
    /// Height of the block.
    pub block: i64,
    /// Its hash, 0x-hex; absent for a block of which only the height is stored.
    pub hash: Option<String>,
    /// How many rewinds the chain had had.
    pub epoch: i32,
}

/// What a cursor says: `K` is the key of the last row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor<K> {
    v: u8,
    q: String,
    /// Key of the last row.
    pub k: K,
    /// Blocks that the list shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub p: Vec<Pin>,
}

#[derive(Deserialize)]
struct Envelope {
    v: u8,
    q: String,
}

/// Signs cursors; cheap to clone, and shows nothing of itself.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// A key of the database's secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        // Shorter keys than a block are filled up with zeros (RFC 2104, section 2).
        let mut block = [0; 64];
        block[..secret.len()].copy_from_slice(secret);
        Self(Hmac::new(&block.into()))
    }

    /// The bytes followed by their tag, as text.
    fn sign(&self, mut bytes: Vec<u8>) -> String {
        let tag = self.0.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The bytes of a text that was signed; compared in constant time.
    fn verify(&self, text: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let tag = bytes.split_off(bytes.len().checked_sub(TAG_BYTES)?);
        self.0.clone().chain_update(&bytes).verify_truncated_left(&tag).ok()?;
        Some(bytes)
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

impl<K: Serialize> Cursor<K> {
    /// The cursor of the page after the row `key`, as text.
    pub(super) fn write(asked: &Asked, key: K, pins: Vec<Pin>) -> String {
        let cursor = Self { v: VERSION, q: question(asked), k: key, p: pins };
        asked.cursors.sign(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

impl<K: DeserializeOwned> Cursor<K> {
    /// The cursor that was sent as the parameter `name`, if any; one of another question is
    /// refused.
    pub(super) fn read(asked: &Asked, name: &'static str) -> Result<Option<Self>, Problem> {
        let Some(text) = asked.query(name) else { return Ok(None) };
        if text.len() > CURSOR_BYTES_MAX {
            return Err(invalid(name));
        }
        let bytes = asked.cursors.verify(text).ok_or_else(|| invalid(name))?;
        let envelope: Envelope = serde_json::from_slice(&bytes).map_err(|_| invalid(name))?;
        if envelope.v != VERSION {
            return Err(invalid(name));
        }
        if envelope.q != question(asked) {
            let detail = "the cursor was given for another route, other filters or another order";
            return Err(Problem::new(Code::CursorMismatch, detail).at("query", name));
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|_| invalid(name))
    }
}

/// The problem of a cursor that Herald did not write.
pub(super) fn invalid(name: &'static str) -> Problem {
    let detail = "not a cursor of this release; start again without it";
    let problem = Problem::new(Code::CursorInvalid, detail);
    Problem { errors: vec![Fault::new("query", name, detail)], ..problem }
}

fn question(asked: &Asked) -> String {
    let mut digest = Sha256::new();
    digest.update(asked.uri_path.to_ascii_lowercase());
    for (name, value) in asked.filters() {
        // `after` is the cursor of the feed itself.
        if name != "after" {
            digest.update([0]);
            digest.update(name);
            digest.update([0]);
            digest.update(value.to_ascii_lowercase());
        }
    }
    if !asked.body.is_empty() {
        // A byte that no text has, so that no parameter can stand for it.
        digest.update([0xFF]);
        digest.update(&asked.body);
    }
    alloy::primitives::hex::encode(&digest.finalize()[..8])
}
