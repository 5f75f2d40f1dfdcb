//! A real node with an NFT and a coin of three topics, and Herald before it.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};
use herald::devnet::anvil::Anvil;
use herald::devnet::node::{Answer, Node};
use herald::types::Caip2;

use super::relay::Relay;
use super::shapes::{mine, send};
use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::{Indexer, rules};
use crate::support::odd::{HeraldCoin, OddCollectible, deploy_odd};
use crate::support::one::one_node;
use crate::support::replay::Kind;
use crate::support::rows;

const CHAIN: u64 = 31_337;
/// Blocks above the history, so that its lower part is final and loaded by range.
const ABOVE: usize = 20;

/// A real node with both contracts, and Herald before it.
pub(super) struct Scene {
    pub(super) database: TestDatabase,
    pub(super) indexer: Indexer,
    pub(super) relay: Relay,
    pub(super) node: Node,
    pub(super) nft: Address,
    pub(super) coin: Address,
    pub(super) people: [Address; 2],
    pub(super) anvil: Anvil,
    _dir: tempfile::TempDir,
}

/// What is stored of how a contract is read.
pub(super) type Read = (Option<String>, Option<bool>);

impl Scene {
    pub(super) async fn new() -> Self {
        let (dir, path) = super::folder();
        let anvil = Anvil::start(&super::program(), &path, "odd", CHAIN).await.unwrap();
        let node = Node::new(&anvil.http_url()).unwrap();
        let people: [Address; 2] = node.accounts().await.unwrap()[..2].try_into().unwrap();
        let (nft, coin) = deploy_odd(&node, people[0]).await;
        let relay = Relay::to(&anvil.http_url()).await;
        let database = fresh().await;
        let indexer = process(&database, &relay).await;
        Self { database, indexer, relay, node, nft, coin, people, anvil, _dir: dir }
    }

    /// Herald stops and starts again.
    pub(super) async fn restart(&mut self) {
        self.indexer = process(&self.database, &self.relay).await;
    }

    pub(super) async fn follow(&self, kind: Option<Kind>) {
        for contract in [self.nft, self.coin] {
            self.indexer.follow_as(contract, kind, 0).await;
        }
    }

    pub(super) async fn mint(&self, id: u64) {
        let (to, id) = (self.people[0], U256::from(id));
        send(&self.node, to, self.nft, OddCollectible::mintCall { to, id }).await;
    }

    pub(super) async fn pass(&self, id: u64) {
        let (to, id) = (self.people[1], U256::from(id));
        send(&self.node, to, self.nft, OddCollectible::transferCall { to, id }).await;
    }

    pub(super) async fn burn(&self, id: u64) {
        let id = U256::from(id);
        send(&self.node, self.people[0], self.nft, OddCollectible::burnCall { id }).await;
    }

    /// The coin moves amounts that are ids of the NFT too.
    pub(super) async fn pay(&self, amount: u64) {
        let ([from, to], amount) = (self.people, U256::from(amount));
        send(&self.node, from, self.coin, HeraldCoin::mintCall { to: from, amount }).await;
        send(&self.node, from, self.coin, HeraldCoin::transferCall { to, value: amount }).await;
    }

    pub(super) async fn rise(&self) {
        for _ in 0..ABOVE {
            mine(&self.node).await;
        }
    }

    pub(super) async fn read(&self, contract: Address) -> Read {
        sqlx::query_as("select standard, id_in_data from chain.contracts where address = $1")
            .bind(contract.as_slice())
            .fetch_one(&self.database.pool)
            .await
            .unwrap()
    }

    /// Every stored row, as contract, token, giver and taker.
    pub(super) async fn stored(&self) -> Vec<[String; 4]> {
        let rows = rows::transfers(&self.database.pool, self.indexer.context.key).await;
        rows.into_iter().map(|row| [row.contract, row.token_id, row.from, row.to]).collect()
    }

    /// The tables are what the NFT logged, and its own word about every token.
    pub(super) async fn assert_true(&self, when: &str) {
        let mut logged = Vec::new();
        let mut owners = BTreeMap::new();
        let (nft, head) = (format!("{:#x}", self.nft), self.node.head().await.unwrap().hash);
        for log in self.node.logs(self.nft).await.unwrap() {
            let [_, from, to] = log.topics[..] else { panic!("three topics") };
            let id = U256::from_be_slice(&log.data);
            let person = |word: B256| format!("{:#x}", Address::from_word(word));
            logged.push([nft.clone(), id.to_string(), person(from), person(to)]);
            let call = OddCollectible::ownerOfCall { id };
            if let Answer::Returned(owner) = self.node.call(self.nft, &call, head).await.unwrap() {
                owners.insert((nft.clone(), id.to_string()), format!("{owner:#x}"));
            }
        }
        assert_eq!(self.stored().await, logged, "{when}");
        let held = rows::owners(&self.database.pool, self.indexer.context.key).await;
        assert_eq!(held, owners, "{when}");
    }

    pub(super) fn decisions(&self) -> [usize; 2] {
        [self.nft, self.coin].map(|contract| self.relay.book().decisions(contract))
    }
}

async fn process(database: &TestDatabase, relay: &Relay) -> Indexer {
    let id = Caip2(CHAIN);
    let chain = one_node(id, &relay.url);
    Indexer::over(&database.pool, (id, Arc::new(chain)), "one", rules()).await
}
