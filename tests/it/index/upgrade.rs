//! Databases of earlier releases: the first, whose contracts were read for one shape of `Transfer`, and
//! 0.2, which loaded each contract by itself.

use std::sync::Arc;

use alloy::primitives::{Address, U256};
use herald::chain::LogScope;
use herald::store::{Pool, Uint256};
use sqlx::AssertSqlSafe;

use super::indexes;
use super::story::{ANN, ART, BOB, NOBODY};
use crate::support::database::fresh;
use crate::support::indexer::{CHAIN, Indexer, rules};
use crate::support::listening::Listening;
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

/// What a database of no release has.
const EMPTY: &str = "drop schema herald_v1 cascade; drop schema chain cascade;
    drop schema platform cascade;";

async fn run(pool: &Pool, scripts: &[&str]) {
    for script in scripts {
        let run = sqlx::raw_sql(AssertSqlSafe((*script).to_owned())).execute(pool).await;
        run.expect("the script runs");
    }
}

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
    run(&database.pool, &[EMPTY, FIRST, &rows, SECOND, THIRD]).await;

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

/// Contracts of 0.2 beside `ART`, whose past is loaded and folded: one that is being loaded; one that
/// was being loaded when the chain took back blocks down to 5; one joined at block 10 whose whole past
/// was taken back then.
const HALF: Address = Address::repeat_byte(0xB2);
const CLIPPED: Address = Address::repeat_byte(0xB3);
const EMPTIED: Address = Address::repeat_byte(0xB4);
/// Their first blocks, in the order of their ids.
const STARTS: [(Address, u64); 4] = [(ART, 0), (HALF, 2), (CLIPPED, 1), (EMPTIED, 7)];
/// The last block that 0.2 has committed.
const CHECKPOINT: u64 = 12;

/// Plans as 0.2 has left them: one set for each contract.
const PLANS: &str = r"
insert into chain.contracts (chain, address, standard, state, origin, start_block, live_from, folded_to,
    supply, holders, transfers)
values
    (1, '\x{art}', 'erc721', 'ready', 'config', 0, 10, 10, 12, 1, 12),
    (1, '\x{half}', null, 'loading', 'api', 2, 11, null, 0, 0, 0),
    (1, '\x{clipped}', 'erc721', 'loading', 'config', 1, 11, null, 0, 0, 0),
    (1, '\x{emptied}', 'erc721', 'loading', 'config', 7, 10, null, 0, 0, 0);
insert into chain.load_sets (chain, contract_ids, log_kinds, loaded)
select 1, array[id], '{erc721.transfer,erc2309.transfer,erc1155.transfer}', blocks
from (values (1, '{[0,10)}'::int8multirange), (2, '{[2,6)}'), (3, '{[1,6)}'), (4, '{}')) x (id, blocks);
insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block, state, last_hash)
select set_id, 1, l.log_kinds, from_block, next_block, to_block, x.state, last_hash
from (values (1, 0, 10, 9, 'done', '\x{9}'::bytea), (2, 2, 6, 10, 'pending', '\x{5}'),
    (3, 1, 6, 5, 'done', null), (4, 7, 7, 6, 'done', null)) x
    (set_id, from_block, next_block, to_block, state, last_hash)
join chain.load_sets l on l.id = x.set_id;
";

/// A chain that mints a token of each contract in every block.
fn minting() -> SimChain {
    let mut chain = SimChain::new(2, CHAIN.0);
    for block in 1..=CHECKPOINT {
        let mint = |(it, _): (Address, u64)| erc721_transfer(it, NOBODY, ANN, U256::from(block));
        chain.mine(vec![SimTx::new(block, STARTS.map(mint).to_vec())]);
    }
    chain
}

/// What 0.2 has stored of this chain: blocks, its plans, and the transfers that it has read.
async fn second_release(pool: &Pool, chain: &SimChain) {
    run(pool, &[EMPTY, FIRST, SECOND]).await;
    let hash = |block: u64| alloy::primitives::hex::encode(chain.canonical()[block as usize].hash);
    let names = [("{art}", ART), ("{half}", HALF), ("{clipped}", CLIPPED), ("{emptied}", EMPTIED)];
    let plans = names.into_iter().fold(PLANS.to_owned(), |plans, (name, address)| {
        plans.replace(name, &alloy::primitives::hex::encode(address))
    });
    let plans = plans.replace("{9}", &hash(9)).replace("{5}", &hash(5));
    let mut rows = format!(
        r"insert into chain.chains (caip2, name, checkpoint, checkpoint_hash, finalized)
        values ('eip155:31337', 'sim', {CHECKPOINT}, '\x{}', 0); select chain.create_partitions(1::int2);",
        hash(CHECKPOINT)
    );
    for block in 1..=CHECKPOINT {
        rows += &format!(
            r"insert into chain.blocks (chain, number, hash, parent_hash, time)
            values (1, {block}, '\x{}', '\x{}', to_timestamp({block}));",
            hash(block),
            hash(block - 1)
        );
    }
    run(pool, &[&rows, &plans]).await;
    let followed = STARTS.map(|(contract, start)| Tracked::erc721(contract, start));
    for moved in Replay::of(chain.canonical(), &followed).transfers {
        // The upper half of a past is all that was not read.
        if moved.key.0 == HALF && (6..=10).contains(&moved.block) {
            continue;
        }
        sqlx::query(
            r"
            with moved as (
                insert into chain.transfers (block, contract_id, log_index, batch_index, chain, token_id,
                    from_addr, to_addr, tx_hash)
                select $1, id, $2, 0, 1, $3, $4, $5, $6 from chain.contracts where address = $7
                returning *
            )
            insert into chain.holdings (since, acquired, contract_id, since_log, chain, token_id, owner)
            select block, block, contract_id, log_index, 1, token_id, to_addr from moved
            where contract_id = 1
            ",
        )
        .bind(moved.block as i64)
        .bind(moved.log_index as i32)
        .bind(Uint256(moved.key.1))
        .bind(moved.from.as_slice())
        .bind(moved.to.as_slice())
        .bind(moved.tx.as_slice())
        .bind(moved.key.0.as_slice())
        .execute(pool)
        .await
        .expect("a transfer");
    }
}

#[tokio::test]
async fn what_the_second_release_has_planned_goes_on_and_what_it_has_read_is_not_read_again() {
    let mut chain = minting();
    let database = fresh().await;
    second_release(&database.pool, &chain).await;
    run(&database.pool, &[THIRD]).await;

    indexes::assert_all(&database.pool, "after the upgrade").await;
    chain.mine(vec![SimTx::new(99, vec![erc721_transfer(ART, ANN, BOB, U256::from(7))])]);
    let node = SimNode::new(chain);
    let listening = Listening::on(node.clone());
    let (pool, over) = (&database.pool, (CHAIN, listening.clone() as Arc<_>));
    let indexer = Indexer::over(pool, over, "one", rules()).await;
    indexer.rest().await;
    let followed = STARTS.map(|(contract, start)| Tracked::erc721(contract, start));
    let truth = Replay::of(node.chain().canonical(), &followed);
    tables::assert_equal(pool, indexer.context.key, &truth, "after the upgrade").await;
    let ready = tables::in_state(pool, indexer.context.key, "ready").await;
    assert_eq!(ready, STARTS.map(|(contract, _)| contract).into());

    let past = |scope: &LogScope| match *scope {
        LogScope::Range(from, _) => from <= CHECKPOINT,
        LogScope::Hash(hash) => node.chain().by_hash(hash).unwrap().header.number <= CHECKPOINT,
    };
    let mut read: Vec<u64> = Vec::new();
    for (scope, filter) in listening.take().into_iter().filter(|(scope, _)| past(scope)) {
        assert_eq!(filter.addresses, [HALF], "what was read is read again: {scope:?}");
        match scope {
            LogScope::Range(from, to) => read.extend(from..=to),
            LogScope::Hash(hash) => read.push(node.chain().by_hash(hash).unwrap().header.number),
        }
    }
    read.sort_unstable();
    assert_eq!(read, [6, 7, 8, 9, 10], "what was not read is read, and once");
}
