//! What the API answers of chains that the engine itself has indexed, reorgs included, at random blocks
//! and times and in pages of random sizes: each row against the replay of the raw logs.
//!
//! Long because the questions and what they are compared with share one site.

use std::collections::BTreeMap;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use axum::Router;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{api, code, ok, pages};
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Key, Kind, Replay, Tracked};
use crate::support::seeds::seeds;
use crate::support::sim::{Contract, World, wallets};

/// Longest list that is read, and longest range that is listed: some are longer than a test has time.
const ROWS_MAX: usize = 2_000;
/// Questions asked of each chain.
const QUESTIONS: usize = 25;

/// What is held at a block: contract, token and owner with the balance.
type Held = BTreeMap<(Address, U256, Address), I512>;

struct Site {
    router: Router,
    followed: Vec<Contract>,
    truth: Replay,
    /// The time of each block, by its height.
    times: Vec<OffsetDateTime>,
    rng: SmallRng,
}

impl Site {
    /// A chain of every standard with reorgs, indexed while it moves.
    async fn of(seed: u64, pool: &herald::store::Pool) -> Self {
        let mut world = World::mixed(seed, false);
        world.mine(25);
        let indexer = Indexer::new(pool, world.node(), "one").await;
        let followed: Vec<Contract> =
            world.contracts.iter().filter(|it| it.is_tracked).copied().collect();
        for contract in &followed {
            indexer.follow_as(contract.address, Some(contract.sort.kind()), 0).await;
        }
        indexer.rest().await;
        for depth in [1, 4, 2] {
            world.mine(5);
            indexer.rest().await;
            world.reorg(depth, depth + 1);
            indexer.rest().await;
        }
        world.settle();
        indexer.rest().await;
        let stated = followed.iter().map(|it| {
            let kind = Some(it.sort.kind());
            Tracked { kind, ..it.tracked(0) }
        });
        let blocks = world.canonical();
        let time = |seconds: u64| OffsetDateTime::from_unix_timestamp(seconds as i64).unwrap();
        Self {
            router: api(pool),
            truth: Replay::of(&blocks, &stated.collect::<Vec<_>>()),
            times: blocks.iter().map(|block| time(block.header.timestamp)).collect(),
            followed,
            rng: SmallRng::seed_from_u64(seed),
        }
    }

    fn held_at(&self, block: u64) -> Held {
        let owned = self.truth.owners_at(block).into_iter();
        let owned = owned.map(|((contract, token), owner)| ((contract, token, owner), I512::ONE));
        let balances = self.truth.balances_at(block).into_iter();
        let balances =
            balances.map(|(((contract, token), owner), it)| ((contract, token, owner), it));
        owned.chain(balances.filter(|(_, balance)| balance.is_positive())).collect()
    }

    /// A block and one of the ways to ask for it.
    fn moment(&mut self) -> (u64, String) {
        let last = self.times.len() - 1;
        let block = self.rng.random_range(1..=last);
        if block == last && self.rng.random() {
            return (block as u64, String::new());
        }
        if self.rng.random() {
            return (block as u64, format!("&at_block={block}"));
        }
        // Anywhere before the next block; at the last one only its own second is known.
        let room = self
            .times
            .get(block + 1)
            .map_or(0, |next| (*next - self.times[block]).whole_milliseconds() as i64 - 1);
        let after = time::Duration::milliseconds(self.rng.random_range(0..=room.max(0)));
        (
            block as u64,
            format!("&at_time={}", (self.times[block] + after).format(&Rfc3339).unwrap()),
        )
    }

    /// All rows of a list of `count` rows, in a few pages.
    async fn rows(&mut self, path: &str, at: &str, count: usize) -> Vec<Value> {
        let limit = *[1, 2, 3, 7, 50, 1000].choose(&mut self.rng).unwrap();
        let limit = limit.max(count / 6).min(1000);
        pages(&self.router, &format!("{path}?limit={limit}{at}"), async |_| {}).await
    }

    /// All tokens of a contract.
    async fn contract(&mut self) {
        let address = self.listable();
        let (block, at) = self.moment();
        let path = format!("/v1/contracts/31337/{address}");
        let mine =
            |held: Held| held.into_iter().filter(move |((contract, ..), _)| *contract == address);
        let expected: Vec<_> = mine(self.held_at(block)).collect();
        if expected.len() > ROWS_MAX {
            return self.token().await;
        }
        let told: Vec<_> = self
            .rows(&format!("{path}/tokens"), &at, expected.len())
            .await
            .iter()
            .map(row)
            .collect();
        assert_eq!(told, expected, "{path}/tokens at {block} by {at}");
        let mut owners: BTreeMap<Address, (I512, i64)> = BTreeMap::new();
        for ((.., owner), balance) in &expected {
            let sum = owners.entry(*owner).or_default();
            *sum = (sum.0 + *balance, sum.1 + 1);
        }
        let told: Vec<_> = self
            .rows(&format!("{path}/owners"), &at, owners.len())
            .await
            .iter()
            .map(owner)
            .collect();
        assert_eq!(
            told,
            owners.into_iter().collect::<Vec<_>>(),
            "{path}/owners at {block} by {at}"
        );
    }

    /// A contract without long ranges.
    fn listable(&mut self) -> Address {
        let is_long = |address: Address| {
            let long = U256::from(ROWS_MAX);
            self.truth.pieces.iter().any(|(key, it)| key.0 == address && it.last - key.1 > long)
        };
        let short = self.followed.iter().filter(|it| !is_long(it.address));
        short.collect::<Vec<_>>().choose(&mut self.rng).unwrap().address
    }

    /// What a wallet holds of a contract.
    async fn wallet(&mut self) {
        let wallet = *wallets().choose(&mut self.rng).unwrap();
        let contract = self.listable();
        let (block, at) = self.moment();
        let expected: Held = self
            .held_at(block)
            .into_iter()
            .filter(|((it, _, owner), _)| *owner == wallet && *it == contract)
            .collect();
        if expected.len() > ROWS_MAX {
            return self.token().await;
        }
        let path = format!("/v1/wallets/{wallet}/tokens");
        let told = self
            .rows(&path, &format!("&chain=31337&contract={contract}{at}"), expected.len())
            .await;
        let told: Vec<_> =
            told.iter().map(|it| ((place(it).0, place(it).1, wallet), balance(it))).collect();
        assert_eq!(told.len(), expected.len(), "{path} at {block} by {at}");
        assert_eq!(told.into_iter().collect::<Held>(), expected, "{path} at {block} by {at}");
    }

    /// One token and its owners.
    async fn token(&mut self) {
        let key: Key = self.truth.transfers.choose(&mut self.rng).unwrap().key;
        let (block, at) = self.moment();
        let path = format!("/v1/tokens/31337/{}/{}", key.0, key.1);
        let expected: BTreeMap<Address, I512> = match self.truth.kinds[&key.0] {
            Kind::Erc721 => self
                .truth
                .owner_at(key, block)
                .map(|owner| (owner, I512::ONE))
                .into_iter()
                .collect(),
            Kind::Erc1155 => {
                let held = self.held_at(block).into_iter();
                let of = held.filter(|((contract, token, _), _)| (*contract, *token) == key);
                of.map(|((.., owner), balance)| (owner, balance)).collect()
            }
        };
        let told = self.rows(&format!("{path}/owners"), &at, expected.len()).await;
        let told: BTreeMap<Address, I512> =
            told.iter().map(|it| (owner_of(it), balance(it))).collect();
        assert_eq!(told, expected, "{path}/owners at {block} by {at}");
        let seen = self.truth.transfers.iter().any(|it| {
            let last = it.last.unwrap_or(it.key.1);
            it.block <= block && it.key.0 == key.0 && (it.key.1..=last).contains(&key.1)
        });
        let uri = format!("{path}?{}", at.trim_start_matches('&'));
        if !seen {
            assert_eq!(code(&self.router, &uri).await, "token_unknown", "{uri}");
            return;
        }
        let shown = ok(&self.router, &uri).await;
        let supply = expected.values().fold(I512::ZERO, |sum, it| sum + *it);
        assert_eq!(shown["supply"], supply.to_string(), "{uri}");
        if self.truth.kinds[&key.0] == Kind::Erc721 {
            let owner = expected.keys().next().map(|it| it.to_checksum(None));
            assert_eq!(shown["owner"].as_str(), owner.as_deref(), "{uri}");
        }
    }
}

fn place(row: &Value) -> (Address, U256) {
    let text = |name: &str| row[name].as_str().unwrap();
    (text("contract").parse().unwrap(), text("token_id").parse().unwrap())
}

fn owner_of(row: &Value) -> Address {
    row["owner"].as_str().unwrap().parse().unwrap()
}

fn balance(row: &Value) -> I512 {
    row["balance"].as_str().unwrap().parse().unwrap()
}

fn row(row: &Value) -> ((Address, U256, Address), I512) {
    ((place(row).0, place(row).1, owner_of(row)), balance(row))
}

fn owner(row: &Value) -> (Address, (I512, i64)) {
    (owner_of(row), (balance(row), row["tokens"].as_i64().unwrap()))
}

#[tokio::test]
async fn the_api_says_of_any_block_what_the_replay_of_the_logs_says() {
    for seed in seeds(1, 3) {
        let database = fresh().await;
        let mut site = Site::of(seed, &database.pool).await;
        for _ in 0..QUESTIONS {
            match site.rng.random_range(0..3) {
                0 => site.contract().await,
                1 => site.wallet().await,
                _ => site.token().await,
            }
        }
    }
}
