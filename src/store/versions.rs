//! Holdings at the end of a block, and putting them back to it.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::holdings::{Holding, Row, TokenKey, by_token, split};
use super::{StoreError, height};
use crate::types::ChainKey;

/// Holdings of these tokens at the end of block `block`.
pub async fn at(
    connection: &mut PgConnection,
    chain: ChainKey,
    tokens: &[TokenKey],
    block: u64,
) -> Result<HashMap<TokenKey, Holding>, StoreError> {
    let (contracts, ids) = split(tokens.iter().copied());
    let rows: Vec<Row> = sqlx::query_as(
        r"
        with asked as (select * from unnest($2::int4[], $3::numeric[]) as t (contract_id, token_id))
        select h.contract_id, h.token_id, h.owner, h.since, h.since_log, h.acquired
        from asked join chain.holdings h on h.chain = $1
            and h.contract_id = asked.contract_id and h.token_id = asked.token_id
        where h.since <= $4
        union all
        select p.contract_id, p.token_id, p.owner, p.since, p.since_log, p.acquired
        from asked join chain.holdings_past p on p.chain = $1
            and p.contract_id = asked.contract_id and p.token_id = asked.token_id
        where p.since <= $4 and p.until > $4
        ",
    )
    .bind(chain.0)
    .bind(contracts)
    .bind(ids)
    .bind(height(block))
    .fetch_all(connection)
    .await?;
    Ok(by_token(rows))
}

/// Puts the holdings of these tokens back to what they were at the end of block `to`: versions
/// that began later go, versions that ended later are current again.
pub async fn restore(
    connection: &mut PgConnection,
    chain: ChainKey,
    tokens: &[TokenKey],
    to: u64,
) -> Result<(), StoreError> {
    let (contracts, ids) = split(tokens.iter().copied());
    // Two statements: within one, the reopened row could meet the key of the row not yet gone.
    sqlx::query(
        r"
        delete from chain.holdings h
        using unnest($2::int4[], $3::numeric[]) as touched (contract_id, token_id)
        where h.chain = $1 and h.contract_id = touched.contract_id
            and h.token_id = touched.token_id and h.since > $4
        ",
    )
    .bind(chain.0)
    .bind(&contracts)
    .bind(&ids)
    .bind(height(to))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        r"
        with ended as (
            delete from chain.holdings_past p
            using unnest($2::int4[], $3::numeric[]) as touched (contract_id, token_id)
            where p.chain = $1 and p.contract_id = touched.contract_id
                and p.token_id = touched.token_id and p.until > $4
            returning p.*
        )
        insert into chain.holdings
            (chain, contract_id, token_id, owner, balance, since, since_log, acquired)
        select chain, contract_id, token_id, owner, balance, since, since_log, acquired
        from ended where since <= $4
        ",
    )
    .bind(chain.0)
    .bind(&contracts)
    .bind(&ids)
    .bind(height(to))
    .execute(connection)
    .await?;
    Ok(())
}
