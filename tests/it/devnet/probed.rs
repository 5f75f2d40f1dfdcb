//! Real contracts on a real node, before they are followed: what they are, where they begin, and what
//! they call themselves.

use std::sync::Arc;

use alloy::primitives::{Address, Bytes};
use herald::devnet::anvil::Anvil;
use herald::devnet::contracts::{Kind, Plan, create, deploy};
use herald::devnet::node::Node;
use herald::store::Pool;
use herald::types::Caip2;
use herald::work::Pass;

use super::shapes::mine;
use crate::support::database::fresh;
use crate::support::indexer::{Indexer, rules};
use crate::support::odd::{HeraldCoin, OddCollectible};
use crate::support::one::one_node;

const CHAIN: u64 = 31_337;

/// Standard, first block, refusal, name and symbol of a contract.
type Row = (Option<String>, Option<i64>, Option<String>, Option<String>, Option<String>);

async fn row(pool: &Pool, address: Address) -> Row {
    sqlx::query_as(
        "select standard, start_block, refused, name, symbol from chain.contracts where address = $1",
    )
    .bind(address.as_slice())
    .fetch_one(pool)
    .await
    .unwrap()
}

async fn wish(indexer: &Indexer, address: Address, standard: Option<&str>) {
    sqlx::query(
        r"insert into chain.contracts (chain, address, standard, origin, probe_at)
        values ($1, $2, $3, 'api', clock_timestamp())",
    )
    .bind(indexer.context.key.0)
    .bind(address.as_slice())
    .bind(standard)
    .execute(&indexer.context.pool)
    .await
    .unwrap();
}

/// Some blocks without anything in them.
async fn pause(node: &Node, blocks: usize) {
    for _ in 0..blocks {
        mine(node).await;
    }
}

#[tokio::test]
async fn real_contracts_are_known_by_what_they_are_and_begin_where_they_were_deployed() {
    let (_dir, path) = super::folder();
    let anvil = Anvil::start(&super::program(), &path, "probed", CHAIN).await.unwrap();
    let node = Node::new(&anvil.http_url()).unwrap();
    let accounts = node.accounts().await.unwrap();
    let mut expected = Vec::new();
    for (kind, name) in
        [(Kind::Collectible, "Shells"), (Kind::Consecutive, "Stamps"), (Kind::Items, "Tools")]
    {
        pause(&node, 3).await;
        let plan = Plan { name, kind, configured: false, stated: false };
        let deployed = deploy(&node, &accounts, plan).await.unwrap();
        let symbol = (kind != Kind::Items).then_some("HERALD");
        expected.push((
            deployed.address,
            deployed.block,
            kind.standard().as_str(),
            Some(name),
            symbol,
        ));
    }
    let made = async |code: &Bytes| create(&node, accounts[0], code.clone()).await.unwrap();
    let (odd, odd_block) = made(&OddCollectible::BYTECODE).await;
    let (coin, _) = made(&HeraldCoin::BYTECODE).await;
    let (other_odd, _) = made(&OddCollectible::BYTECODE).await;
    expected.push((odd, odd_block, "erc721", None, None));
    pause(&node, 20).await;

    let (database, id) = (fresh().await, Caip2(CHAIN));
    let chain = Arc::new(one_node(id, &anvil.http_url()));
    let indexer = Indexer::over(&database.pool, (id, chain), "one", rules()).await;
    indexer.live().await.unwrap();
    for (address, ..) in &expected {
        wish(&indexer, *address, (*address == odd).then_some("erc721")).await;
    }
    let refused = [
        (coin, "not_nft"),
        (other_odd, "not_nft"),
        (accounts[0], "no_contract"),
        (Address::repeat_byte(9), "no_contract"),
    ];
    for (address, _) in refused {
        wish(&indexer, address, None).await;
    }
    while indexer.probe().await.unwrap() == Pass::Worked {}
    for (address, block, standard, name, symbol) in expected {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let block = i64::try_from(block).unwrap();
        let found = (owned(Some(standard)), Some(block), None, owned(name), owned(symbol));
        assert_eq!(row(&database.pool, address).await, found, "{address}");
    }
    for (address, code) in refused {
        let found = (None, None, Some(code.to_owned()), None, None);
        assert_eq!(row(&database.pool, address).await, found, "{address}");
    }
    indexer.rest().await;
    let (ready, refused): (i64, i64) = sqlx::query_as(
        r"select count(*) filter (where state = 'ready'),
            count(*) filter (where state = 'probing' and refused is not null)
        from chain.contracts",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!((ready, refused), (4, 4));
    anvil.stop().await.unwrap();
}
