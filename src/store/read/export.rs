//! What every statement of a stream has in common: the block that is shown, how the chain stands,
//! and a stamp of the contracts' histories.

use sqlx::Row;
use sqlx::types::Json;

use super::Standing;
use crate::store::{Pool, StoreError};
use crate::types::ChainKey;

/// The block that a stream shows from its first row to its last.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Its chain.
    pub chain: ChainKey,
    /// Its height.
    pub block: i64,
}

/// What the histories of some contracts are: it changes when one is read anew, from another block
/// on, and is null while one is not whole. `$contracts` is an array of their numbers, in SQL.
macro_rules! stamp {
    ($contracts:literal) => {
        concat!(
            r"
            select case when coalesce(bool_and((c.state = 'ready' or c.state = 'stopped'
                    and c.folded_to is not null) and not c.purging and not c.purged), true)
                then md5(coalesce(string_agg(concat_ws(' ', c.id, c.start_block, c.live_from), ','
                    order by c.id), '')) end as stamp
            from chain.contracts c
            where c.id = any (",
            $contracts,
            ")
            "
        )
    };
}
pub(super) use stamp;

/// How a chain stands, with the stored hash of the block `at`; none of a chain that is not there.
pub async fn standing(
    pool: &Pool,
    chain: ChainKey,
    at: i64,
) -> Result<Option<Standing>, StoreError> {
    let row = sqlx::query("select as_of from chain.as_of(array[$1::int2], array[$2::int8])")
        .bind(chain.0)
        .bind(at)
        .fetch_one(pool)
        .await?;
    let Json(as_of): Json<Vec<Standing>> = row.try_get("as_of")?;
    Ok(as_of.into_iter().next())
}

/// The contracts of a chain whose whole history is stored, by number, and how many more are followed
/// whose history is not.
pub async fn whole(pool: &Pool, chain: ChainKey) -> Result<(Vec<i32>, i64), StoreError> {
    let row = sqlx::query_as(
        r"select coalesce(array_agg(id order by id) filter (where state = 'ready'), '{}'),
            count(*) filter (where state <> 'ready')
        from chain.contracts
        where chain = $1 and state <> 'stopped' and refused is null",
    )
    .bind(chain.0)
    .fetch_one(pool)
    .await?;
    Ok(row)
}
