//! The codes of problems: the table behind `/docs/problems/{code}`.

/// A stable code, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described in the table that `describe` answers from")]
pub enum Code {
    InvalidRequest,
    CursorInvalid,
    CursorMismatch,
    KeyMissing,
    KeyInvalid,
    ScopeMissing,
    RouteUnknown,
    ChainUnknown,
    ContractNotTracked,
    TokenUnknown,
    EventUnknown,
    MethodNotAllowed,
    ContractNotReady,
    ChainIndexing,
    ContractIrregular,
    NotIndexed,
    BlockAhead,
    SeqAhead,
    SnapshotGone,
    ContractConflict,
    ContractPurging,
    BodyTooSlow,
    BodyTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    NoContract,
    NotNft,
    StartBlockNeeded,
    StartBlockAhead,
    Internal,
    DatabaseUnavailable,
    NotReady,
    TimedOut,
}

/// What there is to say about a code.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// The code itself.
    pub code: Code,
    /// Its name in the body and in the type URL.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The same sentence each time.
    pub title: &'static str,
    /// What to do about it.
    pub way_out: &'static str,
}

const fn row(
    code: Code,
    name: &'static str,
    status: u16,
    title: &'static str,
    way_out: &'static str,
) -> Described {
    Described { code, name, status, title, way_out }
}

/// Every code, in the order of `Code`.
#[rustfmt::skip]
pub const CODES: &[Described] = &[
    row(Code::InvalidRequest, "invalid_request", 400, "The request is malformed", "correct what `errors` points at"),
    row(Code::CursorInvalid, "cursor_invalid", 400, "The cursor is not one of Herald's", "send `page.next` unchanged, or start again without a cursor"),
    row(Code::CursorMismatch, "cursor_mismatch", 400, "The cursor belongs to another question", "keep path, filters and order the same on every page"),
    row(Code::KeyMissing, "key_missing", 401, "This route needs an API key", "send `Authorization: Bearer hk_…`; `herald keys create` makes a key"),
    row(Code::KeyInvalid, "key_invalid", 401, "The API key is not accepted", "use a key that is neither mistyped, expired nor revoked"),
    row(Code::ScopeMissing, "scope_missing", 403, "The API key lacks a scope", "use a key with the scope that `detail` names"),
    row(Code::RouteUnknown, "route_unknown", 404, "There is no such route", "see the list of routes in the documentation"),
    row(Code::ChainUnknown, "chain_unknown", 404, "Herald does not follow this chain", "use a chain that `detail` names, or configure the chain"),
    row(Code::ContractNotTracked, "contract_not_tracked", 404, "Herald does not follow this contract", "POST /v1/contracts follows it"),
    row(Code::TokenUnknown, "token_unknown", 404, "This token has never been seen", "check the token id; a burned token answers 200 with `owner: null`"),
    row(Code::EventUnknown, "event_unknown", 404, "There is no such event", "use an id from GET /v1/events"),
    row(Code::MethodNotAllowed, "method_not_allowed", 405, "The route does not take this method", "use a method of the `Allow` header"),
    row(Code::ContractNotReady, "contract_not_ready", 409, "The contract's history is not whole yet", "ask again after `Retry-After`; transfers can be read meanwhile"),
    row(Code::ChainIndexing, "chain_indexing", 409, "The chain's transfers are not indexed yet", "ask again after `Retry-After`; single events can be read meanwhile"),
    row(Code::ContractIrregular, "contract_irregular", 409, "Not every token of the contract can be listed", "ask for single tokens, or for a block before the range"),
    row(Code::NotIndexed, "not_indexed", 409, "The block lies before what is loaded", "ask for a block at or above the contract's `start_block`"),
    row(Code::BlockAhead, "block_ahead", 409, "The block is not indexed yet", "ask for a block at or below `indexed`, or later"),
    row(Code::SeqAhead, "seq_ahead", 409, "The event is not there yet", "ask again after `Retry-After`"),
    row(Code::SnapshotGone, "snapshot_gone", 409, "The block that the pages show was taken back", "start again without the cursor"),
    row(Code::ContractConflict, "contract_conflict", 409, "The contract is tracked with other settings", "leave it as it is, send the stored settings, or a lower `start_block`"),
    row(Code::ContractPurging, "contract_purging", 409, "The contract's facts are being removed", "ask again after `Retry-After`, until they are gone"),
    row(Code::BodyTooSlow, "body_too_slow", 408, "The body did not arrive in time", "send it again, over a connection that is fast enough"),
    row(Code::BodyTooLarge, "body_too_large", 413, "The body is too large", "send less"),
    row(Code::UriTooLong, "uri_too_long", 414, "The address is too long", "send shorter parameters"),
    row(Code::UnsupportedMediaType, "unsupported_media_type", 415, "The body is not JSON", "send `Content-Type: application/json`"),
    row(Code::NoContract, "no_contract", 422, "There is no contract at the address", "check chain and address; one that is not deployed yet can be followed once it is"),
    row(Code::NotNft, "not_nft", 422, "The contract shows nothing of an NFT standard", "send `standard` where you know that it is ERC-721 or ERC-1155"),
    row(Code::StartBlockNeeded, "start_block_needed", 422, "The block of the deployment cannot be found", "send `start_block`, the first block that can hold its logs"),
    row(Code::StartBlockAhead, "start_block_ahead", 422, "The start block is far above the chain's newest block", "send a `start_block` that the chain reaches soon, or none"),
    row(Code::Internal, "internal", 500, "Herald failed", "report `trace_id` to the operator"),
    row(Code::DatabaseUnavailable, "database_unavailable", 503, "The database cannot be reached", "ask again after `Retry-After`"),
    row(Code::NotReady, "not_ready", 503, "The database's schema does not fit this release", "the operator runs `herald migrate` or the matching release"),
    row(Code::TimedOut, "timed_out", 503, "The answer took too long", "ask for less at once, or again after `Retry-After`"),
];

impl Code {
    /// What there is to say about it.
    pub fn describe(self) -> &'static Described {
        &CODES[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;

    #[test]
    fn each_code_stands_at_its_place_in_the_table_under_a_name_of_its_own() {
        for (at, described) in CODES.iter().enumerate() {
            assert_eq!(described.code as usize, at, "{}", described.name);
            assert_eq!(CODES.iter().filter(|other| other.name == described.name).count(), 1);
            assert!(StatusCode::from_u16(described.status).is_ok());
        }
        assert_eq!(Code::TimedOut as usize, CODES.len() - 1, "a code without a row");
    }
}
