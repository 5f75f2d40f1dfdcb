//! One block: transactions sealed under a header whose bloom, receipts root and hash are real.
//!
//! Not real are the state root and the transactions root, which nobody reads: transactions have
//! no signed bytes here.

use alloy::primitives::{Address, B256, Bloom, Log, U256, keccak256};
use alloy_consensus::{
    Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, TxType, constants::EMPTY_WITHDRAWALS,
    proofs::calculate_receipt_root,
};
use herald::chain::{self, RawLog};
use herald::types::BlockRef;

/// Seconds since the Unix epoch of every block 0.
const GENESIS_TIME: u64 = 1_700_000_000;
/// Gas of a transaction without logs.
const GAS_BASE: u64 = 21_000;
/// Gas of each log.
const GAS_LOG: u64 = 2_000;

/// What a transaction does to one token or to a range, as the generator meant it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Contract of the token.
    pub(crate) contract: Address,
    /// The token, or the first of a range.
    pub(crate) token: U256,
    /// The last of a range.
    pub(crate) last: Option<U256>,
    /// How much of an ERC-1155 token.
    pub(crate) amount: Option<U256>,
    /// Holder before; zero on a mint.
    pub(crate) from: Address,
    /// Holder after; zero on a burn.
    pub(crate) to: Address,
}

impl Move {
    /// A move of one ERC-721 token.
    pub(crate) fn single((contract, token): (Address, U256), from: Address, to: Address) -> Self {
        Self { contract, token, last: None, amount: None, from, to }
    }
}

/// A transaction: the logs it emits and what they mean.
#[derive(Clone, Debug)]
pub(crate) struct SimTx {
    /// Its hash.
    pub(crate) hash: B256,
    /// Its EIP-2718 type, which is part of its receipt.
    pub(crate) kind: TxType,
    /// What it emits; a reverted transaction emits nothing.
    pub(crate) logs: Vec<Log>,
    /// Whether it succeeded.
    pub(crate) succeeds: bool,
    /// What its transfers mean, in the order of their logs and elements.
    pub(crate) moves: Vec<Move>,
}

impl SimTx {
    /// A successful transaction with a hash derived from `nonce`, which must be unique.
    pub(crate) fn new(nonce: u64, logs: Vec<Log>) -> Self {
        let kind = [TxType::Legacy, TxType::Eip2930, TxType::Eip1559][(nonce % 3) as usize];
        let hash = keccak256(nonce.to_be_bytes());
        Self { hash, kind, logs, succeeds: true, moves: Vec::new() }
    }
}

/// A sealed block.
#[derive(Debug)]
pub(crate) struct SimBlock {
    /// The whole header.
    pub(crate) header: Header,
    /// Keccak of the header's RLP.
    pub(crate) hash: B256,
    /// Its transactions.
    pub(crate) txs: Vec<SimTx>,
    /// Its logs as a node would answer them.
    pub(crate) logs: Vec<RawLog>,
}

impl SimBlock {
    /// Block 0 of the chain that `chain_id` and `seed` name.
    pub(crate) fn genesis(chain_id: u64, seed: u64) -> Self {
        let salt = keccak256([chain_id.to_be_bytes(), seed.to_be_bytes()].concat());
        seal(Header { timestamp: GENESIS_TIME, ..blank(salt) }, Vec::new())
    }

    /// The block above `parent`. Blocks of equal content on two branches differ by `salt`.
    pub(crate) fn above(parent: &Self, seconds: u64, salt: u64, txs: Vec<SimTx>) -> Self {
        let header = Header {
            parent_hash: parent.hash,
            number: parent.header.number + 1,
            timestamp: parent.header.timestamp + seconds,
            ..blank(keccak256(salt.to_be_bytes()))
        };
        seal(header, txs)
    }

    /// Number, hash, parent and time.
    pub(crate) fn block_ref(&self) -> BlockRef {
        BlockRef {
            number: self.header.number,
            hash: self.hash,
            parent: self.header.parent_hash,
            time: self.header.timestamp,
        }
    }

    /// The header as `trait Chain` answers it.
    pub(crate) fn chain_header(&self) -> chain::Header {
        chain::Header {
            block: self.block_ref(),
            logs_bloom: self.header.logs_bloom,
            receipts_root: self.header.receipts_root,
        }
    }

    /// The receipts that the header commits to.
    pub(crate) fn receipts(&self) -> Vec<ReceiptEnvelope> {
        receipts(&self.txs)
    }
}

/// A header with everything that does not depend on its place or its transactions.
fn blank(salt: B256) -> Header {
    Header {
        state_root: salt,
        mix_hash: salt,
        gas_limit: 1_000_000_000,
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(salt),
        ..Header::default()
    }
}

fn seal(base: Header, txs: Vec<SimTx>) -> SimBlock {
    let receipts = receipts(&txs);
    let hashes: Vec<u8> = txs.iter().flat_map(|tx| tx.hash.0).collect();
    let header = Header {
        transactions_root: keccak256(hashes),
        receipts_root: calculate_receipt_root(&receipts),
        logs_bloom: receipts.iter().fold(Bloom::ZERO, |all, one| all | *one.logs_bloom()),
        gas_used: txs.iter().map(gas).sum(),
        ..base
    };
    let hash = header.hash_slow();
    let logs = raw_logs(&header, hash, &txs);
    SimBlock { header, hash, txs, logs }
}

fn receipts(txs: &[SimTx]) -> Vec<ReceiptEnvelope> {
    let mut cumulative_gas_used = 0;
    let sealed = txs.iter().map(|tx| {
        cumulative_gas_used += gas(tx);
        let receipt =
            Receipt { status: tx.succeeds.into(), cumulative_gas_used, logs: tx.logs.clone() };
        ReceiptEnvelope::from_typed(tx.kind, ReceiptWithBloom::from(receipt))
    });
    sealed.collect()
}

fn gas(tx: &SimTx) -> u64 {
    GAS_BASE + GAS_LOG * tx.logs.len() as u64
}

fn raw_logs(header: &Header, hash: B256, txs: &[SimTx]) -> Vec<RawLog> {
    let emitted = txs.iter().flat_map(|tx| tx.logs.iter().map(move |log| (tx.hash, log)));
    let raw = emitted.zip(0..).map(|((tx_hash, log), log_index)| RawLog {
        address: log.address,
        topics: log.topics().to_vec(),
        data: log.data.data.clone(),
        block: header.number,
        block_hash: hash,
        block_time: Some(header.timestamp),
        tx_hash,
        log_index,
    });
    raw.collect()
}
