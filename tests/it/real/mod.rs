//! Real blocks, each served as a chain of its own whose start and head are that block, and what the
//! workers make of them against a reading of the receipts that uses no code of Herald.

mod few;
mod fixture;
mod numbering;
mod reading;
mod rpc;
mod serve;
mod shapes;

use std::collections::BTreeMap;
use std::sync::Arc;

use herald::index::track;
use herald::store::wishes::Tracked;
use herald::types::{Caip2, Standard};

use self::fixture::Block;
use self::reading::Reading;
use self::rpc::{Node, Quirks};
use self::serve::{Served, serve};
use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::{self, Indexer};
use crate::support::one::one_node;
use crate::support::rows::{self, Row};

/// What Herald is told of the contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Every contract's standard; ERC-20 ones are told to be ERC-721.
    Standards,
    /// Addresses only.
    Nothing,
}

/// A database that was filled from one real block.
struct Filled {
    database: TestDatabase,
    indexer: Indexer,
    _node: Served,
}

/// Serves the block and indexes it with every contract that could be one of tokens.
async fn fill(block: Block, quirks: Quirks, told: Told) -> Filled {
    let truth = reading::read(&block);
    let filled = start(block, quirks, told, &truth).await;
    filled.indexer.rest().await;
    filled
}

/// Serves the block and wishes for the candidates of `truth`; no worker has made a pass yet.
async fn start(block: Block, quirks: Quirks, told: Told, truth: &Reading) -> Filled {
    let database = fresh().await;
    let (chain, number) = (block.chain, block.number());
    let node = serve(Node { block, quirks }).await;
    let indexer = indexer(&database, chain, &node.url).await;
    follow(&indexer, truth, number, told).await;
    Filled { database, indexer, _node: node }
}

async fn indexer(database: &TestDatabase, chain: u64, url: &str) -> Indexer {
    let id = Caip2(chain);
    let pool = one_node(id, url);
    Indexer::over(&database.pool, (id, Arc::new(pool)), "one", indexer::rules()).await
}

async fn follow(indexer: &Indexer, truth: &Reading, start_block: u64, told: Told) {
    let standard = |address: &String| match (told, truth.erc1155.contains(address)) {
        (Told::Nothing, _) => None,
        (Told::Standards, true) => Some(Standard::Erc1155),
        (Told::Standards, false) => Some(Standard::Erc721),
    };
    let wish = |address: &String| Tracked {
        chain: indexer.context.key,
        address: address.parse().expect("an address"),
        standard: standard(address),
        start_block: Some(start_block),
    };
    let wishes: Vec<_> = truth.candidates.iter().map(wish).collect();
    track::ensure(&indexer.context, &wishes).await.expect("the wishes are written");
}

impl Filled {
    async fn transfers(&self) -> Vec<Row> {
        rows::transfers(&self.database.pool, self.indexer.context.key).await
    }

    async fn owners(&self) -> BTreeMap<(String, String), String> {
        rows::owners(&self.database.pool, self.indexer.context.key).await
    }

    /// Fails unless the tables say what the receipts say.
    async fn assert_is(&self, truth: &Reading, what: &str) {
        let stored = self.transfers().await;
        let missing: Vec<_> = truth.rows.iter().filter(|row| !stored.contains(row)).collect();
        let invented: Vec<_> = stored.iter().filter(|row| !truth.rows.contains(row)).collect();
        assert_eq!((missing, invented), (vec![], vec![]), "missing and invented of {what}");
        assert_eq!(stored, truth.rows, "{what}");
        assert_eq!(self.owners().await, truth.owners(), "owners of {what}");
    }
}

/// What a block of the fixtures holds, as it was counted by others.
struct Counts {
    name: &'static str,
    erc721: usize,
    singles: usize,
    batches: usize,
    contracts: usize,
    mints: usize,
    movers: usize,
    failed: usize,
}

const COUNTS: [Counts; 4] = [
    Counts {
        name: "mainnet-15000000",
        erc721: 92,
        singles: 5,
        batches: 1,
        contracts: 36,
        mints: 54,
        movers: 3,
        failed: 15,
    },
    Counts {
        name: "mainnet-18500000",
        erc721: 17,
        singles: 0,
        batches: 0,
        contracts: 3,
        mints: 14,
        movers: 0,
        failed: 1,
    },
    Counts {
        name: "polygon-50000000",
        erc721: 3,
        singles: 30,
        batches: 0,
        contracts: 6,
        mints: 17,
        movers: 0,
        failed: 7,
    },
    Counts {
        name: "cronos-68216",
        erc721: 0,
        singles: 0,
        batches: 0,
        contracts: 0,
        mints: 0,
        movers: 0,
        failed: 0,
    },
];

#[test]
fn the_blocks_hold_what_their_publishers_say() {
    for counts in COUNTS {
        let mut block = fixture::block(counts.name);
        let truth = reading::read(&block);
        assert_eq!(truth.erc721().len(), counts.erc721, "{}", counts.name);
        assert_eq!((truth.singles, truth.batches), (counts.singles, counts.batches));
        assert_eq!(truth.contracts(), counts.contracts, "{}", counts.name);
        assert_eq!(truth.mints(), counts.mints, "{}", counts.name);
        assert_eq!(truth.movers(), counts.movers, "{}", counts.name);
        assert_eq!(block.failed().count(), counts.failed, "{}", counts.name);
        assert!(truth.coins > 0, "{} has no coins to be mistaken", counts.name);
        let logs = block.receipts.iter().flat_map(|receipt| receipt["logs"].as_array());
        for (index, log) in logs.flatten().enumerate() {
            assert_eq!(fixture::quantity(&log["logIndex"]), index as u64, "{}", counts.name);
        }
    }
}

async fn all_blocks(told: Told) {
    for counts in COUNTS {
        let block = fixture::block(counts.name);
        let truth = reading::read(&block);
        let filled = fill(block, Quirks::default(), told).await;
        filled.assert_is(&truth, counts.name).await;
    }
}

#[tokio::test]
async fn contracts_of_stated_standards_are_read_from_real_blocks() {
    all_blocks(Told::Standards).await;
}

#[tokio::test]
async fn contracts_of_unstated_standards_are_read_from_real_blocks() {
    all_blocks(Told::Nothing).await;
}

#[tokio::test]
async fn erc721_contracts_are_read_among_coins_that_share_their_topic() {
    let only_erc721 = |mut truth: Reading| {
        truth.candidates.retain(|address| !truth.erc1155.contains(address));
        truth.rows.retain(|row| row.amount.is_none());
        truth
    };
    for counts in COUNTS {
        let block = fixture::block(counts.name);
        let truth = only_erc721(reading::read(&block));
        let filled = start(block, Quirks::default(), Told::Standards, &truth).await;
        filled.indexer.rest().await;
        filled.assert_is(&truth, counts.name).await;
        assert_eq!(filled.transfers().await.len(), counts.erc721, "{}", counts.name);
    }
}
