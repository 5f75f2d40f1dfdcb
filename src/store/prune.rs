//! Forgetting final blocks of `chain.blocks` that hold no transfer, beside steps that may just be
//! storing one.

use sqlx::{PgConnection, PgExecutor};

use super::{StoreError, height, number};
use crate::types::ChainKey;

/// The lowest stored height from `from` on.
pub async fn lowest_from(
    executor: impl PgExecutor<'_>,
    chain: ChainKey,
    from: u64,
) -> Result<Option<u64>, StoreError> {
    let lowest: Option<i64> = sqlx::query_scalar(
        "select min(number) from chain.blocks where chain = $1 and number >= $2",
    )
    .bind(chain.0)
    .bind(height(from))
    .fetch_one(executor)
    .await?;
    Ok(lowest.map(number))
}

/// Forgets the blocks `from..below` that hold no transfer.
///
/// Two statements: the first waits for steps that hold a block ([`hold`]), the second sees the
/// transfers that those have committed meanwhile.
pub async fn prune(
    connection: &mut PgConnection,
    chain: ChainKey,
    (from, below): (u64, u64),
) -> Result<(), StoreError> {
    sqlx::query(
        r"
        select from chain.blocks b
        where b.chain = $1 and b.number >= $2 and b.number < $3 and not exists (
            select from chain.transfers t where t.chain = $1 and t.block = b.number
        )
        order by b.number for update
        ",
    )
    .bind(chain.0)
    .bind(height(from))
    .bind(height(below))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        r"
        delete from chain.blocks b
        where b.chain = $1 and b.number >= $2 and b.number < $3 and not exists (
            select from chain.transfers t where t.chain = $1 and t.block = b.number
        )
        ",
    )
    .bind(chain.0)
    .bind(height(from))
    .bind(height(below))
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps these blocks from being forgotten until the transaction ends; fails where one has gone.
pub async fn hold(
    connection: &mut PgConnection,
    chain: ChainKey,
    numbers: &[u64],
) -> Result<(), StoreError> {
    let held: Vec<i64> = sqlx::query_scalar(
        r"
        select number from chain.blocks
        where chain = $1 and number = any ($2) order by number for key share
        ",
    )
    .bind(chain.0)
    .bind(numbers.iter().map(|number| height(*number)).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    if held.len() == numbers.len() { Ok(()) } else { Err(StoreError::Fenced { what: "blocks" }) }
}
