//! The outbox, and its events as a subscriber reads them.

use std::collections::BTreeMap;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256, hex};
use herald::store::Pool;
use herald::types::ChainKey;
use serde_json::Value;

use crate::support::feed::{Now, Told};
use crate::support::replay::Key;

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

/// The next number of the chain's stream.
pub(crate) async fn next_seq(pool: &Pool, chain: ChainKey) -> i64 {
    sqlx::query_scalar("select next_seq from chain.streams where chain = $1")
        .bind(chain.0)
        .fetch_one(pool)
        .await
        .expect("the stream")
}

/// The number of the last event by which each contract became ready.
pub(crate) async fn readied(pool: &Pool, chain: ChainKey) -> BTreeMap<Address, i64> {
    let rows: Vec<([u8; 20], i64)> = sqlx::query_as(
        "select c.address, max(e.seq) from chain.events e join chain.contracts c on c.id = e.contract_id
         where e.chain = $1 and e.type = 'contract.ready' group by c.address",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the events");
    rows.into_iter().map(|(address, seq)| (address.into(), seq)).collect()
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

/// A token event as a subscriber reads it who keeps `all` events; none for other events.
pub(crate) fn told(event: &Row, all: &[Row]) -> Option<(Key, Told)> {
    let data = &event.data;
    let told = match event.kind.as_str() {
        "token.minted" | "token.transferred" | "token.burned" => moved(data),
        "token.removed" => Told::Removed { now: now(data, all) },
        _ => return None,
    };
    let contract = person(&data["contract"]).expect("every token event has a contract");
    Some(((contract, token(data)), told))
}

fn moved(data: &Value) -> Told {
    let amount = number(&data["amount"]).expect("every transfer has an amount");
    let is_balance = match data["standard"].as_str() {
        Some("erc721") => false,
        Some("erc1155") => true,
        other => panic!("no standard: {other:?}"),
    };
    Told::Moved {
        last: number(&data["token_id_to"]),
        amount: is_balance.then_some(amount),
        from: person(&data["from"]),
        to: person(&data["to"]),
    }
}

/// What holds after a removal. Where that is not said, the removed event is found and undone.
fn now(data: &Value, all: &[Row]) -> Now {
    let now = &data["now"];
    if now.is_null() {
        let removes = data["removes"].as_str().expect("a removal names what it removes");
        let removed = all.iter().find(|event| format!("evt_{}", hex::encode(event.id)) == removes);
        let removed = removed.unwrap_or_else(|| panic!("{removes} was never told"));
        let Told::Moved { amount: Some(amount), from, to, .. } = moved(&removed.data) else {
            panic!("only amounts are taken back without saying what holds: {data}")
        };
        return Now::TakenBack { amount, from, to };
    }
    if let Some(balances) = now["balances"].as_array() {
        let balance = |it: &Value| {
            let text = it["balance"].as_str().expect("a balance is text");
            let balance = I512::from_dec_str(text).expect("a whole number");
            (person(&it["owner"]).expect("a balance has an owner"), balance)
        };
        return Now::Balances(balances.iter().map(balance).collect());
    }
    let (first, last) = (token(data), number(&data["token_id_to"]));
    let last = last.unwrap_or(first);
    let Some(owners) = now["owners"].as_array() else {
        assert!(now.as_object().is_some_and(|now| now.contains_key("owner")), "no owner: {data}");
        return Now::Owners(vec![(first, last, person(&now["owner"]))]);
    };
    let run = |it: &Value| {
        let last = number(&it["token_id_to"]).unwrap_or_else(|| token(it));
        (token(it), last, person(&it["owner"]))
    };
    let owners: Vec<_> = owners.iter().map(run).collect();
    let whole = owners.first().is_some_and(|run| run.0 == first)
        && owners.last().is_some_and(|run| run.1 == last)
        && owners.windows(2).all(|two| two[0].1 + U256::ONE == two[1].0);
    assert!(whole, "the owners of a removed range leave tokens out: {data}");
    Now::Owners(owners)
}

fn token(data: &Value) -> U256 {
    number(&data["token_id"]).expect("every token event has a token")
}

fn number(value: &Value) -> Option<U256> {
    value.as_str().map(|text| U256::from_str_radix(text, 10).expect("a decimal number"))
}

fn person(value: &Value) -> Option<Address> {
    value.as_str().map(|text| text.parse().expect("an address"))
}
