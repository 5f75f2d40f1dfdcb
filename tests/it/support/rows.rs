//! Rows of transfers and of present owners as plain text, for tests whose truth is a document.

use std::collections::BTreeMap;

use herald::store::Pool;
use herald::types::ChainKey;

/// One row of `transfers`; numbers are decimal, addresses and hashes lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, sqlx::FromRow)]
pub(crate) struct Row {
    /// Index of its log in the block.
    pub(crate) log_index: i32,
    /// Place in its log.
    pub(crate) batch_index: i32,
    /// Address of the contract.
    pub(crate) contract: String,
    /// The token, or the first of a range.
    pub(crate) token_id: String,
    /// Last token of a range.
    pub(crate) token_id_to: Option<String>,
    /// Units of ERC-1155.
    pub(crate) amount: Option<String>,
    /// Giver.
    pub(crate) from: String,
    /// Taker.
    pub(crate) to: String,
    /// Transaction.
    pub(crate) tx: String,
}

/// Every transfer of a chain, by position.
pub(crate) async fn transfers(pool: &Pool, chain: ChainKey) -> Vec<Row> {
    sqlx::query_as(
        "select t.log_index, t.batch_index, '0x' || encode(c.address, 'hex') as contract,
            t.token_id::text, t.token_id_to::text, t.amount::text,
            '0x' || encode(t.from_addr, 'hex') as \"from\", '0x' || encode(t.to_addr, 'hex') as \"to\",
            '0x' || encode(t.tx_hash, 'hex') as tx
         from chain.transfers t join chain.contracts c on c.id = t.contract_id
         where t.chain = $1 order by t.block, t.log_index, t.batch_index",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the transfers")
}

/// The owner of each ERC-721 token, by contract and decimal id.
pub(crate) async fn owners(pool: &Pool, chain: ChainKey) -> BTreeMap<(String, String), String> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "select '0x' || encode(c.address, 'hex'), h.token_id::text, '0x' || encode(h.owner, 'hex')
         from chain.holdings h join chain.contracts c on c.id = h.contract_id
         where h.chain = $1 and c.standard = 'erc721'",
    )
    .bind(chain.0)
    .fetch_all(pool)
    .await
    .expect("the holdings");
    let count = rows.len();
    let owners: BTreeMap<_, _> =
        rows.into_iter().map(|(contract, token, owner)| ((contract, token), owner)).collect();
    assert_eq!(owners.len(), count, "a token with two owners");
    owners
}

/// The stored hash of block 0.
pub(crate) async fn genesis(pool: &Pool, chain: ChainKey) -> Option<[u8; 32]> {
    sqlx::query_scalar("select genesis_hash from chain.chains where id = $1")
        .bind(chain.0)
        .fetch_one(pool)
        .await
        .expect("the chain")
}
