//! `chain.taken_back`: how often a block was taken back, so that its events are new when it returns.

use alloy::primitives::B256;
use sqlx::PgConnection;

use super::{StoreError, height, number};
use crate::types::ChainKey;

/// A block that a rewind took back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoneBlock {
    /// Height.
    pub number: u64,
    /// Hash it had.
    pub hash: B256,
    /// Its time, where it is known.
    pub time: Option<time::OffsetDateTime>,
    /// How often it had been taken back before.
    pub epoch: i32,
}

/// Takes back every block above `to`, counting it, and answers them, newest first.
pub async fn take(
    connection: &mut PgConnection,
    chain: ChainKey,
    to: u64,
) -> Result<Vec<GoneBlock>, StoreError> {
    type Row = (i64, [u8; 32], Option<time::OffsetDateTime>, i32);
    let rows: Vec<Row> = sqlx::query_as(
        r"
        with gone as (
            delete from chain.blocks where chain = $1 and number > $2
            returning number, hash, time, epoch
        ), counted as (
            insert into chain.taken_back as back (chain, number, hash, times)
            select $1, number, hash, epoch + 1 from gone
            on conflict (chain, hash) do update set times = greatest(back.times, excluded.times)
        )
        select number, hash, time, epoch from gone order by number desc
        ",
    )
    .bind(chain.0)
    .bind(height(to))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(at, hash, time, epoch)| GoneBlock {
            number: number(at),
            hash: hash.into(),
            time,
            epoch,
        })
        .collect())
}
