//! How far loads are, as the tables have it: `measure` is the rate, `views` what people and programs
//! are shown of it, `backlog` what they do about a span that does not move.

mod measure;
mod views;
mod backlog;

use herald::store::Pool;
use herald::types::ChainKey;

use crate::support::database::{TestDatabase, fresh};
use crate::support::seed::{SeedChain, SeedContract, person};

/// A chain with a contract, of whose past nothing was planned.
struct World {
    database: TestDatabase,
    chain: SeedChain,
    contract: SeedContract,
}

impl World {
    async fn new() -> Self {
        let database = fresh().await;
        let chain = SeedChain::add(&database.pool, "eip155:1", "ethereum").await;
        chain.commit(1, 3).await;
        let contract = chain.contract(person(1), "loading", 0).await;
        Self { database, chain, contract }
    }

    fn pool(&self) -> &Pool {
        &self.database.pool
    }

    fn key(&self) -> ChainKey {
        ChainKey(self.chain.id)
    }

    /// Moves the cursors of all spans that are not done to this block.
    async fn load_to(&self, next: i64) {
        sqlx::query("update chain.spans set next_block = $1 where state = 'pending'")
            .bind(next)
            .execute(self.pool())
            .await
            .unwrap();
    }

    /// Finishes every set that there is.
    async fn finish(&self) {
        for statement in [
            "update chain.spans set next_block = to_block + 1, state = 'done'",
            "update chain.load_sets set finished_at = clock_timestamp()",
        ] {
            sqlx::query(statement).execute(self.pool()).await.unwrap();
        }
    }

    /// Lets the newest measurement have been made so many seconds ago.
    async fn ago(&self, seconds: f64) {
        sqlx::query(
            "update chain.chains set load_at = clock_timestamp() - $1 * interval '1 second'",
        )
        .bind(seconds)
        .execute(self.pool())
        .await
        .unwrap();
    }
}
