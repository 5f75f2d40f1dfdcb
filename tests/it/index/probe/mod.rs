//! Verdicts on contracts before they are followed, and their names.

mod nature;
mod land;
mod start;
mod kinds;
mod pasts;
mod crowd;
mod names;
mod replicas;

use std::sync::Arc;

use alloy::primitives::{Address, B256, U256};
use herald::work::Pass;

use self::land::Land;
use crate::support::database::{TestDatabase, fresh};
use crate::support::indexer::{CHAIN, Indexer, rules};

/// Blocks between the newest and the newest final block.
const FINALITY: u64 = 100;

/// The probe of one chain that has begun.
struct Scene {
    database: TestDatabase,
    indexer: Indexer,
    land: Arc<Land>,
}

/// A row of a contract, as far as the probe writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
struct Row {
    standard: Option<String>,
    start_block: Option<i64>,
    refused: Option<String>,
    refused_detail: Option<String>,
    waits: bool,
    state: String,
}

impl Row {
    /// Standard and first block of a contract that was accepted.
    fn accepted(&self) -> (Option<&str>, Option<i64>) {
        assert_eq!((&self.refused, self.waits), (&None, false), "{self:?}");
        assert_eq!(self.refused_detail, None);
        (self.standard.as_deref(), self.start_block)
    }

    /// Why a contract was not: the code, with the text for people.
    fn refused(&self) -> (&str, &str) {
        let (Some(code), Some(detail)) = (&self.refused, &self.refused_detail) else {
            panic!("{self:?}")
        };
        (code, detail)
    }
}

impl Scene {
    async fn new(land: Land) -> Self {
        let (database, land) = (fresh().await, Arc::new(land));
        let indexer = Indexer::over(&database.pool, (CHAIN, land.clone()), "one", rules()).await;
        let scene = Self { database, indexer, land };
        let finalized = i64::try_from(scene.land.head.saturating_sub(FINALITY)).unwrap();
        sqlx::query("update chain.chains set finalized = $1")
            .bind(finalized)
            .execute(&scene.database.pool)
            .await
            .unwrap();
        scene
    }

    /// The same tables before another node.
    async fn before(self, land: Land) -> Self {
        let (database, land) = (self.database, Arc::new(land));
        let indexer = Indexer::over(&database.pool, (CHAIN, land.clone()), "one", rules()).await;
        Self { database, indexer, land }
    }

    /// Wishes a contract, as this origin writes it.
    async fn wish(&self, address: Address, stated: (Option<&str>, Option<i64>), origin: &str) {
        sqlx::query(
            r"insert into chain.contracts (chain, address, standard, start_block, origin, probe_at)
            values ($1, $2, $3, $4, $5, clock_timestamp())",
        )
        .bind(self.indexer.context.key.0)
        .bind(address.as_slice())
        .bind(stated.0)
        .bind(stated.1)
        .bind(origin)
        .execute(&self.database.pool)
        .await
        .unwrap();
    }

    /// Wishes these contracts, of which nothing is stated, and answers what became of each.
    async fn judge(&self, contracts: &[Address]) -> Vec<Row> {
        for address in contracts {
            self.wish(*address, (None, None), "api").await;
        }
        self.work().await;
        let mut rows = Vec::new();
        for address in contracts {
            rows.push(self.row(*address).await);
        }
        rows
    }

    /// Passes until nothing is due.
    async fn work(&self) {
        while self.indexer.probe().await.unwrap() == Pass::Worked {}
    }

    async fn row(&self, address: Address) -> Row {
        sqlx::query_as(
            r"select standard, start_block, refused, refused_detail, probe_at is not null as waits,
                state
            from chain.contracts where address = $1",
        )
        .bind(address.as_slice())
        .fetch_one(&self.database.pool)
        .await
        .unwrap()
    }

    /// Lets so many seconds pass for every row.
    async fn later(&self, seconds: i32) {
        sqlx::query(
            r"update chain.contracts set probe_at = probe_at - $1 * interval '1 second',
                describe_at = describe_at - $1 * interval '1 second'",
        )
        .bind(seconds)
        .execute(&self.database.pool)
        .await
        .unwrap();
    }
}

/// The contract of this number.
fn address(number: u64) -> Address {
    Address::from_word(B256::from(U256::from(number) + (U256::ONE << 128)))
}
