//! First contact with nodes that keep few blocks: no block 0, no finality tags.

use super::fixture;
use super::reading;
use super::rpc::{Node, Quirks};
use super::serve::serve;
use super::{Told, follow, indexer};
use crate::support::database::fresh;
use crate::support::rows;

const NAME: &str = "mainnet-18500000";

#[tokio::test]
async fn a_chain_begins_at_the_only_block_that_is_shown_with_or_without_tags() {
    let truth = reading::read(&fixture::block(NAME));
    for untagged in [false, true] {
        let quirks = Quirks { untagged, ..Quirks::default() };
        let filled = super::fill(fixture::block(NAME), quirks, Told::Standards).await;
        filled.assert_is(&truth, NAME).await;
        let (pool, key) = (&filled.database.pool, filled.indexer.context.key);
        assert_eq!(rows::genesis(pool, key).await, None, "nobody has shown block 0");
    }
}

#[tokio::test]
async fn block_0_is_stored_as_soon_as_an_endpoint_shows_it_and_holds_from_then_on() {
    let database = fresh().await;
    let mut stored = Vec::new();
    for has_genesis in [false, true, false] {
        let block = fixture::block(NAME);
        let (chain, number) = (block.chain, block.number());
        let truth = reading::read(&block);
        let quirks = Quirks { has_genesis, ..Quirks::default() };
        let node = serve(Node { block, quirks }).await;
        let indexer = indexer(&database, chain, &node.url).await;
        follow(&indexer, &truth, number, Told::Standards).await;
        indexer.rest().await;
        stored.push(rows::genesis(&database.pool, indexer.context.key).await.map(|hash| hash[31]));
    }
    assert_eq!(stored, [None, Some(0x6e), Some(0x6e)]);
}
