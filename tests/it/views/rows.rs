//! The rows of the views: only what is whole, and nobody is the zero address.

use alloy::primitives::aliases::I512;
use alloy::primitives::{Address, U256};
use herald::store::Pool;

use crate::support::database::{TestDatabase, fresh};
use crate::support::seed::{Held, LASTS, Move, Piece, SeedChain, SeedContract, person};

/// The first column of a statement, as text.
async fn texts(pool: &Pool, statement: &'static str) -> Vec<String> {
    sqlx::query_scalar(statement).fetch_all(pool).await.unwrap()
}

fn held(token: u64, owner: u8, since: i64, balance: Option<i64>) -> Held {
    let balance = balance.map(|units| I512::try_from(units).unwrap());
    let (token, owner) = (U256::from(token), person(owner));
    Held { since, until: LASTS, acquired: since, token, owner, balance }
}

fn piece(first: u64, last: u64, until: i64, listed: bool) -> Piece {
    let (first, last) = (U256::from(first), U256::from(last));
    let owner = person(7);
    Piece { since: 20, until, acquired: 20, log: 0, listed, first, last, owner }
}

/// A chain at 40, safe 32, final 28, with a contract of every kind of holding.
async fn world() -> (TestDatabase, SeedChain, SeedContract) {
    let db = fresh().await;
    let chain = SeedChain::add(&db.pool, "eip155:1", "ethereum").await;
    chain.commit(1, 40).await;
    chain.marks(32, 28).await;
    let apes = chain.contract(Address::repeat_byte(0xAB), "ready", 5).await;
    let ended = Held { until: 30, ..held(1, 1, 10, None) };
    let units = |token, owner, balance| held(token, owner, 12, Some(balance));
    apes.held(&[ended, held(1, 2, 30, None), units(2, 3, 5), units(2, 4, -5)]).await;
    apes.pieces(&[piece(100, 102, LASTS, true), piece(103, 103, 25, true)]).await;
    apes.pieces(&[piece(1000, 1_000_000, LASTS, false)]).await;
    (db, chain, apes)
}

const HOLDINGS: &str = r"select concat_ws(' ', chain, contract, token_id, owner, balance, standard,
    acquired_block) from herald_v1.holdings order by token_id";

#[tokio::test]
async fn holdings_are_each_token_of_whole_contracts_with_the_listed_ones_of_ranges() {
    let (db, chain, apes) = world().await;
    let row = |rest: &str, owner: u8, end: &str| {
        format!(
            "eip155:1 0x{} {rest} 0x{} {end}",
            "ab".repeat(20),
            format!("{owner:02x}").repeat(20)
        )
    };
    let expected = [
        row("1", 2, "1 erc721 30"),
        row("2", 3, "5 erc1155 12"),
        row("100", 7, "1 erc721 20"),
        row("101", 7, "1 erc721 20"),
        row("102", 7, "1 erc721 20"),
    ];
    assert_eq!(texts(&db.pool, HOLDINGS).await, expected);
    let ranges = "select concat_ws('-', first_token_id, last_token_id, listed, valid_to)
        from herald_v1.token_ranges order by first_token_id";
    let expected = ["100-102-t", "103-103-t-25", "1000-1000000-f"];
    assert_eq!(texts(&db.pool, ranges).await, expected);
    let other = chain.contract(Address::repeat_byte(0xCD), "loading", 5).await;
    other.held(&[held(9, 9, 12, None)]).await;
    assert_eq!(texts(&db.pool, HOLDINGS).await.len(), 5, "one that is loading");
    for state in ["probing", "loading", "folding", "stopped"] {
        sqlx::query("update chain.contracts set state = $2 where id = $1")
            .bind(apes.id)
            .bind(state)
            .execute(&db.pool)
            .await
            .unwrap();
        for view in [
            HOLDINGS,
            "select owner from herald_v1.holdings_history",
            "select owner from herald_v1.token_ranges",
        ] {
            assert_eq!(texts(&db.pool, view).await, Vec::<String>::new(), "{state}: {view}");
        }
    }
}

#[tokio::test]
async fn the_history_has_one_owner_of_a_token_at_each_block() {
    let (db, ..) = world().await;
    for (block, expected) in [(9, None), (10, Some(1)), (29, Some(1)), (30, Some(2)), (40, Some(2))]
    {
        let owners: Vec<Vec<u8>> = sqlx::query_scalar(
            r"select owner_bytes from herald_v1.holdings_history where token_id = 1
                and valid_from <= $1 and (valid_to > $1 or valid_to is null)",
        )
        .bind(block)
        .fetch_all(&db.pool)
        .await
        .unwrap();
        let expected: Vec<Vec<u8>> = expected.into_iter().map(|it| person(it).to_vec()).collect();
        assert_eq!(owners, expected, "{block}");
    }
    let of_range = "select concat_ws(' ', token_id, valid_from, valid_to)
        from herald_v1.holdings_history where token_id between 102 and 2000 order by token_id";
    assert_eq!(texts(&db.pool, of_range).await, ["102 20", "103 20 25"]);
}

#[tokio::test]
async fn transfers_say_kind_finality_and_whether_all_of_them_are_there() {
    let (db, chain, apes) = world().await;
    let go = |block, from, to| {
        let (last, amount) = (None, None);
        Move { block, log: 3, batch: 0, first: U256::ONE, last, amount, from, to }
    };
    let moves = [
        go(10, Address::ZERO, person(1)),
        go(30, person(1), person(2)),
        go(35, person(2), Address::ZERO),
    ];
    apes.moves(&moves).await;
    let rows = r"select concat_ws(' ', kind, coalesce(left(from_address, 4), 'null'),
        coalesce(left(to_address, 4), 'null'), amount, finality, whole, block_time is not null)
        from herald_v1.transfers order by block";
    let expected = [
        "mint null 0x01 1 finalized t t",
        "transfer 0x01 0x02 1 safe t t",
        "burn 0x02 null 1 latest t t",
    ];
    assert_eq!(texts(&db.pool, rows).await, expected);
    chain
        .event("token.minted", Some((10, crate::support::seed::block_hash(1, 10))), "{\"a\":1}")
        .await;
    let told = "select concat_ws(' ', stream, seq, type, data ->> 'a') from herald_v1.events";
    assert_eq!(texts(&db.pool, told).await, ["chain:eip155:1 1 token.minted 1"]);
    sqlx::query("update chain.streams set name = 'account:7'").execute(&db.pool).await.unwrap();
    assert!(texts(&db.pool, told).await.is_empty(), "an account's stream is not public");
    sqlx::query("update chain.contracts set state = 'stopped'").execute(&db.pool).await.unwrap();
    assert!(texts(&db.pool, rows).await.is_empty(), "one that is no longer followed");
}
