//! How far the loads are: `load_*` of `chain.chains`, measured from `chain.spans`.
//!
//! A chain's load is what its spans hold from the moment that a set is planned until all sets are
//! finished; finished ones stay and count until then. A block of a span counts once, whatever the number
//! of contracts.

use std::time::Duration;

use serde::Serialize;
use sqlx::{FromRow, PgExecutor};

use super::StoreError;
use crate::types::ChainKey;

/// What is older than this counts for half of the rate: a reader sees within a minute that an endpoint
/// has become slow, and not every single step.
pub const HALF_LIFE: Duration = Duration::from_secs(30);

/// Two measurements lie at least so far apart: nearer ones, such as those of two replicas, would
/// measure a single step.
pub const APART: Duration = Duration::from_millis(1_500);

/// A load in which nothing has moved for so long has no rate: longer than any step takes.
pub const STILL: Duration = Duration::from_secs(120);

/// How far a chain's load is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, FromRow)]
pub struct Load {
    /// Whether anything is still to be loaded.
    pub loading: bool,
    /// Blocks that are loaded, of all sets that are not forgotten yet.
    pub blocks_done: i64,
    /// Blocks that were to be loaded, of the same sets.
    pub blocks_total: i64,
    /// Smoothed rate of all replicas; none where nothing is loading, nothing has moved for
    /// [`STILL`], or no two measurements were made yet.
    pub blocks_per_s: Option<f64>,
}

impl Load {
    /// Blocks that are left.
    pub fn left(&self) -> i64 {
        (self.blocks_total - self.blocks_done).max(0)
    }

    /// Seconds until all is loaded at this rate; none where there is no rate.
    pub fn eta_s(&self) -> Option<f64> {
        // Counts of blocks stay far below 2^53, where `f64` is exact.
        self.blocks_per_s.filter(|rate| *rate > 0.0).map(|rate| self.left() as f64 / rate)
    }

    /// Share that is loaded, 0 to 100.
    pub fn percent(&self) -> f64 {
        if self.blocks_total <= 0 {
            return if self.loading { 0.0 } else { 100.0 };
        }
        100.0 * self.blocks_done as f64 / self.blocks_total as f64
    }
}

/// How far a chain's load is, and who is at it.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct ChainLoad {
    /// Alias.
    pub name: String,
    /// How far it is.
    #[sqlx(flatten)]
    pub load: Load,
    /// Spans that nobody reads and that have not failed since their last step.
    pub waiting: i64,
    /// Spans that somebody reads and that have not failed since their last step.
    pub reading: i64,
    /// Spans that have failed since their last step, whether somebody reads them or not.
    pub failing: i64,
}

/// The load of every chain by name, or of the one.
pub async fn loads(
    executor: impl PgExecutor<'_>,
    only: Option<ChainKey>,
) -> Result<Vec<ChainLoad>, StoreError> {
    let rows = sqlx::query_as(
        r"
        select c.name, p.*, exists (
                select from chain.load_sets u where u.chain = c.id and u.finished_at is null
            ) as loading,
            case when c.load_at > clock_timestamp() - $2 * interval '1 second' then c.load_rate end
                as blocks_per_s
        from chain.chains c
        cross join lateral (
            select coalesce(sum(s.next_block - s.from_block), 0)::int8 as blocks_done,
                coalesce(sum(s.to_block - s.from_block + 1), 0)::int8 as blocks_total,
                count(*) filter (where s.state = 'pending' and s.failures = 0
                    and coalesce(s.lease_until < clock_timestamp(), true)) as waiting,
                count(*) filter (where s.state = 'pending' and s.failures = 0
                    and s.lease_until >= clock_timestamp()) as reading,
                count(*) filter (where s.state = 'pending' and s.failures > 0) as failing
            from chain.spans s where s.chain = c.id
        ) p
        where $1::int2 is null or c.id = $1
        order by c.name
        ",
    )
    .bind(only.map(|chain| chain.0))
    .bind(STILL.as_secs_f64())
    .fetch_all(executor)
    .await?;
    Ok(rows)
}

/// Measures the load of a chain. Any number of replicas may do so at any time: what is written is a
/// block count with the time at which it was true, by the database's clock, and only one in [`APART`]
/// is. A chain whose row is locked is left for the next time.
///
/// The rate moves when blocks do, by the blocks and the time since they last did, so that steps longer
/// than the time between two measurements weigh what they are. The first measurement of a load, and
/// the first after [`STILL`], only begin; one that finds fewer blocks than before, because a span is
/// read again, goes on from there with the rate that there was.
pub async fn measure(executor: impl PgExecutor<'_>, chain: ChainKey) -> Result<(), StoreError> {
    sqlx::query(
        r"
        with old as (
            select id, load_done, load_at, load_rate from chain.chains
            where id = $1 for no key update skip locked
        ), seen as materialized (
            select clock_timestamp() as at, exists (
                    select from chain.load_sets where chain = $1 and finished_at is null
                ) as loading,
                (select coalesce(sum(next_block - from_block), 0)::int8 from chain.spans
                    where chain = $1) as done
        ), moved as (
            select old.*, seen.*, done - load_done as blocks,
                extract(epoch from at - load_at)::float8 as seconds
            from old, seen
            where case
                when not loading then load_at is not null
                else load_at is null
                    or (done <> load_done and at - load_at >= $2 * interval '1 second')
            end
        )
        update chain.chains c set
            load_done = case when loading then done end,
            load_at = case when loading then at end,
            load_rate = case
                when not loading or m.load_at is null or seconds > $3 then null
                when blocks < 0 then m.load_rate
                else blocks / seconds + power(0.5, seconds / $4)
                    * (coalesce(m.load_rate, blocks / seconds) - blocks / seconds)
            end
        from moved m where c.id = m.id
        ",
    )
    .bind(chain.0)
    .bind(APART.as_secs_f64())
    .bind(STILL.as_secs_f64())
    .bind(HALF_LIFE.as_secs_f64())
    .execute(executor)
    .await?;
    Ok(())
}

/// How far a contract is.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct ContractLoad {
    /// `probing`, `loading`, `folding`, `ready` or `stopped`.
    pub state: String,
    /// Why it is not followed, where the probe has refused it.
    pub refused: Option<String>,
    /// Share of its past that is loaded, where any of it was planned.
    pub loaded_percent: Option<f64>,
    /// How far its chain is.
    #[sqlx(flatten)]
    pub load: Load,
}

/// How far the contract at `address` of the chain with this alias is; none where it is unknown.
pub async fn of_contract(
    executor: impl PgExecutor<'_>,
    chain: &str,
    address: &[u8; 20],
) -> Result<Option<ContractLoad>, StoreError> {
    let row = sqlx::query_as(
        r"
        select t.state, coalesce(t.refused_detail, t.refused) as refused,
            chain.loaded_percent(t.id, t.chain) as loaded_percent, exists (
                select from chain.load_sets u where u.chain = c.id and u.finished_at is null
            ) as loading,
            (select coalesce(sum(s.next_block - s.from_block), 0)::int8 from chain.spans s
                where s.chain = c.id) as blocks_done,
            (select coalesce(sum(s.to_block - s.from_block + 1), 0)::int8 from chain.spans s
                where s.chain = c.id) as blocks_total,
            case when c.load_at > clock_timestamp() - $3 * interval '1 second' then c.load_rate end
                as blocks_per_s
        from chain.contracts t join chain.chains c on c.id = t.chain
        where c.name = $1 and t.address = $2
        ",
    )
    .bind(chain)
    .bind(address)
    .bind(STILL.as_secs_f64())
    .fetch_optional(executor)
    .await?;
    Ok(row)
}
