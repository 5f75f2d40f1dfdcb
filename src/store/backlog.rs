//! `chain.spans` as an operator sees and steers it: what is still to be read, by whom, and how it fails.

use serde::Serialize;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::StoreError;
use crate::types::ChainKey;

/// Most spans of one answer: a load shared by hundreds of workers has as many.
pub const LISTED_MAX: i64 = 1_000;

/// A span that is not done.
#[derive(Clone, Debug, PartialEq, Serialize, FromRow)]
pub struct Pending {
    /// Its number.
    pub id: i64,
    /// Alias of its chain.
    pub chain: String,
    /// How many contracts it is read for.
    pub contracts: i64,
    /// The contract, where it is only one: 40 hexadecimal digits after `0x`.
    pub contract: Option<String>,
    /// First block.
    pub from_block: i64,
    /// Last block.
    pub to_block: i64,
    /// The block to be read next.
    pub next_block: i64,
    /// The worker that reads it, while its claim lasts.
    pub reader: Option<String>,
    /// Until when the claim lasts, RFC 3339.
    pub until: Option<String>,
    /// Steps that have failed since the last that did not.
    pub failures: i32,
    /// Why the last one has.
    pub detail: Option<String>,
}

/// The chain with this alias, and the aliases of all.
pub async fn chain_named(
    executor: impl PgExecutor<'_>,
    name: &str,
) -> Result<Result<ChainKey, Vec<String>>, StoreError> {
    let rows: Vec<(i16, String)> =
        sqlx::query_as("select id, name from chain.chains order by name")
            .fetch_all(executor)
            .await?;
    let found = rows.iter().find(|(_, known)| known == name).map(|(id, _)| ChainKey(*id));
    Ok(found.ok_or_else(|| rows.into_iter().map(|(_, known)| known).collect()))
}

/// What is not done of every chain or the one, all of it or what fails; at most [`LISTED_MAX`].
pub async fn pending(
    executor: impl PgExecutor<'_>,
    chain: Option<ChainKey>,
    failing: bool,
) -> Result<Vec<Pending>, StoreError> {
    let rows = sqlx::query_as(
        r#"
        select s.id, c.name as chain, m.contracts, m.contract, s.from_block, s.to_block,
            s.next_block, s.failures, s.detail,
            case when s.lease_until > clock_timestamp() then s.lease_owner end as reader,
            case when s.lease_until > clock_timestamp() then
                to_char(s.lease_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end as until
        from chain.spans s
        join chain.chains c on c.id = s.chain
        cross join lateral (
            select count(*) as contracts,
                case when count(*) = 1 then min('0x' || encode(t.address, 'hex')) end as contract
            from chain.load_members l join chain.contracts t on t.id = l.contract_id
            where l.set_id = s.set_id
        ) m
        where s.state = 'pending' and ($1::int2 is null or s.chain = $1)
            and (s.failures > 0 or not $2)
        order by c.name, s.from_block, s.id limit $3
        "#,
    )
    .bind(chain.map(|chain| chain.0))
    .bind(failing)
    .bind(LISTED_MAX)
    .fetch_all(executor)
    .await?;
    Ok(rows)
}

/// Which spans of a chain are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that are not done.
    All,
    /// Those of them that fail.
    Failing,
    /// The one with this number, if it is not done.
    One(i64),
}

/// Ends the claims on these spans and forgets their failures, so that they are tried at once; answers
/// how many there are. Steps under way are fenced. With `from_start` their cursors go back to the
/// beginning, and what was read of them is read again. The caller holds the chain's lock.
pub async fn requeue(
    connection: &mut PgConnection,
    chain: ChainKey,
    which: Which,
    from_start: bool,
) -> Result<u64, StoreError> {
    let one = if let Which::One(id) = which { Some(id) } else { None };
    let done = sqlx::query(
        r"
        with chosen as (
            select id from chain.spans
            where chain = $1 and state = 'pending' and ($2::int8 is null or id = $2)
                and (failures > 0 or not $3)
            order by id for update
        )
        update chain.spans s set lease_owner = null, lease_until = null,
            lease_token = s.lease_token + 1, failures = 0, detail = null,
            next_block = case when $4 then s.from_block else s.next_block end,
            last_hash = case when not $4 then s.last_hash end,
            first_parent_hash = case when not $4 then s.first_parent_hash end
        from chosen where s.id = chosen.id
        ",
    )
    .bind(chain.0)
    .bind(one)
    .bind(which == Which::Failing)
    .bind(from_start)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
