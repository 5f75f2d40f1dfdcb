//! Ranges of ERC-2309: what becomes of their tokens, and what they cost.

use alloy::primitives::{Address, Log, U256};
use sqlx::AssertSqlSafe;

use super::story::{ANN, ART, BOB, CAT, NOBODY};
use super::trial::{Trial, mine};
use crate::support::database::fresh;
use crate::support::indexer::Indexer;
use crate::support::replay::{Kind, LISTED_MAX, Replay, Tracked};
use crate::support::sim::{SimChain, SimNode, consecutive_transfer, erc721_transfer};
use crate::support::statements::counted;
use crate::support::tables;

/// Most rows that a log may leave, whatever it says.
const ROWS_MAX: i64 = 10;
/// Statements that an absurd range may take more than a range of two tokens: it is noted too.
const STATEMENTS_MORE: usize = 4;
/// Statements of one pass of the live edge that finds one block.
const STATEMENTS_MAX: usize = 60;

fn range(first: u64, last: u64, from: Address, to: Address) -> Log {
    consecutive_transfer(ART, (U256::from(first), U256::from(last)), from, to)
}

fn one(token: u64, from: Address, to: Address) -> Log {
    erc721_transfer(ART, from, to, U256::from(token))
}

fn everything(from: Address, to: Address) -> Log {
    consecutive_transfer(ART, (U256::ZERO, U256::MAX), from, to)
}

#[tokio::test]
async fn a_token_leaves_its_range_and_returns() {
    let blocks: [&[Log]; 4] = [
        &[range(0, 9, NOBODY, ANN)],
        &[one(3, ANN, BOB)],
        &[],
        &[one(3, BOB, ANN), one(4, ANN, CAT)],
    ];
    let trial = Trial::of_tokens(&blocks)
        .owners(3, &[Some(ANN), Some(BOB), Some(BOB), Some(ANN)])
        .owners(4, &[Some(ANN), Some(ANN), Some(ANN), Some(CAT)])
        .owners(9, &[Some(ANN); 4])
        .owners(10, &[None; 4]);
    assert_eq!(trial.passes().await.counts(ART), (10, 2, 4));
}

#[tokio::test]
async fn tokens_of_a_range_are_burnt_and_minted_again() {
    let blocks: [&[Log]; 4] = [
        &[range(0, 9, NOBODY, ANN)],
        &[one(0, ANN, NOBODY), one(9, ANN, NOBODY)],
        &[one(9, NOBODY, CAT)],
        &[range(0, 0, NOBODY, BOB)],
    ];
    let trial = Trial::of_tokens(&blocks)
        .owners(0, &[Some(ANN), None, None, Some(BOB)])
        .owners(9, &[Some(ANN), None, Some(CAT), Some(CAT)]);
    let truth = trial.passes().await;
    assert_eq!((truth.counts(ART), truth.irregular(ART)), ((10, 3, 5), 0));
}

#[tokio::test]
async fn a_range_covers_single_tokens_and_parts_of_others() {
    let blocks: [&[Log]; 5] = [
        &[one(4, NOBODY, ANN), one(5, NOBODY, ANN), range(6, 9, NOBODY, ANN)],
        &[range(4, 9, ANN, BOB)],
        &[range(5, 7, BOB, NOBODY)],
        &[range(6, 6, NOBODY, CAT), range(8, 9, BOB, CAT)],
        &[range(5, 7, NOBODY, ANN), range(4, 4, BOB, CAT)],
    ];
    let trial = Trial::of_tokens(&blocks)
        .owners(4, &[Some(ANN), Some(BOB), Some(BOB), Some(BOB), Some(CAT)])
        .owners(6, &[Some(ANN), Some(BOB), None, Some(CAT), Some(ANN)])
        .owners(8, &[Some(ANN), Some(BOB), Some(BOB), Some(CAT), Some(CAT)]);
    let truth = trial.passes().await;
    assert_eq!((truth.counts(ART), truth.irregular(ART)), ((6, 2, 9), 1));
}

#[tokio::test]
async fn what_happens_to_a_range_within_a_block_leaves_no_trace() {
    let blocks: [&[Log]; 4] = [
        &[range(0, 9, NOBODY, ANN), one(2, ANN, BOB), range(20, 29, NOBODY, ANN)],
        &[range(0, 1, ANN, BOB), range(0, 1, BOB, ANN), one(5, ANN, CAT), one(5, CAT, ANN)],
        &[range(40, 49, NOBODY, ANN), range(40, 49, ANN, NOBODY), range(20, 29, ANN, ANN)],
        &[one(3, ANN, BOB), range(0, 9, ANN, CAT), one(3, CAT, ANN)],
    ];
    let trial = Trial::of_tokens(&blocks)
        .owners(2, &[Some(BOB), Some(BOB), Some(BOB), Some(CAT)])
        .owners(3, &[Some(ANN); 4])
        .owners(25, &[Some(ANN); 4])
        .owners(45, &[None; 4]);
    let truth = trial.passes().await;
    let since: Vec<_> = truth.stays((ART, U256::from(3))).iter().map(|stay| stay.since).collect();
    assert_eq!(since, [1], "who holds at every end has held without a pause");
}

#[tokio::test]
async fn ranges_of_whomever_are_followed_and_noted() {
    let blocks: [&[Log]; 4] = [
        &[range(0, 9, NOBODY, ANN)],
        &[range(5, 14, NOBODY, BOB)],
        &[range(0, 14, CAT, CAT), one(3, BOB, ANN)],
        &[range(2, 4, ANN, NOBODY)],
    ];
    let trial = Trial::of_tokens(&blocks)
        .owners(3, &[Some(ANN), Some(ANN), Some(ANN), None])
        .owners(7, &[Some(ANN), Some(BOB), Some(CAT), Some(CAT)])
        .owners(14, &[None, Some(BOB), Some(CAT), Some(CAT)]);
    let truth = trial.passes().await;
    assert_eq!((truth.counts(ART), truth.irregular(ART)), ((12, 1, 5), 3));
}

#[tokio::test]
async fn a_range_beyond_all_measure_is_answered_by_token_only() {
    let blocks: [&[Log]; 4] = [
        &[one(7, NOBODY, BOB)],
        &[everything(NOBODY, ANN)],
        &[one(7, ANN, CAT), one(8, ANN, BOB), range(20, 24, ANN, BOB)],
        &[range(22, 22 + LISTED_MAX, BOB, CAT)],
    ];
    let trial = Trial::of_tokens(&blocks)
        .owners(7, &[Some(BOB), Some(ANN), Some(CAT), Some(CAT)])
        .owners(8, &[None, Some(ANN), Some(BOB), Some(BOB)])
        .owners(u64::MAX, &[None, Some(ANN), Some(ANN), Some(ANN)]);
    let truth = trial.passes().await;
    assert_eq!((truth.counts(ART), truth.irregular(ART)), ((4, 2, 6), 2));
}

#[tokio::test]
async fn a_range_reaches_the_last_number_and_measures_to_the_last_token() {
    let end =
        |from, to| consecutive_transfer(ART, (U256::MAX - U256::from(3), U256::MAX), from, to);
    let last = |from, to| erc721_transfer(ART, from, to, U256::MAX);
    let blocks: [&[Log]; 3] = [
        &[end(NOBODY, ANN), range(1, LISTED_MAX, NOBODY, BOB)],
        &[last(ANN, CAT), one(LISTED_MAX, BOB, CAT)],
        &[end(ANN, NOBODY), last(NOBODY, BOB)],
    ];
    let truth = Trial::of_tokens(&blocks).passes().await;
    let listed = LISTED_MAX as usize;
    assert_eq!((truth.counts(ART), truth.irregular(ART)), ((listed + 1, 2, 6), 1));
}

/// A contract that is followed live on an empty chain.
async fn followed(pool: &herald::store::Pool) -> (SimNode, Indexer) {
    let node = SimNode::new(SimChain::new(1, 31_337));
    let indexer = Indexer::new(pool, node.clone(), "one").await;
    indexer.follow_as(ART, Some(Kind::Erc721), 0).await;
    indexer.rest().await;
    (node, indexer)
}

/// All rows of all tables about chains.
async fn rows(pool: &herald::store::Pool) -> i64 {
    let tables: Vec<String> = sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables t
         where schemaname = 'chain' and not exists (
            select from pg_partitioned_table p
            where p.partrelid = format('%I.%I', t.schemaname, t.tablename)::regclass
         )",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all = 0;
    for table in tables {
        let count = format!("select count(*) from {table}");
        all += sqlx::query_scalar::<_, i64>(AssertSqlSafe(count)).fetch_one(pool).await.unwrap();
    }
    all
}

#[tokio::test]
async fn all_numbers_in_one_log_cost_what_two_tokens_cost() {
    let database = fresh().await;
    let (node, indexer) = followed(&database.pool).await;
    mine(&node, 1, &[range(3, 4, NOBODY, ANN)]);
    let (pass, few) = counted(indexer.live()).await;
    pass.unwrap();
    assert!((1..=STATEMENTS_MAX).contains(&few), "{few} statements for two tokens");
    let before = rows(&database.pool).await;
    mine(&node, 2, &[everything(NOBODY, BOB)]);
    let (pass, many) = counted(indexer.live()).await;
    pass.unwrap();
    let left = rows(&database.pool).await - before;
    assert!((1..=ROWS_MAX).contains(&left), "one log leaves {left} rows");
    assert!(many <= few + STATEMENTS_MORE, "{many} statements for all tokens, {few} for two");
    let follow = [Tracked::erc721(ART, 0)];
    let truth = Replay::of(node.chain().canonical(), &follow);
    tables::assert_equal(&database.pool, indexer.context.key, &truth, "afterwards").await;
}
