//! The list of tracked contracts.

use super::Read;
use crate::store::wishes::ContractRow;
use crate::store::{Pool, StoreError};
use crate::types::ContractState;

/// In the order they were added, those with a number above `after`, of these chains.
pub async fn contracts(
    pool: &Pool,
    chains: &[i16],
    state: Option<ContractState>,
    after: i32,
    limit: i64,
) -> Result<Read<ContractRow>, StoreError> {
    let rows = sqlx::query(
        r"select a.as_of, c.id is not null as present, c.id, c.chain, c.address, c.standard, c.state,
            c.origin, c.start_block, c.name, c.symbol, c.supply, c.holders, c.transfers, c.irregular,
            case when c.state <> 'ready' then chain.loaded_percent(c.id, c.chain) end
                as loaded_percent
        from chain.as_of($1, '{}') a
        left join lateral (
            select id, chain, address, standard, state, origin, start_block, name, symbol, supply,
                holders, transfers, irregular
            from chain.contracts
            where chain = any ($1) and id > $3 and ($2::text is null or state = $2)
            order by id
            limit $4
        ) c on true
        order by c.id",
    )
    .bind(chains)
    .bind(state.map(ContractState::as_str))
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Read::take(rows)
}
