//! Every parameter of a path or a query, described once.

use serde_json::{Value, json};

use super::cursor::CURSOR_BYTES_MAX;
use super::params::{BLOCK_MAX, LIMIT_DEFAULT, LIMIT_MAX};
use crate::types::{ContractState, EventKind};

/// A parameter.
pub(super) struct Parameter {
    /// Its name in a path or a query.
    pub name: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// One value that it can have.
    pub example: &'static str,
    /// Which values it can have.
    pub schema: fn() -> Value,
}

const fn row(
    name: &'static str,
    meaning: &'static str,
    example: &'static str,
    schema: fn() -> Value,
) -> Parameter {
    Parameter { name, meaning, example, schema }
}

const APES: &str = "0xBC4CA0EdA7647A8aB7C2061c2E118A18a936f13D";
const SOMEBODY: &str = "0x1b523DC90A79cF5ee5d095825e586e33780f7188";

fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// Every parameter, by name.
#[rustfmt::skip]
pub(super) const PARAMETERS: &[Parameter] = &[
    row("acquired_after", "Only what arrived after this time.", "2026-01-31T12:00:00Z", instant),
    row("address", "An address, in any case.", APES, address),
    row("after", "`page.next` of the answer before; without it the feed begins at its beginning.", "eyJ2IjoxLCJxIjoiYTRhMTRlNzQyYmRi", cursor),
    row("after_position", "Behind this transfer: block, log index and batch index.", "18000000.12.0", || json!({"type": "string", "pattern": "^[0-9]{1,19}\\.[0-9]{1,10}\\.[0-9]{1,10}$"})),
    row("at_block", "The state at the end of this block.", "18000000", block),
    row("at_time", "The state at the end of the last block at or before this time.", "2026-01-31T12:00:00Z", instant),
    row("block_hash", "The hash that the block must have, as an answer before has told it.", "0x46f883f8a6501002d5eec4cd7e78aabfd53428b1d33687cf2d090021d108df19", || json!({"type": "string", "pattern": "^0[xX][0-9a-fA-F]{64}$"})),
    row("chain", "A chain: its CAIP-2 id, its number or its alias.", "eip155:1", || json!({"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"})),
    row("contract", "Address of a contract, in any case.", APES, address),
    row("cursor", "`page.next` of the page before, with the same path and filters.", "eyJ2IjoxLCJxIjoiYzEyNmNhZWIwMmEx", cursor),
    row("format", "How the rows are written.", "csv", || json!({"type": "string", "enum": ["csv", "ndjson"], "default": "csv"})),
    row("from", "Only transfers from this address; the zero address gives what was minted.", SOMEBODY, address),
    row("from_block", "Only blocks from this one on.", "17000000", block),
    row("id", "Id of an event.", "evt_3e6d357ce947b562a7e2443a295adad9", || json!({"type": "string", "pattern": "^evt_[0-9a-fA-F]{32}$"})),
    row("kind", "Only transfers of this kind.", "mint", || json!({"type": "string", "enum": ["mint", "transfer", "burn"]})),
    row("limit", "Most rows of a page.", "50", || json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT})),
    row("merkle", "What the leaves are: one for each owner, or one for each holding.", "owners", || json!({"type": "string", "enum": ["owners", "tokens"], "default": "owners"})),
    row("min_finality", "Only what is at least this final; of ownership, the state at that mark.", "finalized", || json!({"type": "string", "enum": ["latest", "safe", "finalized"], "default": "latest"})),
    row("order", "Whether the newest or the oldest come first.", "asc", || json!({"type": "string", "enum": ["desc", "asc"], "default": "desc"})),
    row("purge", "Whether the contract's facts are removed too.", "false", || json!({"type": "boolean", "default": false})),
    row("standard", "Only tokens of this standard.", "erc721", || json!({"type": "string", "enum": ["erc721", "erc1155"]})),
    row("status", "Only contracts that are this far.", "ready", || json!({"type": "string", "enum": ContractState::ALL.map(ContractState::as_str)})),
    row("to", "Only transfers to this address; the zero address gives what was burned.", SOMEBODY, address),
    row("to_block", "Only blocks up to this one.", "18000000", block),
    row("token_id", "A token id, 0 to 2^256-1, in decimal or 0x-hexadecimal.", "77", || json!({"type": "string", "pattern": "^([0-9]{1,78}|0[xX][0-9a-fA-F]{1,64})$"})),
    row("tx_hash", "Only transfers of this transaction.", "0x39b9dd26b37f5567d684fd1efa0b0937c0d43ffb330ef3eacfdf3de4a344f017", || json!({"type": "string", "pattern": "^0[xX][0-9a-fA-F]{64}$"})),
    row("types", "Only events of these types, with commas between them.", "token.minted,token.removed", types),
    row("wallet", "Only transfers from or to this address.", SOMEBODY, address),
];

fn address() -> Value {
    json!({"type": "string", "pattern": "^0[xX][0-9a-fA-F]{40}$"})
}

fn block() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0, "maximum": BLOCK_MAX})
}

fn cursor() -> Value {
    json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": CURSOR_BYTES_MAX})
}

/// A list in one value, so that a name is written into a URL as it is read in the feed.
fn types() -> Value {
    let names = EventKind::ALL.map(EventKind::as_str);
    json!({"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1, "maxItems": names.len()})
}

/// The parameter of this name.
pub(super) fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ROUTES;

    #[test]
    fn each_parameter_of_a_route_is_described_once_and_each_that_is_described_is_used() {
        let used: Vec<&str> =
            ROUTES.iter().flat_map(|route| route.segments().chain(route.queries())).collect();
        for name in &used {
            let rows = PARAMETERS.iter().filter(|row| row.name == *name).count();
            assert_eq!(rows, 1, "{name}");
        }
        for row in PARAMETERS {
            assert!(used.contains(&row.name), "no route has {}", row.name);
        }
        assert!(PARAMETERS.is_sorted_by_key(|row| row.name));
    }
}
