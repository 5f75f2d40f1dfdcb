//! What the tables say, in the words of the naive replay.
//!
//! `assert_equal` compares all of it; `owned` reads who owns what, `outbox` what was told.

mod owned;
mod outbox;

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};
use herald::store::{Pool, Uint256};
use herald::types::ChainKey;

use super::compare::{assert_same, assert_same_rows};
use super::replay::{Key, Kind, Moved, Replay};
use owned::Held;

pub(crate) use outbox::{Row, events, next_seq, readied, told};
pub(crate) use owned::{picture, true_picture};

/// Fails unless transfers, everything that is and was owned, and counters of every ready contract
/// are what the replay says.
pub(crate) async fn assert_equal(pool: &Pool, chain: ChainKey, truth: &Replay, when: &str) {
    let stored = transfers(pool, chain).await;
    assert_same_rows(&format!("transfers {when}"), truth.transfers.clone(), stored);
    assert_eq!(homeless(pool, chain).await, 0, "transfers without their block {when}");
    assert_eq!(orphans(pool, chain).await, 0, "ranges that no transfer gave {when}");
    let (held, ranges) = (owned::held(pool, chain).await, owned::ranges(pool, chain).await);
    let moves_ranges = |contract: &Address| truth.has_ranges(*contract);
    let (by_range, one_by_one): (Vec<_>, _) =
        held.into_iter().partition(|held| moves_ranges(&held.key.0));
    assert_same_rows(
        &format!("holdings, now and past, {when}"),
        owned::expected(truth),
        one_by_one,
    );
    let stray: Vec<_> = ranges.iter().filter(|range| !moves_ranges(&range.contract)).collect();
    assert!(stray.is_empty(), "ranges of contracts without any {when}: {stray:?}");
    for contract in truth.kinds.keys().copied().filter(moves_ranges) {
        let held: Vec<&Held> = by_range.iter().filter(|held| held.key.0 == contract).collect();
        let ranges: Vec<_> = ranges.iter().filter(|range| range.contract == contract).collect();
        owned::assert_runs(truth, contract, (&held, &ranges), when);
    }
    let counted = counters(pool, chain).await;
    let expected = |contract: &Address| Counters {
        supply: truth.counts(*contract).0,
        holders: truth.counts(*contract).1,
        transfers: truth.counts(*contract).2,
        irregular: truth.irregular(*contract),
        irregularities: truth.irregular(*contract),
    };
    let expected = counted.keys().map(|contract| (*contract, expected(contract))).collect();
    assert_same(&format!("counters {when}"), &expected, &counted);
    let standards = standards(pool, chain).await;
    let known = |address: &&Address| standards.contains_key(*address);
    let expected = truth.kinds.iter().filter(|(address, _)| known(address));
    let expected = expected.map(|(address, kind)| (*address, Some(word(*kind)))).collect();
    let found = standards.iter().filter(|(address, _)| truth.kinds.contains_key(*address));
    let found = found.map(|(address, word)| (*address, word.as_deref())).collect();
    assert_same(&format!("standards {when}"), &expected, &found);
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Erc721 => "erc721",
        Kind::Erc1155 => "erc1155",
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

/// Ranges whose block and log of arrival name no transfer that gave them to their owner.
async fn orphans(pool: &Pool, chain: ChainKey) -> i64 {
    sqlx::query_scalar(
        "select count(*) from chain.token_ranges r
         where r.chain = $1 and not exists (
            select from chain.transfers t
            where t.chain = r.chain and t.contract_id = r.contract_id and t.block = r.acquired
                and t.log_index = r.acquired_log and t.token_id <= r.first
                and t.token_id_to >= r.last and t.to_addr = r.owner)",
    )
    .bind(chain.0)
    .fetch_one(pool)
    .await
    .expect("a count")
}

#[derive(sqlx::FromRow)]
struct TransferRow {
    block: i64,
    log_index: i32,
    batch_index: i32,
    address: [u8; 20],
    token_id: Uint256,
    token_id_to: Option<Uint256>,
    amount: Option<Uint256>,
    from_addr: [u8; 20],
    to_addr: [u8; 20],
    tx_hash: [u8; 32],
}

/// Every transfer.
pub(crate) async fn transfers(pool: &Pool, chain: ChainKey) -> Vec<Moved> {
    let rows: Vec<TransferRow> = sqlx::query_as(
        "select t.block, t.log_index, t.batch_index, c.address, t.token_id, t.token_id_to, t.amount,
            t.from_addr, t.to_addr, t.tx_hash
         from chain.transfers t join chain.contracts c on c.id = t.contract_id
         where t.chain = $1",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the transfers");
    let moved = |row: TransferRow| Moved {
        block: row.block as u64,
        log_index: row.log_index as u32,
        batch_index: row.batch_index as u32,
        key: (row.address.into(), row.token_id.0),
        last: row.token_id_to.map(|last| last.0),
        amount: row.amount.map(|amount| amount.0),
        from: row.from_addr.into(),
        to: row.to_addr.into(),
        tx: B256::from(row.tx_hash),
    };
    rows.into_iter().map(moved).collect()
}

/// Who holds which token of ERC-721 now, and since which block; ranges are not among them.
pub(crate) async fn holdings(pool: &Pool, chain: ChainKey) -> BTreeMap<Key, (Address, u64)> {
    let held = owned::held(pool, chain).await;
    let current = held.iter().filter(|held| held.balance.is_none() && held.until.is_none());
    let owners: BTreeMap<Key, _> =
        current.clone().map(|held| (held.key, (held.owner, held.since))).collect();
    assert_eq!(owners.len(), current.count(), "a token with two owners");
    owners
}

/// What is counted of a contract.
#[derive(Debug, PartialEq, Eq)]
struct Counters {
    supply: usize,
    holders: usize,
    transfers: usize,
    irregular: usize,
    irregularities: usize,
}

async fn counters(pool: &Pool, chain: ChainKey) -> BTreeMap<Address, Counters> {
    type CounterRow = ([u8; 20], i64, i64, i64, i32, i64);
    let rows: Vec<CounterRow> = sqlx::query_as(
        "select address, supply, holders, transfers, irregular, (
            select count(*) from chain.irregularities i
            where i.chain = c.chain and i.contract_id = c.id
         )
         from chain.contracts c where chain = $1 and state = 'ready'",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the contracts");
    let counters = |(address, supply, holders, transfers, irregular, rows): CounterRow| {
        let counters = Counters {
            supply: supply as usize,
            holders: holders as usize,
            transfers: transfers as usize,
            irregular: irregular as usize,
            irregularities: rows as usize,
        };
        (Address::from(address), counters)
    };
    rows.into_iter().map(counters).collect()
}

async fn standards(pool: &Pool, chain: ChainKey) -> BTreeMap<Address, Option<String>> {
    let rows: Vec<([u8; 20], Option<String>)> = sqlx::query_as(
        "select address, standard from chain.contracts where chain = $1 and state = 'ready'",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the contracts");
    rows.into_iter().map(|(address, standard)| (Address::from(address), standard)).collect()
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
