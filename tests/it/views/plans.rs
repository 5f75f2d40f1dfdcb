//! Filters on a view reach the indexes below it.

use alloy::primitives::{Address, U256};
use herald::store::Pool;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use crate::support::database::fresh;
use crate::support::seed::{Held, LASTS, Move, Piece, SeedChain, person};

/// Tokens of each contract.
const TOKENS: i64 = 1500;

/// Every scan of a plan: the relation, and the index it is read by.
fn scans(plan: &Value, out: &mut Vec<(String, Option<String>)>) {
    let text = |name: &str| plan[name].as_str().map(str::to_owned);
    if let Some(relation) = text("Relation Name") {
        out.push((relation, text("Index Name")));
    } else if let Some(index) = text("Index Name") {
        out.push((index.clone(), Some(index)));
    }
    for part in plan["Plans"].as_array().into_iter().flatten() {
        scans(part, out);
    }
}

/// The scans of the large tables, of a statement as a view's reader writes it.
async fn large(pool: &Pool, statement: &str) -> Vec<(String, Option<String>)> {
    let explained = AssertSqlSafe(format!("explain (format json) {statement}"));
    let plan: Value = sqlx::query_scalar(explained).fetch_one(pool).await.unwrap();
    let mut found = Vec::new();
    scans(&plan[0]["Plan"], &mut found);
    let bitmap = found.iter().any(|(relation, index)| Some(relation) == index.as_ref());
    found.retain(|(relation, index)| {
        let big = ["transfers_", "holdings_", "token_ranges_"];
        big.iter().any(|name| relation.starts_with(name)) && !(bitmap && index.is_none())
    });
    found
}

async fn filled(pool: &Pool) {
    for number in 1..=2_u8 {
        let chain = SeedChain::add(pool, &format!("eip155:{number}"), &format!("c{number}")).await;
        chain.commit(1, 50).await;
        for address in [0x10, 0x20] {
            let contract = chain.contract(Address::repeat_byte(address + number), "ready", 5).await;
            let whose = |n: i64| Address::from_word(U256::from(n % 300 + 1).into());
            let moved = |n: i64| {
                let (first, last, amount) = (U256::from(n), None, None);
                let (block, log) = (n % 50, i32::from(address) * 1000 + i32::try_from(n).unwrap());
                Move { block, log, batch: 0, first, last, amount, from: person(9), to: whose(n) }
            };
            contract.moves(&(0..TOKENS).map(moved).collect::<Vec<_>>()).await;
            let held = |n: i64| {
                let until = if n % 2 == 0 { LASTS } else { 60 };
                let (token, owner) = (U256::from(n), whose(n));
                Held { since: 5, until, acquired: 5, token, owner, balance: None }
            };
            contract.held(&(0..TOKENS).map(held).collect::<Vec<_>>()).await;
            let piece = |n: i64| {
                let first = U256::from(100_000 + n * 3);
                let (last, owner) = (first + U256::ONE, whose(n));
                let (since, until) = (5, LASTS);
                Piece { since, until, acquired: 5, log: 1, listed: true, first, last, owner }
            };
            if address == 0x20 {
                contract.pieces(&(0..TOKENS).map(piece).collect::<Vec<_>>()).await;
            }
        }
    }
    for statement in [
        r"do $$ declare c record; i record; begin
            for c in select id from chain.chains loop
                for i in select * from chain.transfer_indexes() loop
                    execute format('create index on chain.%I %s', 'transfers_' || c.id, i.definition);
                end loop;
            end loop;
        end $$",
        "analyze",
    ] {
        sqlx::raw_sql(statement).execute(pool).await.unwrap();
    }
}

#[tokio::test]
async fn wallets_tokens_and_contracts_are_found_by_indexes() {
    let db = fresh().await;
    filled(&db.pool).await;
    let owner = r"'\x0000000000000000000000000000000000000007'";
    let mut plans = 0;
    for statement in [
        format!("select * from herald_v1.holdings where owner_bytes = {owner}"),
        format!("select * from herald_v1.holdings_history where owner_bytes = {owner}"),
        format!("select sum(balance) from herald_v1.holdings where chain = 'eip155:1' and owner_bytes = {owner}"),
        "select * from herald_v1.holdings where contract_id = 1 and token_id = 7".to_owned(),
        "select * from herald_v1.token_ranges where contract_id = 2 and first_token_id = 100003".to_owned(),
        "select * from herald_v1.transfers where contract_id = 1 order by block desc limit 50".to_owned(),
        "select * from herald_v1.transfers where contract_id = 1 and block between 10 and 11".to_owned(),
        "select * from herald_v1.transfers where contract_id = 1 and token_id = 7".to_owned(),
        format!("select * from herald_v1.transfers where to_bytes = {owner}"),
        r"select * from herald_v1.transfers where from_bytes = '\x0808080808080808080808080808080808080808'".to_owned(),
        format!("select * from herald_v1.transfers where tx_hash_bytes = '\\x{}'", "07".repeat(32)),
    ] {
        let found = large(&db.pool, &statement).await;
        assert!(!found.is_empty(), "{statement}");
        for (relation, index) in found {
            assert!(index.is_some(), "{statement}: {relation} is read whole");
            plans += 1;
        }
    }
    assert!(plans > 11, "{plans}");
    let whole = large(&db.pool, "select * from herald_v1.holdings where balance = 7").await;
    assert!(whole.iter().any(|(_, index)| index.is_none()), "the check sees a table read whole");
}
