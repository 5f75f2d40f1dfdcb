//! Who holds which token of a contract, now or at the end of a block.

use alloy::primitives::{Address, U256};
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{FromRow, Postgres};
use time::OffsetDateTime;

use super::Read;
use super::at::At;
use super::page_sql::{asked, holdings, irregular, tokens_of_ranges};
use crate::store::{Pool, StoreError, Uint256, Units};
use crate::types::{ChainKey, ContractKey};

/// A holding of a known contract.
#[derive(Clone, Debug, FromRow)]
pub struct HoldingRow {
    /// The token.
    pub token_id: Uint256,
    /// Who holds it.
    pub owner: [u8; 20],
    /// Units held, more than none; `None` means one.
    pub balance: Option<Units>,
    /// Block from which the owner has held without a pause.
    pub acquired: i64,
    /// Time of that block, once known.
    pub acquired_at: Option<OffsetDateTime>,
    /// Transaction that brought the token.
    pub tx_hash: Option<[u8; 32]>,
}

/// Which holdings of one contract are asked.
#[derive(Clone, Copy, Debug)]
pub struct HoldingsAsked {
    /// Chain of the contract.
    pub chain: ChainKey,
    /// The contract.
    pub contract: ContractKey,
    /// The block whose end is asked for.
    pub at: At,
    /// Only this token: the one question that ranges too long to be listed answer too.
    pub token_id: Option<U256>,
    /// Last row of the page before, in the order (token, owner).
    pub after: Option<(U256, Address)>,
    /// Most rows.
    pub limit: i64,
}

impl HoldingsAsked {
    /// Lower bound (exclusive) of the key and upper bound (inclusive) of the token.
    pub(super) fn bounds(&self) -> (Uint256, Vec<u8>, Uint256) {
        let (first, last) = self.token_id.map_or((U256::ZERO, U256::MAX), |only| (only, only));
        // An empty owner sorts before every address: nothing of the first token is left out.
        let start = (first, Vec::new());
        let (token_id, owner) = match self.after {
            Some((token_id, owner)) if token_id >= first => (token_id, owner.to_vec()),
            _ => start,
        };
        (Uint256(token_id), owner, Uint256(last))
    }
}

/// Holdings and tokens of ranges, by token and owner; named incomplete where ranges are left out.
pub async fn contract_tokens(
    pool: &Pool,
    asked: &HoldingsAsked,
) -> Result<Read<HoldingRow>, StoreError> {
    let rows = sqlx::query(concat!(
        r"select a.as_of, c.contract, i.incomplete, h.token_id is not null as present, h.token_id,
            h.owner, h.balance, h.acquired, b.time as acquired_at, t.tx_hash",
        asked!(),
        "cross join lateral (",
        irregular!(),
        r") i
        left join lateral (
            select q.* from ((",
        holdings!(),
        r")
            union all (",
        tokens_of_ranges!(),
        r")
            order by token_id, owner
            limit $9) q
            where o.open
        ) h on true
        left join chain.blocks b on b.chain = $1 and b.number = h.acquired
        left join lateral (
            (select t.tx_hash from chain.transfers t
            where h.acquired_log is null
                and t.chain = $1 and t.contract_id = $2 and t.token_id = h.token_id
                and t.block = h.acquired and t.to_addr = h.owner and t.amount is distinct from 0
            order by t.log_index desc, t.batch_index desc
            limit 1)
            union all
            (select t.tx_hash from chain.transfers t
            where t.chain = $1 and t.block = h.acquired and t.log_index = h.acquired_log
                and t.batch_index = 0)
        ) t on true
        order by h.token_id, h.owner",
    ));
    let rows = bound(rows, asked).fetch_all(pool).await?;
    Read::take(rows)
}

/// The parameters of a page, in their order.
pub(super) fn bound<'q>(
    query: Query<'q, Postgres, PgArguments>,
    asked: &HoldingsAsked,
) -> Query<'q, Postgres, PgArguments> {
    let (token_id, owner, last) = asked.bounds();
    query
        .bind(asked.chain.0)
        .bind(asked.contract.0)
        .bind(asked.at.word())
        .bind(asked.at.block())
        .bind(asked.at.time())
        .bind(token_id)
        .bind(owner)
        .bind(last)
        .bind(asked.limit)
        .bind(asked.token_id.is_some())
}
