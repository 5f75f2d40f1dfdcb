//! The comparison of tables with the replay, over rows put in by hand: it reads every kind of row,
//! and sees every kind of fault.

use std::panic::AssertUnwindSafe;

use alloy::primitives::{Address, U256, hex};
use futures_util::FutureExt;
use herald::store::Pool;
use herald::types::ChainKey;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::database::fresh;
use crate::support::replay::{Key, Kind, Replay, Tracked};
use crate::support::seed::SeedChain;
use crate::support::sim::{
    SimChain, SimTx, consecutive_transfer, erc721_transfer, transfer_batch, transfer_single,
};
use crate::support::tables;

const ZERO: Address = Address::ZERO;
const A: Address = Address::repeat_byte(0xaa);
const B: Address = Address::repeat_byte(0xbb);
const ART: Address = Address::repeat_byte(0x01);
const GAME: Address = Address::repeat_byte(0x02);
/// `until` of ranges that are current.
const OPEN: u64 = i64::MAX as u64;

/// Tables, and a change of some of their rows that makes them wrong.
const FAULTS: [(&str, &str); 18] = [
    ("transfers", "set token_id_to = 8 where token_id_to = 9"),
    ("transfers", "set token_id_to = token_id where token_id_to is null and amount is null"),
    ("transfers", "set amount = 6 where amount = 5"),
    ("transfers", "set batch_index = 7 where batch_index = 1"),
    ("holdings", "set balance = balance - 1 where balance < 0"),
    ("holdings", "set acquired = 2 where balance > 0 and acquired = 1"),
    ("holdings", "set balance = 1 where balance is null"),
    ("holdings_past", "set until = 3 where balance is not null"),
    ("holdings_past", "set acquired = 2 where balance is not null"),
    ("token_ranges", "set last = last + 1 where first = 0"),
    ("token_ranges", "set last = last - 1 where first = 0"),
    ("token_ranges", "set since = 2 where first = 0"),
    ("token_ranges", "set acquired_log = 7 where first = 0"),
    ("token_ranges", "set until = 3 where first = 0"),
    ("token_ranges", r"set owner = '\xcccccccccccccccccccccccccccccccccccccccc' where first = 0"),
    ("contracts", "set irregular = irregular + 1"),
    ("contracts", "set holders = holders + 1"),
    ("contracts", "set standard = null where standard = 'erc1155'"),
];

/// A range of which tokens leave, and balances above and below zero.
fn truth() -> Replay {
    let number = |number: u64| U256::from(number);
    let blocks = [
        vec![
            consecutive_transfer(ART, (number(0), number(9)), ZERO, A),
            transfer_batch(GAME, ZERO, A, &[(number(1), number(5)), (number(2), U256::MAX)]),
        ],
        vec![
            erc721_transfer(ART, A, B, number(3)),
            transfer_single(GAME, B, A, (number(1), number(2))),
        ],
        vec![consecutive_transfer(ART, (number(2), number(4)), A, B)],
    ];
    let mut chain = SimChain::new(1, 1);
    for (nonce, logs) in (0..).zip(blocks) {
        chain.mine(vec![SimTx::new(nonce, logs)]);
    }
    let game = Tracked::new(GAME, 0, Some(Kind::Erc1155));
    Replay::of(chain.canonical(), &[Tracked::erc721(ART, 0), game])
}

async fn run(pool: &Pool, statement: String) {
    let shown = statement.clone();
    let done = sqlx::query(AssertSqlSafe(statement)).execute(pool).await;
    let rows = done.unwrap_or_else(|error| panic!("{shown}: {error}")).rows_affected();
    assert!(rows > 0 || shown.contains(" table "), "{shown} touches nothing");
}

/// Puts these fields of a row into a table.
async fn put(pool: &Pool, table: &str, row: Value) {
    let insert = format!(
        "insert into chain.{table} select * from jsonb_populate_record(null::chain.{table}, $1)"
    );
    sqlx::query(AssertSqlSafe(insert)).bind(row).execute(pool).await.expect("a row");
}

fn bytes(bytes: impl AsRef<[u8]>) -> String {
    format!(r"\x{}", hex::encode(bytes))
}

/// The log of the range that gave these tokens to this owner in this block; 0 where none did.
fn log_of(truth: &Replay, (key, last): (Key, U256), (block, owner): (u64, Address)) -> u32 {
    let gave = truth.transfers.iter().rfind(|moved| {
        (moved.block, moved.key.0, moved.to) == (block, key.0, owner)
            && moved.key.1 <= key.1
            && moved.last.is_some_and(|end| end >= last)
    });
    gave.map_or(0, |moved| moved.log_index)
}

/// Writes what the replay says: pieces of one token as holdings, longer ones as ranges.
async fn write(pool: &Pool, truth: &Replay) -> ChainKey {
    let chain = SeedChain::add(pool, "eip155:1", "one").await;
    chain.commit(1, 9).await;
    let (art, game) =
        (chain.contract(ART, "ready", 0).await, chain.contract(GAME, "ready", 0).await);
    let id = |contract: Address| if contract == ART { art.id } else { game.id };
    for moved in &truth.transfers {
        let row = json!({
            "block": moved.block, "log_index": moved.log_index, "batch_index": moved.batch_index,
            "contract_id": id(moved.key.0), "chain": chain.id, "token_id": moved.key.1.to_string(),
            "token_id_to": moved.last.map(|last| last.to_string()),
            "amount": moved.amount.map(|amount| amount.to_string()),
            "from_addr": bytes(moved.from), "to_addr": bytes(moved.to), "tx_hash": bytes(moved.tx),
        });
        put(pool, "transfers", row).await;
    }
    for (key, piece) in &truth.pieces {
        for stay in &piece.stays {
            let until = stay.until.unwrap_or(OPEN);
            let row = json!({
                "acquired_log": log_of(truth, (*key, piece.last), (stay.since, stay.owner)),
                "since": stay.since, "until": until, "acquired": stay.since, "since_log": 0,
                "contract_id": id(key.0), "chain": chain.id, "listed": true,
                "first": key.1.to_string(), "last": piece.last.to_string(),
                "token_id": key.1.to_string(), "owner": bytes(stay.owner),
            });
            let table = match (piece.last == key.1, stay.until) {
                (false, _) => "token_ranges",
                (true, None) => "holdings",
                (true, Some(_)) => "holdings_past",
            };
            put(pool, table, row).await;
        }
    }
    for ((key, owner), versions) in &truth.balances {
        for version in versions {
            let row = json!({
                "since": version.since, "until": version.until, "acquired": version.acquired,
                "since_log": 0, "contract_id": id(key.0), "chain": chain.id,
                "token_id": key.1.to_string(), "owner": bytes(owner),
                "balance": version.balance.to_string(),
            });
            let table = if version.until.is_none() { "holdings" } else { "holdings_past" };
            put(pool, table, row).await;
        }
    }
    for contract in [ART, GAME] {
        let (supply, holders, transfers) = truth.counts(contract);
        let standard = if contract == ART { "erc721" } else { "erc1155" };
        let (id, irregular) = (id(contract), truth.irregular(contract));
        run(
            pool,
            format!(
                "update chain.contracts set supply = {supply}, holders = {holders},
                    transfers = {transfers}, irregular = {irregular}, standard = '{standard}'
                 where id = {id}"
            ),
        )
        .await;
        for at in 0..irregular {
            let row = json!({
                "block": 3, "contract_id": id, "log_index": at, "batch_index": 0,
                "chain": chain.id, "reason": "range",
            });
            put(pool, "irregularities", row).await;
        }
    }
    ChainKey(chain.id)
}

#[tokio::test]
async fn every_kind_of_fault_in_the_tables_is_seen() {
    let database = fresh().await;
    let pool = &database.pool;
    let truth = truth();
    assert_eq!((truth.irregular(ART), truth.counts(ART)), (1, (10, 2, 3)));
    let chain = write(pool, &truth).await;
    tables::assert_equal(pool, chain, &truth, "as written").await;
    for contract in [ART, GAME] {
        let picture = tables::picture(pool, chain, contract).await;
        let expected = tables::true_picture(&truth, contract);
        assert_eq!(picture.owners(), expected.owners());
        assert_eq!(picture.balances(), expected.balances());
    }
    for (table, fault) in FAULTS {
        run(pool, format!("create table kept as table chain.{table}")).await;
        run(pool, format!("update chain.{table} {fault}")).await;
        let compared = tables::assert_equal(pool, chain, &truth, "with a fault");
        let seen = AssertUnwindSafe(compared).catch_unwind().await.is_err();
        assert!(seen, "nobody sees: update chain.{table} {fault}");
        match table {
            "contracts" => {
                let same = "irregular = k.irregular, holders = k.holders, standard = k.standard";
                run(
                    pool,
                    format!("update chain.contracts c set {same} from kept k where k.id = c.id"),
                )
                .await;
            }
            _ => {
                run(pool, format!("delete from chain.{table}")).await;
                run(pool, format!("insert into chain.{table} table kept")).await;
            }
        }
        run(pool, "drop table kept".to_owned()).await;
        tables::assert_equal(pool, chain, &truth, "mended").await;
    }
}
