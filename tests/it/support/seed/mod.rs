//! Rows as the writers would leave them, put in by hand: chains, blocks, transfers and the
//! holdings that follow from them, one token at a time.

mod contract;
mod rows;
mod judge;

pub(crate) use judge::judge;
pub(crate) use rows::{Held, LASTS, Move, Piece};

use alloy::primitives::{Address, B256};
use herald::store::Pool;

/// A chain in the database.
#[derive(Clone)]
pub(crate) struct SeedChain {
    pub(crate) pool: Pool,
    /// Surrogate number.
    pub(crate) id: i16,
}

/// A contract in the database.
#[derive(Clone)]
pub(crate) struct SeedContract {
    pub(crate) chain: SeedChain,
    /// Surrogate number.
    pub(crate) id: i32,
}

/// The hash of block `number` on a branch of the chain.
pub(crate) fn block_hash(branch: u8, number: i64) -> B256 {
    let mut hash = [branch; 32];
    hash[24..].copy_from_slice(&number.to_be_bytes());
    B256::from(hash)
}

/// Somebody.
pub(crate) fn person(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// The hash of the transaction that each transfer of a block and log index has.
pub(crate) fn tx_hash(block: i64, log_index: i32) -> B256 {
    let mut hash = [0xAA; 32];
    hash[16..24].copy_from_slice(&block.to_be_bytes());
    hash[28..].copy_from_slice(&log_index.to_be_bytes());
    B256::from(hash)
}

impl SeedChain {
    /// A chain without blocks.
    pub(crate) async fn add(pool: &Pool, caip2: &str, name: &str) -> Self {
        let id = sqlx::query_scalar(
            r"insert into chain.chains (caip2, name, status, indexes)
            values ($1, $2, 'live', 'ready') returning id",
        )
        .bind(caip2)
        .bind(name)
        .fetch_one(pool)
        .await
        .expect("a chain");
        sqlx::query("select chain.create_partitions($1)")
            .bind(id)
            .execute(pool)
            .await
            .expect("partitions");
        Self { pool: pool.clone(), id }
    }

    /// Stores blocks up to `head` on `branch` and moves checkpoint and head there. A block is
    /// twelve seconds long.
    pub(crate) async fn commit(&self, branch: u8, head: i64) {
        let from: i64 = sqlx::query_scalar(
            "select coalesce(checkpoint, -1) + 1 from chain.chains where id = $1",
        )
        .bind(self.id)
        .fetch_one(&self.pool)
        .await
        .expect("the checkpoint");
        for number in from..=head {
            sqlx::query(
                r"insert into chain.blocks (chain, number, hash, time)
                values ($1, $2, $3, timestamptz '2026-01-01T00:00:00Z' + $2 * interval '12 s')",
            )
            .bind(self.id)
            .bind(number)
            .bind(block_hash(branch, number).as_slice())
            .execute(&self.pool)
            .await
            .expect("a block");
        }
        self.stand(block_hash(branch, head), head).await;
    }

    /// Takes back every block above `to`; facts are the caller's to take back.
    pub(crate) async fn rewind(&self, branch: u8, to: i64) {
        sqlx::query("delete from chain.blocks where chain = $1 and number > $2")
            .bind(self.id)
            .bind(to)
            .execute(&self.pool)
            .await
            .expect("blocks go");
        sqlx::query("update chain.chains set epoch = epoch + 1 where id = $1")
            .bind(self.id)
            .execute(&self.pool)
            .await
            .expect("the epoch");
        self.stand(block_hash(branch, to), to).await;
    }

    async fn stand(&self, hash: B256, number: i64) {
        sqlx::query(
            r"update chain.chains set checkpoint = $2, checkpoint_hash = $3, checkpoint_at = now(),
                head = $2, head_at = now() where id = $1",
        )
        .bind(self.id)
        .bind(number)
        .bind(hash.as_slice())
        .execute(&self.pool)
        .await
        .expect("the checkpoint");
    }

    /// Sets the marks.
    pub(crate) async fn marks(&self, safe: i64, finalized: i64) {
        sqlx::query("update chain.chains set safe = $2, finalized = $3 where id = $1")
            .bind(self.id)
            .bind(safe)
            .bind(finalized)
            .execute(&self.pool)
            .await
            .expect("the marks");
    }

    /// Says how far the indexes of this chain's transfers are.
    pub(crate) async fn indexes(&self, state: &str) {
        sqlx::query("update chain.chains set indexes = $2 where id = $1")
            .bind(self.id)
            .bind(state)
            .execute(&self.pool)
            .await
            .expect("the state of the indexes");
    }

    /// A contract of this chain.
    pub(crate) async fn contract(&self, address: Address, state: &str, start: i64) -> SeedContract {
        let id = sqlx::query_scalar(
            r"insert into chain.contracts (chain, address, standard, state, origin, start_block, live_from)
            values ($1, $2, 'erc721', $3, 'config', $4, $4) returning id",
        )
        .bind(self.id)
        .bind(address.as_slice())
        .bind(state)
        .bind(start)
        .fetch_one(&self.pool)
        .await
        .expect("a contract");
        SeedContract { chain: self.clone(), id }
    }

    /// An event in this chain's stream.
    pub(crate) async fn event(
        &self,
        kind: &str,
        block: Option<(i64, B256)>,
        data: &str,
    ) -> [u8; 16] {
        let (stream, seq): (i32, i64) = sqlx::query_as(
            r"insert into chain.streams (name, chain, next_seq)
            select 'chain:' || caip2, id, 2 from chain.chains where id = $1
            on conflict (name) do update set next_seq = chain.streams.next_seq + 1
            returning id, next_seq - 1",
        )
        .bind(self.id)
        .fetch_one(&self.pool)
        .await
        .expect("a stream");
        let mut id = [self.id.to_be_bytes()[1]; 16];
        id[8..].copy_from_slice(&seq.to_be_bytes());
        sqlx::query(
            r"insert into chain.events (seq, block, block_time, stream_id, epoch, chain, id, block_hash, type, data)
            values ($1, $2, case when $2 is not null then timestamptz '2026-01-01T00:00:00Z' end,
                $3, 0, $4, $5, $6, $7, $8)",
        )
        .bind(seq)
        .bind(block.map(|block| block.0))
        .bind(stream)
        .bind(self.id)
        .bind(id)
        .bind(block.map(|block| block.1.0))
        .bind(kind)
        .bind(data)
        .execute(&self.pool)
        .await
        .expect("an event");
        id
    }
}
