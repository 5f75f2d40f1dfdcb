//! Transfers and holdings of a seeded contract, and how much of its past is loaded.

use alloy::primitives::{Address, U256};
use herald::store::Uint256;

use super::{SeedContract, tx_hash};

impl SeedContract {
    /// A transfer and what follows from it for who holds the token.
    pub(crate) async fn transfer(&self, at: (i64, i32), token: U256, from: Address, to: Address) {
        sqlx::query(
            r"insert into chain.transfers
                (block, contract_id, log_index, batch_index, chain, token_id, from_addr, to_addr, tx_hash)
            values ($1, $2, $3, 0, $4, $5, $6, $7, $8)",
        )
        .bind(at.0)
        .bind(self.id)
        .bind(at.1)
        .bind(self.chain.id)
        .bind(Uint256(token))
        .bind(from.as_slice())
        .bind(to.as_slice())
        .bind(tx_hash(at.0, at.1).as_slice())
        .execute(&self.chain.pool)
        .await
        .expect("a transfer");
        self.close(at.0, token).await;
        if !to.is_zero() {
            self.open(at, token, to).await;
        }
    }

    async fn close(&self, block: i64, token: U256) {
        sqlx::query(
            r"with gone as (
                delete from chain.holdings where chain = $1 and contract_id = $2 and token_id = $3
                returning since, acquired, since_log, owner
            )
            insert into chain.holdings_past
                (since, until, acquired, contract_id, since_log, chain, token_id, owner)
            select since, $4, acquired, $2, since_log, $1, $3, owner from gone where since < $4",
        )
        .bind(self.chain.id)
        .bind(self.id)
        .bind(Uint256(token))
        .bind(block)
        .execute(&self.chain.pool)
        .await
        .expect("a holding ends");
    }

    async fn open(&self, at: (i64, i32), token: U256, owner: Address) {
        sqlx::query(
            r"insert into chain.holdings (since, acquired, contract_id, since_log, chain, token_id, owner)
            values ($1, $1, $2, $3, $4, $5, $6)",
        )
        .bind(at.0)
        .bind(self.id)
        .bind(at.1)
        .bind(self.chain.id)
        .bind(Uint256(token))
        .bind(owner.as_slice())
        .execute(&self.chain.pool)
        .await
        .expect("a holding begins");
    }

    /// `count` tokens from number 1 on, all minted in one block, in one statement.
    pub(crate) async fn many(&self, block: i64, count: i32, owner: Address) {
        sqlx::query(
            r"insert into chain.holdings (since, acquired, contract_id, since_log, chain, token_id, owner)
            select $1, $1, $2, n, $3, n, $5 from generate_series(1, $4) n",
        )
        .bind(block)
        .bind(self.id)
        .bind(self.chain.id)
        .bind(count)
        .bind(owner.as_slice())
        .execute(&self.chain.pool)
        .await
        .expect("many holdings");
    }

    /// A span of the contract's past, of which `done` blocks are loaded.
    pub(crate) async fn loading(&self, blocks: i64, done: i64) {
        sqlx::query(
            r"with s as (
                insert into chain.load_sets (chain, log_kinds) values ($1, '{erc721}') returning id
            ), m as (
                insert into chain.load_members (set_id, contract_id, from_block) select id, $2, 0 from s
            )
            insert into chain.spans (set_id, chain, log_kinds, from_block, next_block, to_block)
            select id, $1, '{erc721}', 0, $4, $3 - 1 from s",
        )
        .bind(self.chain.id)
        .bind(self.id)
        .bind(blocks)
        .bind(done)
        .execute(&self.chain.pool)
        .await
        .expect("a span");
    }
}
