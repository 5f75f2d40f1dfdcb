//! A database of the first release, whose contracts were read for one shape of `Transfer`.

use alloy::primitives::{Address, U256};
use sqlx::AssertSqlSafe;

use super::indexes;
use super::story::{ANN, ART, BOB, NOBODY};
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Kind, Replay, Tracked};
use crate::support::sim::{
    SimChain, SimNode, SimTx, bare_transfer, erc721_transfer, transfer_single,
};
use crate::support::tables;

const FIRST: &str = include_str!("../../../migrations/0001_create_the_lasting_shapes.sql");
const SECOND: &str = include_str!("../../../migrations/0002_read_every_standard.sql");
const THIRD: &str = include_str!("../../../migrations/0003_share_the_work.sql");

/// An ERC-1155 contract, which the first release took for ERC-721.
const GAME: Address = Address::repeat_byte(0xB8);

/// Token 7, minted to Ann in block 1 as the first release could read it.
const ROWS: &str = r"
insert into chain.chains (caip2, name, checkpoint, checkpoint_hash, finalized)
values ('eip155:31337', 'sim', 2, '\x{hash}', 0);
select chain.create_partitions(1::int2);
insert into chain.blocks (chain, number, hash, parent_hash, time) values
    (1, 1, '\x{first}', '\x{start}', to_timestamp(1)), (1, 2, '\x{hash}', '\x{first}', to_timestamp(2));
insert into chain.contracts (chain, address, standard, state, origin, start_block, live_from, supply,
    holders, transfers)
values (1, '\x{art}', 'erc721', 'ready', 'config', 0, 2, 1, 1, 1);
insert into chain.contracts (chain, address, standard, state, origin, start_block, live_from)
values (1, '\x{game}', 'erc721', 'ready', 'config', 0, 2);
insert into chain.load_sets (chain, contract_ids, log_kinds, loaded)
values (1, '{1}', '{erc721.transfer}', '{[0,2)}');
insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block, state)
values (1, 1, '{erc721.transfer}', 0, 2, 1, 'done');
insert into chain.transfers (block, contract_id, log_index, batch_index, chain, token_id, from_addr,
    to_addr, tx_hash)
values (1, 1, 0, 0, 1, 7, '\x{nobody}', '\x{ann}', '\x{first}');
insert into chain.holdings (since, acquired, contract_id, since_log, chain, token_id, owner)
values (1, 1, 1, 0, 1, 7, '\x{ann}');
";

#[tokio::test]
async fn contracts_of_the_first_release_are_read_again_for_what_it_could_not_read() {
    let mut chain = SimChain::new(1, 31_337);
    let start = chain.head().chain_header().block.hash;
    let mint = erc721_transfer(ART, NOBODY, ANN, U256::from(7));
    let units = transfer_single(GAME, NOBODY, ANN, (U256::from(5), U256::from(9)));
    let first = chain.mine(vec![SimTx::new(1, vec![mint, units])]).chain_header().block.hash;
    let unread = bare_transfer(ART, ANN, BOB, U256::from(7));
    let second = chain.mine(vec![SimTx::new(2, vec![unread])]).chain_header().block.hash;
    let rows = [
        ("{hash}", second.to_vec()),
        ("{first}", first.to_vec()),
        ("{start}", start.to_vec()),
        ("{art}", ART.to_vec()),
        ("{game}", GAME.to_vec()),
        ("{ann}", ANN.to_vec()),
        ("{nobody}", NOBODY.to_vec()),
    ]
    .into_iter()
    .fold(ROWS.to_owned(), |rows, (name, bytes)| {
        rows.replace(name, &alloy::primitives::hex::encode(bytes))
    });
    let database = fresh().await;
    let empty = "drop schema chain cascade; drop schema platform cascade;";
    for script in [empty, FIRST, &rows, SECOND, THIRD] {
        let run = sqlx::raw_sql(AssertSqlSafe(script.to_owned())).execute(&database.pool).await;
        run.expect("the script runs");
    }

    indexes::assert_all(&database.pool, "after the upgrade").await;
    let back = erc721_transfer(ART, BOB, ANN, U256::from(7));
    chain.mine(vec![SimTx::new(3, vec![back])]);
    let node = SimNode::new(chain);
    let indexer = Indexer::new(&database.pool, node.clone(), "one").await;
    indexer.rest().await;
    let game = Tracked::new(GAME, 0, Some(Kind::Erc1155));
    let truth = Replay::of(node.chain().canonical(), &[Tracked::erc721(ART, 0), game]);
    assert_eq!(truth.transfers.len(), 4, "the first release knew one of them");
    tables::assert_equal(&database.pool, indexer.context.key, &truth, "after the upgrade").await;
    let ready = tables::in_state(&database.pool, indexer.context.key, "ready").await;
    assert_eq!(ready, [ART, GAME].into());
    let told = tables::events(&database.pool, indexer.context.key).await;
    let told: Vec<_> = told.iter().filter(|event| event.kind.starts_with("token.")).collect();
    assert_eq!(told.len(), 1, "what came after the first release is told: {told:?}");
}
