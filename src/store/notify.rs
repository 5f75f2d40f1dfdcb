//! NOTIFY and LISTEN. Sent after the commit it tells of, never inside the transaction: Postgres
//! holds one instance-wide lock from a transaction's NOTIFY to its end.

use sqlx::PgExecutor;
use sqlx::postgres::PgListener;

use super::{Pool, StoreError};

/// Payload that tells of contracts to be joined to their chain.
pub const CONTRACTS: &str = "contracts";

/// Payload that tells of leases that were given back.
pub const LEASES: &str = "leases";

/// Payload that tells of spans to be loaded.
pub const SPANS: &str = "spans";

/// Payload that tells of indexes to be built, once a first load is done.
pub const INDEXES: &str = "indexes";

/// Payload that tells of contracts whose past may be whole.
pub const FOLDS: &str = "folds";

const CHANNEL: &str = "herald";

/// Tells every replica that there may be new work.
pub async fn send(executor: impl PgExecutor<'_>, payload: &str) -> Result<(), StoreError> {
    sqlx::query("select pg_notify('herald', $1)").bind(payload).execute(executor).await?;
    Ok(())
}

/// The notifications of every replica, this one's included.
pub struct Listener(PgListener);

/// Opens a connection of its own for listening.
pub async fn listen(pool: &Pool) -> Result<Listener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(Listener(listener))
}

impl Listener {
    /// Payload of the next notification.
    pub async fn next(&mut self) -> Result<String, StoreError> {
        Ok(self.0.recv().await?.payload().to_owned())
    }
}
