//! Every route of ownership over random histories of balances and ranges, at several blocks and
//! page by page, against the replay of each token by itself.

use std::collections::BTreeMap;

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use axum::Router;
use serde_json::{Value, json};

use super::history::{Fact, History, LAST};
use super::{api, code, get, ok, pages};
use crate::support::database::{TestDatabase, fresh};
use crate::support::seed::{SeedChain, person, tx_hash};

/// Contracts with their histories, over the API.
pub(super) struct Site {
    pub(super) db: TestDatabase,
    pub(super) router: Router,
    pub(super) contracts: Vec<(Address, History)>,
}

pub(super) async fn site(seed: u64) -> Site {
    let db = fresh().await;
    let chain = SeedChain::add(&db.pool, "eip155:1", "ethereum").await;
    chain.commit(1, LAST).await;
    let top = U256::MAX - U256::from(47);
    let histories = [
        History::of_ranges(seed, U256::ZERO, false),
        History::of_balances(seed),
        History::of_ranges(seed + 1_000, top, false),
        History::of_ranges(seed + 2_000, U256::from(7), true),
    ];
    let mut contracts = Vec::new();
    for (number, history) in (0xC0..).zip(histories) {
        let address = person(number);
        let history = history.beginning_at(1_000 * i32::from(number));
        history.store(&chain.contract(address, "ready", 0).await).await;
        contracts.push((address, history));
    }
    Site { router: api(&db.pool), db, contracts }
}

/// The question for a list at a block, `None` being now.
fn asked(path: &str, block: Option<i64>, limit: u32) -> String {
    // A wallet's blocks are those of a chain.
    let chain = if path.contains("/wallets/") { "&chain=1" } else { "" };
    let at = block.map(|block| format!("&at_block={block}")).unwrap_or_default();
    format!("{path}?limit={limit}{chain}{at}")
}

fn at(path: &str, block: Option<i64>) -> String {
    block.map_or(path.to_owned(), |block| format!("{path}?at_block={block}"))
}

/// What an answer says of a token that somebody holds.
fn row(address: Address, history: &History, key: (U256, Address), fact: &Fact) -> Value {
    let arrival = history.arrival(key.0, key.1, fact);
    json!({
        "id": format!("eip155:1/{}:{address}/{}", history.standard, key.0),
        "chain": "eip155:1",
        "contract": address.to_checksum(None),
        "token_id": key.0.to_string(),
        "standard": history.standard,
        "owner": key.1.to_checksum(None),
        "balance": fact.balance.unwrap_or(I512::ONE).to_string(),
        "acquired": {
            "block": fact.acquired,
            "time": format!("2026-01-01T00:{:02}:{:02}Z", fact.acquired / 5, fact.acquired % 5 * 12),
            "tx_hash": tx_hash(arrival.block, arrival.log),
        },
    })
}

/// Compares a list with what is expected, whole and in pages of each size.
async fn same(site: &Site, path: &str, block: Option<i64>, expected: &[Value]) {
    for limit in [1, 2, 7, 1000] {
        if limit == 1 && block.is_some_and(|block| block != 16) {
            continue;
        }
        let uri = asked(path, block, limit);
        let rows = pages(&site.router, &uri, async |_| {}).await;
        assert_eq!(rows, expected, "{uri}");
    }
}

const BLOCKS: [Option<i64>; 5] = [None, Some(1), Some(7), Some(16), Some(23)];

#[tokio::test]
async fn the_tokens_and_owners_of_a_contract_are_those_of_the_replay() {
    for seed in 1..=2 {
        let site = site(seed).await;
        for (address, history) in &site.contracts {
            for block in BLOCKS {
                of_contract(&site, *address, history, block).await;
            }
        }
    }
}

async fn of_contract(site: &Site, address: Address, history: &History, block: Option<i64>) {
    let path = format!("/v1/contracts/1/{address}");
    let shown = || history.at(block).iter().filter(|(_, fact)| history.shows(fact));
    let tokens: Vec<_> = shown().map(|(key, fact)| row(address, history, *key, fact)).collect();
    same(site, &format!("{path}/tokens"), block, &tokens).await;

    let mut sums: BTreeMap<Address, (I512, i64)> = BTreeMap::new();
    for ((_, owner), fact) in shown() {
        let sum = sums.entry(*owner).or_default();
        *sum = (sum.0 + fact.balance.unwrap_or(I512::ONE), sum.1 + 1);
    }
    let owner = |(owner, sum): (&Address, &(I512, i64))| {
        let owner = owner.to_checksum(None);
        json!({"owner": owner, "balance": sum.0.to_string(), "tokens": sum.1})
    };
    let owners: Vec<_> = sums.iter().map(owner).collect();
    same(site, &format!("{path}/owners"), block, &owners).await;

    let irregular = history.irregular(block);
    for list in ["tokens", "owners"] {
        let meta = ok(&site.router, &at(&format!("{path}/{list}"), block)).await["meta"].take();
        let named = json!([{"chain": "eip155:1", "contract": address.to_checksum(None),
            "status": "irregular", "loaded_percent": null}]);
        let expected = if irregular { named } else { Value::Null };
        assert_eq!(meta["incomplete"], expected, "{path}/{list} {block:?}");
    }
    let snapshot = get(&site.router, &at(&format!("{path}/snapshot"), block)).await;
    if irregular {
        assert_eq!(snapshot.code(), "contract_irregular");
        return;
    }
    let line = |row: &Value| {
        let field = |name: &str| row[name].as_str().unwrap().to_owned();
        format!("{},{},{}\n", field("token_id"), field("owner"), field("balance"))
    };
    let lines: String = tokens.iter().map(line).collect();
    assert_eq!(snapshot.text, format!("token_id,owner,balance\n{lines}"), "{path} {block:?}");
}

#[tokio::test]
async fn what_a_wallet_holds_is_that_of_the_replay() {
    let site = site(3).await;
    for number in 1..=6 {
        for block in BLOCKS {
            of_wallet(&site, person(number), block).await;
        }
    }
}

async fn of_wallet(site: &Site, owner: Address, block: Option<i64>) {
    let path = format!("/v1/wallets/{owner}/tokens");
    let shown = |(address, history): &(Address, History)| -> Vec<Value> {
        let own = history.at(block).iter().filter(|(key, _)| key.1 == owner);
        let shown = own.filter(|(_, fact)| history.shows(fact));
        let mut rows: Vec<_> =
            shown.map(|(key, fact)| row(*address, history, *key, fact)).collect();
        rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("owner")));
        rows
    };
    let expected: Vec<_> = site.contracts.iter().flat_map(shown).collect();
    same(site, &path, block, &expected).await;
    let contracts =
        site.contracts.iter().map(|(address, _)| ("contract", address.to_checksum(None)));
    let standards = ["erc721", "erc1155"].map(|standard| ("standard", standard.to_owned()));
    for (name, value) in contracts.chain(standards) {
        let of = expected.iter().filter(|row| row[name] == value);
        let of: Vec<_> = of.cloned().collect();
        let uri = format!("{}&{name}={value}", asked(&path, block, 5));
        assert_eq!(pages(&site.router, &uri, async |_| {}).await, of, "{uri}");
    }
    let irregular = site.contracts.iter().filter(|(_, history)| history.irregular(block));
    let irregular: Vec<_> = irregular.map(|(address, _)| address.to_checksum(None)).collect();
    let named = ok(&site.router, &asked(&path, block, 1)).await["meta"]["incomplete"].take();
    let named = named.as_array().cloned().unwrap_or_default();
    let named: Vec<_> = named.iter().map(|one| one["contract"].as_str().unwrap()).collect();
    assert_eq!(named, irregular, "{path} {block:?}");
}

#[tokio::test]
async fn each_token_is_that_of_the_replay_in_decimal_and_in_hexadecimal() {
    let site = site(4).await;
    let numbers = [0_u64, 1, 7, 8, 15, 22, 31, 46, 47, 53, 54, 60].map(U256::from);
    let tokens: Vec<_> = numbers.into_iter().flat_map(|token| [token, U256::MAX - token]).collect();
    for (address, history) in &site.contracts {
        for (token, block) in tokens.iter().flat_map(|token| BLOCKS.map(|block| (token, block))) {
            of_token(&site, (*address, history), *token, block).await;
        }
    }
}

async fn of_token(
    site: &Site,
    (address, history): (Address, &History),
    token: U256,
    block: Option<i64>,
) {
    let path = format!("/v1/tokens/1/{address}/{token}");
    let moves = history.of_token(token, block);
    let held =
        || history.at(block).range((token, Address::ZERO)..=(token, Address::repeat_byte(255)));
    // Unlisted ranges answer for their tokens too.
    let held = || held().filter(|(_, fact)| fact.balance.is_none_or(|b| b.is_positive()));
    let owners: Vec<_> = held().map(|(key, fact)| row(address, history, *key, fact)).collect();
    same(site, &format!("{path}/owners"), block, &owners).await;
    let [Some(first), Some(last)] = [moves.first(), moves.last()] else {
        assert_eq!(code(&site.router, &at(&path, block)).await, "token_unknown", "{path}");
        return;
    };
    let mut expected = json!({
        "id": format!("eip155:1/{}:{address}/{token}", history.standard),
        "token_id": token.to_string(),
        "standard": history.standard,
        "supply": held().map(|(_, f)| f.balance.unwrap_or(I512::ONE)).sum::<I512>().to_string(),
        "minted": first.from.is_zero().then(|| tx_hash(first.block, first.log)),
        "last_transfer": tx_hash(last.block, last.log),
    });
    if history.standard == "erc721" {
        expected["owner"] = json!(held().next().map(|((_, owner), _)| owner.to_checksum(None)));
    }
    let hexadecimal = format!("/v1/tokens/1/{address}/{token:#X}").replace("0X", "0x");
    for uri in [at(&path, block), at(&hexadecimal, block)] {
        let mut told = ok(&site.router, &uri).await;
        for name in ["minted", "last_transfer"] {
            told[name] = told[name]["tx_hash"].take();
        }
        for name in ["meta", "metadata", "chain", "contract"] {
            told.as_object_mut().unwrap().remove(name).unwrap();
        }
        assert_eq!(told, expected, "{uri}");
    }
}
