//! What the tables say, in the words of the naive replay.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256, U256};
use herald::store::{Pool, Uint256};
use herald::types::ChainKey;
use serde_json::Value;

use super::compare::{assert_same, assert_same_rows};
use super::feed::Told;
use super::replay::{Key, Moved, Replay, Stay};

/// Fails unless transfers, holdings, past holdings and counters of every ready contract are what
/// the replay says.
pub(crate) async fn assert_equal(pool: &Pool, chain: ChainKey, truth: &Replay, when: &str) {
    let stored = transfers(pool, chain).await;
    assert_same_rows(&format!("transfers {when}"), truth.transfers.clone(), stored);
    let owners = holdings(pool, chain).await;
    assert_same(&format!("holdings {when}"), &truth.owners(), &owners);
    let past = past(pool, chain).await;
    assert_same_rows(&format!("past holdings {when}"), truth.past(), past);
    assert_eq!(homeless(pool, chain).await, 0, "transfers without their block {when}");
    for (contract, counts) in counters(pool, chain).await {
        let expected = truth.counts(contract);
        assert_eq!(counts, expected, "supply, holders, transfers of {contract} {when}");
    }
}

/// Transfers whose block is not stored, which no reader could date or call final.
async fn homeless(pool: &Pool, chain: ChainKey) -> i64 {
    sqlx::query_scalar(
        "select count(*) from chain.transfers t
         left join chain.blocks b on b.chain = t.chain and b.number = t.block and b.time is not null
         where t.chain = $1 and b.number is null",
    )
    .bind(chain.0)
    .fetch_one(pool)
    .await
    .expect("a count")
}

async fn transfers(pool: &Pool, chain: ChainKey) -> Vec<Moved> {
    type Row = (i64, i32, [u8; 20], Uint256, [u8; 20], [u8; 20], [u8; 32]);
    let rows: Vec<Row> = sqlx::query_as(
        "select t.block, t.log_index, c.address, t.token_id, t.from_addr, t.to_addr, t.tx_hash
         from chain.transfers t join chain.contracts c on c.id = t.contract_id
         where t.chain = $1",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the transfers");
    let moved = |(block, log_index, contract, id, from, to, tx): Row| Moved {
        block: block as u64,
        log_index: log_index as u32,
        key: (contract.into(), id.0),
        from: from.into(),
        to: to.into(),
        tx: B256::from(tx),
    };
    rows.into_iter().map(moved).collect()
}

/// Who holds what now, and since which block.
pub(crate) async fn holdings(pool: &Pool, chain: ChainKey) -> BTreeMap<Key, (Address, u64)> {
    let rows: Vec<([u8; 20], Uint256, [u8; 20], i64)> = sqlx::query_as(
        "select c.address, h.token_id, h.owner, h.since
         from chain.holdings h join chain.contracts c on c.id = h.contract_id where h.chain = $1",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the holdings");
    let count = rows.len();
    let held: BTreeMap<Key, _> = rows
        .into_iter()
        .map(|(contract, id, owner, since)| {
            ((contract.into(), id.0), (Address::from(owner), since as u64))
        })
        .collect();
    assert_eq!(held.len(), count, "a token with two owners");
    held
}

async fn past(pool: &Pool, chain: ChainKey) -> BTreeSet<(Key, Stay)> {
    type Row = ([u8; 20], Uint256, [u8; 20], i64, i64);
    let rows: Vec<Row> = sqlx::query_as(
        "select c.address, p.token_id, p.owner, p.since, p.until
         from chain.holdings_past p join chain.contracts c on c.id = p.contract_id
         where p.chain = $1",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the past holdings");
    rows.into_iter()
        .map(|(contract, id, owner, since, until)| {
            let key: (Address, U256) = (contract.into(), id.0);
            let stay = Stay { owner: owner.into(), since: since as u64, until: Some(until as u64) };
            (key, stay)
        })
        .collect()
}

async fn counters(pool: &Pool, chain: ChainKey) -> Vec<(Address, (usize, usize, usize))> {
    let rows: Vec<([u8; 20], i64, i64, i64)> = sqlx::query_as(
        "select address, supply, holders, transfers from chain.contracts
         where chain = $1 and state = 'ready'",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the contracts");
    rows.into_iter()
        .map(|(address, supply, holders, transfers)| {
            (address.into(), (supply as usize, holders as usize, transfers as usize))
        })
        .collect()
}

/// The addresses of contracts in this state.
pub(crate) async fn in_state(pool: &Pool, chain: ChainKey, state: &str) -> BTreeSet<Address> {
    let rows: Vec<[u8; 20]> =
        sqlx::query_scalar("select address from chain.contracts where chain = $1 and state = $2")
            .bind(chain.0)
            .bind(state)
            .fetch_all(pool)
            .await
            .expect("the contracts");
    rows.into_iter().map(Address::from).collect()
}

/// The next number of the chain's stream.
pub(crate) async fn next_seq(pool: &Pool, chain: ChainKey) -> i64 {
    sqlx::query_scalar("select next_seq from chain.streams where chain = $1")
        .bind(chain.0)
        .fetch_one(pool)
        .await
        .expect("the stream")
}

/// One event of the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its number in the stream.
    pub(crate) seq: i64,
    /// Its id.
    pub(crate) id: [u8; 16],
    /// Its type.
    pub(crate) kind: String,
    /// Its data.
    pub(crate) data: Value,
}

/// The outbox, in its order; fails on a gap.
pub(crate) async fn events(pool: &Pool, chain: ChainKey) -> Vec<Row> {
    let rows: Vec<(i64, [u8; 16], String, String)> = sqlx::query_as(
        "select seq, id, type, data from chain.events where chain = $1 order by seq",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the events");
    for (at, (seq, ..)) in rows.iter().enumerate() {
        assert_eq!(*seq, at as i64 + 1, "a gap in the stream");
    }
    let row = |(seq, id, kind, data): (i64, [u8; 16], String, String)| {
        let data = serde_json::from_str(&data).expect("data is JSON");
        Row { seq, id, kind, data }
    };
    rows.into_iter().map(row).collect()
}

/// A token event as a subscriber reads it; none for other events.
pub(crate) fn told(event: &Row) -> Option<(Key, Told)> {
    let address = |value: &Value| value.as_str().map(|text| text.parse().expect("an address"));
    let told = match event.kind.as_str() {
        "token.minted" | "token.transferred" | "token.burned" => {
            Told::Moved { from: address(&event.data["from"]), to: address(&event.data["to"]) }
        }
        "token.removed" => Told::Removed { now: address(&event.data["now"]["owner"]) },
        _ => return None,
    };
    let contract = address(&event.data["contract"]).expect("every token event has a contract");
    let id = event.data["token_id"].as_str().expect("every token event has a token");
    Some(((contract, U256::from_str_radix(id, 10).expect("a decimal id")), told))
}
