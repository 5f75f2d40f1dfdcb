//! The kinds of text in answers, each described once: `#[schemars(with = "shapes::Address")]` above a
//! member says which it is.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::types::{ContractState, EventKind};

/// A kind of text by its name, its meaning and its schema.
macro_rules! kinds {
    ($($name:ident: $meaning:literal, $schema:expr;)*) => {$(
        #[doc = $meaning]
        pub(super) enum $name {}

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema: Schema = $schema;
                schema.insert("description".into(), $meaning.into());
                schema
            }
        }
    )*};
}

fn pattern(pattern: &str) -> Schema {
    json_schema!({"type": "string", "pattern": pattern})
}

fn one_of(words: &[&str]) -> Schema {
    json_schema!({"type": "string", "enum": words})
}

kinds! {
    Address: "An address in mixed case (EIP-55).", pattern("^0x[0-9a-fA-F]{40}$");
    AddressSent: "An address, in any case.", pattern("^0[xX][0-9a-fA-F]{40}$");
    ChainName: "A chain: its CAIP-2 id, its number or its alias; a number may be a JSON number.",
        json_schema!({"anyOf": [{"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"}, {"type": "integer", "minimum": 0}]});
    Hash: "32 bytes in hexadecimal.", pattern("^0x[0-9a-f]{64}$");
    ChainId: "CAIP-2 id of a chain.", pattern("^eip155:[1-9][0-9]{0,19}$");
    AssetId: "CAIP-19 id of a token.",
        pattern("^eip155:[1-9][0-9]{0,19}/(erc721|erc1155):0x[0-9a-fA-F]{40}/[0-9]{1,78}$");
    TransferId: "Chain, transaction, log index and batch index.",
        pattern("^eip155:[1-9][0-9]{0,19}:0x[0-9a-f]{64}:[0-9]+:[0-9]+$");
    EventName: "Id of an event.", pattern("^evt_[0-9a-f]{32}$");
    Stream: "A stream of the feed: one a chain.", pattern("^chain:eip155:[1-9][0-9]{0,19}$");
    TokenId: "A token id, 0 to 2^256-1, in decimal.", pattern("^(0|[1-9][0-9]{0,77})$");
    Units: "Units, in decimal; a sum can be above 2^256-1.", pattern("^(0|[1-9][0-9]*)$");
    Time: "A time, RFC 3339 in UTC.",
        json_schema!({"type": "string", "format": "date-time", "pattern": "Z$"});
    Cursor: "Opaque: send it back unchanged.", pattern("^[A-Za-z0-9_-]+$");
    Standard: "A token standard, and the namespace of CAIP-19 ids.", one_of(&["erc721", "erc1155"]);
    Finality: "How final a fact is.", one_of(&["latest", "safe", "finalized"]);
    Kind: "What a transfer is: from nobody, between two, to nobody.",
        one_of(&["mint", "transfer", "burn"]);
    EventType: "What an event tells.", one_of(&EventKind::ALL.map(EventKind::as_str));
    ContractStatus: "How far a contract is.", one_of(&ContractState::ALL.map(ContractState::as_str));
    LeftStatus: "Why a contract is left out or shown in part: how far it is, or `irregular`.",
        one_of(&["probing", "loading", "folding", "ready", "stopped", "irregular"]);
    ChainStatus: "How a chain does.", one_of(&["loading", "live", "stalled", "halted", "paused"]);
    Indexes: "Whether a chain's transfers can be listed.", one_of(&["absent", "building", "ready"]);
    EndpointStatus: "How an endpoint does.",
        one_of(&["ok", "failing", "misconfigured", "unknown"]);
    Origin: "Who asked for a contract first.", one_of(&["config", "api", "cli"]);
    BlockSent: "A block number.", json_schema!({"type": "integer", "minimum": 0});
    TimeSent: "A time, RFC 3339.", json_schema!({"type": "string", "format": "date-time"});
    TokenIdSent: "A token id, 0 to 2^256-1, in decimal or 0x-hexadecimal.", pattern("^([0-9]{1,78}|0[xX][0-9a-fA-F]{1,64})$");
    AssetIdSent: "CAIP-19 id of a token.", json_schema!({"type": "string"});
    Held: "Whether something is held.", one_of(&["yes", "no", "unknown"]);
    Leaves: "What the leaves of a tree are.", one_of(&["owners", "tokens"]);
    Cause: "Why blocks were taken back.", one_of(&["reorg", "operator"]);
}
