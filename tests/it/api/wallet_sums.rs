//! What a wallet holds, summed by contract and chain, over random histories at random blocks and times,
//! against the replay.

use std::collections::BTreeMap;

use alloy::primitives::Address;
use alloy::primitives::aliases::I512;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::every_standard::site;
use super::history::Fact;
use super::wallet_lists::{moment, units};
use super::{ok, pages};
use crate::support::seed::person;

/// Tokens, units, and first and last arrival of what lists show.
type Sum = (u64, I512, i64, i64);

fn add(sums: &mut BTreeMap<usize, Sum>, number: usize, fact: &Fact) {
    let sum = sums.entry(number).or_insert((0, I512::ZERO, i64::MAX, i64::MIN));
    *sum = (sum.0 + 1, sum.1 + units(fact), sum.2.min(fact.acquired), sum.3.max(fact.acquired));
}

fn written(sum: &Sum) -> Value {
    json!({"tokens": sum.0.to_string(), "balance": sum.1.to_string(),
        "first_acquired_block": sum.2, "last_acquired_block": sum.3})
}

#[tokio::test]
async fn the_contracts_and_the_summary_of_a_wallet_are_the_sums_of_the_replay() {
    let site = site(7).await;
    let mut random = StdRng::seed_from_u64(7);
    for round in 0..24_u8 {
        let owner = person(1 + round % 6);
        let (name, value, block) = moment(&mut random);
        let mut sums = BTreeMap::new();
        for (number, (_, history)) in site.contracts.iter().enumerate() {
            let own = history.at(Some(block)).iter().filter(|(key, _)| key.1 == owner);
            own.filter(|(_, fact)| history.shows(fact))
                .for_each(|(_, fact)| add(&mut sums, number, fact));
        }
        let text = value.as_str().map_or(value.to_string(), str::to_owned);
        let at = if value.is_null() { String::new() } else { format!("&{name}={text}") };
        let row = |(number, sum): (&usize, &Sum)| {
            let (address, history) = &site.contracts[*number];
            let mut row = written(sum);
            row["chain"] = json!("eip155:1");
            row["contract"] = json!(address.to_checksum(None));
            row["standard"] = json!(history.standard);
            (row["name"], row["symbol"]) = (Value::Null, Value::Null);
            row
        };
        let expected: Vec<Value> = sums.iter().map(row).collect();
        for limit in [1, 2, 50] {
            let uri = format!("/v1/wallets/{owner}/contracts?chain=1&limit={limit}{at}");
            assert_eq!(pages(&site.router, &uri, async |_| {}).await, expected, "{uri}");
            let uri = format!("{uri}&standard=erc1155");
            let of: Vec<_> =
                expected.iter().filter(|row| row["standard"] == "erc1155").cloned().collect();
            assert_eq!(pages(&site.router, &uri, async |_| {}).await, of, "{uri}");
        }
        let uri = format!("/v1/wallets/{owner}/summary?chain=1{at}");
        let mut summary = ok(&site.router, &uri).await;
        let meta = summary.as_object_mut().unwrap().remove("meta").unwrap();
        let irregular = site.contracts.iter().filter(|(_, history)| history.irregular(Some(block)));
        assert_eq!(meta["incomplete"].as_array().map_or(0, Vec::len), irregular.count(), "{uri}");
        assert_eq!(summary, total(owner, sums.values()), "{uri}");
    }
}

/// The summary of these contracts of the only chain.
fn total<'s>(owner: Address, sums: impl Iterator<Item = &'s Sum>) -> Value {
    let all: Vec<_> = sums.collect();
    let merged = all
        .iter()
        .copied()
        .copied()
        .reduce(|a, b| (a.0 + b.0, a.1 + b.1, a.2.min(b.2), a.3.max(b.3)));
    let chain = merged.map(|sum| {
        let mut row = written(&sum);
        (row["chain"], row["contracts"]) = (json!("eip155:1"), json!(all.len()));
        row
    });
    let (tokens, units) = merged.map_or((0, I512::ZERO), |sum| (sum.0, sum.1));
    json!({"wallet": owner.to_checksum(None), "contracts": all.len(), "tokens": tokens.to_string(),
        "balance": units.to_string(), "chains": chain.into_iter().collect::<Vec<_>>()})
}
