//! How many rows a page makes the database look at: as many as the page has, times a few, whatever
//! the contract, the wallet or a range holds beside. True of the present and of lists that go on at
//! the block of their first page; at an old block, versions that are younger are passed over too.

use std::time::Duration;

use alloy::primitives::{Address, U256};
use axum::Router;
use herald::store::{self, Pool};
use serde_json::Value;

use super::{api, ok};
use crate::support::database::{TestDatabase, fresh};
use crate::support::seed::{Held, LASTS, Move, Piece, SeedChain, SeedContract, person};

/// Rows of a page.
const LIMIT: u64 = 100;
/// Rows looked at for each row of a page (holding or piece, block, transfer, some of them in both
/// tables), and for what a page looks up once.
const MOST: i64 = 20 * LIMIT as i64 + 200;
/// Tokens, and pieces, of each large thing.
const MANY: u64 = 10_000;

const LINE: u8 = 0xA1;
const COMB: u8 = 0xA2;
const BLOCK: u8 = 0xA3;

/// A database of which only one connection reads, so that its counts are whole.
struct Counted {
    _db: TestDatabase,
    pool: Pool,
    router: Router,
}

impl Counted {
    /// Rows and index entries that scans have returned so far.
    async fn examined(&self) -> i64 {
        sqlx::query("select pg_stat_force_next_flush()").execute(&self.pool).await.unwrap();
        sqlx::query_scalar(
            r"select ((select sum(seq_tup_read) from pg_stat_user_tables where schemaname = 'chain')
                + (select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = 'chain'))::int8",
        )
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// The answer, and how many rows it took.
    async fn ask(&self, uri: &str) -> (Value, i64) {
        let before = self.examined().await;
        let answer = ok(&self.router, uri).await;
        (answer, self.examined().await - before)
    }
}

fn piece(first: u64, last: u64) -> Piece {
    Piece {
        log: 0,
        since: 3,
        until: LASTS,
        acquired: 2,
        listed: true,
        first: U256::from(first),
        last: U256::from(last),
        owner: person(7),
    }
}

async fn range(contract: &SeedContract, log: i32, last: u64) {
    let mint = Move {
        block: 2,
        log,
        batch: 0,
        first: U256::ZERO,
        last: Some(U256::from(last)),
        amount: None,
        from: Address::ZERO,
        to: person(7),
    };
    contract.says(Some("erc721"), true).await;
    contract.moves(&[mint]).await;
}

/// `LINE` has 10,000 tokens; of `COMB` every other token of a range moved away; `BLOCK` is one range
/// of 5,000,000. Person 7 holds all but what moved, which person 8 holds.
async fn counted() -> Counted {
    let db = fresh().await;
    let options = (*db.pool.connect_options()).clone();
    let pool = store::readers::open_bounded(options, 1, Duration::from_secs(20));
    let chain = SeedChain::add(&pool, "eip155:1", "ethereum").await;
    chain.commit(1, 9).await;
    let [line, comb, block] = [
        chain.contract(person(LINE), "ready", 0).await,
        chain.contract(person(COMB), "ready", 0).await,
        chain.contract(person(BLOCK), "ready", 0).await,
    ];
    line.many(3, i32::try_from(MANY).unwrap(), person(7)).await;
    range(&comb, 0, 2 * MANY - 1).await;
    comb.pieces(&(0..MANY).map(|n| piece(2 * n, 2 * n)).collect::<Vec<_>>()).await;
    let moved = |n: u64| Held {
        since: 3,
        until: LASTS,
        acquired: 3,
        token: U256::from(2 * n + 1),
        owner: person(8),
        balance: None,
    };
    comb.held(&(0..MANY).map(moved).collect::<Vec<_>>()).await;
    let whole = Piece { until: 3, since: 2, ..piece(0, 2 * MANY - 1) };
    comb.pieces(&[whole]).await;
    range(&block, 1, 4_999_999).await;
    block.pieces(&[piece(0, 4_999_999)]).await;
    sqlx::query("analyze").execute(&pool).await.unwrap();
    Counted { router: api(&pool), pool, _db: db }
}

fn first_token(page: &Value) -> u64 {
    page["data"][0]["token_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_page_costs_what_it_shows() {
    let counted = counted().await;
    let contract = |number: u8, list: &str| format!("/v1/contracts/1/{}/{list}", person(number));
    let wallet = |number: u8| format!("chain=1&contract={}", person(number));
    let tokens = format!("/v1/wallets/{}/tokens", person(7));
    for (uri, step) in [
        (format!("{}?limit=100", contract(LINE, "tokens")), LIMIT),
        (format!("{}?limit=100", contract(COMB, "tokens")), LIMIT),
        (format!("{}?limit=100", contract(BLOCK, "tokens")), LIMIT),
        (format!("{tokens}?limit=100"), LIMIT),
        (format!("{tokens}?limit=100&{}", wallet(LINE)), LIMIT),
        (format!("{tokens}?limit=100&{}", wallet(COMB)), 2 * LIMIT),
        (format!("{tokens}?limit=100&{}", wallet(BLOCK)), LIMIT),
        (format!("/v1/wallets/{}/tokens?limit=100", person(8)), 2 * LIMIT),
    ] {
        let (mut page, mut cost) = counted.ask(&uri).await;
        let start = first_token(&page);
        for turn in 1..=8 {
            assert_eq!(page["data"].as_array().unwrap().len(), 100, "{uri}");
            assert_eq!(first_token(&page), start + (turn - 1) * step, "{uri}");
            assert!(cost <= MOST, "page {turn} of {uri} looked at {cost} rows");
            let cursor = page["page"]["next"].as_str().unwrap();
            (page, cost) = counted.ask(&format!("{uri}&cursor={cursor}")).await;
        }
    }
}

#[tokio::test]
async fn one_token_costs_the_same_in_a_range_of_any_length() {
    let counted = counted().await;
    for (number, token) in [(COMB, 12_000), (COMB, 12_002), (BLOCK, 0), (BLOCK, 4_999_999)] {
        for list in ["", "/owners", "/transfers"] {
            let uri = format!("/v1/tokens/1/{}/{token}{list}", person(number));
            let (_, cost) = counted.ask(&uri).await;
            assert!(cost <= 80, "{uri} looked at {cost} rows");
        }
    }
}
