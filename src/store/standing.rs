//! How every chain stands, for operators at a terminal.

use serde::Serialize;

use super::{Pool, StoreError};

/// One chain.
#[derive(Clone, Debug, PartialEq, Serialize, sqlx::FromRow)]
pub struct ChainStanding {
    /// Alias.
    pub name: String,
    /// CAIP-2 id.
    pub caip2: String,
    /// `loading`, `live`, `stalled`, `halted` or `paused`.
    pub status: String,
    /// Why.
    pub detail: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
    /// Newest height shown by a node.
    pub head: Option<i64>,
    /// Last committed block.
    pub checkpoint: Option<i64>,
    /// Newest final block.
    pub finalized: Option<i64>,
    /// Followed contracts.
    pub contracts: i64,
    /// Those whose history is not whole yet.
    pub not_ready: i64,
    /// Those whose ownership is being built.
    pub folding: i64,
    /// Secondary indexes of its transfers: `absent`, `building` or `ready`.
    pub indexes: String,
    /// Seconds since a daemon last wrote anything about this chain.
    pub idle_seconds: i64,
    /// Endpoints that are not well and steps of the past that fail, each with its reason; the first 20.
    pub troubles: Vec<String>,
}

impl ChainStanding {
    /// Whether nobody needs to act.
    pub fn well(&self) -> bool {
        !matches!(self.status.as_str(), "halted" | "stalled")
    }
}

/// Every chain of the database, by name.
pub async fn chains(pool: &Pool) -> Result<Vec<ChainStanding>, StoreError> {
    let rows = sqlx::query_as(
        r#"
        select h.name, h.caip2, h.status, h.status_detail as detail,
            to_char(h.status_since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since,
            h.head, h.checkpoint, h.finalized,
            (select count(*) from chain.contracts c
                where c.chain = h.id and c.state <> 'stopped' and c.refused is null) as contracts,
            (select count(*) from chain.contracts c
                where c.chain = h.id and c.state in ('probing', 'loading', 'folding')
                    and c.refused is null) as not_ready,
            (select count(*) from chain.contracts c
                where c.chain = h.id and c.state = 'folding') as folding,
            h.indexes,
            coalesce(extract(epoch from clock_timestamp() - greatest(h.head_at, h.checkpoint_at,
                (select max(e.seen_at) from chain.endpoints e where e.chain = h.id))), 0)::int8
                as idle_seconds,
            array(select 'endpoint ' || e.name || ' is ' || e.status || coalesce(': ' || e.detail, '')
                from chain.endpoints e where e.chain = h.id and e.status in ('failing', 'misconfigured')
                union all
                select 'loading from block ' || s.next_block || ' failed ' || case when s.failures = 1
                    then 'once' else s.failures || ' times' end || ': ' || s.detail
                from chain.spans s
                where s.chain = h.id and s.state = 'pending' and s.detail is not null
                limit 20) as troubles
        from chain.chains h order by h.name
        "#,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows)
}
