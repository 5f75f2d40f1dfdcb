//! Pure: the events of the outbox, worded as the public contract has them.
//!
//! The same occurrence always gives the same id and the same bytes: fields are written in the
//! order of the structs below.

use alloy::primitives::{Address, B256, U256};
use serde::Serialize;

use super::now::{Now, NowView};
use crate::store::events::{EventBlock, NewEvent};
use crate::store::transfers::StoredTransfer;
use crate::types::{Caip2, ContractKey, EventId, EventKind, Position, Standard, TransferKind};

/// The contract of a token event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Surrogate number.
    pub key: ContractKey,
    /// Address.
    pub address: Address,
    /// Standard, once known.
    pub standard: Option<Standard>,
    /// Whether it is known to log ids as data, by which a contract gets ready a second time.
    pub id_in_data: bool,
}

#[derive(Serialize)]
struct Token<'a> {
    contract: String,
    token_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id_to: Option<String>,
    standard: &'a str,
    from: Option<String>,
    to: Option<String>,
    amount: String,
    tx_hash: B256,
    log_index: u32,
    batch_index: u32,
}

/// What happened to a token.
pub fn token(
    chain: Caip2,
    subject: Subject,
    block: EventBlock,
    stored: &StoredTransfer,
) -> NewEvent {
    let transfer = &stored.transfer;
    let data = Token {
        contract: subject.address.to_checksum(None),
        token_id: transfer.token_id.to_string(),
        token_id_to: transfer.token_id_to.map(|last| last.to_string()),
        standard: transfer.standard().as_str(),
        from: person(transfer.from),
        to: person(transfer.to),
        amount: transfer.amount.unwrap_or(U256::ONE).to_string(),
        tx_hash: transfer.tx_hash,
        log_index: transfer.position.log_index,
        batch_index: transfer.position.batch_index,
    };
    let about = About {
        block,
        position: transfer.position,
        contract: Some(subject.key),
        subject: transfer.tx_hash.as_slice(),
    };
    event(chain, token_kind(stored), about, &data)
}

/// The id of that event.
pub fn token_id(chain: Caip2, block: EventBlock, stored: &StoredTransfer) -> EventId {
    let (at, kind) = (stored.transfer.position, token_kind(stored));
    let subject = stored.transfer.tx_hash;
    EventId::derive(chain, (block.hash, block.epoch), at, kind, subject.as_slice())
}

/// The kind of event that a transfer is told as.
pub fn token_kind(stored: &StoredTransfer) -> EventKind {
    match TransferKind::of(stored.transfer.from, stored.transfer.to) {
        TransferKind::Mint => EventKind::TokenMinted,
        TransferKind::Transfer => EventKind::TokenTransferred,
        TransferKind::Burn => EventKind::TokenBurned,
    }
}

#[derive(Serialize)]
struct Block {
    number: u64,
    hash: B256,
}

#[derive(Serialize)]
struct Removed<'a> {
    contract: String,
    token_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id_to: Option<String>,
    standard: &'a str,
    removes: String,
    old_block: Block,
    new_block: Option<Block>,
    now: Option<NowView>,
}

/// What no longer happened: the event of `stored` in `block`, and what holds now. The hash that the
/// chain shows at that height instead is told where it was seen.
pub fn removed(
    chain: Caip2,
    subject: Subject,
    block: EventBlock,
    stored: &StoredTransfer,
    (shown, now): (Option<B256>, Now),
) -> NewEvent {
    let removes = token_id(chain, block, stored);
    let transfer = &stored.transfer;
    let data = Removed {
        contract: subject.address.to_checksum(None),
        token_id: transfer.token_id.to_string(),
        token_id_to: transfer.token_id_to.map(|last| last.to_string()),
        standard: transfer.standard().as_str(),
        removes: removes.to_string(),
        old_block: Block { number: block.number, hash: block.hash },
        new_block: shown.map(|hash| Block { number: block.number, hash }),
        now: now.view(),
    };
    let about = About {
        block,
        position: transfer.position,
        contract: Some(subject.key),
        subject: &removes.0,
    };
    event(chain, EventKind::TokenRemoved, about, &data)
}

#[derive(Serialize)]
struct Reorged {
    from: Block,
    to: Block,
    depth: u64,
    transfers_removed: u64,
}

/// Blocks were taken back: from the old checkpoint `block` down to `to`.
pub fn reorged(chain: Caip2, block: EventBlock, to: (u64, B256), transfers: u64) -> NewEvent {
    let data = Reorged {
        from: Block { number: block.number, hash: block.hash },
        to: Block { number: to.0, hash: to.1 },
        depth: block.number.saturating_sub(to.0),
        transfers_removed: transfers,
    };
    event(chain, EventKind::ChainReorged, of_block(block, None, to.1.as_slice()), &data)
}

#[derive(Serialize)]
struct Finalized {
    to: u64,
    hash: B256,
}

/// Everything up to `block` is final. After `rewinds` of the chain it may be told again, since a
/// person can take back what was final.
pub fn finalized(chain: Caip2, block: EventBlock, rewinds: i32) -> NewEvent {
    let data = Finalized { to: block.number, hash: block.hash };
    event(chain, EventKind::ChainFinalized, of_block(block, None, &rewinds.to_be_bytes()), &data)
}

#[derive(Serialize)]
struct Contract {
    contract: String,
    standard: Option<&'static str>,
    start_block: u64,
}

/// A contract is followed after `block` (`contract.added`), whole up to it (`contract.ready`), or
/// followed no longer (`contract.removed`). All of it may happen again at one block: the chain's
/// `filter_version` tells the times apart.
pub fn contract(
    chain: Caip2,
    kind: EventKind,
    subject: Subject,
    (start_block, filter_version): (u64, i64),
    block: EventBlock,
) -> NewEvent {
    let data = Contract {
        contract: subject.address.to_checksum(None),
        standard: subject.standard.map(Standard::as_str),
        start_block,
    };
    let mut told_apart = subject.address.to_vec();
    told_apart.extend(filter_version.to_be_bytes());
    event(chain, kind, of_block(block, Some(subject.key), &told_apart), &data)
}

/// What an event is about; `subject` tells apart events of one kind at one position.
struct About<'a> {
    block: EventBlock,
    position: Position,
    contract: Option<ContractKey>,
    subject: &'a [u8],
}

fn event(chain: Caip2, kind: EventKind, about: About<'_>, data: &impl Serialize) -> NewEvent {
    let About { block, position, contract, subject } = about;
    NewEvent {
        id: EventId::derive(chain, (block.hash, block.epoch), position, kind, subject),
        kind,
        block,
        contract,
        data: serde_json::to_string(data).expect("structs of strings and numbers are JSON"),
    }
}

fn of_block(block: EventBlock, contract: Option<ContractKey>, subject: &[u8]) -> About<'_> {
    let position = Position { block: block.number, log_index: 0, batch_index: 0 };
    About { block, position, contract, subject }
}

pub(super) fn person(address: Address) -> Option<String> {
    (!address.is_zero()).then(|| address.to_checksum(None))
}
