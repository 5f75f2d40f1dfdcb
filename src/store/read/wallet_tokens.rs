//! What a wallet holds, on all chains or one, now or at the end of a block of each.

use alloy::primitives::{Address, U256};
use sqlx::FromRow;
use time::OffsetDateTime;

use super::Read;
use crate::store::{Pool, StoreError, Uint256};

/// A holding of a known owner.
#[derive(Clone, Debug, FromRow)]
pub struct WalletTokenRow {
    /// Chain of the contract.
    pub chain: i16,
    /// The contract's surrogate number.
    pub contract_id: i32,
    /// The contract's address.
    pub address: [u8; 20],
    /// The contract's token standard.
    pub standard: String,
    /// The token.
    pub token_id: Uint256,
    /// Units held; `None` means one.
    pub balance: Option<Uint256>,
    /// Block from which the owner has held without a pause.
    pub acquired: i64,
    /// Time of that block, once known.
    pub acquired_at: Option<OffsetDateTime>,
    /// Transaction that brought the token.
    pub tx_hash: Option<[u8; 32]>,
}

/// What is asked of a wallet.
#[derive(Clone, Debug)]
pub struct WalletAsked<'a> {
    /// The wallet.
    pub owner: Address,
    /// Chains by their numbers.
    pub chains: &'a [i16],
    /// The block that each chain is asked at, or [`super::NOW`]; as many as `chains`.
    pub ats: &'a [i64],
    /// Only this contract.
    pub contract: Option<i32>,
    /// Only contracts of this standard.
    pub standard: Option<&'static str>,
    /// Only tokens acquired in blocks after this time; blocks of unknown time are left out.
    pub acquired_after: Option<OffsetDateTime>,
    /// Last row of the page before: chain, contract, token.
    pub after: Option<(i16, i32, U256)>,
    /// Most rows.
    pub limit: i64,
}

impl WalletAsked<'_> {
    /// Where each chain goes on: behind everything in chains that are told, at the last row in its
    /// own chain, at the beginning in those to come.
    fn keys(&self) -> (Vec<i32>, Vec<Uint256>) {
        let key = |chain: &i16| match self.after {
            Some((last, _, _)) if *chain < last => (i32::MAX, Uint256(U256::MAX)),
            Some((last, contract, token_id)) if *chain == last => (contract, Uint256(token_id)),
            _ => (i32::MIN, Uint256(U256::ZERO)),
        };
        self.chains.iter().map(key).unzip()
    }
}

/// Holdings by chain, contract and token, of contracts that are ready.
pub async fn wallet_tokens(
    pool: &Pool,
    asked: &WalletAsked<'_>,
) -> Result<Read<WalletTokenRow>, StoreError> {
    let (contracts, tokens) = asked.keys();
    let rows = sqlx::query(
        r"select a.as_of, i.incomplete, h.token_id is not null as present, h.chain, h.contract_id,
            h.address, h.standard, h.token_id, h.balance, h.acquired, h.acquired_at, t.tx_hash
        from chain.as_of($1, $2) a
        cross join chain.incomplete($1, $4) i
        left join lateral (
            select k.chain, w.*
            from unnest($1::int2[], $2::int8[], $7::int4[], $8::numeric[])
                as k (chain, at, contract_id, token_id)
            cross join lateral (
                select v.*, c.address, c.standard, b.time as acquired_at
                from (
                    select contract_id, token_id, balance, acquired from chain.holdings
                    where chain = k.chain and owner = $3 and since <= k.at
                    union all
                    select contract_id, token_id, balance, acquired from chain.holdings_past
                    where k.at < 9223372036854775807 and chain = k.chain and owner = $3
                        and since <= k.at and until > k.at
                ) v
                join chain.contracts c on c.id = v.contract_id and c.state = 'ready'
                left join chain.blocks b on b.chain = k.chain and b.number = v.acquired
                where (v.contract_id, v.token_id) > (k.contract_id, k.token_id)
                    and ($4::int4 is null or v.contract_id = $4)
                    and ($5::text is null or c.standard = $5)
                    and ($6::timestamptz is null or b.time > $6)
                order by v.contract_id, v.token_id
                limit $9
            ) w
            order by k.chain, w.contract_id, w.token_id
            limit $9
        ) h on true
        left join lateral (
            select t.tx_hash from chain.transfers t
            where t.chain = h.chain and t.contract_id = h.contract_id and t.token_id = h.token_id
                and t.block = h.acquired and t.to_addr = $3
            order by t.log_index desc, t.batch_index desc
            limit 1
        ) t on true
        order by h.chain, h.contract_id, h.token_id",
    )
    .bind(asked.chains)
    .bind(asked.ats)
    .bind(asked.owner.as_slice())
    .bind(asked.contract)
    .bind(asked.standard)
    .bind(asked.acquired_after)
    .bind(contracts)
    .bind(tokens)
    .bind(asked.limit)
    .fetch_all(pool)
    .await?;
    Read::take_incomplete(rows)
}
